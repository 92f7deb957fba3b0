"""合并通知: the page behind a digest's link. It lists the notices that left together, each with its own way to sign.

Opening it signs nothing and marks nothing as read; each notice is read and signed on its own page by its own link.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection, Row, or_, select

from escalation import link, people
from escalation.incident import incidents
from escalation.incident.state import OPEN, State
from escalation.link import Link, Purpose
from escalation.notice import deliveries, notices
from escalation.notice.digest_words import Item, item_of
from escalation.notice.wording import NoticeView
from escalation.web.desk import Desk
from escalation.web.gate import Open, desk_of
from escalation.web.page import bare
from escalation.web.sign import Refused, read_link, refusal

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Line:
    """One notice of the list. `path` is its signing page; without one, `said` says why there is nothing to sign."""

    item: Item
    path: str
    said: str


@router.get("/b/{given}", dependencies=[Depends(Open())])
def look(request: Request, given: str) -> HTMLResponse:
    """The list."""
    desk = desk_of(request)
    now = desk.clock()
    try:
        read = read_link(desk, given, now, Purpose.BUNDLE)
        with desk.store.read() as conn:
            person = people.person(conn, desk.school, read.person_id)
            if person is None or not person.active:
                raise Refused("stranger")
            lines = lines_of(conn, desk, read, now)
    except Refused as refused:
        return refusal(request, refused)
    if not lines:
        return refusal(request, Refused("unknown"))
    left = sum(bool(one.path) for one in lines)
    return bare(request, "bundle.html", lines=lines, person=person, left=left)


def lines_of(conn: Connection, desk: Desk, read: Link, now: datetime) -> list[Line]:
    """The notices of a digest that are this person's; `read.notice_id` is the delivery that carried them."""
    rows = conn.execute(
        select(notices, incidents.c.state)
        .join(deliveries, deliveries.c.notice_id == notices.c.id)
        .join(incidents, incidents.c.id == notices.c.incident_id)
        .where(or_(deliveries.c.id == read.notice_id, deliveries.c.carried_by == read.notice_id))
        .where(notices.c.school == desk.school, notices.c.addressee == read.person_id)
        .order_by(deliveries.c.level, notices.c.id)
    ).all()
    return [_line(desk, row, read, now) for row in rows]


def _line(desk: Desk, row: Row[Any], read: Link, now: datetime) -> Line:
    view = NoticeView.model_validate(row.view)
    passed = row.sign_by is not None and row.sign_by <= now
    item = item_of(view.model_copy(update={"passed": passed}))
    said = _done(row)
    if said:
        return Line(item, "", said)
    own = Link(row.id, read.person_id, read.expires_at)
    return Line(item, f"/r/{link.token(desk.letterhead.link_key, Purpose.SIGN, own)}", "")


def _done(row: Row[Any]) -> str:
    """Why there is nothing to sign any more, empty where there is."""
    if row.signed_at is not None:
        return "已签收"
    if State(row.state) not in OPEN:
        return "事件已了结"
    if row.superseded_by is not None:
        return f"已由 {row.superseded_by} 取代"
    if row.settled_at is not None:
        return "已代为了结"
    return "" if row.needs_signature else "无需签收"
