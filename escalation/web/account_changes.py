"""账号变动: where the platform shows a registered account otherwise than the book, and what is done about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import select

from escalation import alteration, breach, paper
from escalation.alteration import alterations
from escalation.alteration.compare import KIND_WORDS, Kind
from escalation.alteration.state import ALTERATION, STATE_WORDS, Event, State
from escalation.clock_words import SHANGHAI
from escalation.paper import Noun
from escalation.people import Role
from escalation.web.gate import Acts, Only, Visitor, desk_of
from escalation.web.page import show
from escalation.web.paper_view import Field, act, desktop, found, readable

router = APIRouter(dependencies=[Depends(readable)])
READERS = (Role.MONITOR, Role.PUBLICITY, Role.SCHOOL_LEADER, Role.KEEPER, Role.UNIT_LEADER)
Reader = Annotated[Visitor, Depends(Only(*READERS))]
Dates = Annotated[Visitor, Depends(Acts(Role.KEEPER, Role.UNIT_LEADER, Role.PUBLICITY))]
Settles = Annotated[Visitor, Depends(Acts(Role.PUBLICITY, Role.MONITOR))]
TONES = {"seen": "stop", "settled": "wait", "over": "ok"}


@router.get("/account-changes")
def page(request: Request, visitor: Reader) -> Response:
    """The list: what nobody has explained first."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        on = desktop(conn, visitor, desk.school)
        rows = alteration.listed(conn, desk.school, on.only)
    return show(
        request, visitor, "account-changes.html", on=on, rows=rows, words=STATE_WORDS, kind_words=KIND_WORDS,
        tones=TONES,
    )  # fmt: skip


@router.get("/account-changes/{number}")
def one(request: Request, visitor: Reader, number: str) -> Response:
    """One change with its course."""
    return _one(request, visitor, number)


def _one(request: Request, visitor: Visitor, number: str, error: str = "") -> Response:
    desk = desk_of(request)
    mine = (alterations.c.school == desk.school, alterations.c.number == number)
    with desk.store.read() as conn:
        row = conn.execute(select(alterations).where(*mine)).first()
        on = desktop(conn, visitor, desk.school)
        row = found(row, row is not None and on.sees(row))
        roles = breach.standing(conn, row, visitor.actor) or frozenset()
        course = paper.course_of(conn, Noun.ALTERATION, desk.school, row.id)
    state = State(row.state)
    return show(
        request, visitor, "account-change.html", status=409 if error else 200, on=on, row=row, course=course,
        words=STATE_WORDS, kind_words=KIND_WORDS, tones=TONES, error=error,
        latest=row.seen_at.astimezone(SHANGHAI).date().isoformat(),
        dates=row.kind == Kind.RENAMED and ALTERATION.may(state, Event.DATE, roles),
        settles=ALTERATION.may(state, Event.SETTLE, roles), limits=paper,
    )  # fmt: skip


@router.post("/account-changes/{number}/date")
def date(request: Request, visitor: Dates, number: str, on: Field = "") -> Response:
    """变更日期, as the unit says it."""
    desk = desk_of(request)
    return act(
        request, f"/account-changes/{number}?done=dated",
        lambda conn: alteration.set_date(conn, desk.school, number, visitor.actor, visitor.now, on),
        lambda error: _one(request, visitor, number, error),
    )  # fmt: skip


@router.post("/account-changes/{number}/settle")
def settle(request: Request, visitor: Settles, number: str, why: Field = "") -> Response:
    """说明了结."""
    desk = desk_of(request)
    return act(
        request, f"/account-changes/{number}?done=settled",
        lambda conn: alteration.settle(conn, desk.school, number, visitor.actor, visitor.now, why),
        lambda error: _one(request, visitor, number, error),
    )  # fmt: skip
