"""The states of a task: set, perhaps accepted, answered, then confirmed or returned; withdrawn at any time before.

What the end of its incident withdrew is set again where the incident is opened again; no person resumes a single one.
"""

from __future__ import annotations

from enum import StrEnum

from escalation.people import Role
from escalation.state_table import StateTable, Step

HOLDER = "holder"
"""Whoever the task was set to, whatever the role."""
DESK = frozenset({Role.MONITOR, Role.PUBLICITY})
EITHER = frozenset({HOLDER}) | DESK
"""The desk writes down what the holder said by telephone."""


class TaskState(StrEnum):
    """Where a task stands."""

    SET = "set"
    ACCEPTED = "accepted"
    ANSWERED = "answered"
    RETURNED = "returned"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class TaskEvent(StrEnum):
    """What may happen to it."""

    ACCEPT = "accept"
    ANSWER = "answer"
    CONFIRM = "confirm"
    GIVE_BACK = "give_back"
    WITHDRAW = "withdraw"
    RESUME = "resume"


STATE_WORDS = {
    TaskState.SET: "待办",
    TaskState.ACCEPTED: "办理中",
    TaskState.ANSWERED: "已答复，待确认",
    TaskState.RETURNED: "已退回，待重办",
    TaskState.CONFIRMED: "已办结",
    TaskState.WITHDRAWN: "已撤销",
}
EVENT_WORDS = {
    TaskEvent.ACCEPT: "接受",
    TaskEvent.ANSWER: "答复",
    TaskEvent.CONFIRM: "确认办结",
    TaskEvent.GIVE_BACK: "退回",
    TaskEvent.WITHDRAW: "撤销",
    TaskEvent.RESUME: "随事件重新打开",
}
S, E = TaskState, TaskEvent
TASK = StateTable(
    "任务",
    S.SET,
    {
        S.SET: {
            E.ACCEPT: Step(S.ACCEPTED, {HOLDER}),
            E.ANSWER: Step(S.ANSWERED, EITHER),
            E.WITHDRAW: Step(S.WITHDRAWN, DESK),
        },
        S.ACCEPTED: {
            E.ANSWER: Step(S.ANSWERED, EITHER),
            E.WITHDRAW: Step(S.WITHDRAWN, DESK),
        },
        S.ANSWERED: {
            E.ANSWER: Step(S.ANSWERED, EITHER),
            E.CONFIRM: Step(S.CONFIRMED, DESK),
            E.GIVE_BACK: Step(S.RETURNED, DESK),
            E.WITHDRAW: Step(S.WITHDRAWN, DESK),
        },
        S.RETURNED: {
            E.ANSWER: Step(S.ANSWERED, EITHER),
            E.WITHDRAW: Step(S.WITHDRAWN, DESK),
        },
        S.CONFIRMED: {},
        S.WITHDRAWN: {E.RESUME: Step(S.SET)},
    },
    STATE_WORDS,
    EVENT_WORDS,
    ends=frozenset({S.CONFIRMED, S.WITHDRAWN}),
)
UNANSWERED = frozenset({S.SET, S.ACCEPTED, S.RETURNED})
"""States in which the holder is waited for."""
OPEN_TASKS = UNANSWERED | {S.ANSWERED}
