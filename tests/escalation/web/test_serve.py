"""Behind a proxy: whose word of where a request came from is taken."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI, Request

from escalation.web.gate import address_of
from escalation.web.serve import Harbour

PHONE = "203.0.113.9"


def seen(peer: str, proxies: tuple[str, ...]) -> str:
    """The address that the desk takes a request for that came from `peer`, with a phone's address in its header."""
    app, found = FastAPI(), []
    app.state.lookout = None

    @app.get("/")
    def page(request: Request) -> None:
        found.append(address_of(request))

    config = Harbour(app, "127.0.0.1", 0, proxies).config
    config.load()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/", "raw_path": b"/", "query_string": b"", "headers": [(b"x-forwarded-for", PHONE.encode())],
        "client": (peer, 5000), "server": ("127.0.0.1", 8700),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(_message: Any) -> None:
        """Nobody reads the answer."""

    asyncio.run(config.loaded_app(scope, receive, send))
    return str(found[0])


@pytest.mark.parametrize(
    ("peer", "proxies", "expected"),
    [
        ("127.0.0.1", (), PHONE),
        ("10.1.2.3", (), "10.1.2.3"),
        ("10.1.2.3", ("10.1.2.3",), PHONE),
        ("10.1.2.3", ("10.1.2.0/28",), PHONE),
        ("10.1.2.77", ("10.1.2.0/28",), "10.1.2.77"),
        ("127.0.0.1", ("10.1.2.3",), PHONE),
    ],
)
def test_a_named_proxy_is_believed_and_nobody_else(
    peer: str, proxies: tuple[str, ...], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    assert seen(peer, proxies) == expected
