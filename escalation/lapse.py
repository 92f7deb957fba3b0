"""What follows when a clock runs out: one handler per kind of clock, called in the clock's own transaction.

A noun with clocks of its own adds its `TimerKind` and its handler here; a test fails on a kind without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from escalation import archive, idle, ladder, permit, reignition
from escalation.alteration import look as alteration
from escalation.bulletin import clock as bulletin_clock
from escalation.consultation import clock as consultation
from escalation.consultation import digest
from escalation.duty import overdue as duty_overdue
from escalation.notice import letter
from escalation.notice.issue import Letterhead
from escalation.task import clock as task_clock
from escalation.task import correction
from escalation.timer import Timer, TimerKind
from escalation.voice import overdue, validity

Handler = Callable[[Connection, Letterhead, Timer, datetime], None]
HANDLERS: Mapping[TimerKind, Handler] = {
    TimerKind.SIGN: ladder.lapse,
    TimerKind.RUNG: ladder.lapse,
    TimerKind.DUTY: ladder.lapse,
    TimerKind.LETTER: letter.lapse,
    TimerKind.HANDOVER: duty_overdue.lapse,
    TimerKind.WATCH: reignition.lapse,
    TimerKind.ARCHIVE: archive.lapse,
    TimerKind.PERMIT: permit.lapse,
    TimerKind.VOICE: overdue.lapse,
    TimerKind.CONSULTATION: consultation.lapse,
    TimerKind.DIGEST: digest.lapse,
    TimerKind.TASK: task_clock.lapse,
    TimerKind.CORRECTION: correction.lapse,
    TimerKind.IDLE: idle.lapse,
    TimerKind.FOLLOW: bulletin_clock.lapse,
    TimerKind.ALTERATION: alteration.lapse,
    TimerKind.VALIDITY: validity.lapse,
}


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """Do what a clock that ran out demands; the clock is claimed in the same transaction."""
    HANDLERS[clock.kind](conn, letterhead, clock, now)
