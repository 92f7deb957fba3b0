"""Backlog: how far a group of readers is behind its topic, and whether nobody takes what waits."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection

from stream import metrics
from stream.log import Log
from stream.position import standing
from stream.store import Store

STALLED_SECONDS = 60.0


class Backlog:
    """What a group has not taken yet. `measure` asks log and store; give it the seconds of one monotonic clock."""

    def __init__(self, log: Log, store: Store, topic: str, reader: str) -> None:
        """For the group `reader` of the topic."""
        self._log, self._store, self._topic, self._reader = log, store, topic, reader
        self._moved_at: float | None = None
        self._stood: dict[int, int] = {}
        self._first_ends: dict[int, int] = {}

    def measure(self, seconds: float) -> str:
        """Set each partition's gauge; gives a sentence where records wait and none was taken for STALLED_SECONDS.

        A partition without a position counts from 0 in the gauge; for the sentence from its end at the first look,
        because what lies before may have expired. Raises LogUnavailable, StoreUnavailable.
        """
        ends = self._log.ends(self._topic)
        with self._store.read() as conn:
            stand = standing(conn, self._reader)
        lag: Counter[str] = Counter()
        for partition, end in ends.items():
            lag[_label(partition)] += max(0, end - stand.get(partition, 0))
        for label, records in lag.items():
            metrics.LAG.labels(reader=self._reader, partition=label).set(records)
        self._first_ends = ends | self._first_ends
        waiting = sum(max(0, end - stand.get(p, self._first_ends[p])) for p, end in ends.items())
        if not waiting or stand != self._stood or self._moved_at is None:
            self._stood, self._moved_at = stand, seconds
            return ""
        idle = seconds - self._moved_at
        if idle < STALLED_SECONDS:
            return ""
        return (
            f"日志流主题 {self._topic} 有 {waiting} 条记录待取，已 {idle:.0f} 秒没有进展；"
            "记录没有丢失，持续不动时请重启本进程并检查日志流。"
        )


def _label(partition: int) -> str:
    return str(partition) if partition < metrics.PARTITIONS else metrics.OTHER_PARTITIONS


def waiting(log: Log, conn: Connection, topic: str, reader: str) -> int:
    """How many records of the topic the group has not taken. Raises LogError, LogUnavailable."""
    stand = standing(conn, reader)
    return sum(max(0, end - stand.get(partition, 0)) for partition, end in log.ends(topic).items())
