"""情况报告: the form, the list on the incident's page, and one report as it was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, Row, select

from escalation.bulletin import BULLETIN_WORDS, BulletinKind, Figure, clock
from escalation.bulletin.draft import own_figures, prefilled
from escalation.bulletin.round import by_choice, due
from escalation.bulletin.write import MOST, Draft, write
from escalation.clock_words import moment
from escalation.incident import StateMoved
from escalation.incident.state import IllegalStep
from escalation.loose_end import loose_ends
from escalation.notice import notices
from escalation.people import Role
from escalation.place import is_unplaced
from escalation.web.bulletin_view import next_kinds, sent_of
from escalation.web.figures import figures_of
from escalation.web.gate import Acts, NotFound, Only, Told, Visitor, desk_of
from escalation.web.incident import READERS, row_of
from escalation.web.orders import READ_BY
from escalation.web.page import show

router = APIRouter()
DESK = (Role.MONITOR, Role.PUBLICITY)
Reader = Annotated[Visitor, Depends(Told(*READERS))]
Writer = Annotated[Visitor, Depends(Acts(*DESK))]
Field = Annotated[str, Form()]
READ = "已逐项核对，发出后不可修改"


def _figures(conn: Connection, row: Row[Any], visitor: Visitor) -> list[Figure]:
    """What the service itself has counted, each with place and time."""
    found, now = figures_of(conn, row, visitor.now), visitor.now
    place = row.frozen.get("account", {})
    where = "本校登记账号及其评论和值班员补录的线索"
    if place.get("name") and not is_unplaced(place):
        where = f"{place.get('platform', '')}“{place['name']}”等登记账号及其评论"
    source = f"本系统采集自{where}，截至 {moment(now, now)}"
    if row.care:
        return own_figures(conn, row, now)
    counted = [Figure("说到此事", f"{found.related} 条、{found.people} 人", source),
               Figure("近一小时", f"{found.hour} 条", source)]  # fmt: skip
    if found.negative is not None:
        counted.append(Figure("负面", f"{found.negative}%", f"{source}，机器判别"))
    return [*counted, *own_figures(conn, row, now)]


@router.get("/incidents/{number}/bulletins/new")
def form(request: Request, visitor: Annotated[Visitor, Depends(Only(*DESK))], number: str) -> HTMLResponse:
    """The form, prefilled from the incident."""
    return _form(request, visitor, row_of(request, visitor, number))


def _form(
    request: Request, visitor: Visitor, row: Row[Any], *, error: str = "", status: int = 200,
    given: Mapping[str, Any] | None = None,
) -> HTMLResponse:  # fmt: skip
    desk = desk_of(request)
    with desk.store.read() as conn:
        first = prefilled(conn, row, visitor.now)
        kinds = next_kinds(conn, row, visitor.user.roles)
        told = due(conn, desk.letterhead, row, visitor.actor.id, visitor.now)
        more = by_choice(conn, desk.letterhead, row, {one.person.id for one in told} | {visitor.actor.id})
        figures = _figures(conn, row, visitor)
        itself = clock.open_of(conn, row.id)
        left = [one for one in loose_ends(conn, row.id) if one not in itself] if BulletinKind.FINAL in kinds else []
    return show(
        request, visitor, "bulletin.html", status=status, row=row, first=first, kinds=kinds, told=told, more=more,
        figures=figures, kind_words=BULLETIN_WORDS, error=error, given=dict(given or {}), most=MOST,
        read=READ, left=left,
    )  # fmt: skip


@router.post("/incidents/{number}/bulletins")
def send(
    request: Request, visitor: Writer, number: str, kind: Field = "", facts: Field = "", done: Field = "",
    next_step: Field = "", after: Field = "", read: Field = "", add: Annotated[Sequence[str], Form()] = (),
) -> Response:  # fmt: skip
    """Write and send one report; refused, the form comes back with what was typed."""
    desk, row = desk_of(request), row_of(request, visitor, number)
    given = {"kind": kind[:16], "facts": facts, "done": done, "next_step": next_step, "add": list(add)[:20]}

    def do(conn: Connection) -> int:
        if kind not in set(BulletinKind):
            raise IllegalStep("请选择首报、续报或终报。未作任何更改。")
        draft = Draft(
            BulletinKind(kind), _clean(facts), _clean(done), _clean(next_step),
            int(after) if after.isdecimal() and len(after) < 6 else -1, frozenset(add),
        )  # fmt: skip
        made = write(conn, desk.letterhead, row.id, visitor.actor, visitor.now, draft, _figures(conn, row, visitor))
        if read != "1":
            raise IllegalStep(f"请核对全文后勾选“{READ}”，再点发出。未作任何更改。")
        return made

    try:
        made = desk.store.run(do)
    except (IllegalStep, StateMoved) as refused:
        fresh = row_of(request, visitor, number)
        return _form(request, visitor, fresh, error=str(refused), status=409, given=given)
    return RedirectResponse(f"/incidents/{row.number}/bulletins/{made}?done=bulletin", 303)


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


@router.get("/incidents/{number}/bulletins/{n}")
def one(request: Request, visitor: Reader, number: str, n: int, of: str = "") -> HTMLResponse:
    """One report as it was sent, with its receipts; `of`: the number of the incident it was written in, if merged."""
    row = row_of(request, visitor, number)
    with desk_of(request).store.read() as conn:
        found = next((one for one in sent_of(conn, row) if (one.row.number, one.row.of) == (n, of or row.number)), None)
        if found is None:
            raise NotFound(f"{row.number} 没有第 {str(n)[:6]} 号情况报告。")
        receipts = conn.execute(
            select(notices.c.addressee, notices.c.sent_at, notices.c.signed_at, notices.c.remark)
            .where(notices.c.bulletin_id == found.row.id)
        ).all()  # fmt: skip
    by_person = {one.addressee: one for one in receipts}
    mine = {visitor.actor.id} if not visitor.has(*READ_BY) else by_person.keys()
    return show(request, visitor, "bulletin-sent.html", row=row, sent=found, receipts=by_person, reads=mine)
