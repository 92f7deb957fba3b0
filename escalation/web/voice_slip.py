"""/v/{token}: an errand of one voice on a phone, without sign-in. GET shows, POST acts; the link is one person's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, Row, select

from escalation import link, receipt
from escalation.incident import Actor, StateMoved
from escalation.incident.state import OPEN, State
from escalation.link import Link, Purpose
from escalation.notice import ERRANDS, notices
from escalation.notice.wording import NoticeView
from escalation.state_table import IllegalStep
from escalation.voice import approval, fact, hold, reading, relay
from escalation.voice.hold import hold_accounts, hold_confirmations, holds
from escalation.voice.relay import relay_persons, relays
from escalation.voice.state import OWED, RELAY, STATEMENT, HoldState, RelayState, StatementState
from escalation.voice.statement import card_of, statements
from escalation.voice.subject import read
from escalation.web.act import plain
from escalation.web.gate import Open, address_of, desk_of
from escalation.web.pace import ByLink
from escalation.web.page import bare
from escalation.web.sign import PREFETCH, Refused, Slip, read_link, refusal, slip_of
from stream.account import book
from stream.platform import platform_name

router = APIRouter()
Field = Annotated[str, Form()]
DONE = {
    "confirm": "已确认知悉，谢谢。", "approve": "已同意。", "return": "已退回起草人。", "relay": "已登记，谢谢。",
    "read": "已登记阅看。",
}  # fmt: skip


def own_slip(conn: Connection, request: Request, given: str) -> Slip:
    """The errand behind the link. Raises Refused."""
    desk = desk_of(request)
    slip = slip_of(conn, desk, read_link(desk, given, desk.clock(), Purpose.VOICE), signed_too=True)
    if slip.notice.kind not in ERRANDS:
        raise Refused("stranger")
    return slip


def subject_of(slip: Slip) -> tuple[str, int]:
    """What the errand is about, from its step: `hold:12:1` is ("hold", 12), `remind:relay:4` ("relay", 4)."""
    parts = [part for part in str(slip.notice.step).split(":") if part != "remind"]
    number = parts[1] if len(parts) > 1 and parts[1].isdecimal() else "0"
    return parts[0], int(number)


def shown(conn: Connection, slip: Slip) -> dict[str, Any]:
    """What stands on the page besides the notice's own words."""
    about, number = subject_of(slip)
    made: dict[str, Any] = {"about": "told", "version": None}
    if slip.notice.kind == "hold" and about == "hold":
        made |= _held(conn, slip, number)
    elif about == "approval":
        made |= _asked(conn, number)
    elif about in ("relay", "recall", "card", "old", "validity"):
        made |= _version(conn, slip, number)
    return made


def _held(conn: Connection, slip: Slip, hold_id: int) -> dict[str, Any]:
    row = conn.execute(select(holds).where(holds.c.id == hold_id)).first()
    if row is None:
        return {}
    newest = hold.current(conn, hold_id)
    own = (hold_accounts.c.hold_id == hold_id) & (hold_accounts.c.person_id == slip.person.id)
    known = book(conn, slip.incident.school)
    mine = [known[one] for one in conn.execute(select(hold_accounts.c.account_id).where(own)).scalars() if one in known]
    done = conn.execute(
        select(hold_confirmations.c.at)
        .where(hold_confirmations.c.hold_id == hold_id, hold_confirmations.c.n == newest.n)
        .where(hold_confirmations.c.person_id == slip.person.id)
    ).scalar()
    return {
        "about": "hold", "hold": row, "n": newest.n, "said": read(newest.subject).said(), "mine": mine,
        "confirmed_at": done, "standing": HoldState(row.state) is HoldState.STANDING,
    }  # fmt: skip


def _asked(conn: Connection, approval_id: int) -> dict[str, Any]:
    asked = conn.execute(select(approval.approvals).where(approval.approvals.c.id == approval_id)).first()
    if asked is None:
        return {}
    found = conn.execute(select(statements).where(statements.c.id == asked.statement_id)).one()
    waits = asked.decision is None and StatementState(found.state) is StatementState.REVIEW
    rests_on = [one for one in fact.facts_of(conn, found.incident_id) if one.id in found.facts]
    return {"about": "approval", "asked": asked, "version": found, "card": card_of(found.card), "waits": waits,
            "drafter": found.drafter, "facts": rests_on}  # fmt: skip


