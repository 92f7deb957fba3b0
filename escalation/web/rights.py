"""What a person may do to an incident in its state: from the state table and the roles, for the buttons shown.

The use-cases refuse for themselves; this only decides which buttons a page offers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from escalation.care import READERS
from escalation.concerned import FINAL
from escalation.incident.state import INCIDENT, OPEN, Event, State
from escalation.people import Role

DESK = frozenset({Role.MONITOR, Role.PUBLICITY})
NOTES = DESK | {Role.UNIT_LEADER, Role.SCHOOL_LEADER, Role.CARE}


def unfolders(row: Any) -> frozenset[Role]:
    """Who may unfold, by a stated purpose, what is folded in an incident: a cry for help, or a private message."""
    return READERS if row.care else DESK


@dataclass(frozen=True, slots=True)
class Rights:
    """The acts that a page offers."""

    confirm: bool
    dismiss: bool
    assign: bool
    note: bool
    remind: bool
    close: bool
    reopen: bool
    call: bool
    reveal: bool
    settle: bool = False
    concern: bool = False


def rights_of(row: Any, roles: frozenset[Role], *, leads: bool = False) -> Rights:
    """Which acts this person may do now; `leads`: the duty lead 带班领导."""
    state = State(row.state)

    def may(event: Event) -> bool:
        return INCIDENT.may(state, event, roles)

    on_desk, is_open = bool(roles & DESK), state in OPEN
    return Rights(
        confirm=on_desk and is_open and row.confirmed_at is None,
        dismiss=may(Event.DISMISS),
        assign=may(Event.ASSIGN),
        note=bool(roles & NOTES),
        remind=on_desk and is_open,
        close=is_open and Role.PUBLICITY in roles,
        reopen=may(Event.REOPEN),
        call=on_desk,
        reveal=bool(roles & unfolders(row)),
        concern=on_desk and state not in FINAL,
        settle=is_open and (leads or Role.PUBLICITY in roles),
    )
