"""Signing in and out, and the person's own theme."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import update

from escalation import user
from escalation.user import Entry, users
from escalation.web.gate import Acts, NotSignedIn, Open, Visitor, address_of, cookie_name, desk_of, visitor_of
from escalation.web.pace import paces_of
from escalation.web.page import bare, home_of

router = APIRouter()
THEMES = frozenset({"auto", "day", "night"})
SENTENCES = {
    Entry.WRONG: "登录名或口令不对，请重试。连续 5 次不对将锁定 15 分钟。",
    Entry.LOCKED: "该登录名因连续输错已锁定 15 分钟。请稍后再试，或请系统管理员重设口令。",
}
TOO_MANY = "此处尝试过于频繁：同一地址每分钟至多 {most} 次，请 {wait} 秒后再试。"


def own_path(wanted: str) -> str:
    """A path of this site, or nothing: never an address elsewhere."""
    fine = (
        wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable() and "\\" not in wanted
    )
    return wanted if fine else ""


@router.get("/sign-in", dependencies=[Depends(Open())])
def ask(request: Request, wanted: Annotated[str, Query(alias="next")] = "") -> Response:
    """The sign-in page."""
    try:
        visitor = visitor_of(request)
    except NotSignedIn:
        return bare(request, "sign-in.html", wanted=own_path(wanted), error="", given="")
    return RedirectResponse(own_path(wanted) or home_of(visitor.user.roles), 303)


@router.post("/sign-in", dependencies=[Depends(Open())])
def enter(
    request: Request,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    wanted: Annotated[str, Form(alias="next")] = "",
) -> Response:
    """Sign in; the answer to a wrong name and to a wrong password is the same."""
    desk, ip = desk_of(request), address_of(request)
    now, name = desk.clock(), name.strip()
    pace = paces_of(request).sign_in
    if wait := pace.wait(ip, now):
        answer = _again(request, TOO_MANY.format(most=pace.most, wait=wait), name, wanted, 429)
        answer.headers["Retry-After"] = str(wait)
        return answer
    if not name or len(name) > 64 or "\x00" in name or len(password) > 128:
        return _again(request, SENTENCES[Entry.WRONG], name[:64], wanted, 401)
    became, token = user.enter(desk.store, desk.school, name, password, now, ip, request.app.state.strangers)
    if became is not Entry.WELCOME:
        return _again(request, SENTENCES[became], name, wanted, 401)
    with desk.store.read() as conn:
        found = user.recognise(conn, token, now)
    home = home_of(found.roles) if found else "/me"
    welcome = RedirectResponse(own_path(wanted) or home, 303)
    welcome.set_cookie(
        cookie_name(desk), token, max_age=math.floor(user.SESSION_LIVES.total_seconds()), path="/",
        secure=desk.secure_cookies, httponly=True, samesite="lax",
    )  # fmt: skip
    return welcome


def _again(request: Request, error: str, name: str, wanted: str, status: int) -> HTMLResponse:
    return bare(request, "sign-in.html", status=status, wanted=own_path(wanted), error=error, given=name)


@router.post("/sign-out")
def leave(request: Request, visitor: Annotated[Visitor, Depends(Acts())]) -> Response:
    """Sign out."""
    desk = desk_of(request)
    with desk.store.write() as conn:
        user.leave(conn, visitor.token)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(cookie_name(desk), path="/", secure=desk.secure_cookies, httponly=True, samesite="lax")
    return answer


@router.post("/me/theme")
def set_theme(
    request: Request,
    visitor: Annotated[Visitor, Depends(Acts())],
    theme: Annotated[str, Form()] = "auto",
    back: Annotated[str, Form()] = "/me",
) -> Response:
    """跟随系统 · 昼 · 夜."""
    if theme in THEMES:
        with desk_of(request).store.write() as conn:
            conn.execute(
                update(users)
                .where(users.c.school == visitor.user.school, users.c.name == visitor.user.name)
                .values(theme=theme)
            )
    return RedirectResponse(own_path(back) or "/me", 303)
