"""The course of a hand-over: open, written by the outgoing, taken over by the incoming; void where its change is gone,
moved 改班 where it was taken over and the rota then named others.

Whoever serves the desk may write and take over; late is no state: an overdue hand-over can still be taken over.
"""

from __future__ import annotations

from enum import StrEnum

from escalation.people import Role
from escalation.state_table import StateTable, Step


class State(StrEnum):
    """Where a hand-over stands."""

    OPEN = "open"
    WRITTEN = "written"
    TAKEN = "taken"
    MOVED = "moved"
    VOID = "void"


class Event(StrEnum):
    """What may happen to it."""

    WRITE = "write"
    TAKE = "take"
    CANCEL = "cancel"
    MOVE = "move"


DESK = frozenset({Role.MONITOR, Role.PUBLICITY, Role.ADMINISTRATOR})
HANDOVER: StateTable[State, Event] = StateTable(
    noun="交接班",
    start=State.OPEN,
    steps={
        State.OPEN: {
            Event.WRITE: Step(State.WRITTEN, DESK), Event.TAKE: Step(State.TAKEN, DESK),
            Event.CANCEL: Step(State.VOID),
        },
        State.WRITTEN: {
            Event.WRITE: Step(State.WRITTEN, DESK), Event.TAKE: Step(State.TAKEN, DESK),
            Event.CANCEL: Step(State.VOID),
        },
        State.TAKEN: {Event.MOVE: Step(State.MOVED)},
        State.MOVED: {},
        State.VOID: {},
    },
    state_words={
        State.OPEN: "待交班", State.WRITTEN: "待接班", State.TAKEN: "已接班", State.MOVED: "已改班", State.VOID: "作废",
    },
    event_words={Event.WRITE: "交班", Event.TAKE: "接班", Event.CANCEL: "作废", Event.MOVE: "改班"},
    ends=frozenset({State.MOVED, State.VOID}),
)  # fmt: skip
DONE = HANDOVER.ends | {State.TAKEN}
"""Nothing waits for a person in these."""
