"""The account book: only what watching needs to know of a registered account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Table, bindparam, select

from stream.store import metadata, put
from stream.store.types import Moment, Word


@dataclass(frozen=True, slots=True)
class Account:
    """One registered account of the school. `watch_from`: what was published before it opens nothing (design §5)."""

    school: str
    id: str
    platform: str
    name: str
    native_id: str
    unit: str
    route: str
    watch_from: datetime
    main: bool = False
    active: bool = True


accounts = Table(
    "accounts",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("id", Word(100), primary_key=True),
    Column("platform", Word(32), nullable=False),
    Column("name", Word(100), nullable=False),
    Column("native_id", Word(100), nullable=False),
    Column("unit", Word(100), nullable=False),
    Column("route", Word(32), nullable=False),
    Column("watch_from", Moment(), nullable=False),
    Column("main", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
)


def enter(conn: Connection, entries: Sequence[Account]) -> None:
    """Enter accounts into the book, or bring them up to date."""
    put(conn, accounts, [{name: getattr(entry, name) for name in Account.__slots__} for entry in entries])


_BOOK = (
    select(*(accounts.c[name] for name in Account.__slots__))
    .where(accounts.c.school == bindparam("house"))
    .order_by(accounts.c.id)
)


def book(conn: Connection, school: str) -> dict[str, Account]:
    """Every account of the school, by id."""
    return {one.id: one for one in (Account(*row) for row in conn.execute(_BOOK, {"house": school}))}
