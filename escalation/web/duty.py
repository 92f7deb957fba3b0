"""值守: the rota by month, its import, single shifts, leave with a substitute. What is refused changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from escalation import people
from escalation.clock_words import SHANGHAI
from escalation.duty import (
    arrangement,
    calendar,
    coverage,
    departing,
    handover,
    handover_opening,
    leave,
    rota,
    rota_file,
    rota_template,
)
from escalation.duty.absence import ABSENCE_WORDS
from escalation.duty.calendar import SpecialDay
from escalation.duty.coverage import Turn
from escalation.duty.rota_file import Problem
from escalation.people import Role
from escalation.procedure.desk_duty import DeskDuty
from escalation.state_table import IllegalStep
from escalation.web import duty_view
from escalation.web.gate import Acts, Only, Visitor, desk_of
from escalation.web.leads import XLSX
from escalation.web.page import show

router = APIRouter()
KEEPERS = (Role.ADMINISTRATOR, Role.PUBLICITY)
Anybody = Annotated[Visitor, Depends(Only())]
Someone = Annotated[Visitor, Depends(Acts())]
Keeper = Annotated[Visitor, Depends(Acts(*KEEPERS))]
Field = Annotated[str, Form()]
SHOWN = 200
YEARS = range(2000, 2101)
DONE = {
    "import": "值班表已导入。",
    "shift": "已加一班。",
    "removed": "已删去一班。",
    "given": "已换班。",
    "day": "已登记。已排的班次不变，按工作日、休息日轮值的请重新导入。",
    "undated": "已撤销本校登记，改依放假安排或星期。已排的班次不变。",
    "leave": "已登记。这段时间的通知将发给代理人，两人的姓名都会写明。",
    "alone": "已登记。没有代理人，届时通知仍发本人，请尽快指定代理人。",
    "back": "已销假。",
    "left": "已登记离任。",
    "unleft": "已撤销离任；登录权限在名册重新录入后恢复。",
    "taken": "已接班。",
    "written": "交接单已写好，请接班人阅读后接班。",
}
BLANK = dict.fromkeys(("person", "starts", "ends", "leads", "kind", "substitute", "note", "day", "what", "name"), "")
NO_FILE = "没有选择文件。请选择按模板填写的 .xlsx 文件。"


def duty_of(request: Request) -> DeskDuty:
    """What the school's pack says of the duty desk."""
    return desk_of(request).ground.pack.desk


@router.get("/duty")
def page(request: Request, visitor: Anybody, month: str = "") -> HTMLResponse:
    """The page, of this month or of `2026-12`."""
    return show_page(request, visitor, month=month)


