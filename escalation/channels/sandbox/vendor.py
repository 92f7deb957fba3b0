"""A demo vendor: what every one of them must do, and the one way in which they are served."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from escalation.channels.sandbox.faults import HTTP_FAULTS, PLACES, Faults, Read

HANG_SECONDS = 30.0
BODY_BYTES = 100_000
Said: TypeAlias = tuple[int, Mapping[str, object]]
"""An HTTP status and a JSON body."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a vendor sees it; header names in lower case."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Vendor(ABC):
    """`place` is its name among the faults, `paths` the addresses it answers."""

    place: str
    paths: tuple[str, ...]

    @abstractmethod
    def hear(self, asked: Asked) -> Said:
        """Take a request as the vendor does."""

    @abstractmethod
    def trouble(self, fault: str, asked: Asked) -> Said | None:
        """The vendor's own answer for one of its faults; None where the fault does not strike at this address."""

    @property
    def reply_headers(self) -> Mapping[str, str]:
        """Headers of every answer."""
        return {}


def routes(vendor: Vendor, faults: Faults) -> list[Route]:
    """The vendor's addresses, with the faults in force."""

    async def serve(request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BYTES:
                return PlainTextResponse("too large", 413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return await _serve(vendor, faults, Asked(request.url.path, dict(request.query_params), headers, body))

    return [Route(path, serve, methods=["GET", "POST"]) for path in vendor.paths]


async def _serve(vendor: Vendor, faults: Faults, asked: Asked) -> Response:
    own = frozenset(
        name for name in PLACES[vendor.place] if name in HTTP_FAULTS or vendor.trouble(name, asked) is not None
    )
    words = unquote_plus(asked.body.decode("utf-8", "replace"))
    match faults.strikes(vendor.place, own, read=Read(words, words)):
        case "429":
            return PlainTextResponse("too many requests", 429)
        case "500":
            return PlainTextResponse("internal error", 500)
        case "garbage":
            return HTMLResponse("<html>proxy</html>")
        case "timeout":
            vendor.hear(asked)
            await asyncio.sleep(HANG_SECONDS)
            return PlainTextResponse("")
        case "":
            status, said = vendor.hear(asked)
        case fault:
            status, said = vendor.trouble(fault, asked) or (500, {})
    return JSONResponse(dict(said), status, headers=dict(vendor.reply_headers))
