"""The incident's states: a table. An illegal step is a missing row, refused with a sentence, and changes nothing.

Sources: the flow 监测 → 研判 → 报告 → 处置 → 反馈 is the schools' own (JY 13 to 15); the states between are ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import StrEnum

from escalation.people import Role
from escalation.state_table import MACHINE, StateTable, Step
from escalation.state_table import IllegalStep as IllegalStep


class State(StrEnum):
    """Where an incident stands."""

    TRIAGED = "triaged"
    NOTIFIED = "notified"
    ACKNOWLEDGED = "acknowledged"
    HANDLING = "handling"
    RESPONDED = "responded"
    CLOSED = "closed"
    FALSE_ALARM = "false_alarm"


STATE_WORDS = {
    State.TRIAGED: "待研判",
    State.NOTIFIED: "待签收",
    State.ACKNOWLEDGED: "已签收",
    State.HANDLING: "处置中",
    State.RESPONDED: "已回应",
    State.CLOSED: "已销号",
    State.FALSE_ALARM: "误报",
}
OPEN = frozenset({State.TRIAGED, State.NOTIFIED, State.ACKNOWLEDGED, State.HANDLING, State.RESPONDED})


class Event(StrEnum):
    """What may happen to it."""

    NOTIFY = "notify"
    SIGNED_BY_ALL = "signed_by_all"
    ASSIGN = "assign"
    ANSWER = "answer"
    CLOSE = "close"
    REOPEN = "reopen"
    DISMISS = "dismiss"


EVENT_WORDS = {
    Event.NOTIFY: "通知",
    Event.SIGNED_BY_ALL: "全部签收",
    Event.ASSIGN: "交办",
    Event.ANSWER: "对外回应",
    Event.CLOSE: "销号",
    Event.REOPEN: "重新打开",
    Event.DISMISS: "记为误报",
}
DESK = frozenset({Role.MONITOR, Role.PUBLICITY})
LEAD = frozenset({Role.PUBLICITY})

S, E = State, Event
TABLE: dict[State, dict[Event, Step[State]]] = {
    S.TRIAGED: {
        E.NOTIFY: Step(S.NOTIFIED, MACHINE),
        E.DISMISS: Step(S.FALSE_ALARM, DESK),
    },
    S.NOTIFIED: {
        E.SIGNED_BY_ALL: Step(S.ACKNOWLEDGED, MACHINE),
        E.ASSIGN: Step(S.HANDLING, DESK),
        E.ANSWER: Step(S.RESPONDED, DESK | {Role.KEEPER}),
        E.DISMISS: Step(S.FALSE_ALARM, DESK),
    },
    S.ACKNOWLEDGED: {
        E.ASSIGN: Step(S.HANDLING, DESK),
        E.ANSWER: Step(S.RESPONDED, DESK | {Role.KEEPER}),
        E.DISMISS: Step(S.FALSE_ALARM, DESK),
        E.CLOSE: Step(S.CLOSED, LEAD),
    },
    S.HANDLING: {
        E.ASSIGN: Step(S.HANDLING, DESK),
        E.ANSWER: Step(S.RESPONDED, DESK | {Role.KEEPER}),
        E.DISMISS: Step(S.FALSE_ALARM, DESK),
        E.CLOSE: Step(S.CLOSED, LEAD),
    },
    S.RESPONDED: {
        E.ASSIGN: Step(S.HANDLING, DESK),
        E.ANSWER: Step(S.RESPONDED, DESK | {Role.KEEPER}),
        E.DISMISS: Step(S.FALSE_ALARM, DESK),
        E.CLOSE: Step(S.CLOSED, LEAD),
    },
    S.CLOSED: {E.REOPEN: Step(S.HANDLING, LEAD)},
    S.FALSE_ALARM: {E.REOPEN: Step(S.HANDLING, DESK)},
}

INCIDENT = StateTable("事件", S.TRIAGED, TABLE, STATE_WORDS, EVENT_WORDS, ends=frozenset())


def step(state: State, event: Event, roles: Collection[Role] | None) -> State:
    """The state after `event`; `roles` are the actor's, None is the machine. Raises IllegalStep with a sentence."""
    return INCIDENT.step(state, event, roles)


def diagram() -> Iterator[str]:
    """The table as lines of a Mermaid state diagram, for the documentation."""
    return INCIDENT.diagram()
