"""A finding on the school's own accounts 发布核对: spoken without leave, on a held subject, or not submitted.

Found by the watch, cited by article, told to whom the pack names; a person decides what it was, with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Row, Table, Text, select

from escalation import paper
from escalation.breach.state import BREACH, STATE_WORDS, UNIT, Event, State
from escalation.deed import incident_of
from escalation.incident import Actor, EntryKind, log
from escalation.paper import Noun
from escalation.people import Role
from escalation.state_table import IllegalStep
from stream.post import Post
from stream.store import insert_new, metadata
from stream.store.types import Moment, Serial, Word


class Kind(StrEnum):
    """What was found."""

    UNAUTHORISED = "unauthorised"
    HELD = "held"
    UNSUBMITTED = "unsubmitted"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: by which article or default, why, and whose hold was broken where it was one."""

    kind: Kind
    basis: str
    why: str
    held_incident_id: int | None = None


KIND_WORDS = {
    Kind.UNAUTHORISED: "擅自发声：没有授权",
    Kind.HELD: "擅自发声：暂停发声的事项",
    Kind.UNSUBMITTED: "未送审",
}

breaches = Table(
    "breaches",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("number", Word(32), nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("account_id", Word(100), nullable=False),
    Column("unit", Word(100), nullable=False),
    Column("post_id", Word(200), nullable=False),
    Column("revision", Word(16), nullable=False),
    Column("text_hash", Word(64), nullable=False),
    Column("published_at", Moment(), nullable=False),
    Column("found_at", Moment(), nullable=False),
    Column("basis", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("incident_id", ForeignKey("incidents.id")),
    Column("held_incident_id", ForeignKey("incidents.id")),
    Column("state", Word(16), nullable=False),
    Column("explained_by", Word(64)),
    Column("explained_at", Moment()),
    Column("explanation", Text),
    Column("decided_by", Word(64)),
    Column("decided_at", Moment()),
    Column("decided_why", Text),
    Index("uq_breaches_post", "school", "post_id", "kind", "revision", unique=True),
    Index("uq_breaches_number", "school", "number", unique=True),
    Index(None, "incident_id"),
)
OPEN = frozenset({State.FOUND, State.EXPLAINED})


def record(
    conn: Connection, post: Post, unit: str, kind: Kind, basis: str, why: str, now: datetime, *,
    incident_id: int | None = None, held_incident_id: int | None = None,
) -> str | None:  # fmt: skip
    """Write a finding down once per post, kind and revision; gives its number, None where it is known or still open."""
    known = (breaches.c.school == post.school, breaches.c.post_id == post.id, breaches.c.kind == kind)
    for row in conn.execute(select(breaches.c.revision, breaches.c.state).where(*known)):
        if row.revision == post.revision or row.state in OPEN:
            return None
    number = paper.next_number(conn, breaches, Noun.BREACH, post.school, now)
    values = {
        "school": post.school, "number": number, "kind": kind, "account_id": post.account_id, "unit": unit,
        "post_id": post.id, "revision": post.revision, "text_hash": post.text_hash,
        "published_at": post.published_at, "found_at": now, "basis": basis, "why": why, "incident_id": incident_id,
        "held_incident_id": held_incident_id, "state": State.FOUND,
    }  # fmt: skip
    new = insert_new(conn, breaches, [values], key=["school", "post_id", "kind", "revision"], returning=["id"])
    if not new:
        return None
    paper.enter(conn, Noun.BREACH, post.school, new[0][0], number, now)
    paper.note(conn, Noun.BREACH, post.school, new[0][0], now, f"发现{KIND_WORDS[kind]}", f"{why}（{basis}）")
    for one in dict.fromkeys(i for i in (incident_id, held_incident_id) if i is not None):
        words = f"{KIND_WORDS[kind]}，核对单 {number}"
        log(conn, one, now, EntryKind.MACHINE, words, why, article=basis)
    return number


def by_number(conn: Connection, school: str, number: str) -> Row[Any]:
    """One finding; it must be there."""
    return conn.execute(select(breaches).where(breaches.c.school == school, breaches.c.number == number)).one()


def _held(conn: Connection, school: str, number: str) -> Row[Any]:
    """The finding, held; its incident first, as every deed does."""
    known = conn.execute(
        select(breaches.c.incident_id).where(breaches.c.school == school, breaches.c.number == number)
    ).scalar()
    if known is not None:
        incident_of(conn, known)
    return paper.held(conn, breaches, Noun.BREACH, school, number)


def standing(conn: Connection, row: Row[Any], actor: Actor) -> frozenset[str] | None:
    """The actor's roles, with UNIT for the account's keeper or the head of its unit."""
    if actor.roles is None:
        return None
    own: set[str] = set(actor.roles)
    keeps = paper.holds_exactly(conn, row.school, Role.KEEPER, row.account_id, actor.id)
    if keeps or paper.holds_exactly(conn, row.school, Role.UNIT_LEADER, row.unit, actor.id):
        own.add(UNIT)
    return frozenset(own)


def explain(conn: Connection, school: str, number: str, actor: Actor, now: datetime, text: str) -> None:
    """The unit says how it came about; a later word stands beside the earlier in the course."""
    row = _held(conn, school, number)
    state = BREACH.step(State(row.state), Event.EXPLAIN, standing(conn, row, actor))
    text = paper.must_say(text, paper.WHY_MOST, "情况说明")
    if row.explanation == text and row.state == State.EXPLAINED:
        raise IllegalStep("单位已作同样的说明。未作任何更改。")
    paper.move(conn, breaches, row, state=state, explained_by=actor.id, explained_at=now, explanation=text)
    _write(conn, row, actor, now, "单位说明", text, "explain")


def decide(conn: Connection, school: str, number: str, actor: Actor, now: datetime, *, confirm: bool, why: str) -> None:
    """A person of the 宣传部 says what it was; not the one who explained it."""
    row = _held(conn, school, number)
    if actor.id == row.explained_by:
        raise IllegalStep("说明情况的人不能自己认定，请由宣传部另一人办理。未作任何更改。")
    event = Event.CONFIRM if confirm else Event.DISMISS
    state = BREACH.step(State(row.state), event, standing(conn, row, actor))
    why = paper.must_say(why, paper.WHY_MOST, "认定理由")
    paper.move(conn, breaches, row, state=state, decided_by=actor.id, decided_at=now, decided_why=why)
    _write(conn, row, actor, now, STATE_WORDS[state], why, event)


def reconsider(conn: Connection, school: str, number: str, actor: Actor, now: datetime, why: str) -> None:
    """Look at a decision again; the former one stays in the course."""
    row = _held(conn, school, number)
    state = BREACH.step(State(row.state), Event.RECONSIDER, standing(conn, row, actor))
    why = paper.must_say(why, paper.WHY_MOST, "理由")
    paper.move(conn, breaches, row, state=state, decided_by=None, decided_at=None, decided_why=None)
    _write(conn, row, actor, now, "重新核对", why, "reconsider")


def _write(conn: Connection, row: Row[Any], actor: Actor, now: datetime, words: str, text: str, act: str) -> None:
    paper.note(conn, Noun.BREACH, row.school, row.id, now, words, text, actor.name)
    if row.incident_id is not None:
        log(conn, row.incident_id, now, EntryKind.PERSON, f"核对单 {row.number}：{words}", text, actor=actor.name)
    paper.write_down(conn, Noun.BREACH, row.school, row.number, actor, act, now, why=text)


def open_of(conn: Connection, incident_id: int) -> list[str]:
    """What of this holds up closing the incident."""
    found = conn.execute(
        select(breaches.c.number, breaches.c.kind)
        .where(breaches.c.incident_id == incident_id, breaches.c.state.in_(sorted(OPEN)))
        .order_by(breaches.c.id)
    )
    return [f"核对单 {row.number}（{KIND_WORDS[Kind(row.kind)]}）还没有认定" for row in found]


def listed(conn: Connection, school: str, accounts: Sequence[str] | None, limit: int = 200) -> Sequence[Row[Any]]:
    """Findings, what waits first, then the newest; of these accounts only where they are given."""
    query = select(breaches).where(breaches.c.school == school)
    if accounts is not None:
        query = query.where(breaches.c.account_id.in_(list(accounts)))
    return conn.execute(
        query.order_by(breaches.c.state.in_(sorted(OPEN)).desc(), breaches.c.id.desc()).limit(limit)
    ).all()


__all__ = ["BREACH", "KIND_WORDS", "STATE_WORDS", "Event", "Kind", "State", "breaches", "record"]
