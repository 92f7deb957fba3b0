"""Positions: how far each reader of the log has come, moved in the same transaction as the reader's effects.

`UPDATE … SET next = :to WHERE reader AND partition AND next = :from`: when no row changes, another member of the group
has the partition, and the whole transaction must be rolled back. This fences a paused reader on either log.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, select, update

from stream.store import insert_new, metadata
from stream.store.types import Word

positions = Table(
    "positions",
    metadata,
    Column("reader", Word(64), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next", BigInteger, nullable=False),
)


class Fenced(Exception):
    """Another member of the group moved this position; roll back and read again from the stored one."""


def stored(conn: Connection, reader: str, partitions: Collection[int]) -> dict[int, int]:
    """The next offset to read, per partition that has one."""
    rows = conn.execute(
        select(positions.c.partition, positions.c.next).where(
            positions.c.reader == reader, positions.c.partition.in_(list(partitions))
        )
    )
    return {row.partition: row.next for row in rows}


def standing(conn: Connection, reader: str) -> dict[int, int]:
    """The next offset that a reader will read, of every partition that it has read of."""
    rows = conn.execute(select(positions.c.partition, positions.c.next).where(positions.c.reader == reader))
    return {row.partition: row.next for row in rows}


def advance(conn: Connection, reader: str, partition: int, start: int | None, end: int) -> None:
    """Move a position from `start` (None: there was none) to `end`. Raises Fenced where somebody else moved it."""
    if start is None:
        row = {"reader": reader, "partition": partition, "next": end}
        if not insert_new(conn, positions, [row]):
            raise Fenced(f"{reader}/{partition}")
        return
    moved = conn.execute(
        update(positions)
        .where(positions.c.reader == reader, positions.c.partition == partition, positions.c.next == start)
        .values(next=end)
    )
    if moved.rowcount != 1:
        raise Fenced(f"{reader}/{partition}")
