"""检索: posts and incidents by words. With the search engine down, incidents are still found, and the page says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection, select

from escalation import by_hand
from escalation.incident.state import OPEN, State
from escalation.people import Role
from escalation.web.facets_view import chosen_of, spread_of
from escalation.web.gate import Only, Visitor, desk_of
from escalation.web.page import show
from escalation.web.prose import highlighted
from escalation.web.queue_view import Filter, queue_of
from escalation.web.viewing import Viewed, record
from escalation.web.words import CARE_THEMES, CARE_TITLE, UNJUDGED_TEXT
from stream.account import book
from stream.kept import assessments
from stream.post import Kind
from stream.search import SearchUnavailable

router = APIRouter()
SHOWN = 50


def folded(conn: Connection, school: str, ids: Sequence[str]) -> dict[str, str]:
    """What stands in the place of the words of those that are found but not shown: cries for help, and what the watch
    has not come to yet, as the search engine is ahead of it."""
    rows = conn.execute(
        select(assessments.c.post_id, assessments.c.themes).where(
            assessments.c.school == school, assessments.c.post_id.in_(list(ids))
        )
    )
    shown = dict.fromkeys(ids, UNJUDGED_TEXT)
    for row in rows:
        if CARE_THEMES & set(row.themes):
            shown[row.post_id] = CARE_TITLE
        else:
            shown.pop(row.post_id, None)
    return shown


@router.get("/search")
def page(request: Request, visitor: Annotated[Visitor, Depends(Only(Role.MONITOR, Role.PUBLICITY))]) -> HTMLResponse:
    """What is found, narrowed by what the address says, and how it is spread."""
    desk = desk_of(request)
    choice = chosen_of(request.query_params)
    words, trouble, spread = choice.q, "", None
    found: list[dict[str, object]] = []
    if words:
        try:
            asked = choice.query(desk.school, SHOWN)
            documents, facets = desk.search(asked), desk.facets(asked)
            with desk.store.read() as conn:
                spread = spread_of(facets, choice, book(conn, desk.school))
                apart = folded(conn, desk.school, [one.id for one in documents])
                of = by_hand.belonging(conn, desk.school, [one.id for one in documents])
            documents = [one for one in documents if one.kind != Kind.MESSAGE]
            found = [
                {
                    "document": one, "text": apart.get(one.id) or highlighted(one.text, [words]),
                    "incident": of.get(one.id), "over": one.id in of and State(of[one.id].state) not in OPEN,
                }
                for one in documents
            ]  # fmt: skip
        except SearchUnavailable as error:
            trouble = str(error)
        viewed: Viewed = request.app.state.viewed
        if found and viewed.is_new(visitor.actor.id, "search", visitor.now):
            with desk.store.write() as conn:
                record(conn, visitor, "检索结果", "检索")
    with desk.store.read() as conn:
        wanted = Filter(view="all", words=words)
        queue = queue_of(conn, request.app.state.frozen, desk.school, visitor.scope, wanted, visitor.now, 20)
    return show(
        request, visitor, "search.html", words=words, found=found, trouble=trouble, spread=spread,
        lines=queue.lines if words else [],
    )  # fmt: skip
