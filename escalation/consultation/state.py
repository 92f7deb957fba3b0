"""The course of a consultation 咨询, as a table. Whether it is overdue is a flag beside it, not a state."""

from __future__ import annotations

from enum import StrEnum

from escalation.people import Role
from escalation.state_table import StateTable, Step

ANSWERERS = frozenset({Role.KEEPER, Role.UNIT_LEADER, Role.PUBLICITY})
"""Who records an answer or a promise: the account's keeper, its unit's leader, the 宣传部."""
SORTERS = ANSWERERS | {Role.MONITOR}
"""Who may say that a line is no consultation, or take it up again."""


class State(StrEnum):
    """Where a consultation stands."""

    OPEN = "open"
    PROMISED = "promised"
    ANSWERED = "answered"
    NOT_ONE = "not_one"
    LAPSED = "lapsed"


class Event(StrEnum):
    """What happens to a consultation. `answer_seen`, `asked_again` and `lapse` are the machine's."""

    ANSWER = "answer"
    ANSWER_SEEN = "answer_seen"
    PROMISE = "promise"
    DISMISS = "dismiss"
    LAPSE = "lapse"
    ASKED_AGAIN = "asked_again"
    REOPEN = "reopen"


STATE_WORDS = {
    State.OPEN: "待答复",
    State.PROMISED: "已承诺",
    State.ANSWERED: "已答复",
    State.NOT_ONE: "不是咨询",
    State.LAPSED: "已失效",
}
EVENT_WORDS = {
    Event.ANSWER: "登记答复",
    Event.ANSWER_SEEN: "见到官方回复",
    Event.PROMISE: "承诺答复期限",
    Event.DISMISS: "记为不是咨询",
    Event.LAPSE: "失效",
    Event.ASKED_AGAIN: "再次询问",
    Event.REOPEN: "重新列为待答",
}
_WAITING = {
    Event.ANSWER: Step(State.ANSWERED, ANSWERERS),
    Event.ANSWER_SEEN: Step(State.ANSWERED),
    Event.PROMISE: Step(State.PROMISED, ANSWERERS),
    Event.DISMISS: Step(State.NOT_ONE, SORTERS),
    Event.LAPSE: Step(State.LAPSED),
}
CONSULTATION = StateTable(
    noun="咨询",
    start=State.OPEN,
    steps={
        State.OPEN: _WAITING,
        State.PROMISED: _WAITING,
        State.ANSWERED: {Event.ASKED_AGAIN: Step(State.OPEN), Event.REOPEN: Step(State.OPEN, SORTERS)},
        State.NOT_ONE: {Event.REOPEN: Step(State.OPEN, SORTERS)},
        State.LAPSED: {Event.ANSWER: Step(State.ANSWERED, ANSWERERS), Event.ASKED_AGAIN: Step(State.OPEN)},
    },
    state_words=STATE_WORDS,
    event_words=EVENT_WORDS,
    ends=frozenset({State.ANSWERED, State.NOT_ONE, State.LAPSED}),
)
WAITING = (State.OPEN, State.PROMISED)
"""Somebody still waits for an answer."""
