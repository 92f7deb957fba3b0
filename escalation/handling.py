"""What a person does to an incident: confirm, dismiss, assign, note, answer, remind, close, reopen.

Each is one transaction: the step of the state table, the log line and the audit row, or nothing and a sentence.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import alert, audit, people, timer
from escalation.incident import Actor, EntryKind, advance, claim_keys, incidents, log, members, release_keys
from escalation.incident.state import OPEN, Event, IllegalStep, State
from escalation.notice import NoticeKind, calls, notices
from escalation.notice.addressee import Addressee, gather
from escalation.notice.calling import DEAD_DELIVERY
from escalation.notice.issue import Letterhead, issue
from escalation.people import Role
from stream import line


class FalseAlarm(StrEnum):
    """Why an incident is no incident; the digit on the keyboard is its place in this list."""

    JOKE = "玩笑或夸张"
    ELSEWHERE = "与本校无关"
    PAST = "旧事或已办结"
    MISREAD = "规则误判"
    ADVERT = "广告或刷屏"
    DRILL = "演练或测试"


def _incident(conn: Connection, incident_id: int) -> Row[Any]:
    row = conn.execute(select(incidents).where(incidents.c.id == incident_id)).first()
    if row is None:
        raise IllegalStep("没有这一事件，可能链接有误。未作任何更改。")
    return row


def _audit(conn: Connection, row: Row[Any], actor: Actor, action: str, now: datetime, **detail: Any) -> None:
    audit.record(
        conn, school=row.school, now=now, actor=actor.id, action=f"incident.{action}", subject=row.number,
        detail=detail, ip=actor.ip,
    )  # fmt: skip


def _must_be(actor: Actor, allowed: frozenset[Role], what: str) -> None:
    if actor.roles is not None and not actor.roles & allowed:
        raise IllegalStep(f"您的角色不能{what}，请联系宣传部。未作任何更改。")


def _must_be_open(row: Row[Any], what: str) -> None:
    if State(row.state) not in OPEN:
        raise IllegalStep(f"事件已经了结，不能{what}；需要时请先重新打开。未作任何更改。")


DESK = frozenset({Role.MONITOR, Role.PUBLICITY})
CALLED_OFF = "误报，不必再拨"
HELD_AT_END = "keys_at_end"
"""Where an ended incident keeps, with what is frozen, the keys that were its own."""


def confirm(conn: Connection, incident_id: int, actor: Actor, now: datetime, note: str = "") -> None:
    """A person confirms what the machine found (研判); the first confirmation stands."""
    row = _incident(conn, incident_id)
    _must_be(actor, DESK, "确认研判")
    _must_be_open(row, "确认研判")
    moved = conn.execute(
        update(incidents)
        .where(incidents.c.id == incident_id, incidents.c.confirmed_at.is_(None))
        .values(confirmed_at=now, confirmed_by=actor.id)
    )
    if moved.rowcount != 1:
        raise IllegalStep("这一事件已有人确认研判。未作任何更改。")
    log(conn, incident_id, now, EntryKind.PERSON, "确认研判", note, actor=actor.name)
    _audit(conn, row, actor, "confirm", now, note=note)


def dismiss(
    conn: Connection, incident_id: int, actor: Actor, now: datetime, reason: FalseAlarm, note: str = ""
) -> None:
    """Record a false alarm with its reason. Level Ⅰ needs somebody other than the one who confirmed it."""
    row = _incident(conn, incident_id)
    if row.level == 1 and row.confirmed_by in (None, actor.id):
        raise IllegalStep("Ⅰ级事件记为误报须由两人：一人先确认研判，另一人记为误报。未作任何更改。")
    advance(conn, incident_id, Event.DISMISS, actor.roles)
    timer.stop(conn, now, incident_id=incident_id)
    _settle(conn, row)
    _call_off(conn, row, actor, now)
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(closed_at=now))
    log(conn, incident_id, now, EntryKind.PERSON, f"记为误报：{reason.value}", note, actor=actor.name)
    _audit(conn, row, actor, "dismiss", now, reason=reason.value, note=note)


def _settle(conn: Connection, row: Row[Any]) -> None:
    """An ended matter gives its keys free, and what was said of it counts no more towards a new one.

    All keys it held at its end are kept with it, those that joined after the opening too: reopening claims them.
    """
    frozen = row.frozen | {HELD_AT_END: release_keys(conn, row.id)}
    conn.execute(update(incidents).where(incidents.c.id == row.id).values(frozen=frozen))
    joined = conn.execute(select(members.c.post_id).where(members.c.incident_id == row.id)).scalars()
    line.spend(conn, row.school, list(joined))


def _call_off(conn: Connection, row: Row[Any], actor: Actor, now: datetime) -> None:
    """Nobody is telephoned about a false alarm: what phone tasks are open end with that word."""
    mine = select(notices.c.id).where(notices.c.incident_id == row.id)
    ended = conn.execute(
        update(calls)
        .where(calls.c.notice_id.in_(mine), calls.c.outcome.is_(None))
        .values(outcome=CALLED_OFF, recorded_by=actor.id, recorded_at=now)
        .returning(calls.c.step)
    ).scalars()
    for step in ended.all():
        _hush_delivery(conn, row.school, step, now)


def _hush_delivery(conn: Connection, school: str, step: str, now: datetime) -> None:
    """The alert of a delivery that reached nobody ends with the phone task it left."""
    if step.startswith(DEAD_DELIVERY):
        alert.hush(conn, school, f"delivery:{step.removeprefix(DEAD_DELIVERY)}", now)


def assign(conn: Connection, incident_id: int, actor: Actor, now: datetime, unit: str, note: str = "") -> None:
    """Hand the matter to a unit (交办)."""
    row = _incident(conn, incident_id)
    if not unit.strip():
        raise IllegalStep("请写明交办给哪个单位。未作任何更改。")
    advance(conn, incident_id, Event.ASSIGN, actor.roles)
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(assignee=unit.strip()))
    log(conn, incident_id, now, EntryKind.PERSON, f"交办 {unit.strip()}", note, actor=actor.name)
    _audit(conn, row, actor, "assign", now, unit=unit.strip(), note=note)


def note(conn: Connection, incident_id: int, actor: Actor, now: datetime, text: str) -> None:
    """Write a line into the log."""
    row = _incident(conn, incident_id)
    if not text.strip():
        raise IllegalStep("记录不能为空。未作任何更改。")
    log(conn, incident_id, now, EntryKind.PERSON, "记录", text.strip(), actor=actor.name)
    _audit(conn, row, actor, "note", now, text=text.strip())


DUTIES = {"first_report": "首报", "facts": "情况说明", "first_answer": "首次回应"}
"""The incident's own clocks, by the name of their timer."""


