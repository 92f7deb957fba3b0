"""Wiring: one straight line from settings to each role, and the table of roles. Adding a role is one entry of ROLES.

Every role's function takes the settings and an event that is set when the process shall end; it opens its parts in a
block and so gives them back in reverse. Nothing is made at import, and a role imports what only it needs when it runs:
nine processes start at once.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import runpy
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Protocol

from deploy import life, waiting
from deploy.parts import channels, crawl_settings, engine, group_names, load_pack, outside, shared_windows
from deploy.settings import Settings
from stream import metrics, pulse
from stream.log import Log, LogRefused, LogUnavailable, open_log
from stream.search import Search, SearchUnavailable, open_search
from stream.store import Store, StoreRefused, StoreUnavailable
from stream.topic import partitions

if TYPE_CHECKING:
    import uvicorn

    from escalation.notice.issue import Letterhead
    from escalation.opening import Ground
    from stream.rules import Rulebook

SEARCH_DAMAGED = "search:damaged"
"""Cause of the alert that only a rebuilt search closes."""
SEARCH_FULL = "search:full"
"""Cause of the alert that ends by itself once the search takes in again."""
BEAT_SECONDS = 5.0
IDLE_SECONDS = 0.1


class Stepping(Protocol):
    """A worker that does a little at a time. `trouble`: a sentence where it cannot work now, else empty."""

    @property
    def trouble(self) -> str: ...
    def step(self) -> int: ...


def always(_settings: Settings) -> bool:
    """A role that every installation runs."""
    return True


@dataclass(frozen=True, slots=True)
class Role:
    """A role: its Chinese title, what it does, and whether these settings want it on one machine."""

    title: str
    run: Callable[[Settings, Event], None]
    wanted: Callable[[Settings], bool] = always


def utc_now() -> datetime:
    """The wall clock, aware UTC; the only one handed to the rooms."""
    return datetime.now(UTC)


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """The store, given back at the end."""
    store = Store(settings.store_url)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def opened_log(settings: Settings) -> Iterator[Log]:
    """The log with its topics, given back at the end. Raises LogError, LogUnavailable."""
    log = log_with_topics(settings)
    try:
        yield log
    finally:
        log.close()


def log_with_topics(settings: Settings) -> Log:
    """The log with its topics; close it. Raises LogError, LogUnavailable."""
    log = open_log(settings.log_url, timedelta(days=settings.log.keep_days))
    try:
        log.ensure(partitions(settings.partitions))
    except BaseException:
        log.close()
        raise
    return log


@contextmanager
def opened_search(settings: Settings) -> Iterator[Search]:
    """The search, given back at the end. One that is away is said at its first use, not here."""
    search = open_search(settings.search_url)
    try:
        yield search
    finally:
        search.close()


def letterhead(settings: Settings) -> Letterhead:
    """What every notice carries."""
    from escalation.notice.issue import Letterhead

    return Letterhead(
        school=settings.school.code, school_name=settings.school.name,
        public_url=settings.school.public_url.rstrip("/"), link_key=settings.web.key.get_secret_value().encode(),
        channels=frozenset(channels(settings)), robot=settings.wecom_robot.name if settings.wecom_robot else "",
        duty_phone=settings.duty.phone, groups=group_names(settings),
    )  # fmt: skip


def ground(settings: Settings, book: Rulebook | None = None) -> Ground:
    """What every incident of this school is opened on; frozen with it. `book`: the rules, else they are read."""
    from escalation.opening import Ground
    from stream import rules

    book = book or rules.load()
    versions = {
        "program": version("fengxin"), "engine": judged_by(settings), "rules": book.edition(), "packs": book.packs()
    }  # fmt: skip
    return Ground(load_pack(settings), letterhead(settings), versions, open_at=float(settings.risk.open_at))


def judged_by(settings: Settings) -> str:
    """The engine and, where it has weights of ours, which: `blend 0123456789ab`."""
    from sentiment.linear import SHIPPED, edition

    name = settings.sentiment.engine
    return name if name == "snow" else f"{name} {edition(settings.weights_folder or SHIPPED)}"


def places(settings: Settings, book: Rulebook) -> tuple[str, ...]:
    """Names that name a matter: the settings' places, those of the rules as in a rehearsal, the roster's units."""
    units = (unit.name for unit in settings.roster.units)
    return tuple(dict.fromkeys([*settings.school.places, *book.places(), *units]))


def crawl(settings: Settings, stop: Event) -> None:
    """The platforms in, posts out. Scrapy and its reactor are loaded in this process only."""
    from crawlers import reactor, service

    async def serve(store: Store, log: Log) -> None:
        begin()
        ended = asyncio.Event()
        serving = asyncio.ensure_future(service.serve(store, log, crawl_settings(settings), utc_now, ended, life.give))
        while not stop.is_set() and not serving.done():
            await asyncio.wait([serving], timeout=IDLE_SECONDS)
        ended.set()
        await serving

    if settings.sandbox is not None:
        await_port(settings.sandbox.port, stop)
    with opened_store(settings) as store, opened_log(settings) as log:
        reactor.run(serve(store, log))


def assess(settings: Settings, stop: Event) -> None:
    """Posts in, assessments out."""
    from stream import rules
    from stream.assess import Reader
    from stream.assessing import Assessing

    with opened_store(settings) as store, opened_log(settings) as log:
        reader = Reader(rules.load(), (settings.school.name, *settings.school.aliases))
        worker = Assessing(log, store, engine(settings), reader, utc_now)
        keep_stepping("assess", worker, store, stop)
        worker.close()


def watch(settings: Settings, stop: Event) -> None:
    """Assessments in, incidents out: the one ordered reader of the school. It also keeps the log short."""
    from escalation.watch import Watch
    from stream import rules

    book = rules.load()
    with opened_store(settings) as store, opened_log(settings) as log:
        worker = Watch(log, store, settings.school.code, ground(settings, book), utc_now, places(settings, book))
        keep_stepping("watch", worker, store, stop, hourly=lambda: prune(log))
        worker.close()


def index(settings: Settings, stop: Event) -> None:
    """Assessments into the search, apart from what raises alarms."""
    from stream.indexing import Indexing

    with opened_store(settings) as store, opened_log(settings) as log, opened_search(settings) as search:
        school = settings.school.code
        worker = Indexing(
            log, store, school, search, utc_now,
            damaged=partial(ring_search, store, school), full=partial(ring_space, store, school),
        )  # fmt: skip
        keep_stepping("index", worker, store, stop, lambda: forget(store, search, settings.school.code))
        worker.close()


def steady() -> float:
    """Seconds of a clock that nobody sets; on Linux it also counts while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def notify(settings: Settings, stop: Event) -> None:
    """Clocks that ran out, deliveries that wait."""
    from escalation.notify import Notify

    with opened_store(settings) as store, shared_windows(settings) as windows:
        pack, ways = load_pack(settings), channels(settings, windows)
        worker = Notify(store, letterhead(settings), ways, utc_now, pack.desk, steady, pack)
        keep_stepping("notify", worker, store, stop)


