"""Clock jumps 时钟跳变: the machine's clock was set, forward or back, while we ran.

The wall clock is compared with one that nobody sets. What moved by more than half a minute rings. The spans that people
have (to sign, the ladder, the incident's own duties, a task, a hold, an approval, a relay, a letter, a question) are as
long as before: their clocks, the deadlines that pages show of them and what waits in the outbox move along, so that an
hour forward is no mass of escalations and an hour back no hour of silence; put right again, they move back. Clocks that
stand for a date (a permit's end, a promised day, a change of shift, a watch of days) do not move; for ten minutes after
a jump forward they wait, in case the clock is wrong. Run one notify role: of two on machines whose clocks differ, each
would move what the other keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, or_, select, update

from escalation import alert
from escalation.consultation import consultations
from escalation.consultation.state import WAITING
from escalation.incident import EntryKind, incidents, log
from escalation.incident.state import OPEN
from escalation.notice import DeliveryState, deliveries, is_owed, notices
from escalation.notice.lateness import say_minutes
from escalation.task import tasks
from escalation.task.state import UNANSWERED
from escalation.timer import TimerKind, TimerState, timers
from escalation.voice.approval import approvals
from escalation.voice.relay import relays
from escalation.voice.state import RelayState
from escalation.voice.statement import statements

MOST = timedelta(seconds=30)
SPANS = frozenset({
    TimerKind.SIGN, TimerKind.RUNG, TimerKind.DUTY, TimerKind.IDLE, TimerKind.FOLLOW, TimerKind.TASK,
    TimerKind.CORRECTION, TimerKind.VOICE, TimerKind.LETTER,
})  # fmt: skip
"""Clocks that give somebody a span; the others stand for a date."""
ANSWER = "answer:"
"""Of a question's clocks the one that gives a span; its window is the platform's, its promise a day."""
HOLD = timedelta(minutes=10)
RINGS_FOR = timedelta(hours=1)
SAME = timedelta(minutes=1)
CAUSE = "jump:"
WORDS = (
    "本机时钟突然拨{way}了 {span}。签收、上报等时限已顺延同样长的时间，没有因此催办或上报；"
    "请立即核对本机时间（校时服务）。时间不对的，校正后时限自动随之复原。"
)
Steady = Callable[[], float]
"""Seconds of a clock that runs evenly and that nobody sets."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Both clocks, read together."""

    wall: datetime
    steady: float


def between(before: Reading, after: Reading) -> timedelta | None:
    """By how much the wall clock was set between two readings; None where it was not, or by half a minute at most."""
    jump = (after.wall - before.wall) - timedelta(seconds=after.steady - before.steady)
    return jump if abs(jump) > MOST else None


def say(jump: timedelta) -> str:
    """`快了 1 小时`, `慢了 1 天`, without the verb's first word."""
    return f"{'快' if jump > timedelta(0) else '慢'}了 {say_minutes(abs(jump))}"


def absorb(conn: Connection, school: str, jump: timedelta, now: datetime) -> bool:
    """Ring, and let the spans that run end as much later by the clock; False where another worker did so.

    The same jump is one that was seen within the same minute: a second one as large, later, is absorbed as well.
    """
    size = f"{CAUSE}{round(jump / timedelta(seconds=10)) * 10:+d}@"
    if any(one.cause.startswith(size) and abs(now - one.opened_at) <= SAME for one in alert.ringing(conn, school)):
        return False
    cause = f"{size}{now:%m%d%H%M}"
    way = "快" if jump > timedelta(0) else "慢"
    if not alert.ring(conn, school, cause, WORDS.format(way=way, span=say_minutes(abs(jump))), now):
        return False
    for one in alert.ringing(conn, school):
        if one.cause.startswith(CAUSE) and one.cause != cause:
            alert.hush(conn, school, one.cause, now)
    _move_clocks(conn, school, jump)
    _move_shown(conn, school, jump)
    _move_deliveries(conn, school, jump)
    open_ones = select(incidents.c.id).where(incidents.c.school == school, incidents.c.state.in_(sorted(OPEN)))
    for incident_id in conn.execute(open_ones).scalars().all():
        log(conn, incident_id, now, EntryKind.MACHINE, f"本机时钟拨{say(jump)}，时限顺延", "请核对本机时间")
    return True


def _move_clocks(conn: Connection, school: str, jump: timedelta) -> None:
    question = (timers.c.kind == TimerKind.CONSULTATION) & timers.c.name.startswith(ANSWER, autoescape=True)
    running = (timers.c.school == school) & (timers.c.state == TimerState.SET)
    running &= or_(timers.c.kind.in_(sorted(SPANS)), question)
    for row in conn.execute(select(timers.c.id, timers.c.set_at, timers.c.due_at).where(running)).all():
        moved = {"set_at": row.set_at + jump, "due_at": row.due_at + jump}
        conn.execute(update(timers).where(timers.c.id == row.id, timers.c.due_at == row.due_at).values(**moved))
    owed = select(notices.c.id, notices.c.sign_by).where(
        notices.c.school == school, is_owed(), notices.c.sign_by.is_not(None)
    )
    for notice_id, sign_by in conn.execute(owed).all():
        conn.execute(update(notices).where(notices.c.id == notice_id).values(sign_by=sign_by + jump))


def _move_shown(conn: Connection, school: str, jump: timedelta) -> None:
    """The deadlines that pages show, and that a clock is compared with when it runs out."""
    ours = select(statements.c.id).join(incidents, incidents.c.id == statements.c.incident_id)
    ours = ours.where(incidents.c.school == school)
    waiting: tuple[tuple[Table, ColumnElement[bool]], ...] = (
        (tasks, (tasks.c.school == school) & tasks.c.state.in_(sorted(UNANSWERED))),
        (approvals, approvals.c.statement_id.in_(ours) & approvals.c.decision.is_(None)),
        (relays, relays.c.statement_id.in_(ours) & (relays.c.state == RelayState.WAITING)),
        (consultations, (consultations.c.school == school) & consultations.c.state.in_(WAITING)),
    )
    for table, which in waiting:
        rows = conn.execute(select(table.c.id, table.c.due_at).where(which, table.c.due_at.is_not(None))).all()
        for row in rows:
            conn.execute(update(table).where(table.c.id == row.id).values(due_at=row.due_at + jump))


def _move_deliveries(conn: Connection, school: str, jump: timedelta) -> None:
    mine = deliveries.c.state.in_([DeliveryState.WAITING, DeliveryState.SENDING]) & (deliveries.c.school == school)
    for row in conn.execute(select(deliveries).where(mine)).all():
        conn.execute(update(deliveries).where(deliveries.c.id == row.id).values(
            next_at=row.next_at + jump, give_up_at=row.give_up_at + jump,
            taken_until=row.taken_until + jump if row.taken_until else None,
        ))  # fmt: skip


def hush(conn: Connection, school: str, now: datetime) -> None:
    """End the alert of a jump that is an hour old."""
    alert.hush_after(conn, school, CAUSE, RINGS_FOR, now)
