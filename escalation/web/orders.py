"""批示 on pages: what somebody wrote when they signed, or after, is read by the desk and by themselves, by nobody else.

The signing page promises it: 值班员和宣传部可见.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from escalation.people import Role
from escalation.remark import DONE, LATE, ORDER, REMARK, SIGNED
from escalation.web.case_log import Step
from escalation.web.gate import Visitor
from escalation.web.incident_view import Case
from escalation.web.receipts import Receipt

READ_BY = frozenset({Role.MONITOR, Role.PUBLICITY})
HIDDEN = "{word}仅值班员和宣传部可见"


def read_by(visitor: Visitor, case: Case) -> Case:
    """The incident's page as this person may read it."""
    if visitor.has(*READ_BY):
        return case
    return replace(
        case, receipts=own_only(case.receipts, visitor.actor.id),
        steps=[_without(one) if one.actor != visitor.name else one for one in case.steps],
    )  # fmt: skip


def own_only(receipts: Iterable[Receipt], person_id: str) -> list[Receipt]:
    """Receipts without what others wrote."""
    return [one if one.person_id == person_id else replace(one, remark="") for one in receipts]


def _without(step: Step) -> Step:
    for word in (ORDER, REMARK, DONE):
        if step.text.startswith(f"{word}："):
            return replace(step, text=HIDDEN.format(word=word))
    if step.heading.endswith(SIGNED) and step.text not in ("", LATE):
        return replace(step, text="；".join([LATE] * step.text.startswith(LATE) + [HIDDEN.format(word=ORDER)]))
    return step
