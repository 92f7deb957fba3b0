"""电话通知: a task for the duty desk to telephone one addressee, with the number and what to say; one per step.

Never two at a time for one person in one incident: while a task is open, a further cause adds none.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import people
from escalation.incident import EntryKind
from escalation.notice import NoticeKind, calls, notices, same_matter
from escalation.notice.docket import hold_of, tell
from escalation.notice.vacancy import ring_no_number
from escalation.notice.wording import read_view, render_phone
from stream.store import insert_new

DEAD_DELIVERY = "dead:"
"""The step of a phone task left by a delivery that reached nobody; that delivery's alert ends with the call."""
AGAIN = "again:"
"""The step of a task that dials once more, with the id of the call that reached nobody; also its clock's name."""


def call(conn: Connection, notice: Row[Any], step: str, now: datetime) -> bool:
    """Make a phone task for the addressee of a notice, unless one is open for them or this step has made it before.

    False where there is none: nobody is telephoned about a false alarm, nor without a number, which rings an alert.
    """
    if notice.kind == NoticeKind.DISMISSED:
        return False
    hold_of(conn, notice)
    if open_call(conn, notice, notice.addressee):
        return True
    person = people.person(conn, notice.school, notice.addressee)
    name = person.name if person else notice.addressee
    if person is None or not person.mobile:
        ring_no_number(conn, notice, name, now)
        return False
    row = {
        "school": notice.school, "notice_id": notice.id, "step": step, "person_id": notice.addressee,
        "number": person.mobile, "words": words_now(notice.view, notice.sign_by, now),
        "created_at": now, "outcome": None, "remark": None, "recorded_by": None, "recorded_at": None,
    }  # fmt: skip
    if insert_new(conn, calls, [row], key=["notice_id", "step"]):
        tell(conn, notice, now, EntryKind.DEADLINE, f"电话通知 {name}", "任务已生成，待值班员拨打并登记")
    return True


def open_call(conn: Connection, notice: Row[Any], person_id: str) -> bool:
    """Whether a phone task for this person in the notice's incident (or matter) waits for its outcome."""
    found = conn.execute(
        select(calls.c.id)
        .join(notices, notices.c.id == calls.c.notice_id)
        .where(same_matter(notice), calls.c.person_id == person_id, calls.c.outcome.is_(None))
        .limit(1)
    ).first()
    return found is not None


def words_now(view: dict[str, Any], sign_by: datetime | None, now: datetime) -> str:
    """What to say now: a deadline that has passed is named as passed, never as still to come."""
    passed = sign_by is not None and sign_by <= now
    return render_phone(read_view(view | {"passed": passed}))


def call_of(conn: Connection, notice_id: int, step: str, now: datetime) -> bool:
    """The same, for a notice of which only the id is at hand."""
    return call(conn, conn.execute(select(notices).where(notices.c.id == notice_id)).one(), step, now)
