"""A crawl: one short Scrapy run for one due source, with limits. It brings a harvest and commits nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from scrapy.settings import Settings

from crawlers import ledger
from crawlers.downloading import ORDER
from crawlers.failure import WORDS, Failure
from crawlers.gate import Gate
from crawlers.routes import STREAMS, allowances, spider_of
from crawlers.scan import Harvest, Job, ScanResult
from crawlers.settings import CrawlSettings, RouteSettings
from crawlers.spider import PlatformSpider
from stream.post import Kind
from stream.store import Store

REQUESTS = Counter("fengxin_crawl_requests_total", "Answers of platforms by class", ["platform", "outcome"])
ROWS = Counter("fengxin_crawl_rows_total", "New posts and comments taken in", ["platform", "kind"])
REFUSED = Counter("fengxin_crawl_rows_refused_total", "Rows of an odd shape that were left out", ["platform", "stream"])
SCANS = Counter("fengxin_crawl_scans_total", "Scans by how they ended", ["platform", "stream", "outcome"])
DELAY = Histogram(
    "fengxin_crawl_seen_after_seconds",
    "From publication to first sight, live posts only",
    ["platform"],
    buckets=(5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400),
)
QUOTA_LEFT = Gauge(
    "fengxin_crawl_quota_left_calls", "Calls left in the running window", ["account"], multiprocess_mode="mostrecent"
)
TOKEN_LEFT = Gauge(
    "fengxin_crawl_token_left_seconds",
    "How long a token still holds that a person must renew",
    ["account"],
    multiprocess_mode="mostrecent",
)
CLOCK = Gauge(
    "fengxin_crawl_clock_off_seconds",
    "How far a platform's clock is ahead of ours",
    ["platform"],
    multiprocess_mode="mostrecent",
)

CRAWLED = tuple(kind for kind in Kind if kind is not Kind.LEAD)
"""Kinds that a platform may give; a lead is a person's."""
PAGE_LIMIT = 120
RETRY_S = (2.0, 60.0)
STOP_S = 0.5


def begin(platform: str) -> None:
    """Count from 0 on what comes of this platform: Prometheus does not see the first of a series as an increase."""
    for failure in Failure:
        REQUESTS.labels(platform, failure.value)
        for stream in STREAMS[platform]:
            SCANS.labels(platform, stream, failure.value)
    for stream in STREAMS[platform]:
        REFUSED.labels(platform, stream)
    for kind in CRAWLED:
        ROWS.labels(platform, kind.value)


@dataclass(slots=True)
class Manners:
    """What all crawls of a process share: the store (ledger, tokens), the host gate, the clock."""

    store: Store
    gate: Gate
    settings: CrawlSettings
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    retry_s: tuple[float, float] = RETRY_S
    scrapy: Settings = field(init=False)
    """Each crawl takes a copy; to make them anew takes as long."""

    def __post_init__(self) -> None:
        """Make Scrapy's settings."""
        self.scrapy = scrapy_settings(self.settings)

    def allowances(self, route: RouteSettings, group: str) -> tuple[ledger.Allowance, ...]:
        """What one call of a group is taken from."""
        return allowances(route, group)

    def clock_seen(self, job: Job, off: timedelta) -> None:
        """Show how far the platform's clock is from ours."""
        CLOCK.labels(job.platform).set(off.total_seconds())

    def quota_seen(self, job: Job, allowances: tuple[ledger.Allowance, ...]) -> None:
        """Show what is left."""
        with self.store.read() as conn:
            QUOTA_LEFT.labels(job.account_id).set(ledger.left(conn, job.token, allowances[0], self.clock()))


