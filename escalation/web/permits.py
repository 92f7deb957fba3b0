"""授权发布: asking for leave on a phone, approving, and what was published under it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection, select

from escalation import paper, permit
from escalation.likeness import difference
from escalation.paper import Noun
from escalation.permit import permits
from escalation.permit.state import PERMIT, STATE_WORDS, Event, State
from escalation.procedure import Source, say_span
from escalation.state_table import IllegalStep
from escalation.web.gate import Acts, Only, Visitor, desk_of
from escalation.web.page import show
from escalation.web.paper_view import TABS, Field, act, desktop, found, readable

router = APIRouter(dependencies=[Depends(readable)])
Reader = Annotated[Visitor, Depends(Only())]
Actor = Annotated[Visitor, Depends(Acts())]
TONES = {"asked": "wait", "granted": "ok", "refused": "stop", "used": "tide", "expired": "", "withdrawn": ""}


@router.get("/permits")
def page(request: Request, visitor: Reader) -> Response:
    """The list, and the form for whoever runs an account."""
    return _list(request, visitor)


def _list(request: Request, visitor: Visitor, *, error: str = "", given: Mapping[str, str] | None = None) -> Response:
    desk = desk_of(request)
    pack = desk.ground.pack
    with desk.store.read() as conn:
        on = desktop(conn, visitor, desk.school)
        also = permit.own(conn, pack, desk.school, visitor.actor, visitor.now)
        rows = permit.listed(conn, desk.school, on.only, also)
        deciding = permit.approvers_by_unit(conn, desk.school, pack, [one.unit for one in on.mine], visitor.now)
        named = {one.id: "、".join(person.name for person in deciding[one.unit]) for one in on.mine}
    return show(
        request, visitor, "permits.html", status=409 if error else 200, on=on, rows=rows, words=STATE_WORDS,
        tones=TONES, clause=pack.permit, open_to_all=pack.permit.source is not Source.NONE,
        span=say_span(pack.permit.expires.after), named=named, error=error, given=dict(given or {}), tabs=TABS,
        limits=paper,
    )  # fmt: skip


@router.post("/permits")
def ask(
    request: Request, visitor: Actor, account: Field = "", subject: Field = "", text: Field = "", planned: Field = "",
    why: Field = "",
) -> Response:  # fmt: skip
    """Ask; the page of the new application follows."""
    desk = desk_of(request)

    def do(conn: Connection) -> str:
        place = paper.place_of(conn, desk.school, account)
        return permit.ask(
            conn, desk.ground, place, visitor.actor, visitor.now, subject=subject, text=text, planned=planned,
            why=why,
        )  # fmt: skip

    try:
        number = desk.store.run(do)
    except IllegalStep as refused:
        given = {"account": account, "subject": subject, "text": text, "planned": planned, "why": why}
        return _list(request, visitor, error=str(refused), given=given)
    return RedirectResponse(f"/permits/{number}?done=asked", 303)


@router.get("/permits/{number}")
def one(request: Request, visitor: Reader, number: str) -> Response:
    """One permit with its course; what was published stands beside what was approved."""
    return _one(request, visitor, number)


def _one(request: Request, visitor: Visitor, number: str, error: str = "") -> Response:
    desk = desk_of(request)
    pack = desk.ground.pack
    with desk.store.read() as conn:
        row = conn.execute(select(permits).where(permits.c.school == desk.school, permits.c.number == number)).first()
        on = desktop(conn, visitor, desk.school)
        approves = row is not None and paper.holds(
            conn, desk.school, pack.role_of(row.office), row.unit, visitor.actor.id, visitor.now
        )
        row = found(row, row is not None and (approves or on.sees(row, row.asked_by)))
        roles = permit.standing(conn, pack, row, visitor.actor, visitor.now) or frozenset()
        course = paper.course_of(conn, Noun.PERMIT, desk.school, row.id)
    state = State(row.state)
    own = visitor.actor.id == row.asked_by
    return show(
        request, visitor, "permit.html", status=409 if error else 200, on=on, row=row, course=course,
        words=STATE_WORDS, tones=TONES, error=error, tabs=TABS, clause=pack.permit,
        span=say_span(pack.permit.expires.after),
        decides=PERMIT.may(state, Event.GRANT, roles) and not own, own=own,
        withdraws=PERMIT.may(state, Event.WITHDRAW, roles),
        pieces=list(difference(row.text, row.archived_text)) if row.archived_text else [],
    )  # fmt: skip


@router.post("/permits/{number}/decide")
def decide(request: Request, visitor: Actor, number: str, grant: Field = "", why: Field = "") -> Response:
    """授权 or 不予授权."""
    desk = desk_of(request)
    if grant not in ("yes", "no"):
        return _one(request, visitor, number, "请选择授权或不予授权。未作任何更改。")
    return act(
        request, f"/permits/{number}?done={'granted' if grant == 'yes' else 'refused'}",
        lambda conn: permit.decide(
            conn, desk.ground, desk.school, number, visitor.actor, visitor.now, grant=grant == "yes", why=why
        ),
        lambda error: _one(request, visitor, number, error),
    )  # fmt: skip


@router.post("/permits/{number}/withdraw")
def withdraw(request: Request, visitor: Actor, number: str, why: Field = "") -> Response:
    """撤回."""
    desk = desk_of(request)
    return act(
        request, f"/permits/{number}?done=withdrawn",
        lambda conn: permit.withdraw(
            conn, desk.ground.pack, desk.school, number, visitor.actor, visitor.now, why
        ),
        lambda error: _one(request, visitor, number, error),
    )  # fmt: skip
