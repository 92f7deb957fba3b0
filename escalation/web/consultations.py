"""咨询: the list for keeper, unit and 宣传部, and one consultation with its answer, promise and log.

Whoever asks is nobody here: no page shows a writer. A private message's words are shown to those who answer it, by a
form, and each view is in the audit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from escalation import audit
from escalation.clock_words import SHANGHAI
from escalation.consultation import course, matter_of
from escalation.consultation.state import ANSWERERS, CONSULTATION, Event, State
from escalation.people import Role
from escalation.state_table import IllegalStep
from escalation.web.act import plain
from escalation.web.case_log import ICONS
from escalation.web.consultation_view import PAGE, TABS, Shown, listing, log_of, one, text_of
from escalation.web.gate import Acts, NotFound, Only, Visitor, desk_of
from escalation.web.page import show
from escalation.web.viewing import Viewed, record
from stream.account import Account, book
from stream.log import LogUnavailable

router = APIRouter()
READERS = (Role.KEEPER, Role.UNIT_LEADER, Role.PUBLICITY, Role.MONITOR)
Reader = Annotated[Visitor, Depends(Only(*READERS))]
Sorter = Annotated[Visitor, Depends(Acts(*READERS))]
Answerer = Annotated[Visitor, Depends(Acts(Role.KEEPER, Role.UNIT_LEADER, Role.PUBLICITY))]
Field = Annotated[str, Form()]
DONE = {
    "answer": "已登记答复。", "promise": "已登记承诺的期限，到期未答复会提醒。", "dismiss": "已记为不是咨询。",
    "reopen": "已重新列为待答。",
}  # fmt: skip
NO_DATE = "承诺的答复时间读不懂，请选择日期和时间，例如 2026-11-24 17:00。未作任何更改。"


@router.get("/consultations")
def page(request: Request, visitor: Reader, tab: str = "waiting", account: str = "", page: int = 1) -> HTMLResponse:
    """The list."""
    return _list(request, visitor, tab, account, page)


def _list(
    request: Request, visitor: Visitor, tab: str = "waiting", account: str = "", page: int = 1, *, status: int = 200,
    problems: tuple[str, ...] = (), given: dict[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    desk = desk_of(request)
    tab = tab if tab in TABS else "waiting"
    account = account[:100].replace("\x00", "")
    page = max(1, min(page, 10_000))
    with desk.store.read() as conn:
        found = listing(conn, desk.school, visitor.scope, tab, account, page, visitor.now)
        own = _own_accounts(conn, visitor)
    if any(shown.quote for shown in found.rows):
        _note(request, visitor, "consultations", "咨询列表")

    def at(**changed: object) -> str:
        now = {"tab": tab, "account": account, "page": page} | changed
        return "/consultations?" + urlencode({key: value for key, value in now.items() if value not in ("", 1)})

    return show(
        request, visitor, "consultations.html", status=status, problems=problems, given=given or {}, own=own,
        types=bool(visitor.user.roles & ANSWERERS), found=found, tab=tab, tabs=TABS, account=account, at=at, page=page,
        pages=max(1, (found.total + PAGE - 1) // PAGE),
    )  # fmt: skip


def _own_accounts(conn: Connection, visitor: Visitor) -> list[Account]:
    """The accounts of which this person may type a private message in."""
    scope = visitor.scope
    every = [one for one in book(conn, visitor.user.school).values() if one.active]
    return [one for one in every if scope.everything or one.id in scope.accounts or one.unit in scope.units]


@router.post("/consultations")
def take(
    request: Request, visitor: Answerer, account: Field = "", text: Field = "", sent_at: Field = ""
) -> Response:  # fmt: skip
    """登记一条私信: nobody's program reads them, so whoever answers types the words in; the writer is not asked for."""
    desk = desk_of(request)
    form = {"account": account, "text": text.replace("\x00", ""), "sent_at": sent_at}
    with desk.store.read() as conn:
        if account not in {one.id for one in _own_accounts(conn, visitor)}:
            raise NotFound("没有这一账号，或它不在您的管理范围内。未作任何更改。")
    try:
        taken = desk.intake.take_message(form)
    except LogUnavailable as error:
        return _list(request, visitor, status=503, problems=(f"{error}；没有登记，请稍后再试一次。",), given=form)
    if not taken.count:
        return _list(request, visitor, status=422, problems=taken.problems, given=form)
    with desk.store.write() as conn:
        audit.record(
            conn, school=desk.school, now=visitor.now, actor=visitor.actor.id, action="consultation.typed",
            subject=account, detail={}, ip=visitor.ip,
        )  # fmt: skip
    return RedirectResponse("/consultations?done=typed", 303)


