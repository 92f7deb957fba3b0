"""交接班: the sheet to write, to read and to take over, and the log of all hand-overs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, Row

from escalation import people
from escalation.duty import handover, handover_sheet
from escalation.duty.handover_state import HANDOVER, Event, State
from escalation.people import Role
from escalation.state_table import IllegalStep
from escalation.web.duty import DONE
from escalation.web.gate import Acts, NotFound, Only, Visitor, desk_of
from escalation.web.page import show
from escalation.web.sign import PREFETCH

router = APIRouter()
DESK = (Role.MONITOR, Role.PUBLICITY, Role.ADMINISTRATOR)
Reader = Annotated[Visitor, Depends(Only())]
Server = Annotated[Visitor, Depends(Acts())]
Field = Annotated[str, Form()]


@router.get("/duty/handover")
def log(request: Request, visitor: Reader) -> HTMLResponse:
    """The log, the newest first, and the one to be dealt with."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        rows = handover.newest(conn, desk.school)
        current = handover.current(conn, desk.school, visitor.now)
        names = _names(conn, desk.school)
        _must_serve(conn, visitor, rows[:2])
    return show(
        request, visitor, "handovers.html", rows=rows, current=current, names=names, words=HANDOVER.state_words,
        done_words=DONE,
    )  # fmt: skip


def _must_serve(conn: Connection, visitor: Visitor, rows: list[Row[Any]]) -> None:
    """The desk's roles read hand-overs, and whoever the rota puts at the desk or who stands in. Raises NotFound."""
    if visitor.has(*DESK) or any(handover.serves(conn, row, visitor.user.person_id, visitor.now) for row in rows):
        return
    raise NotFound("没有这一页，或您不在值班表上。")


def _names(conn: Connection, school: str) -> dict[str, str]:
    return {one.id: one.name for one in people.everyone(conn, school)}


@router.get("/duty/handover/{number}")
def sheet(request: Request, visitor: Reader, number: int) -> HTMLResponse:
    """One hand-over; opening it is reading it."""
    return _sheet(request, visitor, number)


def _sheet(
    request: Request, visitor: Visitor, number: int, *, status: int = 200, error: str = "", words: str | None = None
) -> HTMLResponse:
    desk = desk_of(request)

    fetched = request.headers.get("sec-purpose", "").partition(";")[0] in PREFETCH

    def opened(conn: Connection) -> tuple[Row[Any], dict[str, str]]:
        _must_serve(conn, visitor, [handover.held(conn, desk.school, number)])
        if fetched:
            return handover.held(conn, desk.school, number), _names(conn, desk.school)
        return handover.read(conn, desk.school, visitor.actor, visitor.now, number), _names(conn, desk.school)

    try:
        row, names = desk.store.run(opened)
    except IllegalStep as refused:
        raise NotFound(str(refused)) from None
    state, roles = State(row.state), {*visitor.user.roles, Role.MONITOR}
    return show(
        request, visitor, "handover.html", status=status, row=row, names=names, error=error,
        sheet=_with_times(row.sheet), seen=handover_sheet.digest(row.sheet, row.words) if row.sheet else "",
        state=HANDOVER.state_words[state], words=row.words if words is None else words, done_words=DONE,
        written=handover.seal_of(row),
        may_write=HANDOVER.may(state, Event.WRITE, roles) and visitor.now >= row.at - handover.AHEAD,
        may_take=HANDOVER.may(state, Event.TAKE, roles) and bool(row.sheet) and row.written_by != visitor.actor.id
        and not (visitor.actor.id in row.outgoing and visitor.actor.id not in row.incoming)
        and (state is State.WRITTEN or visitor.now >= row.at),
    )  # fmt: skip


def _with_times(found: dict[str, Any]) -> dict[str, Any]:
    """The sheet with its times as times, for the page."""

    def read(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: _time(key, one) for key, one in value.items()}
        return value

    return {key: [read(one) for one in part] if isinstance(part, list) else part for key, part in found.items()}


def _time(key: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if key in ("due_at", "sign_by", "since", "ends_at") and value else value


@router.post("/duty/handover/{number}/write")
def write(request: Request, visitor: Server, number: int, words: Field = "", seen: Field = "") -> Response:
    """交班."""
    desk, said = desk_of(request), words.replace("\x00", "").strip()
    try:
        desk.store.run(lambda conn: handover.write(conn, desk.school, visitor.actor, visitor.now, number, said, seen))
    except IllegalStep as refused:
        return _sheet(request, visitor, number, status=409, error=str(refused), words=said)
    return RedirectResponse(f"/duty/handover/{number}?done=written", 303)


@router.post("/duty/handover/{number}/take")
def take(request: Request, visitor: Server, number: int, seen: Field = "", remark: Field = "") -> Response:
    """接班."""
    desk, said = desk_of(request), remark.replace("\x00", "").strip()
    try:
        desk.store.run(lambda conn: handover.take(conn, desk.school, visitor.actor, visitor.now, number, seen, said))
    except IllegalStep as refused:
        return _sheet(request, visitor, number, status=409, error=str(refused))
    return RedirectResponse(f"/duty/handover/{number}?done=taken", 303)
