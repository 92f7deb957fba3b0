"""Lanes 快慢两道: one role's followers of what is fresh and of history, and which of them steps.

Fresh records first: history is read in small steps, and only once what is fresh was taken, so a fresh one waits for one
small step at most. After a step history rests as long as the step took: roles share the cores and the store's one pen,
and a notice must not wait until 200,000 old records are through. While a small step's worth of fresh ones comes at
every look, history moves every MOVE_SECONDS, so that its members stay in their group, and a reader that does not move
is really standing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from stream.follow import Follower, Handle
from stream.log import Log, LogUnavailable
from stream.position import Fenced
from stream.store import Store
from stream.topic import BEHIND, READERS

SMALL = 100
"""Records of history in one step: some tens of milliseconds of the watch or of an assess worker."""
MOVE_SECONDS = 5.0
"""Half the session after which a silent member loses its partitions."""
REST = 1.0
"""How long history rests after a step, by how long the step took."""
TROUBLE_SECONDS = 5.0
"""History that cannot be read or handed on is left alone so long; what is fresh must not wait for its time-outs."""


class Lanes:
    """One member of both groups of a role. Not for several threads."""

    def __init__(
        self,
        log: Log,
        store: Store,
        name: str,
        *,
        clock: Callable[[], datetime],
        small: int = SMALL,
        ordered: bool = False,
        troubles: tuple[type[Exception], ...] = (),
        committed: Callable[[], object] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Join the group `name` of READERS. `small`: records of one step of history.

        `ordered`: who has the fresh partition, and nobody else, reads history too, and each transaction holds both
        positions: a second reader of either lane is fenced. The rest is as for `Follower`.
        """
        self._name, self._small, self._ordered, self._monotonic = name, small, ordered, monotonic

        def follow(reader: str, beside: Callable[[Connection], None]) -> Follower:
            return Follower(
                log, store, READERS[reader], reader, clock=clock, troubles=troubles, committed=committed,
                monotonic=monotonic, beside=beside if ordered else lambda _: None,
            )  # fmt: skip

        self._follow = follow
        self._fresh = follow(name, lambda conn: _hold(conn, self._history))
        self._history: Follower | None = None
        self._away = ""
        self._more = False
        self._moved_at = monotonic()
        self._look_at = self._moved_at

    @property
    def trouble(self) -> str:
        """Why it cannot work now, as a Chinese sentence, or an empty string."""
        return self._fresh.trouble or self._away or (self._history.trouble if self._history else "")

    def step(self, handle: Handle, limit: int = 500, wait: float = 0.2) -> int:
        """Take what has come, at most `limit` fresh records, or a small step of history; gives how many were passed.

        Waits at most `wait` seconds, and not where history waits. Raises what `Follower.step` raises.
        """
        rest = max(0.0, self._look_at - self._monotonic())
        taken = self._fresh.step(handle, limit, min(wait, rest) if self._more else wait)
        now = self._monotonic()
        waits = now < self._look_at or (taken >= self._small and now < self._moved_at + MOVE_SECONDS)
        if waits or self._fresh.trouble:  # what troubles the fresh lane would trouble this one too
            return taken
        return taken + self._step_behind(handle, limit)

    def _step_behind(self, handle: Handle, limit: int) -> int:
        taken, began = 0, self._monotonic()
        try:
            behind = self._joined()
            self._away = ""
            if behind is not None:
                taken = behind.step(handle, min(limit, self._small), 0.0)
        except LogUnavailable as error:  # at joining: nothing of it has been read yet
            self._away = str(error)
        self._moved_at = self._monotonic()
        self._more = taken > 0
        if self._more:
            self._look_at = self._moved_at + REST * (self._moved_at - began)
        if self._away or (self._history is not None and self._history.trouble and not taken):
            self._look_at = self._moved_at + TROUBLE_SECONDS
        return taken

    def _joined(self) -> Follower | None:
        """The follower of history, where this member may have one."""
        if self._ordered and not self._fresh.assigned():
            self._leave()
        elif self._history is None:
            self._history = self._follow(self._name + BEHIND, lambda conn: _hold(conn, self._fresh))
        return self._history

    def _leave(self) -> None:
        if self._history is not None:
            self._history.close()
            self._history = None

    def close(self) -> None:
        """Leave both groups."""
        self._leave()
        self._fresh.close()


def _hold(conn: Connection, other: Follower | None) -> None:
    """Raise Fenced where somebody else has moved the other lane; it is then read again from where it stands."""
    if other is None:
        return
    try:
        other.hold(conn)
    except Fenced:
        other.back()
        raise
