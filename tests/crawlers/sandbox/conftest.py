"""A sandbox in the same process, spoken to over ASGI, with a clock that stands still until moved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from crawlers.sandbox.app import build
from crawlers.sandbox.clock import Clock, instant
from crawlers.sandbox.world import World

EPOCH = "2026-11-20T12:00:00+08:00"


class Sandbox:
    """One world and its app; `weibo` and `wechat` speak as the main accounts' adapters would."""

    weibo_token = "2.00SANDBOXwbmainNOTASECRET"
    appid, secret = "wxsandboxmain000", "sandbox-secret-main-not-a-secret"

    def __init__(self, **options: Any) -> None:
        self.clock = Clock(instant(options.pop("start", EPOCH)), rate=0)
        self.world = World(self.clock, **{"live_interval": 0, "story": False, "weibo_quota": 10_000, **options})
        self.app = build(self.world)

    def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.invalid") as client:
                return await client.request(method, path, **kwargs)

        return asyncio.run(once())

    def control(self, name: str, /, **body: Any) -> Any:
        answer = self.call("POST", f"/control/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, name: str, /, **params: Any) -> Any:
        return self.control("faults", name=name, on=True, **params)

    def weibo(self, call: str, token: str | None = None, **params: Any) -> httpx.Response:
        given = {"access_token": self.weibo_token if token is None else token, **params}
        return self.call("GET", f"/sim/weibo/2/{call}.json", params={k: str(v) for k, v in given.items() if v != ""})

    def token(self, **body: Any) -> httpx.Response:
        given = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret, **body}
        return self.call("POST", "/sim/wechat/cgi-bin/stable_token", json=given)

    def wechat(self, path: str, token: str | None = None, **body: Any) -> httpx.Response:
        token = self.token().json()["access_token"] if token is None else token
        return self.call("POST", f"/sim/wechat/{path}", params={"access_token": token} if token else {}, json=body)

    def comments(self, mid: int, token: str | None = None, **body: Any) -> httpx.Response:
        given = {"msg_data_id": mid, "index": 0, "begin": 0, "count": 49, "type": 0, **body}
        return self.wechat("cgi-bin/comment/list", token, **given)

    def article(self, comments: int = 3) -> int:
        """A new WeChat article with so many comments; its mid."""
        made = self.control("post", account="wx_main", title="通知", text="正文")
        for n in range(comments):
            self.control("comment", thread=made["thread"], text=f"评论{n}")
        return int(made["id"])


@pytest.fixture
def make() -> Callable[..., Sandbox]:
    """Makes a sandbox with other options than usual."""
    return Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at its epoch, without story or live comments, its clock standing still."""
    return Sandbox()
