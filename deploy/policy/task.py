"""What a pack says of tasks and of accountability, in words: for `policy diff` and `policy show`."""

from __future__ import annotations

from escalation.procedure import Pack, say_span
from escalation.task import KIND_WORDS


def task_clocks(pack: Pack) -> dict[str, str]:
    """By kind of task: until when it is answered and how often one asks, each with its source; and when asking ends."""
    told: dict[str, str] = {}
    for kind, name in KIND_WORDS.items():
        clock = getattr(pack.task, kind)
        due = f"{say_span(clock.due.after)}内答复（{clock.due.label}）；" if clock.due else ""
        told[name] = f"{due}每 {say_span(clock.remind.after)}提醒一次，直到答复（{clock.remind.label}）"
    most = pack.task.reminders
    told["不再自动提醒"] = f"逾期后提醒 {most.times} 次仍未答复的，告知值班员（{most.label}）"
    return told


def accountability(pack: Pack) -> dict[str, str]:
    """By grade and article: when and whom, in the document's words."""
    return {
        f"{one.article} {one.grade}（{one.when}）": f"对象：{'、'.join(one.whom) or '条文未写'}；“{one.quote}”"
        for one in pack.accountability
    }
