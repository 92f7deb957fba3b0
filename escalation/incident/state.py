"""The incident's states: a table. An illegal step is a missing row, refused with a sentence, and changes nothing.

Sources: the flow 监测 → 研判 → 报告 → 处置 → 反馈 is the schools' own (JY 13 to 15); the states between are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from escalation.people import Role


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
MACHINE: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """Where an event leads and which roles may cause it; no role at all means: only the machine."""

    to: State
    by: frozenset[Role]


S, E = State, Event
TABLE: dict[State, dict[Event, Step]] = {
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


class IllegalStep(Exception):
    """An event that the incident's state does not allow, or not to this person; the message is for that person."""


def step(state: State, event: Event, roles: frozenset[Role] | None) -> State:
    """The state after `event`; `roles` are the actor's, None is the machine. Raises IllegalStep with a sentence."""
    found = TABLE[state].get(event)
    if found is None:
        allowed = "、".join(EVENT_WORDS[e] for e in TABLE[state]) or "无"
        raise IllegalStep(
            f"事件处于“{STATE_WORDS[state]}”，不能{EVENT_WORDS[event]}；此时可以：{allowed}。未作任何更改。"
        )
    if roles is not None and not roles & found.by:
        raise IllegalStep(f"您的角色不能{EVENT_WORDS[event]}这一事件，请联系宣传部。未作任何更改。")
    return found.to


def diagram() -> Iterator[str]:
    """The table as lines of a Mermaid state diagram, for the documentation."""
    yield "stateDiagram-v2"
    yield f"    [*] --> {S.TRIAGED}"
    for state, events in TABLE.items():
        for event, found in events.items():
            yield f"    {state} --> {found.to}: {event}"
