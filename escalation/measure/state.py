"""The courses of the three measures. No step is the machine's: persons propose, decide, carry out and lift."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from escalation.measure import MeasureKind
from escalation.people import Role
from escalation.state_table import StateTable, Step

LEAD = frozenset({Role.PUBLICITY})
LEADER = frozenset({Role.SCHOOL_LEADER})
SECOND = LEAD | LEADER
"""Who approves a package: a second person of the 宣传部, or a school leader."""
PROPOSED, DECIDED = "proposed", "decided"


class OrderState(StrEnum):
    """Where an order to close an account stands."""

    PROPOSED = "proposed"
    DECIDED = "decided"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    LIFTED = "lifted"


class OrderEvent(StrEnum):
    """What may happen to it."""

    DECIDE = "decide"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    FINISH = "finish"
    LIFT = "lift"


OS, OE = OrderState, OrderEvent
ORDER = StateTable(
    "责令关闭",
    OS.PROPOSED,
    {
        OS.PROPOSED: {
            OE.DECIDE: Step(OS.DECIDED, LEADER),
            OE.REFUSE: Step(OS.REFUSED, LEADER),
            OE.WITHDRAW: Step(OS.WITHDRAWN, LEAD),
        },
        OS.DECIDED: {OE.FINISH: Step(OS.CLOSED, LEAD), OE.LIFT: Step(OS.LIFTED, LEADER)},
        OS.CLOSED: {OE.LIFT: Step(OS.LIFTED, LEADER)},
        OS.REFUSED: {},
        OS.WITHDRAWN: {},
        OS.LIFTED: {},
    },
    {
        OS.PROPOSED: "待批准",
        OS.DECIDED: "已责令，待关闭",
        OS.REFUSED: "未批准",
        OS.WITHDRAWN: "已撤回",
        OS.CLOSED: "账号已关闭",
        OS.LIFTED: "已解除",
    },
    {OE.DECIDE: "批准", OE.REFUSE: "不批准", OE.WITHDRAW: "撤回", OE.FINISH: "登记已关闭", OE.LIFT: "解除"},
    ends=frozenset({OS.REFUSED, OS.WITHDRAWN, OS.LIFTED}),
)


class BlameState(StrEnum):
    """Where a proposal to call to account stands."""

    PROPOSED = "proposed"
    DECIDED = "decided"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LIFTED = "lifted"


class BlameEvent(StrEnum):
    """What may happen to it."""

    DECIDE = "decide"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    LIFT = "lift"


B, BE = BlameState, BlameEvent
BLAME = StateTable(
    "追责",
    B.PROPOSED,
    {
        B.PROPOSED: {
            BE.DECIDE: Step(B.DECIDED, LEADER),
            BE.REFUSE: Step(B.REFUSED, LEADER),
            BE.WITHDRAW: Step(B.WITHDRAWN, LEAD),
        },
        B.DECIDED: {BE.LIFT: Step(B.LIFTED, LEADER)},
        B.REFUSED: {},
        B.WITHDRAWN: {},
        B.LIFTED: {},
    },
    {B.PROPOSED: "待决定", B.DECIDED: "已决定", B.REFUSED: "不予追责", B.WITHDRAWN: "已撤回", B.LIFTED: "已撤销决定"},
    {BE.DECIDE: "决定", BE.REFUSE: "不予追责", BE.WITHDRAW: "撤回", BE.LIFT: "撤销决定"},
    ends=frozenset({B.REFUSED, B.WITHDRAWN, B.LIFTED}),
)


class ReferralState(StrEnum):
    """Where a package of evidence stands."""

    PROPOSED = "proposed"
    DECIDED = "decided"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    HANDED = "handed"


class ReferralEvent(StrEnum):
    """What may happen to it."""

    DECIDE = "decide"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    FINISH = "finish"


R, RE = ReferralState, ReferralEvent
REFERRAL = StateTable(
    "移交材料",
    R.PROPOSED,
    {
        R.PROPOSED: {
            RE.DECIDE: Step(R.DECIDED, SECOND),
            RE.REFUSE: Step(R.REFUSED, SECOND),
            RE.WITHDRAW: Step(R.WITHDRAWN, LEAD),
        },
        R.DECIDED: {RE.FINISH: Step(R.HANDED, LEAD), RE.WITHDRAW: Step(R.WITHDRAWN, LEAD)},
        R.REFUSED: {},
        R.WITHDRAWN: {},
        R.HANDED: {},
    },
    {
        R.PROPOSED: "待批准",
        R.DECIDED: "已批准，待移交",
        R.REFUSED: "未批准",
        R.WITHDRAWN: "已撤回",
        R.HANDED: "已移交",
    },
    {RE.DECIDE: "批准", RE.REFUSE: "不批准", RE.WITHDRAW: "撤回", RE.FINISH: "登记已移交"},
    ends=frozenset({R.REFUSED, R.WITHDRAWN, R.HANDED}),
)
TABLES: Mapping[MeasureKind, StateTable[Any, Any]] = {
    MeasureKind.CLOSING: ORDER,
    MeasureKind.ACCOUNTABILITY: BLAME,
    MeasureKind.REFERRAL: REFERRAL,
}
EVENTS: Mapping[MeasureKind, type[StrEnum]] = {
    MeasureKind.CLOSING: OrderEvent,
    MeasureKind.ACCOUNTABILITY: BlameEvent,
    MeasureKind.REFERRAL: ReferralEvent,
}
STATES: Mapping[MeasureKind, type[StrEnum]] = {
    MeasureKind.CLOSING: OrderState,
    MeasureKind.ACCOUNTABILITY: BlameState,
    MeasureKind.REFERRAL: ReferralState,
}
