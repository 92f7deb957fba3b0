"""Authority: how a request of each platform gets its token, and how an ended one is renewed once for all processes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http.request import NO_CALLBACK

from crawlers import lease, token
from crawlers.failure import Failure, Verdict, account_gone
from crawlers.scan import Job
from crawlers.settings import WechatRoute
from crawlers.spider import PlatformSpider

if TYPE_CHECKING:
    from crawlers.crawl import Manners

SIGNED = "signed"
TOKEN_GROUP = "token"  # noqa: S105 (a group of calls)
LOOK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Signature:
    """Which generation of the token a request carries, and its address without it."""

    generation: int
    unsigned: str


def again(request: Request, **marks: Any) -> Request:
    """The request once more, without its token, so that it passes the ledger, the gate and the token anew."""
    meta = {name: value for name, value in request.meta.items() if name not in (SIGNED, "verdict")} | marks
    signature: Signature | None = request.meta.get(SIGNED)
    return request.replace(url=signature.unsigned if signature else request.url, meta=meta, dont_filter=True)


class Authority:
    """Signs and renews for one crawl."""

    def __init__(self, crawler: Crawler, job: Job, manners: Manners) -> None:
        self.crawler = crawler
        self.job = job
        self.manners = manners
        self.me = lease.holder()

    async def sign(self, request: Request) -> Request | None:
        """Add the token: a header where the platform takes one; else a request with it in the address."""
        held = self._current()
        if isinstance(self.job.route, WechatRoute) and not held.fresh(self.manners.clock()):
            await self.renew(held.generation)
            held = self._current()
        signature = Signature(held.generation, request.url)
        if isinstance(self.job.route, WechatRoute):
            joint = "&" if "?" in request.url else "?"
            signed = f"{request.url}{joint}access_token={held.value}"
            return request.replace(url=signed, meta={**request.meta, SIGNED: signature}, dont_filter=True)
        request.meta[SIGNED] = signature
        request.headers["Authorization"] = f"OAuth2 {held.value}"
        return None

    async def renew(self, generation: int) -> bool:
        """Whether there is a token newer than `generation`: renewed by us, by another process or by a person."""
        if not isinstance(self.job.route, WechatRoute):
            return self._current().generation > generation
        name, store = self.job.token, self.manners.store
        for _ in range(int(token.LEASE.total_seconds() / LOOK_AGAIN_S)):
            with store.write() as conn:
                if token.current(conn, name).generation > generation:
                    return True
                won = token.lease(conn, name, self.me, generation, self.manners.clock())
            if won:
                return await self._fetch()
            await self.manners.sleep(LOOK_AGAIN_S)
        return False

    async def _fetch(self) -> bool:
        held = self._current()
        try:
            for force in (False, True):
                found = await self._ask(force=force)
                if found is None:
                    return False
                if found[0] != held.value:
                    with self.manners.store.write() as conn:
                        return token.renew(conn, self.job.token, self.me, found[0], self.manners.clock() + found[1])
            return False
        finally:
            with self.manners.store.write() as conn:
                token.give_up(conn, self.job.token, self.me)

    async def _ask(self, *, force: bool) -> tuple[str, timedelta] | None:
        route = self.job.route
        assert isinstance(route, WechatRoute)  # noqa: S101 (only WeChat renews)
        body = {
            "grant_type": "client_credential",
            "appid": route.app_id,
            "secret": route.app_secret.get_secret_value(),
            "force_refresh": force,
        }
        request = Request(
            f"{route.base_url}/cgi-bin/stable_token",
            method="POST",
            headers={"Content-Type": "application/json"},
            body=json.dumps(body).encode(),
            callback=NO_CALLBACK,
            dont_filter=True,
            meta={"group": TOKEN_GROUP, "dont_obey_robotstxt": True, "dont_redirect": True},
        )
        response = await self.crawler.engine.download_async(request)
        verdict: Verdict = (response.request or request).meta["verdict"]
        spider = self.crawler.spider
        if (lost := account_gone(self.job.platform, verdict)) and isinstance(spider, PlatformSpider):
            spider.harvest.lost = lost
        answer = verdict.answer if verdict.failure == Failure.OK and isinstance(verdict.answer, dict) else {}
        value, life = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(value, str) or not value or isinstance(life, bool) or not isinstance(life, int):
            return None
        return value, timedelta(seconds=life)

    def _current(self) -> token.Token:
        with self.manners.store.read() as conn:
            return token.current(conn, self.job.token)
