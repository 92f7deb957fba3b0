"""The submission's states: the unit signs, an office approves, the post appears (ZG 11, TF 14, NX 17)."""

from __future__ import annotations

from enum import StrEnum

from escalation.state_table import MACHINE, StateTable, Step

WRITER, SIGNER, LAST_SIGNER, REVIEWER = "writer", "unit_signer", "unit_last_signer", "centre_reviewer"
"""Not roles of a user: who handed it in, the unit's signer where an office reviews after them, the same where their
approval is the last one, and who holds the office that reviews."""


class State(StrEnum):
    """Where a submission stands."""

    WITH_UNIT = "with_unit"
    WITH_CENTRE = "with_centre"
    APPROVED = "approved"
    RETURNED = "returned"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """What may happen to it."""

    SIGN = "sign"
    CONSENT = "consent"
    APPROVE = "approve"
    RETURN = "return"
    HAND_IN = "hand_in"
    WITHDRAW = "withdraw"
    APPEAR = "appear"


STATE_WORDS = {
    State.WITH_UNIT: "待单位审签",
    State.WITH_CENTRE: "待部门审核",
    State.APPROVED: "已批准",
    State.RETURNED: "已退回",
    State.PUBLISHED: "已发布",
    State.WITHDRAWN: "已撤回",
}
EVENT_WORDS = {
    Event.SIGN: "单位审签",
    Event.CONSENT: "单位审核同意",
    Event.APPROVE: "审核通过",
    Event.RETURN: "退回",
    Event.HAND_IN: "改后再送",
    Event.WITHDRAW: "撤回",
    Event.APPEAR: "发布",
}


def words_of(state: str, unit_office: str, centre_office: str) -> str:
    """The state in the pack's own words: 待党委宣传部审核 rather than 待部门审核."""
    if state == State.WITH_UNIT:
        return f"待{unit_office}审签" if centre_office else f"待{unit_office}审核"
    return f"待{centre_office}审核" if state == State.WITH_CENTRE else STATE_WORDS[State(state)]


S, E = State, Event
SUBMISSION = StateTable(
    "送审单",
    S.WITH_UNIT,
    {
        S.WITH_UNIT: {
            E.SIGN: Step(S.WITH_CENTRE, {SIGNER}),
            E.CONSENT: Step(S.APPROVED, {LAST_SIGNER}),
            E.RETURN: Step(S.RETURNED, {SIGNER, LAST_SIGNER}),
            E.WITHDRAW: Step(S.WITHDRAWN, {WRITER}),
        },
        S.WITH_CENTRE: {
            E.APPROVE: Step(S.APPROVED, {REVIEWER}),
            E.RETURN: Step(S.RETURNED, {REVIEWER}),
            E.WITHDRAW: Step(S.WITHDRAWN, {WRITER}),
        },
        S.APPROVED: {
            E.APPEAR: Step(S.PUBLISHED, MACHINE),
            E.WITHDRAW: Step(S.WITHDRAWN, {WRITER, REVIEWER, LAST_SIGNER}),
        },
        S.RETURNED: {
            E.HAND_IN: Step(S.WITH_UNIT, {WRITER}),
            E.WITHDRAW: Step(S.WITHDRAWN, {WRITER}),
        },
        S.PUBLISHED: {E.APPEAR: Step(S.PUBLISHED, MACHINE)},
        S.WITHDRAWN: {E.APPEAR: Step(S.PUBLISHED, MACHINE)},
    },
    STATE_WORDS,
    EVENT_WORDS,
    ends=frozenset({S.PUBLISHED, S.WITHDRAWN}),
)
"""What was published while the approval stood and is read after its withdrawal still is the approved text."""
