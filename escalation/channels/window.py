"""Windows 发送窗口: what left a channel lately, and until when its vendor has closed it, for all processes together.

notify, the test button of the pages and `fengxin check --probe` send to one vendor, which counts all of them. So the
window of each place is a row of the store, taken in a transaction of its own before anything is sent (`StoredWindows`).
A store that is away delays nothing: each process then goes on with what it saw last, for itself.
"""

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Column, Connection, Table, delete, select, update
from sqlalchemy.exc import DBAPIError

from escalation.channels.bucket import Allowance, Bucket, Hold
from stream.store import Store, StoreUnavailable, insert_new, metadata
from stream.store.types import Json, Moment, Word

KEPT = 2000
PATIENCE_SECONDS = 3.0
"""How long a sender waits for its turn at the store: a channel's `send` may not block for long."""
KEPT_FOR = timedelta(days=2)
"""A row that nobody wrote for so long says nothing any more: the longest window is a day."""
T = TypeVar("T")

sending_windows = Table(
    "sending_windows",
    metadata,
    Column("place", Word(100), primary_key=True),
    Column("sent", Json, nullable=False),
    Column("closed_at", Moment()),
    Column("closed_until", Moment()),
    Column("at", Moment(), nullable=False, index=True),
)
"""`sent`: when messages left, ISO times in UTC, oldest first. `at`: when the row was last written."""


def place(channel: str, address: str) -> str:
    """What a vendor counts by: a robot, an account, a number. Neither a key nor a number can be read from it."""
    return f"{channel}:{hashlib.sha256(f'{channel} {address}'.encode()).hexdigest()[:32]}"


class Windows(ABC):
    """The windows of every place; safe to call from any thread. Never raises."""

    def take(self, where: str, allowances: tuple[Allowance, ...], now: datetime, level: int) -> Hold | None:
        """Take one place in the window of `where`; why and how long to wait where there is none."""
        return self._with(where, now, lambda bucket: bucket.take(now, level, allowances))

    def close(self, where: str, now: datetime, span: timedelta) -> None:
        """The vendor takes nothing there for so long."""
        self._with(where, now, lambda bucket: (bucket.closed(now, span), None))

    @abstractmethod
    def _with(self, where: str, now: datetime, deed: Callable[[Bucket], tuple[Bucket, T]]) -> T:
        """Put in the place of a bucket what `deed` makes of it; nobody else does so in between."""


class OwnWindows(Windows):
    """The windows of one process; the oldest places are forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def _with(self, where: str, now: datetime, deed: Callable[[Bucket], tuple[Bucket, T]]) -> T:
        with self._lock:
            bucket, said = deed(self._buckets.get(where, Bucket()))
            self._keep(where, bucket)
        return said

    def saw(self, where: str, bucket: Bucket) -> None:
        """Keep what the store said."""
        with self._lock:
            self._keep(where, bucket)

    def _keep(self, where: str, bucket: Bucket) -> None:
        self._buckets.pop(where, None)
        self._buckets[where] = bucket
        if len(self._buckets) > KEPT:
            self._buckets.pop(next(iter(self._buckets)))


class StoredWindows(Windows):
    """The windows that all processes at one store share. `store`: opened with PATIENCE_SECONDS."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._own = OwnWindows()

    def _with(self, where: str, now: datetime, deed: Callable[[Bucket], tuple[Bucket, T]]) -> T:
        def swap(conn: Connection) -> tuple[Bucket, T]:
            bucket, said = deed(_held(conn, where, now))
            sent = [at.isoformat() for at in bucket.sent]
            times = {"closed_at": bucket.closed_at, "closed_until": bucket.closed_until, "at": now}
            row = sending_windows.c.place == where
            conn.execute(update(sending_windows).where(row).values(sent=sent, **times))
            return bucket, said

        try:
            bucket, said = self._store.run(swap)
        except (StoreUnavailable, DBAPIError):  # away, or without its tables yet: `check --probe` may come first
            return self._own._with(where, now, deed)
        self._own.saw(where, bucket)
        return said


def _held(conn: Connection, where: str, now: datetime) -> Bucket:
    """The bucket of a place, its row locked until the end of the transaction."""
    asked = select(sending_windows).where(sending_windows.c.place == where).with_for_update()
    while (row := conn.execute(asked).one_or_none()) is None:
        insert_new(conn, sending_windows, [{"place": where, "sent": [], "at": now}])
    return Bucket(tuple(datetime.fromisoformat(at) for at in row.sent), row.closed_at, row.closed_until)


def forget(conn: Connection, now: datetime) -> None:
    """Remove the rows that say nothing any more."""
    conn.execute(delete(sending_windows).where(sending_windows.c.at < now - KEPT_FOR))
