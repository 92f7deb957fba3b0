"""Held back: the quiet hours that run for an incident's level now, and who is told in spite of them (the duty desk)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from escalation import people, quiet_hours
from escalation.duty import calendar
from escalation.procedure import Pack

if TYPE_CHECKING:
    from escalation.notice.issue import Letterhead


@dataclass(frozen=True, slots=True)
class Held:
    """Until when messages wait, in words for the row and for the notice; whoever is at the desk is told at once."""

    until: datetime
    words: str
    why: str
    desk: frozenset[str]


def held(
    conn: Connection, incident: Row[Any], pack: Pack, letterhead: Letterhead, now: datetime, *, group: bool = False
) -> Held | None:
    """The quiet hours that run for this level now, or None. `group`: for a message to a work group."""
    if not pack.quiet:
        return None
    special = calendar.read(conn, incident.school) if any(one.days_off for one in pack.quiet) else {}
    found = quiet_hours.hours_of(pack, incident.level, now, group=group, special=special)
    if found is None:
        return None
    serving = people.desk(conn, incident.school, now, letterhead.channels)
    hours, until = found
    return Held(
        until, quiet_hours.waits(until, now), quiet_hours.why(hours, until, now), frozenset(one.id for one in serving)
    )
