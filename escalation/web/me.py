"""我的: what waits for my signature, with a fresh link where the one in the message has expired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Row, or_, select

from escalation import link
from escalation.incident import incidents
from escalation.incident.state import OPEN
from escalation.link import Link, Purpose
from escalation.notice import KIND_WORDS, is_owed, notices
from escalation.people import Role
from escalation.web.call_tasks import open_tasks
from escalation.web.face import Face, face
from escalation.web.gate import Only, Visitor, desk_of
from escalation.web.page import show
from escalation.web.sign import KEEPER_LIVES
from escalation.web.words import CARE_TITLE

router = APIRouter()
LINK_LIVES = timedelta(hours=2)
SHOWN = 50
CALLERS = (Role.MONITOR, Role.PUBLICITY)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One notice addressed to me."""

    notice: Row[Any]
    title: str
    level: int
    number: str
    clock: Face | None
    path: str


@router.get("/me")
def page(request: Request, visitor: Annotated[Visitor, Depends(Only())]) -> HTMLResponse:
    """The page."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        rows = conn.execute(
            select(
                notices, incidents.c.title, incidents.c.care, incidents.c.level, incidents.c.number.label("incident")
            )
            .join(incidents, incidents.c.id == notices.c.incident_id)
            .where(notices.c.school == desk.school, notices.c.addressee == visitor.user.person_id)
            .where(or_(is_owed(), notices.c.signed_at.is_not(None) & notices.c.needs_signature))
            .where(incidents.c.state.in_(sorted(OPEN)))
            .order_by(notices.c.sign_by)
            .limit(SHOWN)
        ).all()
        rings = open_tasks(conn, desk.school, visitor.now) if visitor.has(*CALLERS) else []
    waiting = [_waiting(request, visitor, row) for row in rows if row.signed_at is None]
    signed = [_waiting(request, visitor, row) for row in rows if row.signed_at is not None]
    return show(request, visitor, "me.html", waiting=waiting, signed=signed, rings=rings, kind_words=KIND_WORDS)


def _waiting(request: Request, visitor: Visitor, row: Row[Any]) -> Waiting:
    key, now = desk_of(request).letterhead.link_key, visitor.now
    path = ""
    if row.signed_at is None:
        path = f"/r/{link.token(key, Purpose.SIGN, Link(row.id, row.addressee, now + LINK_LIVES))}"
    elif row.role == Role.KEEPER:
        path = f"/k/{link.token(key, Purpose.KEEPER, Link(row.id, row.addressee, now + KEEPER_LIVES))}"
    clock = face("签收", row.created_at, row.sign_by, now, done_at=row.signed_at) if row.sign_by else None
    return Waiting(row, CARE_TITLE if row.care else row.title, row.level, row.incident, clock, path)
