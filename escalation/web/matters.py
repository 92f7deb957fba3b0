"""补充情形: a person says what else an open incident is; whom its articles name is told then."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from escalation import circumstance
from escalation.web.act import Field, OnDesk, act, plain
from escalation.web.gate import desk_of

router = APIRouter()


@router.post("/incidents/{number}/circumstance")
def add(
    request: Request, visitor: OnDesk, number: str, named: Annotated[list[str] | None, Form()] = None, why: Field = ""
) -> Response:
    """补充情形."""
    head = desk_of(request).letterhead

    def do(conn: Connection, i: int) -> None:
        found = circumstance.read(named or (), tuple(circumstance.WORDS))
        circumstance.add(conn, head, i, found, visitor.actor, visitor.now, plain(why, "理由"))

    return act(request, visitor, number, "circumstance", do, circumstance_why=why)
