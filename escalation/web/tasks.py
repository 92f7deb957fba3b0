"""任务: set, confirmed, returned and withdrawn on the incident's page; done by its holder behind a link of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, Row, select

from escalation import keeper, people, receipt
from escalation.deed import incident_of
from escalation.incident import Actor, StateMoved, incidents
from escalation.incident.state import OPEN, IllegalStep, State
from escalation.keeper import contacts
from escalation.link import Purpose
from escalation.notice import notices
from escalation.people import Person, Role
from escalation.task import TaskKind, correction, deeds, tasks
from escalation.task.platform import prepare
from escalation.task.setting import KEEPER, To, leader_of, named, set_task
from escalation.task.telling import of_task, was_told
from escalation.web.act import LONGEST, OnDesk, act, plain
from escalation.web.frozen import Frozen
from escalation.web.gate import NotFound, Open, address_of, desk_of
from escalation.web.page import bare
from escalation.web.sign import PREFETCH, Refused, read_link, refusal
from escalation.web.task_view import errand_of, shared
from escalation.web.words import CARE_TITLE

router = APIRouter()
Field = Annotated[str, Form()]
DONE = {
    "accept": "已接受任务。", "answer": "已答复，等待确认。", "correct": "已登记，系统将核对采集到的内容。",
    "contact": "已登记平台沟通；平台答复后请在此登记。", "answered": "已登记平台答复，任务已答复。",
}  # fmt: skip
SHORT = {"platform": ("平台", 64), "way": ("方式", 64), "ticket": ("工单号", 100)}


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
            conn, letterhead, row, TaskKind(kind), holder_of(to), visitor.actor, visitor.now, plain(words),
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
        correction.confirm(conn, task_id, visitor.actor, visitor.now, plain(note))

    return act(request, visitor, number, "task_confirm", do)


@router.post("/incidents/{number}/tasks/{task_id}/return")
def give_back(request: Request, visitor: OnDesk, number: str, task_id: int, why: Field = "") -> Response:
    """退回."""
    letterhead = desk_of(request).letterhead

    def do(conn: Connection, i: int) -> None:
        _own(conn, i, task_id)
        deeds.give_back(conn, letterhead, task_id, visitor.actor, visitor.now, plain(why))

    return act(request, visitor, number, "task_return", do)


@router.post("/incidents/{number}/tasks/{task_id}/withdraw")
def withdraw(request: Request, visitor: OnDesk, number: str, task_id: int, why: Field = "") -> Response:
    """撤销."""

    def do(conn: Connection, i: int) -> None:
        _own(conn, i, task_id)
        deeds.withdraw(conn, task_id, visitor.actor, visitor.now, plain(why))

    return act(request, visitor, number, "task_withdraw", do)


@router.post("/incidents/{number}/tasks/{task_id}/answer")
def answer_for(
    request: Request, visitor: OnDesk, number: str, task_id: int, text: Field = "", url: Field = ""
) -> Response:
    """代为登记答复: what the holder said by telephone."""

    def do(conn: Connection, i: int) -> None:
        _own(conn, i, task_id)
        deeds.answer(conn, task_id, visitor.actor, visitor.now, plain(text), plain(url))

    return act(request, visitor, number, "task_answer", do)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A task behind a good link: its row, its incident, who holds the link, and whether the task is theirs.

    `stead`: the holder, who is away, where the link is that of whoever stands in now.
    """

    task: Row[Any]
    incident: Row[Any]
    person: Person
    holds: bool
    stead: str = ""


def ticket_of(conn: Connection, request: Request, given: str) -> Ticket:
    """The task of a link. Raises Refused: only its holder, who stands in for them now, and who was told of it."""
    desk = desk_of(request)
    read = read_link(desk, given, desk.clock(), Purpose.TASK)
    task = conn.execute(select(tasks).where(tasks.c.id == read.notice_id, tasks.c.school == desk.school)).first()
    if task is None:
        raise Refused("unknown")
    person = people.person(conn, desk.school, read.person_id)
    stood = people.stood_in_for(conn, desk.school, read.person_id, desk.clock(), desk.letterhead.channels)
    stead = task.person_id if task.person_id in stood else ""
    holds = task.person_id == read.person_id or bool(stead)
    if person is None or not person.active or not (holds or was_told(conn, task, read.person_id)):
        raise Refused("stranger")
    incident = conn.execute(select(incidents).where(incidents.c.id == task.incident_id)).one()
    return Ticket(task, incident, person, holds, stead)


def actor_of(ticket: Ticket, request: Request) -> Actor:
    """Who acts: the holder of the link, with the role the task was set under."""
    roles = frozenset({Role(ticket.task.role)}) if ticket.task.role in set(Role) and ticket.holds else frozenset()
    return Actor(ticket.person.id, ticket.person.name, roles, address_of(request), ticket.stead)


@router.get("/t/{given}", dependencies=[Depends(Open())])
def page(request: Request, given: str) -> HTMLResponse:
    """The task's page; the first time that it is opened is noted."""
    desk = desk_of(request)
    try:
        with desk.store.read() as conn:
            ticket = ticket_of(conn, request, given)
            told = of_task(ticket.task) & (notices.c.addressee == ticket.person.id)
            unread = conn.execute(select(notices.c.id).where(told, notices.c.opened_at.is_(None))).scalars().all()
    except Refused as refused:
        return refusal(request, refused)
    if unread and request.headers.get("sec-purpose", "").partition(";")[0] not in PREFETCH:
        with desk.store.write() as conn:
            for one in unread:
                receipt.mark_opened(conn, one, desk.clock())
    return _show(request, given, ticket)


