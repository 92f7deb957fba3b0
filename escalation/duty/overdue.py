"""A hand-over nobody took over in time: the incoming get a letter, later the 带班领导; the desk hears it by alert.

Where a changed rota asks for one anew, the incoming get a letter at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, update

from escalation import alert, audit, people
from escalation.clock_words import moment
from escalation.duty import handover
from escalation.duty.handover import ASKED, CAUSE, TELL_LEAD, handovers
from escalation.duty.handover_state import DONE, State
from escalation.notice.issue import Letterhead
from escalation.notice.letter import Letter, send
from escalation.people import DUTY_LEAD, Person, Role
from escalation.procedure import Source
from escalation.state_table import IllegalStep
from escalation.timer import Timer

OVERDUE = "{at} 的交接班还没有人接班（交班 {outgoing}，接班 {incoming}）。{written}"
CURE = "请接班人打开“值守”页的交接单，阅读后接班。"
TOLD = "已报带班领导{leads}。"
MOVED = "值班表有改动，{at} 起由您在班，此前由{outgoing}值守。请阅读交接单后接班。"
UNWRITTEN = "交班人也没有写交接单。"
REMIND = ("打开交接单，阅读后接班。", "接班之前，值班通知仍照值班表发送，不受影响。")
TELL = ("督促接班，或另行安排人员值守。",)


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """Do what the clock demands; one of a hand-over that was taken over, or is void, demands nothing."""
    number = int(str(clock.matter).partition(":")[2])
    try:
        row = handover.held(conn, clock.school, number)
    except IllegalStep:
        return
    if State(row.state) in DONE:
        return
    if clock.name == ASKED:
        _ask(conn, letterhead, row, clock, now)
        return
    leads = people.leading(conn, clock.school, now)
    words = _words(conn, row, now)
    told = clock.name == TELL_LEAD
    persons = leads if told else _persons(conn, clock.school, row.incoming, now)
    for one in persons:
        send(conn, letterhead, one, _letter(row, words, clock, told, now), now)
    names = "、".join(one.name for one in leads)
    said = words + (TOLD.format(leads=f" {names}" if names else "") if told else "") + CURE
    alert.ring(conn, clock.school, f"{CAUSE}{number}", said, now)
    done = {"told_at": now} if told else {"reminded_at": now}
    conn.execute(update(handovers).where(handovers.c.id == number).values(**done))
    audit.record(
        conn, school=clock.school, now=now, actor="machine", action="duty.handover.overdue", subject=str(number),
        detail={"told": [one.id for one in persons], "clock": clock.name},
    )  # fmt: skip


def _ask(conn: Connection, letterhead: Letterhead, row: Row[Any], clock: Timer, now: datetime) -> None:
    """The rota was changed after somebody had taken over: who is on by it now is asked to take over."""
    words = MOVED.format(at=moment(row.at, now), outgoing=_names(conn, row.school, row.outgoing, now))
    persons = _persons(conn, row.school, row.incoming, now)
    for one in persons:
        send(conn, letterhead, one, Letter(
            matter=handover.matter_of(row.id), step=clock.name, kind="交接班", heading="值班表已改动，请接班",
            lines=(words,), path=f"/duty/handover/{row.id}", asked=REMIND, source=f"接班时限：{Source.DEFAULT.label}",
            role=Role.MONITOR, office="值班员",
        ), now)  # fmt: skip
    audit.record(
        conn, school=row.school, now=now, actor="machine", action="duty.handover.asked", subject=str(row.id),
        detail={"asked": [one.id for one in persons]},
    )  # fmt: skip


def _words(conn: Connection, row: Row[Any], now: datetime) -> str:
    outgoing, incoming = (_names(conn, row.school, one, now) for one in (row.outgoing, row.incoming))
    written = "" if row.written_at else UNWRITTEN
    return OVERDUE.format(at=moment(row.at, now), outgoing=outgoing, incoming=incoming, written=written)


def _persons(conn: Connection, school: str, ids: list[str], now: datetime) -> list[Person]:
    """Those who work here; for who is away the substitute."""
    serving = handover.acting(conn, school, ids, now)
    return [found for one in serving if (found := people.person(conn, school, one)) is not None and found.active]


def _names(conn: Connection, school: str, ids: list[str], now: datetime) -> str:
    return "、".join(one.name for one in _persons(conn, school, ids, now)) or "未排"


def _letter(row: Row[Any], words: str, clock: Timer, told: bool, now: datetime) -> Letter:
    return Letter(
        matter=handover.matter_of(row.id), step=clock.name, kind="交接班逾时" if told else "交接班提醒",
        heading=f"{moment(row.at, now)} 的交接班还没有接班", lines=(words,), path=f"/duty/handover/{row.id}",
        asked=TELL if told else REMIND, source=f"接班时限：{Source.DEFAULT.label}",
        role=DUTY_LEAD if told else Role.MONITOR, office="带班领导" if told else "值班员",
    )  # fmt: skip
