"""Appearance 账号显示: how the platform shows one of the school's registered accounts. Written by the crawlers.

One row for each way it was shown, from the first to the last look at it: its name, whether it is verified, and the
platform's own words where it says that the account is not there. What a look does not tell is as it was before. Only
accounts of the book are looked at, never anybody who comments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, Integer, Row, Table, Text, insert, select, update

from stream.store import metadata
from stream.store.types import Moment, Serial, Word

NAME_MOST = 100
LOOKS_TO_LOSE = 2
LOSE_OVER = timedelta(minutes=5)
"""An account counts as gone after so many looks in a row with the platform's own word for it, over so long at least,
where the settings do not say otherwise: one look that fails loses nothing."""

appearances = Table(
    "appearances",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("account_id", Word(100), nullable=False),
    Column("name", Word(NAME_MOST)),
    Column("verified", Boolean),
    Column("gone", Text, nullable=False),
    Column("lost", Boolean, nullable=False),
    Column("first_at", Moment(), nullable=False),
    Column("last_at", Moment(), nullable=False),
    Column("told_at", Moment()),
    Column("looks", Integer, nullable=False),
    Index(None, "school", "account_id", "id"),
)
"""`name` and `verified` are empty where the platform never told them; `gone`: its words that the account is not there,
empty where it is; `lost`: said often and long enough to be taken for so; `told_at`: the last look that told the name
(not every look does); `looks`: how many looks saw it so without a break."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one look tells of an account; None is not told. `gone` is the platform's own word that it is not there."""

    name: str | None = None
    verified: bool | None = None
    gone: str = ""


def saw(
    conn: Connection, school: str, account_id: str, shown: Shown, now: datetime, lose_over: timedelta = LOSE_OVER
) -> Row[Any]:
    """Keep what a look at `now` (aware) tells; gives the row as it stands."""
    last = newest(conn, school, account_id)
    name = shown.name if shown.name is not None or last is None else last.name
    verified = shown.verified if shown.verified is not None or last is None else last.verified
    if last is not None and (last.name, last.verified, bool(last.gone)) == (name, verified, bool(shown.gone)):
        still = update(appearances).where(appearances.c.id == last.id)
        told = now if shown.name is not None else last.told_at
        at, looks = max(now, last.last_at), last.looks + 1
        lost = bool(shown.gone) and looks >= LOOKS_TO_LOSE and at - last.first_at >= lose_over
        conn.execute(still.values(last_at=at, told_at=told, looks=looks, lost=lost))
    else:
        row = {
            "school": school, "account_id": account_id, "name": name, "verified": verified, "gone": shown.gone,
            "lost": False, "first_at": now, "last_at": now, "told_at": now if shown.name is not None else None,
            "looks": 1,
        }  # fmt: skip
        conn.execute(insert(appearances).values(**row))
    kept = newest(conn, school, account_id)
    assert kept is not None  # noqa: S101 (written just now)
    return kept


def newest(conn: Connection, school: str, account_id: str) -> Row[Any] | None:
    """How the account was shown last; None where no look told anything."""
    return conn.execute(_of(school, account_id).order_by(appearances.c.id.desc()).limit(1)).first()


def courses(conn: Connection, school: str) -> dict[str, list[Row[Any]]]:
    """Every way in which each account was shown, the oldest first."""
    found: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(select(appearances).where(appearances.c.school == school).order_by(appearances.c.id)):
        found.setdefault(row.account_id, []).append(row)
    return found


def _of(school: str, account_id: str) -> Any:
    return select(appearances).where(appearances.c.school == school, appearances.c.account_id == account_id)
