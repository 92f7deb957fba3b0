"""Numbers as the report says them: thousands, one decimal, shares that add up to 100."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.report import words
from escalation.voice.subject import THEME_WORDS
from stream.rules import THEMES


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=40))
def test_shares_always_add_up_to_hundred_and_stay_near_the_truth(counts: list[int]) -> None:
    found = words.shares(counts)
    whole = sum(counts)
    assert sum(found) == (100 if whole else 0)
    for count, share in zip(counts, found, strict=True):
        assert abs(share - (count * 100 / whole if whole else 0)) < 1


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (94, 1000, "9.4%"),
        (1, 3, "33.3%"),
        (2, 3, "66.7%"),
        (0, 5, "0.0%"),
        (5, 5, "100.0%"),
        (0, 0, "—"),
        (1, 2000, "0.1%"),
    ],
)
def test_a_percentage_has_one_decimal_and_rounds_half_up(part: int, whole: int, said: str) -> None:
    assert words.percent(part, whole) == said


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (118, 100, "较上周增 18.0%"),
        (97, 100, "较上周减 3.0%"),
        (5, 5, "与上周持平"),
        (5, 0, "上周无评论，不作比较"),
        (0, 0, "上周亦无评论"),
    ],
)
def test_change_against_last_week_is_said_in_words(now: int, before: int, said: str) -> None:
    assert words.change(now, before) == said


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(minutes=40), "40 分"), (timedelta(hours=2, minutes=48), "2 时 48 分"),
        (timedelta(hours=3), "3 小时"),
        (timedelta(days=3, hours=2), "3 日 2 时"), (timedelta(seconds=20), "不足 1 分"), (timedelta(), "0 分"),
    ],
)  # fmt: skip
def test_a_span_is_said_in_at_most_two_units(length: timedelta, said: str) -> None:
    assert words.span(length) == said


def test_every_theme_of_the_rules_has_a_chinese_name() -> None:
    assert set(THEMES) <= set(words.THEMES)


def test_a_theme_has_the_name_by_which_incidents_call_it() -> None:
    assert {name: words.theme(name) for name in THEME_WORDS} == THEME_WORDS
    assert words.theme("self_harm") == "心理求助"
