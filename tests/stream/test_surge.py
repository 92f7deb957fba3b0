"""The baseline knows nights, kinds of day and new accounts; a surge is a figure with a sentence, never an opinion."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.surge import PRIOR_PER_HOUR, SHANGHAI, day_kind, expected, surge

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


def test_weekend_is_compared_with_weekends() -> None:
    saturday = datetime(2025, 12, 20, 10, 40, tzinfo=SHANGHAI)
    since = saturday - timedelta(days=28)
    weekdays = {hour: n for hour, n in history(28, {10: 12}, saturday).items() if day_kind(hour) == "weekday"}
    friday = saturday - timedelta(days=1)
    assert expected(weekdays, friday, since) > 2 * expected(weekdays, saturday, since)


def test_one_past_storm_does_not_become_the_normal() -> None:
    since = EVENING - timedelta(days=28)
    calm = history(28, {20: 3}, EVENING)
    storm = calm | {EVENING.replace(minute=0) - timedelta(days=1): 5000}
    assert expected(storm, EVENING, since) < expected(calm, EVENING, since) + 1


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
