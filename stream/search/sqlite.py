"""Search on SQLite FTS5 over character pairs, in a file of its own. Row ids follow time, so newest first is free.

FTS5 keeps the pairs alone and no copy of them: what it must forget it is told by cutting the kept text again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from stream.search import (
    Document,
    Facets,
    Query,
    Renewal,
    Search,
    SearchDamaged,
    SearchRefused,
    SearchUnavailable,
    sqlite_next,
    sqlite_rows,
)
from stream.search.facets import ALL_RISKS, BEIJING, RISKS, gathered, micro_of, step_of
from stream.search.pairs import fold, pairs_of_query
from stream.search.sqlite_tables import REBUILT, WHOLE, connect, corrupt, identity

_BAND = f"CASE {' '.join(f'WHEN d.risk >= {one} THEN {one}' for one in reversed(RISKS))} END"
DAMAGED = "检索库文件 {path} 已损坏（{why}）；请执行 fengxin reindex 重建，告警不受影响。"


class SqliteSearch(Search):
    """`sqlite:///path`; one file, WAL, safe for one writer and many readers in several processes."""

    def __init__(self, url: str) -> None:
        """The file is opened or made at the first use."""
        self._path = Path(url.removeprefix("sqlite:///"))
        self._conn: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Speak of every trouble in our words."""
        try:
            yield
        except (OSError, sqlite3.DatabaseError) as error:
            self.close()
            if corrupt(error):
                raise SearchDamaged(DAMAGED.format(path=self._path, why=error)) from error
            raise SearchUnavailable(f"检索库打不开或写不进（{self._path}）：{error}") from error

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._said():
            self._heed_removal()
            conn = self._conn or self._connect()
            with conn:
                yield conn

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        conn = connect(self._path)
        try:
            self._file = identity(self._path)
        except OSError:
            conn.close()
            raise
        self._conn = conn
        return conn

    def _heed_removal(self) -> None:
        """Where the file was taken away under an open connection, say so once; the next call makes or opens it. One
        that a rebuild has put in its place answers at once."""
        if self._conn is not None and identity(self._path) != self._file:
            self.close()
            made = _mark(self._path)
            if made == WHOLE:
                return
            if made == REBUILT:
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
        """One transaction for the batch; one more for the file that is being filled, if there is one."""
        newest, far = sqlite_rows.newest_of(documents)
        with self._said(), sqlite_next.held(self._path):
            with self._changing() as conn:
                sqlite_rows.take_in(conn, newest)
            sqlite_next.also_take_in(self._path, newest)
        if far:
            raise SearchRefused(far)

    def find(self, query: Query) -> list[Document]:
        """Newest first by row id."""
        where, values = _where(query)
        if query.before is not None:
            where.append("d.row < ?")
            values.append(sqlite_rows.micro(query.before) * sqlite_rows.ROOM)
        names = ", ".join(f"d.{name}" for name in sqlite_rows.FIELDS)
        sql = f"SELECT {names} {_tables(query)} WHERE {' AND '.join(where)} ORDER BY d.row DESC LIMIT ?"
        with self._open() as conn:
            rows = conn.execute(sql, (*values, query.limit)).fetchall()
        return [_document(row) for row in rows]

    def count(self, query: Query) -> int:
        """All that answer."""
        where, values = _where(query)
        with self._open() as conn:
            sql = f"SELECT count(*) {_tables(query, words_first=True)} WHERE {' AND '.join(where)}"
            return int(conn.execute(sql, values).fetchone()[0])

    def facets(self, query: Query) -> Facets:
        """One pass over what answers."""
        where, values = _where(query)
        step = step_of(query)
        sql = (
            f"SELECT {_begin(step)}, d.platform, d.account_id, d.polarity, {_BAND}, count(*) "
            f"{_tables(query, words_first=True)} WHERE {' AND '.join(where)} GROUP BY 1, 2, 3, 4, 5"
        )
        with self._open() as conn:
            return gathered(conn.execute(sql, values), step)

    def delete(self, school: str, ids: Sequence[str]) -> None:
        """By id; also from the file that is being filled, which remembers not to take them in."""
        with self._said(), sqlite_next.held(self._path):
            with self._changing() as conn:
                sqlite_rows.take_out(conn, school, ids)
            sqlite_next.also_take_out(self._path, school, ids)

    def clear(self) -> None:
        """Empty both tables; a corrupt file is replaced by a new one. What was being filled is given up."""
        with self._said(), sqlite_next.held(self._path, alone=True):
            sqlite_next.give_up(self._path)
            try:
                self._empty()
            except SearchUnavailable as error:
                if not isinstance(error, SearchDamaged) and error.__cause__ is not None:
                    raise
                if corrupt(error.__cause__):
                    sqlite_next.remove(self._path)
                self._empty()

    def renew(self) -> Renewal:
        """A file beside this one."""
        with self._said():
            return sqlite_next.SqliteRenewal(self._path)

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


def _mark(path: Path) -> int:
    """How the file that lies there was made, or 0."""
    try:
        fresh = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=10)
    except sqlite3.OperationalError:
        return 0
    try:
        return int(fresh.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0
    finally:
        fresh.close()


def _tables(query: Query, *, words_first: bool = False) -> str:
    """`words_first`: a count goes through the rows of the words, and does not ask each row of the school for them."""
    if not fold(query.words.strip()):
        return "FROM documents d"
    if words_first:
        return "FROM bigrams CROSS JOIN documents d ON d.row = bigrams.rowid"
    return "FROM documents d JOIN bigrams ON bigrams.rowid = d.row"


def _where(query: Query) -> tuple[list[str], list[object]]:
    where, values = ["d.school = ?"], list[object]((query.school,))
    found = pairs_of_query(query.words)
    if found:
        where.append("bigrams MATCH ?")
        values.append(_phrase(found))
    for name in ("account_id", "kind", "polarity", "platform"):
        if value := getattr(query, name):
            where.append(f"d.{name} = ?")
            values.append(value)
    if (query.risk_from, query.risk_to) != ALL_RISKS:
        where.append("d.risk BETWEEN ? AND ?")
        values += [query.risk_from, query.risk_to]
    if query.until is not None:
        where.append("d.row < ?")
        values.append(sqlite_rows.micro(query.until) * sqlite_rows.ROOM)
    if query.since is not None:
        where.append("d.row >= ?")
        values.append(sqlite_rows.micro(query.since) * sqlite_rows.ROOM)
    return where, values


def _begin(step: timedelta) -> str:
    """Where the day or hour of a document begins, in microseconds; `%` of SQLite has the sign of what is divided."""
    span, shift = micro_of(step), micro_of(BEIJING)
    local = f"(d.published_at + {shift})"
    return f"{local} - ({local} % {span} + {span}) % {span} - {shift}"


def _phrase(found: list[str]) -> str:
    alone = len(found) == 1 and len(found[0]) == 1
    return f'"{" ".join(found)}"{"*" if alone else ""}'


def _document(row: tuple[object, ...]) -> Document:
    values = dict(zip(sqlite_rows.FIELDS, row, strict=True))
    for name in ("published_at", "fetched_at"):
        values[name] = sqlite_rows.EPOCH + int(str(values[name])) * sqlite_rows.MICROSECOND
    if values["indexed_at"] is not None:
        values["indexed_at"] = sqlite_rows.EPOCH + int(str(values["indexed_at"])) * sqlite_rows.MICROSECOND
    values["rebuilt"] = bool(values["rebuilt"])
    return Document(**values)  # type: ignore[arg-type]
