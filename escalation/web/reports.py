"""报告: the weekly reports, one page per week, the items behind each figure, and the signature (签发)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, func, select

from escalation import audit
from escalation.incident import incidents
from escalation.people import Role
from escalation.report import page as paper
from escalation.report.behind import PAGE, posts_behind
from escalation.report.chapters import chapter_items, hot_words
from escalation.report.chart import draw
from escalation.report.fetch import SIGN, signature, week_rows
from escalation.report.figures import Figures, Part, figures
from escalation.report.items import items
from escalation.report.rows import Signature, WeekRows
from escalation.report.trend import trend_of
from escalation.report.week import Week
from escalation.web.desk import Desk
from escalation.web.gate import Acts, NotFound, Only, Visitor, desk_of
from escalation.web.page import environment, render, show
from escalation.web.viewing import Viewed, record
from stream.account import accounts
from stream.kept import posts

router = APIRouter()
Anybody = Annotated[Visitor, Depends(Only())]
Signer = Annotated[Visitor, Depends(Acts(Role.PUBLICITY, Role.SCHOOL_LEADER))]
PURPOSE = "阅周报"
LISTED = 60
"""Weeks on the page of reports: a little more than a year."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One week in the list."""

    week: Week
    running: bool
    opened: int
    signature: Signature | None
    watched: bool


def _week(text: str) -> Week:
    try:
        return Week.parse(text)
    except ValueError as error:
        raise NotFound(str(error)) from error


def _rows(desk: Desk, week: Week) -> WeekRows:
    with desk.store.read() as conn:
        return week_rows(conn, desk.school, desk.letterhead.school_name, week)


@router.get("/reports")
def listing(request: Request, visitor: Anybody) -> HTMLResponse:
    """Every week since the first post, the newest first."""
    desk, now = desk_of(request), visitor.now
    with desk.store.read() as conn:
        active = (accounts.c.school == desk.school) & accounts.c.active
        began = conn.execute(select(func.min(accounts.c.watch_from)).where(active)).scalar()
        first = conn.execute(select(func.min(posts.c.published_at)).where(posts.c.school == desk.school)).scalar()
        week = Week.of(now)
        issues: list[Issue] = []
        since = Week.of(first) if first is not None and first < now else week
        while week >= since and len(issues) < LISTED:
            issues.append(_issue(conn, desk.school, week, now, began))
            week = week.before
    return show(request, visitor, "reports.html", issues=issues)


def _issue(conn: Connection, school: str, week: Week, now: datetime, began: datetime | None) -> Issue:
    opened = conn.execute(
        select(func.count())
        .select_from(incidents)
        .where(incidents.c.school == school, incidents.c.opened_at >= week.starts, incidents.c.opened_at < week.ends)
        .where(incidents.c.trial.is_(False), incidents.c.rehearsal.is_(False))
    ).scalar_one()
    return Issue(
        week, week.holds(now), int(opened), signature(conn, school, week), began is not None and began < week.ends
    )


@router.get("/reports/sheet.css", dependencies=[Depends(Only())])
def sheet() -> Response:
    """The style of the paper."""
    return Response((paper.HERE / "report.css").read_text("utf-8"), media_type="text/css; charset=utf-8")


@router.get("/reports/{week}")
def one(request: Request, visitor: Anybody, week: str) -> HTMLResponse:
    """One report as a paper."""
    found = _week(week)
    if found.starts > visitor.now:
        raise NotFound(f"{found} 这一周还没有开始，没有报告。请从“报告”中选择。")
    made = figures(_rows(desk_of(request), found), visitor.now)
    _note_view(request, visitor, made)
    signs = made.whole and visitor.has(Role.PUBLICITY, Role.SCHOOL_LEADER) and not made.still_signed
    bar = render(
        "report-bar.html", csrf=visitor.user.csrf, week=found, f=made, signs=signs,
        done=request.query_params.get("done"),
    )  # fmt: skip
    marks = environment().get_template("marks.svg").render()
    chart = f"/reports/{found}/trend.svg" if made.comments.value or made.trend.flags else ""
    sheets = ("/static/fengxin.css", "/static/web.css", "/reports/sheet.css")
    return HTMLResponse(paper.html(made, marks=marks, stylesheets=sheets, chart=chart, bar=bar))


def _note_view(request: Request, visitor: Visitor, made: Figures) -> None:
    """Write down that comments were shown, once an hour, where the report has words of theirs."""
    viewed: Viewed = request.app.state.viewed
    quotes = any(one.said.get("talk") for one in made.sections if one.name == hot_words.CHAPTER.name)
    if quotes and viewed.is_new(visitor.actor.id, f"report {made.week}", visitor.now):
        with desk_of(request).store.write() as conn:
            record(conn, visitor, str(made.week), PURPOSE)


@router.get("/reports/{week}/trend.svg")
def trend(request: Request, visitor: Anybody, week: str, theme: str = "day") -> Response:
    """The chart; where it cannot be drawn, 503 and the page's table stands for it."""
    rows = _rows(desk_of(request), _week(week))
    drawn = draw(trend_of(rows, visitor.now), "night" if theme == "night" else "day")
    if drawn is None:
        return Response("走势图暂不能绘出，数字见报告中的“看数据”。", 503, media_type="text/plain; charset=utf-8")
    return Response(drawn, media_type="image/svg+xml")


@router.get("/reports/{week}/items/{what:path}")
def behind(request: Request, visitor: Anybody, week: str, what: str, page: int = 1) -> HTMLResponse:
    """The items behind one figure."""
    desk, found, page = desk_of(request), _week(week), max(1, min(page, 100_000))
    rows = _rows(desk, found)
    listed = items(rows, what, visitor.now) or chapter_items(rows, what, visitor.now)
    if listed is None:
        shown: tuple[Part, ...] = ()
        if what.endswith("s-rest"):
            made = figures(rows, visitor.now)
            shown = made.platforms if what == "platforms-rest" else made.busiest
        with desk.store.read() as conn:
            listed = posts_behind(conn, desk.school, found, what, page, shown)
    if listed is None:
        raise NotFound("没有这一份清单，可能链接有误。请从周报里的数字点入。")
    pages = (listed.total + PAGE - 1) // PAGE if len(listed.lines) < listed.total else 1
    return show(request, visitor, "report-items.html", week=found, what=what, list=listed, page=page, pages=pages)


@router.post("/reports/{week}/sign")
def sign(request: Request, visitor: Signer, week: str, fingerprint: Annotated[str, Form()] = "") -> Response:
    """签发: a row of the audit with the fingerprint of exactly the figures that were on the page."""
    desk, found = desk_of(request), _week(week)
    with desk.store.write() as conn:
        made = figures(week_rows(conn, desk.school, desk.letterhead.school_name, found), visitor.now)
        fine = made.whole and made.fingerprint == fingerprint
        if fine and not made.still_signed:
            audit.record(
                conn, school=desk.school, now=visitor.now, actor=visitor.actor.id, action=SIGN, subject=str(found),
                detail={"name": visitor.name, "fingerprint": fingerprint}, ip=visitor.ip,
            )  # fmt: skip
    return RedirectResponse(f"/reports/{found}?done={'sign' if fine else 'moved' if made.whole else 'running'}", 303)
