"""The robot's own allowance: a sliding minute, because the vendor does not say whether its minute slides.

Pure: a `Bucket` is a value, `take` gives the next one. Nothing is kept over a restart: the worst case is one
minute in which the vendor's own limit (20) answers 45009, which is a typed outcome, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(seconds=60)
LIMIT = 18
RESERVE = 4
"""Of the 18, these are kept for levels 1 and 2."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """When the messages of the last minute left, oldest first (aware UTC)."""

    sent: tuple[datetime, ...] = ()

    def take(self, now: datetime, level: int) -> tuple[Bucket, timedelta | None]:
        """Take one place at `now`.

        Returns the bucket after it and None, or the bucket without it and how long to wait for a place.
        """
        # A clock that was set back must not close the robot for longer than a minute.
        recent = tuple(at for at in self.sent if now - WINDOW < at <= now)
        allowed = LIMIT if level <= 2 else LIMIT - RESERVE
        if len(recent) < allowed:
            return Bucket((*recent, now)), None
        return Bucket(recent), recent[len(recent) - allowed] + WINDOW - now
