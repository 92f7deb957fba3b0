"""The host gate: one door per host for the whole process, whatever number of crawls runs at once.

Scrapy's own delay is per crawl and forgotten between crawls (measured), so spacing and holds are kept here. Who waits
looks again after waking, because a hold may have come meanwhile. A long hold is not slept out: the crawl ends, the
source is due again when the hold is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_SLEEP = timedelta(seconds=20)
FIRST_HOLD = timedelta(seconds=60)
LONGEST_HOLD = timedelta(hours=1)
SET_BACK = timedelta(seconds=1)
"""A clock that goes back by more was set."""


class Held(Exception):
    """The host asked to be left alone until `until` (aware), which is too long to wait within one crawl."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"平台要求等待至 {until.isoformat()}")
        self.until = until


@dataclass(slots=True)
class _Door:
    free_at: datetime
    held_until: datetime
    hold: timedelta = timedelta(0)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Gate:
    """`spacing`: least time between two requests to one host. `clock` gives aware UTC; `sleep` takes seconds."""

    def __init__(
        self,
        spacing: timedelta,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.spacing = spacing
        self.clock = clock
        self.sleep = sleep
        self.doors: dict[str, _Door] = {}
        self._seen = datetime.min.replace(tzinfo=UTC)

    async def enter(self, host: str) -> None:
        """Wait for our turn at the host. Raises Held."""
        door = self._door(host)
        async with door.turn:
            while (wait := max(door.free_at, door.held_until) - self._now()) > timedelta(0):
                if door.held_until - self._now() > LONGEST_SLEEP:
                    raise Held(door.held_until)
                await self.sleep(wait.total_seconds())
            door.free_at = self._now() + self.spacing

    def _now(self) -> datetime:
        """The time; where the clock was set back since we last asked, all doors are shut no longer for that."""
        now = self.clock()
        back = self._seen - now
        if back > SET_BACK:
            for door in self.doors.values():
                door.free_at, door.held_until = door.free_at - back, door.held_until - back
        self._seen = now if back > SET_BACK else max(self._seen, now)
        return now

    def hold(self, host: str, retry_after: str | None) -> datetime:
        """The host answered "too often": keep everybody away as long as it says, else a minute, doubled each time."""
        door = self._door(host)
        now = self._now()
        wait = read_retry_after(retry_after, now)
        if wait is None:
            door.hold = min(max(door.hold * 2, FIRST_HOLD), LONGEST_HOLD)
            wait = door.hold
        door.held_until = max(door.held_until, now + wait)
        return door.held_until

    def passed(self, host: str) -> None:
        """The host answered normally: the next hold starts from a minute again."""
        self._door(host).hold = timedelta(0)

    def _door(self, host: str) -> _Door:
        now = self._now()
        return self.doors.setdefault(host, _Door(now, now))


def read_retry_after(raw: str | None, now: datetime) -> timedelta | None:
    """`Retry-After` as seconds or an HTTP date, bounded by LONGEST_HOLD; None where there is none that can be read."""
    if not raw:
        return None
    if raw.isascii() and raw.strip().isdigit():
        return min(timedelta(seconds=min(int(raw), 86_400)), LONGEST_HOLD)
    try:
        at = parsedate_to_datetime(raw)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return min(max(at - now, timedelta(0)), LONGEST_HOLD)
