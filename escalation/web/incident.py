"""事件: the list with filters in the URL, the workspace of one incident, and its peek."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection, Row, select

from escalation import care, link, people
from escalation.channels.phone import OUTCOMES
from escalation.concerned import kind_of, unit_of
from escalation.handling import FalseAlarm
from escalation.incident import incidents
from escalation.incident.state import OPEN, State
from escalation.link import Link, Purpose
from escalation.notice import NoticeKind, notices
from escalation.people import Role
from escalation.place import ROUTED, is_unplaced
from escalation.web import measure_view, task_view
from escalation.web.bulletin_view import next_words, sent_of
from escalation.web.cycle_view import cycle_of
from escalation.web.gate import NotFound, Told, Visitor, desk_of
from escalation.web.heard import heard
from escalation.web.incident_view import MEMBERS_ALL, MEMBERS_SHOWN, Case, Member, case_of, find, members_of
from escalation.web.matters_view import matters_of
from escalation.web.news import newest
from escalation.web.nudge import nudged
from escalation.web.orders import read_by
from escalation.web.page import frame, render, show
from escalation.web.queue_view import VIEWS, Filter, queue_of
from escalation.web.receipts import notice_ids
from escalation.web.rights import rights_of
from escalation.web.sign import KEEPER_LIVES
from escalation.web.talk import talk_of
from escalation.web.verdict_view import LEVEL_CAUSES, said_of
from escalation.web.viewing import Viewed, record
from escalation.web.voice_view import voice_of

router = APIRouter()
READERS = (Role.MONITOR, Role.PUBLICITY, Role.SCHOOL_LEADER, Role.UNIT_LEADER, Role.KEEPER, Role.CARE)
Reader = Annotated[Visitor, Depends(Told(*READERS))]
PURPOSE = "研判处置"
DONE: Mapping[str, str] = {
    "circumstance": "情形已补充，由此应当通知的人员已通知。",
    "opened": "已立为事件，已按规程通知。",
    "joined": "已并入这一事件。",
    "confirm": "已确认研判。",
    "dismiss": "已记为误报，时限已停。尚未发出的通知已撤回；收到过通知的人员另行告知，见日志。",
    "assign": "已交办，已通知承办单位负责人。",
    "concerned": "涉事单位已更正，记入日志和审计，周报随之改写。尚未通知该单位；要通知的，请在“交办”中交办给它。",
    "note": "已记入日志。",
    "remind": "已催签。",
    "close": "已销号，时限已停。",
    "reopen": "已重新打开，已通知首报人员。",
    "call": "已登记电话结果。",
    "again": "已生成再拨任务。",
    "settle": "已代为了结，该通知仍显示未签。",
    "duty": "已登记办结，这一时限已停。",
    "no_answer": "已记录不公开回应的决定。",
    "watch": "已转入复燃观察。",
    "rekindle": "已恢复处置，时限重新起算，已通知原告知人员。",
    "level": "已改变级别，时限已按新级别重算。",
    "renew": "已改用现行规程，新增人员已通知。",
    "archive": "已归档，全部记录已封存。",
    "merge": "已并入，通知、时限已随同转入，今后同类原文归并入后的事件。",
    "unmerge": "已撤销并入，原有通知、时限已退回，今后同类原文仍归原事件。",
    "split": "已拆出为本事件，通知已按原所存规程写就；静默时段内的届时发出，见“签收”。",
    "follow": "已另立接续事件，已按现行规程通知。",
    "recap": "已保存复盘。",
    "measure": "已提请，等待另一人决定。",
    "measure_step": "已办理，记入日志和审计。",
    "verdict": "已保存研判结论。级别、状态和时限不变。",
    "task": "已布置任务，已告知办理人。",
    "task_confirm": "已确认任务办结。",
    "task_return": "已退回，已告知办理人，重新计时。",
    "task_withdraw": "已撤销任务，提醒已停。",
    "task_answer": "已代为登记答复。",
}
COURSE = ("监测", "研判", "报告", "处置", "反馈", "复盘", "归档")
REACHED = {
    "triaged": 1, "notified": 2, "acknowledged": 3, "assessing": 3, "handling": 3, "referred": 3, "responded": 4,
    "watching": 5, "closed": 6, "archived": 7, "false_alarm": 7, "merged": 7,
}  # fmt: skip
"""How far each state is on the course JY 13 to 15 names (监测 研判 报告 处置 反馈) and on our 复盘 归档."""


def filter_of(request: Request, view: str = "open") -> Filter:
    """The filter that stands in the URL."""
    given = request.query_params
    level = given.get("level", "")
    return Filter(
        view=given.get("view", view) if given.get("view", view) in VIEWS else view,
        level=int(level) if level in ("1", "2", "3", "4") else 0,
        unit=given.get("unit", "")[:100].replace("\x00", ""),
        platform=given.get("platform", "")[:32].replace("\x00", ""),
        words=given.get("q", "")[:60].strip().replace("\x00", ""),
    )


@router.get("/incidents")
def catalogue(request: Request, visitor: Reader) -> HTMLResponse:
    """The list."""
    desk, wanted = desk_of(request), filter_of(request, "all")
    with desk.store.read() as conn:
        queue = queue_of(conn, request.app.state.frozen, desk.school, visitor.scope, wanted, visitor.now)
    return show(request, visitor, "incidents.html", queue=queue, wanted=wanted, view_names=VIEWS)


def row_of(request: Request, visitor: Visitor, number: str) -> Row[Any]:
    """The incident. Raises NotFound where it does not exist for this person."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        row = find(conn, desk.school, visitor.scope, number) if number.isprintable() else None
    if row is None:
        raise NotFound(f"没有编号为 {number[:32]} 的事件，或它不在您的查看范围内。")
    return row