def fulfil(conn: Connection, incident_id: int, actor: Actor, now: datetime, name: str, note: str = "") -> None:
    """Record that what one of the incident's clocks asks for was done (首报, 情况说明, 首次回应); its clock stops."""
    row = _incident(conn, incident_id)
    _must_be(actor, DESK, "登记办结")
    if name not in DUTIES or not timer.fulfil(conn, incident_id, name, now):
        raise IllegalStep(f"“{DUTIES.get(name, name)}”的时限已停或不存在。未作任何更改。")
    log(conn, incident_id, now, EntryKind.PERSON, f"{DUTIES[name]}已办", note.strip(), actor=actor.name)
    _audit(conn, row, actor, "fulfil", now, duty=name, note=note.strip())


def close(conn: Connection, incident_id: int, actor: Actor, now: datetime, note: str) -> None:
    """Close the matter (销号): refused while somebody has not signed, while a phone task is open, or without words."""
    row = _incident(conn, incident_id)
    if not note.strip():
        raise IllegalStep("销号须写明处置结果。未作任何更改。")
    if open_tasks := _unfinished(conn, incident_id):
        raise IllegalStep(f"还不能销号：{'；'.join(open_tasks)}。未作任何更改。")
    advance(conn, incident_id, Event.CLOSE, actor.roles)
    timer.stop(conn, now, incident_id=incident_id)
    _settle(conn, row)
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(closed_at=now))
    log(conn, incident_id, now, EntryKind.PERSON, "销号", note.strip(), actor=actor.name)
    _audit(conn, row, actor, "close", now, note=note.strip())


def _unfinished(conn: Connection, incident_id: int) -> list[str]:
    unsigned = conn.execute(
        select(notices.c.addressee, notices.c.office)
        .where(
            notices.c.incident_id == incident_id, notices.c.needs_signature, notices.c.signed_at.is_(None),
            notices.c.superseded_by.is_(None),
        )
        .distinct()
    ).all()  # fmt: skip
    open_calls = conn.execute(
        select(calls.c.id)
        .join(notices, notices.c.id == calls.c.notice_id)
        .where(notices.c.incident_id == incident_id, calls.c.outcome.is_(None))
    ).all()
    words = []
    if unsigned:
        offices = "、".join(dict.fromkeys(row.office for row in unsigned))
        words.append(f"{len({row.addressee for row in unsigned})} 人未签收（{offices}）")
    if open_calls:
        words.append(f"{len(open_calls)} 个电话通知未登记结果")
    return words


