"""The store: the record of everything. SQLite by default, PostgreSQL for many machines; the URL's scheme chooses.

The contract, the same on both:

* `write()` is one transaction. It commits when the block ends and rolls back when it raises. On SQLite writers are
  serialised from the first statement (`BEGIN IMMEDIATE`), on PostgreSQL rows decide: whoever needs more says so with
  a conditional `UPDATE` and counts the rows it changed.
* `read()` never blocks a writer and must not write.
* What a committed block wrote survives a killed process and a power cut (`synchronous=FULL`, `synchronous_commit=on`).
* `run(block)` is `write()` for a block that may run twice: where PostgreSQL ends one of two transactions that wait for
  each other (deadlock, serialisation), the block runs again from its first statement, up to RUNS times in all.
* A lost connection raises StoreUnavailable; nothing of the block is there; the same block may be tried again. One that
  the database refuses (a password, a certificate) raises StoreRefused.
* No error's text holds a value of a row: comments and hashes would stand in the logs.
* Outbox workers pass over rows that another holds (`with_for_update(skip_locked=True)`; SQLite ignores it, one writes
  there at a time) and what belongs together is held by its name (`hold_name`): nobody waits, nobody takes a row twice.
* Rows are made with `insert_new` where a second attempt must change nothing: it says which rows were new;
  `add_new` does not say it and costs far less. `put_all` is so to `put`, and `Among` asks about many keys (`lot.py`).
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Insert, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.dml import ReturningInsert

from stream.store.held import hold_name as hold_name
from stream.store.lot import Among as Among
from stream.store.lot import add_new as add_new
from stream.store.lot import as_driven as as_driven
from stream.store.lot import from_driver as from_driver
from stream.store.lot import put_all as put_all
from stream.store.types import metadata as metadata

BUSY_SECONDS = 20
RUNS = 4
"""How often a block runs in all before a clash with other transactions is told to its caller."""
CLASHES = frozenset({"40P01", "40001"})
"""SQLSTATE of a deadlock and of a serialisation failure: the same block may well succeed when it runs again."""
FULL = "所在磁盘已满；请腾出空间或加盘，之后自动继续，未写入的不会丢失"
PATIENT: Mapping[str, Any] = {
    "connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}  # fmt: skip
"""For libpq: a machine that no longer answers is given up within a minute, not after a quarter of an hour or never."""
REFUSED = re.compile(
    r'authentication failed|no password supplied|no pg_hba\.conf entry|role "[^"]*" does not exist|certificate|'
    r"does not support SSL"
)
"""In the words of libpq and PostgreSQL, which tell no code for a connection that they refuse."""
T = TypeVar("T")
SCHEMES = ("sqlite", "postgresql+psycopg")


class StoreUnavailable(Exception):
    """The store could not be reached or gave up; nothing was written; try again later."""


class StoreRefused(StoreUnavailable):
    """The database is there and does not take our name or password, or we do not trust it: it waits for a person."""


class StoreClash(StoreUnavailable):
    """Another transaction stood in the way of this one and was let through; nothing was written; try again now."""


class Store:
    """One database. Cheap to make; connections are pooled, on SQLite as long as the file under its path is the same.

    Until `close`, what SQLite wrote may stand in the file beside (`-wal`): who copies the file closes first.
    """

    def __init__(self, url: str, *, lasting: bool = True, patience: float | None = None) -> None:
        """Open `sqlite:///path` or `postgresql+psycopg://…`. Raises ValueError for any other scheme.

        `lasting=False`: a file that is thrown away after its use, as in a rehearsal; no write waits for the disk.
        `patience`: after so many seconds of waiting for others StoreUnavailable is raised (SQLite: BUSY_SECONDS;
        PostgreSQL: never, where nothing is given).
        """
        parsed = make_url(url)
        if parsed.drivername not in SCHEMES:
            raise ValueError(f"store：不认识的地址前缀“{parsed.drivername}”，可用：{'、'.join(SCHEMES)}")
        self.sqlite = parsed.drivername == "sqlite"
        if self.sqlite:
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError("store：SQLite 须写文件路径，例如 sqlite:///data/store.db")
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(
                parsed, connect_args={"timeout": BUSY_SECONDS if patience is None else patience}, hide_parameters=True,
                pool_size=4, max_overflow=-1, pool_use_lifo=True,
            )  # fmt: skip
            event.listen(self.engine, "connect", _prepare_sqlite)
            if not lasting:
                event.listen(self.engine, "connect", _hasten_sqlite)
            _follow_file(self.engine, parsed.database)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            told = dict(PATIENT) | ({} if patience is None else _hasty(patience))
            self.engine = create_engine(
                parsed, pool_pre_ping=True, pool_size=4, max_overflow=8, hide_parameters=True,
                connect_args={name: value for name, value in told.items() if name not in parsed.query},
            )  # fmt: skip
        self._reading = self.engine.execution_options(fengxin_write=False)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write."""
        with self._block(write=True) as conn:
            yield conn

    def run(self, block: Callable[[Connection], T]) -> T:
        """Run `block` in one transaction that may write, and give what it gave; anew after a clash with another one.

        The block must be repeatable: it reads what it needs itself, and does nothing outside the store. Raises what
        `write` raises, StoreClash where it clashed RUNS times.
        """
        for left in reversed(range(RUNS)):
            try:
                with self.write() as conn:
                    return block(conn)
            except StoreClash:
                if not left:
                    raise
        raise AssertionError("unreachable")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view."""
        with self._block(write=False) as conn:
            yield conn

    @contextmanager
    def _block(self, *, write: bool) -> Iterator[Connection]:
        try:
            with (self.engine if write else self._reading).begin() as conn:
                yield conn
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) in CLASHES:
                raise StoreClash("存储忙：与另一操作相互等待，本次未写入任何内容，请稍后再试") from error
            kind = StoreRefused if REFUSED.search(str(error.orig)) else StoreUnavailable
            raise kind(f"存储暂不可用：{FULL if _full(error) else error.orig}") from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise StoreUnavailable(f"存储连接中断：{error.orig}") from error
            _hide_values(error)
            raise

    def close(self) -> None:
        """Give back every pooled connection."""
        self.engine.dispose()


def _hasty(patience: float) -> dict[str, Any]:
    """What libpq is told by whom who does not wait long."""
    limit = int(patience * 1000)
    return {
        "connect_timeout": max(2, int(patience)),
        "options": f"-c lock_timeout={limit} -c statement_timeout={limit}",
    }


def _full(error: OperationalError) -> bool:
    """Whether the database found no room on its disk."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_FULL or getattr(error.orig, "sqlstate", None) == "53100"


