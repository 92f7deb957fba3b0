"""Rows: every table counted, fingerprinted and copied from one database to another, whichever two they are.

A fingerprint is the sum of the fingerprints of the rows, so it is the same in whatever order a database gives them, and
it is made of values as Python sees them: an instant in UTC, a document with sorted names, a whole number as such.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, insert, select, text

from deploy import migrations

AT_ONCE = 2000
_WIDTH = 16
_ALL = 1 << (8 * _WIDTH)


class Count(NamedTuple):
    """What a table holds: how many rows, and their fingerprint in hex."""

    rows: int
    digest: str


def every_table() -> list[Table]:
    """Every table of the store, each after those that it names."""
    return list(migrations.tables().sorted_tables)


def counted(conn: Connection) -> dict[str, Count]:
    """What each table holds."""
    return {table.name: _count(conn, table) for table in every_table()}


def _count(conn: Connection, table: Table) -> Count:
    total = number = 0
    for rows in _chunks(conn, table):
        number += len(rows)
        total += sum(_fingerprint(row) for row in rows)
    return Count(number, f"{total % _ALL:0{2 * _WIDTH}x}")


def _chunks(conn: Connection, table: Table) -> Iterator[list[Mapping[str, Any]]]:
    wanted = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=AT_ONCE)
    for part in conn.execute(wanted).mappings().partitions():
        yield [dict(row) for row in part]


def _fingerprint(row: Mapping[str, Any]) -> int:
    whole = json.dumps([_plain(value) for value in row.values()], ensure_ascii=True, sort_keys=True)
    return int.from_bytes(hashlib.blake2b(whole.encode(), digest_size=_WIDTH).digest(), "big")


def _plain(value: Any) -> Any:
    """A value as either database gives it back."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def filled(conn: Connection) -> list[str]:
    """The tables that hold anything."""
    return [
        table.name
        for table in every_table()
        if conn.execute(select(func.count()).select_from(select(table).limit(1).subquery())).scalar_one()
    ]


def copy(source: Connection, target: Connection) -> None:
    """Copy every table of one database into the empty tables of another, and set its counters behind what is there."""
    for table in every_table():
        for rows in _chunks(source, table):
            target.execute(insert(table), [dict(row) for row in rows])
    if target.dialect.name == "postgresql":
        for table in every_table():
            _set_counter(target, table)


def _set_counter(conn: Connection, table: Table) -> None:
    column = table.autoincrement_column
    if column is None:
        return
    named = {"table": table.name, "column": column.name}
    sequence = conn.execute(text("SELECT pg_get_serial_sequence(:table, :column)"), named).scalar()
    if sequence is not None:
        last = conn.execute(select(func.max(column))).scalar()
        given = {"sequence": sequence, "last": last or 1, "used": last is not None}
        conn.execute(text("SELECT setval(CAST(:sequence AS regclass), :last, :used)"), given)


def differences(wanted: Mapping[str, Count], found: Mapping[str, Count]) -> list[str]:
    """Where two sets of tables differ, a sentence for each."""
    odd = []
    for name in sorted({*wanted, *found}):
        one, other = wanted.get(name, Count(0, "")), found.get(name, Count(0, ""))
        if one.rows != other.rows:
            odd.append(f"表 {name} 应有 {one.rows} 行，实有 {other.rows} 行")
        elif one.digest != other.digest:
            odd.append(f"表 {name} 行数相同（{one.rows}），内容不同")
    return odd
