"""处理措施: 责令关闭, 追责, 移交材料. Proposed by the 宣传部, decided by another person, on the incident's page."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy import Connection, select

from escalation.deed import incident_of
from escalation.incident import StateMoved
from escalation.incident.state import IllegalStep
from escalation.measure import deciding, evidence, measures, proposing
from escalation.people import Role
from escalation.web.act import act, plain
from escalation.web.gate import Acts, NotFound, Visitor, desk_of
from escalation.web.incident import page, row_of

router = APIRouter()
Lead = Annotated[Visitor, Depends(Acts(Role.PUBLICITY))]
Decides = Annotated[Visitor, Depends(Acts(Role.PUBLICITY, Role.SCHOOL_LEADER))]
Field = Annotated[str, Form()]


@router.post("/incidents/{number}/measures/closing")
def closing(request: Request, visitor: Lead, number: str, reason: Field = "") -> Response:
    """提出责令关闭."""

    def do(conn: Connection, i: int) -> None:
        proposing.propose_closing(conn, incident_of(conn, i), visitor.actor, visitor.now, plain(reason, "理由"))

    return act(request, visitor, number, "measure", do, closing_reason=reason)


@router.post("/incidents/{number}/measures/accountability")
def accountability(
    request: Request, visitor: Lead, number: str, grade: Field = "", person: Field = "", whom: Field = "",
    reason: Field = "",
) -> Response:  # fmt: skip
    """提出追责."""

    def do(conn: Connection, i: int) -> None:
        chosen = int(grade) if grade.isascii() and grade.isdigit() and len(grade) < 4 else -1
        proposing.propose_accountability(
            conn, incident_of(conn, i), visitor.actor, visitor.now, grade=chosen, person_id=plain(person, "人员")[:64],
            whom=plain(whom, "单位或身份"), reason=plain(reason, "理由"),
        )  # fmt: skip

    return act(request, visitor, number, "measure", do, blame_reason=reason, blame_whom=whom)


@router.post("/incidents/{number}/measures/referral")
def referral(request: Request, visitor: Lead, number: str, authority: Field = "", reason: Field = "") -> Response:
    """提出移交材料."""

    def do(conn: Connection, i: int) -> None:
        row = incident_of(conn, i)
        manifest = evidence.manifest_of(conn, row)
        proposing.propose_referral(
            conn,
            row,
            visitor.actor,
            visitor.now,
            authority=plain(authority, "接收机关"),
            reason=plain(reason, "理由"),
            manifest=manifest,
        )

    return act(request, visitor, number, "measure", do, authority=authority, referral_reason=reason)


def _own(conn: Connection, incident_id: int, measure_id: int) -> None:
    mine = (measures.c.id == measure_id) & (measures.c.incident_id == incident_id)
    if measure_id > 2**31 or conn.execute(select(measures.c.id).where(mine)).first() is None:
        raise NotFound("没有这一措施。未作任何更改。")


@router.post("/incidents/{number}/measures/{measure_id}/package")
def package(request: Request, visitor: Decides, number: str, measure_id: int) -> Response:
    """导出材料包: watermarked with who and when, written into the audit before it leaves."""
    desk, row = desk_of(request), row_of(request, visitor, number)

    def do(conn: Connection) -> tuple[str, bytes]:
        _own(conn, row.id, measure_id)
        return evidence.export(conn, desk.letterhead, measure_id, visitor.actor, visitor.now)

    try:
        name, body = desk.store.run(do)
    except (IllegalStep, StateMoved) as refused:
        return page(request, visitor, row_of(request, visitor, number), error=str(refused), status=409)
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}", "cache-control": "no-store"}
    return Response(body, media_type="application/zip", headers=headers)


@router.post("/incidents/{number}/measures/{measure_id}/{event}")
def step(request: Request, visitor: Decides, number: str, measure_id: int, event: str, words: Field = "") -> Response:
    """批准, 不批准, 撤回, 登记, 解除."""
    letterhead = desk_of(request).letterhead

    def do(conn: Connection, i: int) -> None:
        _own(conn, i, measure_id)
        deciding.act(conn, letterhead, measure_id, event, visitor.actor, visitor.now, plain(words, "说明"))

    return act(request, visitor, number, "measure_step", do)
