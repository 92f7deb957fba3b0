"""Merging 并入: two open incidents turn out to be one matter. One goes over to the other with all that belongs to it.

Open keys and members point to the other one from then on, so the watch adds to the right incident. The notices go over
as they are, with their receipts, clocks and phone tasks: who was told of either stays told, and nothing is sent twice.
Where one person has to sign for both, the notice that is due first stands and the other is superseded by it. Of two
equal deadlines the stricter runs on. Only whom the articles name for the two together, and nobody told, is told.

Un-merging 撤销并入 gives back keys, members, notices and clocks as they were, but for what was signed or done
meanwhile. Lines that came in the meantime stay where they came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from escalation import merged_level, merged_notices, reignition, timer
from escalation.belonging import kinds_told
from escalation.bulletin import bulletins_of
from escalation.bulletin.clock import resume, start_follow_up, stop_follow_up
from escalation.deed import incident_of, must_be, must_fit, write_down
from escalation.incident import LEVELS, Actor, EntryKind, advance, incidents, join, log, members, repoint_keys
from escalation.incident.state import DESK, OPEN, STATE_WORDS, Event, IllegalStep, State, way
from escalation.loose_end import own_business
from escalation.merged_clocks import give_back_clocks, go_over_clocks
from escalation.notice import NoticeKind, calls, notices
from escalation.notice.calling import call_of
from escalation.notice.issue import Letterhead
from escalation.procedure import Trigger, thaw
from escalation.task import merged as merged_tasks
from escalation.telling import not_yet_told, round_of, tell
from escalation.tie import TieKind, standing, tie, undo
from escalation.timer import TimerKind, TimerState, timers
from escalation.voice import merged as merged_holds
from escalation.voice import validity

REASON_MOST = 300
ONE_CALL = "两事并为一件，按另一任务拨打"
CARRIED = (
    TimerKind.SIGN, TimerKind.RUNG, TimerKind.IDLE, TimerKind.DUTY, TimerKind.FOLLOW, TimerKind.WATCH, TimerKind.TASK,
    TimerKind.CORRECTION,
)  # fmt: skip
"""Clocks that go over, or stop while the incident is merged."""


def merge(
    conn: Connection, letterhead: Letterhead, incident_id: int, into: str, actor: Actor, now: datetime, reason: str
) -> None:
    """Merge this incident into the open one with the number `into`."""
    row, other = _both(conn, incident_id, _id_of(conn, incident_id, into))
    must_be(actor, DESK, "并入事件")
    reason = must_fit(reason, REASON_MOST, "并入的理由")
    if not reason:
        raise IllegalStep("并入须写明理由。未作任何更改。")
    _must_fit_together(conn, row, other)
    advance(conn, row.id, Event.MERGE, actor.roles)
    conn.execute(update(incidents).where(incidents.c.id == row.id).values(closed_at=now))
    kept: dict[str, Any] = {"state": row.state, "keys": repoint_keys(conn, row.id, other.id)}
    kept["members"] = _lend_members(conn, row, other, now)
    superseded = merged_notices.supersede(conn, row.id, other.id)
    kept["tasks"] = merged_tasks.go_over(conn, row.id, other.id, now)
    kept["holds"] = merged_holds.go_over(conn, row.id, other.id)
    reports_due = timer.running(conn, row.id, TimerKind.FOLLOW, "")
    kept["clocks"] = go_over_clocks(conn, row.id, other.id, [one for one, _ in superseded], now)
    validity.outlive(conn, row, now)
    kept["notices"] = _go_over(conn, row.id, other.id)
    kept["superseded"] = superseded
    kept["calls"] = _one_call_each(conn, other.id, actor, now)
    kept["other"], kept["made"] = _take_in(conn, row, other)
    if State(other.state) is State.WATCHING and State(row.state) not in (State.RESPONDED, State.WATCHING):
        advance(conn, other.id, Event.REKINDLE, None)
        reignition.break_off(conn, other.id, now)
        resume(conn, incident_of(conn, other.id), now)
    fresh = incident_of(conn, other.id)
    kept["raised"] = None
    if fresh.level < other.level:
        moved = {int(one) for one in kept["notices"]}
        kept["raised"] = merged_level.follow(conn, letterhead, fresh, row.number, moved, now)
    kept["follow"] = bool(reports_due) and not timer.running(conn, other.id, TimerKind.FOLLOW, "")
    if kept["follow"]:
        start_follow_up(conn, fresh, now)
    tie(conn, row, other, TieKind.MERGED, actor, now, reason, kept)
    log(conn, row.id, now, EntryKind.PERSON, f"并入 {other.number}", reason, actor=actor.name)
    words = f"{len(kept['notices'])} 份通知、{len(kept['members'])} 条原文随同转入；今后同类原文归本事件"
    log(conn, other.id, now, EntryKind.PERSON, f"{row.number} 并入本事件", f"{reason}\n{words}", actor=actor.name)
    if fresh.level != other.level:
        heading = f"随并入由 {LEVELS[other.level]}级升为 {LEVELS[fresh.level]}级"
        log(conn, other.id, now, EntryKind.LEVEL, heading, reason, actor=actor.name)
    _tell_the_rest(conn, letterhead, fresh, row, now)
    write_down(conn, row, actor, "merge", now, into=other.number, reason=reason)
    write_down(conn, fresh, actor, "take_in", now, merged=row.number, reason=reason)


def unmerge(conn: Connection, incident_id: int, actor: Actor, now: datetime, reason: str) -> None:
    """Take a merging back: what went over comes back, as far as nothing happened to it since."""
    found = standing(conn, incident_id, TieKind.MERGED)
    if found is None:
        raise IllegalStep("这一事件没有并入其他事件。未作任何更改。")
    row, other = _both(conn, incident_id, found.other_id)
    must_be(actor, DESK, "撤销并入")
    reason = must_fit(reason, REASON_MOST, "撤销并入的理由")
    if not reason:
        raise IllegalStep("撤销并入须写明理由。未作任何更改。")
    if State(row.state) is State.MERGED and State(other.state) not in OPEN:
        raise IllegalStep(
            f"{other.number} 处于“{STATE_WORDS[State(other.state)]}”，请先把它重新打开或撤销它的并入。未作任何更改。"
        )
    advance(conn, row.id, Event.UNMERGE, actor.roles)
    for event in way(State.NOTIFIED, State(found.data["state"])):
        advance(conn, row.id, event, None)
    conn.execute(update(incidents).where(incidents.c.id == row.id).values(closed_at=None))
    undo(conn, found.id, actor, now, reason)
    repoint_keys(conn, other.id, row.id, found.data["keys"])
    _take_back_members(conn, row.school, other.id, found.data["members"])
    _come_back(conn, row.id, other.id, found.data["notices"])
    owed = merged_notices.restore(conn, found.data["superseded"], now)
    give_back_clocks(conn, found.data["clocks"], row.id, found.at)
    if found.data["raised"] and other.level == found.data["made"]["level"]:
        merged_level.give_back(conn, found.data["raised"])
    if found.data["follow"] and not bulletins_of(conn, other.id):
        stop_follow_up(conn, other.id, now)
    merged_notices.stop_replaced(conn, found.data["superseded"], now)
    merged_notices.stand_again(conn, incident_of(conn, row.id), other.id, now)
    merged_tasks.come_back(conn, found.data["tasks"], row.id, other.id, found.at)
    merged_holds.come_back(conn, found.data["holds"], row.id, other.id)
    _give_back_figures(conn, other, found.data)
    log(conn, row.id, now, EntryKind.PERSON, f"撤销并入，与 {other.number} 分开", reason, actor=actor.name)
    words = f"{len(found.data['notices'])} 份通知退回，今后同类原文仍归原事件；此间新到的原文留在本事件"
    log(conn, other.id, now, EntryKind.PERSON, f"{row.number} 撤销并入", f"{reason}\n{words}", actor=actor.name)
    again = {one for one in owed if one in found.data["calls"]}
    for notice_id in sorted(again):
        call_of(conn, notice_id, f"unmerge:{found.id}", now)
    write_down(conn, row, actor, "unmerge", now, out_of=other.number, reason=reason)
    write_down(conn, other, actor, "give_back", now, merged=row.number, reason=reason)


def _id_of(conn: Connection, incident_id: int, number: str) -> int:
    """The id of the incident with this number in the same school. Raises IllegalStep where there is none."""
    school = select(incidents.c.school).where(incidents.c.id == incident_id).scalar_subquery()
    wanted = select(incidents.c.id).where(incidents.c.school == school, incidents.c.number == number.strip())
    found = conn.execute(wanted).scalar()
    if found is None:
        raise IllegalStep(f"没有编号为 {number.strip()[:32] or '（空）'} 的事件。未作任何更改。")
    return int(found)


def _both(conn: Connection, one: int, other: int) -> tuple[Row[Any], Row[Any]]:
    """Both incidents, held in the order of their ids, so that two mergings never wait for each other."""
    rows = {each: incident_of(conn, each) for each in sorted({one, other})}
    return rows[one], rows[other]


def _must_fit_together(conn: Connection, row: Row[Any], other: Row[Any]) -> None:
    if row.id == other.id:
        raise IllegalStep("不能并入自己。未作任何更改。")
    if State(other.state) not in OPEN or State(other.state) is State.TRIAGED:
        raise IllegalStep(f"{other.number} 已经了结，不能并入。未作任何更改。")
    if row.care != other.care:
        raise IllegalStep("求助事件单独处置，不能与其他事件并在一起。未作任何更改。")
    if (row.rehearsal, row.trial) != (other.rehearsal, other.trial):
        raise IllegalStep("演练、试运行的事件不能与正式事件并在一起。未作任何更改。")
    if left := [*own_business(conn, row.id), *_own_clocks(conn, row.id)]:
        raise IllegalStep(f"先办完本事件自己的事项再并入：{'；'.join(left)}。未作任何更改。")


def _own_clocks(conn: Connection, incident_id: int) -> list[str]:
    """Clocks of something that cannot go over, such as one voice: it is finished where it was begun.

    Nobody can do anything about the 有效期 of what is out; its clocks outlive the incident (`voice/validity.py`).
    """
    rows = conn.execute(
        select(timers.c.words).distinct().where(timers.c.incident_id == incident_id)
        .where(timers.c.state == TimerState.SET, timers.c.kind.not_in((*CARRIED, TimerKind.VALIDITY)))
        .where(~timers.c.name.startswith(merged_holds.CLOCK, autoescape=True)).order_by(timers.c.words)
    ).scalars()  # fmt: skip
    return [f"“{words}”的时限还在走" for words in rows]


def _lend_members(conn: Connection, row: Row[Any], other: Row[Any], now: datetime) -> list[str]:
    """The lines belong to the other incident as well; gives those that are new to it."""
    own = select(members.c.post_id).where(members.c.incident_id == row.id)
    theirs = set(conn.execute(select(members.c.post_id).where(members.c.incident_id == other.id)).scalars())
    new = [one for one in conn.execute(own.order_by(members.c.joined_at)).scalars() if one not in theirs]
    join(conn, other.id, row.school, new, row.risk, now)
    return new


def _take_back_members(conn: Connection, school: str, other_id: int, post_ids: Sequence[str]) -> None:
    for start in range(0, len(post_ids), 500):
        part = members.c.post_id.in_(list(post_ids[start : start + 500]))
        conn.execute(delete(members).where(members.c.incident_id == other_id, members.c.school == school, part))


def _go_over(conn: Connection, from_id: int, to_id: int) -> dict[str, str]:
    """Every notice goes over, with its deliveries and calls; gives (id, step it had). Equal steps are told apart."""
    theirs = {
        (row.addressee, row.step)
        for row in conn.execute(select(notices.c.addressee, notices.c.step).where(notices.c.incident_id == to_id))
    }
    moved = {}
    for row in conn.execute(select(notices).where(notices.c.incident_id == from_id).order_by(notices.c.id)).all():
        step = f"{row.id}~{row.step}"[:64] if (row.addressee, row.step) in theirs else row.step
        conn.execute(update(notices).where(notices.c.id == row.id).values(incident_id=to_id, step=step))
        moved[str(row.id)] = row.step
    return moved


def _come_back(conn: Connection, row_id: int, other_id: int, moved: dict[str, str]) -> None:
    for notice_id, step in moved.items():
        own = (notices.c.id == int(notice_id)) & (notices.c.incident_id == other_id)
        conn.execute(update(notices).where(own).values(incident_id=row_id, step=step))


def _one_call_each(conn: Connection, to_id: int, actor: Actor, now: datetime) -> list[int]:
    """Nobody is telephoned twice for one matter; gives the notices whose task was called off."""
    rows = conn.execute(
        select(calls.c.id, calls.c.notice_id, calls.c.person_id)
        .join(notices, notices.c.id == calls.c.notice_id)
        .where(notices.c.incident_id == to_id, calls.c.outcome.is_(None))
        .order_by(notices.c.superseded_by.is_not(None), calls.c.id)
    ).all()
    seen: set[str] = set()
    off = []
    for one in rows:
        if one.person_id in seen:
            values = {"outcome": ONE_CALL, "recorded_by": actor.id, "recorded_at": now}
            conn.execute(update(calls).where(calls.c.id == one.id).values(**values))
            off.append(int(one.notice_id))
        seen.add(one.person_id)
    return off


FIGURES = ("level", "level_found", "level_by_person", "triggers", "dangers", "title", "risk", "reasons")


def _take_in(conn: Connection, row: Row[Any], other: Row[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The graver level, all triggers, both titles, the higher risk; gives what stood there before, and what now."""
    risky = row if row.risk > other.risk else other
    found = [one.level_found or one.level_by_machine for one in (row, other)]
    made = {
        "level": min(row.level, other.level), "level_found": min(found), "level_by_person": other.level_by_person,
        "triggers": list(dict.fromkeys((*other.triggers, *row.triggers))),
        "dangers": [*other.dangers, *(one for one in row.dangers if one["kind"] not in kinds_told(other.dangers))],
        "title": other.title if row.title in other.title else f"{other.title}；{row.title}",
        "risk": risky.risk, "reasons": risky.reasons,
    }  # fmt: skip
    conn.execute(update(incidents).where(incidents.c.id == other.id).values(**made))
    return {name: other._mapping[name] for name in FIGURES}, made


def _give_back_figures(conn: Connection, other: Row[Any], kept: dict[str, Any]) -> None:
    """What the merging changed of the other incident is as before, unless something has changed it since."""
    before, made = kept["other"], kept["made"]
    same = {name: before[name] for name in FIGURES if other._mapping[name] == made[name]}
    if same:
        conn.execute(update(incidents).where(incidents.c.id == other.id).values(**same))


def _tell_the_rest(conn: Connection, letterhead: Letterhead, other: Row[Any], row: Row[Any], now: datetime) -> None:
    """Whom the procedure names for the two together, and nobody told of either, is told now."""
    found = [Trigger(one) for one in other.triggers]
    recipients = thaw(other.frozen["pack"]).who(found, other.level, care=other.care).recipients
    told = not_yet_told(conn, other.id, recipients, round_of(conn, letterhead, other, recipients, now))
    if told.addressees or told.vacant:
        tell(conn, letterhead, other, told, NoticeKind.FIRST, f"merge:{row.number}:{now:%Y%m%d%H%M%S}", now)
