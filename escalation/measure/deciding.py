"""Deciding a measure, and what follows: approve, refuse, withdraw, carry out, lift. Each by a person, each in words.

Whoever proposed does not decide, and nobody decides about himself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import people
from escalation.deed import incident_of, must_fit, write_down
from escalation.duty import proxy
from escalation.duty.proxy import Acting
from escalation.incident import Actor, EntryKind, StateMoved, advance, log
from escalation.incident.state import INCIDENT, Event, IllegalStep, State
from escalation.measure import MeasureKind, measures
from escalation.measure.proposing import LOGGED
from escalation.measure.state import DECIDED, EVENTS, PROPOSED, STATES, TABLES
from escalation.notice import docket
from escalation.notice.issue import Letterhead
from escalation.notice.letter import Letter, send
from escalation.people import Role
from escalation.procedure import say_span, thaw

WORDS_MOST = 500
DECIDES = frozenset({"decide", "refuse"})
MUST_SAY = frozenset({"refuse", "withdraw", "lift", "finish"})


def act(
    conn: Connection, letterhead: Letterhead, measure_id: int, event: str, actor: Actor, now: datetime, words: str = ""
) -> None:
    """One step of a measure. Raises IllegalStep with a sentence where the table, the person or the words forbid it."""
    incident, row = held(conn, measure_id)
    kind = MeasureKind(row.kind)
    words = must_fit(words, WORDS_MOST, "说明")
    if event not in set(EVENTS[kind]):
        raise IllegalStep("没有这一步骤。未作任何更改。")
    if actor.roles is None:
        raise IllegalStep("处理措施只由人决定。未作任何更改。")
    after = TABLES[kind].step(STATES[kind](row.state), EVENTS[kind](event), actor.roles)
    if event in DECIDES:
        _must_be_another(row, actor)
    if event in MUST_SAY and not words:
        raise IllegalStep("请写明说明。未作任何更改。")
    values: dict[str, Any] = (
        {"decided_by": actor.id, "decided_at": now, "decision": words}
        if event in DECIDES
        else {"ended_by": actor.id, "ended_at": now, "ending": words}
    )
    moved = conn.execute(
        update(measures).where(measures.c.id == row.id, measures.c.state == row.state).values(state=after, **values)
    )
    if moved.rowcount != 1:
        raise StateMoved("这一措施刚被他人处理，请刷新后再试。未作任何更改。")
    said = TABLES[kind].state_words[after]
    private = kind is MeasureKind.ACCOUNTABILITY
    log(
        conn, incident.id, now, EntryKind.PERSON, f"{LOGGED[kind]}：{said}", "" if private else words,
        actor=actor.name, article=row.basis,
    )  # fmt: skip
    if kind is MeasureKind.CLOSING and after in (DECIDED, "lifted"):
        _tell_unit(conn, letterhead, incident, row, now, lifted=after == "lifted", words=words)
    if kind is MeasureKind.CLOSING and after == "closed":
        docket.end(conn, incident.school, f"order:{row.id}", now)
    if kind is MeasureKind.REFERRAL and event == "finish" and _may_refer(incident):
        advance(conn, incident.id, Event.REFER, actor.roles)
    write_down(conn, incident, actor, f"{kind}.{event}", now, measure=row.id, words=words)


def held(conn: Connection, measure_id: int) -> tuple[Row[Any], Row[Any]]:
    """The measure's incident, held, and the measure as it then stands. Raises IllegalStep where there is none."""
    found = conn.execute(select(measures.c.incident_id).where(measures.c.id == measure_id)).scalar()
    if found is None:
        raise IllegalStep("没有这一措施，可能链接有误。未作任何更改。")
    incident = incident_of(conn, found)
    return incident, conn.execute(select(measures).where(measures.c.id == measure_id)).one()


def may(row: Row[Any], event: str, actor: Actor) -> bool:
    """Whether this person may do this now: which buttons a page offers."""
    kind = MeasureKind(row.kind)
    if event not in set(EVENTS[kind]) or actor.roles is None:
        return False
    if event in DECIDES and actor.id in (row.proposed_by, row.subject):
        return False
    return TABLES[kind].may(STATES[kind](row.state), EVENTS[kind](event), actor.roles)


def open_of(conn: Connection, incident_id: int) -> list[str]:
    """What of the measures holds up closing: what nobody has decided on, and a package that is not handed over yet."""
    rows = conn.execute(select(measures).where(measures.c.incident_id == incident_id).order_by(measures.c.id)).all()
    waits = {MeasureKind.CLOSING: {PROPOSED}, MeasureKind.REFERRAL: {PROPOSED, DECIDED}}
    left = [row for row in rows if row.state in waits.get(MeasureKind(row.kind), ())]
    return _left("项处理措施未了结", left)


