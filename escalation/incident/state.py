"""The incident's states: a table. An illegal step is a missing row, refused with a sentence, and changes nothing.

The course 监测 → 研判 → 报告 → 处置 → 反馈 → 复盘 → 归档: the first five are the schools' own (JY 13 to 15), the states
between are ours. A lead 线索 is no state: it is a kept line until the watch or a person opens an incident from it.
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
    ASSESSING = "assessing"
    HANDLING = "handling"
    RESPONDED = "responded"
    WATCHING = "watching"
    REFERRED = "referred"
    CLOSED = "closed"
    ARCHIVED = "archived"
    FALSE_ALARM = "false_alarm"
    MERGED = "merged"


STATE_WORDS = {
    State.TRIAGED: "待研判",
    State.NOTIFIED: "待签收",
    State.ACKNOWLEDGED: "已签收",
    State.ASSESSING: "核实中",
    State.HANDLING: "处置中",
    State.RESPONDED: "已回应",
    State.WATCHING: "观察中",
    State.REFERRED: "已移送",
    State.CLOSED: "已销号",
    State.ARCHIVED: "已归档",
    State.FALSE_ALARM: "误报",
    State.MERGED: "已并入",
}
ENDED = frozenset({State.CLOSED, State.ARCHIVED, State.FALSE_ALARM, State.MERGED})
OPEN = frozenset(State) - ENDED
"""States in which clocks run, notices leave and lines join. 已移送 is one: the school still looks after the matter."""


class Event(StrEnum):
    """What may happen to it."""

    NOTIFY = "notify"
    SIGNED_BY_ALL = "signed_by_all"
    ASSESS = "assess"
    ASSIGN = "assign"
    ANSWER = "answer"
    NO_ANSWER = "no_answer"
    WATCH = "watch"
    REKINDLE = "rekindle"
    REFER = "refer"
    CLOSE = "close"
    ARCHIVE = "archive"
    REOPEN = "reopen"
    DISMISS = "dismiss"
    MERGE = "merge"
    UNMERGE = "unmerge"


EVENT_WORDS = {
    Event.NOTIFY: "通知",
    Event.SIGNED_BY_ALL: "全部签收",
    Event.ASSESS: "核实",
    Event.ASSIGN: "交办",
    Event.ANSWER: "对外回应",
    Event.NO_ANSWER: "决定不公开回应",
    Event.WATCH: "转入观察",
    Event.REKINDLE: "复燃",
    Event.REFER: "移送",
    Event.CLOSE: "销号",
    Event.ARCHIVE: "归档",
    Event.REOPEN: "重新打开",
    Event.DISMISS: "记为误报",
    Event.MERGE: "并入",
    Event.UNMERGE: "撤销并入",
}
DESK = frozenset({Role.MONITOR, Role.PUBLICITY})
LEAD = frozenset({Role.PUBLICITY})
ANSWERS = DESK | {Role.KEEPER}
HANDS_OVER = LEAD | {Role.SCHOOL_LEADER}

S, E = State, Event
ALWAYS = {E.DISMISS: Step(S.FALSE_ALARM, DESK), E.MERGE: Step(S.MERGED, DESK)}
IN_HAND = {
    E.ASSIGN: Step(S.HANDLING, DESK),
    E.ANSWER: Step(S.RESPONDED, ANSWERS),
    E.NO_ANSWER: Step(S.RESPONDED, LEAD),
    E.REFER: Step(S.REFERRED, HANDS_OVER),
} | ALWAYS
TABLE: dict[State, dict[Event, Step[State]]] = {
    S.TRIAGED: {E.NOTIFY: Step(S.NOTIFIED, MACHINE), E.DISMISS: ALWAYS[E.DISMISS]},
    S.NOTIFIED: {E.SIGNED_BY_ALL: Step(S.ACKNOWLEDGED, MACHINE)} | IN_HAND,
    S.ACKNOWLEDGED: {E.ASSESS: Step(S.ASSESSING, DESK)} | IN_HAND,
    S.ASSESSING: IN_HAND,
    S.HANDLING: IN_HAND,
    S.RESPONDED: {
        E.ASSIGN: Step(S.HANDLING, DESK),
        E.ANSWER: Step(S.RESPONDED, ANSWERS),
        E.WATCH: Step(S.WATCHING, DESK),
        E.REFER: Step(S.REFERRED, HANDS_OVER),
    } | ALWAYS,
    S.WATCHING: {
        E.ASSIGN: Step(S.HANDLING, DESK),
        E.ANSWER: Step(S.WATCHING, ANSWERS),
        E.REKINDLE: Step(S.HANDLING, DESK),
        E.REFER: Step(S.REFERRED, HANDS_OVER),
        E.CLOSE: Step(S.CLOSED, LEAD),
    } | ALWAYS,
    S.REFERRED: {
        E.ASSIGN: Step(S.HANDLING, DESK),
        E.ANSWER: Step(S.RESPONDED, ANSWERS),
        E.NO_ANSWER: Step(S.RESPONDED, LEAD),
        E.MERGE: ALWAYS[E.MERGE],
    },
    S.CLOSED: {E.REOPEN: Step(S.HANDLING, LEAD), E.ARCHIVE: Step(S.ARCHIVED, LEAD)},
    S.ARCHIVED: {},
    S.FALSE_ALARM: {E.REOPEN: Step(S.HANDLING, DESK)},
    S.MERGED: {E.UNMERGE: Step(S.NOTIFIED, DESK)},
}  # fmt: skip
"""Un-merging leads to 待签收, and from there the machine's legal steps to where the incident stood (`way`)."""

INCIDENT = StateTable("事件", S.TRIAGED, TABLE, STATE_WORDS, EVENT_WORDS, ends=frozenset({S.ARCHIVED}))


def step(state: State, event: Event, roles: Collection[Role] | None) -> State:
    """The state after `event`; `roles` are the actor's, None is the machine. Raises IllegalStep with a sentence."""
    return INCIDENT.step(state, event, roles)


def way(start: State, end: State) -> list[Event]:
    """The shortest legal way between two open states, empty where they are one; never through an end."""
    ways: dict[State, list[Event]] = {start: []}
    look = [start]
    while look:
        at = look.pop(0)
        if at is end:
            return ways[at]
        for event, found in TABLE[at].items():
            if found.to in OPEN and found.to not in ways:
                ways[found.to] = [*ways[at], event]
                look.append(found.to)
    raise IllegalStep(f"事件不能从“{STATE_WORDS[start]}”到“{STATE_WORDS[end]}”。未作任何更改。")


def diagram() -> Iterator[str]:
    """The table as lines of a Mermaid state diagram, for the documentation."""
    return INCIDENT.diagram()
