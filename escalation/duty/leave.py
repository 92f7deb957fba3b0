"""Leave: entering and ending an absence with its substitute, each whole and written down or refused with a sentence.

Entered by an administrator or the 宣传部 for anybody, by everybody for themselves.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, and_, insert, select, update

from escalation import audit, people
from escalation.clock_words import moment
from escalation.duty.absence import ABSENCE_WORDS, AbsenceKind, absences, between, leaving
from escalation.incident import Actor
from escalation.people import Person, Role
from escalation.state_table import IllegalStep

EDITORS = frozenset({Role.ADMINISTRATOR, Role.PUBLICITY})
"""Who keeps the roster."""
LONGEST = timedelta(days=400)
NOTE_MOST = 200


def may_enter(actor: Actor, person_id: str) -> bool:
    """Whether the actor enters an absence of this person."""
    return actor.id == person_id or actor.roles is None or bool(actor.roles & EDITORS)


def enter(
    conn: Connection, school: str, actor: Actor, now: datetime, person_id: str, kind: str, starts: datetime,
    ends: datetime, substitute_id: str = "", note: str = "",
) -> int:  # fmt: skip
    """Enter an absence; gives its id. Raises IllegalStep."""
    if not may_enter(actor, person_id):
        raise IllegalStep("请假、出差由本人、系统管理员或宣传部登记。未作任何更改。")
    who = known(conn, school, person_id)
    _span(kind, starts, ends, now)
    if len(note) > NOTE_MOST:
        raise IllegalStep(f"“事由”至多 {NOTE_MOST} 字，现为 {len(note)} 字。未作任何更改。")
    own = and_(people.people.c.school == school, people.people.c.id == person_id)
    conn.execute(select(people.people.c.id).where(own).with_for_update(key_share=True))
    other = next((one for one in between(conn, school, starts, ends) if one.person == person_id), None)
    if other is not None:
        span = f"{moment(other.starts_at, now)} 至 {moment(other.ends_at, now)}"
        raise IllegalStep(f"{who.name}在 {span} 已登记{other.word}，与本次重叠；请先销假。未作任何更改。")
    if substitute_id:
        _substitute(conn, school, who, substitute_id, starts, ends, now)
    made = conn.execute(
        insert(absences).values(
            school=school, person_id=person_id, kind=kind, starts_at=starts, ends_at=ends,
            substitute_id=substitute_id, note=note, entered_by=actor.id, entered_at=now,
        ).returning(absences.c.id)
    ).scalar_one()  # fmt: skip
    audit.record(
        conn, school=school, now=now, actor=actor.id, action="duty.leave", subject=person_id, ip=actor.ip,
        detail={"kind": kind, "from": starts.isoformat(), "to": ends.isoformat(), "substitute": substitute_id},
    )  # fmt: skip
    return int(made)


def known(conn: Connection, school: str, person_id: str) -> Person:
    """The person, who works here. Raises IllegalStep."""
    found = people.person(conn, school, person_id)
    if found is None or not found.active:
        raise IllegalStep("名册中没有此人，或已离任。未作任何更改，请从列表中选择。")
    return found


def _span(kind: str, starts: datetime, ends: datetime, now: datetime) -> None:
    if kind not in set(AbsenceKind):
        raise IllegalStep(f"请选择{'或'.join(ABSENCE_WORDS.values())}。未作任何更改。")
    if ends <= starts:
        raise IllegalStep("结束不晚于开始。未作任何更改，请更正起止时间。")
    if ends <= now:
        raise IllegalStep("这段时间已经过去，不必登记。未作任何更改。")
    if ends - starts > LONGEST:
        raise IllegalStep(f"一次至多 {LONGEST.days} 天；长期不在岗的请办理离任。未作任何更改。")


def _substitute(
    conn: Connection, school: str, who: Person, substitute_id: str, starts: datetime, ends: datetime, now: datetime
) -> None:
    """The substitute is another person who is there for the whole span and can be reached. Raises IllegalStep."""
    if substitute_id == who.id:
        raise IllegalStep("代理人不能是本人。未作任何更改。")
    other = known(conn, school, substitute_id)
    if not other.reachable:
        raise IllegalStep(f"{other.name}在名册中没有联系方式，不能作代理人。未作任何更改。")
    gone = leaving(conn, school).get(other.id)
    if gone is not None and gone < ends:
        raise IllegalStep(f"{other.name}将于 {moment(gone, now)} 离任，不能代理到底。未作任何更改，请另选。")
    for one in between(conn, school, starts, ends):
        if one.person == other.id:
            span = f"{moment(one.starts_at, now)} 至 {moment(one.ends_at, now)}"
            raise IllegalStep(f"{other.name}在 {span} 本人{one.word}，不能作代理人。未作任何更改，请另选。")


def cancel(conn: Connection, school: str, actor: Actor, now: datetime, absence_id: int) -> None:
    """销假: end an absence now, or take back one that has not begun. Raises IllegalStep."""
    row = _row(conn, school, absence_id)
    if not may_enter(actor, row.person_id):
        raise IllegalStep("销假由本人、系统管理员或宣传部办理。未作任何更改。")
    if row.cancelled_at is not None or row.ends_at <= now:
        raise IllegalStep("这一条已经销假或已结束。未作任何更改。")
    begun = row.starts_at < now
    values = {"ends_at": now} if begun else {"cancelled_at": now}
    conn.execute(
        update(absences)
        .where(absences.c.id == absence_id, absences.c.cancelled_at.is_(None))
        .values(**values, cancelled_by=actor.id)
    )
    audit.record(
        conn, school=school, now=now, actor=actor.id, action="duty.leave_ended", subject=row.person_id, ip=actor.ip,
        detail={"absence": absence_id, "begun": begun},
    )  # fmt: skip


def _row(conn: Connection, school: str, absence_id: int) -> Row[tuple[object, ...]]:
    row = conn.execute(
        select(absences).where(absences.c.school == school, absences.c.id == absence_id).with_for_update()
    ).first()
    if row is None:
        raise IllegalStep("没有这一条请假记录。未作任何更改。")
    return row
