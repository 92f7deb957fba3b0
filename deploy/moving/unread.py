"""Unread 未读: what nobody had taken yet of a log on Kafka, kept in a backup as an embedded log of its own.

From the positions in the copied store to the ends as they are now, by partition and key, a piece at a time. Whatever
the readers take meanwhile is in it too: it is only read once more.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path

from stream.log import Log, LogUnavailable, Reader, Record, open_log
from stream.topic import READERS

UNREAD_BY: Mapping[str, str] = {READERS[reader]: reader for reader in reversed(tuple(READERS))}
"""By topic, its first reader in the order of the flow, whose position tells what is still to be read; the search, which
comes after, is rebuilt."""
PIECE = 500
QUIET_SECONDS, JOIN_SECONDS = 5.0, 60.0
"""Seconds: without a record, after which what lies before the ends has expired; and until all partitions have come."""


def keep_unread(log: Log, places: Mapping[str, Mapping[int, int]], out: Path) -> dict[str, int]:
    """Write what lies between `places` (by topic and partition, the next to read) and the ends into a new embedded log
    at `out`; gives how many records of each topic. Raises LogError, LogUnavailable."""
    out.touch(mode=0o600)
    with closing(open_log(f"sqlite:///{out}")) as kept:
        found = {}
        for topic, stand in places.items():
            ends = log.ends(topic)
            kept.ensure({topic: len(ends)})
            found[topic] = _keep(log, topic, {p: (stand.get(p, 0), end) for p, end in ends.items()}, kept)
    with closing(sqlite3.connect(out)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    return found


def _keep(log: Log, topic: str, spans: Mapping[int, tuple[int, int]], kept: Log) -> int:
    left = {partition for partition, (start, end) in spans.items() if start < end}
    if not left:
        return 0

    def places(partitions: Collection[int]) -> dict[int, int]:
        return {one: spans[one][0] for one in partitions if spans[one][0]}

    count = 0
    with closing(log.reader(topic, f"backup-{secrets.token_hex(4)}", places)) as reader:
        patience = _Patience(log, reader, frozenset(spans))
        while left:
            records = reader.poll(PIECE, 0.5)
            if not patience.after(records):
                break
            wanted = [one for one in records if one.offset < spans[one.partition][1]]
            kept.append(topic, [(one.key, one.value) for one in wanted])
            count += len(wanted)
            left -= {one.partition for one in records if one.offset + 1 >= spans[one.partition][1]}
    return count


class _Patience:
    """How long to wait for records that may have expired, and for a log that may be away."""

    def __init__(self, log: Log, reader: Reader, partitions: frozenset[int]) -> None:
        self._log, self._reader, self._partitions = log, reader, partitions
        self._began = self._quiet_from = time.monotonic()

    def after(self, records: list[Record]) -> bool:
        """Whether more is to be waited for. Raises LogUnavailable where the log gives nothing and cannot."""
        now = time.monotonic()
        if records or self._reader.assigned() != self._partitions:
            self._quiet_from = now
            if not records and now - self._began > JOIN_SECONDS:
                raise LogUnavailable("Kafka 一直没有把分区分给备份读取；请稍后再备份一次。")
            return True
        if now - self._quiet_from < QUIET_SECONDS:
            return True
        self._log.healthy()
        return False