@router.get("/incidents/{number}")
def workspace(request: Request, visitor: Reader, number: str) -> HTMLResponse:
    """The workspace of one incident."""
    return page(request, visitor, row_of(request, visitor, number))


def page(
    request: Request, visitor: Visitor, row: Row[Any], *, error: str = "", status: int = 200,
    given: Mapping[str, str] | None = None, revealed: bool = False,
) -> HTMLResponse:  # fmt: skip
    """The workspace, with a sentence on top where an act was refused."""
    desk = desk_of(request)
    folded = bool(row.care) and not revealed
    note_view(request, visitor, row)
    with desk.store.read() as conn:
        mark = newest(conn, desk.school)
        row = conn.execute(select(incidents).where(incidents.c.id == row.id)).one()
        case = read_by(visitor, case_of(conn, request.app.state.frozen, row, visitor.now))
        most = MEMBERS_ALL if request.query_params.get("all") else MEMBERS_SHOWN
        found: list[Member] = members_of(conn, row, revealed=revealed, limit=most)
        units = people.units(conn, desk.school)
        leads = people.leads(conn, desk.school, visitor.actor.id, visitor.now)
        handed = _handed(conn, row, visitor.actor.id)
        cycle = cycle_of(conn, row, visitor, desk.ground)
        errands = task_view.block(conn, row, visitor.actor, visitor.now, units)
        matters = matters_of(conn, row)
        voice = voice_of(conn, row, visitor.now, whole=False)
        sent, next_kinds = sent_of(conn, row), next_words(conn, row, visitor.user.roles)
        steps = measure_view.block(conn, row, visitor.actor)
        cared = not row.care or row.id in care.reached(conn, [row.id])
        just_now, talk = nudged(conn, row.id, visitor.now), talk_of(conn, row)
        said = said_of(conn, row, visitor.user.roles)
    return show(
        request, visitor, "incident.html", status=status, mark=mark, case=case, row=row, members=found, folded=folded,
        rights=rights_of(row, visitor.user.roles, leads=leads), units=units, handed=handed, error=error,
        given=given or {}, notice_done=DONE,
        false_alarms=list(FalseAlarm), outcomes=OUTCOMES, course=care.COURSE if row.care else COURSE,
        reached=_reached(row, cared=cared), **care_shown(row, visitor.user.roles),
        keeper_link=_keeper_link(request, visitor, case), unplaced=is_unplaced(row.frozen.get("account", {})),
        routed=ROUTED, unit_kind=kind_of(row), unit_shown=unit_of(row), cycle=cycle, matters=matters, voice=voice,
        sent=sent, next_kinds=next_kinds, nudged=just_now, said=said, level_causes=LEVEL_CAUSES, talk=talk,
        heard=heard([one.hits for one in found]),
        **errands, **steps,
    )  # fmt: skip


