"""The face of a deadline clock: word, figure, colour, scale."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation.web.face import ago, face, figure, took
from tests.escalation.web.house import NOW

SET = NOW - timedelta(minutes=10)


@pytest.mark.parametrize(
    ("left", "tone", "word", "shown"),
    [
        (timedelta(minutes=11), "", "剩", "11:00"),
        (timedelta(minutes=10), "soon", "剩", "10:00"),
        (timedelta(minutes=2, seconds=30), "now", "剩", "02:30"),
        (timedelta(0), "late", "逾期", "00:00"),
        (-timedelta(minutes=3, seconds=10), "late", "逾期", "03:10"),
    ],
)
def test_colour_and_word_change_at_half_a_fifth_and_nothing(left: timedelta, tone: str, word: str, shown: str) -> None:
    clock = face("签收", SET, NOW + left, NOW)
    assert (clock.tone, clock.word, clock.figure) == (tone, word, shown)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=5), "00:05"),
        (timedelta(minutes=59, seconds=59), "59:59"),
        (timedelta(hours=1), "1:00:00"),
        (timedelta(hours=23, minutes=4, seconds=9), "23:04:09"),
        (timedelta(days=1, hours=16, minutes=5), "1 日 16 时"),
    ],
)
def test_figures_are_written_by_their_size(span: timedelta, words: str) -> None:
    assert figure(span) == words


def test_the_scale_shows_the_share_that_is_left() -> None:
    assert face("签收", SET, NOW + timedelta(minutes=10), NOW).left == 60
    assert face("签收", SET, NOW - timedelta(minutes=1), NOW).left == 0
    assert face("签收", NOW + timedelta(minutes=5), NOW + timedelta(minutes=10), NOW).left == 120
    assert face("签收", NOW, NOW, NOW).tone == "late"


def test_a_clock_that_was_answered_shows_when_and_stands_still() -> None:
    clock = face("签收", SET, NOW - timedelta(hours=1), NOW, done_at=NOW)
    assert (clock.tone, clock.word, clock.figure) == ("done", "已签", "16:42:08")


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=2), "2 秒"), (timedelta(minutes=14), "14 分"), (timedelta(hours=26), "26 小时"),
        (timedelta(days=3), "3 日"), (-timedelta(seconds=9), "0 秒"),
    ],
)  # fmt: skip
def test_ages_are_told_in_one_unit(span: timedelta, words: str) -> None:
    assert ago(span) == words


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=25), "25 秒"), (timedelta(minutes=11, seconds=21), "11 分 21 秒"),
        (timedelta(hours=26, minutes=3), "26 小时 3 分"), (timedelta(0), "0 秒"),
    ],
)  # fmt: skip
def test_time_taken_is_told_in_words(span: timedelta, words: str) -> None:
    assert took(span) == words
