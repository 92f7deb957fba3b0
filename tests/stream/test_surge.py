"""The baseline knows nights, kinds of day and new accounts; a surge is a figure with a sentence, never an opinion."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.surge import PRIOR_PER_HOUR, SHANGHAI, alike, day_kind, expected, hour_start, lately, season, surge

NIGHT = datetime(2025, 12, 16, 2, 10, tzinfo=SHANGHAI)  # a Tuesday
EVENING = datetime(2025, 12, 16, 20, 50, tzinfo=SHANGHAI)


def history(days: int, per_hour: dict[int, int], until: datetime) -> dict[datetime, int]:
    start = until.replace(minute=0, second=0, microsecond=0)
    return {
        start - timedelta(hours=back): n
        for back in range(1, days * 24)
        if (n := per_hour.get((start - timedelta(hours=back)).hour, 0))
    }


def test_same_count_is_a_surge_at_night_and_ordinary_in_the_evening() -> None:
    since = NIGHT - timedelta(days=30)
    busy = dict.fromkeys(range(18, 24), 9)
    assert surge(history(30, busy, NIGHT), 9, NIGHT, since).score == 1
    assert surge(history(30, busy, EVENING), 9, EVENING, since).score == 0


def test_account_on_its_first_day_is_judged_by_the_prior() -> None:
    assert expected({}, EVENING, EVENING) == pytest.approx(PRIOR_PER_HOUR[20])
    assert surge({}, 3, EVENING, EVENING).score == 0
    assert surge({}, 20, EVENING, EVENING).score == 1


def test_busy_account_outgrows_the_prior() -> None:
    since = EVENING - timedelta(days=28)
    busy = history(28, dict.fromkeys(range(24), 20), EVENING)
    assert expected(busy, EVENING, since) > 12
    assert surge(busy, 20, EVENING, since).score == 0
    assert surge({}, 20, EVENING, EVENING).score == 1


def test_a_day_of_rest_is_compared_with_days_of_rest() -> None:
    saturday = datetime(2025, 12, 20, 10, 40, tzinfo=SHANGHAI)
    since = saturday - timedelta(days=28)
    weekdays = {hour: n for hour, n in history(28, {10: 12}, saturday).items() if day_kind(hour) == "workday"}
    friday = saturday - timedelta(days=1)
    assert expected(weekdays, friday, since) > 2 * expected(weekdays, saturday, since)


def test_one_past_storm_does_not_become_the_normal() -> None:
    since = EVENING - timedelta(days=28)
    calm = history(28, {20: 3}, EVENING)
    storm = calm | {EVENING.replace(minute=0) - timedelta(days=1): 5000}
    assert expected(storm, EVENING, since) < expected(calm, EVENING, since) + 1


def test_an_account_that_is_always_busy_has_no_surge_in_being_so() -> None:
    since = EVENING - timedelta(days=60)
    busy = history(60, dict.fromkeys(range(24), 300), EVENING)
    assert expected(busy, EVENING, since) == pytest.approx(300, rel=0.1)
    assert surge(busy, 320, EVENING, since).score == 0
    assert surge(busy, 2000, EVENING, since).score == 1


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (datetime(2025, 10, 9, 9), "workday"),
        (datetime(2025, 10, 3, 9), "rest"),  # a Friday of the national holiday
        (datetime(2025, 9, 28, 9), "workday"),  # a Sunday that is worked for it
        (datetime(2025, 11, 22, 9), "rest"),
        (datetime(2025, 7, 21, 9), "vacation workday"),
        (datetime(2026, 2, 1, 9), "vacation rest"),
        (datetime(2034, 5, 13, 9), "rest"),  # the State Council has not said anything yet
    ],
)
def test_kinds_of_day_follow_the_state_council_and_the_vacations(day: datetime, kind: str) -> None:
    assert day_kind(day.replace(tzinfo=SHANGHAI)) == kind


def test_the_first_evening_of_term_is_measured_by_the_term_before_and_not_by_the_vacation() -> None:
    first = datetime(2025, 9, 1, 20, 50, tzinfo=SHANGHAI)
    since = first - timedelta(days=200)
    quiet = {
        hour: n
        for hour, n in history(200, dict.fromkeys((19, 20, 21), 30), first).items()
        if "vacation" not in day_kind(hour)
    }
    assert expected(quiet, first, since) > 20
    assert surge(quiet, 30, first, since).score == 0
    in_vacation = first - timedelta(days=14)
    assert surge(quiet, 30, in_vacation, since).score == 1


def test_an_account_that_has_become_livelier_is_taken_as_it_is() -> None:
    since = EVENING - timedelta(days=60)
    lively = history(8, dict.fromkeys(range(7, 24), 25), EVENING)
    days = alike(hour_start(EVENING), since)
    assert lately(lively, days) == 25
    assert season(lively, days, PRIOR_PER_HOUR[20]) < 10
    assert surge(lively, 25, EVENING, since).score == 0


@given(st.dictionaries(st.integers(1, 200 * 24), st.integers(0, 10_000), max_size=80), st.integers(0, 199))
def test_whatever_was_seen_something_is_expected(seen: dict[int, int], days: int) -> None:
    hourly = {EVENING.replace(minute=0) - timedelta(hours=back): n for back, n in seen.items()}
    assert 0 < expected(hourly, EVENING, EVENING - timedelta(days=days)) <= 10_000


def test_sentence_gives_the_figures_in_chinese() -> None:
    found = surge({}, 12, NIGHT, NIGHT, what="本帖")
    assert found.seen == 12
    assert "本帖近一小时 12 条" in found.sentence
    assert "平常 2 时约" in found.sentence
    few = surge({}, 15, NIGHT, NIGHT)
    said = [float(one) for one in re.findall(r"约 ([\d.]+) 条，为 ([\d.]+) 倍", few.sentence)[0]]
    assert abs(15 / said[0] - said[1]) / said[1] < 0.1, few.sentence
    assert "在平常范围内" in surge({}, 1, NIGHT, NIGHT).sentence


@given(st.integers(0, 200), st.integers(0, 200))
def test_more_lines_never_lower_the_score(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert surge({}, low, EVENING, EVENING).score <= surge({}, high, EVENING, EVENING).score
    assert 0 <= surge({}, high, EVENING, EVENING).score <= 1


def test_naive_time_or_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="时区"):
        surge({}, 1, datetime(2025, 1, 1), NIGHT)
    with pytest.raises(ValueError, match="不能为负"):
        surge({}, -1, NIGHT, NIGHT)


def test_no_multiple_of_an_hour_that_sees_hardly_anything_is_named() -> None:
    """Ten thousand times nothing is a figure that nobody at a desk can use."""
    quiet = history(30, {}, NIGHT)
    calm = surge(quiet, 52, NIGHT, NIGHT - timedelta(days=30))
    assert calm.sentence == "本账号近一小时 52 条，平常 2 时几乎没有"
    assert calm.score == 1
    assert surge({}, 90, EVENING, EVENING).sentence.endswith("约 2.5 条，为 36 倍")
    assert surge({}, 20, EVENING, EVENING).sentence.endswith("约 2.5 条，为 8.0 倍")
