"""立为事件: where a person opens an incident from one kept line, or puts it to an open one of its thread."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from escalation import by_hand, circumstance
from escalation.by_hand import Wish
from escalation.incident import MatterTaken
from escalation.incident.state import IllegalStep
from escalation.people import Role
from escalation.place import place_of
from escalation.web.gate import Acts, NotFound, Only, Visitor, desk_of
from escalation.web.page import show
from escalation.web.prose import marked
from escalation.web.viewing import Viewed, record
from escalation.web.whole import whole
from stream.account import book
from stream.post import Kind

router = APIRouter()
PRIVATE = "私信，原文已收起；立为事件后由值班员或宣传部写明事由查看。"
DESK = (Role.MONITOR, Role.PUBLICITY)
Field = Annotated[str, Form()]
PURPOSE = "立事件"


@router.get("/raise")
def ask(request: Request, visitor: Annotated[Visitor, Depends(Only(*DESK))], post: str = "") -> Response:
    """The page for one line; one that belongs to an open incident leads there."""
    return _page(request, visitor, post)


def _page(
    request: Request, visitor: Visitor, post: str, *, error: str = "", status: int = 200,
    given: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    desk, post = desk_of(request), post.replace("\x00", "")[:200]
    with desk.store.read() as conn:
        try:
            line = by_hand.line_of(conn, desk.school, post)
        except IllegalStep as missing:
            raise NotFound(str(missing)) from missing
        belongs = by_hand.belongs_to(conn, desk.school, post)
        near = by_hand.neighbours(conn, line)
        account = book(conn, desk.school).get(line.post.account_id)
    care = by_hand.is_care(line)
    _note(request, visitor, post, care=care)
    spans = whole(line.post.text, chain.from_iterable(hit.spans for hit in line.hits))
    text = "" if care else PRIVATE if line.post.kind is Kind.MESSAGE else marked(line.post.text, spans)
    return show(
        request, visitor, "raise.html", status=status, line=line, post=post, care=care, belongs=belongs, near=near,
        text=text, place=place_of(line.post, account), error=error,
        unit=account.unit if account else "", given=dict(given or {}), title_limit=by_hand.TITLE_LIMIT,
        reason_limit=by_hand.REASON_LIMIT, levels={one.number: one.name for one in desk.ground.pack.level},
        kinds_of_matter={one: circumstance.WORDS[one] for one in circumstance.choices(line.post)},
    )  # fmt: skip


def _note(request: Request, visitor: Visitor, post: str, *, care: bool) -> None:
    viewed: Viewed = request.app.state.viewed
    if not care and viewed.is_new(visitor.actor.id, post, visitor.now):
        with desk_of(request).store.write() as conn:
            record(conn, visitor, post, PURPOSE)


@router.post("/raise")
def decide(
    request: Request, visitor: Annotated[Visitor, Depends(Acts(*DESK))], post: Field = "", level: Field = "",
    title: Field = "", reason: Field = "", join: Field = "", named: Annotated[list[str] | None, Form()] = None,
) -> Response:  # fmt: skip
    """Open an incident, or join the chosen one; refused, the page comes back with what was typed."""
    given = {
        "named": " ".join(named or ())[:500],
        "level": level[:1],
        "title": title[:200],
        "reason": reason[:2_000],
        "join": join[:32],
    }
    chosen = int(level) if level in ("1", "2", "3", "4") else 0
    said = tuple(one for one in circumstance.WORDS if one in set(named or ()))
    wish = Wish(chosen, title.replace("\x00", ""), reason.replace("\x00", ""), said)
    desk = desk_of(request)

    def do(conn: Connection) -> str:
        line, who, now, school = post.replace("\x00", ""), visitor.actor, visitor.now, desk.school
        if join:
            return by_hand.join_by_hand(conn, desk.ground, line, join[:32], wish.reason, who, now, school)
        return by_hand.open_by_hand(conn, desk.ground, line, wish, who, now, school)

    try:
        try:
            number = desk.store.run(do)
        except MatterTaken:  # the watch or another desk was quicker: look again at what stands now
            number = desk.store.run(do)
    except IllegalStep as refused:
        return _page(request, visitor, post, error=str(refused), status=409, given=given)
    return RedirectResponse(f"/incidents/{number}?done={'joined' if join else 'opened'}", 303)
