"""The states of an account change: seen, then a person says why, or the platform and the book agree again."""

from __future__ import annotations

from enum import StrEnum

from escalation.breach.state import UNIT
from escalation.people import Role
from escalation.state_table import MACHINE, StateTable, Step


class State(StrEnum):
    """Where it stands."""

    SEEN = "seen"
    SETTLED = "settled"
    OVER = "over"


class Event(StrEnum):
    """What may happen to it."""

    DATE = "date"
    SETTLE = "settle"
    AGREE = "agree"
    AGAIN = "again"


STATE_WORDS = {State.SEEN: "待处理", State.SETTLED: "已说明", State.OVER: "已一致"}
EVENT_WORDS = {
    Event.DATE: "填写变更日期",
    Event.SETTLE: "说明了结",
    Event.AGREE: "恢复一致",
    Event.AGAIN: "再次看到",
}
S, E = State, Event
ALTERATION = StateTable(
    "账号变动",
    S.SEEN,
    {
        S.SEEN: {
            E.DATE: Step(S.SEEN, {UNIT, Role.PUBLICITY}),
            E.SETTLE: Step(S.SETTLED, {Role.PUBLICITY, Role.MONITOR}),
            E.AGREE: Step(S.OVER, MACHINE),
        },
        S.SETTLED: {E.AGREE: Step(S.OVER, MACHINE)},
        S.OVER: {E.AGAIN: Step(S.SEEN, MACHINE)},
    },
    STATE_WORDS,
    EVENT_WORDS,
    ends=frozenset({S.SETTLED, S.OVER}),
)
