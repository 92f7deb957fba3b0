"""The re-ignition watch 复燃观察: after the answer a matter is looked at for a span before it may be closed.

The span is the frozen pack's (`watch` of the level), as a row of `timers`. When the matter is over its threshold again
it goes back to 处置中 with new clocks, the same incident, and everybody told of it hears so once. When the span is over
it may be closed by a person; nothing closes by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, select

from escalation import timer
from escalation.bulletin.clock import resume
from escalation.clock_words import second
from escalation.deed import incident_of, must_fit, write_down
from escalation.incident import MACHINE, Actor, EntryKind, advance, incidents, log, members
from escalation.incident.state import Event, IllegalStep, State
from escalation.notice import NoticeKind, calls, is_owed, notices
from escalation.notice.clocking import restart_duties
from escalation.notice.issue import Letterhead
from escalation.procedure import say_span, thaw
from escalation.procedure.reignition import Reignition
from escalation.recall import tell_again
from escalation.timer import Timer, TimerKind, TimerState, timers
from stream.kept import assessments, posts

NAME, WORDS = "watch:", "复燃观察"
NOTE_MOST = 300
NOT_YET = "还没有经过复燃观察：登记对外回应或决定不公开回应以后，转入观察"


def begin(conn: Connection, incident_id: int, actor: Actor, now: datetime, note: str = "") -> None:
    """转入观察: the answer stands, and the frozen pack's watch begins to run."""
    row = incident_of(conn, incident_id)
    note = must_fit(note, NOTE_MOST, "说明")
    advance(conn, incident_id, Event.WATCH, actor.roles)
    until = _set_clock(conn, row, now)
    kind = EntryKind.MACHINE if actor.roles is None else EntryKind.PERSON
    log(conn, incident_id, now, kind, "转入观察", "；".join(part for part in (until, note) if part), actor=actor.name)
    write_down(conn, row, actor, "watch", now, note=note)


def _set_clock(conn: Connection, row: Row[Any], now: datetime) -> str:
    clock = thaw(row.frozen["pack"]).grade(row.level).watch
    before = conn.execute(
        select(func.count()).select_from(timers)
        .where(timers.c.incident_id == row.id, timers.c.kind == TimerKind.WATCH)
    ).scalar_one()  # fmt: skip
    timer.set_timers(conn, [{
        "school": row.school, "incident_id": row.id, "kind": TimerKind.WATCH, "name": f"{NAME}{before + 1}",
        "words": WORDS, "source": clock.source, "article": clock.article, "set_at": now, "due_at": now + clock.after,
    }])  # fmt: skip
    return f"复燃观察 {say_span(clock.after)}（{clock.label}）"


def running(conn: Connection, incident_id: int) -> Row[Any] | None:
    """The clock of the watch that runs now; None where none does."""
    return conn.execute(
        select(timers)
        .where(timers.c.incident_id == incident_id, timers.c.kind == TimerKind.WATCH)
        .where(timers.c.state == TimerState.SET)
        .limit(1)
    ).first()


def break_off(conn: Connection, incident_id: int, now: datetime) -> None:
    """The watch ends early, because the matter is in hand again."""
    clock = running(conn, incident_id)
    if clock is not None:
        timer.stop_named(conn, incident_id, clock.name, now)


def rekindle(conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime, why: str) -> None:
    """复燃: a person finds the matter on again; the same incident goes back to 处置中."""
    row = incident_of(conn, incident_id)
    why = must_fit(why, NOTE_MOST, "复燃的情形")
    if not why:
        raise IllegalStep("恢复处置须写明复燃的情形。未作任何更改。")
    _back_to_work(conn, letterhead, row, actor, now, why, told=False)
    write_down(conn, row, actor, "rekindle", now, why=why)


