"""The keeper's page (JY 14): 上报, 平台沟通, 回应. Reached after signing, by a link of its own purpose; no sign-in."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, select

from escalation import keeper, people
from escalation.clock_words import moment
from escalation.deed import hold_incident, incident_of
from escalation.incident import StateMoved, members
from escalation.incident.state import OPEN, TABLE, Event, IllegalStep, State
from escalation.keeper import answers, contacts, reports
from escalation.link import Purpose
from escalation.people import Role
from escalation.place import is_unplaced
from escalation.task import correction
from escalation.task.platform import prepare
from escalation.web.act import LONGEST, plain
from escalation.web.frozen import Frozen
from escalation.web.gate import Open, address_of, desk_of
from escalation.web.pace import ByLink
from escalation.web.page import bare
from escalation.web.sign import Refused, Slip, actor_of, read_link, refusal, slip_of
from escalation.web.task_slip import fit
from escalation.web.task_view import errands_of, mine_of, shared
from escalation.web.words import CARE_TITLE
from stream.kept import posts

router = APIRouter()
Field = Annotated[str, Form()]
DONE = {
    "report": "已上报，宣传部与值班台可见。", "contact": "已登记平台沟通，平台答复后请在此登记。",
    "answered": "已登记平台答复。", "answer": "已登记对外回应。", "correct": "已登记，系统将核对采集到的内容。",
}  # fmt: skip


def own_slip(conn: Connection, request: Request, given: str) -> Slip:
    """The keeper's notice behind the link. Raises Refused: only the keeper, and only after signing."""
    desk = desk_of(request)
    slip = slip_of(conn, desk, read_link(desk, given, desk.clock(), Purpose.KEEPER), signed_too=True)
    if slip.notice.role != Role.KEEPER:
        raise Refused("stranger")
    if slip.notice.signed_at is None:
        raise Refused("sign_first")
    if not still_answers(conn, slip, desk.letterhead.channels, desk.clock()):
        raise Refused("stranger")
    return slip


def still_answers(conn: Connection, slip: Slip, channels: Collection[str], now: datetime) -> bool:
    """Whether this person still answers for an account of the matter: its keeper of today, or who stands in for one.

    So do the 宣传部 and whoever is at the duty desk, or was when the notice went out (a vacant office is told there).
    """
    row = slip.incident
    lines = select(members.c.post_id).where(members.c.incident_id == row.id)
    concerned = select(posts.c.account_id).where(posts.c.school == row.school, posts.c.id.in_(lines)).distinct()
    accounts = {row.account_id, *conn.execute(concerned).scalars()}
    held = people.all_holders(conn, row.school)
    keepers = {person.id for one in accounts for person in held.get((Role.KEEPER, one), ())}
    desk = {person.id for role in (Role.MONITOR, Role.PUBLICITY) for person in held.get((role, ""), ())}
    desk |= {shift.person.id for at in (now, slip.notice.created_at) for shift in people.on_duty(conn, row.school, at)}
    if slip.person.id in keepers | desk:
        return True
    return bool(keepers & set(people.stood_in_for(conn, row.school, slip.person.id, now, channels)))


def show(
    request: Request, given: str, slip: Slip, *, error: str = "", status: int = 200, kept: dict[str, str] | None = None
) -> HTMLResponse:
    """The page with what was written so far."""
    desk = desk_of(request)
    frozen: Frozen = request.app.state.frozen
    row = slip.incident
    with desk.store.read() as conn:
        words = frozen.of(conn, [row.id])[row.id]
        written = [
            conn.execute(select(table).where(table.c.incident_id == row.id).order_by(table.c.id.desc())).all()
            for table in (reports, contacts, answers)
        ]
        actor = actor_of(slip, address_of(request))
        prepared = prepare(conn, desk.letterhead, row, desk.clock())
        mine = [one for one in mine_of(conn, desk.school, actor, desk.letterhead, desk.clock())
                if one.errand.row.incident_id == row.id]  # fmt: skip
        more = shared(conn, row) | {"mine": mine, "prepared": prepared}
        more["corrected"] = [e for e in errands_of(conn, row, actor, desk.clock()) if e.corrections]
    state = State(row.state)
    return bare(
        request, "keeper.html", status=status, slip=slip, given=given, error=error, kept=kept or {}, words=words,
        title=CARE_TITLE if row.care else row.title, reports=written[0], contacts=written[1], answers=written[2],
        done=DONE.get(request.query_params.get("done", ""), ""), ended=state not in OPEN, limit=LONGEST,
        unplaced=is_unplaced(row.frozen.get("account", {})),
        may_answer=Event.ANSWER in TABLE[state], duties=list({
            duty["what"]: duty for duty in row.frozen.get("duties", []) if duty.get("role") == Role.KEEPER
        }.values()), **more,
    )  # fmt: skip


