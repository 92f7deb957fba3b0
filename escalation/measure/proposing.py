"""Proposing a measure: by a person of the 宣传部, on a ground of the frozen pack, and never by the machine.

What a document gives is offered (`powers`, `grades`); a person chooses, names the subject and gives the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import people
from escalation.deed import must_be, must_fit, write_down
from escalation.incident import Actor, EntryKind, log
from escalation.incident.state import OPEN, IllegalStep, State
from escalation.measure import MeasureKind, measures
from escalation.measure.state import DECIDED, LEAD, PROPOSED
from escalation.place import is_unplaced
from escalation.procedure import DutyKind, Pack, Trigger, thaw
from escalation.procedure.accountability import Accountability

REASON_MOST, WORDS_MOST = 500, 100
ORDERS = "责令"
"""What a clause must say to be a power to order an account closed."""


@dataclass(frozen=True, slots=True)
class Power:
    """A clause that lets the school order an account closed: as cited, its own words, and how it is read."""

    article: str
    quote: str
    reading: str


def powers(pack: Pack) -> tuple[Power, ...]:
    """The clauses of 有权责令 that an incident may rest on; empty where the document gives none."""
    rules = [rule for rule in pack.rule if Trigger.CLOSING in rule.triggers and Trigger.ACCOUNTABILITY in rule.triggers]
    return tuple(
        Power(rule.article, duty.quote or rule.quote, rule.reading)
        for rule in rules
        for duty in rule.duty
        if duty.kind is DutyKind.POWER and ORDERS in (duty.quote or rule.quote)
    )


def grades(pack: Pack) -> tuple[Accountability, ...]:
    """The grades of accountability of the document, as it words them; empty where it says nothing."""
    return pack.accountability


def propose_closing(conn: Connection, incident: Row[Any], actor: Actor, now: datetime, reason: str) -> int:
    """责令关闭: propose that the incident's account be ordered closed. `incident` is held by the caller."""
    _must_be_lead(actor, "提出责令关闭")
    reason = _reason(reason)
    if State(incident.state) in (State.FALSE_ALARM, State.MERGED):
        raise IllegalStep("事件记为误报或已并入其他事件，不能提出责令关闭。未作任何更改。")
    found = powers(thaw(incident.frozen["pack"]))
    if not found:
        raise IllegalStep("本校规定没有“有权责令关闭”的条文（校规未规定），不能提出。未作任何更改。")
    account = incident.frozen.get("account", {})
    if is_unplaced(account) or not incident.account_id:
        raise IllegalStep("这一事件没有确定的账号，不能提出责令关闭。未作任何更改。")
    standing = select(measures.c.id).where(
        measures.c.school == incident.school, measures.c.kind == MeasureKind.CLOSING,
        measures.c.subject == incident.account_id, measures.c.state.in_([PROPOSED, DECIDED]),
    )  # fmt: skip
    if conn.execute(standing.limit(1)).first() is not None:
        raise IllegalStep("这一账号已有待批准或待关闭的责令关闭。未作任何更改。")
    words = " ".join(part for part in (account.get("platform", ""), account.get("name", "")) if part)
    return _propose(
        conn, incident, actor, now, MeasureKind.CLOSING, incident.account_id, words or incident.account_id,
        "责令关闭", "、".join(dict.fromkeys(one.article for one in found)), found[0].quote, reason,
    )  # fmt: skip


