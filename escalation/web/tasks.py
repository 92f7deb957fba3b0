"""任务: set, confirmed, returned and withdrawn on the incident's page; its holder does it in `task_slip.py`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy import Connection, select

from escalation.deed import incident_of
from escalation.incident.state import IllegalStep
from escalation.task import TaskKind, correction, deeds, tasks
from escalation.task.setting import KEEPER, To, leader_of, named, set_task
from escalation.web.act import OnDesk, act, plain
from escalation.web.gate import NotFound, desk_of

router = APIRouter()
Field = Annotated[str, Form()]


@router.post("/incidents/{number}/tasks")
def new(
    request: Request, visitor: OnDesk, number: str, kind: Field = "", to: Field = "", words: Field = "",
    hours: Field = "",
) -> Response:  # fmt: skip
    """布置任务."""
    letterhead = desk_of(request).letterhead

    def do(conn: Connection, i: int) -> None:
        if kind not in set(TaskKind):
            raise IllegalStep("请选择任务的种类。未作任何更改。")
        row = incident_of(conn, i)
        set_task(
            conn, letterhead, row, TaskKind(kind), holder_of(to), visitor.actor, visitor.now, plain(words, "要求"),
            within=within_of(hours),
        )  # fmt: skip

    return act(request, visitor, number, "task", do, task_kind=kind, task_to=to, task_words=words, task_hours=hours)


def holder_of(given: str) -> To:
    """Whom the form names: `keeper`, `unit:后勤处` or `person:P04`. Raises IllegalStep."""
    kind, _, value = given.replace("\x00", "").partition(":")
    if kind == "keeper":
        return KEEPER
    if kind == "unit" and value:
        return leader_of(value)
    if kind == "person" and value:
        return named(value)
    raise IllegalStep("请选择由谁办理。未作任何更改。")


def within_of(given: str) -> timedelta | None:
    """The deadline that the person chose, in hours; None where they left it to the pack. Raises IllegalStep."""
    if not given.strip():
        return None
    try:
        hours = float(given)
        return timedelta(hours=hours) if 0 < hours < 24 * 366 else timedelta()
    except (ValueError, OverflowError):
        raise IllegalStep("答复期限请填小时数，如 2 或 0.5。未作任何更改。") from None


def _own(conn: Connection, incident_id: int, task_id: int) -> None:
    mine = (tasks.c.id == task_id) & (tasks.c.incident_id == incident_id)
    if task_id > 2**31 or conn.execute(select(tasks.c.id).where(mine)).first() is None:
        raise NotFound("没有这一任务。未作任何更改。")


@router.post("/incidents/{number}/tasks/{task_id}/confirm")
def confirm(request: Request, visitor: OnDesk, number: str, task_id: int, note: Field = "") -> Response:
    """确认办结."""

    def do(conn: Connection, i: int) -> None:
        _own(conn, i, task_id)
        correction.confirm(conn, task_id, visitor.actor, visitor.now, plain(note, "说明"))

    return act(request, visitor, number, "task_confirm", do)


@router.post("/incidents/{number}/tasks/{task_id}/return")
def give_back(request: Request, visitor: OnDesk, number: str, task_id: int, why: Field = "") -> Response:
    """退回."""
    letterhead = desk_of(request).letterhead

    def do(conn: Connection, i: int) -> None:
        _own(conn, i, task_id)
        deeds.give_back(conn, letterhead, task_id, visitor.actor, visitor.now, plain(why, "退回原因"))

    return act(request, visitor, number, "task_return", do)


@router.post("/incidents/{number}/tasks/{task_id}/withdraw")
def withdraw(request: Request, visitor: OnDesk, number: str, task_id: int, why: Field = "") -> Response:
    """撤销."""

    def do(conn: Connection, i: int) -> None:
        _own(conn, i, task_id)
        deeds.withdraw(conn, task_id, visitor.actor, visitor.now, plain(why, "撤销原因"))

    return act(request, visitor, number, "task_withdraw", do)


@router.post("/incidents/{number}/tasks/{task_id}/answer")
def answer_for(
    request: Request, visitor: OnDesk, number: str, task_id: int, text: Field = "", url: Field = ""
) -> Response:
    """代为登记答复: what the holder said by telephone."""

    def do(conn: Connection, i: int) -> None:
        _own(conn, i, task_id)
        deeds.answer(conn, task_id, visitor.actor, visitor.now, plain(text, "对方所说"), plain(url, "链接"))

    return act(request, visitor, number, "task_answer", do)
