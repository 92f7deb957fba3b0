"""值班台: the live desk and the fragments that its script fetches anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from escalation import trial
from escalation.people import Role
from escalation.web.feed import LARGE, SHOWN, Feed, feed_of
from escalation.web.gate import Acts, Only, Visitor, desk_of
from escalation.web.incident import DONE, care_shown, filter_of
from escalation.web.incident_view import case_of, find
from escalation.web.news import newest
from escalation.web.orders import read_by
from escalation.web.page import frame, home_of, render, show
from escalation.web.queue_view import VIEWS, queue_of
from escalation.web.recent import Recent
from escalation.web.rights import rights_of
from escalation.web.talk import hot_words
from escalation.web.tide import Tide, tide_of
from escalation.web.viewing import Viewed, record
from sentiment.keywords import Keyword

router = APIRouter()
OnDesk = Annotated[Visitor, Depends(Only(Role.MONITOR, Role.PUBLICITY))]
PURPOSE = "值班监听"
BAND_GOOD_FOR, FEED_GOOD_FOR, HOT_GOOD_FOR = timedelta(seconds=5), timedelta(seconds=1), timedelta(seconds=30)


@router.get("/")
def home(visitor: Annotated[Visitor, Depends(Only())]) -> Response:
    """Where this person's work is."""
    return RedirectResponse(home_of(visitor.user.roles), 303)


def gather(request: Request, visitor: Visitor) -> dict[str, Any]:
    """The queue and its filter."""
    desk, wanted = desk_of(request), filter_of(request)
    with desk.store.read() as conn:
        queue = queue_of(conn, request.app.state.frozen, desk.school, visitor.scope, wanted, visitor.now)
    return {"queue": queue, "wanted": wanted, "view_names": VIEWS, "done_words": DONE}


@router.get("/desk")
def page(
    request: Request, visitor: OnDesk, wanted: Annotated[str, Query(alias="open")] = "", large: bool = False
) -> HTMLResponse:
    """The desk."""
    desk = desk_of(request)
    note_view(request, visitor)
    with desk.store.read() as conn:
        mark = newest(conn, desk.school)
    values = gather(request, visitor)
    lines = values["queue"].lines
    with desk.store.read() as conn:
        tide, feed = band(request, visitor, conn), ticker(request, visitor, conn, large=large)
        hot = spoken(request, visitor, conn)
        row = find(conn, desk.school, visitor.scope, wanted or (lines[0].number if lines else ""))
        found = case_of(conn, request.app.state.frozen, row, visitor.now) if row is not None else None
        case = read_by(visitor, found) if found is not None else None
    rights = rights_of(row, visitor.user.roles) if row is not None else None
    return show(
        request,
        visitor,
        "desk.html",
        mark=mark,
        tide=tide,
        feed=feed,
        hot=hot,
        large=large,
        case=case,
        row=row,
        rights=rights,
        **values,
        **(care_shown(row, visitor.user.roles) if row is not None else {}),
    )


def band(request: Request, visitor: Visitor, conn: Connection) -> Tide:
    """The tide band, counted once for everybody within BAND_GOOD_FOR."""
    recent: Recent = request.app.state.recent
    school, scope, now = visitor.user.school, visitor.scope, visitor.now
    return recent.of(("tide", scope), now, BAND_GOOD_FOR, lambda: tide_of(conn, school, scope, now))


def ticker(request: Request, visitor: Visitor, conn: Connection, *, large: bool) -> Feed:
    """The ticker, read once for everybody within FEED_GOOD_FOR."""
    recent: Recent = request.app.state.recent
    school, now = visitor.user.school, visitor.now
    shown = LARGE if large else SHOWN
    return recent.of(("feed", shown), now, FEED_GOOD_FOR, lambda: feed_of(conn, school, now, shown))


def spoken(request: Request, visitor: Visitor, conn: Connection) -> list[Keyword]:
    """The hot words, read once for everybody within HOT_GOOD_FOR."""
    recent: Recent = request.app.state.recent
    school, now = visitor.user.school, visitor.now
    return recent.of(("hot", school), now, HOT_GOOD_FOR, lambda: hot_words(conn, school, now))


def note_view(request: Request, visitor: Visitor) -> None:
    """The ticker shows comment text: that is written down, too."""
    viewed: Viewed = request.app.state.viewed
    if viewed.is_new(visitor.actor.id, "desk", visitor.now):
        with desk_of(request).store.write() as conn:
            record(conn, visitor, "值班台监听", PURPOSE)


@router.get("/desk/queue")
def fragment(request: Request, visitor: OnDesk) -> HTMLResponse:
    """The rows alone."""
    return HTMLResponse(render("_queue.html", now=visitor.now, **gather(request, visitor)))


@router.get("/desk/rail")
def rail(request: Request, visitor: OnDesk) -> HTMLResponse:
    """The rail alone."""
    return HTMLResponse(render("_rail.html", now=visitor.now, **gather(request, visitor)))


@router.get("/strip")
def strip(request: Request, visitor: Annotated[Visitor, Depends(Only())]) -> HTMLResponse:
    """The watch strip and the banners alone: every page keeps them fresh."""
    return HTMLResponse(render("_strip.html", **frame(request, visitor)))


@router.get("/desk/tide")
def tide(request: Request, visitor: OnDesk) -> HTMLResponse:
    """The tide band alone."""
    desk = desk_of(request)
    with desk.store.read() as conn:
        found = band(request, visitor, conn)
    return HTMLResponse(render("_tide.html", tide=found))


@router.get("/desk/feed")
def feed(request: Request, visitor: OnDesk, large: bool = False) -> HTMLResponse:
    """The ticker alone."""
    desk = desk_of(request)
    note_view(request, visitor)
    with desk.store.read() as conn:
        heard = ticker(request, visitor, conn, large=large)
    return HTMLResponse(render("_feed.html", feed=heard, large=large))


@router.get("/desk/hot")
def hot(request: Request, visitor: OnDesk) -> HTMLResponse:
    """The hot words alone."""
    with desk_of(request).store.read() as conn:
        found = spoken(request, visitor, conn)
    return HTMLResponse(render("_hot.html", hot=found))


@router.post("/trial/end")
def end_trial(request: Request, visitor: Annotated[Visitor, Depends(Acts(Role.ADMINISTRATOR))]) -> Response:
    """结束试运行."""
    desk_of(request).store.run(lambda conn: trial.end(conn, visitor.user.school, visitor.now, visitor.actor.id))
    return RedirectResponse(f"{home_of(visitor.user.roles)}?done=trial", 303)
