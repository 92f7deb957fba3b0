"""Search on SQLite FTS5 over character pairs, in a file of its own. Row ids follow time, so newest first is free.

FTS5 keeps the pairs alone and no copy of them: what it must forget it is told by cutting the kept text again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from stream.search import Document, Query, Search, SearchDamaged, SearchRefused, SearchUnavailable
from stream.search.pairs import fold, pairs_of_query, pairs_of_texts
from stream.search.sqlite_tables import cut_in, furnish

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ROOM = 1000
"""Row ids per microsecond, for posts of the very same instant."""
LATEST = 2**63 // ROOM - 1_000_000
"""Microseconds: from here on a row's number has no room."""
AT_ONCE = 500
REBUILT = 1
"""Mark of a file that was emptied on purpose, to be filled anew: a file made by accident lacks it."""
DAMAGED = "检索库文件 {path} 已损坏（{why}）；请执行 fengxin reindex 重建，告警不受影响。"
FIELDS = (
    "school", "id", "kind", "platform", "account_id", "thread_id", "text", "polarity", "risk", "published_at",
    "fetched_at",
)  # fmt: skip
PUT = f"INSERT INTO documents VALUES (?{', ?' * len(FIELDS)})"


def _micro(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


class SqliteSearch(Search):
    """`sqlite:///path`; one file, WAL, safe for one writer and many readers in several processes."""

    def __init__(self, url: str) -> None:
        """The file is opened or made at the first use."""
        self._path = Path(url.removeprefix("sqlite:///"))
        self._conn: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._heed_removal()
            conn = self._conn or self._connect()
            with conn:
                yield conn
        except (OSError, sqlite3.DatabaseError) as error:
            self.close()
            if _corrupt(error):
                raise SearchDamaged(DAMAGED.format(path=self._path, why=error)) from error
            raise SearchUnavailable(f"检索库打不开或写不进（{self._path}）：{error}") from error

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        conn = sqlite3.connect(self._path, timeout=10, check_same_thread=False)
        try:
            conn.execute("PRAGMA journal_mode=WAL")
            conn.execute("PRAGMA synchronous=NORMAL")
            furnish(conn)
            self._file = _identity(self._path)
        except (OSError, sqlite3.DatabaseError):
            conn.close()
            raise
        self._conn = conn
        return conn

    def _heed_removal(self) -> None:
        """Where the file was taken away under an open connection, say so once; the next call makes or opens it."""
        if self._conn is not None and _identity(self._path) != self._file:
            self.close()
            if _rebuilt(self._path):
                raise SearchUnavailable(f"检索库文件 {self._path} 刚被 fengxin reindex 重建，将重新打开。")
            raise SearchDamaged(
                f"检索库文件 {self._path} 被移走或替换，将新建；请执行 fengxin reindex 补回以前的内容，告警不受影响。"
            )

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """As `_open`, alone from the first question on: what another process forgets must not be forgotten twice."""
        with self._open() as conn:
            conn.execute("BEGIN IMMEDIATE")
            yield conn

    def index(self, documents: Sequence[Document]) -> None:
        """One transaction for the batch."""
        newest: dict[tuple[str, str], Document] = {}
        for document in documents:
            known = newest.get((document.school, document.id))
            if known is None or known.fetched_at <= document.fetched_at:
                newest[document.school, document.id] = document
        _refuse_far(newest.values())
        with self._changing() as conn:
            there = _there(conn, list(newest))
            fresh = [one for key, one in newest.items() if there.get(key, (0, 0))[1] <= _micro(one.fetched_at)]
            _drop(conn, [there[key][0] for one in fresh if (key := (one.school, one.id)) in there])
            rows = _put(conn, fresh)
            cut_in(conn, sorted(zip(rows, (one.text for one in fresh), strict=True)))

    def find(self, query: Query) -> list[Document]:
        """Newest first by row id."""
        where, values = _where(query)
        if query.before is not None:
            where.append("d.row < ?")
            values.append(_micro(query.before) * ROOM)
        names = ", ".join(f"d.{name}" for name in FIELDS)
        sql = f"SELECT {names} {_tables(query)} WHERE {' AND '.join(where)} ORDER BY d.row DESC LIMIT ?"
        with self._open() as conn:
            rows = conn.execute(sql, (*values, query.limit)).fetchall()
        return [_document(row) for row in rows]

    def count(self, query: Query) -> int:
        """All that answer."""
        where, values = _where(query)
        with self._open() as conn:
            sql = f"SELECT count(*) {_tables(query)} WHERE {' AND '.join(where)}"
            return int(conn.execute(sql, values).fetchone()[0])

    def delete(self, school: str, ids: Sequence[str]) -> None:
        """By id."""
        with self._changing() as conn:
            for one in ids:
                found = conn.execute("SELECT row FROM documents WHERE school = ? AND id = ?", (school, one))
                _drop(conn, [row for (row,) in found.fetchall()])

    def clear(self) -> None:
        """Empty both tables; a corrupt file is replaced by a new one."""
        try:
            self._empty()
        except SearchUnavailable as error:
            if not isinstance(error, SearchDamaged) and error.__cause__ is not None:
                raise
            if _corrupt(error.__cause__):
                for end in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + end).unlink(missing_ok=True)
            self._empty()

    def _empty(self) -> None:
        with self._changing() as conn:
            conn.execute("DELETE FROM documents")
            conn.execute("INSERT INTO bigrams (bigrams) VALUES ('delete-all')")
            conn.execute(f"PRAGMA user_version = {REBUILT}")

    def healthy(self, *, whole: bool = False) -> None:
        """One small query on the file as it lies there now; `whole` walks every page (0.1 s for 65 MB)."""
        with self._open():
            fresh = sqlite3.connect(f"file:{quote(str(self._path))}?mode=ro", uri=True, timeout=10)
            try:
                fresh.execute("SELECT 1 FROM documents LIMIT 1").fetchone()
                found = fresh.execute("PRAGMA quick_check(1)").fetchone()[0] if whole else "ok"
            finally:
                fresh.close()
        if found != "ok":
            self.close()
            raise SearchDamaged(DAMAGED.format(path=self._path, why=str(found).splitlines()[-1]))

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies there, or None."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _rebuilt(path: Path) -> bool:
    """Whether a rebuild made the file that lies there."""
    try:
        fresh = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=10)
    except sqlite3.OperationalError:
        return False
    try:
        return bool(fresh.execute("PRAGMA user_version").fetchone()[0] == REBUILT)
    except sqlite3.DatabaseError:
        return False
    finally:
        fresh.close()


