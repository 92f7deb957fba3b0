"""Following a topic: read, take effect, move the position, so that a killed process repeats and never skips.

Effects outside the store (appending to the next topic, writing search) come first and must be idempotent; effects in
the store and the position are one transaction. A fenced or failed transaction goes back to the stored position.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from itertools import groupby

from sqlalchemy import Connection

from stream.log import Log, LogUnavailable, Record
from stream.position import Fenced, advance, stored
from stream.store import Store, StoreUnavailable

Effects = Callable[[Connection], None]
Handle = Callable[[Sequence[Record]], Effects | None]
"""Takes one partition's records in order, does what lies outside the store, gives what belongs into the transaction."""

PAUSE_SECONDS = 0.5


class Follower:
    """One member of a group that follows a topic. Not for several threads."""

    def __init__(
        self, log: Log, store: Store, topic: str, name: str, *, troubles: tuple[type[Exception], ...] = ()
    ) -> None:
        """Join the group `name`; positions rest in the store under that name.

        `troubles`: further exceptions of the effects that mean "not now": the records come again.
        """
        self.name = name
        self._troubles: tuple[type[Exception], ...] = (Fenced, StoreUnavailable, LogUnavailable, *troubles)
        self.trouble = ""
        self._store = store
        self._next: dict[int, int | None] = {}
        self._reader = log.reader(topic, name, self._stored)

    def _stored(self, partitions: Collection[int]) -> dict[int, int]:
        with self._store.read() as conn:
            found = stored(conn, self.name, partitions)
        self._next.update({partition: found.get(partition) for partition in partitions})
        return found

    def step(self, handle: Handle, limit: int = 500, wait: float = 0.2) -> int:
        """Take what has come, at most `limit` records; gives how many were taken. Waits at most `wait` seconds.

        An unreachable store or log is no error: `trouble` says so and the records come again.
        """
        try:
            records = self._reader.poll(limit, wait)
        except (StoreUnavailable, LogUnavailable) as error:
            self.trouble = str(error)
            time.sleep(PAUSE_SECONDS)
            return 0
        taken = 0
        by_partition = sorted(records, key=lambda record: record.partition)
        for partition, group in groupby(by_partition, key=lambda record: record.partition):
            taken += self._take(partition, list(group), handle)
        self.trouble = self.trouble if records and not taken else ""
        return taken

    def _take(self, partition: int, records: list[Record], handle: Handle) -> int:
        start = self._next.get(partition)
        fresh = [record for record in records if start is None or record.offset >= start]
        if not fresh:
            return 0
        end = fresh[-1].offset + 1
        try:
            effects = handle(fresh)
            with self._store.write() as conn:
                if effects is not None:
                    effects(conn)
                advance(conn, self.name, partition, start, end)
        except self._troubles as error:
            self.trouble = "" if isinstance(error, Fenced) else str(error)
            time.sleep(PAUSE_SECONDS)
            self._reader.back(partition)
            return 0
        self._next[partition] = end
        return len(fresh)

    def close(self) -> None:
        """Leave the group."""
        self._reader.close()