@router.get("/k/{given}", dependencies=[Depends(Open())])
def page(request: Request, given: str) -> HTMLResponse:
    """The page."""
    try:
        with desk_of(request).store.read() as conn:
            slip = own_slip(conn, request, given)
    except Refused as refused:
        return refusal(request, refused)
    return show(request, given, slip)


def act(request: Request, given: str, done: str, do: Callable[[Connection, Slip], None], **kept: str) -> Response:
    """Write one thing down, or say why not with the values kept."""
    desk = desk_of(request)
    try:
        with desk.store.read() as conn:
            slip = own_slip(conn, request, given)
        desk.store.run(lambda conn: do(conn, _still_open(conn, request, given, slip)))
    except Refused as refused:
        return refusal(request, refused)
    except (IllegalStep, StateMoved) as refused:
        return show(request, given, slip, error=str(refused), status=409, kept=kept)
    return RedirectResponse(f"/k/{given}?done={done}", 303)


def _still_open(conn: Connection, request: Request, given: str, seen: Slip) -> Slip:
    """The slip, its incident held: nobody ends it, and the account goes to nobody else, between look and deed.

    Raises Refused, IllegalStep.
    """
    hold_incident(conn, seen.incident.id)
    slip = own_slip(conn, request, given)
    if State(slip.incident.state) not in OPEN:
        now = desk_of(request).clock()
        when = moment(slip.incident.closed_at, now) if slip.incident.closed_at else "此前"
        raise IllegalStep(f"事件已于 {when} 了结，不能再登记；需要补充请联系宣传部。未作任何更改。")
    return slip


@router.post("/k/{given}/report", dependencies=[Depends(ByLink())])
def report(request: Request, given: str, seen: Field = "", did: Field = "", url: Field = "") -> Response:
    """上报."""

    def do(conn: Connection, slip: Slip) -> None:
        actor, now = actor_of(slip, address_of(request)), desk_of(request).clock()
        keeper.report(
            conn,
            slip.incident.id,
            actor,
            now,
            seen=plain(seen, "看到的情况"),
            done=plain(did, "已做的事"),
            url=plain(url, "链接"),
        )

    return act(request, given, "report", do, seen=seen, did=did, url=url)


@router.post("/k/{given}/contact", dependencies=[Depends(ByLink())])
def contact(
    request: Request, given: str, platform: Field = "", way: Field = "", asked: Field = "", ticket: Field = ""
) -> Response:
    """平台沟通."""

    def do(conn: Connection, slip: Slip) -> None:
        fit({"platform": platform, "way": way, "ticket": ticket})
        actor, now = actor_of(slip, address_of(request)), desk_of(request).clock()
        keeper.contact(
            conn, slip.incident.id, actor, now, platform=plain(platform, "平台"), way=plain(way, "渠道"),
            asked=plain(asked, "沟通内容"), ticket=plain(ticket, "受理编号"),
        )  # fmt: skip

    return act(request, given, "contact", do, platform=platform, way=way, asked=asked, ticket=ticket)


@router.post("/k/{given}/contacts/{contact_id}", dependencies=[Depends(ByLink())])
def answered(request: Request, given: str, contact_id: int, answer: Field = "") -> Response:
    """平台答复."""

    def do(conn: Connection, slip: Slip) -> None:
        own = conn.execute(
            select(contacts.c.id).where(contacts.c.id == contact_id, contacts.c.incident_id == slip.incident.id)
        ).first()
        if own is None:
            raise IllegalStep("没有这次沟通记录。未作任何更改。")
        now = desk_of(request).clock()
        keeper.contact_answered(conn, contact_id, actor_of(slip, address_of(request)), now, plain(answer, "平台答复"))

    return act(request, given, "answered", do)


@router.post("/k/{given}/answer", dependencies=[Depends(ByLink())])
def answer(request: Request, given: str, text: Field = "", url: Field = "") -> Response:
    """对外回应."""

    def do(conn: Connection, slip: Slip) -> None:
        actor, now = actor_of(slip, address_of(request)), desk_of(request).clock()
        keeper.answer(conn, slip.incident.id, actor, now, text=plain(text, "回应原文"), url=plain(url, "链接"))

    return act(request, given, "answer", do, text=text, answer_url=url)


@router.post("/k/{given}/correct", dependencies=[Depends(ByLink())])
def correct(
    request: Request, given: str, post: Field = "", did: Field = "", words: Field = "", url: Field = ""
) -> Response:
    """更正或删除本账号的帖文."""

    def do(conn: Connection, slip: Slip) -> None:
        desk, actor = desk_of(request), actor_of(slip, address_of(request))
        held = incident_of(conn, slip.incident.id)
        task_id = correction.own_task(conn, desk.letterhead, held, actor, desk.clock())
        correction.correct(
            conn,
            task_id,
            actor,
            desk.clock(),
            post_id=plain(post, "帖文"),
            act=did,
            words=plain(words, "说明"),
            url=plain(url, "链接"),
        )

    return act(request, given, "correct", do, words=words, url=url, did=did)
