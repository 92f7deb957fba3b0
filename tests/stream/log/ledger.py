"""A reader's store for the log's tests: what was taken and how far, in one file that several processes share."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path

from stream.log import Record


class Ledger:
    """Effects and positions in one transaction, as the real store keeps them: a batch from a moved position is
    refused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        self._connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
            "CREATE TABLE IF NOT EXISTS place (partition INTEGER PRIMARY KEY, next INTEGER);"
            "CREATE TABLE IF NOT EXISTS taken (partition INTEGER, offset INTEGER, key TEXT, value BLOB)"
        )
        self._from: dict[int, int] = {}
        self.asked: list[set[int]] = []

    def positions(self, partitions: Collection[int]) -> dict[int, int]:
        self.asked.append(set(partitions))
        stored = dict(self._connection.execute("SELECT partition, next FROM place"))
        for partition in partitions:
            self._from.pop(partition, None)
        found = {p: stored[p] for p in partitions if p in stored}
        self._from |= found
        return found

    def take(self, records: list[Record]) -> set[int]:
        """Commit one batch per partition; the partitions that were fenced and must go back."""
        fenced = set()
        for partition in {record.partition for record in records}:
            batch = [record for record in records if record.partition == partition]
            if not self._commit(partition, batch):
                fenced.add(partition)
        return fenced

    def _commit(self, partition: int, batch: list[Record]) -> bool:
        self._connection.execute("BEGIN IMMEDIATE")
        row = self._connection.execute("SELECT next FROM place WHERE partition = ?", (partition,)).fetchone()
        if (row[0] if row else None) != self._from.get(partition):
            self._connection.execute("ROLLBACK")
            return False
        after = batch[-1].offset + 1
        self._connection.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (partition, after))
        rows = [(r.partition, r.offset, r.key, r.value) for r in batch]
        self._connection.executemany("INSERT INTO taken VALUES (?, ?, ?, ?)", rows)
        self._connection.execute("COMMIT")
        self._from[partition] = after
        return True

    def put(self, partition: int, after: int) -> None:
        """Set a position by hand."""
        self._connection.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (partition, after))

    def values(self) -> list[bytes]:
        """Everything taken, in the order of the commits."""
        return [value for (value,) in self._connection.execute("SELECT value FROM taken ORDER BY rowid")]

    def of_key(self, key: str) -> list[bytes]:
        return [v for (v,) in self._connection.execute("SELECT value FROM taken WHERE key = ? ORDER BY rowid", (key,))]
