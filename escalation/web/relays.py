"""转发与提及: who passed on what the school's own account said; a quiet list that tells nobody anything."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from escalation.procedure import say_span
from escalation.relay import relays
from escalation.web.gate import Only, Visitor, desk_of
from escalation.web.own_posts import READERS
from escalation.web.page import show
from escalation.web.paper_view import TABS
from stream.account import book

router = APIRouter()
Reader = Annotated[Visitor, Depends(Only(*READERS))]
DAYS = (7, 14, 30)
WORD_MOST = 40


@router.get("/relays")
def page(request: Request, visitor: Reader, days: int = 7, word: str = "") -> Response:
    """The list of the last days."""
    desk = desk_of(request)
    pack = desk.ground.pack
    days = days if days in DAYS else DAYS[0]
    word = word.replace("\x00", "").strip()[:WORD_MOST]
    with desk.store.read() as conn:
        begins = visitor.now - timedelta(days=days)
        found = relays(conn, pack, desk.school, begins, visitor.now, visitor.now, word)
        names = {one.id: one.name for one in book(conn, desk.school).values()}
    return show(
        request, visitor, "relays.html", found=found, clause=pack.relay, span=say_span(pack.relay.span.after),
        days=days, spans=DAYS, word=word, tabs=TABS, names=names,
    )  # fmt: skip
