"""A finding's states: found, explained by the unit, then a person says what it was. The machine never decides."""

from __future__ import annotations

from enum import StrEnum

from escalation.people import Role
from escalation.state_table import StateTable, Step

UNIT = "unit_concerned"
"""Not a role of a user: the keeper of the account, or who leads its unit."""


class State(StrEnum):
    """Where a finding stands."""

    FOUND = "found"
    EXPLAINED = "explained"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Event(StrEnum):
    """What may happen to it."""

    EXPLAIN = "explain"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    RECONSIDER = "reconsider"


STATE_WORDS = {
    State.FOUND: "待核对",
    State.EXPLAINED: "单位已说明",
    State.CONFIRMED: "认定属实",
    State.DISMISSED: "认定不属",
}
EVENT_WORDS = {
    Event.EXPLAIN: "说明",
    Event.CONFIRM: "认定属实",
    Event.DISMISS: "认定不属",
    Event.RECONSIDER: "重新核对",
}
S, E = State, Event
LEAD = frozenset({Role.PUBLICITY})
BREACH = StateTable(
    "发布核对",
    S.FOUND,
    {
        S.FOUND: {
            E.EXPLAIN: Step(S.EXPLAINED, {UNIT}),
            E.CONFIRM: Step(S.CONFIRMED, LEAD),
            E.DISMISS: Step(S.DISMISSED, LEAD),
        },
        S.EXPLAINED: {
            E.EXPLAIN: Step(S.EXPLAINED, {UNIT}),
            E.CONFIRM: Step(S.CONFIRMED, LEAD),
            E.DISMISS: Step(S.DISMISSED, LEAD),
        },
        S.CONFIRMED: {E.RECONSIDER: Step(S.FOUND, LEAD)},
        S.DISMISSED: {E.RECONSIDER: Step(S.FOUND, LEAD)},
    },
    STATE_WORDS,
    EVENT_WORDS,
    ends=frozenset({S.CONFIRMED, S.DISMISSED}),
)
