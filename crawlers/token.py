"""Tokens 授权: kept in the store for every process together, renewed by one of them under a lease.

Two holders that each renew are the classic outage, so whoever meets an ended token says which generation it held: a
newer one in the store is simply used, and only one worker gets the lease to renew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Connection, Integer, Table, Text, or_, select, update

from stream.store import insert_new, metadata
from stream.store.types import Moment, Word

LEASE = timedelta(seconds=30)
AHEAD = timedelta(seconds=30)
"""By so much the clocks of two machines may differ; what lies further ahead was written by a clock since put right."""
EARLY = timedelta(minutes=5)
"""A token this close to its end is renewed before it is used."""
REMINDERS = (1, 3, 7)
"""Days before the end of a token that only a person can renew, at which coverage says so."""

tokens = Table(
    "tokens",
    metadata,
    Column("name", Word(150), primary_key=True),
    Column("value", Text, nullable=False),
    Column("until", Moment()),
    Column("generation", Integer, nullable=False),
    Column("credential", Word(64), nullable=False),
    Column("renewing_by", Word(100)),
    Column("renewing_until", Moment()),
    Column("taken_by", Word(100)),
    Column("taken_until", Moment()),
)
"""`credential`: a hash of what it was made with; another one means that a person has changed it. `taken_by`: whose
crawl has the token now (one at a time)."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token's value (never printed), its end (aware UTC, None: unknown) and its generation."""

    value: str
    until: datetime | None
    generation: int

    def __repr__(self) -> str:
        return f"Token(generation={self.generation}, until={self.until})"

    def fresh(self, now: datetime) -> bool:
        """Whether it can be used at `now`."""
        return bool(self.value) and (self.until is None or self.until - EARLY > now)


def credential_mark(*parts: str) -> str:
    """A hash by which a changed credential is noticed; says nothing about it."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def enter(conn: Connection, name: str, credential: str, value: str = "", until: datetime | None = None) -> bool:
    """Enter a route's credential; True where a person has changed it, so that what had stopped may start again."""
    row = {"name": name, "value": value, "until": until, "generation": 0, "credential": credential}
    if insert_new(conn, tokens, [row]):
        return False
    changed = conn.execute(
        update(tokens)
        .where(tokens.c.name == name, tokens.c.credential != credential)
        .values(credential=credential, value=value, until=until, generation=tokens.c.generation + 1)
    )
    return changed.rowcount == 1


def current(conn: Connection, name: str) -> Token:
    """The token in the store. Raises KeyError for an unknown name."""
    row = conn.execute(select(tokens.c.value, tokens.c.until, tokens.c.generation).where(tokens.c.name == name)).first()
    if row is None:
        raise KeyError(name)
    return Token(row.value, row.until, row.generation)


def is_free(held_until: Column[datetime | None], now: datetime, until: datetime) -> ColumnElement[bool]:
    """Nobody holds it, or no longer; or longer than `until`, to which we would hold it: by a clock that was ahead."""
    return or_(held_until.is_(None), held_until <= now, held_until > until + AHEAD)


def lease(conn: Connection, name: str, me: str, held: int, now: datetime) -> bool:
    """Take the lease to renew generation `held`; False where another has it or there is a newer token."""
    won = conn.execute(
        update(tokens)
        .where(tokens.c.name == name, tokens.c.generation == held)
        .where(is_free(tokens.c.renewing_until, now, now + LEASE))
        .values(renewing_by=me, renewing_until=now + LEASE)
    )
    return won.rowcount == 1


def renew(conn: Connection, name: str, me: str, value: str, until: datetime) -> bool:
    """Put a new token in the place of the old one and give the lease back; False where the lease was lost meanwhile."""
    done = conn.execute(
        update(tokens)
        .where(tokens.c.name == name, tokens.c.renewing_by == me)
        .values(value=value, until=until, generation=tokens.c.generation + 1, renewing_by=None, renewing_until=None)
    )
    return done.rowcount == 1


def give_up(conn: Connection, name: str, me: str) -> None:
    """Give the lease back without a new token."""
    conn.execute(
        update(tokens)
        .where(tokens.c.name == name, tokens.c.renewing_by == me)
        .values(renewing_by=None, renewing_until=None)
    )


def take_turn(conn: Connection, name: str, me: str, now: datetime, until: datetime) -> bool:
    """Have the token for one crawl: one at a time over all processes."""
    won = conn.execute(
        update(tokens)
        .where(tokens.c.name == name, is_free(tokens.c.taken_until, now, until))
        .values(taken_by=me, taken_until=until)
    )
    return won.rowcount == 1


def end_turn(conn: Connection, name: str, me: str) -> None:
    """Give the token back after a crawl."""
    conn.execute(
        update(tokens).where(tokens.c.name == name, tokens.c.taken_by == me).values(taken_by=None, taken_until=None)
    )


def reminder(until: datetime | None, now: datetime) -> str:
    """What coverage says of a token that a person must renew: at 7, 3 and 1 days, and when it has ended; else empty."""
    if until is None:
        return ""
    if until <= now:
        return "授权已到期，请账号管理人员立即重新授权"
    days = (until - now) / timedelta(days=1)
    due = next((limit for limit in REMINDERS if days <= limit), None)
    return f"授权将在 {due} 天内到期，请账号管理人员重新授权" if due else ""
