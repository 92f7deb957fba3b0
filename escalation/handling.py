"""What a person does to an incident: confirm, dismiss, note, answer, remind, settle, close, reopen.

Each is one transaction: the step of the state table, the log line and the audit row, or nothing and a sentence.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import archive, audit, people, recall, receipt, telephone, timer, verdict
from escalation.bulletin.clock import FIRST_REPORT, resume
from escalation.clock_words import second
from escalation.deed import DESK, incident_of, must_be, must_be_open, must_fit, write_down
from escalation.incident import (
    LEVELS,
    MACHINE,
    Actor,
    EntryKind,
    advance,
    claim_keys,
    incidents,
    log,
    members,
    release_keys,
)
from escalation.incident.state import LEAD, Event, IllegalStep, State, step
from escalation.loose_end import loose_ends
from escalation.notice import NoticeKind, is_owed, notices, withdrawal
from escalation.notice.addressee import Addressee
from escalation.notice.clocking import run_duties_again
from escalation.notice.issue import Letterhead, issue
from escalation.people import Role
from escalation.task import deeds as task_deeds
from escalation.task import resuming
from escalation.task.telling import name_of
from escalation.verdict import FalseAlarm as FalseAlarm
from escalation.verdict import Verdict
from escalation.voice import hold, statement, validity
from escalation.voice.demand import begin_demanded
from stream import line

CALLED_OFF, SETTLED = "误报，不必再拨", "已代为了结，不必再拨"
WHY_MOST, NAME_MOST = 300, 60
TWO_HANDS = 2
"""Up to this level whoever closes is not the only one who handled it (系统默认，非校规)."""
HANDLED = tuple(
    f"{noun}.{deed}" for noun, deeds in {
        "incident": ("confirm", "assign", "hand_over", "note", "fulfil", "call", "no_answer", "watch", "recap",
                     "level"),
        "keeper": ("report", "contact", "contact_answered", "answer"),
    }.items() for deed in deeds
)  # fmt: skip
"""Deeds of the audit that count as handling; a signature alone does not."""
HELD_AT_END = "keys_at_end"
"""Where an ended incident keeps, with what is frozen, the keys that were its own at its end: also those that joined,
none that went with a part that was split off."""


def confirm(conn: Connection, incident_id: int, actor: Actor, now: datetime, note: str = "") -> None:
    """A person confirms what the machine found (研判); the first confirmation stands."""
    row = incident_of(conn, incident_id)
    must_be(actor, DESK, "确认研判")
    must_be_open(row, "确认研判")
    moved = conn.execute(
        update(incidents)
        .where(incidents.c.id == incident_id, incidents.c.confirmed_at.is_(None))
        .values(confirmed_at=now, confirmed_by=actor.id)
    )
    if moved.rowcount != 1:
        raise IllegalStep("这一事件已有人确认研判。未作任何更改。")
    if State(row.state) is State.ACKNOWLEDGED:
        advance(conn, incident_id, Event.ASSESS, actor.roles)
    verdict.agree(conn, row, actor, now)
    log(conn, incident_id, now, EntryKind.PERSON, "确认研判", note, actor=actor.name)
    write_down(conn, row, actor, "confirm", now, note=note)


def dismiss(
    conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime, reason: FalseAlarm,
    note: str = "",
) -> None:  # fmt: skip
    """Record a false alarm with its reason; whoever was told of it is told so, once.

    Level Ⅰ needs somebody other than the one who confirmed it.
    """
    row = incident_of(conn, incident_id)
    if row.level == 1 and row.confirmed_by in (None, actor.id):
        raise IllegalStep("Ⅰ级事件记为误报须由两人：一人先确认研判，另一人记为误报。未作任何更改。")
    state = advance(conn, incident_id, Event.DISMISS, actor.roles)
    verdict.record(conn, row, actor, now, Verdict.FALSE_ALARM, reason.value)
    undone = timer.end(conn, incident_id, now, state)
    validity.outlive(conn, row, now)
    _free(conn, row)
    telephone.call_off(conn, row, actor, now, CALLED_OFF)
    task_deeds.call_off(conn, row, actor, now, "误报")
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(closed_at=now))
    log(conn, incident_id, now, EntryKind.PERSON, f"记为误报：{reason.value}", note, actor=actor.name)
    if undone:
        log(conn, incident_id, now, EntryKind.MACHINE, f"{'、'.join(undone)} 误报时未办，时限已停")
    hold.fall(conn, letterhead, row, actor, now, f"事件记为误报：{reason.value}")
    statement.fall(conn, row, now, f"事件记为误报：{reason.value}")
    _recall(conn, letterhead, incident_of(conn, incident_id), actor, now, reason)
    write_down(conn, row, actor, "dismiss", now, reason=reason.value, note=note, undone=undone)


def _recall(
    conn: Connection, letterhead: Letterhead, ended: Row[Any], actor: Actor, now: datetime, reason: FalseAlarm
) -> None:
    """What has not left does not leave; who has or may have heard of it is told that it was nothing."""
    gone, heard_nothing = withdrawal.ended(conn, ended, now)
    if gone:
        words = f"其中 {heard_nothing} 人没有收到过通知，不必告知" if heard_nothing else ""
        log(conn, ended.id, now, EntryKind.MACHINE, f"致 {gone} 人的通知尚未发出，已撤回", words)
    recall.tell(conn, letterhead, ended, actor, now, reason.value)


def _free(conn: Connection, row: Row[Any]) -> None:
    """An ended matter gives its keys free, and what was said of it counts no more towards a new one.

    All keys it held at its end are kept with it, those that joined after the opening too: reopening claims them.
    """
    frozen = row.frozen | {HELD_AT_END: release_keys(conn, row.id)}
    conn.execute(update(incidents).where(incidents.c.id == row.id).values(frozen=frozen))
    joined = conn.execute(select(members.c.post_id).where(members.c.incident_id == row.id)).scalars()
    line.spend(conn, row.school, list(joined))


def note(conn: Connection, incident_id: int, actor: Actor, now: datetime, text: str) -> None:
    """Write a line into the log."""
    row = incident_of(conn, incident_id)
    if not text.strip():
        raise IllegalStep("记录不能为空。未作任何更改。")
    log(conn, incident_id, now, EntryKind.PERSON, "记录", text.strip(), actor=actor.name)
    write_down(conn, row, actor, "note", now, text=text.strip())


BY_BULLETIN = "首报以送出的情况报告为准，请在“情况报告”中写首报；来不及写的，先打电话，写好后随即送出。未作任何更改。"
DUTIES = {"first_report": "首报", "facts": "情况说明", "first_answer": "首次回应"}
"""The incident's own clocks, by the name of their timer."""


