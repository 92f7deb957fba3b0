"""The sandbox as an ASGI app: platform paths through the gate, `/control/...` beside them."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crawlers.sandbox.answer import Call
from crawlers.sandbox.control import Control
from crawlers.sandbox.gate import Gate, encode
from crawlers.sandbox.world import World


def _json_object(raw: bytes) -> dict[str, Any] | None:
    try:
        read = json.loads(raw)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def read_call(request: Request, raw: bytes, world: World) -> Call:
    """One HTTP request as a call: query and form values together, a JSON object as the body."""
    params = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        params |= dict(parse_qsl(raw.decode("utf-8", "replace")))
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    header = token.strip() if scheme.lower() == "oauth2" else ""
    agent = request.headers.get("user-agent", "")
    return Call(request.method, request.url.path, params, _json_object(raw), header, world.clock.now(), agent=agent)


def build(world: World) -> Starlette:
    """The app over one world. `app.state.gate` and `app.state.world` are there for tests in the same process."""
    gate = Gate(world)

    async def platform(request: Request) -> Response:
        call = read_call(request, await request.body(), world)
        answer = gate.answer(call)
        if fault := gate.faults.meet("slow", call):
            await asyncio.sleep(float(fault.params["delay_s"]))
        return Response(encode(answer), answer.status, answer.headers, answer.media_type)

    methods = ["GET", "POST", "PUT", "DELETE"]
    app = Starlette(routes=[*Control(gate).routes(), Route("/sim/{rest:path}", platform, methods=methods)])
    app.state.gate, app.state.world = gate, world
    return app
