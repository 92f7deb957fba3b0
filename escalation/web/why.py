"""研判说明: why one line is or is not a risk: its words, whom it is about, its tone, and what stood in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection, select

from escalation import by_hand
from escalation.incident.state import IllegalStep
from escalation.people import Role
from escalation.place import place_of
from escalation.trace import STAGE_WORDS, trace
from escalation.web.gate import NotFound, Only, Visitor, desk_of
from escalation.web.page import show
from escalation.web.prose import marked
from escalation.web.viewing import Viewed, record
from escalation.web.whole import whole
from sentiment.engine import DEFAULT, ENGINES, Engine, Score, engine_by_name
from sentiment.normalise import normalise
from stream import rules
from stream.account import book
from stream.assess import Reader
from stream.assessment import Assessment
from stream.because import Because, because, feeling
from stream.explanation import explain
from stream.impression import IMPRESSIONS
from stream.kept import assessments
from stream.post import Kind
from stream.rules import Slot

router = APIRouter()
PURPOSE = "研判说明"
EXPLAINED = 2_000
"""Characters of a line that are explained; a longer one was judged whole."""
SLOTS = {Kind.LEAD: Slot.LEAD}


@dataclass(frozen=True, slots=True)
class Why:
    """What the page says of a line. `tone`: as the engine that judged it says again, `because`: by the rules of now."""

    risk: int
    reasons: Sequence[dict[str, Any]]
    tone: str
    because: Because


@router.get("/why")
def page(
    request: Request, visitor: Annotated[Visitor, Depends(Only(Role.MONITOR, Role.PUBLICITY))], post: str = ""
) -> Response:
    """The page of one kept line; without one the way to find one. A cry for help and a private message stay folded and
    are not explained."""
    if not post:
        return RedirectResponse("/search", 303)
    desk, post = desk_of(request), post.replace("\x00", "")[:200]
    with desk.store.read() as conn:
        try:
            line = by_hand.line_of(conn, desk.school, post)
        except IllegalStep as missing:
            raise NotFound(str(missing)) from missing
        account = book(conn, desk.school).get(line.post.account_id)
        risk, reasons = _decided(conn, line)
        belongs = by_hand.belongs_to(conn, desk.school, post)
        folded = by_hand.is_care(line) or line.post.kind is Kind.MESSAGE
        way = None if folded else trace(conn, desk.school, post)
    if not folded:
        _note(request, visitor, post)
    spans = whole(line.post.text, chain.from_iterable(hit.spans for hit in line.hits))
    return show(
        request, visitor, "why.html", line=line, post=post, place=place_of(line.post, account), belongs=belongs,
        text=marked(line.post.text, spans), folded=folded, way=way, stages=STAGE_WORDS,
        why=None if folded else why(line, risk, reasons, desk.own_names, desk.ground.open_at),
    )  # fmt: skip


def _note(request: Request, visitor: Visitor, post: str) -> None:
    viewed: Viewed = request.app.state.viewed
    if viewed.is_new(visitor.actor.id, post, visitor.now):
        with desk_of(request).store.write() as conn:
            record(conn, visitor, post, PURPOSE)


def _decided(conn: Connection, line: Assessment) -> tuple[int, Sequence[dict[str, Any]]]:
    """The risk that the watch gave the line and its reasons."""
    row = conn.execute(
        select(assessments.c.risk, assessments.c.reasons)
        .where(assessments.c.school == line.post.school, assessments.c.post_id == line.post.id)
        .where(assessments.c.revision == line.post.revision)
    ).one()
    return row.risk, row.reasons


def why(line: Assessment, risk: int, reasons: Sequence[dict[str, Any]], names: tuple[str, ...], open_at: float) -> Why:
    """Everything that is said of a line. `names`: the school's own; `open_at`: points from which an incident opens."""
    score = _score(line)
    slot = Slot.OWN_POST if line.post.by_school else SLOTS.get(line.post.kind, Slot.COMMENT)
    found = explain(_reader(names), line.post.text[:EXPLAINED], slot, known={hit.rule for hit in line.hits})
    felt = next((hit for hit in line.hits if hit.rule in IMPRESSIONS), None)
    opens = any(hit.grave for hit in line.hits)
    tone = feeling(line.polarity, line.p_negative, score.p_positive, line.snow, unsure=score.unsure)
    read = because(replace(found, felt=felt), risk, line.polarity, opens=opens, open_at=open_at)
    return Why(risk, reasons, tone, read)


def _score(line: Assessment) -> Score:
    """What is not kept of a score: the engine says it again."""
    return _engine(line.engine if line.engine in ENGINES else DEFAULT).score([normalise(line.post.text).text])[0]


@cache
def _reader(names: tuple[str, ...]) -> Reader:
    """The rules, made ready once; asked only where somebody wants to know."""
    return Reader(rules.load(), names)


@cache
def _engine(name: str) -> Engine:
    return engine_by_name(name)
