"""The courses of one voice as tables: a hold, a statement's version, an account's relay.

Sources: research §2.2 (S1 to S8); JY 15, LG 15, ZG 12, NX 16 (one voice); NX 18 (withdraw). The states are ours.
"""

from __future__ import annotations

from enum import StrEnum

from escalation.people import Role
from escalation.state_table import MACHINE, StateTable, Step

LEAD = frozenset({Role.PUBLICITY})
WRITERS = frozenset({Role.PUBLICITY, Role.UNIT_LEADER})
KEEPERS = frozenset({Role.KEEPER, Role.PUBLICITY})


class HoldState(StrEnum):
    """A hold stands until a statement is released, a person lifts it or a false alarm ends it; no time ever does."""

    STANDING = "standing"
    RELEASED = "released"
    LIFTED = "lifted"
    FALLEN = "fallen"


class HoldEvent(StrEnum):
    """What may happen to a hold."""

    CHANGE = "change"
    RELEASE = "release"
    LIFT = "lift"
    FALL = "fall"


HOLD = StateTable(
    "暂停发声",
    HoldState.STANDING,
    {
        HoldState.STANDING: {
            HoldEvent.CHANGE: Step(HoldState.STANDING, LEAD),
            HoldEvent.RELEASE: Step(HoldState.RELEASED, MACHINE),
            HoldEvent.LIFT: Step(HoldState.LIFTED, LEAD),
            HoldEvent.FALL: Step(HoldState.FALLEN, MACHINE),
        },
        HoldState.RELEASED: {},
        HoldState.LIFTED: {},
        HoldState.FALLEN: {},
    },
    {
        HoldState.STANDING: "管控中",
        HoldState.RELEASED: "已随口径发布解除",
        HoldState.LIFTED: "已由人解除",
        HoldState.FALLEN: "已随误报解除",
    },
    {
        HoldEvent.CHANGE: "调整管控范围",
        HoldEvent.RELEASE: "随口径发布解除",
        HoldEvent.LIFT: "解除管控",
        HoldEvent.FALL: "随误报解除",
    },
    ends=frozenset({HoldState.RELEASED, HoldState.LIFTED, HoldState.FALLEN}),
)


class StatementState(StrEnum):
    """Where one version of a statement stands. A version is never edited: a new text is a new version."""

    DRAFT = "draft"
    REVIEW = "review"
    RETURNED = "returned"
    APPROVED = "approved"
    RELEASED = "released"
    DECIDED = "decided"
    REVISED = "revised"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    DROPPED = "dropped"


class StatementEvent(StrEnum):
    """What may happen to a version."""

    SUBMIT = "submit"
    SIGN = "sign"
    APPROVE = "approve"
    DECIDE = "decide"
    RETURN = "return"
    REVISE = "revise"
    RELEASE = "release"
    SUPERSEDE = "supersede"
    WITHDRAW = "withdraw"
    DROP = "drop"
    FALL = "fall"