def audit(settings: Settings, stop: Event) -> None:
    """Whether anything stands still unseen; it changes nothing of what it looks at, and beats outside."""
    from escalation.auditor import Auditor
    from escalation.heartbeat import Heartbeat

    with opened_store(settings) as store:
        worker = Auditor(
            store, partial(log_with_topics, settings), settings.school.code, frozenset(channels(settings)), utc_now,
            heartbeat=Heartbeat(outside(settings)), pack=load_pack(settings),
        )  # fmt: skip
        keep_stepping("audit", worker, store, stop)
        worker.close()


def web(settings: Settings, stop: Event) -> None:
    """The desk's pages, and what waits behind them. They need the store only; log and search are opened when used."""
    from deploy.intake import CrawlersIntake
    from escalation.web.app import build
    from escalation.web.desk import Desk
    from escalation.web.serve import Harbour
    from stream.search.metrics import timed

    with (
        opened_store(settings) as store,
        closing(
            CrawlersIntake(store, partial(log_with_topics, settings), settings.school.code, utc_now, settings.routes)
        ) as intake,
        opened_search(settings) as search,
        shared_windows(settings) as windows,
    ):
        desk = Desk(
            store=store, letterhead=letterhead(settings), clock=utc_now, channels=channels(settings, windows),
            intake=intake, search=timed(search.find), facets=timed(search.facets),
            roles=tuple(wanted(settings)), secure_cookies=settings.school.public_url.startswith("https://"),
            ground=ground(settings), aliases=tuple(settings.school.aliases), disks=disks(settings),
        )  # fmt: skip
        given = settings.web
        serve_app("web", Harbour(build(desk), given.host, given.port, given.trusted_proxies), store, stop)