def _version(conn: Connection, slip: Slip, statement_id: int) -> dict[str, Any]:
    found = conn.execute(
        select(statements).where(statements.c.id == statement_id, statements.c.school == slip.incident.school)
    ).first()
    if found is None:
        return {}
    mine: list[tuple[Row[Any], str]] = []
    known = book(conn, slip.incident.school)
    rows = conn.execute(
        select(relays)
        .join(relay_persons, (relay_persons.c.statement_id == relays.c.statement_id)
              & (relay_persons.c.account_id == relays.c.account_id))
        .where(relays.c.statement_id == statement_id, relay_persons.c.person_id == slip.person.id)
        .order_by(relays.c.account_id)
    ).all()  # fmt: skip
    for one in rows:
        account = known.get(one.account_id)
        mine.append((one, f"{platform_name(account.platform)}“{account.name}”" if account else one.account_id))
    return {
        "about": "version", "version": found, "card": card_of(found.card), "mine": mine,
        "in_force": StatementState(found.state) is StatementState.RELEASED,
        "read_at": slip.person.id in reading.readers(conn, statement_id),
        "owed": {one.id for one, _ in mine if RelayState(one.state) in OWED},
    }  # fmt: skip


@router.get("/v/{given}", dependencies=[Depends(Open())])
def look(request: Request, given: str) -> HTMLResponse:
    """Show the errand; the first time that it is opened is noted."""
    desk = desk_of(request)
    try:
        with desk.store.read() as conn:
            slip = own_slip(conn, request, given)
    except Refused as refused:
        return refusal(request, refused)
    fetched = request.headers.get("sec-purpose", "").partition(";")[0] in PREFETCH
    if slip.notice.opened_at is None and not fetched:
        with desk.store.write() as conn:
            receipt.mark_opened(conn, slip.notice.id, desk.clock())
    return page(request, given, slip)


def page(request: Request, given: str, slip: Slip, *, error: str = "", status: int = 200) -> HTMLResponse:
    """The page."""
    with desk_of(request).store.read() as conn:
        more = shown(conn, slip)
    return bare(
        request, "voice-slip.html", status=status, slip=slip, view=NoticeView.model_validate(slip.notice.view),
        given=given, error=error, done=DONE.get(request.query_params.get("done", ""), ""),
        ended=State(slip.incident.state) not in OPEN, relay_words=RELAY.state_words,
        RelayState=RelayState, statement_words=STATEMENT.state_words, **more,
    )  # fmt: skip


def act(request: Request, given: str, done: str, do: Callable[[Connection, Slip, Actor], object]) -> Response:
    """Do one thing as the addressee, or say why not."""
    desk = desk_of(request)

    def run(conn: Connection) -> None:
        slip = own_slip(conn, request, given)
        do(conn, slip, Actor(slip.person.id, slip.person.name, frozenset(), address_of(request)))

    try:
        desk.store.run(run)
    except Refused as refused:
        return refusal(request, refused)
    except (IllegalStep, StateMoved) as refused:
        with desk.store.read() as conn:
            slip = own_slip(conn, request, given)
        return page(request, given, slip, error=str(refused), status=409)
    return RedirectResponse(f"/v/{given}?done={done}", 303)


@router.post("/v/{given}/confirm", dependencies=[Depends(ByLink())])
def confirm(request: Request, given: str) -> Response:
    """确认知悉."""

    def do(conn: Connection, slip: Slip, actor: Actor) -> None:
        about, number = subject_of(slip)
        if about != "hold":
            raise IllegalStep("这份通知没有要确认的事项。未作任何更改。")
        hold.confirm(conn, number, slip.person.id, actor, desk_of(request).clock(), "link")

    return act(request, given, "confirm", do)


