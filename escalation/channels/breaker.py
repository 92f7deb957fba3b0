"""A breaker for one channel: after some failures in a row it rests, so that others need not wait for its time-outs.

Pure: a value, `after` gives the next one. A rest is half a minute; then one message tries the channel. A refusal of the
vendor's is an answer and no failure. Nothing is lost meanwhile: deliveries wait in the outbox as they are, and who has
another channel is told there (`escalation/notice/detour.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.channels import Outcome, Transient, Unknown

FAILURES = 5
REST = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Breaker:
    """How often a channel failed in a row, and since when it rests."""

    failures: int = 0
    rests_since: datetime | None = None

    def after(self, outcome: Outcome, now: datetime) -> Breaker:
        """The breaker after an attempt."""
        if not isinstance(outcome, Transient | Unknown):
            return Breaker()
        failures = self.failures + 1
        return Breaker(failures, now if failures >= FAILURES else None)

    def rests(self, now: datetime) -> bool:
        """Whether nothing is tried now. A clock that was set back ends the rest."""
        return self.rests_since is not None and self.rests_since <= now < self.rests_since + REST
