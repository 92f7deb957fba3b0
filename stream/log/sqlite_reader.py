"""A member of a group on the embedded log: partitions are leased, records are read from the stored position on."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from stream.log import LogError, LogUnavailable, LostPosition, Positions, Reader, Record, key_text
from stream.log.sqlite_file import EPOCH, LANE, checksum, said, writing

_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.020  # seconds between two looks while nothing arrives


def share(members: Collection[str], me: str, partitions: int) -> frozenset[int]:
    """The partitions that fall to `me`: members in order of their names take turns, so the shares differ by one at
    most."""
    turn = sorted(members)
    return frozenset(p for p in range(partitions) if turn[p % len(turn)] == me)


def alive(until: float, now: float, session: float) -> bool:
    """Whether a member's lease holds at `now`. One far in the future was written before the clock was set back: it is
    void."""
    return now <= until <= now + 2 * session


class SqliteReader(Reader):
    """See `stream.log.Reader`. `lanes`: lane ids by partition; `session`: seconds a lease holds without a new look."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        topic: str,
        group: str,
        lanes: Sequence[int],
        positions: Positions,
        session: float,
    ) -> None:
        self._path = path
        self._connection = connection
        self._crew = (topic, group)
        self._lanes = lanes
        self._positions = positions
        self._session = session
        self._name = uuid.uuid4().hex
        self._until = 0.0
        self._look_at = 0.0
        self._held: frozenset[int] = frozenset()
        self._next: dict[int, int] = {}  # held partitions whose stored position has been asked
        self._turn = 0
        self._seen = -1  # SQLite's data version at the last reading that found nothing
        self._pause = _FIRST_PAUSE
        self._lost: list[LostPosition] = []

    def poll(self, limit: int, wait: float) -> list[Record]:
        until = time.monotonic() + wait
        while True:
            try:
                self._keep_lease()
                self._ask()
                records = self._read(limit)
            except LogUnavailable:
                records = []
            left = until - time.monotonic()
            if records:
                self._pause = _FIRST_PAUSE
            if records or left <= 0:
                return records
            time.sleep(min(self._pause, left))
            self._pause = min(self._pause * 1.3, _LONGEST_PAUSE)

    def assigned(self) -> frozenset[int]:
        return self._held

    def back(self, partition: int) -> None:
        self._next.pop(partition, None)
        self._seen = -1

    def lost(self) -> list[LostPosition]:
        lost, self._lost = self._lost, []
        return lost

    def close(self) -> None:
        self._held = frozenset()
        self._next = {}
        try:
            with said(self._path), writing(self._connection):
                self._connection.execute("DELETE FROM lease WHERE member = ?", (self._name,))
                self._connection.execute("DELETE FROM member WHERE name = ?", (self._name,))
        except LogError:
            pass  # closed before, or the file is busy: the lease runs out by itself
        finally:
            self._connection.close()

    def _keep_lease(self) -> None:
        """Several times a session: renew the lease, give up and take partitions where the crew has changed."""
        now = time.time()
        if time.monotonic() < self._look_at and now < self._until:
            return
        try:
            with said(self._path):
                if self._must_write(now):
                    with writing(self._connection):
                        mine, kept = self._settle(now)
                    self._until = now + self._session
                    self._hold(mine, kept)
        except LogUnavailable:
            if now > self._until:  # somebody else may have our partitions by now
                self._hold(frozenset(), frozenset())
            raise
        self._look_at = time.monotonic() + min(0.2, self._session / 10)

    def _living(self, now: float) -> dict[str, float]:
        rows = self._connection.execute("SELECT name, until FROM member WHERE topic = ? AND crew = ?", self._crew)
        return {name: until for name, until in rows if alive(until, now, self._session)}

    def _leases(self) -> dict[int, str]:
        rows = self._connection.execute("SELECT partition, member FROM lease WHERE topic = ? AND crew = ?", self._crew)
        return dict(rows)

    def _must_write(self, now: float) -> bool:
        living, leases = self._living(now), self._leases()
        if living.get(self._name, 0.0) - now < self._session * 0.75:
            return True
        wanted = share(living, self._name, len(self._lanes))
        takeable = {p for p in wanted if leases.get(p) != self._name and leases.get(p) not in living}
        return bool(self._held - wanted or takeable)

    def _settle(self, now: float) -> tuple[frozenset[int], frozenset[int]]:
        """In one transaction: live on, bury the dead, release what is another's share, take what is ours and free.

        Returns what this member holds now, and which of it was held without a break.
        """
        living = self._living(now) | {self._name: now + self._session}
        leases = {p: member for p, member in self._leases().items() if member in living}
        kept = {p for p, member in leases.items() if member == self._name} & self._held
        wanted = share(living, self._name, len(self._lanes))
        mine = {p for p in wanted if leases.get(p, self._name) == self._name}
        settled = {p: member for p, member in leases.items() if member != self._name} | dict.fromkeys(mine, self._name)
        self._connection.execute("DELETE FROM lease WHERE topic = ? AND crew = ?", self._crew)
        self._connection.executemany(
            "INSERT INTO lease (topic, crew, partition, member) VALUES (?, ?, ?, ?)",
            [(*self._crew, p, member) for p, member in settled.items()],
        )
        self._connection.execute("DELETE FROM member WHERE topic = ? AND crew = ?", self._crew)
        self._connection.executemany(
            "INSERT INTO member (topic, crew, name, until) VALUES (?, ?, ?, ?)",
            [(*self._crew, name, to) for name, to in living.items()],
        )
        return frozenset(mine), frozenset(kept & mine)

    def _hold(self, held: frozenset[int], kept: frozenset[int]) -> None:
        """Hold these partitions; only the kept ones go on where they were, the others' positions are asked."""
        if held != self._held or kept != held:
            self._seen = -1
        self._held = held
        self._next = {p: offset for p, offset in self._next.items() if p in kept}

    def _ask(self) -> None:
        unknown = self._held - self._next.keys()
        if unknown:
            stored: Mapping[int, int] = self._positions(unknown)
            with said(self._path):
                firsts = self._edges()
            self._next |= {p: stored.get(p, firsts[p][0]) for p in unknown}
            self._seen = -1

    def _edges(self) -> dict[int, tuple[int, int]]:
        """Oldest kept and next offset per partition."""
        rows = self._connection.execute("SELECT partition, first, next FROM lane WHERE topic = ?", self._crew[:1])
        return {partition: (first, after) for partition, first, after in rows}

    def _read(self, limit: int) -> list[Record]:
        with said(self._path):
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            if version == self._seen or not self._next:
                return []
            self._connection.execute("BEGIN")  # one view of lanes and records
            try:
                edges = self._edges()
                records = self._take(limit, edges)
            finally:
                self._connection.execute("COMMIT")
        if all(self._next[p] >= edges[p][1] for p in self._next):
            self._seen = version
        return records

    def _take(self, limit: int, edges: Mapping[int, tuple[int, int]]) -> list[Record]:
        """A fair part of every partition first, so that one with a backlog does not hold the others up; then the
        rest."""
        self._turn += 1
        order = sorted(self._next)
        order = order[self._turn % len(order) :] + order[: self._turn % len(order)]
        found: dict[int, list[Record]] = {}
        for part in (max(1, limit // len(order)), limit):
            for partition in order:
                room = limit - sum(map(len, found.values()))
                if room > 0:
                    found.setdefault(partition, []).extend(self._stretch(partition, min(part, room), edges[partition]))
        return [record for partition in order for record in found.get(partition, [])]

    def _stretch(self, partition: int, limit: int, edge: tuple[int, int]) -> list[Record]:
        first, after = edge
        wanted = self._next[partition]
        if wanted < first or wanted > after:
            self._lost.append(LostPosition(partition, wanted, first, "expired" if wanted < first else "ahead"))
            self._next[partition] = wanted = first
        if wanted == after:
            return []
        start = self._lanes[partition] * LANE
        rows = self._connection.execute(
            "SELECT place, appended_at, checksum, key, value FROM record"
            " WHERE place >= ? AND place < ? ORDER BY place LIMIT ?",
            (start + wanted, start + after, limit),
        ).fetchall()
        records = []
        for place, at, stated, key, value in rows:
            offset = place - start
            if checksum(key, value) == stated:
                moment = EPOCH + timedelta(microseconds=at)
                records.append(Record(self._crew[0], partition, offset, key_text(key), value, moment))
            else:
                self._lost.append(LostPosition(partition, offset, offset + 1, "damaged"))
        self._next[partition] = rows[-1][0] - start + 1 if rows else after
        return records
