"""What a withdrawal 撤回 leaves behind: who must hear of it, the first post itself, the hold, the public answer.

Once the only version in force is withdrawn the school has said nothing: 首次回应 runs anew, and whoever withdraws says
in the same act whether the accounts keep silent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import timer
from escalation.incident import Actor, EntryKind, log
from escalation.incident.state import OPEN, IllegalStep, State
from escalation.keeper import answers
from escalation.notice import GROUP, notices
from escalation.notice.clocking import answers_in_public, set_duty_clocks
from escalation.notice.issue import Letterhead
from escalation.voice import hold, statement
from escalation.voice.approval import approvals
from escalation.voice.hold import current, holds
from escalation.voice.state import HoldState
from escalation.voice.subject import Subject, read


def concerned(conn: Connection, found: Row[Any], out: Row[Any] | None) -> set[str]:
    """Who drafted, approved or was sent the card of a version, besides those who read or relayed it."""
    who = {str(found.drafted_by)}
    decided = select(approvals.c.decided_by).where(approvals.c.statement_id == found.id)
    who |= {str(one) for one in conn.execute(decided).scalars() if one}
    if out is not None:
        sent = select(notices.c.addressee).where(
            notices.c.incident_id == found.incident_id, notices.c.step == f"card:{found.id}",
            notices.c.addressee != GROUP,
        )  # fmt: skip
        who |= set(conn.execute(sent).scalars())
    return who


def silenced_before(conn: Connection, incident_id: int) -> list[Subject]:
    """The subjects that a release set free and that nothing holds now, each once."""
    own = conn.execute(select(holds).where(holds.c.incident_id == incident_id).order_by(holds.c.id)).all()
    newest = {read(current(conn, one.id).subject).said(): one for one in own}
    return [
        read(current(conn, one.id).subject) for one in newest.values()
        if HoldState(one.state) is HoldState.RELEASED
    ]  # fmt: skip


def settle_hold(
    conn: Connection, letterhead: Letterhead, row: Row[Any], actor: Actor, now: datetime, why: str, again: bool | None
) -> None:
    """Hold again what the release had set free, or not, as the person says. Raises IllegalStep without their word."""
    freed: Sequence[Subject] = silenced_before(conn, row.id)
    if State(row.state) not in OPEN or statement.in_force(conn, row.id) is not None or not freed:
        return
    if again is None:
        raise IllegalStep("请选择撤回后是否恢复暂停发声。未作任何更改。")
    if not again:
        log(conn, row.id, now, EntryKind.PERSON, "撤回后不恢复暂停发声", why, actor=actor.name)
    for subject in freed if again else ():
        hold.add(conn, letterhead, row.id, actor, now, subject, f"口径撤回：{why}"[: hold.WHY_MOST])


def answer_again(conn: Connection, row: Row[Any], url: str, now: datetime) -> None:
    """首次回应 runs anew for its whole span where nothing else was said in public. `url`: of what was withdrawn."""
    other = select(answers.c.id).where(answers.c.incident_id == row.id, answers.c.url != url).limit(1)
    if State(row.state) not in OPEN or statement.in_force(conn, row.id) is not None or conn.execute(other).first():
        return
    if not answers_in_public(row):
        return
    timer.restart(conn, row.id, "first_answer", now, now)
    set_duty_clocks(conn, row, now)
    log(conn, row.id, now, EntryKind.DEADLINE, "现无在用口径，首次回应重新计时")