def show_page(
    request: Request, visitor: Visitor, *, month: str = "", status: int = 200, error: str = "", part: str = "",
    problems: Sequence[Problem] = (), given: Mapping[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    """The page with what is wrong on top, and what was typed kept."""
    desk, now = desk_of(request), visitor.now
    with desk.store.read() as conn:
        first = _first(month, now)
        values: dict[str, Any] = {
            "month": duty_view.month_of(conn, desk.school, first, now),
            "away": duty_view.away_list(conn, desk.school, visitor.user.person_id, now),
            "gaps": coverage.holes_ahead(conn, desk.school, now),
            "lead_gaps": rota.leads_missing(conn, desk.school, now),
            "scheduled": rota.scheduled(conn, desk.school),
            "staff": [one for one in people.everyone(conn, desk.school) if one.active],
            "edition": rota.newest(conn, desk.school),
            "turn": handover.current(conn, desk.school, now),
        }
    return show(
        request, visitor, "duty.html", status=status, error=error, part=part, problems=problems[:SHOWN],
        more=max(0, len(problems) - SHOWN), of_shift=BLANK | (dict(given or {}) if part == "shift" else {}),
        of_leave=BLANK | (dict(given or {}) if part == "leave" else {}),
        of_day=BLANK | (dict(given or {}) if part == "days" else {}), arranged=arrangement, keeps=visitor.has(*KEEPERS),
        rule=duty_of(request), kinds=ABSENCE_WORDS, done_words=DONE, **values,
    )  # fmt: skip


def _first(month: str, now: datetime) -> date:
    this = now.astimezone(SHANGHAI).date().replace(day=1)
    try:
        asked = datetime.strptime(month[:7], "%Y-%m").date()  # noqa: DTZ007 (a month of the calendar)
    except ValueError:
        return this
    return asked if asked.year in YEARS else this


def moment_of(text: str, what: str) -> datetime:
    """A time as a form gives it (`2026-11-21T08:00`), Beijing. Raises IllegalStep."""
    try:
        at = datetime.fromisoformat(text.strip()[:16])
        if at.year not in YEARS:
            raise ValueError(at.year)
    except ValueError:
        raise IllegalStep(f"请填写{what}，如 2026-11-21 08:00。未作任何更改。") from None
    return at.replace(tzinfo=SHANGHAI).astimezone(UTC)


def day_of(text: str) -> date:
    """A day as a form gives it (`2027-01-01`). Raises IllegalStep."""
    try:
        day = date.fromisoformat(text.strip())
        if day.year not in YEARS:
            raise ValueError(day.year)
    except ValueError:
        raise IllegalStep("请填写日期，如 2027-01-01。未作任何更改。") from None
    return day


def do(
    request: Request, visitor: Visitor, part: str, done: str, act: Callable[[Connection], object], **given: str
) -> Response:
    """Do one thing, or show the page with why not."""
    try:
        desk_of(request).store.run(act)
    except IllegalStep as refused:
        return show_page(request, visitor, status=409, error=str(refused), part=part, given=given)
    return RedirectResponse(f"/duty?done={done}#{part}", 303)


def change(
    request: Request, visitor: Visitor, part: str, done: str, act: Callable[[Connection], object], **given: str
) -> Response:
    """Change the rota; the open hand-over follows it at once (the notify role would do it within half a minute)."""
    desk = desk_of(request)

    def both(conn: Connection) -> None:
        act(conn)
        handover_opening.open_due(conn, desk.school, duty_of(request), visitor.now)

    return do(request, visitor, part, done, both, **given)


@router.get("/duty/template.xlsx", dependencies=[Depends(Only(*KEEPERS))])
def template() -> Response:
    """The xlsx to fill in."""
    name = "attachment; filename=\"rota.xlsx\"; filename*=UTF-8''%E5%80%BC%E7%8F%AD%E8%A1%A8%E6%A8%A1%E6%9D%BF.xlsx"
    return Response(rota_template.template(), media_type=XLSX, headers={"content-disposition": name})


@router.post("/duty/import")
def take_file(request: Request, visitor: Keeper, file: UploadFile | None = None) -> Response:
    """Take a rota whole, or say of every row what is wrong."""
    if file is None or not file.filename:
        return show_page(request, visitor, status=422, part="import", error=NO_FILE)
    desk, name, body = desk_of(request), file.filename.replace("\\", "/").rpartition("/")[2][:80], file.file.read()
    with desk.store.read() as conn:
        known = {one.id for one in people.everyone(conn, desk.school) if one.active}
        special = calendar.read(conn, desk.school)
    plan, problems = rota_file.read(body, known, special)
    if problems:
        return show_page(request, visitor, status=422, part="import", problems=problems)
    return change(
        request, visitor, "import", "import",
        lambda conn: rota.save(
            conn, desk.school, duty_of(request), visitor.actor, visitor.now, plan, name, rota_file.digest(plan)
        ),
    )  # fmt: skip


@router.post("/duty/shifts")
def add_shift(
    request: Request, visitor: Keeper, person: Field = "", starts: Field = "", ends: Field = "", leads: Field = ""
) -> Response:
    """加一班."""

    def act(conn: Connection) -> None:
        turn = Turn(person, moment_of(starts, "开始"), moment_of(ends, "结束"), bool(leads))
        rota.add(conn, desk_of(request).school, visitor.actor, visitor.now, turn)

    return change(request, visitor, "shift", "shift", act, person=person, starts=starts, ends=ends, leads=leads)


@router.post("/duty/shifts/{shift_id}")
def change_shift(request: Request, visitor: Keeper, shift_id: int, what: Field = "", person: Field = "") -> Response:
    """换班 or 删班."""
    school, rule = desk_of(request).school, duty_of(request)

    def act(conn: Connection) -> None:
        if what == "remove":
            rota.remove(conn, school, rule, visitor.actor, visitor.now, shift_id)
        else:
            rota.give(conn, school, rule, visitor.actor, visitor.now, shift_id, person)

    return change(request, visitor, "month", "removed" if what == "remove" else "given", act)


@router.post("/duty/days")
def change_day(request: Request, visitor: Keeper, what: Field = "", day: Field = "", name: Field = "") -> Response:
    """登记 a holiday (`off`) or a swapped working day (`on`), or take back what was entered (`forget`)."""
    school, said = desk_of(request).school, name.replace("\x00", "").strip()

    def act(conn: Connection) -> None:
        on = day_of(day)
        if what == "forget":
            rota.unset_day(conn, school, visitor.actor, visitor.now, on)
        elif what in ("on", "off"):
            rota.set_day(conn, school, visitor.actor, visitor.now, SpecialDay(on, what == "on", said))
        else:
            raise IllegalStep("请选择放假或上班。未作任何更改。")

    done = "undated" if what == "forget" else "day"
    return do(request, visitor, "days", done, act, day=day, what=what, name=name)


@router.post("/duty/leave")
def enter_leave(
    request: Request, visitor: Someone, person: Field = "", kind: Field = "", starts: Field = "", ends: Field = "",
    substitute: Field = "", note: Field = "",
) -> Response:  # fmt: skip
    """请假 or 出差, with a substitute."""
    desk = desk_of(request)

    def act(conn: Connection) -> None:
        leave.enter(
            conn, desk.school, visitor.actor, visitor.now, person or visitor.actor.id, kind,
            moment_of(starts, "开始"), moment_of(ends, "结束"), substitute, note.replace("\x00", "").strip(),
        )  # fmt: skip

    answer = do(
        request, visitor, "leave", "leave" if substitute else "alone", act, person=person, kind=kind, starts=starts,
        ends=ends, substitute=substitute, note=note,
    )  # fmt: skip
    if answer.status_code == 303:
        _effect(request, visitor)
    return answer


def _effect(request: Request, visitor: Visitor) -> None:
    """What was entered for now takes effect at once; the notify role would do it within half a minute."""
    desk = desk_of(request)
    desk.store.run(lambda conn: departing.take_effect(conn, desk.letterhead, visitor.now))


@router.post("/duty/leave/{absence_id}/end")
def end_leave(request: Request, visitor: Someone, absence_id: int) -> Response:
    """销假."""
    school = desk_of(request).school
    return do(
        request, visitor, "leave", "back",
        lambda conn: leave.cancel(conn, school, visitor.actor, visitor.now, absence_id),
    )  # fmt: skip
