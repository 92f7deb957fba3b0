"""The statement 口径: versions that are never edited. A new text is a new version; the old one stays as it was.

A version carries the words that go out and the card for everybody involved (may say, may not say, answers). Its `seal`
is the hash of all of it, which every approval names; its `text_hash` is the hash of the words, which the release names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Index, Integer, Row, Table, Text, insert, select, update

from escalation import people
from escalation.deed import incident_of, must_be_open, must_fit, write_down
from escalation.incident import Actor, EntryKind, StateMoved, log
from escalation.incident.state import IllegalStep
from escalation.procedure import thaw
from escalation.voice.state import IN_FORCE, IN_WORK, STATEMENT, WRITERS, StatementEvent, StatementState
from stream.store import metadata
from stream.store.types import Json, Moment, Serial, Word

TEXT_MOST, LINE_MOST, WHY_MOST = 2_000, 300, 300


class Kind(StrEnum):
    """Words that go out, or the decision that none do."""

    STATEMENT = "statement"
    SILENCE = "silence"


statements = Table(
    "statements",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("state", Word(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("text_hash", Word(64), nullable=False),
    Column("seal", Word(64), nullable=False),
    Column("card", Json, nullable=False),
    Column("facts", Json, nullable=False),
    Column("embargo_until", Moment()),
    Column("valid_until", Moment()),
    Column("drafted_by", Word(64), nullable=False),
    Column("drafter", Word(100), nullable=False),
    Column("drafted_at", Moment(), nullable=False),
    Column("why", Text, nullable=False),
    Column("ended_at", Moment()),
    Column("ended_by", Word(100)),
    Column("ended_why", Text),
    Index("uq_statements_n", "incident_id", "n", unique=True),
    Index(None, "school", "state"),
)

checks = Table(
    "statement_checks",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("statement_id", ForeignKey("statements.id"), nullable=False),
    Column("item", Word(32), nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Moment(), nullable=False),
    Column("by", Word(100), nullable=False),
    Index(None, "statement_id"),
)
"""核对: one row per look; the newest per item counts."""


@dataclass(frozen=True, slots=True)
class Card:
    """可以说 / 不可以说 / 答问: what everybody involved goes by. `answers`: question and answer."""

    core: str = ""
    may_say: tuple[str, ...] = ()
    may_not_say: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    spokesperson: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody writes. `facts`: ids of the facts it rests on; times are aware UTC."""

    text: str
    card: Card = Card()
    facts: tuple[int, ...] = ()
    kind: Kind = Kind.STATEMENT
    embargo_until: datetime | None = None
    valid_until: datetime | None = None
    why: str = ""


def hash_of(text: str) -> str:
    """The fingerprint of the words: sha256 of the text with line ends as one sign and no blanks at its ends."""
    return hashlib.sha256(text.replace("\r\n", "\n").strip().encode()).hexdigest()


