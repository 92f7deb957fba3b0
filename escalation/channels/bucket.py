"""A channel's own allowance: sliding windows, because no vendor says whether its minute slides.

Pure: a `Bucket` is a value, `take` gives the next one; `channels.window` keeps them for all processes. Where an overrun
is silently dropped by the vendor, the allowance stays far enough below it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `limit` messages in any `window`; of these, `reserve` are kept for levels 1 and 2."""

    limit: int
    reserve: int
    window: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing leaves now: how long to wait, and whether the vendor has closed the place."""

    wait: timedelta
    closed: bool = False


AHEAD = timedelta(seconds=60)
"""What another process noted may seem to lie so far ahead: it looked at its clock later, or that one goes before."""
LIMIT = 18
RESERVE = 4
"""Of the 18 a minute of a group robot, these are kept for levels 1 and 2."""
ROBOT = (Allowance(LIMIT, RESERVE),)


@dataclass(frozen=True, slots=True)
class Bucket:
    """When the messages of the longest window left, oldest first, and the vendor's punishment (aware UTC)."""

    sent: tuple[datetime, ...] = ()
    closed_at: datetime | None = None
    closed_until: datetime | None = None

    def take(self, now: datetime, level: int, allowances: tuple[Allowance, ...] = ROBOT) -> tuple[Bucket, Hold | None]:
        """Take one place at `now`.

        Returns the bucket after it and None, or the bucket without it and how long to wait for a place.
        """
        if self.closed_at and self.closed_until and self.closed_at - AHEAD <= now < self.closed_until:
            return self, Hold(self.closed_until - now, closed=True)
        longest = max(one.window for one in allowances)
        # A clock that was set back must not close the channel for longer than a window.
        recent = tuple(sorted(at for at in self.sent if now - longest < at <= now + AHEAD))
        waits = [wait for one in allowances if (wait := _wait(one, recent, now, level))]
        if not waits:
            return Bucket(tuple(sorted((*recent, now)))), None
        return Bucket(recent), Hold(max(waits))

    def closed(self, now: datetime, span: timedelta) -> Bucket:
        """The bucket of a place that the vendor has closed at `now` for `span`."""
        return replace(self, closed_at=now, closed_until=now + span)


def _wait(one: Allowance, sent: tuple[datetime, ...], now: datetime, level: int) -> timedelta | None:
    recent = [at for at in sent if now - one.window < at]
    allowed = one.limit if level <= 2 else one.limit - one.reserve
    return None if len(recent) < allowed else recent[len(recent) - allowed] + one.window - now
