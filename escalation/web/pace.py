"""The pace 频次: how often somebody may try something within a minute. Who is over it hears how long to wait.

Signing in counts by address, whatever the names (research 6.1). Links that open nothing count by address: whoever has
a good link is never held up by a neighbour who guesses. What a good link writes down counts by link, and leads by
person: a stolen link or sign-in fills no log.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fastapi import Request

from escalation.web.gate import Open, address_of, desk_of

WINDOW = timedelta(minutes=1)
KEPT = 10_000
SIGN_INS, BAD_LINKS, LINK_ACTS, LEADS = 20, 30, 30, 30
"""So many within a minute: 系统默认."""


class TooOften(Exception):
    """Somebody is over the pace: a sentence for them, and after how many seconds they may go on."""

    def __init__(self, what: str, most: int, wait: int) -> None:
        """`what` was tried more than `most` times within a minute; `wait` in seconds, at least 1."""
        super().__init__(f"{what}过于频繁：每分钟至多 {most} 次，请 {wait} 秒后再试。未作任何更改。")
        self.wait = wait


class Pace:
    """Counts tries within the last minute, by who tries."""

    def __init__(self, most: int) -> None:
        """At most so many."""
        self.most = most
        self._at: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def wait(self, who: str, now: datetime) -> int:
        """Count one try; 0 where it may be made, else after how many seconds it may. A refused one does not count."""
        with self._lock:
            if len(self._at) > KEPT:
                self._at.clear()
            recent = self._at.setdefault(who, deque())
            while recent and now - recent[0] > WINDOW:
                recent.popleft()
            if len(recent) >= self.most:
                return max(1, math.ceil((recent[0] + WINDOW - now).total_seconds()))
            recent.append(now)
            return 0

    def keep(self, who: str, what: str, now: datetime) -> None:
        """Count one try. Raises TooOften."""
        if wait := self.wait(who, now):
            raise TooOften(what, self.most, wait)


@dataclass(frozen=True, slots=True)
class Paces:
    """Those of one application."""

    sign_in: Pace = field(default_factory=lambda: Pace(SIGN_INS))
    bad_links: Pace = field(default_factory=lambda: Pace(BAD_LINKS))
    link_acts: Pace = field(default_factory=lambda: Pace(LINK_ACTS))
    leads: Pace = field(default_factory=lambda: Pace(LEADS))


def paces_of(request: Request) -> Paces:
    """The paces of this application."""
    found: Paces = request.app.state.paces
    return found


class ByLink(Open):
    """A route by which whoever holds a link writes something down: so often a minute with one link."""

    def __call__(self, request: Request) -> None:  # type: ignore[override]
        """Count one. Raises TooOften."""
        given = str(request.path_params.get("given", ""))
        paces_of(request).link_acts.keep(given, "用这个链接登记", desk_of(request).clock())


def bad_link(request: Request) -> None:
    """Count a link that opened nothing. Raises TooOften."""
    paces_of(request).bad_links.keep(address_of(request), "打开无效链接", desk_of(request).clock())