@router.post("/v/{given}/decide", dependencies=[Depends(ByLink())])
def decide(request: Request, given: str, verdict: Field = "", comment: Field = "", seal: Field = "") -> Response:
    """同意, 退回."""
    desk = desk_of(request)

    def do(conn: Connection, slip: Slip, actor: Actor) -> None:
        about, number = subject_of(slip)
        if about != "approval" or verdict not in ("approve", "return"):
            raise IllegalStep("这份通知没有要审批的事项。未作任何更改。")
        approval.decide(
            conn, desk.letterhead, number, actor, desk.clock(), approve=verdict == "approve",
            comment=plain(comment, "意见"), seal=seal, via="link",
        )  # fmt: skip

    return act(request, given, "return" if verdict == "return" else "approve", do)


@router.post("/v/{given}/read", dependencies=[Depends(ByLink())])
def mark_read(request: Request, given: str) -> Response:
    """已阅看口径卡."""

    def do(conn: Connection, slip: Slip, actor: Actor) -> None:
        about, number = subject_of(slip)
        if about not in ("relay", "card", "recall"):
            raise IllegalStep("这份通知没有口径卡。未作任何更改。")
        reading.mark(conn, number, actor, desk_of(request).clock(), "link")

    return act(request, given, "read", do)


@router.post("/v/{given}/relays/{relay_id}", dependencies=[Depends(ByLink())])
def relayed(request: Request, given: str, relay_id: int, url: Field = "") -> Response:
    """登记转发, 登记撤下."""

    def do(conn: Connection, slip: Slip, actor: Actor) -> None:
        _, number = subject_of(slip)
        own = (relays.c.id == relay_id) & (relays.c.statement_id == number)
        if conn.execute(select(relays.c.id).where(own)).first() is None:
            raise IllegalStep("没有这一转发任务。未作任何更改。")
        relay.register(conn, relay_id, slip.person.id, actor, desk_of(request).clock(), plain(url, "转发链接"), "link")

    return act(request, given, "relay", do)


def path_of(key: bytes, notice: Row[Any], expires_at: Any) -> str:
    """A fresh link to an errand, for its addressee's own list."""
    return f"/v/{link.token(key, Purpose.VOICE, Link(notice.id, notice.addressee, expires_at))}"


def waiting(conn: Connection, school: str, person_id: str) -> list[Row[Any]]:
    """The errands of a person that still wait: a hold to confirm, a version to approve, a relay to do."""
    rows = conn.execute(
        select(notices)
        .where(notices.c.school == school, notices.c.addressee == person_id, notices.c.kind.in_(sorted(ERRANDS)))
        .where(notices.c.step.not_like("remind:%"))
        .order_by(notices.c.id.desc())
        .limit(200)
    ).all()
    return [row for row in rows if waits(conn, row)]


def waits(conn: Connection, row: Row[Any]) -> bool:
    """Whether what an errand of this family asks for is still to be done by its addressee."""
    about, _, rest = str(row.step).partition(":")
    number = rest.partition(":")[0]
    if not number.isdecimal():
        return False
    if about == "hold":
        held = conn.execute(select(holds.c.state).where(holds.c.id == int(number))).scalar()
        newest = hold.current(conn, int(number)).n
        done = conn.execute(
            select(hold_confirmations.c.at)
            .where(hold_confirmations.c.hold_id == int(number), hold_confirmations.c.n == newest)
            .where(hold_confirmations.c.person_id == row.addressee)
        ).first()
        return held == HoldState.STANDING and done is None and rest == f"{number}:{newest}"
    if about == "approval":
        asked = conn.execute(
            select(approval.approvals.c.decision, statements.c.state)
            .join(statements, statements.c.id == approval.approvals.c.statement_id)
            .where(approval.approvals.c.id == int(number))
        ).first()
        return asked is not None and asked.decision is None and asked.state == StatementState.REVIEW
    if about in ("relay", "recall"):
        wanted = [RelayState.RECALLED] if about == "recall" else [RelayState.WAITING, RelayState.OVERDUE]
        return conn.execute(
            select(relays.c.id)
            .join(relay_persons, (relay_persons.c.statement_id == relays.c.statement_id)
                  & (relay_persons.c.account_id == relays.c.account_id))
            .where(relays.c.statement_id == int(number), relay_persons.c.person_id == row.addressee)
            .where(relays.c.state.in_(wanted))
            .limit(1)
        ).first() is not None  # fmt: skip
    return False
