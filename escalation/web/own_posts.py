"""发布核对: what the watch found on the school's own accounts, and what a person says it was."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import Connection, Row, select

from escalation import breach, paper, permit, submission
from escalation.breach import KIND_WORDS, Kind, breaches
from escalation.breach.state import BREACH, STATE_WORDS, Event, State
from escalation.incident import incidents
from escalation.likeness import compare, difference
from escalation.paper import Noun
from escalation.people import Role
from escalation.submission import use
from escalation.web.gate import Acts, Only, Visitor, desk_of
from escalation.web.page import show
from escalation.web.paper_view import TABS, Field, act, desktop, found, readable
from stream.kept import posts, revisions

router = APIRouter(dependencies=[Depends(readable)])
READERS = (Role.MONITOR, Role.PUBLICITY, Role.SCHOOL_LEADER, Role.KEEPER, Role.UNIT_LEADER)
Reader = Annotated[Visitor, Depends(Only(*READERS))]
Explains = Annotated[Visitor, Depends(Acts(Role.KEEPER, Role.UNIT_LEADER))]
Lead = Annotated[Visitor, Depends(Acts(Role.PUBLICITY))]
TONES = {"found": "stop", "explained": "wait", "confirmed": "stop", "dismissed": "ok"}
COMPARED = 20


@router.get("/own-posts")
def page(request: Request, visitor: Reader) -> Response:
    """The list: what waits for a person first."""
    desk = desk_of(request)
    pack = desk.ground.pack
    with desk.store.read() as conn:
        on = desktop(conn, visitor, desk.school)
        rows = breach.listed(conn, desk.school, on.only)
        since = use.in_use_since(conn, desk.school)
    return show(
        request, visitor, "own-posts.html", on=on, rows=rows, words=STATE_WORDS, kind_words=KIND_WORDS, tones=TONES,
        tabs=TABS, ban=pack.standing_ban, since=since, demanded=bool(pack.submission),
    )  # fmt: skip


@router.get("/own-posts/{number}")
def one(request: Request, visitor: Reader, number: str) -> Response:
    """One finding: what was published, what came nearest to it, and its course."""
    return _one(request, visitor, number)


def _one(request: Request, visitor: Visitor, number: str, error: str = "") -> Response:
    desk = desk_of(request)
    with desk.store.read() as conn:
        row = conn.execute(
            select(breaches).where(breaches.c.school == desk.school, breaches.c.number == number)
        ).first()
        on = desktop(conn, visitor, desk.school)
        row = found(row, row is not None and on.sees(row))
        text = conn.execute(
            select(revisions.c.text).where(
                revisions.c.school == desk.school, revisions.c.post_id == row.post_id,
                revisions.c.revision == row.revision,
            )
        ).scalar()  # fmt: skip
        post = conn.execute(
            select(posts.c.url, posts.c.visibility).where(posts.c.school == desk.school, posts.c.id == row.post_id)
        ).first()
        own = [one for one in (row.incident_id, row.held_incident_id) if one]
        numbers = {
            one.id: one.number
            for one in conn.execute(select(incidents.c.id, incidents.c.number).where(incidents.c.id.in_(own)))
        }
        papers = _beside(conn, desk.school, row)
        roles = breach.standing(conn, row, visitor.actor) or frozenset()
        course = paper.course_of(conn, Noun.BREACH, desk.school, row.id)
    near = (
        max(((compare(one[3], text), one) for one in papers), key=lambda two: two[0].share, default=None)
        if text
        else None
    )
    state = State(row.state)
    return show(
        request, visitor, "own-post.html", status=409 if error else 200, on=on, row=row, text=text, post=post,
        numbers=numbers, near=near, pieces=list(difference(near[1][3], text)) if near and text else [],
        course=course, words=STATE_WORDS, kind_words=KIND_WORDS, tones=TONES, tabs=TABS, error=error,
        explains=BREACH.may(state, Event.EXPLAIN, roles),
        decides=BREACH.may(state, Event.CONFIRM, roles) and visitor.actor.id != row.explained_by,
        reconsiders=BREACH.may(state, Event.RECONSIDER, roles), limits=paper,
    )  # fmt: skip


def _beside(conn: Connection, school: str, row: Row[Any]) -> list[tuple[str, str, str, str]]:
    """The papers with which a finding may be compared: number, path, what it is, text; the newest ones."""
    if row.kind == Kind.UNSUBMITTED:
        found = submission.listed(conn, school, [row.account_id])
        return [(one.number, "/submissions/", "送审单", one.text) for one in found][:COMPARED]
    found = permit.listed(conn, school, [row.account_id])
    return [(one.number, "/permits/", "授权", one.text) for one in found][:COMPARED]


@router.post("/own-posts/{number}/explain")
def explain(request: Request, visitor: Explains, number: str, text: Field = "") -> Response:
    """情况说明 by the unit."""
    desk = desk_of(request)
    return act(
        request, f"/own-posts/{number}?done=explained",
        lambda conn: breach.explain(conn, desk.school, number, visitor.actor, visitor.now, text),
        lambda error: _one(request, visitor, number, error),
    )  # fmt: skip


@router.post("/own-posts/{number}/decide")
def decide(request: Request, visitor: Lead, number: str, verdict: Field = "", why: Field = "") -> Response:
    """认定属实 or 认定不属."""
    desk = desk_of(request)
    if verdict not in ("confirm", "dismiss"):
        return _one(request, visitor, number, "请选择认定属实或认定不属。未作任何更改。")
    return act(
        request, f"/own-posts/{number}?done=decided",
        lambda conn: breach.decide(
            conn, desk.school, number, visitor.actor, visitor.now, confirm=verdict == "confirm", why=why
        ),
        lambda error: _one(request, visitor, number, error),
    )  # fmt: skip


@router.post("/own-posts/{number}/reconsider")
def reconsider(request: Request, visitor: Lead, number: str, why: Field = "") -> Response:
    """重新核对."""
    desk = desk_of(request)
    return act(
        request, f"/own-posts/{number}?done=reconsidered",
        lambda conn: breach.reconsider(conn, desk.school, number, visitor.actor, visitor.now, why),
        lambda error: _one(request, visitor, number, error),
    )  # fmt: skip
