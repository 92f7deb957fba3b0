"""The sea wall: what every answer carries and what no request gets past. Plain ASGI, so that streams stay streams."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request

from escalation.web.gate import NotFound
from escalation.web.trouble import not_found, too_large

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(), microphone=(), camera=()"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000")
FORM_LIMIT = 256 * 1024
FILE_LIMIT = 10 * 1024 * 1024
DIGITS = 18
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FOREIGN = "请求不是从本系统页面发出，已拒绝。未作任何更改。请从通知里的链接或本系统页面重新操作。"
TOO_LARGE = "内容过大，已拒绝，未收下任何部分。表单上限 256 KB，文件上限 10 MB；请拆分后重试。"


class Wall:
    """Adds the headers, refuses forms from other sites and bodies that are too large."""

    def __init__(self, app: App, *, secure: bool) -> None:
        """Stand before `app`."""
        self._app = app
        self._headers = (*HEADERS, HSTS) if secure else HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own = self._dressed(scope, send)
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["method"] not in SAFE and foreign(given):
            await _refuse(own, 403, FOREIGN)
            return
        if no_address(str(scope["path"])):
            await not_found(Request(scope), NotFound())(scope, receive, own)
            return
        limit = FILE_LIMIT if given.get("content-type", "").startswith("multipart/") else FORM_LIMIT
        length = given.get("content-length", "0")
        if not length.isdecimal() or int(length) > limit:
            await _too_large(scope, receive, own)
            return
        bound = Bound(receive, limit)

        async def sending(message: Message) -> None:
            if not bound.over:
                await own(message)

        with suppress(BodyTooLarge):
            await self._app(scope, bound, sending)
        if bound.over:
            await _too_large(scope, receive, own)

    def _dressed(self, scope: Scope, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                named = {name.lower() for name, _ in headers}
                if b"cache-control" not in named:
                    headers.append((b"cache-control", b"no-cache" if _static(scope) else b"no-store"))
                message["headers"] = headers + [pair for pair in self._headers if pair[0] not in named]
            await send(message)

        return sending


class BodyTooLarge(Exception):
    """A body without a stated length went over the limit."""


def _static(scope: Scope) -> bool:
    return str(scope["path"]).startswith("/static/")


def no_address(path: str) -> bool:
    """Whether no page can have this address: a NUL, or a number longer than a store counts."""
    return "\x00" in path or any(part.isdecimal() and len(part) > DIGITS for part in path.split("/"))


def foreign(headers: MutableMapping[str, str]) -> bool:
    """Whether a request that changes something came from another site.

    `Sec-Fetch-Site` decides where the browser sends it. Else `Origin` must be ours; it is `null` under our own
    referrer policy, and then the form's token alone decides.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin", "null")
    return origin != "null" and urlsplit(origin).netloc != headers.get("host", "")


class Bound:
    """Receives a body up to a limit; `over` stays set, whatever the reader makes of the refusal."""

    def __init__(self, receive: Receive, limit: int) -> None:
        """Count what comes through `receive`."""
        self._receive, self._rest = receive, limit
        self.over = False

    async def __call__(self) -> Message:
        """The next part. Raises BodyTooLarge."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._rest -= len(message.get("body", b""))
            if self._rest < 0:
                self.over = True
                raise BodyTooLarge
        return message


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    await too_large(Request(scope), TOO_LARGE)(scope, receive, send)


async def _refuse(send: Send, status: int, words: str) -> None:
    body = words.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
