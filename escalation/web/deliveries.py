"""送达: the delivery log, a test button per channel, and the phone tasks to record."""

from __future__ import annotations

import secrets
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, select

from escalation import alert, audit, telephone
from escalation.channels import Channel, Message, Outcome
from escalation.channels.phone import OUTCOMES, CallOutcome, refuse
from escalation.incident.state import IllegalStep
from escalation.notice import KIND_WORDS, calls, digest, ways
from escalation.people import Role
from escalation.procedure import Channel as Way
from escalation.web.call_tasks import count_open, open_tasks
from escalation.web.delivery_log import PAGE, PROBE, STATES, Wanted, log_of, shortened, verdict, ways_of
from escalation.web.gate import Acts, NotFound, Only, Visitor, desk_of
from escalation.web.page import show

router = APIRouter()
Reader = Annotated[Visitor, Depends(Only(Role.MONITOR, Role.PUBLICITY, Role.ADMINISTRATOR))]
Tester = Annotated[Visitor, Depends(Acts(Role.MONITOR, Role.PUBLICITY, Role.ADMINISTRATOR))]
Caller = Annotated[Visitor, Depends(Acts(Role.MONITOR, Role.PUBLICITY))]
LONGEST = 300
LETTER = "【测试】风信{title}测试"
LETTER_TEXT = "【测试】这是风信的测试消息，由{name}在“送达”页发出，无须处理。\n收到即说明通知能经{title}送到您这里。\n"
SENT = "测试{title}已交出，收件人 {to}，请查收。"
ONLY_CONNECTED = "已连上并登录，未发测试消息：名册里没有您的{where}。"
WHERE = {"mail": "邮箱", "wecom_app": "企业微信账号", "sms": "手机"}
"""Channels to one person: what of the roster they need. Their test goes to the person who asks."""
SPOKEN = "测试消息已发出，请到群里查看。"
HANDED_IN = "测试消息已交给对方系统，请到该系统查看。"


@router.get("/deliveries")
def page(
    request: Request, visitor: Reader, state: str = "", channel: str = "", q: str = "", page: int = 1
) -> HTMLResponse:
    """The log, filtered by what the URL says."""
    wanted = Wanted(
        state if state in set(STATES) else "", channel[:32].replace("\x00", ""), q.replace("\x00", "").strip()[:60],
        max(1, min(page, 100_000)),
    )  # fmt: skip
    return _page(request, visitor, wanted)


def _page(
    request: Request, visitor: Visitor, wanted: Wanted, *, status: int = 200, error: str = "", call_id: int = 0,
    given: dict[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    desk = desk_of(request)
    with desk.store.read() as conn:
        log = log_of(conn, desk.school, wanted)
        ways = ways_of(conn, desk)
        tasks = open_tasks(conn, desk.school, visitor.now)
        ringing = count_open(conn, desk.school)

    def at(**changed: object) -> str:
        now = {"state": wanted.state, "channel": wanted.channel, "q": wanted.words, "page": wanted.page} | changed
        return "/deliveries?" + urlencode(
            {key: value for key, value in now.items() if value and (key, value) != ("page", 1)}
        )

    titles = {way.name: way.title for way in ways}
    return show(
        request, visitor, "deliveries.html", status=status, log=log, ways=ways, tasks=tasks, wanted=wanted, at=at,
        ringing=ringing,
        pages=max(1, (log.total + PAGE - 1) // PAGE), outcomes=OUTCOMES, error=error, call_id=call_id,
        given=given or {}, states=STATES, storm_rule=digest.LABEL, channel_titles=titles, kind_words=KIND_WORDS,
        tested=request.query_params.get("tested", ""), calls_here=visitor.has(Role.MONITOR, Role.PUBLICITY),
    )  # fmt: skip


@router.post("/deliveries/probe/{name}")
def probe(request: Request, visitor: Tester, name: str) -> Response:
    """测试: a test message to the person who asks, a test line into the group; what came of it goes into the audit
    and stands on the page."""
    desk = desk_of(request)
    channel = desk.channels.get(name)
    if channel is None:
        raise NotFound("没有这一通道，可能设置已改。请回到“送达”页。")
    outcome, told = _tried(channel, visitor)
    became, said = verdict(outcome)
    said = told if became == "good" else said
    with desk.store.write() as conn:
        audit.record(
            conn, school=desk.school, now=visitor.now, actor=visitor.actor.id, action=PROBE, subject=name,
            detail={"outcome": became, "said": said[:400]}, ip=visitor.ip,
        )  # fmt: skip
        if became == "good":
            alert.hush(conn, desk.school, f"channel:{name}", visitor.now)
    return RedirectResponse(f"/deliveries?{urlencode({'tested': name})}#ways", 303)


def _tried(channel: Channel, visitor: Visitor) -> tuple[Outcome, str]:
    """The outcome of a test and, where it is good, what exactly was done."""
    if channel.name not in WHERE:
        return channel.probe(), HANDED_IN if channel.name == Way.WEBHOOK else SPOKEN
    to = ways.contact(visitor.person, channel.name) if visitor.person else ""
    if not to:
        return channel.probe(), ONLY_CONNECTED.format(where=WHERE[channel.name])
    text = LETTER_TEXT.format(name=visitor.name, title=channel.title)
    letter = Message("", f"test-{secrets.token_hex(8)}", to, 3, LETTER.format(title=channel.title), text, None, "")
    return channel.send(letter), SENT.format(title=channel.title, to=shortened(to))


@router.post("/deliveries/calls/{call_id}")
def call(
    request: Request,
    visitor: Caller,
    call_id: int,
    outcome: Annotated[str, Form()] = "",
    remark: Annotated[str, Form()] = "",
) -> Response:
    """登记电话通知: the outcome, by a named person, once."""
    desk = desk_of(request)
    remark = remark.replace("\x00", "").strip()
    why = refuse(outcome, remark)
    if why is None and len(remark) > LONGEST:
        why = f"情况至多 {LONGEST} 字，现为 {len(remark)} 字，请删减。"
    try:
        if why is not None:
            raise IllegalStep(f"{why}未作任何更改。")
        title = OUTCOMES[CallOutcome(outcome)].title

        def record(conn: Connection) -> None:
            task = conn.execute(select(calls).where(calls.c.school == desk.school, calls.c.id == call_id)).first()
            if task is None:
                raise NotFound("没有这一电话任务。未作任何更改。")
            telephone.record_call(conn, call_id, visitor.actor, visitor.now, title, remark)

        desk.store.run(record)
    except IllegalStep as refused:
        given = {"outcome": outcome, "remark": remark[:LONGEST]}
        return _page(request, visitor, Wanted(), status=409, error=str(refused), call_id=call_id, given=given)
    return RedirectResponse("/deliveries?done=call#calls", 303)
