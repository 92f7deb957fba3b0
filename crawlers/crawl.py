"""A crawl: one short Scrapy run for one due source, with limits. It brings a harvest and commits nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from scrapy import Spider
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from scrapy.settings import Settings

from crawlers import ledger
from crawlers.downloading import ORDER
from crawlers.failure import WORDS, Failure
from crawlers.gate import Gate
from crawlers.routes import allowances, spider_of
from crawlers.scan import Harvest, Job, ScanResult
from crawlers.settings import CrawlSettings, RouteSettings
from crawlers.spider import PlatformSpider
from stream.store import Store

REQUESTS = Counter("fengxin_crawl_requests", "Answers of platforms by class", ["platform", "outcome"])
ROWS = Counter("fengxin_crawl_rows", "New posts and comments taken in", ["platform", "kind"])
REFUSED = Counter("fengxin_crawl_rows_refused", "Rows of an odd shape that were left out", ["platform", "stream"])
SCANS = Counter("fengxin_crawl_scans", "Scans by how they ended", ["platform", "stream", "outcome"])
DELAY = Histogram(
    "fengxin_crawl_seen_after_seconds",
    "From publication to first sight, live posts only",
    ["platform"],
    buckets=(5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400),
)
QUOTA_LEFT = Gauge(
    "fengxin_crawl_quota_left", "Calls left in the running window", ["account"], multiprocess_mode="mostrecent"
)
TOKEN_DAYS = Gauge(
    "fengxin_crawl_token_days_left",
    "Days until a token ends that a person must renew",
    ["account"],
    multiprocess_mode="mostrecent",
)
CLOCK = Gauge(
    "fengxin_crawl_clock_off_seconds",
    "How far a platform's clock is ahead of ours",
    ["platform"],
    multiprocess_mode="mostrecent",
)

PAGE_LIMIT = 120
RETRY_S = (2.0, 60.0)
STOP_S = 0.5


@dataclass(slots=True)
class Manners:
    """What all crawls of a process share: the store (ledger, tokens), the host gate, the clock."""

    store: Store
    gate: Gate
    settings: CrawlSettings
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    retry_s: tuple[float, float] = RETRY_S

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


async def _end(runner: AsyncCrawlerRunner, task: asyncio.Future[None]) -> None:
    """Stop a crawl. One that waits for its next try would be waited for as long: it is left, as it commits nothing."""
    stopping = asyncio.ensure_future(runner.stop())
    await asyncio.wait([stopping], timeout=STOP_S)
    for one in (task, stopping):
        one.cancel()
    await asyncio.wait([task, stopping], timeout=STOP_S)


async def crawl(job: Job, manners: Manners) -> Harvest:
    """Run one crawl to its end, at most for the crawl limit; the harvest always holds exactly one result."""
    harvest = Harvest()
    runner = AsyncCrawlerRunner(scrapy_settings(manners.settings))
    task = runner.crawl(spider_of(job), job=job, harvest=harvest, manners=manners)
    try:
        await asyncio.wait_for(asyncio.shield(task), manners.settings.crawl_limit_s + 5)
    except TimeoutError:
        await _end(runner, task)
    except asyncio.CancelledError:
        await _end(runner, task)
        raise
    if harvest.result is None:
        harvest.result = ScanResult(Failure.TRANSIENT, note=WORDS[Failure.TRANSIENT])
    for failure, number in harvest.answered.items():
        REQUESTS.labels(job.platform, failure.value).inc(number)
    return harvest
