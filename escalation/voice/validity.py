"""The end of 有效期: before a released version is no longer valid, and when it is not, its author and the 宣传部 hear.

No regulation says how long before; ours is labelled 系统默认，非校规. The clock stands for a date, so it moves with no
jump of the machine's clock, and it is nobody's next step: an incident that waits for it alone stands still.

Words in public outlive their incident. Where it ends (销号, 误报, 并入, later 归档) the clocks run on with the
version's own docket, and the same persons hear by letter; nothing is opened again by it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import people, timer
from escalation.clock_words import moment
from escalation.incident import EntryKind, incidents, log
from escalation.incident.state import OPEN, STATE_WORDS, State
from escalation.notice import NoticeKind, docket
from escalation.notice.addressee import Addressee, acting_as, gather
from escalation.notice.errand import Errand
from escalation.notice.issue import Letterhead, issue
from escalation.notice.letter import Letter, send
from escalation.people import Role
from escalation.procedure import Source, thaw
from escalation.timer import Timer, TimerKind, TimerState, timers
from escalation.voice import hold_notice
from escalation.voice.state import StatementState
from escalation.voice.statement import statements

BEFORE = timedelta(hours=24)
"""So long before the end the first word comes; where less than twice that is left, halfway."""
LABEL = f"有效期届满前提醒：{Source.DEFAULT.label}"
SERIES = "KJ"
"""The numbers of the letters about versions whose incident has ended."""
ASKS_AFTERWARDS = {
    State.CLOSED: ("仍须对外说明的，重新打开事件，改写有效期后另行送审、发布", "不再适用的，在“口径”页撤回"),
    State.FALSE_ALARM: ("事件已记为误报，口径仍在公开的，请在“口径”页撤回或更正",),
    State.MERGED: ("仍须对外说明的，在并入的事件中另拟口径、送审、发布", "不再适用的，在“口径”页撤回"),
    State.ARCHIVED: ("事件已归档，仍须对外说明的，另立事件发布新的口径", "不再适用的，请首发和转发的账号撤下"),
}


def watch(conn: Connection, row: Row[Any], found: Row[Any], now: datetime) -> None:
    """Set the clocks of a version that was released; none where it is valid without end, or no longer."""
    ends = found.valid_until
    if ends is None or ends <= now:
        return
    first = max(ends - BEFORE, now + (ends - now) / 2)
    common = {
        "school": row.school, "incident_id": row.id, "kind": TimerKind.VALIDITY, "source": Source.DEFAULT,
        "article": LABEL, "set_at": now, "data": {"statement": found.id},
    }  # fmt: skip
    timer.set_timers(conn, [
        common | {"name": f"validity:{found.id}:soon", "words": f"口径第 {found.n} 版即将过有效期", "due_at": first},
        common | {"name": f"validity:{found.id}:over", "words": f"口径第 {found.n} 版有效期届满", "due_at": ends},
    ])  # fmt: skip


def forget(conn: Connection, row: Row[Any], statement_id: int, now: datetime) -> None:
    """A version that is no longer in force need not be thought of."""
    timer.stop_begun(conn, row.id, f"validity:{statement_id}:", now)
    docket.end(conn, row.school, matter_of(statement_id), now)


def matter_of(statement_id: int) -> str:
    """The docket of a version whose incident has ended."""
    return f"statement:{statement_id}"


def outlive(conn: Connection, row: Row[Any], now: datetime) -> None:
    """The incident has ended; of what it said in public and still stands the clocks run on, apart from it."""
    out = select(statements.c.id).where(
        statements.c.incident_id == row.id, statements.c.state == StatementState.RELEASED
    )  # fmt: skip
    known = set(conn.execute(out).scalars())
    left = conn.execute(
        select(timers)
        .where(timers.c.incident_id == row.id, timers.c.kind == TimerKind.VALIDITY, timers.c.due_at > now)
        .where(timers.c.state != TimerState.FIRED)
        .order_by(timers.c.id)
    ).all()
    for one in (row for row in left if row.data["statement"] in known):
        matter = matter_of(one.data["statement"])
        docket.enter(conn, row.school, matter, now, f"/statements/{row.number}", series=SERIES)
        timer.set_timers(conn, [{
            "school": row.school, "matter": matter, "kind": TimerKind.VALIDITY, "name": one.name, "words": one.words,
            "source": one.source, "article": one.article, "set_at": now, "due_at": one.due_at, "data": one.data,
        }])  # fmt: skip


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """The handler of `TimerKind.VALIDITY`: of an open incident its own clock speaks, of an ended one the docket's."""
    found = conn.execute(select(statements).where(statements.c.id == clock.data["statement"])).one()
    incident = conn.execute(select(incidents).where(incidents.c.id == found.incident_id)).one()
    goes_on = State(incident.state) in OPEN
    if goes_on is (clock.incident_id is None) or StatementState(found.state) is not StatementState.RELEASED:
        return
    over = now >= found.valid_until
    if over and clock.name.endswith(":soon"):
        return  # the machine was off: the other clock says it
    when = moment(found.valid_until, now)
    told = f"口径第 {found.n} 版{f'已于 {when} 过有效期' if over else f'将于 {when} 过有效期'}"
    if not goes_on:
        _write(conn, letterhead, incident, found, clock, told, now)
        if over:
            docket.end(conn, incident.school, matter_of(found.id), now)
        return
    log(conn, incident.id, now, EntryKind.DEADLINE, told, "请续发或撤回", article=Source.DEFAULT.label)
    errand = Errand(
        title=f"{told}，请续发或撤回",
        facts=(told, "各账号的转发与口径卡仍在；过期后口径卡注明“已过有效期”"),
        asks=("仍然属实的，改写有效期后另行送审、发布", "不再适用的，在一个声音页撤回"),
        verb="查看口径", log=LABEL, source=LABEL,
    )  # fmt: skip
    issue(conn, letterhead, incident, _whom(conn, letterhead, incident, found, now), NoticeKind.VOICE, clock.name, now,
          errand=errand)  # fmt: skip


