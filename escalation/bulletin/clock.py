"""The clocks of bulletins: 首报 is met only when one has left the house; 续报 comes due again and again while open.

`FOLLOW` is the incident's clock to the next bulletin: set when one left, replaced by the next, ended by the 终报.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from escalation import people, timer
from escalation.bulletin import BULLETIN_WORDS, BulletinKind, bulletins, bulletins_of
from escalation.bulletin.state import Series, series_after
from escalation.duty.proxy import Acting
from escalation.incident import EntryKind, incidents, log
from escalation.incident.state import OPEN, State
from escalation.notice import NoticeKind
from escalation.notice.addressee import acting_as
from escalation.notice.issue import Letterhead, issue
from escalation.people import Role
from escalation.procedure import Source, say_span, thaw
from escalation.silence import hushed, keep_quiet
from escalation.timer import Timer, TimerKind

FIRST_REPORT = "first_report"


def left(conn: Connection, notice: Row[Any], now: datetime) -> None:
    """A notice that carries a bulletin left, or a call about it reached somebody: the first such stops 首报's clock."""
    if notice.bulletin_id is None:
        return
    moved = conn.execute(
        update(bulletins)
        .where(bulletins.c.id == notice.bulletin_id, bulletins.c.left_at.is_(None))
        .values(left_at=now)
        .returning(bulletins.c.kind)
    ).scalar()
    if moved and timer.fulfil(conn, notice.incident_id, FIRST_REPORT, now):
        words = BULLETIN_WORDS[BulletinKind(moved)]  # after a merging the clock may be met by the next of the series
        log(conn, notice.incident_id, now, EntryKind.MACHINE, f"{words}已送出，首报时限已停")


def start_follow_up(conn: Connection, incident: Row[Any], now: datetime) -> None:
    """Let the clock to the next bulletin run, in place of the one that ran; none where the level asks for none."""
    stop_follow_up(conn, incident.id, now)
    span = thaw(incident.frozen["pack"]).grade(incident.level).follow_up
    if span is None:
        return
    name = f"follow:{_ran(conn, incident.id) + 1}"
    timer.set_timers(conn, [{
        "school": incident.school, "incident_id": incident.id, "kind": TimerKind.FOLLOW, "name": name, "words": "续报",
        "source": span.source, "article": span.article,
        "set_at": now, "due_at": now + span.after,
    }])  # fmt: skip


def resume(conn: Connection, incident: Row[Any], now: datetime) -> None:
    """The matter is on again (reopened, rekindled): a 终报 from before no longer ends it, the next 续报 comes due."""
    conn.execute(update(incidents).where(incidents.c.id == incident.id).values(resumed_at=now))
    if bulletins_of(conn, incident.id):
        start_follow_up(conn, incident, now)


def _ran(conn: Connection, incident_id: int) -> int:
    own = (timer.timers.c.incident_id == incident_id) & (timer.timers.c.kind == TimerKind.FOLLOW)
    return int(conn.execute(select(func.count()).select_from(timer.timers).where(own)).scalar_one())


def stop_follow_up(conn: Connection, incident_id: int, now: datetime) -> None:
    """Stop the clock to the next bulletin."""
    conn.execute(
        update(timer.timers)
        .where(timer.timers.c.incident_id == incident_id, timer.timers.c.kind == TimerKind.FOLLOW)
        .where(timer.timers.c.state == timer.TimerState.SET)
        .values(state=timer.TimerState.STOPPED, ended_at=now)
    )


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """A 续报 that nobody wrote in its time: a line of the log, a reminder to who writes it, and the clock runs anew."""
    incident = conn.execute(select(incidents).where(incidents.c.id == clock.incident_id)).one()
    span = thaw(incident.frozen["pack"]).grade(incident.level).follow_up
    if State(incident.state) not in OPEN or span is None:
        return
    wanted = "续报；处置已结束的，请写终报" if bulletins_of(conn, incident.id) else "情况报告"
    words = f"距上一次报告已 {say_span(span.after)}，请写{wanted}"
    log(conn, incident.id, now, EntryKind.DEADLINE, "续报逾期", words)
    quiet = hushed(conn, incident, now)
    if quiet is not None:
        keep_quiet(conn, quiet, f"follow:{clock.id}", f"{incident.number} 续报催办因静默未发", now)
    office = people.office_in(thaw(incident.frozen["pack"]), Role.PUBLICITY)
    for who in _writers(conn, letterhead, incident, now)[:1] if quiet is None else ():
        one = acting_as(who, Role.PUBLICITY, office, (), Source.DEFAULT.label, words)
        issue(conn, letterhead, incident, [one], NoticeKind.CHASED, f"follow:{clock.id}", now)
    start_follow_up(conn, incident, now)


def _writers(conn: Connection, letterhead: Letterhead, incident: Row[Any], now: datetime) -> list[Acting]:
    """Who is asked for the next bulletin: whoever wrote the last one, else the 宣传部, else the duty desk; for who is
    away the substitute."""
    last = [people.person(conn, incident.school, one.person_id) for one in bulletins_of(conn, incident.id)[-1:]]
    held = [] if incident.trial else people.holders(conn, incident.school, Role.PUBLICITY)
    found = [*(one for one in last if one is not None), *held]
    who = people.acting(conn, incident.school, found, now, letterhead.channels)
    if who is not None:
        return [who]
    return [Acting(one) for one in people.desk(conn, incident.school, now, letterhead.channels)]


def open_of(conn: Connection, incident_id: int) -> list[str]:
    """What of the bulletins holds up closing: where the level demands one, no 终报 since the matter was last opened.

    A 终报 of an incident that was merged into this one ended that one only.
    """
    incident = conn.execute(select(incidents).where(incidents.c.id == incident_id)).one()
    if not thaw(incident.frozen["pack"]).grade(incident.level).final_report:
        return []
    written = bulletins_of(conn, incident_id)
    if series_after([one.kind for one in written]) is Series.CONCLUDED and written[-1].of == incident.number:
        since = incident.resumed_at or incident.opened_at
        return [] if written[-1].written_at >= since else ["重新打开或复燃后还没有新的终报"]
    return ["还没有终报" if written else "还没有首报和终报"]
