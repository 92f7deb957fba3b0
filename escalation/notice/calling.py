"""电话通知: a task for the duty desk to telephone one addressee, with the number and what to say; one per step."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import people
from escalation.incident import EntryKind, log
from escalation.notice import calls, notices
from escalation.notice.wording import NoticeView, render_phone
from stream.store import insert_new

DEAD_DELIVERY = "dead:"
"""The step of a phone task left by a delivery that reached nobody; that delivery's alert ends with the call."""


def call(conn: Connection, notice: Row[Any], step: str, now: datetime) -> None:
    """Make a phone task for the addressee of a notice, unless this step has made it before."""
    person = people.person(conn, notice.school, notice.addressee)
    row = {
        "school": notice.school, "notice_id": notice.id, "step": step, "person_id": notice.addressee,
        "number": person.mobile if person else "", "words": render_phone(NoticeView.model_validate(notice.view)),
        "created_at": now, "outcome": None, "remark": None, "recorded_by": None, "recorded_at": None,
    }  # fmt: skip
    if insert_new(conn, calls, [row], key=["notice_id", "step"]):
        name = person.name if person else notice.addressee
        log(conn, notice.incident_id, now, EntryKind.DEADLINE, f"电话通知 {name}", "任务已生成，待值班员拨打并登记")


def call_of(conn: Connection, notice_id: int, step: str, now: datetime) -> None:
    """The same, for a notice of which only the id is at hand."""
    call(conn, conn.execute(select(notices).where(notices.c.id == notice_id)).one(), step, now)
