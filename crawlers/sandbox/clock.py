"""The sandbox's own clock: it follows the wall clock until somebody sets it, moves it on, or changes its speed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had no summer time since 1991; a fixed +08:00 is safe for the dates of a sandbox."""


def instant(text: str) -> datetime:
    """Read an ISO 8601 instant; without a zone it is Asia/Shanghai. The result is aware UTC. Raises ValueError."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=SHANGHAI)).astimezone(UTC)


class Clock:
    """`now()` is aware UTC: the start, plus the wall seconds passed since then times `rate` (0 = frozen)."""

    def __init__(self, start: datetime | None = None, rate: float = 1.0, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._rate = rate
        self._since = wall()
        self._base = start.astimezone(UTC) if start else datetime.fromtimestamp(self._since, UTC)

    @property
    def rate(self) -> float:
        """Sandbox seconds per wall second."""
        return self._rate

    def now(self) -> datetime:
        """The sandbox's present, aware UTC."""
        return self._base + timedelta(seconds=(self._wall() - self._since) * self._rate)

    def set(self, to: datetime) -> None:
        """Jump to an instant, forwards or backwards; the speed stays."""
        self._since, self._base = self._wall(), to.astimezone(UTC)

    def advance(self, seconds: float) -> None:
        """Move on by sandbox seconds (negative: back)."""
        self.set(self.now() + timedelta(seconds=seconds))

    def run_at(self, rate: float) -> None:
        """Change the speed from now on. Raises ValueError when it is negative."""
        if rate < 0:
            raise ValueError("rate must not be negative; to go back, set `now`")
        self.set(self.now())
        self._rate = rate