APPROVER = "approver"
"""Who is asked at this step of the chain: looked up by person, whatever roles they sign in with."""
S, E = StatementState, StatementEvent
_REVISE, _DROP = Step(S.REVISED, WRITERS), Step(S.DROPPED, LEAD)
_FALL = Step(S.DROPPED, MACHINE)
_OLD, _BACK = Step(S.SUPERSEDED, MACHINE), Step(S.WITHDRAWN, LEAD)
STATEMENT = StateTable(
    "口径",
    S.DRAFT,
    {
        S.DRAFT: {E.SUBMIT: Step(S.REVIEW, LEAD), E.REVISE: _REVISE, E.DROP: _DROP, E.FALL: _FALL},
        S.REVIEW: {
            E.SIGN: Step(S.REVIEW, {APPROVER}),
            E.APPROVE: Step(S.APPROVED, MACHINE),
            E.DECIDE: Step(S.DECIDED, MACHINE),
            E.RETURN: Step(S.RETURNED, {APPROVER}),
            E.REVISE: _REVISE,
            E.DROP: _DROP,
            E.FALL: _FALL,
        },
        S.RETURNED: {E.REVISE: _REVISE, E.DROP: _DROP, E.FALL: _FALL},
        S.APPROVED: {E.RELEASE: Step(S.RELEASED, KEEPERS), E.REVISE: _REVISE, E.DROP: _DROP, E.FALL: _FALL},
        S.RELEASED: {E.SUPERSEDE: _OLD, E.WITHDRAW: _BACK},
        S.DECIDED: {E.SUPERSEDE: _OLD, E.WITHDRAW: _BACK},
        S.REVISED: {},
        S.SUPERSEDED: {},
        S.WITHDRAWN: {},
        S.DROPPED: {},
    },
    {
        S.DRAFT: "起草核稿中",
        S.REVIEW: "待审批",
        S.RETURNED: "已退回",
        S.APPROVED: "已审批，待发布",
        S.RELEASED: "已发布",
        S.DECIDED: "已决定不公开回应",
        S.REVISED: "已改写",
        S.SUPERSEDED: "已由新版取代",
        S.WITHDRAWN: "已撤回",
        S.DROPPED: "已作废",
    },
    {
        E.SUBMIT: "送审",
        E.SIGN: "本级同意",
        E.APPROVE: "批准",
        E.DECIDE: "决定不公开回应",
        E.RETURN: "退回",
        E.REVISE: "改写",
        E.RELEASE: "登记发布",
        E.SUPERSEDE: "由新版取代",
        E.WITHDRAW: "撤回",
        E.DROP: "作废",
        E.FALL: "随误报作废",
    },
    ends=frozenset({S.REVISED, S.SUPERSEDED, S.WITHDRAWN, S.DROPPED}),
)
IN_WORK = frozenset({S.DRAFT, S.REVIEW, S.RETURNED, S.APPROVED})
IN_FORCE = frozenset({S.RELEASED, S.DECIDED})


class RelayState(StrEnum):
    """Where one account's relay of one release stands."""

    WAITING = "waiting"
    OVERDUE = "overdue"
    DONE = "done"
    RECALLED = "recalled"
    TAKEN_DOWN = "taken_down"
    EXCUSED = "excused"
    CALLED_OFF = "called_off"


class RelayEvent(StrEnum):
    """What may happen to it."""

    LAPSE = "lapse"
    RELAY = "relay"
    EXCUSE = "excuse"
    CALL_OFF = "call_off"
    RECALL = "recall"
    TAKE_DOWN = "take_down"


R, RE = RelayState, RelayEvent
RELAY = StateTable(
    "转发任务",
    R.WAITING,
    {
        R.WAITING: {
            RE.RELAY: Step(R.DONE, KEEPERS),
            RE.LAPSE: Step(R.OVERDUE, MACHINE),
            RE.EXCUSE: Step(R.EXCUSED, LEAD),
            RE.CALL_OFF: Step(R.CALLED_OFF, MACHINE),
        },
        R.OVERDUE: {
            RE.RELAY: Step(R.DONE, KEEPERS),
            RE.EXCUSE: Step(R.EXCUSED, LEAD),
            RE.CALL_OFF: Step(R.CALLED_OFF, MACHINE),
        },
        R.DONE: {RE.RECALL: Step(R.RECALLED, MACHINE)},
        R.RECALLED: {RE.TAKE_DOWN: Step(R.TAKEN_DOWN, KEEPERS), RE.EXCUSE: Step(R.EXCUSED, LEAD)},
        R.TAKEN_DOWN: {},
        R.EXCUSED: {},
        R.CALLED_OFF: {},
    },
    {
        R.WAITING: "待转发",
        R.OVERDUE: "逾期未转发",
        R.DONE: "已转发",
        R.RECALLED: "待撤下",
        R.TAKEN_DOWN: "已撤下",
        R.EXCUSED: "免于转发",
        R.CALLED_OFF: "不再转发",
    },
    {
        RE.LAPSE: "逾期",
        RE.RELAY: "登记已转发",
        RE.EXCUSE: "免于转发",
        RE.CALL_OFF: "不再转发",
        RE.RECALL: "要求撤下",
        RE.TAKE_DOWN: "登记已撤下",
    },
    ends=frozenset({R.DONE, R.TAKEN_DOWN, R.EXCUSED, R.CALLED_OFF}),
)
OWED = frozenset({R.WAITING, R.OVERDUE, R.RECALLED})