def _note(request: Request, visitor: Visitor, subject: str, purpose: str) -> None:
    """A view of comment text, once an hour for a person and a thing."""
    viewed: Viewed = request.app.state.viewed
    if viewed.is_new(visitor.actor.id, subject, visitor.now):
        with desk_of(request).store.write() as conn:
            record(conn, visitor, subject, purpose)


def shown_of(request: Request, visitor: Visitor, number: int) -> Shown:
    """The consultation. Raises NotFound where it does not exist for this person."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        found = one(conn, desk.school, visitor.scope, number, visitor.now)
    if found is None:
        raise NotFound("没有这一咨询，或它不在您的查看范围内。")
    return found


@router.get("/consultations/{number}")
def look(request: Request, visitor: Reader, number: int) -> HTMLResponse:
    """One consultation; a private question stays folded."""
    return _page(request, visitor, shown_of(request, visitor, number))


def _page(
    request: Request, visitor: Visitor, shown: Shown, *, error: str = "", status: int = 200, revealed: bool = False,
    given: dict[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    row = shown.row
    folded = bool(row.private) and not revealed
    if not row.private:
        _note(request, visitor, matter_of(row.id), "查看咨询")
    with desk_of(request).store.read() as conn:
        text = "" if folded else text_of(conn, row)
        log = log_of(conn, row)
    state = State(row.state)
    may = {event: CONSULTATION.may(state, event, visitor.user.roles) for event in Event}
    return show(
        request, visitor, "consultation.html", status=status, shown=shown, row=row, folded=folded, text=text, log=log,
        may=may, reveals=bool(visitor.user.roles & ANSWERERS), error=error, given=given or {}, done_words=DONE,
        icons=ICONS,
    )  # fmt: skip


@router.post("/consultations/{number}/reveal")
def reveal(request: Request, visitor: Answerer, number: int) -> Response:
    """Unfold a private message for whoever answers it; written down before anything is shown, each time."""
    shown = shown_of(request, visitor, number)
    with desk_of(request).store.write() as conn:
        record(conn, visitor, matter_of(number), "办理咨询，查看私信原文")
    return _page(request, visitor, shown, revealed=True)


def _act(
    request: Request, visitor: Visitor, number: int, done: str, do: Callable[[Connection], None], **given: str
) -> Response:
    """One step, or the page again with why not."""
    shown = shown_of(request, visitor, number)
    try:
        desk_of(request).store.run(do)
    except IllegalStep as refused:
        return _page(request, visitor, shown_of(request, visitor, number), error=str(refused), status=409, given=given)
    return RedirectResponse(f"/consultations/{shown.row.id}?done={done}", 303)


@router.post("/consultations/{number}/answer")
def answer(request: Request, visitor: Answerer, number: int, how: Field = "", link: Field = "") -> Response:
    """登记答复."""
    school = visitor.user.school
    return _act(
        request, visitor, number, "answer",
        lambda conn: course.answer(
            conn, school, number, visitor.actor, visitor.now, plain(how, "怎样答复的"), plain(link, "回复的链接")
        ),
        how=how, link=link,
    )  # fmt: skip


@router.post("/consultations/{number}/promise")
def promise(request: Request, visitor: Answerer, number: int, until: Field = "", words: Field = "") -> Response:
    """承诺答复期限."""
    school = visitor.user.school
    return _act(
        request, visitor, number, "promise",
        lambda conn: course.promise(
            conn, school, number, visitor.actor, visitor.now, _instant(until), plain(words, "怎样告知提问人的")
        ),
        until=until, words=words,
    )  # fmt: skip


@router.post("/consultations/{number}/dismiss")
def dismiss(request: Request, visitor: Sorter, number: int, why: Field = "") -> Response:
    """不是咨询."""
    school = visitor.user.school
    return _act(
        request, visitor, number, "dismiss",
        lambda conn: course.dismiss(conn, school, number, visitor.actor, visitor.now, plain(why, "理由")), why=why,
    )  # fmt: skip


@router.post("/consultations/{number}/reopen")
def reopen(request: Request, visitor: Sorter, number: int, again: Field = "") -> Response:
    """重新列为待答."""
    school = visitor.user.school
    return _act(
        request, visitor, number, "reopen",
        lambda conn: course.reopen(conn, school, number, visitor.actor, visitor.now, plain(again, "理由")), again=again,
    )  # fmt: skip


def _instant(text: str) -> datetime:
    """A local time as the form sends it (`2026-11-24T17:00`). Raises IllegalStep."""
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise IllegalStep(NO_DATE) from error
    return local if local.tzinfo is not None else local.replace(tzinfo=SHANGHAI)