def _handed(conn: Connection, row: Row[Any], person_id: str) -> str:
    """With which words the matter was handed to this person, empty where it was not."""
    found = conn.execute(
        select(notices.c.reason)
        .where(notices.c.incident_id == row.id, notices.c.addressee == person_id)
        .where(notices.c.kind == NoticeKind.ASSIGNED)
        .order_by(notices.c.id.desc())
        .limit(1)
    ).scalar()
    return str(found or "")


def _reached(row: Row[Any], *, cared: bool) -> int:
    """How far the course went; a care case whose care role nobody has reached is still being handed over (转介)."""
    there = REACHED[row.state]
    return there if cared or State(row.state) not in OPEN else min(there, 2)


def care_shown(row: Row[Any], roles: Collection[Role]) -> dict[str, Any]:
    """Whom the banner of a care case sends the reader to: the care offices; their own people go to work themselves."""
    if not row.care:
        return {"care_offices": "", "to_care": False}
    return {"care_offices": "、".join(care.offices(row.frozen)), "to_care": Role.CARE in roles}


def note_view(request: Request, visitor: Visitor, row: Row[Any]) -> None:
    """Write down that text was shown, once an hour; a care case is written down when it is unfolded."""
    viewed: Viewed = request.app.state.viewed
    if not row.care and viewed.is_new(visitor.actor.id, row.number, visitor.now):
        with desk_of(request).store.write() as conn:
            record(conn, visitor, row.number, PURPOSE)


def _keeper_link(request: Request, visitor: Visitor, case: Case) -> str:
    """The keeper's own page, for a keeper of this account who was told of it and has signed."""
    desk = desk_of(request)
    own = visitor.user.person_id
    signed = next((r for r in case.receipts if r.person_id == own and r.signed == "seal"), None)
    if signed is None or Role.KEEPER not in visitor.user.roles or own not in case.keeper_ids:
        return ""
    with desk.store.read() as conn:
        ids = notice_ids(conn, case.row.id, own)
    if not ids:
        return ""
    made = Link(ids[0], own, visitor.now + KEEPER_LIVES)
    return f"/k/{link.token(desk.letterhead.link_key, Purpose.KEEPER, made)}"


@router.get("/incidents/{number}/peek")
def peek(request: Request, visitor: Reader, number: str) -> HTMLResponse:
    """The pane of the desk: a fragment for the script, a page for a phone."""
    desk, row = desk_of(request), row_of(request, visitor, number)
    with desk.store.read() as conn:
        case = read_by(visitor, case_of(conn, request.app.state.frozen, row, visitor.now))
        just_now = nudged(conn, row.id, visitor.now)
    values = {"nudged": just_now, "case": case, "row": row, "rights": rights_of(row, visitor.user.roles)}
    values |= care_shown(row, visitor.user.roles)
    if request.headers.get("x-fragment"):
        return HTMLResponse(render("_peek.html", csrf=visitor.user.csrf, now=visitor.now, **values))
    return HTMLResponse(render("peek.html", **frame(request, visitor), **values))
