"""研判结论: said or corrected on the incident's page, where no other deed says it. A POST without scripts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from escalation import verdict
from escalation.incident.state import IllegalStep
from escalation.verdict import FalseAlarm, Verdict
from escalation.web.act import Field, OnDesk, act, plain
from escalation.web.verdict_view import CHOICES

router = APIRouter()


@router.post("/incidents/{number}/verdict")
def say(
    request: Request, visitor: OnDesk, number: str, said: Field = "", level: Field = "", reason: Field = "",
    why: Field = "",
) -> Response:  # fmt: skip
    """写研判结论."""

    def do(conn: Connection, i: int) -> None:
        if said not in set(CHOICES):
            raise IllegalStep("请选择研判结论。未作任何更改。")
        verdict.judge(
            conn, i, visitor.actor, visitor.now, Verdict(said), why=plain(why, "理由"),
            right_level=int(level) if level in ("1", "2", "3", "4") else None,
            reason=FalseAlarm(reason) if reason in set(FalseAlarm) else None,
        )  # fmt: skip

    given = {"verdict_said": said, "verdict_level": level, "verdict_reason": reason, "verdict_why": why}
    return act(request, visitor, number, "verdict", do, **given)