def seal_of(draft: Draft) -> str:
    """The fingerprint of everything an approver approves."""
    parts = {
        "text": draft.text.replace("\r\n", "\n").strip(), "card": asdict(draft.card), "facts": list(draft.facts),
        "kind": draft.kind, "embargo": draft.embargo_until and draft.embargo_until.isoformat(),
        "valid": draft.valid_until and draft.valid_until.isoformat(),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def card_of(kept: Mapping[str, Any]) -> Card:
    """A row's card."""
    return Card(
        core=kept.get("core", ""), may_say=tuple(kept.get("may_say", ())),
        may_not_say=tuple(kept.get("may_not_say", ())),
        answers=tuple((str(one[0]), str(one[1])) for one in kept.get("answers", ())),
        spokesperson=kept.get("spokesperson", ""),
    )  # fmt: skip


def draft(conn: Connection, incident_id: int, actor: Actor, now: datetime, given: Draft) -> int:
    """Write a version. Where one is in work it is revised by this one, and its approval is void; gives the new id."""
    row = incident_of(conn, incident_id)
    if actor.roles is None or not actor.roles & WRITERS:
        raise IllegalStep("口径由宣传部或涉事单位起草。未作任何更改。")
    must_be_open(row, "起草口径")
    _must_be_whole(given, now)
    before = in_work(conn, incident_id)
    if before is not None and before.seal == seal_of(given):
        raise IllegalStep(f"与第 {before.n} 版一字不差，不必另存。未作任何更改。")
    made, n = _insert(conn, row, actor, now, given)
    if before is not None:
        voided = StatementState(before.state) in (StatementState.REVIEW, StatementState.APPROVED)
        move(conn, before, StatementEvent.REVISE, actor, now, f"改写为第 {n} 版")
        words = f"第 {before.n} 版改写为第 {n} 版" + ("，此前的审批作废" if voided else "")
        log(conn, row.id, now, EntryKind.PERSON, f"口径{words}", given.why, actor=actor.name)
    else:
        what = "口径" if given.kind is Kind.STATEMENT else "“不公开回应”"
        log(conn, row.id, now, EntryKind.PERSON, f"起草{what}第 {n} 版", given.why, actor=actor.name)
    write_down(conn, row, actor, "statement_draft", now, n=n, seal=seal_of(given), voids=before.n if before else None)
    return made


def _insert(conn: Connection, row: Row[Any], actor: Actor, now: datetime, given: Draft) -> tuple[int, int]:
    taken = conn.execute(
        select(statements.c.n).where(statements.c.incident_id == row.id).order_by(statements.c.n.desc()).limit(1)
    ).scalar()
    n = (taken or 0) + 1
    text = given.text.replace("\r\n", "\n").strip()
    made = conn.execute(
        insert(statements)
        .values(
            school=row.school, incident_id=row.id, n=n, kind=given.kind, state=StatementState.DRAFT, text=text,
            text_hash=hash_of(text), seal=seal_of(given), card=asdict(given.card), facts=list(given.facts),
            embargo_until=given.embargo_until, valid_until=given.valid_until, drafted_by=actor.id,
            drafter=actor.name, drafted_at=now, why=given.why,
        )
        .returning(statements.c.id)
    ).scalar_one()  # fmt: skip
    return int(made), n


def _must_be_whole(given: Draft, now: datetime) -> None:
    what = "口径" if given.kind is Kind.STATEMENT else "不公开回应的理由"
    if not must_fit(given.text, TEXT_MOST, what):
        raise IllegalStep(f"请写明{what}。未作任何更改。")
    card = given.card
    lines = [
        card.core,
        card.spokesperson,
        *card.may_say,
        *card.may_not_say,
        *(s for pair in card.answers for s in pair),
    ]
    for one in lines:
        must_fit(one, LINE_MOST, "口径卡每一项")
    must_fit(given.why, WHY_MOST, "改写的理由")
    if given.valid_until is not None and given.valid_until <= now:
        raise IllegalStep("有效期须在现在之后。未作任何更改。")
    if given.embargo_until and given.valid_until and given.embargo_until >= given.valid_until:
        raise IllegalStep("“不早于”须在有效期之前。未作任何更改。")


def check(
    conn: Connection, statement_id: int, actor: Actor, now: datetime, item: str, *, passed: bool, note: str = ""
) -> None:
    """核对 one item of the pack's list; a later look counts instead of an earlier one."""
    found, row = statement_of(conn, statement_id)
    known = {one.key: one for one in thaw(row.frozen["pack"]).voice.check}
    if StatementState(found.state) is not StatementState.DRAFT:
        raise IllegalStep(f"口径{STATEMENT.state_words[StatementState(found.state)]}，不能再核对。未作任何更改。")
    if actor.roles is None or not actor.roles & WRITERS or item not in known:
        raise IllegalStep("没有这一项，或您的角色不能核对。未作任何更改。")
    note = must_fit(note, LINE_MOST, "核对说明")
    if not passed and not note:
        raise IllegalStep("核对不通过的，请写明哪里不合。未作任何更改。")
    conn.execute(insert(checks).values(
        statement_id=statement_id, item=item, passed=passed, note=note, at=now, by=actor.name
    ))  # fmt: skip
    verdict = "通过" if passed else "不通过"
    log(
        conn, row.id, now, EntryKind.PERSON, f"口径第 {found.n} 版核对{verdict}：{known[item].what}", note,
        actor=actor.name, article=known[item].article,
    )  # fmt: skip
    write_down(conn, row, actor, "statement_check", now, n=found.n, item=item, passed=passed, note=note)


def looked_at(conn: Connection, statement_id: int) -> dict[str, Row[Any]]:
    """The newest look at each item."""
    rows = conn.execute(select(checks).where(checks.c.statement_id == statement_id).order_by(checks.c.id))
    return {row.item: row for row in rows}


def drop(conn: Connection, statement_id: int, actor: Actor, now: datetime, why: str) -> None:
    """作废 a version that is in work, with the reason."""
    found, row = statement_of(conn, statement_id)
    why = must_fit(why, WHY_MOST, "作废的理由")
    if not why:
        raise IllegalStep("请写明作废的理由。未作任何更改。")
    move(conn, found, StatementEvent.DROP, actor, now, why)
    log(conn, row.id, now, EntryKind.PERSON, f"口径第 {found.n} 版作废", why, actor=actor.name)
    write_down(conn, row, actor, "statement_drop", now, n=found.n, why=why)


def fall(conn: Connection, row: Row[Any], now: datetime, why: str) -> None:
    """A false alarm ends the version in work with it; nobody is asked to approve it any more."""
    found = in_work(conn, row.id)
    if found is not None:
        move(conn, found, StatementEvent.FALL, None, now, why)
        log(conn, row.id, now, EntryKind.MACHINE, f"口径第 {found.n} 版随误报作废，不再审批", why)


def statement_of(conn: Connection, statement_id: int) -> tuple[Row[Any], Row[Any]]:
    """A version and its incident, both held until the transaction ends. Raises IllegalStep."""
    incident_id = conn.execute(select(statements.c.incident_id).where(statements.c.id == statement_id)).scalar()
    if incident_id is None:
        raise IllegalStep("没有这一版口径，可能链接有误。未作任何更改。")
    row = incident_of(conn, incident_id)
    return conn.execute(select(statements).where(statements.c.id == statement_id)).one(), row


def versions(conn: Connection, incident_id: int) -> Sequence[Row[Any]]:
    """Every version of an incident, the newest first."""
    return conn.execute(
        select(statements).where(statements.c.incident_id == incident_id).order_by(statements.c.n.desc())
    ).all()


def in_work(conn: Connection, incident_id: int) -> Row[Any] | None:
    """The version that is drafted, reviewed, returned or approved; at most one."""
    return next((one for one in versions(conn, incident_id) if StatementState(one.state) in IN_WORK), None)


def in_force(conn: Connection, incident_id: int) -> Row[Any] | None:
    """The version that is released, or the decision to say nothing; at most one."""
    return next((one for one in versions(conn, incident_id) if StatementState(one.state) in IN_FORCE), None)


def move(
    conn: Connection, found: Row[Any], event: StatementEvent, actor: Actor | None, now: datetime, why: str = "",
    *, as_role: str = "",
) -> StatementState:  # fmt: skip
    """One step of the version's course; `as_role` instead of the actor's own roles. Raises IllegalStep, StateMoved."""
    roles = {as_role} if as_role else actor.roles if actor is not None else None
    after = STATEMENT.step(StatementState(found.state), event, roles)
    ends = after in STATEMENT.ends
    ended = {"ended_at": now, "ended_by": actor.name if actor else "系统", "ended_why": why} if ends else {}
    moved = conn.execute(
        update(statements)
        .where(statements.c.id == found.id, statements.c.state == found.state)
        .values(state=after, **ended)
    )
    if moved.rowcount != 1:
        raise StateMoved("这一版口径刚被他人处理，请刷新后再试。未作任何更改。")
    return after


def open_of(conn: Connection, incident_id: int) -> list[str]:
    """What of it holds up the closing."""
    found = in_work(conn, incident_id)
    return [f"口径第 {found.n} 版{STATEMENT.state_words[StatementState(found.state)]}"] if found is not None else []


def name_of(conn: Connection, school: str, person_id: str) -> str:
    """The person's name, else the id."""
    known = people.person(conn, school, person_id)
    return known.name if known else person_id
