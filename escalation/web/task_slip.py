"""A task 任务 behind the link of its own: whoever holds it, or stands in for the holder, does it without sign-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, Row, select

from escalation import keeper, people, receipt
from escalation.incident import Actor, StateMoved, incidents
from escalation.incident.state import OPEN, IllegalStep, State
from escalation.keeper import contacts
from escalation.link import Purpose
from escalation.notice import notices
from escalation.people import Person, Role
from escalation.task import correction, deeds, tasks
from escalation.task.platform import prepare
from escalation.task.telling import of_task, was_told
from escalation.web.act import LONGEST, plain
from escalation.web.frozen import Frozen
from escalation.web.gate import Open, address_of, desk_of
from escalation.web.pace import ByLink
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
SHORT = {"platform": ("平台", 64), "way": ("渠道", 64), "ticket": ("受理编号", 100)}


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


@router.post("/t/{given}/accept", dependencies=[Depends(ByLink())])
def accept(request: Request, given: str) -> Response:
    """接受任务."""
    now = desk_of(request).clock()
    return do_task(
        request, given, "accept", lambda conn, actor: deeds.accept(conn, _task_id(request, given), actor, now)
    )


@router.post("/t/{given}/answer", dependencies=[Depends(ByLink())])
def answer(request: Request, given: str, text: Field = "", url: Field = "") -> Response:
    """答复."""
    now = desk_of(request).clock()

    def do(conn: Connection, actor: Actor) -> None:
        deeds.answer(conn, _task_id(request, given), actor, now, plain(text, "答复"), plain(url, "链接"))

    return do_task(request, given, "answer", do, text=text, url=url)


@router.post("/t/{given}/correct", dependencies=[Depends(ByLink())])
def correct(
    request: Request, given: str, post: Field = "", did: Field = "", words: Field = "", url: Field = ""
) -> Response:
    """更正或删除."""
    now = desk_of(request).clock()

    def do(conn: Connection, actor: Actor) -> None:
        correction.correct(
            conn,
            _task_id(request, given),
            actor,
            now,
            post_id=plain(post, "帖文"),
            act=did,
            words=plain(words, "说明"),
            url=plain(url, "链接"),
        )

    return do_task(request, given, "correct", do, words=words, url=url, did=did)


@router.post("/t/{given}/contact", dependencies=[Depends(ByLink())])
def contact(
    request: Request, given: str, platform: Field = "", way: Field = "", asked: Field = "", ticket: Field = ""
) -> Response:
    """与平台沟通."""
    now = desk_of(request).clock()

    def do(conn: Connection, actor: Actor) -> None:
        fit({"platform": platform, "way": way, "ticket": ticket})
        own = conn.execute(select(tasks.c.incident_id).where(tasks.c.id == _task_id(request, given))).scalar_one()
        keeper.contact(
            conn,
            own,
            actor,
            now,
            platform=plain(platform, "平台"),
            way=plain(way, "渠道"),
            asked=plain(asked, "沟通内容"),
            ticket=plain(ticket, "受理编号"),
        )

    return do_task(request, given, "contact", do, platform=platform, way=way, asked=asked, ticket=ticket)


@router.post("/t/{given}/contacts/{contact_id}", dependencies=[Depends(ByLink())])
def answered(request: Request, given: str, contact_id: int, answer: Field = "") -> Response:
    """平台答复."""
    now = desk_of(request).clock()

    def do(conn: Connection, actor: Actor) -> None:
        mine = (contacts.c.id == contact_id) & (contacts.c.task_id == _task_id(request, given))
        if contact_id > 2**31 or conn.execute(select(contacts.c.id).where(mine)).first() is None:
            raise IllegalStep("没有这次沟通记录。未作任何更改。")
        keeper.contact_answered(conn, contact_id, actor, now, plain(answer, "平台答复"))

    return do_task(request, given, "answered", do)


def fit(given: dict[str, str]) -> None:
    """Raises IllegalStep where a short field is longer than can be kept."""
    for name, text in given.items():
        what, most = SHORT[name]
        if len(text) > most:
            raise IllegalStep(f"“{what}”至多 {most} 字，现为 {len(text)} 字。未作任何更改。")
