"""How instants and shifts are written for a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from escalation.clock_words import SHANGHAI, hours

NOW = datetime(2026, 11, 21, 15, 10, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("starts", "lasts", "said"),
    [
        (NOW.replace(hour=8, minute=0), 8, "08:00 至 16:00"),
        (NOW.replace(hour=13, minute=40), 24, "13:40 至 11月22日 13:40"),
        (NOW.replace(hour=22, minute=0) - timedelta(days=1), 20, "11月20日 22:00 至 18:00"),
        (NOW.replace(hour=15, minute=10), 40 * 24, "15:10 至 12月31日 15:10"),
        (NOW.replace(hour=15, minute=10), 42 * 24, "15:10 至 2027年1月2日 15:10"),
    ],
)
def test_a_shift_that_is_not_within_today_says_its_days(starts: datetime, lasts: int, said: str) -> None:
    assert hours(starts, starts + timedelta(hours=lasts), NOW) == said