def look(
    conn: Connection, letterhead: Letterhead, incident_id: int, now: datetime, *, danger: bool, told: bool
) -> None:
    """A line joined: is a watched matter over its threshold again? `told`: everybody was told of it just now."""
    mine = incidents.c.id == incident_id
    if State(conn.execute(select(incidents.c.state).where(mine)).scalar_one()) is not State.WATCHING:
        return  # the usual answer, without reading all that the incident froze
    row = conn.execute(select(incidents).where(mine)).one()
    clock = running(conn, incident_id)
    since = clock.set_at if clock is not None else now
    figures = thaw(row.frozen["pack"]).reignition
    seen = _seen(conn, incident_id, max(since, now - figures.within))
    if why := over(figures, seen, danger=danger):
        _back_to_work(conn, letterhead, row, MACHINE, now, f"{why}（{figures.label}）", told=told)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was said of a matter in a span: lines, by how many people, how many of them negative."""

    lines: int
    people: int
    negative: int


def over(figures: Reignition, seen: Seen, *, danger: bool) -> str:
    """Why a watched matter is on again, in figures; empty where it is not. Pure."""
    span = say_span(figures.within)
    if danger:
        return "出现危及人身或个人信息的新情形"
    if seen.lines >= figures.lines:
        return f"{span}内新增 {seen.lines} 条，达到 {figures.lines} 条"
    share = 100 * seen.negative // seen.lines if seen.lines else 0
    if min(seen.lines, seen.people) >= figures.least and share >= figures.negative:
        return f"{span}内 {seen.people} 人新增 {seen.lines} 条，负面 {share}%，达到 {figures.negative}%"
    return ""


def _seen(conn: Connection, incident_id: int, since: datetime) -> Seen:
    judged = and_(
        assessments.c.school == posts.c.school, assessments.c.post_id == posts.c.id,
        assessments.c.revision == posts.c.revision,
    )  # fmt: skip
    rows = conn.execute(
        select(posts.c.id, posts.c.author_key, assessments.c.polarity)
        .select_from(members)
        .join(posts, and_(posts.c.school == members.c.school, posts.c.id == members.c.post_id))
        .outerjoin(assessments, judged)
        .where(members.c.incident_id == incident_id, posts.c.by_school.is_(False), posts.c.published_at > since)
    ).all()
    voices = {row.author_key or row.id for row in rows}
    return Seen(len(rows), len(voices), sum(row.polarity == "negative" for row in rows))


def _back_to_work(
    conn: Connection, letterhead: Letterhead, row: Row[Any], actor: Actor, now: datetime, why: str, *, told: bool
) -> None:
    """Back to 处置中 with new clocks; everybody told of the matter hears so once, unless it was told just now."""
    advance(conn, row.id, Event.REKINDLE, actor.roles)
    clock = running(conn, row.id)
    break_off(conn, row.id, now)
    kind = EntryKind.LEVEL if actor.roles is None else EntryKind.PERSON
    log(conn, row.id, now, kind, "复燃，恢复处置", why, actor=actor.name)
    fresh = incident_of(conn, row.id)
    resume(conn, fresh, now)
    if again := restart_duties(conn, fresh, now):
        log(conn, row.id, now, EntryKind.MACHINE, f"{'、'.join(again)} 重新计时")
    if not told:
        step = f"rekindle:{clock.name if clock is not None else now.isoformat()}"
        tell_again(conn, letterhead, fresh, now, NoticeKind.REKINDLED, step, f"已回应的事件再次发酵：{why}")


_OWED = select(notices.c.id).where(notices.c.incident_id == incidents.c.id, is_owed()).exists()
_RINGING = (
    select(calls.c.id).join(notices, notices.c.id == calls.c.notice_id)
    .where(notices.c.incident_id == incidents.c.id, calls.c.outcome.is_(None)).exists()
)  # fmt: skip
_UNDONE = (
    select(timers.c.id)
    .where(timers.c.incident_id == incidents.c.id, timers.c.kind == TimerKind.DUTY)
    .where(timers.c.state != TimerState.STOPPED).exists()
)  # fmt: skip
_RIPE = (
    select(incidents.c.id)
    .where(incidents.c.school == bindparam("house"), incidents.c.state == State.RESPONDED, ~_OWED, ~_RINGING, ~_UNDONE)
    .order_by(incidents.c.id)
)


def ripe(conn: Connection, school: str) -> list[int]:
    """The answered incidents whose watch may begin: nobody's signature, no phone task and no duty is waited for."""
    return list(conn.execute(_RIPE, {"house": school}).scalars())


def open_of(conn: Connection, incident_id: int) -> list[str]:
    """A watch that runs, or that has not begun, holds up closing."""
    state = conn.execute(select(incidents.c.state).where(incidents.c.id == incident_id)).scalar_one()
    if State(state) is not State.WATCHING:
        return [NOT_YET]
    clock = running(conn, incident_id)
    return [f"复燃观察未满，到 {second(clock.due_at)} 为止"] if clock is not None else []


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """The span is over: the matter may be closed, by a person."""
    del letterhead
    row = incident_of(conn, timer.incident_id_of(clock))
    if State(row.state) is State.WATCHING:
        log(conn, row.id, now, EntryKind.DEADLINE, f"{WORDS}期满，未见复燃", "可以销号")
