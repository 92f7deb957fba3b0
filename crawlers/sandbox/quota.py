"""Call quotas by Asia/Shanghai day, and hours that a fault used up, on the sandbox's clock."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from crawlers.sandbox.clock import SHANGHAI


class Quota:
    """`limit` calls per holder and Asia/Shanghai day."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used: Counter[tuple[str, date]] = Counter()
        self._spent_hours: set[tuple[str, date, int]] = set()

    def take(self, holder: str, now: datetime) -> bool:
        """Take one call; False when the day is used up (a refused call costs nothing)."""
        slot = (holder, now.astimezone(SHANGHAI).date())
        if self._used[slot] >= self.limit:
            return False
        self._used[slot] += 1
        return True

    def hour_spent(self, holder: str, now: datetime) -> bool:
        """Whether this hour was used up by `spend_hour`."""
        local = now.astimezone(SHANGHAI)
        return (holder, local.date(), local.hour) in self._spent_hours

    def spend_hour(self, holder: str, now: datetime) -> None:
        """Use up the rest of this hour; the day's calls stay."""
        local = now.astimezone(SHANGHAI)
        self._spent_hours.add((holder, local.date(), local.hour))

    def used(self, holder: str, now: datetime) -> int:
        """Calls taken today."""
        return self._used[(holder, now.astimezone(SHANGHAI).date())]

    def spend(self, holder: str, now: datetime) -> None:
        """Use up the rest of today."""
        self._used[(holder, now.astimezone(SHANGHAI).date())] = self.limit
