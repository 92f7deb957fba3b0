"""合并通知: the page behind a digest's link. It lists the notices that left together, each with its own way.

Opening it signs nothing and marks nothing as read; each notice is signed, each errand done on its own page by its own
link; a reminder leads to the notice that it reminds of.
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
from escalation.notice import ERRANDS, NoticeKind, deliveries, notices
from escalation.notice.digest_words import SIGN, Item, item_of, signs, way_of
from escalation.notice.wording import NoticeView
from escalation.task import tasks
from escalation.task.state import UNANSWERED
from escalation.web import voice_slip
from escalation.web.desk import Desk
from escalation.web.gate import Open, desk_of
from escalation.web.page import bare
from escalation.web.sign import Refused, read_link, refusal

router = APIRouter()
DONE, NOTHING = "已办理", "无需签收"


@dataclass(frozen=True, slots=True)
class Line:
    """One notice of the list. `path` is the page where it is signed or done; `said` is why nothing is left to do."""

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
    left = [one for one in lines if one.path and one.item.verb and not one.said]
    signs = sum(one.item.verb == SIGN for one in left)
    return bare(request, "bundle.html", lines=lines, person=person, signs=signs, does=len(left) - signs)


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
    return [_line(conn, desk, row, read, now) for row in rows]


def _line(conn: Connection, desk: Desk, row: Row[Any], read: Link, now: datetime) -> Line:
    view = NoticeView.model_validate(row.view)
    asked = _original(conn, row)
    passed = asked.sign_by is not None and asked.sign_by <= now
    item = item_of(view.model_copy(update={"passed": passed}))
    if row.kind in ERRANDS:
        return Line(item, way_of(view), "" if _waits(conn, row) else DONE)
    said = _done(asked, row.state)
    if said:
        return Line(item, "", said)
    if not signs(view):
        return Line(item, way_of(view), NOTHING)
    own = Link(asked.id, read.person_id, read.expires_at)
    return Line(item, f"/r/{link.token(desk.letterhead.link_key, Purpose.SIGN, own)}", "")


def _original(conn: Connection, row: Row[Any]) -> Row[Any]:
    """The notice that is to be signed: a reminder asks for another one's signature, every other for its own."""
    about, _, rest = str(row.step).partition(":")
    number = rest.partition(":")[0]
    if row.kind != NoticeKind.REMINDER or about != "remind" or not number.isdecimal():
        return row
    mine = (notices.c.id == int(number)) & (notices.c.addressee == row.addressee)
    return conn.execute(select(notices).where(mine, notices.c.school == row.school)).first() or row


def _waits(conn: Connection, row: Row[Any]) -> bool:
    """Whether what an errand asks for is still to be done, as far as its page is one that ends."""
    about, _, rest = str(row.step).partition(":")
    number = rest.partition(":")[0]
    if about == "task" and number.isdecimal():
        state = conn.execute(select(tasks.c.state).where(tasks.c.id == int(number))).scalar()
        return state in UNANSWERED
    if about in ("hold", "approval", "relay", "recall"):
        return voice_slip.waits(conn, row)
    return State(row.state) in OPEN


def _done(row: Row[Any], state: str) -> str:
    """Why there is nothing to sign any more, empty where there is."""
    if row.signed_at is not None:
        return "已签收"
    if State(state) not in OPEN:
        return "事件已了结"
    if row.superseded_by is not None:
        return f"已由 {row.superseded_by} 取代"
    return "已代为了结" if row.settled_at is not None else ""