def _hide_values(error: DBAPIError) -> None:
    """PostgreSQL names the row's values in a DETAIL line; keep only what is wrong."""
    primary = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    if primary and error.orig is not None:
        kind = type(error.orig)
        error.orig.args = (primary,)
        error.args = (f"({kind.__module__}.{kind.__name__}) {primary}",)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-32000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _hasten_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _follow_file(engine: Engine, path: str) -> None:
    """A connection to a file that was taken away or replaced is not used again: what it writes, nobody would read."""

    def opened(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _file_at(path)

    def taken(_connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        if record.info["file"] != _file_at(path):
            raise DisconnectionError("store file replaced")

    event.listen(engine, "connect", opened)
    event.listen(engine, "checkout", taken)


def _file_at(path: str) -> tuple[int, int] | None:
    """Which file lies under a path; None: none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin_sqlite(conn: Connection) -> None:
    write = conn.get_execution_options().get("fengxin_write", True)
    conn.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def insert_new(
    conn: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str] | None = None,
    where: ColumnElement[bool] | None = None,
    returning: Sequence[str] | None = None,
) -> list[tuple[Any, ...]]:
    """Insert rows, leaving alone those whose `key` (default: the primary key) exists; give columns of the new ones.

    Only a clash of that key is passed over; any other constraint still raises. `where`: the condition of a partial
    unique index. `returning` defaults to the key.
    """
    if not rows:
        return []
    target = tuple(key or (column.name for column in table.primary_key))
    made = _insert_new if where is None else _insert_new.__wrapped__  # conditions are not to be compared
    statement = made(conn.dialect.name, table, target, tuple(returning or target), where)
    return [tuple(row) for row in conn.execute(statement, [dict(row) for row in rows])]


@cache
def _insert_new(
    dialect: str, table: Table, target: tuple[str, ...], returning: tuple[str, ...], where: ColumnElement[bool] | None
) -> ReturningInsert[Any]:
    """The statement of `insert_new`; making one takes longer than running it."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    made = insert(table).on_conflict_do_nothing(index_elements=target, index_where=where)
    return made.returning(*(table.c[name] for name in returning))


def put(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or set every given column where the primary key exists."""
    if not rows:
        return
    conn.execute(_put(conn.dialect.name, table, tuple(rows[0])), [dict(row) for row in rows])


@cache
def _put(dialect: str, table: Table, names: tuple[str, ...]) -> Insert:
    """The statement of `put`; making one takes longer than running it."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(table)
    key = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in names if name not in key}
    if not changed:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(index_elements=key, set_=changed)
