"""我的: what waits for my signature, with a fresh link where the one in the message has expired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection, Row, Select, and_, or_, select

from escalation import link
from escalation.incident import incidents
from escalation.incident.state import OPEN
from escalation.link import Link, Purpose
from escalation.notice import KIND_WORDS, is_owed, notices
from escalation.notice.docket import dockets
from escalation.people import Role
from escalation.web import voice_slip
from escalation.web.call_tasks import count_open, open_tasks
from escalation.web.face import Face, face
from escalation.web.gate import Only, Visitor, desk_of
from escalation.web.page import show
from escalation.web.sign import KEEPER_LIVES
from escalation.web.task_view import mine_of
from escalation.web.words import CARE_TITLE

router = APIRouter()
LINK_LIVES = timedelta(hours=2)
SHOWN = 50
LETTERS_SHOWN = 20
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
            _mine(visitor).where(is_owed()).order_by(notices.c.sign_by.nulls_last(), notices.c.id)
        ).all()
        done = notices.c.signed_at.is_not(None) & notices.c.needs_signature
        past = conn.execute(
            _mine(visitor).where(done).order_by(notices.c.signed_at.desc().nulls_last()).limit(SHOWN)
        ).all()
        letters = _letters(conn, request, visitor)
        my_tasks = mine_of(conn, desk.school, visitor.actor, desk.letterhead, visitor.now)
        errands = voice_slip.waiting(conn, desk.school, visitor.user.person_id)
        rings = open_tasks(conn, desk.school, visitor.now) if visitor.has(*CALLERS) else []
        ringing = count_open(conn, desk.school)
    waiting = [_waiting(request, visitor, row) for row in rows]
    signed = [_waiting(request, visitor, row) for row in past]
    return show(
        request, visitor, "me.html", waiting=waiting, signed=signed, letters=letters, rings=rings, ringing=ringing,
        my_tasks=my_tasks, kind_words=KIND_WORDS, errands=[(row, _errand(request, visitor, row)) for row in errands],
    )  # fmt: skip


def _mine(visitor: Visitor) -> Select[Any]:
    """The notices of this person in incidents that are open."""
    about = incidents.c
    return (
        select(notices, about.title, about.care, about.level, about.number.label("incident"))
        .join(incidents, about.id == notices.c.incident_id)
        .where(notices.c.school == visitor.user.school, notices.c.addressee == visitor.user.person_id)
        .where(about.state.in_(sorted(OPEN)))
    )


def _errand(request: Request, visitor: Visitor, row: Row[Any]) -> str:
    return voice_slip.path_of(desk_of(request).letterhead.link_key, row, visitor.now + LINK_LIVES)


def _waiting(request: Request, visitor: Visitor, row: Row[Any]) -> Waiting:
    key, now = desk_of(request).letterhead.link_key, visitor.now
    path = ""
    if row.signed_at is None:
        path = f"/r/{link.token(key, Purpose.SIGN, Link(row.id, row.addressee, now + LINK_LIVES))}"
    elif row.role == Role.KEEPER:
        path = f"/k/{link.token(key, Purpose.KEEPER, Link(row.id, row.addressee, now + KEEPER_LIVES))}"
    clock = face("签收", row.created_at, row.sign_by, now, done_at=row.signed_at) if row.sign_by else None
    return Waiting(row, CARE_TITLE if row.care else row.title, row.level, row.incident, clock, path)


@dataclass(frozen=True, slots=True)
class OwnLetter:
    """One letter to me whose matter is not over; `owed`: it waits for my receipt."""

    number: str
    kind: str
    title: str
    at: datetime
    signed_at: datetime | None
    owed: bool
    clock: Face | None
    path: str


def _letters(conn: Connection, request: Request, visitor: Visitor) -> list[OwnLetter]:
    key, now = desk_of(request).letterhead.link_key, visitor.now
    rows = conn.execute(
        select(notices)
        .join(dockets, and_(dockets.c.school == notices.c.school, dockets.c.matter == notices.c.matter))
        .where(notices.c.school == visitor.user.school, notices.c.addressee == visitor.user.person_id)
        .where(or_(dockets.c.ended_at.is_(None), dockets.c.ended_at <= notices.c.created_at))
        .order_by(is_owed().desc(), notices.c.id.desc())
        .limit(LETTERS_SHOWN)
    ).all()
    return [
        OwnLetter(
            row.number, row.view["kind"], row.view["title"], row.created_at, row.signed_at,
            bool(row.needs_signature) and row.signed_at is None,
            face("签收", row.created_at, row.sign_by, now, done_at=row.signed_at) if row.sign_by else None,
            f"/r/{link.token(key, Purpose.SIGN, Link(row.id, row.addressee, now + LINK_LIVES))}",
        )
        for row in rows
    ]  # fmt: skip
