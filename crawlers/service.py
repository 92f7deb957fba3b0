"""The crawl role: picks due sources, runs short crawls, appends what is new and only then moves the cursors.

Any number of these processes may share a store: sources and tokens are claimed. With the log down nothing is
crawled and no cursor moves; it goes on by itself.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, select

from crawlers import haul as hauling
from crawlers import lease, reactor, schedule, source
from crawlers.crawl import DELAY, REFUSED, RETRY_S, ROWS, SCANS, TOKEN_LEFT, Manners, begin, crawl
from crawlers.gate import Gate
from crawlers.scan import Harvest, Job
from crawlers.settings import CrawlSettings, WeiboRoute
from crawlers.settling import LeaseLost, settle
from stream import account, kill_point, pulse
from stream.coverage import sources
from stream.log import Log, LogError, LogUnavailable
from stream.logbook import each
from stream.post import Post
from stream.store import Store, StoreUnavailable

logger = logging.getLogger(__name__)
ROLE = "crawl"
AT_ONCE = 500
BOOK_EVERY = timedelta(minutes=1)
"""How soon an account that was switched off or on beside the running service is heeded."""
BEAT_EVERY = timedelta(seconds=5)
STOP_WITHIN_S = 0.7
"""With ending a crawl that is still under way (twice 0.5 s at most) a stop takes 1.2 s, measured: the supervisor asks
this role about 2 s after its own stop began and kills at 4 s."""
LOOK_FOR_STOP_S = 0.1
LOG_DOWN = "日志流暂不可用，采集已暂停，恢复后自动继续"
LOG_REFUSED = "日志流拒收采集记录，游标未移动，稍后重试；请联系维护人员"
FAULT = "采集 {place} 时程序出错，已退避重试；请联系维护人员查看运行日志"
FAULTS_SAID = 3
STORE_DOWN = "存储暂不可用，采集已暂停，恢复后自动继续"


def is_live(job: Job, post: Post) -> bool:
    """Whether a post of a haul was published since its source was last seen whole, and is seen for the first time.

    The history of a new source, an edit and a late find of something old tell nothing of how quick we are.
    """
    since = job.last_full
    return since is not None and post.published_at > since and post.first_seen_at == post.fetched_at


class Crew:
    """One process of the role."""

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: CrawlSettings,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        retry_s: tuple[float, float] = RETRY_S,
    ) -> None:
        self.store = store
        self.log = log
        self.settings = settings
        self.clock = clock
        self.me = lease.holder()
        gate = Gate(timedelta(seconds=settings.spacing_s), clock, sleep)
        self.manners = Manners(store, gate, settings, clock, sleep, retry_s)
        self.running: set[asyncio.Task[None]] = set()
        self.in_hand: set[str] = set()
        self.may_hold_more = False
        self.trouble = ""
        self.routes_trouble = ""
        self.prepared_at: datetime | None = None
        self.log_down = False
        self.faults: dict[str, str] = {}

    def prepare(self) -> None:
        """Bring the sources in line with the routes and the account book, and free what killed processes held."""
        now = self.clock()
        with self.store.write() as conn:
            lease.free_dead(conn)
            book = account.book(conn, self.settings.school)
            self.routes_trouble = "；".join(source.enter_routes(conn, self.settings, book, now))
        self.prepared_at = now
        for route in self.settings.routes:
            begin(route.platform)
            if isinstance(route, WeiboRoute) and route.token_until:
                TOKEN_LEFT.labels(route.account_id).set((route.token_until - self.clock()).total_seconds())

    def claim(self) -> list[Job]:
        """Take due sources, as many as there is room for; first heed what changed in the account book, and give back
        what could not be given back while the store was away."""
        now = self.clock()
        if self.prepared_at is None or not timedelta(0) <= now - self.prepared_at < BOOK_EVERY:
            self.prepare()
        room = self.settings.at_once - len(self.running)
        if room <= 0:
            return []
        until = now + timedelta(seconds=self.settings.lease_s)
        jobs = []
        behind, self.may_hold_more = self.may_hold_more, True  # also where the commit's answer does not come
        with self.store.write() as conn:
            if behind:
                schedule.release_others(conn, self.settings.school, self.me, self.in_hand)
            taken = schedule.claim(conn, self.settings.school, self.me, now, until, room)
            book = account.book(conn, self.settings.school) if taken else {}
            for row in taken:
                job = source.job_of(conn, row, self.settings, book, now)
                if job is None:
                    schedule.release(conn, self.settings.school, row.id, row.account_id, self.me)
                    self.prepared_at = None
                else:
                    jobs.append(job)
        self.may_hold_more = False
        self.in_hand.update(job.source_id for job in jobs)
        return jobs

    async def read(self, job: Job) -> None:
        """One scan, first request to committed cursor. Raises LogUnavailable, StoreUnavailable, LeaseLost."""
        try:
            harvest = await crawl(job, self.manners)
            with self.store.read() as conn:
                haul = hauling.sort_out(conn, job, harvest, self.clock())
            entries = haul.entries()
            kill_point.reach("crawl.fetched_before_append")
            for topic, some in entries.items():
                await self._append(topic, some)
            if any(entries.values()):
                kill_point.reach("crawl.appended_before_cursor")
            with self.store.write() as conn:
                settle(conn, job, harvest, haul, self.settings, self.me, self.clock())
            kill_point.reach("crawl.cursor_moved")
            each(logger, "采集到", [post.id for post in haul.posts], account=job.account_id)
        except (LogUnavailable, StoreUnavailable, LeaseLost, asyncio.CancelledError):
            self._release(job)
            raise
        except BaseException:
            self._give_up(job)
            raise
        finally:
            self.in_hand.discard(job.source_id)
        self._measure(job, harvest, haul)

    async def _append(self, topic: str, entries: Sequence[tuple[str, bytes]]) -> None:
        for start in range(0, len(entries), AT_ONCE):
            await asyncio.to_thread(self.log.append, topic, entries[start : start + AT_ONCE])

    def _release(self, job: Job) -> None:
        try:
            with self.store.write() as conn:
                schedule.release(conn, self.settings.school, job.source_id, job.account_id, self.me)
        except StoreUnavailable:
            self.may_hold_more = True
            logger.warning("source %s stays taken until the store is back", job.source_id)

    def _give_up(self, job: Job) -> None:
        try:
            with self.store.write() as conn:
                mine = and_(sources.c.school == self.settings.school, sources.c.id == job.source_id)
                row = conn.execute(select(sources).where(mine)).first()
                if row is not None:
                    schedule.give_up(conn, row, self.me, FAULT.format(place=job.source_id), self.clock())
        except StoreUnavailable:
            self.may_hold_more = True
            logger.warning("source %s stays taken until the store is back", job.source_id)

    def _measure(self, job: Job, harvest: Harvest, haul: hauling.Haul) -> None:
        result = harvest.result
        assert result is not None  # noqa: S101
        SCANS.labels(job.platform, job.stream, result.failure.value).inc()
        if harvest.refused:
            REFUSED.labels(job.platform, job.stream).inc(harvest.refused)
        for post in haul.posts:
            ROWS.labels(job.platform, post.kind.value).inc()
            if is_live(job, post):
                DELAY.labels(job.platform).observe(max(0.0, (post.first_seen_at - post.published_at).total_seconds()))

    async def round(self) -> int:
        """Claim what is due and read it to the end; how many scans were made. For tests and for a single pass."""
        jobs = self.claim()
        await asyncio.gather(*(self.read(job) for job in jobs))
        return len(jobs)

    async def _guarded(self, job: Job) -> None:
        try:
            await self.read(job)
        except LogUnavailable as error:
            self.log_down, self.trouble = True, f"{LOG_DOWN}（{error}）"
        except StoreUnavailable as error:
            self.trouble = f"{STORE_DOWN}（{error}）"
        except LeaseLost:
            logger.warning("source %s was taken by another process", job.source_id)
        except LogError as error:
            self.faults[job.source_id] = f"{LOG_REFUSED}（{error}）"
        except Exception as error:  # noqa: BLE001 (whatever it is, the other sources are read on)
            self.faults[job.source_id] = FAULT.format(place=job.source_id)
            logger.error("scan of %s failed: %s", job.source_id, type(error).__name__)
        else:
            self.faults.pop(job.source_id, None)

    async def step(self) -> None:
        """One look at what is due, in the running service."""
        try:
            if self.log_down:
                await asyncio.to_thread(self.log.healthy)
                self.log_down = False
            for job in self.claim():
                task = asyncio.create_task(self._guarded(job))
                self.running.add(task)
                task.add_done_callback(self.running.discard)
            if not self.log_down:
                self.trouble = ""
        except LogUnavailable as error:
            self.trouble = f"{LOG_DOWN}（{error}）"
        except StoreUnavailable as error:
            self.trouble = f"{STORE_DOWN}（{error}）"

    def said(self) -> str:
        """What troubles this process, in Chinese; empty where nothing does."""
        faults = "；".join(dict.fromkeys(list(self.faults.values())[:FAULTS_SAID]))
        return self.trouble or faults or self.routes_trouble

    def beat(self) -> None:
        """Say that this process lives, and what troubles it."""
        try:
            with self.store.write() as conn:
                pulse.beat(conn, ROLE, self.clock(), self.said())
        except StoreUnavailable:
            logger.warning("no pulse: the store is not reachable")

    async def finish(self) -> None:
        """Let running crawls end for a moment, then stop them; their sources are given back."""
        if self.running:
            _, late = await asyncio.wait(self.running, timeout=STOP_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def serve(
    store: Store, log: Log, settings: CrawlSettings, clock: Callable[[], datetime], stop: asyncio.Event,
    alive: Callable[[], object] = lambda: None,
) -> None:  # fmt: skip
    """Run the role until `stop` is set; `alive` is called with each beat, store or no store.

    Run it with `crawlers.reactor.run`, which has Scrapy's reactor on the loop."""
    crew = Crew(store, log, settings, clock)
    beaten = None
    while not stop.is_set():
        now = clock()
        if beaten is None or not timedelta(0) <= now - beaten < BEAT_EVERY:
            alive()
            crew.beat()
            beaten = now
        await crew.step()
        try:
            await asyncio.wait_for(stop.wait(), settings.look_every_s)
        except TimeoutError:
            continue
    await crew.finish()


def run(store: Store, log: Log, settings: CrawlSettings, clock: Callable[[], datetime], stop: threading.Event) -> None:
    """Run the role in this process until `stop` is set by a signal handler or another thread."""

    async def main() -> None:
        ended = asyncio.Event()
        serving = asyncio.create_task(serve(store, log, settings, clock, ended))
        while not stop.is_set() and not serving.done():  # noqa: ASYNC110 (a signal handler sets a threading event)
            await asyncio.sleep(LOOK_FOR_STOP_S)
        ended.set()
        await serving

    reactor.run(main())