def disks(settings: Settings) -> dict[str, Path]:
    """The folder of each part that lies in a file of this machine; an engine elsewhere watches its own disk."""
    urls = {"store": settings.store_url, "log": settings.log_url, "search": settings.search_url}
    files = {part: Path(url.removeprefix("sqlite:///")) for part, url in urls.items() if url.startswith("sqlite")}
    return {"data": settings.data_folder} | {part: file.parent for part, file in files.items()}


def sandbox(settings: Settings, stop: Event) -> None:
    """The demo's platforms."""
    del stop  # it ends by the signal itself
    if settings.sandbox is None:
        raise SystemExit("设置里没有 [sandbox] 一节，不启动平台沙箱。")
    given = settings.sandbox
    arguments = ["--port", str(given.port), "--seed", str(given.seed), "--epoch", given.start.isoformat()]
    arguments += ["--weibo-quota", str(given.weibo_quota)]
    run_module("sandbox", "crawlers.sandbox", arguments, settings)


def inbox(settings: Settings, stop: Event) -> None:
    """The demo's mail server and robot webhook."""
    del stop
    if settings.inbox is None:
        raise SystemExit("设置里没有 [inbox] 一节，不启动演示收件箱。")
    given = settings.inbox
    folder = str(settings.path(given.folder))
    arguments = ["--port", str(given.port), "--smtp-port", str(given.smtp_port), "--folder", folder]
    run_module("inbox", "escalation.channels.sandbox", arguments, settings)


ROLES: dict[str, Role] = {
    "sandbox": Role("平台沙箱", sandbox, lambda settings: settings.sandbox is not None),
    "inbox": Role("演示收件箱", inbox, lambda settings: settings.inbox is not None),
    "crawl": Role("采集", crawl),
    "assess": Role("研判", assess),
    "watch": Role("监看", watch),
    "notify": Role("通知", notify),
    "index": Role("检索", index),
    "audit": Role("稽核", audit),
    "web": Role("值班台", web),
}
"""In the order of the flow: started so, stopped in reverse."""


def wanted(settings: Settings) -> list[str]:
    """The roles that one machine runs with these settings; `/healthz` expects a pulse of each."""
    return [name for name, role in ROLES.items() if role.wanted(settings)]


def commands(settings_file: Path, names: Sequence[str], parent: int) -> dict[str, list[str]]:
    """The command line of each role's process."""
    start = [sys.executable, "-m", "deploy.role"]
    end = ["--settings", str(settings_file.resolve()), "--parent", str(parent)]
    return {name: [*start, name, *end] for name in names}


def run_role(name: str, settings: Settings, stop: Event) -> None:
    """Run one role in this process until `stop` is set; what it needs and finds away is waited for.

    Raises what an engine raises that refuses us, and what the role's loop did not bear.
    """
    metrics.STARTED.labels(role=name).set(utc_now().timestamp())
    if life.took_over():
        threading.Thread(target=_tell_of_hang, args=(name, settings, stop), daemon=True).start()
    waiting.asked(
        lambda: ROLES[name].run(settings, stop), (StoreUnavailable, LogUnavailable, SearchUnavailable),
        incurable=(StoreRefused, LogRefused), told=lambda error: _tell_desk(settings, name, error),
    )  # fmt: skip


def _tell_desk(settings: Settings, name: str, error: Exception) -> None:
    """Why this role waits, as its pulse, where it is not the store itself."""
    if isinstance(error, StoreUnavailable):
        return
    with suppress(StoreUnavailable), opened_store(settings) as store, store.write() as conn:
        pulse.beat(conn, name, utc_now(), str(error))


def begin() -> None:
    """The role has all it waited for and its loop begins."""
    waiting.begin()
    waiting.lack("")


def _tell_of_hang(name: str, settings: Settings, stop: Event) -> None:
    """Ring that the process before this one hung; again until the store takes it."""
    from escalation import hung

    with opened_store(settings) as store:
        while not stop.is_set():
            try:
                with store.write() as conn:
                    hung.ring(conn, settings.school.code, name, ROLES[name].title, utc_now())
            except StoreUnavailable:
                stop.wait(BEAT_SECONDS)
            else:
                return


