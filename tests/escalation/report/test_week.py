"""A week begins on Monday 00:00 in Beijing and is numbered as ISO 8601 numbers it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from escalation.clock_words import SHANGHAI
from escalation.report.week import Week


@pytest.mark.parametrize(
    ("at", "week"),
    [
        (datetime(2026, 11, 22, 23, 59, tzinfo=SHANGHAI), "2026-W47"),
        (datetime(2026, 11, 23, 0, 1, tzinfo=SHANGHAI), "2026-W48"),
        (datetime(2026, 11, 22, 15, 59, tzinfo=UTC), "2026-W47"),
        (datetime(2026, 11, 22, 16, 0, tzinfo=UTC), "2026-W48"),
        (datetime(2025, 12, 29, 0, 0, tzinfo=SHANGHAI), "2026-W01"),
        (datetime(2027, 1, 3, 23, 59, tzinfo=SHANGHAI), "2026-W53"),
        (datetime(2027, 1, 4, 0, 0, tzinfo=SHANGHAI), "2027-W01"),
    ],
)
def test_an_instant_lies_in_the_week_of_beijing_time(at: datetime, week: str) -> None:
    assert str(Week.of(at)) == week
    assert Week.parse(week).holds(at)
    assert not Week.parse(week).before.holds(at)


def test_weeks_follow_each_other_without_gap_over_ten_years() -> None:
    week = Week(2020, 1)
    for _ in range(530):
        after = week.after
        assert after.starts == week.ends
        assert after.before == week
        assert after.starts - week.starts == timedelta(days=7)
        assert Week.parse(str(after)) == after
        week = after


@pytest.mark.parametrize(
    "text", ["", "2026-47", "2026-W00", "2026-W54", "2025-W53", "W47", "0000-W01", "2026-W47 ", "９９９９-W01"]
)
def test_a_week_that_does_not_exist_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="没有这一周"):
        Week.parse(text)
