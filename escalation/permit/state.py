"""The permit's states: asked → granted | refused → used | expired | withdrawn (TF 12, JY 10, LG 10, ZG 12)."""

from __future__ import annotations

from enum import StrEnum

from escalation.state_table import MACHINE, StateTable, Step

APPLICANT, APPROVER = "applicant", "permit_approver"
"""Not roles of a user: who asked for this permit, and who holds the office that the pack names."""


class State(StrEnum):
    """Where a permit stands."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    USED = "used"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """What may happen to it."""

    GRANT = "grant"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    USE = "use"
    EXPIRE = "expire"


STATE_WORDS = {
    State.ASKED: "待批准",
    State.GRANTED: "已授权",
    State.REFUSED: "不予授权",
    State.USED: "已发布",
    State.EXPIRED: "已过期",
    State.WITHDRAWN: "已撤回",
}
EVENT_WORDS = {
    Event.GRANT: "授权",
    Event.REFUSE: "不予授权",
    Event.WITHDRAW: "撤回",
    Event.USE: "发布",
    Event.EXPIRE: "过期",
}
S, E = State, Event
PERMIT = StateTable(
    "授权",
    S.ASKED,
    {
        S.ASKED: {
            E.GRANT: Step(S.GRANTED, {APPROVER}),
            E.REFUSE: Step(S.REFUSED, {APPROVER}),
            E.WITHDRAW: Step(S.WITHDRAWN, {APPLICANT}),
        },
        S.GRANTED: {
            E.USE: Step(S.USED, MACHINE),
            E.EXPIRE: Step(S.EXPIRED, MACHINE),
            E.WITHDRAW: Step(S.WITHDRAWN, {APPLICANT, APPROVER}),
        },
        S.REFUSED: {},
        S.USED: {E.USE: Step(S.USED, MACHINE)},
        S.EXPIRED: {E.USE: Step(S.USED, MACHINE)},
        S.WITHDRAWN: {E.USE: Step(S.USED, MACHINE)},
    },
    STATE_WORDS,
    EVENT_WORDS,
    ends=frozenset({S.REFUSED, S.USED, S.EXPIRED, S.WITHDRAWN}),
)
"""A post that was published in time and is read late still uses a permit that has expired or was withdrawn since."""
