"""When something cannot be done: a page that says what failed, what is safe and what to do. Never a stack trace."""

from __future__ import annotations

import logging
import secrets
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from escalation.state_table import IllegalStep
from escalation.web.gate import NotAllowed, NotFound, NotSignedIn, Visitor, visitor_of
from escalation.web.pace import TooOften
from escalation.web.page import bare, show
from stream.store import StoreUnavailable

LOGGER = logging.getLogger(__name__)
TITLES = {
    400: "请求有误", 401: "尚未登录", 403: "不能查看或操作", 404: "没有找到", 405: "不能这样操作", 409: "未作更改",
    413: "内容过大", 422: "填写有误", 429: "过于频繁", 500: "页面出错", 503: "存储暂不可用",
}  # fmt: skip
EXPIRED = "登录已过期，未作任何更改。请重新登录；填写的文字留在本标签页，回到原页后会填回。"
CURES = {
    413: "请返回原页，分几次提交；值班台各页上填写的文字会填回。",
    429: "不是您所为的，请告诉系统管理员。值班台各页上填写的文字会填回。",
    403: "如认为有误，请联系系统管理员。",
    404: "请核对地址，或从导航重新进入。",
    405: "请从页面上的按钮操作。",
    422: "请返回原页检查后再试。未作任何更改。",
    500: "采集、研判与通知不受影响，数据未丢失。请重试；仍不行请把下面的编号告诉管理员。",
    503: "采集会继续并在恢复后补判，未丢失；请 10 秒后重试。仍不行请把下面的编号告诉管理员，由其检查数据库与磁盘。",
}


def back_of(path: str) -> str:
    """The page on which the form of this address stands."""
    parts = path.strip("/").split("/")
    if parts[0] == "incidents" and len(parts) > 1:
        return f"/incidents/{parts[1]}"
    return f"/{parts[0]}" if parts[0] in ("leads", "accounts", "deliveries", "me") else "/"


def page(request: Request, status: int, words: str, code: str = "", *, back: str = "", sign_in: str = "") -> Response:
    """One error as a page, or as JSON where a script asked. `back`, `sign_in`: where to go, at once or after it."""
    title, cure = TITLES.get(status, "未能完成"), _cure(status, words)
    if not _wants_page(request):
        return JSONResponse({"error": title, "words": words, "cure": cure, "code": code}, status)
    return bare(
        request, "error.html", status=status, title=title, words=words, cure=cure, code=code, back=back,
        sign_in=sign_in,
    )  # fmt: skip


def not_signed_in(request: Request, _: Exception) -> Response:
    """To the sign-in page and back; a script or a form is told 401."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method != "GET":
        return page(request, 401, EXPIRED, sign_in=back_of(request.url.path))
    if request.headers.get("x-fragment") or request.headers.get("accept") == "text/event-stream":
        return JSONResponse({"error": "登录已过期，请重新登录。"}, 401)
    return RedirectResponse(f"/sign-in?next={quote(wanted, safe='/')}" if wanted != "/" else "/sign-in", 303)


def not_allowed(request: Request, error: Exception) -> Response:
    """403 with the sentence; who is signed in and asked for a page keeps the frame with the menu, to go on from it."""
    visitor = _visitor(request) if request.method == "GET" and _wants_page(request) else None
    if visitor is None:
        return page(request, 403, str(error))
    return show(
        request, visitor, "closed.html", status=403, title=TITLES[403], words=str(error), cure=_cure(403, str(error))
    )


def _visitor(request: Request) -> Visitor | None:
    """Who is signed in; None where nobody is, or the store does not answer just now."""
    try:
        return visitor_of(request)
    except (NotSignedIn, StoreUnavailable):
        return None


def _wants_page(request: Request) -> bool:
    return not request.headers.get("x-fragment") and "text/html" in request.headers.get("accept", "text/html,*/*")


def _cure(status: int, words: str) -> str:
    """What to do about it, unless the sentence says so already."""
    cure = CURES.get(status, "")
    return "" if cure.startswith("如认为有误") and "请联系" in words else cure


def not_found(request: Request, error: Exception) -> Response:
    """404 with the sentence."""
    return page(request, 404, str(error) or "没有这一页。")


def spoken(request: Request, error: Exception) -> Response:
    """What the framework refuses."""
    status = error.status_code if isinstance(error, HTTPException) else 422
    words = {404: "没有这一页。", 405: "这个地址不接受这种操作。"}.get(status, "填写的内容读不懂。")
    return page(request, status, words)


def refused(request: Request, error: Exception) -> Response:
    """409 with the sentence, where a page does not show it itself."""
    return page(request, 409, str(error), back=back_of(request.url.path))


def away(request: Request, error: Exception) -> Response:
    """The store cannot be reached: its own words are for the log, the page shows their number."""
    code = logged(request, error)
    return page(request, 503, "值班台此刻读不到存储里的数据，这一页没有取到。", code)


def unforeseen(request: Request, error: Exception) -> Response:
    """Anything else: logged under a number that the page shows."""
    return page(request, 500, "这一页没有取到。", logged(request, error))


def too_often(request: Request, error: Exception) -> Response:
    """429 with the sentence, and in `Retry-After` after how many seconds to try again."""
    answer = page(request, 429, str(error), back=back_of(request.url.path))
    answer.headers["Retry-After"] = str(error.wait if isinstance(error, TooOften) else 60)
    return answer


def too_large(request: Request, words: str) -> Response:
    """413 with the way back to the form."""
    return page(request, 413, words, back=back_of(request.url.path))


def logged(request: Request, error: Exception) -> str:
    """Write an error into the log under a number, which is all that a page says of it."""
    code = f"E-{secrets.token_hex(3)}"
    LOGGER.error("页面出错 %s %s", code, request.url.path.split("/")[1][:20], exc_info=error)
    return code


def install(app: FastAPI) -> None:
    """Give the application its error pages."""
    app.add_exception_handler(NotSignedIn, not_signed_in)
    app.add_exception_handler(NotAllowed, not_allowed)
    app.add_exception_handler(NotFound, not_found)
    app.add_exception_handler(TooOften, too_often)
    app.add_exception_handler(HTTPException, spoken)
    app.add_exception_handler(RequestValidationError, spoken)
    app.add_exception_handler(IllegalStep, refused)
    app.add_exception_handler(StoreUnavailable, away)
    app.add_exception_handler(Exception, unforeseen)