def fulfil(conn: Connection, incident_id: int, actor: Actor, now: datetime, name: str, note: str = "") -> None:
    """Record that what one of the incident's clocks asks for was done (首报, 情况说明, 首次回应); its clock stops."""
    row = incident_of(conn, incident_id)
    must_be(actor, DESK, "登记办结")
    if name == FIRST_REPORT:
        raise IllegalStep(BY_BULLETIN)
    if name not in DUTIES or not timer.fulfil(conn, incident_id, name, now):
        raise IllegalStep(f"“{DUTIES.get(name, name)}”的时限已停或不存在。未作任何更改。")
    log(conn, incident_id, now, EntryKind.PERSON, f"{DUTIES[name]}已办", note.strip(), actor=actor.name)
    write_down(conn, row, actor, "fulfil", now, duty=name, note=note.strip())


def no_answer(conn: Connection, incident_id: int, actor: Actor, now: datetime, why: str, approved_by: str) -> None:
    """决定不公开回应: nothing is said in public, for a reason and by somebody's approval; 首次回应 is settled by it."""
    row = incident_of(conn, incident_id)
    why, approved_by = must_fit(why, WHY_MOST, "不公开回应的理由"), must_fit(approved_by, NAME_MOST, "批准人")
    if not why or not approved_by:
        raise IllegalStep("决定不公开回应须写明理由和批准人。未作任何更改。")
    advance(conn, incident_id, Event.NO_ANSWER, actor.roles)
    timer.fulfil(conn, incident_id, "first_answer", now)
    words = f"{why}；批准人 {approved_by}"
    log(conn, incident_id, now, EntryKind.PERSON, "决定不公开回应", words, actor=actor.name)
    write_down(conn, row, actor, "no_answer", now, why=why, approved_by=approved_by)


