"""Acts on an incident: each a POST by a form that works without scripts, one use-case, then back to the page.

A step that is refused changes nothing: the page comes back with the sentence on top and the values kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection, select

from escalation import assigning, concerned, handling, telephone
from escalation.care import READERS
from escalation.channels.phone import OUTCOMES, CallOutcome, refuse
from escalation.handling import FalseAlarm
from escalation.incident import StateMoved
from escalation.incident.state import IllegalStep
from escalation.notice import calls, notices
from escalation.people import Role
from escalation.web.gate import Acts, ActsOrLeads, NotAllowed, NotFound, Visitor, desk_of
from escalation.web.incident import page, row_of
from escalation.web.rights import NOTES, unfolders
from escalation.web.viewing import record

router = APIRouter()
OnDesk = Annotated[Visitor, Depends(Acts(Role.MONITOR, Role.PUBLICITY))]
Lead = Annotated[Visitor, Depends(Acts(Role.PUBLICITY))]
Writer = Annotated[Visitor, Depends(Acts(*NOTES))]
Helper = Annotated[Visitor, Depends(Acts(*READERS))]
Settler = Annotated[Visitor, Depends(ActsOrLeads(Role.PUBLICITY))]
Field = Annotated[str, Form()]
LONGEST = 2_000


def plain(text: str, what: str) -> str:
    """What somebody typed, without NUL, at most LONGEST characters. Raises IllegalStep, naming `what`, where longer."""
    if len(text) > LONGEST:
        raise IllegalStep(f"“{what}”至多 {LONGEST} 字，现为 {len(text)} 字。未作任何更改，请删减后再试。")
    return text.replace("\x00", "").strip()


def act(
    request: Request, visitor: Visitor, number: str, done: str, do: Callable[[Connection, int], object], **given: str
) -> Response:
    """Do one thing to one incident, or show why not."""
    row = row_of(request, visitor, number)
    try:
        desk_of(request).store.run(lambda conn: do(conn, row.id))
    except (IllegalStep, StateMoved) as refused:
        fresh = row_of(request, visitor, number)
        return page(request, visitor, fresh, error=str(refused), status=409, given=given)
    return RedirectResponse(f"/incidents/{row.number}?done={done}", 303)


@router.post("/incidents/{number}/confirm")
def confirm(request: Request, visitor: OnDesk, number: str, note: Field = "") -> Response:
    """确认研判."""
    return act(
        request, visitor, number, "confirm",
        lambda conn, i: handling.confirm(conn, i, visitor.actor, visitor.now, plain(note, "说明")), note=note,
    )  # fmt: skip


@router.post("/incidents/{number}/dismiss")
def dismiss(request: Request, visitor: OnDesk, number: str, reason: Field = "", note: Field = "") -> Response:
    """误报, with its reason."""
    letterhead = desk_of(request).letterhead

    def do(conn: Connection, i: int) -> None:
        if reason not in set(FalseAlarm):
            raise IllegalStep("请选择误报的理由。未作任何更改。")
        handling.dismiss(conn, letterhead, i, visitor.actor, visitor.now, FalseAlarm(reason), plain(note, "说明"))

    return act(request, visitor, number, "dismiss", do, reason=reason, note=note)


@router.post("/incidents/{number}/assign")
def assign(request: Request, visitor: OnDesk, number: str, unit: Field = "", note: Field = "") -> Response:
    """交办."""
    letterhead = desk_of(request).letterhead

    def do(conn: Connection, i: int) -> None:
        assigning.assign(conn, letterhead, i, visitor.actor, visitor.now, plain(unit, "单位"), plain(note, "要求"))

    return act(request, visitor, number, "assign", do, unit=unit, note=note)


@router.post("/incidents/{number}/concerned")
def concern(request: Request, visitor: OnDesk, number: str, unit: Field = "", why: Field = "") -> Response:
    """更正涉事单位."""
    return act(
        request, visitor, number, "concerned",
        lambda conn, i: concerned.correct(conn, i, visitor.actor, visitor.now, plain(unit, "单位"), plain(why, "理由")),
        concerned=unit, concerned_why=why,
    )  # fmt: skip


@router.post("/incidents/{number}/note")
def note(request: Request, visitor: Writer, number: str, text: Field = "") -> Response:
    """记录."""
    return act(
        request, visitor, number, "note",
        lambda conn, i: handling.note(conn, i, visitor.actor, visitor.now, plain(text, "记录")), text=text,
    )  # fmt: skip


@router.post("/incidents/{number}/remind")
def remind(request: Request, visitor: OnDesk, number: str) -> Response:
    """催签."""
    letterhead = desk_of(request).letterhead
    return act(
        request, visitor, number, "remind",
        lambda conn, i: handling.remind(conn, letterhead, i, visitor.actor, visitor.now),
    )  # fmt: skip


@router.post("/incidents/{number}/duties/{name}")
def duty(request: Request, visitor: OnDesk, number: str, name: str) -> Response:
    """登记办结: what one of the incident's own clocks asks for was done."""
    return act(
        request, visitor, number, "duty",
        lambda conn, i: handling.fulfil(conn, i, visitor.actor, visitor.now, name),
    )  # fmt: skip


