"""送审单: handing a text in on a phone, the unit's signature, the review, and what was published of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection, select

from escalation import paper, submission
from escalation.likeness import difference
from escalation.paper import Noun
from escalation.people import Role
from escalation.state_table import IllegalStep
from escalation.submission import submissions, use, versions
from escalation.submission.state import SUBMISSION, Event, State, words_of
from escalation.web.gate import Acts, Only, Visitor, desk_of
from escalation.web.page import show
from escalation.web.paper_view import TABS, Field, act, desktop, found, readable

router = APIRouter(dependencies=[Depends(readable)])
Reader = Annotated[Visitor, Depends(Only())]
Actor = Annotated[Visitor, Depends(Acts())]
Switcher = Annotated[Visitor, Depends(Acts(Role.PUBLICITY, Role.ADMINISTRATOR))]
TONES = {
    "with_unit": "wait",
    "with_centre": "wait",
    "approved": "ok",
    "returned": "stop",
    "published": "tide",
    "withdrawn": "",
}


@router.get("/submissions")
def page(request: Request, visitor: Reader) -> Response:
    """The list, and the form for whoever runs an account whose posts are submitted."""
    return _list(request, visitor)


def _list(request: Request, visitor: Visitor, *, error: str = "", given: Mapping[str, str] | None = None) -> Response:
    desk = desk_of(request)
    pack = desk.ground.pack
    with desk.store.read() as conn:
        on = desktop(conn, visitor, desk.school)
        since = use.in_use_since(conn, desk.school)
        also = submission.own(conn, pack, desk.school, visitor.actor, visitor.now)
        rows = submission.listed(conn, desk.school, on.only, also)
        bound = submission.open_to(conn, pack, desk.school, visitor.actor) if since else []
    return show(
        request, visitor, "submissions.html", status=409 if error else 200, on=on, rows=rows, words_of=words_of,
        tones=TONES, clauses=pack.submission, since=since, bound=bound, error=error, given=dict(given or {}),
        tabs=TABS, limits=paper, switches=visitor.has(Role.PUBLICITY, Role.ADMINISTRATOR),
    )  # fmt: skip


@router.post("/submissions/switch")
def switch(request: Request, visitor: Switcher, on: Field = "") -> Response:
    """启用, 停用."""
    desk = desk_of(request)
    return act(
        request, "/submissions?done=switched",
        lambda conn: use.switch(
            conn, desk.ground.pack, desk.school, visitor.actor, visitor.now, on=on == "yes"
        ),
        lambda error: _list(request, visitor, error=error),
    )  # fmt: skip


@router.post("/submissions")
def hand_in(request: Request, visitor: Actor, account: Field = "", title: Field = "", text: Field = "") -> Response:
    """Hand in; the page of the new submission follows."""
    desk = desk_of(request)

    def do(conn: Connection) -> str:
        place = paper.place_of(conn, desk.school, account)
        return submission.hand_in(conn, desk.ground, place, visitor.actor, visitor.now, title=title, text=text)

    try:
        number = desk.store.run(do)
    except IllegalStep as refused:
        return _list(request, visitor, error=str(refused), given={"account": account, "title": title, "text": text})
    return RedirectResponse(f"/submissions/{number}?done=handed", 303)


@router.get("/submissions/{number}")
def one(request: Request, visitor: Reader, number: str) -> Response:
    """One submission with its course and versions."""
    return _one(request, visitor, number)


def _one(
    request: Request, visitor: Visitor, number: str, error: str = "", given: Mapping[str, str] | None = None
) -> Response:
    desk = desk_of(request)
    pack = desk.ground.pack
    with desk.store.read() as conn:
        row = conn.execute(
            select(submissions).where(submissions.c.school == desk.school, submissions.c.number == number)
        ).first()
        on = desktop(conn, visitor, desk.school)
        takes_part = row is not None and submission.takes_part(conn, pack, row, visitor.actor, visitor.now)
        row = found(row, row is not None and (takes_part or on.sees(row, row.written_by)))
        roles = submission.standing(conn, pack, row, visitor.actor, visitor.now) or frozenset()
        course = paper.course_of(conn, Noun.SUBMISSION, desk.school, row.id)
        texts = conn.execute(
            select(versions).where(versions.c.submission_id == row.id).order_by(versions.c.version.desc())
        ).all()
    state = State(row.state)
    may = {event.value: SUBMISSION.may(state, event, roles) for event in Event}
    return show(
        request, visitor, "submission.html", status=409 if error else 200, on=on, row=row, course=course, texts=texts,
        words_of=words_of, tones=TONES, error=error, given=dict(given or {}), tabs=TABS, may=may, limits=paper,
        pieces=list(difference(row.text, row.published_text)) if row.published_text else [],
        before=list(difference(texts[1].text, texts[0].text)) if len(texts) > 1 else [],
    )  # fmt: skip


@router.post("/submissions/{number}/sign")
def sign(
    request: Request, visitor: Actor, number: str, seen: Field = "", sealed: Field = "", note: Field = ""
) -> Response:
    """单位审签."""
    desk = desk_of(request)
    return act(
        request, f"/submissions/{number}?done=signed",
        lambda conn: submission.sign(
            conn, desk.ground, desk.school, number, visitor.actor, visitor.now, seen=seen, sealed=bool(sealed),
            note=note,
        ),
        lambda error: _one(request, visitor, number, error),
    )  # fmt: skip


@router.post("/submissions/{number}/approve")
def approve(request: Request, visitor: Actor, number: str, seen: Field = "", note: Field = "") -> Response:
    """审核通过."""
    desk = desk_of(request)
    return act(
        request, f"/submissions/{number}?done=approved",
        lambda conn: submission.approve(
            conn, desk.ground, desk.school, number, visitor.actor, visitor.now, seen=seen, note=note
        ),
        lambda error: _one(request, visitor, number, error),
    )  # fmt: skip


@router.post("/submissions/{number}/return")
def give_back(request: Request, visitor: Actor, number: str, seen: Field = "", why: Field = "") -> Response:
    """退回."""
    desk = desk_of(request)
    return act(
        request, f"/submissions/{number}?done=returned",
        lambda conn: submission.give_back(
            conn, desk.ground, desk.school, number, visitor.actor, visitor.now, why, seen=seen
        ),
        lambda error: _one(request, visitor, number, error),
    )  # fmt: skip


@router.post("/submissions/{number}/again")
def again(request: Request, visitor: Actor, number: str, text: Field = "") -> Response:
    """改后再送."""
    desk = desk_of(request)
    return act(
        request, f"/submissions/{number}?done=handed",
        lambda conn: submission.hand_in_again(conn, desk.ground, desk.school, number, visitor.actor, visitor.now, text
        ),
        lambda error: _one(request, visitor, number, error, {"text": text}),
    )  # fmt: skip


@router.post("/submissions/{number}/withdraw")
def withdraw(request: Request, visitor: Actor, number: str, why: Field = "") -> Response:
    """撤回."""
    desk = desk_of(request)
    return act(
        request, f"/submissions/{number}?done=withdrawn",
        lambda conn: submission.withdraw(
            conn, desk.ground.pack, desk.school, number, visitor.actor, visitor.now, why
        ),
        lambda error: _one(request, visitor, number, error),
    )  # fmt: skip
