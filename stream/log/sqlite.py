"""The embedded log: one SQLite file, several processes on one machine, durable at power loss (WAL,
synchronous=FULL)."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from stream.log import RETENTION, Log, LogError, LogUnavailable, Positions, Reader, check_sizes, key_bytes, partition_of
from stream.log.sqlite_file import LANE, SCHEMA, VERSION, checksum, connect, identity, make_file, micros, said, writing
from stream.log.sqlite_reader import SqliteReader

REMOVED = (
    "日志文件 {path} 被移走或替换，新内容写不进去；请把原文件放回原处，系统会自动继续。"
    "确认找不回时重新启动风信，会另建新文件，尚未研判的内容须人工核对补录。"
)
_PRUNED_AT_ONCE = 2000  # so that an appender never waits long for a pruning transaction

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqliteLog(Log):
    """A log in the file `path` (made when missing, readable by its owner only).

    `retention`: kept at least so long, until `prune`. `session`: a member unheard of for so long loses its partitions.
    `patience`: how long a write waits for other writers before LogUnavailable. `clock` gives `appended_at` only; leases
    always use the wall clock, as processes share them.
    """

    whole = True

    def __init__(
        self,
        path: Path,
        retention: timedelta = RETENTION,
        session: timedelta = timedelta(seconds=10),
        patience: timedelta = timedelta(seconds=10),
        clock: Clock = _utc_now,
    ) -> None:
        self._path = path
        self._retention = retention
        self._session = session.total_seconds()
        self._patience = patience.total_seconds()
        self._clock = clock
        self._lock = threading.Lock()
        self._lanes: dict[str, list[int]] = {}
        with said(path):
            self._connection = self._open()
        self._file = identity(path)

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            make_file(self._path)
        except OSError as error:
            raise LogError(f"日志文件 {self._path} 无法建立：{error.strerror}；请检查目录与权限。") from error
        connection = connect(self._path, self._patience)
        until = time.monotonic() + self._patience
        while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:  # two processes that make the file at once: SQLite refuses one of them here without waiting
                connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
        with writing(connection):
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, VERSION):
                raise LogError(
                    f"日志文件 {self._path} 的格式版本为 {version}，本程序只认 {VERSION}；请换用相应版本的程序。"
                )
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={VERSION}")
        return connection

    def _in_place(self) -> None:
        """Raise LogUnavailable where the file was taken from under us: what is written then is read by nobody."""
        if identity(self._path) != self._file:
            raise LogUnavailable(REMOVED.format(path=self._path))

    def ensure(self, topics: Mapping[str, int]) -> None:
        self._in_place()
        with self._lock, said(self._path), writing(self._connection):
            for topic, wanted in topics.items():
                if wanted < 1:
                    raise LogError(f"主题 {topic} 的分区数为 {wanted}；至少为 1。")
                (there,) = self._connection.execute("SELECT count(*) FROM lane WHERE topic = ?", (topic,)).fetchone()
                if there not in (0, wanted):
                    raise LogError(
                        f"主题 {topic} 已有 {there} 个分区，设置要求 {wanted} 个；分区数不可改，请把设置改回 {there}。"
                    )
                if not there:
                    rows = [(topic, partition) for partition in range(wanted)]
                    self._connection.executemany("INSERT INTO lane (topic, partition) VALUES (?, ?)", rows)

    def append(self, topic: str, entries: Sequence[tuple[str, bytes]]) -> None:
        check_sizes(entries)
        if not entries:
            return
        with self._lock, said(self._path):
            self._in_place()
            lanes = self._lanes_of(topic)
            at = micros(self._clock())
            with writing(self._connection):
                marks = ",".join("?" * len(lanes))
                rows = self._connection.execute(f"SELECT id, next FROM lane WHERE id IN ({marks})", lanes)
                following: dict[int, int] = dict(rows)
                before = dict(following)
                records = []
                for key, value in entries:
                    lane = lanes[partition_of(key, len(lanes))]
                    stored = key_bytes(key)
                    records.append((lane * LANE + following[lane], at, checksum(stored, value), stored, value))
                    following[lane] += 1
                self._connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?)", records)
                moved = [(following[lane], lane) for lane in lanes if following[lane] != before[lane]]
                self._connection.executemany("UPDATE lane SET next = ? WHERE id = ?", moved)

    def _lanes_of(self, topic: str) -> list[int]:
        """Lane ids in the order of the partitions; they never change."""
        if topic not in self._lanes:
            rows = self._connection.execute(
                "SELECT id FROM lane WHERE topic = ? ORDER BY partition", (topic,)
            ).fetchall()
            if not rows:
                raise LogError(f"日志文件 {self._path} 中没有主题 {topic}；请先运行 fengxin check 建立主题。")
            self._lanes[topic] = [lane for (lane,) in rows]
        return self._lanes[topic]

    def reader(self, topic: str, group: str, positions: Positions) -> Reader:
        with self._lock, said(self._path):
            self._in_place()
            lanes = self._lanes_of(topic)
            return SqliteReader(
                self._path, connect(self._path, self._patience), topic, group, lanes, positions, self._session
            )

    def ends(self, topic: str) -> dict[int, int]:
        with self._lock, said(self._path):
            self._in_place()
            self._lanes_of(topic)
            return dict(
                self._connection.execute("SELECT partition, next FROM lane WHERE topic = ? ORDER BY 1", (topic,))
            )

    def healthy(self) -> None:
        with said(self._path):
            self._in_place()
            connection = connect(self._path, min(self._patience, 4.0))
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            finally:
                connection.close()

    def prune(self, now: datetime) -> int:
        self._in_place()
        before = micros(now - self._retention)
        with self._lock, said(self._path):
            lanes = self._connection.execute("SELECT id, first, next FROM lane").fetchall()
        return sum(self._prune_lane(lane, first, after, before) for lane, first, after in lanes)

    def _prune_lane(self, lane: int, first: int, after: int, before: int) -> int:
        """Remove the lane's oldest records up to the first that is young enough: a lane never gets holes by age."""
        removed = 0
        edges = [*range(first, after, _PRUNED_AT_ONCE), after]
        for low, high in pairwise(edges):
            with self._lock, said(self._path), writing(self._connection):
                span = (lane * LANE + low, lane * LANE + high)
                (young,) = self._connection.execute(
                    "SELECT min(place) FROM record WHERE place >= ? AND place < ? AND appended_at >= ?", (*span, before)
                ).fetchone()
                stop = span[1] if young is None else young
                done = self._connection.execute("DELETE FROM record WHERE place >= ? AND place < ?", (span[0], stop))
                removed += done.rowcount
                self._connection.execute("UPDATE lane SET first = ? WHERE id = ?", (stop - lane * LANE, lane))
            if young is not None:
                break
        return removed

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def from_url(url: str, retention: timedelta) -> SqliteLog:
    """`sqlite:///relative.db` or `sqlite:////absolute.db`. Raises LogError."""
    prefix = "sqlite:///"
    path, _, query = url.removeprefix(prefix).partition("?")
    if not url.startswith(prefix) or not path or path == ":memory:" or query:
        raise LogError(
            f"日志地址 {url} 写法不对；应为 sqlite:///相对路径 或 sqlite:////绝对路径，不带参数，且必须是文件。"
        )
    return SqliteLog(Path(unquote(path)), retention)
