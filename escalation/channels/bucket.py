"""A channel's own allowance: sliding windows, because no vendor says whether its minute slides.

Pure: a `Bucket` is a value, `take` gives the next one. Nothing is kept over a restart: the worst case is one window in
which the vendor's own limit answers (which is a typed outcome, too). Where an overrun is silently dropped instead, the
allowance stays far enough below it. It is kept per process: run one notify role.
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


LIMIT = 18
RESERVE = 4
"""Of the 18 a minute of a group robot, these are kept for levels 1 and 2."""
ROBOT = (Allowance(LIMIT, RESERVE),)


@dataclass(frozen=True, slots=True)
class Bucket:
    """When the messages of the longest window left, oldest first (aware UTC)."""

    sent: tuple[datetime, ...] = ()
    allowances: tuple[Allowance, ...] = ROBOT

    def take(self, now: datetime, level: int) -> tuple[Bucket, timedelta | None]:
        """Take one place at `now`.

        Returns the bucket after it and None, or the bucket without it and how long to wait for a place.
        """
        longest = max(one.window for one in self.allowances)
        # A clock that was set back must not close the channel for longer than a window.
        recent = tuple(at for at in self.sent if now - longest < at <= now)
        waits = [wait for one in self.allowances if (wait := _wait(one, recent, now, level))]
        if not waits:
            return replace(self, sent=(*recent, now)), None
        return replace(self, sent=recent), max(waits)


def _wait(one: Allowance, sent: tuple[datetime, ...], now: datetime, level: int) -> timedelta | None:
    recent = [at for at in sent if now - one.window < at]
    allowed = one.limit if level <= 2 else one.limit - one.reserve
    return None if len(recent) < allowed else recent[len(recent) - allowed] + one.window - now
