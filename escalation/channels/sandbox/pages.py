"""The pages of the demo inbox and the webhook, as one Starlette app. No script, nothing from elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from escalation.channels.sandbox.faults import PLACES, Fault, Faults, Read, UnknownFaultError
from escalation.channels.sandbox.group import Group, answer, words_in
from escalation.channels.sandbox.heard import Ledger
from escalation.channels.sandbox.mailbox import Mailbox

HERE = Path(__file__).parent
HANG_SECONDS = 30.0
BODY_BYTES = 100_000
WAYS = {"app": "企业微信应用", "dingtalk": "钉钉群", "feishu": "飞书群", "webhook": "网络回调", "sms": "短信"}
"""The places whose messages stand on the page, with their names there."""
_BEIJING = timezone(timedelta(hours=8))
_SHARED = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
PAGE = _SHARED | {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
}
MAIL = _SHARED | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-top-navigation-by-user-activation"
}
Answer = Callable[[Request], Awaitable[Response]]


def when(iso: str) -> str:
    """Beijing time with seconds, as in a log."""
    at = datetime.fromisoformat(iso).astimezone(_BEIJING)
    return f"{at.month}月{at.day}日 {at:%H:%M:%S}"


class Pages:
    """The request handlers over one mailbox, one group and the faults in force."""

    def __init__(self, mailbox: Mailbox, group: Group, faults: Faults, ledger: Ledger) -> None:
        self._mailbox = mailbox
        self._group = group
        self._ledger = ledger
        self._faults = faults
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.filters["when"] = when

    async def start(self, request: Request) -> Response:
        """The first page is the inbox."""
        return RedirectResponse(request.url_for("inbox").path)

    async def inbox(self, request: Request) -> Response:
        """All mails, newest first; `?to=` narrows to one recipient."""
        to = request.query_params.get("to", "")
        letters = await asyncio.to_thread(self._mailbox.newest)
        return self._page("inbox.html", letters=[one for one in letters if not to or one.to == to], to=to)

    async def letter(self, request: Request) -> Response:
        """One mail: its head, its links, the HTML part in a frame that can run nothing."""
        number = request.path_params["number"]
        letter = self._mailbox.letter(number)
        if letter is None:
            return self._page("missing.html", status=404)
        text, html = self._mailbox.part(number, "plain"), self._mailbox.part(number, "html")
        return self._page("letter.html", letter=letter, text=text, html=bool(html), links=self._mailbox.links(number))

    async def letter_html(self, request: Request) -> Response:
        """The HTML part as it came; its links open in the whole window."""
        html = self._mailbox.part(request.path_params["number"], "html")
        return HTMLResponse(f'<!doctype html><base target="_top">{html}', headers=MAIL)

    async def robot(self, request: Request) -> Response:
        """What the group saw."""
        return self._page("robot.html", said=self._group.newest())

    async def messages(self, request: Request) -> Response:
        """What the other channels carried; `?way=` narrows to one."""
        way = request.query_params.get("way", "")
        return self._page("messages.html", heard=self._ledger.newest(way if way in WAYS else ""), ways=WAYS, way=way)

    async def webhook(self, request: Request) -> Response:
        """The vendor's interface."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BYTES:
                return JSONResponse(answer(40058))
        words = words_in(body)
        match self._faults.strikes("robot", frozenset(PLACES["robot"]), read=Read(words, words)):
            case "":
                return JSONResponse(answer(self._group.receive(request.query_params.get("key", ""), body)))
            case "429":
                return PlainTextResponse("too many requests", 429)
            case "500":
                return PlainTextResponse("internal error", 500)
            case "garbage":
                return HTMLResponse("<html>proxy</html>")
            case "timeout":
                self._group.receive(request.query_params.get("key", ""), body)
                await asyncio.sleep(HANG_SECONDS)
                return JSONResponse(answer(0))
            case code:
                return JSONResponse(answer(int(code)))

    async def faults(self, request: Request) -> Response:
        """The faults in force and those there are."""
        return JSONResponse({"in_force": self._faults.in_force(), "known": PLACES}, headers=_SHARED)

    async def set_faults(self, request: Request) -> Response:
        """`{"smtp": {"name": "greylist", "address": "", "times": 3}, "robot": null}`; null lifts. See `Fault`."""
        try:
            wanted = await request.json()
            for place, fault in wanted.items():
                self._faults.set(place, None if fault is None else Fault(**fault))
        except UnknownFaultError as error:
            return JSONResponse({"error": str(error)}, 422, headers=_SHARED)
        except (ValueError, TypeError, AttributeError):
            return JSONResponse({"error": "应为 JSON：{“处所”: {“name”: …, “times”: …}}。"}, 422, headers=_SHARED)
        return JSONResponse({"in_force": self._faults.in_force()}, headers=_SHARED)

    async def style(self, request: Request) -> Response:
        """The one style sheet."""
        return FileResponse(HERE / "inbox.css", headers=_SHARED)

    def _page(self, name: str, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(self._templates.get_template(name).render(**values), status, headers=PAGE)


def app(mailbox: Mailbox, group: Group, faults: Faults, ledger: Ledger, vendors: Sequence[Route]) -> Starlette:
    """The app with its routes; `vendors` are those of the demo vendors."""
    pages = Pages(mailbox, group, faults, ledger)
    return Starlette(
        routes=[
            Route("/", pages.start),
            Route("/inbox", pages.inbox, name="inbox"),
            Route("/inbox/{number:int}", pages.letter),
            Route("/inbox/{number:int}/html", pages.letter_html),
            Route("/inbox.css", pages.style),
            Route("/robot", pages.robot),
            Route("/messages", pages.messages),
            *vendors,
            Route("/cgi-bin/webhook/send", pages.webhook, methods=["POST"]),
            Route("/control/faults", pages.faults, methods=["GET"]),
            Route("/control/faults", pages.set_faults, methods=["POST"]),
        ]
    )
