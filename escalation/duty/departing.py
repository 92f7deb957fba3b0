"""Departing 离任: somebody leaves. From that moment the person acts for nothing, signs in no more, and what waited for
their signature, for an act after it or for their answer to a task goes to whoever acts for the office now, else to the
duty desk. An absence begins with the same handing on of signatures.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, insert, or_, select, update

from escalation import audit, people, telephone, timer, user
from escalation.deed import incident_of
from escalation.duty import proxy
from escalation.duty.absence import ABSENCE_WORDS, AbsenceKind, absences, departures, gone
from escalation.duty.leave import EDITORS, known
from escalation.incident import Actor, EntryKind, incidents, log
from escalation.incident.state import OPEN
from escalation.notice import NoticeKind, is_owed, notices
from escalation.notice.addressee import VACANT_REASON, Addressee, acting_as, gather
from escalation.notice.issue import Letterhead, issue
from escalation.people import Person, Role
from escalation.procedure import Source
from escalation.state_table import IllegalStep
from escalation.task import handing

BY_ROSTER = Actor(user.BY_ROSTER, user.BY_ROSTER, None)
"""Who acts where a departure or an absence entered before takes effect by the clock."""
NOTE_MOST = 200
LEFT = "离任"
NOT_NAMED = "名册中已没有此人"


def enter(
    conn: Connection, school: str, actor: Actor, now: datetime, person_id: str, leaves_at: datetime, note: str = ""
) -> None:
    """Enter that somebody leaves; it takes effect at that moment (`take_effect`). Raises IllegalStep."""
    if actor.roles is not None and not actor.roles & EDITORS:
        raise IllegalStep("离任由系统管理员或宣传部登记。未作任何更改。")
    known(conn, school, person_id)
    if person_id == actor.id:
        raise IllegalStep("本人的离任请由另一位系统管理员或宣传部登记。未作任何更改。")
    if len(note) > NOTE_MOST:
        raise IllegalStep(f"“说明”至多 {NOTE_MOST} 字，现为 {len(note)} 字。未作任何更改。")
    if conn.execute(select(departures).where(*_own(school, person_id))).first() is not None:
        raise IllegalStep("此人的离任已经登记。未作任何更改。")
    _write(conn, school, actor, now, person_id, leaves_at, note)


def _write(
    conn: Connection, school: str, actor: Actor, now: datetime, person_id: str, leaves_at: datetime, note: str
) -> None:
    conn.execute(
        insert(departures).values(
            school=school, person_id=person_id, leaves_at=leaves_at, note=note, entered_by=actor.id, entered_at=now
        )
    )
    audit.record(
        conn, school=school, now=now, actor=actor.id, action="duty.leaves", subject=person_id, ip=actor.ip,
        detail={"at": leaves_at.isoformat(), "note": note},
    )  # fmt: skip


def follow_roster(
    conn: Connection, school: str, before: Collection[str], named: Collection[str], now: datetime
) -> None:
    """Whom the roster names no more leaves by it: what waits for them is handed on. Whom it names again is back.

    `before`: who acted until now. A departure that a person entered stands, though the roster still names who leaves.
    """
    by_roster = (departures.c.school == school) & (departures.c.entered_by == BY_ROSTER.id)
    for row in conn.execute(select(departures.c.person_id).where(by_roster)).all():
        if row.person_id in named:
            take_back(conn, school, BY_ROSTER, now, row.person_id)
    dropped = set(before) - set(named)
    ahead = (departures.c.school == school) & departures.c.done_at.is_(None) & (departures.c.leaves_at > now)
    conn.execute(update(departures).where(ahead, departures.c.person_id.in_(sorted(dropped))).values(leaves_at=now))
    entered = set(conn.execute(select(departures.c.person_id).where(departures.c.school == school)).scalars())
    for one in sorted(dropped - entered):
        _write(conn, school, BY_ROSTER, now, one, now, NOT_NAMED)


def take_back(conn: Connection, school: str, actor: Actor, now: datetime, person_id: str) -> None:
    """撤销离任: the entry was wrong, or the person is back. Sign-ins return with the next entering of the roster."""
    if actor.roles is not None and not actor.roles & EDITORS:
        raise IllegalStep("撤销离任由系统管理员或宣传部办理。未作任何更改。")
    left = conn.execute(
        departures.delete().where(*_own(school, person_id)).returning(departures.c.done_at)
    ).first()  # fmt: skip
    if left is None:
        raise IllegalStep("此人没有登记离任。未作任何更改。")
    people_table = people.people
    conn.execute(
        update(people_table).where(people_table.c.school == school, people_table.c.id == person_id).values(active=True)
    )
    audit.record(
        conn, school=school, now=now, actor=actor.id, action="duty.leaves_taken_back", subject=person_id, ip=actor.ip
    )


def _own(school: str, person_id: str) -> tuple[Any, Any]:
    return departures.c.school == school, departures.c.person_id == person_id


def due(conn: Connection, school: str, now: datetime) -> bool:
    """Whether a departure or an absence has come and did not take effect yet."""
    here = {"house": school, "now": now}
    return conn.execute(_LEFT, here).first() is not None or conn.execute(_BEGUN, here).first() is not None


_LEFT = (
    select(departures)
    .where(departures.c.school == bindparam("house"), departures.c.done_at.is_(None))
    .where(departures.c.leaves_at <= bindparam("now"))
    .order_by(departures.c.person_id)
)
_BEGUN = (
    select(absences)
    .where(absences.c.school == bindparam("house"), absences.c.cancelled_at.is_(None), absences.c.begun_at.is_(None))
    .where(absences.c.starts_at <= bindparam("now"), absences.c.ends_at > bindparam("now"))
    .order_by(absences.c.id)
)


def take_effect(conn: Connection, letterhead: Letterhead, now: datetime) -> int:
    """Let every departure and every absence that has come take effect, once; gives how many. Repeating does nothing.

    Incidents are held first, then the rows of the persons; the audit is last.
    """
    school = letterhead.school
    left = conn.execute(_LEFT, {"house": school, "now": now}).all()
    begun = conn.execute(_BEGUN, {"house": school, "now": now}).all()
    owing = _owing(conn, school, [row.person_id for row in (*left, *begun)])
    for row in left:
        for incident_id in _unfinished(conn, school, row.person_id):
            owing.setdefault(incident_id, set()).add(row.person_id)
    for incident_id in sorted(owing):
        incident_of(conn, incident_id)
    for row in left:
        _switch_off(conn, school, row, now)
    for row in left:
        _hand_on(conn, letterhead, row.person_id, LEFT, owing, now)
    for row in begun:
        conn.execute(update(absences).where(absences.c.id == row.id).values(begun_at=now))
        if row.substitute_id:
            _hand_on(conn, letterhead, row.person_id, ABSENCE_WORDS[AbsenceKind(row.kind)], owing, now)
    return len(left) + len(begun)


def _owing(conn: Connection, school: str, persons: list[str]) -> dict[int, set[str]]:
    """The open incidents in which these persons owe a signature."""
    rows = conn.execute(
        select(notices.c.incident_id, notices.c.addressee)
        .join(incidents, incidents.c.id == notices.c.incident_id)
        .where(notices.c.school == school, notices.c.addressee.in_(persons), is_owed())
        .where(incidents.c.state.in_(sorted(OPEN)))
    )
    found: dict[int, set[str]] = {}
    for row in rows:
        found.setdefault(row.incident_id, set()).add(row.addressee)
    return found


def _unfinished(conn: Connection, school: str, person_id: str) -> set[int]:
    """The open incidents in which this person holds a task, or has signed and is waited for to act."""
    idle = (
        select(notices.c.incident_id)
        .join(incidents, incidents.c.id == notices.c.incident_id)
        .where(notices.c.school == school, notices.c.addressee == person_id, _is_idle())
        .where(incidents.c.state.in_(sorted(OPEN)))
    )
    return {*conn.execute(idle).scalars(), *handing.held_in(conn, school, [person_id])}


def _is_idle() -> ColumnElement[bool]:
    """The condition on `notices` for a signature after which an act is still waited for (`idle`)."""
    waits = (timer.timers.c.kind == timer.TimerKind.IDLE) & (timer.timers.c.state == timer.TimerState.SET)
    return select(timer.timers.c.id).where(timer.timers.c.notice_id == notices.c.id, waits).exists()


def keep_out(conn: Connection, school: str) -> None:
    """Who left stays out, though a roster that was not brought up to date still names them."""
    table = people.people
    left = sorted(gone(conn, school))
    if left:
        conn.execute(update(table).where(table.c.school == school, table.c.id.in_(left)).values(active=False))


def _switch_off(conn: Connection, school: str, row: Row[Any], now: datetime) -> None:
    table = people.people
    conn.execute(update(table).where(table.c.school == school, table.c.id == row.person_id).values(active=False))
    conn.execute(update(departures).where(*_own(school, row.person_id)).values(done_at=now))
    user.switch_off(conn, school, row.person_id, BY_ROSTER.id, now)
    audit.record(conn, school=school, now=now, actor=BY_ROSTER.id, action="duty.left", subject=row.person_id)


def _hand_on(
    conn: Connection, letterhead: Letterhead, person_id: str, word: str, owing: dict[int, set[str]], now: datetime
) -> None:
    """What the person has not signed is settled, and whoever acts for the office is told instead."""
    leaver = people.person(conn, letterhead.school, person_id)
    for incident_id in sorted(number for number, persons in owing.items() if person_id in persons):
        row = incident_of(conn, incident_id)
        wanted = or_(is_owed(), _is_idle()) if word == LEFT else is_owed()
        owed = conn.execute(
            select(notices)
            .where(notices.c.incident_id == incident_id, notices.c.addressee == person_id, wanted)
            .order_by(notices.c.id)
        ).all()
        if leaver is not None and word == LEFT:
            handing.hand_on(conn, letterhead, row, leaver, word, BY_ROSTER, now)
        if leaver is None or not owed:
            continue
        told = gather(one for notice in owed for one in _instead(conn, letterhead, row, notice, leaver, word, now))
        if all(one.person.id == person_id for one in told):
            continue
        names = "、".join(dict.fromkeys(f"{one.person.name}（{one.office}）" for one in told))
        why = f"{leaver.name}{word}，改由 {names} 签收"
        for notice in owed:
            conn.execute(
                update(notices).where(notices.c.id == notice.id, is_owed())
                .values(settled_at=now, settled_by=BY_ROSTER.id, settled_why=why)
            )  # fmt: skip
            timer.stop(conn, now, notice_id=notice.id)
        telephone.call_off(conn, row, BY_ROSTER, now, f"{leaver.name}{word}，不必再拨", person_id)
        signed = all(notice.signed_at is not None for notice in owed)
        log(conn, incident_id, now, EntryKind.NOTICE, why, "原通知已签，尚无人办理" if signed else "原通知未签")
        issue(conn, letterhead, row, told, NoticeKind.HANDED_ON, f"handed_on:{owed[-1].id}", now)


def _instead(
    conn: Connection, letterhead: Letterhead, row: Row[Any], notice: Row[Any], leaver: Person, word: str, now: datetime
) -> list[Addressee]:
    """Who is told instead of this notice: who acts for its office, else the duty desk."""
    held = people.holders(conn, row.school, notice.role, unit=row.unit, account_id=row.account_id)
    who = people.acting(conn, row.school, held, now, letterhead.channels)
    left_over = "已签收、尚无人办理的" if notice.signed_at is not None else "未签收的"
    reason = f"{leaver.name}{word}，其{left_over} {notice.number} 由您签收"
    office = proxy.office_of(notice.office)
    if who is not None and not row.trial:
        return [acting_as(who, notice.role, office, (), notice.basis, reason)]
    words = f"{VACANT_REASON.format(office=office)}；{reason}"
    return [
        Addressee(one, Role.MONITOR, ("值班台",), (), Source.DEFAULT.label, words, f"{office} {leaver.name}")
        for one in people.desk(conn, row.school, now, letterhead.channels)
    ]