class Gather:
    """The pipeline: puts what the spider yields into the harvest of its crawl, and nowhere else."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Gather:
        """Made by Scrapy."""
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        """Take one item."""
        spider = self.crawler.spider
        assert isinstance(spider, PlatformSpider)  # noqa: S101 (for the type checker)
        spider.harvest.take(item)
        return item


class QuietLog(LogFormatter):
    """Log lines without addresses (they may hold a token) and without items (they hold what people wrote)."""

    def crawled(self, request: Any, response: Response, spider: Spider) -> LogFormatterResult:
        """Status and kind of call only."""
        args = {"status": response.status, "group": request.meta.get("group", "-")}
        return {"level": logging.DEBUG, "msg": "answered %(status)s to %(group)s", "args": args}

    def scraped(self, item: Any, response: Any, spider: Spider) -> LogFormatterResult:
        """The kind of item only."""
        return {"level": logging.DEBUG, "msg": "took a %(kind)s", "args": {"kind": type(item).__name__}}

    def item_error(self, item: Any, exception: BaseException, response: Any, spider: Spider) -> LogFormatterResult:
        """The kind of error only."""
        return {"level": logging.ERROR, "msg": "item refused: %(kind)s", "args": {"kind": type(exception).__name__}}

    def spider_error(self, failure: Any, request: Any, response: Any, spider: Spider) -> LogFormatterResult:
        """The kind of error and the kind of call only."""
        args = {"kind": failure.type.__name__, "group": request.meta.get("group", "-")}
        return {"level": logging.ERROR, "msg": "reader failed: %(kind)s at %(group)s", "args": args}

    def download_error(
        self, failure: Any, request: Any, spider: Spider, errmsg: str | None = None
    ) -> LogFormatterResult:
        """The kind of error and the kind of call only."""
        args = {"kind": failure.type.__name__, "group": request.meta.get("group", "-")}
        return {"level": logging.DEBUG, "msg": "no answer: %(kind)s at %(group)s", "args": args}


def scrapy_settings(settings: CrawlSettings) -> Settings:
    """Scrapy's settings for every crawl; what differs from its defaults is said in the room's README."""
    return Settings(
        {
            "ROBOTSTXT_OBEY": True,
            "DOWNLOAD_VERIFY_CERTIFICATES": True,
            "REMOTE_CONTROL_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
            "DOWNLOAD_DELAY": settings.spacing_s,
            "DOWNLOAD_DELAY_JITTER": 0.3,
            "DOWNLOAD_TIMEOUT": min(20, settings.crawl_limit_s),
            "DOWNLOAD_MAXSIZE": 8 * 1024 * 1024,
            "RETRY_ENABLED": False,
            "REDIRECT_MAX_TIMES": 3,
            "COOKIES_ENABLED": False,
            "USER_AGENT": settings.user_agent,
            "LOG_INSTALL_ROOT_HANDLER": False,
            "LOG_FORMATTER": QuietLog,
            "DOWNLOADER_MIDDLEWARES": dict(ORDER),
            "ITEM_PIPELINES": {Gather: 100},
            "CLOSESPIDER_TIMEOUT": settings.crawl_limit_s,
            "CLOSESPIDER_PAGECOUNT": PAGE_LIMIT,
            "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        }
    )


async def _end(crawler: Crawler, task: asyncio.Future[None]) -> None:
    """Stop a crawl. One that waits for its next try would be waited for as long: it is left, as it commits nothing."""
    stopping = asyncio.ensure_future(crawler.stop_async())
    await asyncio.wait([stopping], timeout=STOP_S)
    for one in (task, stopping):
        one.cancel()
    await asyncio.wait([task, stopping], timeout=STOP_S)


async def crawl(job: Job, manners: Manners) -> Harvest:
    """Run one crawl to its end, at most for the crawl limit; the harvest always holds exactly one result."""
    harvest = Harvest()
    crawler = Crawler(spider_of(job), manners.scrapy)  # a runner would look for a project's spiders, each time anew
    task = asyncio.ensure_future(crawler.crawl_async(job=job, harvest=harvest, manners=manners))
    try:
        await asyncio.wait_for(asyncio.shield(task), manners.settings.crawl_limit_s + 5)
    except TimeoutError:
        await _end(crawler, task)
    except asyncio.CancelledError:
        await _end(crawler, task)
        raise
    if harvest.result is None:
        harvest.result = ScanResult(Failure.TRANSIENT, note=WORDS[Failure.TRANSIENT])
    for failure, number in harvest.answered.items():
        REQUESTS.labels(job.platform, failure.value).inc(number)
    return harvest
