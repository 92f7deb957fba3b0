"""Breakers 熔断: after a refusal that patience will not mend, a source is left alone and then probed with one request.

The state stands in the source's row, so a restart does not forget it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crawlers.failure import HEALTHY, Failure


class State(StrEnum):
    """Closed: calls pass. Open: none does. Probing: one scan is under way to see whether the refusal is over."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


FIRST_REST = {
    Failure.RISK: timedelta(hours=6),
    Failure.LOGIN: timedelta(hours=6),
    Failure.CHALLENGE: timedelta(hours=6),
    Failure.TOKEN: timedelta(hours=6),
    Failure.PERMISSION: timedelta(hours=24),
    Failure.BUG: timedelta(hours=24),
}
LONGEST_REST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Breaker:
    """`until`: when the next probe may go (aware); `failures`: how many scans in a row were not healthy."""

    state: State = State.CLOSED
    until: datetime | None = None
    failures: int = 0

    def passes(self, now: datetime) -> bool:
        """Whether a scan may start at `now`."""
        return self.state == State.CLOSED or self.until is None or self.until <= now

    def after(self, failure: Failure, now: datetime) -> Breaker:
        """The breaker once a scan has ended so."""
        if failure in HEALTHY:
            return Breaker()
        failures = self.failures + 1
        rest = FIRST_REST.get(failure)
        if rest is None:
            return Breaker(State.CLOSED, None, failures)
        again = self.state != State.CLOSED
        return Breaker(State.OPEN, now + (LONGEST_REST if again else rest), failures)