def _write(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], found: Row[Any], clock: Timer, told: str,
    now: datetime,
) -> None:  # fmt: skip
    state = State(incident.state)
    for one in _whom(conn, letterhead, incident, found, now):
        send(conn, letterhead, one.person, Letter(
            matter=matter_of(found.id), step=clock.name, kind="口径有效期", heading=f"{incident.number} 的{told}",
            lines=(f"事件现为“{STATE_WORDS[state]}”，口径没有撤回，仍在公开；本函不重新打开事件",
                   "各账号的转发与口径卡仍在；过期后口径卡注明“已过有效期”"),
            path=f"/statements/{incident.number}", asked=ASKS_AFTERWARDS[state], source=LABEL, office=one.office,
            role=one.role, series=SERIES,
        ), now)  # fmt: skip


def _whom(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], found: Row[Any], now: datetime
) -> list[Addressee]:
    """The 宣传部, or the duty desk where nobody there can be reached, and who drafted the version."""
    if incident.trial:
        return []
    office = people.office_in(thaw(incident.frozen["pack"]), Role.PUBLICITY)
    basis = Source.DEFAULT.label
    held = people.holders(conn, incident.school, Role.PUBLICITY)
    who = people.acting(conn, incident.school, held, now, letterhead.channels)
    desk = [] if who is not None else people.desk(conn, incident.school, now, letterhead.channels)
    first = [acting_as(who, Role.PUBLICITY, office, (), basis, "")] if who is not None else [
        Addressee(one, Role.MONITOR, ("值班台",), (), basis, "", acts_for=office) for one in desk[:1]
    ]  # fmt: skip
    author = hold_notice.present(
        conn, letterhead, incident.school, [found.drafted_by], Role.PUBLICITY, "拟稿人", basis, now
    )
    return list(gather([*first, *author]))


def resume(conn: Connection, incident_id: int) -> None:
    """Let the clocks that an incident's end stopped run again; of a version out of force they say nothing."""
    own = (timers.c.incident_id == incident_id) & (timers.c.kind == TimerKind.VALIDITY)
    stopped = own & (timers.c.state == TimerState.STOPPED)
    conn.execute(update(timers).where(stopped).values(state=TimerState.SET, ended_at=None))
