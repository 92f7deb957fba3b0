"""The incident: one matter that damages the school, what is frozen with it, who belongs to it, what happened to it.

One incident per matter is a constraint of the store: `open_keys(school, key)` is unique. Every change is a line of the
log (`entries`) and, where a person made it, a row of the audit. Nothing here sends; notices leave through the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from escalation import numbering
from escalation.incident.state import Event, State, step
from escalation.people import Role
from stream.store import insert_new, metadata
from stream.store.types import Json, Moment, Serial, Word

NUMBER_LOCK = 730_042
"""Key of the advisory lock under which PostgreSQL's writers count incidents; on SQLite there is one writer anyway."""
LEVELS = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ"}

incidents = (
    Table(  # level_by_machine: at the opening; level_found: the gravest since; resumed_at: reopened or rekindled
        "incidents",
        metadata,
        Column("id", Serial, primary_key=True, autoincrement=True),
        Column("school", Word(32), nullable=False),
        Column("number", Word(32), nullable=False),
        Column("title", Text, nullable=False),
        Column("theme", Word(32), nullable=False),
        Column("triggers", Json, nullable=False),
        Column("dangers", Json, nullable=False),  # kind, words and time of each that was told
        Column("state", Word(16), nullable=False),
        Column("level", Integer, nullable=False),
        Column("level_by_machine", Integer, nullable=False),
        Column("level_found", Integer),
        Column("level_by_person", Integer),
        Column("risk", Integer, nullable=False),
        Column("reasons", Json, nullable=False),
        Column("account_id", Word(100), nullable=False),
        Column("thread_id", Word(200), nullable=False),
        Column("first_post_id", Word(200), nullable=False),
        Column("opening_post_id", Word(200), nullable=False),
        Column("unit", Word(100), nullable=False),
        Column("concerned", Word(100)),  # as a person said (escalation/concerned.py); unit is the account's
        Column("assignee", Word(100)),
        Column("detected_at", Moment(), nullable=False),
        Column("opened_at", Moment(), nullable=False),
        Column("confirmed_at", Moment()),
        Column("confirmed_by", Word(64)),
        Column("closed_at", Moment()),
        Column("late", Boolean, nullable=False),
        Column("trial", Boolean, nullable=False),
        Column("rehearsal", Boolean, nullable=False),
        Column("care", Boolean, nullable=False),
        Column("renewed_at", Moment()),
        Column("resumed_at", Moment()),
        Column("frozen", Json, nullable=False),
        Index("uq_incidents_number", "school", "number", unique=True),
        Index(None, "school", "opened_at"),
    )
)

open_keys = Table(
    "open_keys",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("key", Word(300), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("incident_id", ForeignKey("incidents.id"), primary_key=True),
    Column("school", Word(32), primary_key=True),
    Column("post_id", Word(200), primary_key=True),
    Column("joined_at", Moment(), nullable=False),
    Column("risk", Integer, nullable=False),
    Index(None, "school", "post_id"),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("heading", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("actor", Word(100), nullable=False),
    Column("article", Text, nullable=False),
    Index(None, "incident_id", "at"),
)


class EntryKind(StrEnum):
    """The kinds of a log line, each with its own glyph at the desk."""

    MACHINE = "machine"
    PERSON = "person"
    NOTICE = "notice"
    RECEIPT = "receipt"
    PLATFORM = "platform"
    LEVEL = "level"
    DEADLINE = "deadline"
    DELIVERY = "delivery"
    CHASE = "chase"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a named person with roles, or the machine. `stead`: the person, away now, in whose stead they act."""

    id: str
    name: str
    roles: frozenset[Role] | None
    ip: str = ""
    stead: str = ""


MACHINE = Actor("machine", "系统", None)


def next_number(conn: Connection, school: str, now: datetime, *, rehearsal: bool) -> str:
    """`FX-2026-0147`, counted per school and Shanghai year; rehearsals count apart as `YL-2026-0003`."""
    return numbering.next_number(conn, incidents, "YL" if rehearsal else "FX", school, now, lock=NUMBER_LOCK)


def open_incident(conn: Connection, row: Mapping[str, Any], keys: Sequence[str]) -> int:
    """Write a new incident with its open keys; raises MatterTaken where a key already belongs to another."""
    incident_id = int(conn.execute(insert(incidents).values(**row).returning(incidents.c.id)).scalar_one())
    new = claim_keys(conn, str(row["school"]), keys, incident_id)
    if len(new) < len(set(keys)):
        raise MatterTaken("、".join(sorted(set(keys) - set(new))))
    return incident_id


class MatterTaken(Exception):
    """One of the keys belongs to an incident that somebody else opened meanwhile; roll back and look again."""


def claim_keys(conn: Connection, school: str, keys: Sequence[str], incident_id: int) -> list[str]:
    """Point free keys at the incident; gives those that were free."""
    rows = [{"school": school, "key": key, "incident_id": incident_id} for key in sorted(set(keys))]
    return [row[0] for row in insert_new(conn, open_keys, rows, key=["school", "key"], returning=["key"])]


def repoint_keys(conn: Connection, from_id: int, to_id: int, keys: Sequence[str] | None = None) -> list[str]:
    """Point the keys of one incident (all, or these of its own) at another one; gives those that moved, sorted."""
    own = open_keys.c.incident_id == from_id
    if keys is not None:
        own &= open_keys.c.key.in_(list(keys))
    moved = conn.execute(update(open_keys).where(own).values(incident_id=to_id).returning(open_keys.c.key))
    return sorted(moved.scalars())


def release_keys(conn: Connection, incident_id: int) -> list[str]:
    """Free the keys of an incident that ended, so that the same matter can be opened anew; gives them, sorted."""
    gone = conn.execute(delete(open_keys).where(open_keys.c.incident_id == incident_id).returning(open_keys.c.key))
    return sorted(gone.scalars())


def join(conn: Connection, incident_id: int, school: str, post_ids: Sequence[str], risk: int, now: datetime) -> int:
    """Add posts to an incident; gives how many were new to it."""
    rows = [
        {"incident_id": incident_id, "school": school, "post_id": post_id, "joined_at": now, "risk": risk}
        for post_id in dict.fromkeys(post_ids)
    ]
    return len(insert_new(conn, members, rows, returning=["post_id"]))


_LINE = insert(entries)


def log(
    conn: Connection,
    incident_id: int,
    now: datetime,
    kind: EntryKind,
    heading: str,
    text: str = "",
    *,
    actor: str = MACHINE.name,
    article: str = "",
) -> None:
    """Write one line of the incident's log; lines are never edited."""
    conn.execute(_LINE, {
        "incident_id": incident_id, "at": now, "kind": kind, "heading": heading, "text": text, "actor": actor,
        "article": article,
    })  # fmt: skip


def advance(conn: Connection, incident_id: int, event: Event, roles: frozenset[Role] | None) -> State:
    """Take one step of the state table. Raises IllegalStep, or StateMoved where somebody else was quicker."""
    now_state = State(conn.execute(select(incidents.c.state).where(incidents.c.id == incident_id)).scalar_one())
    after = step(now_state, event, roles)
    changed = conn.execute(
        update(incidents).where(incidents.c.id == incident_id, incidents.c.state == now_state).values(state=after)
    )
    if changed.rowcount != 1:
        raise StateMoved("这一事件刚被他人处理，请刷新后再试。未作任何更改。")
    return after


class StateMoved(Exception):
    """The incident's state changed between reading and writing."""
