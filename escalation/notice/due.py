"""When a notice must be signed, by its kind, and what follows on silence: figures of the frozen pack alone."""

from __future__ import annotations

from escalation.notice import ERRANDS, NoticeKind
from escalation.procedure import Act, Clock, Level, Pack, Step

UNSIGNED_KINDS = frozenset({NoticeKind.REMINDER, NoticeKind.DISMISSED, NoticeKind.CHASED}) | ERRANDS


def receipt_of(grade: Level, kind: NoticeKind) -> Clock | None:
    """By when a notice of this kind is to be signed; None: no signature is asked. A 情况报告 has its own figure."""
    if kind in UNSIGNED_KINDS:
        return None
    return grade.report_sign if kind is NoticeKind.REPORT else grade.sign


def rungs_of(pack: Pack, level: int, kind: NoticeKind) -> tuple[Step, ...]:
    """What follows on silence: the pack's ladder; for a 情况报告 a reminder at half time and a call, nobody above."""
    if kind is not NoticeKind.REPORT:
        return pack.ladder.steps(level)
    clock = pack.grade(level).report_sign
    if clock is None:
        return ()
    half = clock.model_copy(update={"after": clock.after / 2})
    return Step(level=level, act=Act.REMIND, clock=half), Step(level=level, act=Act.PHONE, clock=clock)
