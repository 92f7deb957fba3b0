"""Lot: many rows written, or many keys asked about, in one go by the driver itself.

A statement of SQLAlchemy costs some hundred microseconds beside what the database does, and each value some more; a
batch of the watch has dozens of the one and ten thousands of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import JSON, ColumnElement, Connection, Dialect, Select, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from stream.store.types import Word

Fit = Callable[[Sequence[Any]], Sequence[Any]]
"""Makes the values of a column the driver's."""
MOST, LEAST = 1024, 16
"""Keys of one question. There are fewer sizes than numbers, so that few statements are made and all are known again."""


def add_new(
    conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, key: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """As `insert_new`, for whoever need not know which rows were new: the driver is handed them all at once.

    Every row gives the same columns, or at least `names`; a column's default in Python is not applied.
    """
    if not rows:
        return
    target = tuple(key or (column.name for column in table.primary_key))
    _write(conn, _insert(conn.dialect, table, target, tuple(names or rows[0])), rows)


def put_all(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """As `put`, by the driver: every row gives the same columns; a column's default in Python is not applied."""
    if not rows:
        return
    key = tuple(column.name for column in table.primary_key)
    _write(conn, _insert(conn.dialect, table, key, tuple(rows[0]), put=True), rows)


def _write(
    conn: Connection, written: tuple[str, Sequence[tuple[str, Fit | None]]], rows: Sequence[Mapping[str, Any]]
) -> None:
    sql, fits = written
    wanted = itemgetter(*[name for name, _ in fits])
    values = zip(*map(wanted, rows), strict=True) if len(fits) > 1 else [tuple(map(wanted, rows))]
    columns = [fit(some) if fit else some for some, (_, fit) in zip(values, fits, strict=True)]
    conn.exec_driver_sql(sql, _given(conn.dialect, [name for name, _ in fits], list(zip(*columns, strict=True))))


def _given(dialect: Dialect, names: Sequence[str], lots: list[tuple[Any, ...]]) -> Any:
    return lots if dialect.positional else [dict(zip(names, lot, strict=True)) for lot in lots]


@lru_cache(maxsize=64)
def _insert(
    dialect: Dialect, table: Table, target: tuple[str, ...], names: tuple[str, ...], *, put: bool = False
) -> tuple[str, tuple[tuple[str, Fit | None], ...]]:
    """The words of `add_new` or `put_all`; in their order the columns, with what makes their values the driver's."""
    insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in names if put and name not in target}
    if changed:
        statement = statement.on_conflict_do_update(index_elements=target, set_=changed)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=target)
    compiled = statement.inline().compile(dialect=dialect, column_keys=list(names))
    order = tuple(compiled.positiontup or ()) if dialect.positional else names
    return str(compiled), tuple((name, _fit(table.c[name].type, dialect)) for name in order)


def _fit(kind: TypeEngine[Any], dialect: Dialect) -> Fit | None:
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    if isinstance(kind, Word):
        return kind.fit_all
    if process is None:
        return None
    if isinstance(kind, JSON):
        return partial(_written_once, process)
    return lambda values: list(map(process, values))


def _written_once(process: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    """Each document made words once, however many rows hold it: most lines have no hit, and the same few reasons."""
    written: dict[int, Any] = {}
    for value in values:
        if id(value) not in written:
            written[id(value)] = process(value)
    return [written[id(value)] for value in values]


@dataclass(frozen=True, eq=False, slots=True)
class Among:
    """A question about many keys: rows of `statement` whose `column` is one of them.

    Its answer comes as the driver gives it, which of words and whole numbers is what was kept; of anything else
    `from_driver` makes that, and `as_driven` what it can be compared with.
    """

    statement: Select[Any]
    column: ColumnElement[Any]

    def ask(self, conn: Connection, keys: Sequence[Any], **given: Any) -> list[Any]:
        """The rows, in no order; a key that is asked twice gives its rows once or twice."""
        found: list[Any] = []
        if not keys:
            return found
        halves = _halves(conn.dialect, self)
        told = [(name, given.get(name, value), fit) for name, value, fit in halves.others]
        values = {name: fit(value) if fit else value for name, value, fit in told}
        for start in range(0, len(keys), MOST):
            some = [_sought(key) for key in keys[start : start + MOST]]
            size = max(LEAST, 1 << (len(some) - 1).bit_length())
            some += some[-1:] * (size - len(some))
            sql = _question(conn.dialect, self, size)
            asked: Any = (*(values[name] for name in halves.before), *some, *(values[name] for name in halves.after))
            if not conn.dialect.positional:
                asked = values | dict(zip(_slots(size), some, strict=True))
            found += conn.exec_driver_sql(sql, asked).all()
        return found


def as_driven(conn: Connection, kind: TypeEngine[Any]) -> Callable[[Any], Any]:
    """What makes a value of a column of this kind the driver's, as `Among` asks it and gives it."""
    return kind.dialect_impl(conn.dialect).bind_processor(conn.dialect) or _as_it_is


def from_driver(dialect: Dialect, kind: TypeEngine[Any], value: Any) -> Any:
    """What a value of a column of this kind, as `Among` gives it, was when it was kept."""
    process = kind.dialect_impl(dialect).result_processor(dialect, None)
    return process(value) if process is not None else value


def _as_it_is(value: Any) -> Any:
    return value


def _sought(value: Any) -> Any:
    """As `types.Sought`: a NUL, which no column holds, is not for PostgreSQL."""
    return value.replace("\x00", "\ufffd") if isinstance(value, str) and "\x00" in value else value


@lru_cache(maxsize=16)
def _slots(size: int) -> tuple[str, ...]:
    return tuple(f"key_{at}" for at in range(size))


@lru_cache(maxsize=256)
def _question(dialect: Dialect, among: Among, size: int) -> str:
    """The words for so many keys."""
    holes = ["?"] * size if dialect.positional else [f"%({name})s" for name in _slots(size)]
    halves = _halves(dialect, among)
    return halves.first + ", ".join(holes) + halves.last


class _Halves(NamedTuple):
    """What stands before and behind the keys; the parameters there; of each its own value and what fits it."""

    first: str
    last: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    others: tuple[tuple[str, Any, Callable[[Any], Any] | None], ...]


@lru_cache(maxsize=32)
def _halves(dialect: Dialect, among: Among) -> _Halves:
    """Made once and without the keys: a statement of a thousand parameters takes long to make."""
    compiled = among.statement.where(among.column.in_([literal_column(_KEYS)])).compile(dialect=dialect)
    first, _, last = str(compiled).partition(_KEYS)
    order = tuple(compiled.positiontup or ())
    at = first.count("?")
    others = tuple(
        (name, compiled.binds[name].value, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
        for name in compiled.params
    )
    return _Halves(first, last, order[:at], order[at:], others)


_KEYS = "/*keys*/"