def reopen(
    conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime, reason: str
) -> None:
    """Open an ended matter again; everybody who had a first notice is told, and new clocks run."""
    row = _incident(conn, incident_id)
    if not reason.strip():
        raise IllegalStep("重新打开须写明理由。未作任何更改。")
    keys = set(row.frozen.get("keys", [])) | set(row.frozen.get(HELD_AT_END, []))
    if len(claim_keys(conn, row.school, sorted(keys), incident_id)) < len(keys):
        raise IllegalStep("同一事由已另立事件，请在新事件上处理。未作任何更改。")
    advance(conn, incident_id, Event.REOPEN, actor.roles)
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(closed_at=None))
    log(conn, incident_id, now, EntryKind.PERSON, "重新打开", reason.strip(), actor=actor.name)
    told = conn.execute(
        select(notices)
        .where(notices.c.incident_id == incident_id, notices.c.kind.in_([NoticeKind.FIRST, NoticeKind.RAISED]))
        .where(notices.c.needs_signature)
        .order_by(notices.c.id)
    ).all()
    again = []
    for one in {row.addressee: row for row in reversed(told)}.values():
        holder = people.person(conn, row.school, one.addressee)
        if holder is None or not holder.reachable:
            again += [
                Addressee(person, Role.MONITOR, ("值班台",), (), one.basis, f"“{one.office}”已无可联系人员，请转达")
                for person in people.desk(conn, row.school, now)[:1]
            ]
        else:
            again.append(Addressee(holder, one.role, (one.office,), (), one.basis, f"事件重新打开：{reason.strip()}"))
    issue(
        conn,
        letterhead,
        _incident(conn, incident_id),
        gather(again),
        NoticeKind.REOPENED,
        f"reopen:{now.isoformat()}",
        now,
    )
    _audit(conn, row, actor, "reopen", now, reason=reason.strip())


def remind(conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime) -> int:
    """催签: send everybody who has not signed one more message now; gives to how many."""
    row = _incident(conn, incident_id)
    _must_be(actor, DESK, "催签")
    _must_be_open(row, "催签")
    rows = conn.execute(
        select(notices)
        .where(notices.c.incident_id == incident_id, notices.c.needs_signature, notices.c.signed_at.is_(None))
        .order_by(notices.c.id)
    ).all()
    unsigned = list({one.addressee: one for one in rows}.values())
    for one in unsigned:
        holder = people.person(conn, row.school, one.addressee)
        if holder is not None:
            target = Addressee(holder, one.role, (one.office,), (), one.basis, f"{actor.name} 催签")
            step = f"remind:{one.id}:{now:%Y%m%d%H%M}"
            issue(conn, letterhead, row, [target], NoticeKind.REMINDER, step, now, original=one.id)
    log(conn, incident_id, now, EntryKind.PERSON, f"催签 {len(unsigned)} 人", actor=actor.name)
    _audit(conn, row, actor, "remind", now, people=len(unsigned))
    return len(unsigned)


def record_call(conn: Connection, call_id: int, actor: Actor, now: datetime, outcome: str, remark: str = "") -> None:
    """A named person records what became of a phone task; recorded once."""
    _must_be(actor, DESK, "登记电话通知")
    row = conn.execute(
        select(calls, notices.c.incident_id)
        .join(notices, notices.c.id == calls.c.notice_id)
        .where(calls.c.id == call_id)
    ).first()
    if row is None:
        raise IllegalStep("没有这一电话任务。未作任何更改。")
    moved = conn.execute(
        update(calls)
        .where(calls.c.id == call_id, calls.c.outcome.is_(None))
        .values(outcome=outcome, remark=remark or None, recorded_by=actor.id, recorded_at=now)
    )
    if moved.rowcount != 1:
        raise IllegalStep("这一电话任务已有人登记。未作任何更改。")
    _hush_delivery(conn, row.school, row.step, now)
    callee = people.person(conn, row.school, row.person_id)
    name = callee.name if callee else row.person_id
    log(conn, row.incident_id, now, EntryKind.PERSON, f"电话通知 {name}：{outcome}", remark, actor=actor.name)
    _audit(conn, _incident(conn, row.incident_id), actor, "call", now, person=row.person_id, outcome=outcome)
