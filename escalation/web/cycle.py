"""The acts of the full cycle: 不公开回应 转入观察 复盘. Each a POST by a form that works without scripts."""

from __future__ import annotations

from datetime import date
from itertools import zip_longest
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from escalation import handling, recap, reignition
from escalation.incident.state import IllegalStep
from escalation.recap import FIELDS, Measure, Recap
from escalation.web.act import Field, Lead, OnDesk, act, plain

router = APIRouter()
Fields = Annotated[list[str], Form()]


@router.post("/incidents/{number}/no-answer")
def no_answer(request: Request, visitor: Lead, number: str, why: Field = "", approved_by: Field = "") -> Response:
    """决定不公开回应."""
    return act(
        request, visitor, number, "no_answer",
        lambda conn, i: handling.no_answer(conn, i, visitor.actor, visitor.now, plain(why), plain(approved_by)),
        silent_why=why, approved_by=approved_by,
    )  # fmt: skip


@router.post("/incidents/{number}/watch")
def watch(request: Request, visitor: OnDesk, number: str, note: Field = "") -> Response:
    """转入观察."""
    return act(
        request, visitor, number, "watch",
        lambda conn, i: reignition.begin(conn, i, visitor.actor, visitor.now, plain(note)), watching=note,
    )  # fmt: skip


@router.post("/incidents/{number}/recap")
def write_recap(
    request: Request, visitor: OnDesk, number: str, cause: Field = "", course: Field = "", well: Field = "",
    badly: Field = "", what: Fields = [], owner: Fields = [], until: Fields = [],  # noqa: B006 (FastAPI copies it)
) -> Response:  # fmt: skip
    """复盘."""

    def do(conn: Connection, i: int) -> None:
        given = {"cause": plain(cause), "course": plain(course), "well": plain(well), "badly": plain(badly)}
        recap.write(conn, i, visitor.actor, visitor.now, Recap(**given, measures=_measures(what, owner, until)))

    typed = dict(zip(FIELDS, (cause, course, well, badly), strict=True))
    return act(request, visitor, number, "recap", do, **typed)


def _measures(what: list[str], owner: list[str], until: list[str]) -> tuple[Measure, ...]:
    """The rows that say something. Raises IllegalStep where a day cannot be read."""
    found = []
    for row in zip_longest(what, owner, until, fillvalue=""):
        doing, who, day = (plain(one) for one in row)
        if not (doing or who or day):
            continue
        try:
            found.append(Measure(doing, who, date.fromisoformat(day)))
        except ValueError:
            raise IllegalStep(f"整改措施的期限“{day[:20]}”不是日期，请写成 2026-12-01。未作任何更改。") from None
    return tuple(found)