def keep_stepping(
    name: str, worker: Stepping, store: Store, stop: Event, hourly: Callable[[], object] = lambda: None
) -> None:
    """Step until told to stop, and beat every five seconds. A worker that hangs beats no more, and is seen. Until its
    first step without trouble it is said to wait for what troubles it."""
    waiting.begin()
    waits = True
    gc.freeze()  # what is there by now stays: no round of the collector walks over it again, for 40 ms each
    due = time.monotonic()
    chores = due
    while not stop.is_set():
        if time.monotonic() >= chores:
            hourly()
            chores = time.monotonic() + 3600
        if time.monotonic() >= due:
            life.give()
            beat(store, name, worker.trouble)
            due = time.monotonic() + BEAT_SECONDS
        taken = worker.step()
        if waits:
            waiting.lack(worker.trouble)
            waits = bool(worker.trouble)
        if not taken:
            stop.wait(IDLE_SECONDS)


def serve_app(name: str, server: uvicorn.Server, store: Store, stop: Event) -> None:
    """Serve pages until told to stop. One loop answers and beats: a hung one is seen."""

    async def serve() -> None:
        begin()
        due = time.monotonic()
        serving = asyncio.ensure_future(server.serve())
        while not serving.done():
            server.should_exit = server.should_exit or stop.is_set()
            if time.monotonic() >= due:
                life.give()
                await asyncio.to_thread(beat, store, name)
                due = time.monotonic() + BEAT_SECONDS
            await asyncio.wait([serving], timeout=IDLE_SECONDS)
        await serving

    asyncio.run(serve())


def await_port(port: int, stop: Event) -> None:
    """Wait until the demo's own server listens, so that its first seconds are no failure of a platform."""
    while not stop.wait(IDLE_SECONDS):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return


def forget(store: Store, search: Search, school: str) -> None:
    """Take out words whose time is over: first from the search, then from the store, so that none is left behind."""
    from escalation import retention
    from escalation.channels import window

    try:
        with store.write() as conn:
            retention.forget_dead_letters(conn, utc_now())
            window.forget(conn, utc_now())
        while True:
            with store.read() as conn:
                found = retention.due(conn, school, utc_now())
            if not found:
                return
            search.delete(school, found)
            with store.write() as conn:
                retention.purge(conn, school, found)
            life.give()  # the first time after a long rest takes long
    except (StoreUnavailable, SearchUnavailable) as error:
        logging.getLogger(__name__).error("%s", error)


def ring_search(store: Store, school: str, words: str) -> None:
    """Ring that the search is damaged; `fengxin reindex` hushes it."""
    from escalation import alert

    try:
        with store.write() as conn:
            alert.ring(conn, school, SEARCH_DAMAGED, words, utc_now())
    except StoreUnavailable as error:
        logging.getLogger(__name__).error("%s", error)


def ring_space(store: Store, school: str, words: str) -> None:
    """Ring that the search has no space; hush it where there are no words, as it takes in again."""
    from escalation import alert

    try:
        with store.write() as conn:
            if words:
                alert.ring(conn, school, SEARCH_FULL, words, utc_now())
            else:
                alert.hush(conn, school, SEARCH_FULL, utc_now())
    except StoreUnavailable as error:
        logging.getLogger(__name__).error("%s", error)


def prune(log: Log) -> None:
    """Remove what the log needs to keep no longer; one that is away is pruned an hour later."""
    try:
        log.prune(utc_now())
    except LogUnavailable as error:
        logging.getLogger(__name__).error("%s", error)


def beat(store: Store, name: str, trouble: str = "") -> None:
    """Say that this role lives; a store that is away is said on the screen, and is no reason to end."""
    try:
        with store.write() as conn:
            pulse.beat(conn, name, utc_now(), trouble)
    except StoreUnavailable as error:
        logging.getLogger(__name__).error("%s", error)


def run_module(name: str, module: str, arguments: list[str], settings: Settings) -> None:
    """Run a server of its own house as `python -m module` would, in this process, beating beside it."""
    begin()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_beat_on, args=(name, settings), daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _beat_on(name: str, settings: Settings) -> None:
    with opened_store(settings) as store:
        while True:
            beat(store, name)
            time.sleep(BEAT_SECONDS)