@router.post("/incidents/{number}/close")
def close(request: Request, visitor: Lead, number: str, note: Field = "", undone: Field = "") -> Response:
    """销号."""
    return act(
        request, visitor, number, "close",
        lambda conn, i: handling.close(
            conn, i, visitor.actor, visitor.now, plain(note, "处置结果"), plain(undone, "未办原因")
        ),
        closing=note, undone=undone,
    )  # fmt: skip


@router.post("/incidents/{number}/settle")
def settle(request: Request, visitor: Settler, number: str, person: Field = "", why: Field = "") -> Response:
    """代为了结; the use-case admits the 宣传部 and the duty lead."""
    return act(
        request, visitor, number, "settle",
        lambda conn, i: handling.settle(
            conn, i, plain(person, "人员"), visitor.actor, visitor.now, plain(why, "原因")
        ), why=why,
    )  # fmt: skip


@router.post("/incidents/{number}/reopen")
def reopen(request: Request, visitor: OnDesk, number: str, reason: Field = "") -> Response:
    """重新打开."""
    letterhead = desk_of(request).letterhead
    return act(
        request, visitor, number, "reopen",
        lambda conn, i: handling.reopen(conn, letterhead, i, visitor.actor, visitor.now, plain(reason, "理由")),
        reopening=reason,
    )  # fmt: skip


@router.post("/incidents/{number}/calls/{call_id}")
def call(
    request: Request, visitor: OnDesk, number: str, call_id: int, outcome: Field = "", remark: Field = ""
) -> Response:
    """登记电话通知."""

    def do(conn: Connection, i: int) -> None:
        _own_call(conn, i, call_id)
        if (why := refuse(outcome, remark)) is not None:
            raise IllegalStep(f"{why}未作任何更改。")
        title = OUTCOMES[CallOutcome(outcome)].title
        telephone.record_call(conn, call_id, visitor.actor, visitor.now, title, plain(remark, "情况"))

    return act(request, visitor, number, "call", do)


@router.post("/incidents/{number}/calls/{call_id}/again")
def call_again(request: Request, visitor: OnDesk, number: str, call_id: int) -> Response:
    """再拨: a new task at once."""

    def do(conn: Connection, i: int) -> None:
        _own_call(conn, i, call_id)
        telephone.call_again(conn, call_id, visitor.actor, visitor.now)

    return act(request, visitor, number, "again", do)


def _own_call(conn: Connection, incident_id: int, call_id: int) -> None:
    own = conn.execute(
        select(calls.c.id).join(notices, notices.c.id == calls.c.notice_id)
        .where(calls.c.id == call_id, notices.c.incident_id == incident_id)
    ).first()  # fmt: skip
    if own is None:
        raise NotFound("没有这一电话任务。未作任何更改。")


@router.post("/incidents/{number}/reveal")
def reveal(request: Request, visitor: Helper, number: str, purpose: Field = "") -> Response:
    """Unfold a care case or private messages, by a stated purpose, which is written down before anything is shown."""
    row = row_of(request, visitor, number)
    if not visitor.has(*unfolders(row)):
        raise NotAllowed("私信原文由值班员或宣传部写明事由后查看。原文仍收起。")
    words = purpose.replace("\x00", "").strip()
    if not 4 <= len(words) <= 200:
        why = "查看原文须写明事由（4 至 200 字）。原文仍收起。"
        return page(request, visitor, row, error=why, status=422, given={"purpose": purpose})
    with desk_of(request).store.write() as conn:
        record(conn, visitor, row.number, words)
    return page(request, visitor, row, revealed=True)
