"""What an approval still covers: facts that stand, words that are still valid, and the approvers of the level of today.

A version may wait after it was approved, or between two approvers; meanwhile a fact is taken back, its time passes, or
the level is raised and the pack asks more approvers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from escalation.clock_words import moment
from escalation.incident.state import IllegalStep
from escalation.people import Role
from escalation.procedure import Approver
from escalation.voice import fact

UP = (Role.PUBLICITY, Role.SCHOOL_LEADER)
"""Where a step goes, in order, whose office nobody can act for; the 主管校领导 is stood in for by nobody."""
STALE = "口径第 {n} 版已不能{what}：{why}。请改写后重新送审。未作任何更改。"
RAISED = (
    "事件级别已调整，口径第 {n} 版尚缺{who}的审批，不能{what}。请改写后重新送审（文字不变的，可作废后重新起草送审）。"
    "未作任何更改。"
)  # fmt: skip


def must_stand(conn: Connection, found: Row[Any], row: Row[Any], at: datetime, what: str) -> None:
    """Refuse `what` (审批, 发布) at this moment of a version that rests on an unfit fact or is no longer valid.

    Raises IllegalStep.
    """
    why = [*fact.unfit(conn, row.id, found.facts)]
    if found.valid_until is not None and at >= found.valid_until:
        why.append(f"有效期已于 {moment(found.valid_until, at)} 届满")
    if why:
        raise IllegalStep(STALE.format(n=found.n, what=what, why="；".join(why)))


def uncovered(chain: Sequence[Approver], offices: Sequence[str]) -> list[Approver]:
    """Of the chain, the steps for which none of the offices that approved counts, each office once; pure.

    An office counts for its own step, and one of `UP` for a step below it (it was asked where nobody else could be).
    """
    left, pending = list(offices), []
    for one in chain:
        if one.office in left:
            left.remove(one.office)
        else:
            pending.append(one)
    lacking = []
    for one in pending:
        higher = UP[UP.index(Role(one.office)) + 1 :] if one.office in UP else UP
        stood_in = next((office for office in left if office in higher), None)
        if stood_in is None:
            lacking.append(one)
        else:
            left.remove(stood_in)
    return lacking
