"""A week as the report counts it: Monday 00:00 to Monday 00:00 in Beijing time, numbered as ISO 8601 does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from escalation.clock_words import SHANGHAI

HOURS = 168
_SHAPE = re.compile(r"([0-9]{4})-W([0-9]{2})")


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """ISO year and week. The year is the week's own: 29 December 2025 lies in 2026-W01."""

    year: int
    number: int

    @classmethod
    def of(cls, at: datetime) -> Week:
        """The week that an aware instant lies in."""
        year, number, _ = at.astimezone(SHANGHAI).isocalendar()
        return cls(year, number)

    @classmethod
    def parse(cls, text: str) -> Week:
        """Read `2026-W47`. Raises ValueError with a sentence where there is no such week."""
        found = _SHAPE.fullmatch(text)
        try:
            week = cls(int(found[1]), int(found[2])) if found else None
            if week and week.monday.year > 1970:
                return week
        except (ValueError, OverflowError):
            pass
        raise ValueError("没有这一周。请写成 2026-W47 的形式，周数按国家标准 GB/T 7408 计。")

    @property
    def monday(self) -> date:
        """Its first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)

    @property
    def starts(self) -> datetime:
        """Monday 00:00 Beijing, as aware UTC; belongs to the week."""
        return datetime.combine(self.monday, time(), SHANGHAI).astimezone(UTC)

    @property
    def ends(self) -> datetime:
        """The next Monday 00:00 Beijing, as aware UTC; does not belong to the week."""
        return self.starts + timedelta(days=7)

    @property
    def before(self) -> Week:
        """The week before this one."""
        return Week.of(self.starts - timedelta(days=1))

    @property
    def after(self) -> Week:
        """The week after this one."""
        return Week.of(self.ends)

    def holds(self, at: datetime | None) -> bool:
        """Whether an aware instant lies in it; None never does."""
        return at is not None and self.starts <= at < self.ends

    def __str__(self) -> str:
        return f"{self.year:04d}-W{self.number:02d}"
