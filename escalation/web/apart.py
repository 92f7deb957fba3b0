"""The acts that join incidents and take them apart: 并入 撤销并入 拆分 接续. Each a POST that works without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from escalation import merging, sequel, splitting
from escalation.incident import MatterTaken, StateMoved
from escalation.incident.state import IllegalStep
from escalation.splitting import Part
from escalation.web.act import Field, OnDesk, act, plain
from escalation.web.gate import Visitor, desk_of
from escalation.web.incident import page, row_of

router = APIRouter()
Fields = Annotated[list[str], Form()]


@router.post("/incidents/{number}/merge")
def merge(request: Request, visitor: OnDesk, number: str, into: Field = "", why: Field = "") -> Response:
    """并入."""
    head = desk_of(request).letterhead
    return act(
        request, visitor, number, "merge",
        lambda conn, i: merging.merge(
            conn, head, i, plain(into, "并入的事件"), visitor.actor, visitor.now, plain(why, "理由")
        ),
        merge_into=into, merge_why=why,
    )  # fmt: skip


@router.post("/incidents/{number}/unmerge")
def unmerge(request: Request, visitor: OnDesk, number: str, why: Field = "") -> Response:
    """撤销并入."""
    return act(
        request, visitor, number, "unmerge",
        lambda conn, i: merging.unmerge(conn, i, visitor.actor, visitor.now, plain(why, "理由")), unmerge_why=why,
    )  # fmt: skip


@router.post("/incidents/{number}/split")
def split(
    request: Request, visitor: OnDesk, number: str, title: Field = "", level: Field = "", why: Field = "",
    post: Fields = [], key: Fields = [],  # noqa: B006 (FastAPI copies it)
) -> Response:  # fmt: skip
    """拆分: on to the page of the new incident."""
    head = desk_of(request).letterhead

    def do(conn: Connection, i: int) -> str:
        grade = int(level) if level in ("1", "2", "3", "4") else 0
        part = Part(tuple(post), tuple(key), plain(title, "新事件标题"), grade, plain(why, "理由"))
        return splitting.split(conn, head, i, visitor.actor, visitor.now, part)

    return _onward(request, visitor, number, "split", do, split_title=title, split_why=why)


@router.post("/incidents/{number}/follow")
def follow(request: Request, visitor: OnDesk, number: str, why: Field = "") -> Response:
    """接续: a new incident after the time in which this one could be opened again."""
    ground = desk_of(request).ground

    def do(conn: Connection, i: int) -> str:
        return sequel.follow(conn, ground, i, visitor.actor, visitor.now, plain(why, "理由"))

    return _onward(request, visitor, number, "follow", do, follow_why=why)


def _onward(
    request: Request, visitor: Visitor, number: str, done: str, do: Callable[[Connection, int], str], **given: str
) -> Response:
    """Do it, and go to the page of the incident that came of it."""
    row = row_of(request, visitor, number)
    try:
        new = desk_of(request).store.run(lambda conn: do(conn, row.id))
    except (IllegalStep, StateMoved, MatterTaken) as refused:
        words = str(refused) if not isinstance(refused, MatterTaken) else "同一事由刚刚另立事件。未作任何更改，请刷新。"
        fresh = row_of(request, visitor, number)
        return page(request, visitor, fresh, error=words, status=409, given=given)
    return RedirectResponse(f"/incidents/{new}?done={done}", 303)