def close(conn: Connection, incident_id: int, actor: Actor, now: datetime, note: str, undone: str = "") -> None:
    """Close the matter (销号): refused while anything of it is open (`loose_end`), or without words.

    At levels Ⅰ and Ⅱ not by the only person who handled it. Duties nobody did (首报 ...) are named, and closing asks
    why: `undone` is the answer, kept in log and audit. The window in which it may be opened again begins to run.
    """
    row = incident_of(conn, incident_id)
    must_be(actor, LEAD, "销号")
    must_be_open(row, "销号")
    if not note.strip():
        raise IllegalStep("销号须写明处置结果。未作任何更改。")
    if left_open := loose_ends(conn, incident_id):
        raise IllegalStep(f"还不能销号：{'；'.join(left_open)}。未作任何更改。")
    if row.level <= TWO_HANDS and actor.roles is not None and not _handled_by_another(conn, row, actor):
        raise IllegalStep(f"{LEVELS[row.level]}级事件不能由唯一的经办人自己销号，请另一位办理。未作任何更改。")
    why = must_fit(undone, WHY_MOST, "未办原因")
    demanded = task_deeds.undone(conn, incident_id)
    left = "、".join([*(one.words for one in timer.undone(conn, incident_id)), *map(name_of, demanded)])
    if left and not why:
        where = _where(left, "、".join(map(name_of, demanded)))
        raise IllegalStep(
            f"{left} 还没有登记已办。已办的，请先登记（{where}）；未办而须销号的，请写明未办原因。未作任何更改。"
        )
    state = advance(conn, incident_id, Event.CLOSE, actor.roles)
    task_deeds.call_off(conn, row, actor, now, f"销号时未办：{why}")
    timer.end(conn, incident_id, now, state)
    validity.outlive(conn, row, now)
    _free(conn, row)
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(closed_at=now))
    archive.arm(conn, row, now)
    log(conn, incident_id, now, EntryKind.PERSON, "销号", note.strip(), actor=actor.name)
    if left:
        log(conn, incident_id, now, EntryKind.PERSON, f"{left} 销号时未办", why, actor=actor.name)
    write_down(conn, row, actor, "close", now, note=note.strip(), undone=left, why=why if left else "")


def _where(left: str, demanded: str) -> str:
    """Where what is left is recorded as done; `demanded`: the tasks among it."""
    if not demanded:
        return "在“时限”中"
    return f"{demanded}在“任务”中代为登记答复" + ("，其余在“时限”中" if left != demanded else "")


def _handled_by_another(conn: Connection, row: Row[Any], actor: Actor) -> bool:
    """Whether the audit knows a deed on this incident by another person than the one who closes it."""
    others = select(audit.audit_log.c.seq).where(
        audit.audit_log.c.school == row.school, audit.audit_log.c.object == row.number,
        audit.audit_log.c.action.in_(HANDLED), audit.audit_log.c.actor.not_in([actor.id, MACHINE.id]),
    )  # fmt: skip
    return conn.execute(others.limit(1)).first() is not None


def settle(conn: Connection, incident_id: int, person_id: str, actor: Actor, now: datetime, why: str) -> None:
    """代为了结: somebody who cannot sign (ill, abroad) is waited for no longer; the notice stays unsigned and says why.

    By a person of the 宣传部 or the duty lead, never for oneself.
    """
    row = incident_of(conn, incident_id)
    if not may_settle(conn, row.school, actor, now):
        raise IllegalStep("代为了结须由宣传部或带班领导办理。未作任何更改。")
    must_be_open(row, "代为了结")
    if person_id == actor.id:
        raise IllegalStep("本人的通知请本人签收。未作任何更改。")
    why = must_fit(why, WHY_MOST, "代为了结的原因")
    if not why:
        raise IllegalStep("代为了结须写明原因，如“出国，已电话告知”。未作任何更改。")
    ended = conn.execute(
        update(notices)
        .where(notices.c.incident_id == incident_id, notices.c.addressee == person_id, is_owed())
        .values(settled_at=now, settled_by=actor.id, settled_why=why)
        .returning(notices.c.id)
    ).scalars().all()  # fmt: skip
    if not ended:
        raise IllegalStep("此人没有待签收的通知，可能刚刚签收。未作任何更改。")
    for notice_id in ended:
        timer.stop(conn, now, notice_id=notice_id)
    telephone.call_off(conn, row, actor, now, SETTLED, person_id)
    found = people.person(conn, row.school, person_id)
    log(
        conn, incident_id, now, EntryKind.CHASE, f"代为了结 {found.name if found else person_id} 的签收（未签）", why,
        actor=actor.name,
    )  # fmt: skip
    receipt.note_complete(conn, row, now)
    write_down(conn, row, actor, "settle", now, person=person_id, why=why)


