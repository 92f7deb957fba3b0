"""Manners on the way to a platform, as Scrapy middlewares: ledger, host gate, token, class of the answer, second tries.

A request passes them from top to bottom, its answer from bottom to top: it has its class before anybody acts on it.
"""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawlers import ledger
from crawlers.authority import SIGNED, TOKEN_GROUP, Authority, again
from crawlers.failure import Failure, Verdict, classify
from crawlers.gate import Held
from crawlers.spider import PlatformSpider, QuotaSpent

if TYPE_CHECKING:
    from crawlers.crawl import Manners

TRIES = 3
CLOCK_TOLERANCE = timedelta(seconds=60)
"""Signatures, tokens and quota days depend on the clock; an answer is at most a download's time old (20 s)."""


def clock_off(date: bytes | None, now: datetime) -> timedelta | None:
    """By how much the clock of a `Date` header is ahead of `now` (aware); None where there is none that can be read."""
    try:
        at = parsedate_to_datetime((date or b"").decode("latin-1"))
    except ValueError:
        return None
    return (at.replace(tzinfo=UTC) if at.tzinfo is None else at) - now


class _Middleware:
    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    @property
    def spider(self) -> PlatformSpider:
        spider = self.crawler.spider
        assert isinstance(spider, PlatformSpider)  # noqa: S101 (for the type checker)
        return spider

    @property
    def manners(self) -> Manners:
        found: Manners = self.spider.manners
        return found


class SecondTries(_Middleware):
    """Tries again what passes by itself: at most three times, with full jitter; a short hold is waited out."""

    async def process_response(self, request: Request, response: Response, **_: Any) -> Request | Response:
        """Give back the request where it is worth another try."""
        verdict: Verdict = request.meta["verdict"]
        tried = request.meta.get("tried", 1)
        if tried >= TRIES or verdict.failure not in (Failure.TRANSIENT, Failure.THROTTLED):
            return response
        if verdict.failure == Failure.TRANSIENT:
            low, high = self.manners.retry_s
            await self.manners.sleep(random.uniform(low, min(high, low * 2**tried)))
        return again(request, tried=tried + 1)

    async def process_exception(self, request: Request, exception: Exception, **_: Any) -> Request | None:
        """A broken connection or a timeout is tried again; what was refused by ourselves is not."""
        tried = request.meta.get("tried", 1)
        if isinstance(exception, Held | QuotaSpent | asyncio.CancelledError) or tried >= TRIES:
            return None
        low, high = self.manners.retry_s
        await self.manners.sleep(random.uniform(low, min(high, low * 2**tried)))
        return again(request, tried=tried + 1)


class Budget(_Middleware):
    """Takes each call from the ledger before it is sent, and settles the window that the platform calls used up."""

    async def process_request(self, request: Request, **_: Any) -> None:
        """Raises QuotaSpent."""
        if SIGNED in request.meta:
            return
        job, manners = self.spider.job, self.manners
        allowances = manners.allowances(job.route, request.meta["group"])
        try:
            with manners.store.write() as conn:
                now = manners.clock()
                if not ledger.take(conn, job.token, allowances, now, incident=job.reserve):
                    raise QuotaSpent(ledger.back_at(conn, job.token, allowances, now))
        finally:
            manners.quota_seen(job, allowances)
        self.spider.harvest.requests += 1

    async def process_response(self, request: Request, response: Response, **_: Any) -> Response:
        """Settle a used-up window."""
        verdict: Verdict = request.meta["verdict"]
        if verdict.failure == Failure.QUOTA:
            job, manners = self.spider.job, self.manners
            allowances = manners.allowances(job.route, request.meta["group"])
            window = ledger.Window.HOUR if verdict.hourly else ledger.Window.DAY
            spent = ledger.Allowance(allowances[0].group, allowances[0].limit, window)
            with manners.store.write() as conn:
                ledger.settle(conn, job.token, spent, manners.clock())
        return response


class Spacing(_Middleware):
    """Waits for our turn at the host; remembers a hold that the host asked for."""

    async def process_request(self, request: Request, **_: Any) -> None:
        """Raises Held."""
        if SIGNED in request.meta:
            return
        await self.manners.gate.enter(urlsplit(request.url).netloc)

    async def process_response(self, request: Request, response: Response, **_: Any) -> Response:
        """Hold the door after "too often"."""
        host, verdict = urlsplit(request.url).netloc, request.meta["verdict"]
        if verdict.failure == Failure.THROTTLED:
            raw = response.headers.get(b"Retry-After")
            self.manners.gate.hold(host, raw.decode("latin-1") if raw else None)
        elif verdict.failure in (Failure.OK, Failure.OK_EMPTY):
            self.manners.gate.passed(host)
        return response


class Authorisation(_Middleware):
    """Adds the token on the last stretch; an ended one is renewed once and the request sent once more."""

    async def process_request(self, request: Request, **_: Any) -> Request | None:
        """Give the request its token."""
        if request.meta["group"] == TOKEN_GROUP or SIGNED in request.meta:
            return None
        return await self._authority().sign(request)

    async def process_response(self, request: Request, response: Response, **_: Any) -> Request | Response:
        """Renew an ended token and try once more."""
        verdict: Verdict = request.meta["verdict"]
        if verdict.failure != Failure.TOKEN or request.meta["group"] == TOKEN_GROUP or request.meta.get("renewed"):
            return response
        if not await self._authority().renew(request.meta[SIGNED].generation):
            return response
        return again(request, renewed=True)

    def _authority(self) -> Authority:
        return Authority(self.crawler, self.spider.job, self.manners)


class Classes(_Middleware):
    """Gives every answer its class, from the body's code, the status and the content type, in this order."""

    async def process_response(self, request: Request, response: Response, **_: Any) -> Response:
        """Set `verdict` in the response's meta."""
        kind = response.headers.get(b"Content-Type") or b""
        verdict = classify(self.spider.job.platform, response.body, response.status, kind.decode("latin-1"))
        request.meta["verdict"] = verdict
        answered = self.spider.harvest.answered
        answered[verdict.failure] = answered.get(verdict.failure, 0) + 1
        off = clock_off(response.headers.get(b"Date"), self.manners.clock())
        if off is not None:
            self.spider.harvest.clock_off = off if abs(off) > CLOCK_TOLERANCE else timedelta(0)
            self.manners.clock_seen(self.spider.job, off)
        return response


ORDER = {SecondTries: 510, Budget: 520, Spacing: 530, Authorisation: 540, Classes: 560}
"""Before Scrapy's decompression at 590 on the way out, so behind it on the way back: bodies are read as they are."""