def undecided(conn: Connection, incident_id: int) -> list[str]:
    """What of the measures holds up archiving, after which no step is possible: proposals, and orders and packages
    that were decided and not carried out."""
    rows = conn.execute(select(measures).where(measures.c.incident_id == incident_id).order_by(measures.c.id)).all()
    waits = {MeasureKind.ACCOUNTABILITY: {PROPOSED}}
    left = [row for row in rows if row.state in waits.get(MeasureKind(row.kind), {PROPOSED, DECIDED})]
    return _left("项处理措施未办结", left)


def _left(what: str, rows: Sequence[Row[Any]]) -> list[str]:
    said = [
        f"{LOGGED[MeasureKind(row.kind)]}“{TABLES[MeasureKind(row.kind)].state_words[_state(row)]}”" for row in rows
    ]
    return [f"{len(said)} {what}：{'、'.join(said)}"] if said else []


def _state(row: Row[Any]) -> Any:
    return STATES[MeasureKind(row.kind)](row.state)


def _must_be_another(row: Row[Any], actor: Actor) -> None:
    if actor.id == row.proposed_by:
        raise IllegalStep("提出人不能自己批准，请由另一人决定。未作任何更改。")
    if row.subject and actor.id == row.subject:
        raise IllegalStep("不能就本人作决定，请由他人办理。未作任何更改。")


def _may_refer(incident: Row[Any]) -> bool:
    return Event.REFER in INCIDENT.steps[State(incident.state)]


def _tell_unit(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], row: Row[Any], now: datetime, *, lifted: bool,
    words: str,
) -> None:  # fmt: skip
    """The unit's leader and the account's keepers hear of the order, by letter and with a receipt: by the clock of
    receipts at the incident's level. What is lifted is waited for no more."""
    matter = f"order:{row.id}"
    docket.enter(conn, incident.school, matter, now, f"/incidents/{incident.number}")
    if lifted:
        docket.end(conn, incident.school, matter, now)
    sign = thaw(incident.frozen["pack"]).grade(incident.level).sign
    heading = f"{'解除责令关闭' if lifted else '责令关闭'}：{row.subject_words}"
    done = "责令关闭已解除" if lifted else "学校责令关闭该账号，请按要求办理，并把结果告知宣传部"
    pack = thaw(incident.frozen["pack"])
    for who, role in _concerned(conn, letterhead, incident, now):
        instead = (
            proxy.standing_in(people.office_in(pack, role), who.absent.name) if who.absent and not who.alone else ""
        )
        send(conn, letterhead, who.person, Letter(
            matter=matter, step="lifted" if lifted else "ordered", kind="责令关闭", heading=heading,
            lines=tuple(part for part in (done, f"理由：{row.reason}", words, who.why) if part), office=instead,
            path=f"/incidents/{incident.number}", basis=f"{row.basis}“{row.quote}”" if not lifted else row.basis,
            asked=() if lifted else ("签收本函。", "关闭账号，并把结果告知宣传部。"), role=role, signs=not lifted,
            answer_by=None if lifted else now + sign.after,
            source="" if lifted else f"{say_span(sign.after)}内签收：{sign.label}",
            trial=incident.trial,
        ), now)  # fmt: skip


def _concerned(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], now: datetime
) -> list[tuple[Acting, Role]]:
    """Who acts now for the unit's leader and for the keepers; a holder whom nothing reaches where nobody acts."""
    both: list[tuple[Acting, Role]] = []
    for role in (Role.UNIT_LEADER, Role.KEEPER):
        held = people.holders(conn, incident.school, role, unit=incident.unit, account_id=incident.account_id)
        found = people.all_acting(conn, incident.school, held, now, letterhead.channels) or [
            Acting(one) for one in held
        ]
        both += [(one, role) for one in (found[:1] if role is Role.UNIT_LEADER else found)]
    return list({one.person.id: (one, role) for one, role in reversed(both)}.values())[::-1]


def measures_of(conn: Connection, incident_id: int, *, private: bool) -> list[Row[Any]]:
    """The measures of an incident, the newest first; accountability only where `private`."""
    wanted = measures.c.incident_id == incident_id
    if not private:
        wanted &= measures.c.kind != MeasureKind.ACCOUNTABILITY
    return list(conn.execute(select(measures).where(wanted).order_by(measures.c.id.desc())))