def may_settle(conn: Connection, school: str, actor: Actor, now: datetime) -> bool:
    """Whether this person settles for others: the 宣传部, or the duty lead."""
    return bool(actor.roles and Role.PUBLICITY in actor.roles) or people.leads(conn, school, actor.id, now)


def reopen(
    conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime, reason: str
) -> None:
    """Open an ended matter again; who was told of it or of its false alarm is told, new clocks run, the tasks
    that its end withdrew are asked for again, and a hold that its false alarm ended begins anew where the level demands
    one.

    A closed one within the frozen pack's watch after its closing; later a new incident follows it (`sequel`).
    """
    row = incident_of(conn, incident_id)
    if not reason.strip():
        raise IllegalStep("重新打开须写明理由。未作任何更改。")
    step(State(row.state), Event.REOPEN, actor.roles)
    if State(row.state) is State.CLOSED and now > (until := row.closed_at + archive.window_of(row)):
        raise IllegalStep(f"重新打开的期限已于 {second(until)} 届满，请另立接续事件。未作任何更改。")
    keys = set(row.frozen.get(HELD_AT_END, row.frozen.get("keys", [])))
    if len(claim_keys(conn, row.school, sorted(keys), incident_id)) < len(keys):
        raise IllegalStep("同一事由已另立事件，请在新事件上处理。未作任何更改。")
    advance(conn, incident_id, Event.REOPEN, actor.roles)
    if State(row.state) is State.FALSE_ALARM:
        verdict.record(conn, row, actor, now, Verdict.WITHDRAWN, reason.strip())
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(closed_at=None))
    timer.stop(conn, now, incident_id=incident_id)
    log(conn, incident_id, now, EntryKind.PERSON, "重新打开", reason.strip(), actor=actor.name)
    fresh = incident_of(conn, incident_id)
    resume(conn, fresh, now)
    recall.take_back(conn, letterhead, fresh, now, reason.strip())
    resuming.resume(conn, letterhead, fresh, row.closed_at, now)
    if running := run_duties_again(conn, fresh, now):
        log(conn, incident_id, now, EntryKind.MACHINE, f"{'、'.join(running)} 重新计时")
    begin_demanded(conn, letterhead, fresh, now)
    validity.resume(conn, incident_id)
    write_down(conn, row, actor, "reopen", now, reason=reason.strip())


def remind(conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime) -> int:
    """催签: send everybody who has not signed one more message now; gives to how many."""
    row = incident_of(conn, incident_id)
    must_be(actor, DESK, "催签")
    must_be_open(row, "催签")
    rows = conn.execute(
        select(notices).where(notices.c.incident_id == incident_id, is_owed()).order_by(notices.c.id)
    ).all()
    unsigned = list({one.addressee: one for one in rows}.values())
    for one in unsigned:
        holder = people.person(conn, row.school, one.addressee)
        if holder is not None:
            target = Addressee(holder, one.role, (one.office,), (), one.basis, f"{actor.name} 催签")
            step = f"remind:{one.id}:{now:%Y%m%d%H%M}"
            issue(conn, letterhead, row, [target], NoticeKind.REMINDER, step, now, original=one.id)
    log(conn, incident_id, now, EntryKind.CHASE, f"催签 {len(unsigned)} 人", actor=actor.name)
    write_down(conn, row, actor, "remind", now, people=len(unsigned))
    return len(unsigned)