def propose_accountability(
    conn: Connection, incident: Row[Any], actor: Actor, now: datetime, *, grade: int, person_id: str, whom: str,
    reason: str,
) -> int:  # fmt: skip
    """追责, after the incident ended: one grade of the document, for a person of the roster (or a unit, in `whom`)."""
    _must_be_lead(actor, "提出追责")
    reason, whom = _reason(reason), must_fit(whom, WORDS_MOST, "对象")
    if State(incident.state) in OPEN:
        raise IllegalStep("追责在事件了结后办理，请先处置、销号。未作任何更改。")
    found = grades(thaw(incident.frozen["pack"]))
    if not found:
        raise IllegalStep("本校规定没有追责条文（校规未规定），不能提出。未作任何更改。")
    if not 0 <= grade < len(found):
        raise IllegalStep("请选择条文规定的档次。未作任何更改。")
    person = people.person(conn, incident.school, person_id) if person_id else None
    if person_id and person is None:
        raise IllegalStep("名册中没有这个人。未作任何更改。")
    if not person_id and not whom:
        raise IllegalStep("请选择人员，或写明单位。未作任何更改。")
    if person_id == actor.id:
        raise IllegalStep("不能就本人提出追责，请由他人办理。未作任何更改。")
    words = "，".join(part for part in (f"{person.name}（{person.unit}）" if person else "", whom) if part)
    one = found[grade]
    standing = select(measures.c.id).where(
        measures.c.incident_id == incident.id, measures.c.kind == MeasureKind.ACCOUNTABILITY,
        measures.c.subject == person_id, measures.c.grade == one.grade, measures.c.state.in_([PROPOSED, DECIDED]),
    )  # fmt: skip
    if not person_id:
        standing = standing.where(measures.c.subject_words == words)
    if conn.execute(standing.limit(1)).first() is not None:
        raise IllegalStep(f"就同一对象的“{one.grade}”已经提出，不必再提。未作任何更改。")
    return _propose(
        conn, incident, actor, now, MeasureKind.ACCOUNTABILITY, person_id, words, one.grade, one.article, one.quote,
        reason,
    )  # fmt: skip


def propose_referral(
    conn: Connection, incident: Row[Any], actor: Actor, now: datetime, *, authority: str, reason: str,
    manifest: list[dict[str, Any]],
) -> int:  # fmt: skip
    """移交材料: prepare a package for an authority. No document demands one, so no article is cited for it."""
    _must_be_lead(actor, "提出移交材料")
    reason, authority = _reason(reason), must_fit(authority, WORDS_MOST, "接收机关")
    if not authority:
        raise IllegalStep("请写明接收机关。未作任何更改。")
    standing = select(measures.c.id).where(
        measures.c.incident_id == incident.id, measures.c.kind == MeasureKind.REFERRAL,
        measures.c.subject_words == authority, measures.c.state.in_([PROPOSED, DECIDED]),
    )  # fmt: skip
    if conn.execute(standing.limit(1)).first() is not None:
        raise IllegalStep(f"向{authority}移交的材料已在办理，不必再提。未作任何更改。")
    return _propose(
        conn, incident, actor, now, MeasureKind.REFERRAL, "", authority, "", "", "", reason, {"manifest": manifest}
    )


def _must_be_lead(actor: Actor, what: str) -> None:
    if actor.roles is None:
        raise IllegalStep("系统不提出处理措施。未作任何更改。")
    must_be(actor, LEAD, what)


def _reason(reason: str) -> str:
    reason = must_fit(reason, REASON_MOST, "理由")
    if not reason:
        raise IllegalStep("请写明理由。未作任何更改。")
    return reason


def _propose(
    conn: Connection, incident: Row[Any], actor: Actor, now: datetime, kind: MeasureKind, subject: str, words: str,
    grade: str, basis: str, quote: str, reason: str, data: dict[str, Any] | None = None,
) -> int:  # fmt: skip
    made = conn.execute(
        measures.insert().values(
            school=incident.school, incident_id=incident.id, kind=kind, subject=subject, subject_words=words,
            grade=grade, basis=basis, quote=quote, reason=reason, state=PROPOSED, proposed_by=actor.id,
            proposed_at=now, data=data or {},
        ).returning(measures.c.id)
    ).scalar_one()  # fmt: skip
    log(conn, incident.id, now, EntryKind.PERSON, f"提出{LOGGED[kind]}", actor=actor.name, article=basis)
    write_down(
        conn, incident, actor, f"{kind}.propose", now, measure=int(made), subject=subject, words=words, grade=grade,
        basis=basis, reason=reason,
    )  # fmt: skip
    return int(made)


LOGGED = {
    MeasureKind.CLOSING: "责令关闭账号",
    MeasureKind.ACCOUNTABILITY: "追责（内容只对宣传部和主管校领导开放）",
    MeasureKind.REFERRAL: "移交材料",
}
"""What the incident's log says: whoever reads it does not read there who is to be called to account."""