def _show(
    request: Request, given: str, ticket: Ticket, *, error: str = "", status: int = 200,
    kept: dict[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    desk, now = desk_of(request), desk_of(request).clock()
    frozen: Frozen = request.app.state.frozen
    row = ticket.incident
    with desk.store.read() as conn:
        errand = errand_of(conn, row, ticket.task, actor_of(ticket, request), now)
        values = shared(conn, row, ticket.task) | {
            "words": frozen.of(conn, [row.id])[row.id],
            "prepared": prepare(conn, desk.letterhead, row, now),
        }
    return bare(
        request, "task.html", status=status, ticket=ticket, given=given, t=errand, error=error, kept=kept or {},
        title=CARE_TITLE if row.care else row.title, done=DONE.get(request.query_params.get("done", ""), ""),
        ended=State(row.state) not in OPEN, limit=LONGEST, **values,
    )  # fmt: skip


def do_task(request: Request, given: str, done: str, do: Callable[[Connection, Actor], None], **kept: str) -> Response:
    """Do one thing to the task of a link, or show why not with the values kept."""
    desk = desk_of(request)
    try:
        with desk.store.read() as conn:
            ticket = ticket_of(conn, request, given)
        if not ticket.holds:
            raise Refused("stranger")
        desk.store.run(lambda conn: do(conn, actor_of(ticket, request)))
    except Refused as refused:
        return refusal(request, refused)
    except (IllegalStep, StateMoved) as refused:
        with desk.store.read() as conn:
            ticket = ticket_of(conn, request, given)
        return _show(request, given, ticket, error=str(refused), status=409, kept=kept)
    return RedirectResponse(f"/t/{given}?done={done}", 303)


def _task_id(request: Request, given: str) -> int:
    return read_link(desk_of(request), given, desk_of(request).clock(), Purpose.TASK).notice_id


@router.post("/t/{given}/accept", dependencies=[Depends(Open())])
def accept(request: Request, given: str) -> Response:
    """接受任务."""
    now = desk_of(request).clock()
    return do_task(
        request, given, "accept", lambda conn, actor: deeds.accept(conn, _task_id(request, given), actor, now)
    )


@router.post("/t/{given}/answer", dependencies=[Depends(Open())])
def answer(request: Request, given: str, text: Field = "", url: Field = "") -> Response:
    """答复."""
    now = desk_of(request).clock()

    def do(conn: Connection, actor: Actor) -> None:
        deeds.answer(conn, _task_id(request, given), actor, now, plain(text), plain(url))

    return do_task(request, given, "answer", do, text=text, url=url)


@router.post("/t/{given}/correct", dependencies=[Depends(Open())])
def correct(
    request: Request, given: str, post: Field = "", did: Field = "", words: Field = "", url: Field = ""
) -> Response:
    """更正或删除."""
    now = desk_of(request).clock()

    def do(conn: Connection, actor: Actor) -> None:
        correction.correct(
            conn, _task_id(request, given), actor, now, post_id=plain(post), act=did, words=plain(words), url=plain(url)
        )

    return do_task(request, given, "correct", do, words=words, url=url, did=did)


@router.post("/t/{given}/contact", dependencies=[Depends(Open())])
def contact(
    request: Request, given: str, platform: Field = "", way: Field = "", asked: Field = "", ticket: Field = ""
) -> Response:
    """与平台沟通."""
    now = desk_of(request).clock()

    def do(conn: Connection, actor: Actor) -> None:
        fit({"platform": platform, "way": way, "ticket": ticket})
        own = conn.execute(select(tasks.c.incident_id).where(tasks.c.id == _task_id(request, given))).scalar_one()
        keeper.contact(
            conn, own, actor, now, platform=plain(platform), way=plain(way), asked=plain(asked), ticket=plain(ticket)
        )

    return do_task(request, given, "contact", do, platform=platform, way=way, asked=asked, ticket=ticket)


@router.post("/t/{given}/contacts/{contact_id}", dependencies=[Depends(Open())])
def answered(request: Request, given: str, contact_id: int, answer: Field = "") -> Response:
    """平台答复."""
    now = desk_of(request).clock()

    def do(conn: Connection, actor: Actor) -> None:
        mine = (contacts.c.id == contact_id) & (contacts.c.task_id == _task_id(request, given))
        if contact_id > 2**31 or conn.execute(select(contacts.c.id).where(mine)).first() is None:
            raise IllegalStep("没有这次沟通记录。未作任何更改。")
        keeper.contact_answered(conn, contact_id, actor, now, plain(answer))

    return do_task(request, given, "answered", do)


def fit(given: dict[str, str]) -> None:
    """Raises IllegalStep where a short field is longer than can be kept."""
    for name, text in given.items():
        what, most = SHORT[name]
        if len(text) > most:
            raise IllegalStep(f"“{what}”至多 {most} 字，现为 {len(text)} 字。未作任何更改。")