def _corrupt(error: BaseException | None) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _there(conn: sqlite3.Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
    """Row and time of fetching of what is known of (school, id)."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for school in {school for school, _ in keys}:
        ids = [one for owner, one in keys if owner == school]
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            marks = ",".join("?" * len(some))
            asked = f"SELECT id, row, fetched_at FROM documents WHERE school = ? AND id IN ({marks})"
            found |= {(school, one): (row, at) for one, row, at in conn.execute(asked, (school, *some))}
    return found


def _refuse_far(documents: Iterable[Document]) -> None:
    """A row's number follows time and ends in the year 2262."""
    far = {one.id: "发布时间在 2262 年以后" for one in documents if _micro(one.published_at) >= LATEST}
    if far:
        raise SearchRefused(far)


def _drop(conn: sqlite3.Connection, rows: Iterable[int]) -> None:
    """Forget rows with their pairs."""
    for row in sorted(rows):
        (text,) = conn.execute("SELECT text FROM documents WHERE row = ?", (row,)).fetchone()
        gone = pairs_of_texts([text])
        conn.execute("INSERT INTO bigrams (bigrams, rowid, tokens) VALUES ('delete', ?, ?)", (row, *gone))
        conn.execute("DELETE FROM documents WHERE row = ?", (row,))


def _put(conn: sqlite3.Connection, documents: Sequence[Document]) -> list[int]:
    """The documents themselves; gives their rows."""
    published = [_micro(one.published_at) for one in documents]
    rows = _free_rows(conn, [at * ROOM for at in published])
    conn.executemany(
        PUT,
        [
            (
                row, one.school, one.id, one.kind, one.platform, one.account_id, one.thread_id, one.text, one.polarity,
                one.risk, at, _micro(one.fetched_at),
            )
            for row, at, one in zip(rows, published, documents, strict=True)
        ],
    )  # fmt: skip
    return rows


def _free_rows(conn: sqlite3.Connection, rooms: Sequence[int]) -> list[int]:
    """A free row for each, in its room or, where that is full, in one after it."""
    free = _free(conn, set(rooms))
    found = []
    for first in rooms:
        room = first
        while free[room] >= room + ROOM:
            room += ROOM
            if room not in free:
                free |= _free(conn, [room])
        found.append(free[room])
        free[room] += 1
    return found


def _free(conn: sqlite3.Connection, rooms: Iterable[int]) -> dict[int, int]:
    """The first free row behind what each room holds."""
    asked = (
        f"SELECT value, (SELECT max(row) FROM documents WHERE row >= value AND row < value + {ROOM}) FROM json_each(?)"
    )
    held = conn.execute(asked, (json.dumps(sorted(rooms)),))
    return {room: room if last is None else last + 1 for room, last in held}


def _tables(query: Query) -> str:
    joined = " JOIN bigrams ON bigrams.rowid = d.row" if fold(query.words.strip()) else ""
    return f"FROM documents d{joined}"


def _where(query: Query) -> tuple[list[str], list[object]]:
    where, values = ["d.school = ?"], list[object]((query.school,))
    found = pairs_of_query(query.words)
    if found:
        where.append("bigrams MATCH ?")
        values.append(_phrase(found))
    for name in ("account_id", "kind", "polarity"):
        if value := getattr(query, name):
            where.append(f"d.{name} = ?")
            values.append(value)
    if query.since is not None:
        where.append("d.row >= ?")
        values.append(_micro(query.since) * ROOM)
    return where, values


def _phrase(found: list[str]) -> str:
    alone = len(found) == 1 and len(found[0]) == 1
    return f'"{" ".join(found)}"{"*" if alone else ""}'


def _document(row: tuple[object, ...]) -> Document:
    values = dict(zip(FIELDS, row, strict=True))
    for name in ("published_at", "fetched_at"):
        values[name] = EPOCH + int(str(values[name])) * MICROSECOND
    return Document(**values)  # type: ignore[arg-type]
