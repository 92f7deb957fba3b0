"""A whole installation in one process: every role, real sockets, and one clock that only a test moves.

The platform is the sandbox over HTTP, read by real Scrapy crawls; mail goes over SMTP and the robot over its webhook
into the demo inbox; the desk is the real application. Nothing sleeps: time passes when a test says so.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Row, Table, func, select, update

from crawlers import reactor
from crawlers.service import Crew
from crawlers.settings import CrawlSettings, WeiboRoute
from escalation import people, user
from escalation.channels.mail import Mail, MailServer, Security
from escalation.channels.sandbox import Demo
from escalation.channels.sandbox import build as build_inbox
from escalation.channels.wecom import Robot, RobotAddress
from escalation.incident import incidents
from escalation.notice import DeliveryState, calls, deliveries, notices
from escalation.notice.issue import Letterhead
from escalation.notify import Notify
from escalation.opening import Ground
from escalation.people import Held, Person, Role
from escalation.procedure import load
from escalation.timer import TimerState, timers
from escalation.watch import Watch
from escalation.web.app import build as build_desk
from escalation.web.desk import Desk, Taken
from sentiment.snow import Snow
from stream import account, pulse
from stream.account import Account
from stream.assessing import Assessing
from stream.coverage import sources
from stream.indexing import Indexing
from stream.log import Log, LogUnavailable, open_log
from stream.log.sqlite import SqliteLog
from stream.position import stored
from stream.post import Post
from stream.search import open_search
from stream.store import Store, metadata
from stream.topic import BEHIND, POSTS, READERS, partitions
from tests.crawlers.conftest import Sandbox
from tests.mould import pour
from tests.stream.said import reader
from tests.stream.search.file_site import SqliteSite
from tests.stream.search.site import Site

START = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)  # a Tuesday, noon in Shanghai
PUBLIC = "https://fx.fenglin.example"
ROBOT_KEY = "11111111-2222-3333"
PASSWORD = "harbour-flags-2026"
UNIT = "后勤服务中心"
STAFF: Mapping[str, tuple[str, str, str]] = {
    "keeper": ("谢晓", "微博管理员", UNIT),
    "leader": ("罗广平", "党总支书记", UNIT),
    "publicity": ("何岚", "部长", "党委宣传部"),
    "school": ("沈澄", "副校长", "学校"),
    "monitor": ("陈屿", "值班员", "党委宣传部"),
    "lead": ("梁致远", "带班领导", "党委宣传部"),
    "other": ("吴淑仪", "教务处处长", "教务处"),
}
HELD = (
    Held(Role.KEEPER, "wb_main", "keeper"), Held(Role.UNIT_LEADER, UNIT, "leader"),
    Held(Role.UNIT_LEADER, "教务处", "other"), Held(Role.PUBLICITY, "", "publicity"),
    Held(Role.SCHOOL_LEADER, "", "school"), Held(Role.MONITOR, "", "monitor"), Held("duty_lead", "", "lead"),
)  # fmt: skip
WAVE = (
    "食堂的鸡腿没熟，骨头里还有血水，学校管不管",
    "我在青菜里吃出虫子，太恶心了",
    "昨天的饭里也吃出虫子，食堂太不负责任了",
    "我也吃到没熟的鸡腿，都是血水",
    "汤里有飞虫，恶心的菜，食堂能不能管管",
    "面里吃出虫子，已经打12345投诉了",
)
HITCH_S = 3.0
_schools = itertools.count(1)
secret = cache(user.secret)
"""Each password is hashed once for all towns: that takes long, and is meant to."""


class NoIntake:
    """The story types in no lead."""

    def take_lead(self, form: Mapping[str, str]) -> Taken:
        raise AssertionError("no lead in this story")

    def take_message(self, form: Mapping[str, str]) -> Taken:
        raise AssertionError("no private message in this story")

    def take_file(self, name: str, body: bytes) -> Taken:
        raise AssertionError("no file in this story")

    def template(self) -> bytes:
        return b""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that arrived: to whom, its subject, its text part and its links."""

    who: str
    subject: str
    text: str
    html: str
    links: tuple[str, ...]


class Inbox:
    """The demo's SMTP server and webhook on real ports."""

    def __init__(self, folder: Path) -> None:
        self.demo: Demo = build_inbox(folder, 0, robot_keys=frozenset({ROBOT_KEY}))
        self.demo.smtp.start()
        self._opened: dict[int, Letter] = {}
        listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(self.demo.app, log_level="critical", timeout_graceful_shutdown=0, lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listener]}, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.005)

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(5)
        self.demo.smtp.stop()

    def letters(self) -> list[Letter]:
        """Every mail that arrived, the oldest first; one that came twice stands twice."""
        box = self.demo.mailbox
        out = []
        for one in reversed(box.newest()):
            assert one.times == 1, f"{one.subject} came {one.times} times"
            if one.id not in self._opened:
                plain, html = box.part(one.id, "plain"), box.part(one.id, "html")
                links = tuple(box.links(one.id))
                self._opened[one.id] = Letter(one.to.partition("@")[0], one.subject, plain, html, links)
            out.append(self._opened[one.id])
        return out

    def said(self) -> list[str]:
        """What the group's robot said, the oldest first."""
        return [one.content for one in reversed(self.demo.group.newest())]


class Town:
    """Everything of one school. `pass_on` lets each role do what it can; `later` moves the clock.

    `site`: where the search rests. `pack`: by whose rules. `whole`: every office of those rules is held, each by a
    person of its own.
    """

    def __init__(
        self, folder: Path, log_url: str, store_url: str = "", pack: str = "JY", *, whole: bool = False,
        site: Site | None = None,
    ) -> None:  # fmt: skip
        reactor.loop()
        self.school = f"JY{next(_schools)}"
        self.folder = folder
        self.sandbox = Sandbox(START, live=0.0, history=False, quota=100_000)
        self.inbox = Inbox(folder / "inbox")
        self.store = Store(store_url) if store_url else pour(folder / "store.db")
        if store_url:
            metadata.create_all(self.store.engine)
        self.log: Log = open_log(log_url)
        self.log.ensure(partitions(4))
        self.site = site or SqliteSite(folder)
        self.search = open_search(self.site.url)
        self.pack = load(pack)
        self._enter(self.pack.office if whole else ())
        head = Letterhead(
            self.school,
            "风林职业技术学院",
            PUBLIC,
            b"k" * 32,
            frozenset({"mail", "wecom_robot"}),
            "值班群",
            "校内 8071",
        )
        smtp = self.inbox.demo.smtp
        server = MailServer(
            host=smtp.host, port=smtp.port, security=Security.PLAIN, sender="fengxin@fenglin.example", user="fengxin",
            password="app-password-9f", connect_seconds=1.0, total_seconds=2.0, per_minute=100_000,
        )  # fmt: skip
        robot = RobotAddress("值班群", ROBOT_KEY, self.inbox.base, connect_seconds=1.0, total_seconds=2.0)
        self.channels = {"mail": Mail(server), "wecom_robot": Robot(robot)}
        ground = Ground(self.pack, head, {"engine": Snow.name})
        self.head = head
        self.crew = Crew(self.store, self.log, self._routes(), self.now, self._sleep, (0.0, 0.01))
        self.crew.prepare()
        self.assessing = Assessing(self.log, self.store, Snow(), reader(), self.now)
        self.watch = Watch(self.log, self.store, self.school, ground, self.now)
        self.indexing = Indexing(self.log, self.store, self.school, self.search, self.now)
        self.notify = Notify(self.store, head, self.channels, self.now, pack=self.pack)
        self.down: set[str] = set()
        desk = Desk(
            self.store, head, self.now, self.channels, NoIntake(), self.search.find, self.search.facets,
            ("crawl", "assess", "watch", "index", "notify"), secure_cookies=False, ground=ground,
        )  # fmt: skip
        self.desk = TestClient(build_desk(desk), base_url=PUBLIC, follow_redirects=False)

    def close(self) -> None:
        for worker in (self.assessing, self.watch, self.indexing):
            worker.close()
        self.desk.close()
        self.search.close()
        self.site.end()
        self.log.close()
        self.store.close()
        self.inbox.close()
        self.sandbox.close()

    def _enter(self, offices: Sequence[Any] = ()) -> None:
        persons = [
            Person(self.school, key, name, title, unit, f"{key}@fenglin.example", "13800000000")
            for key, (name, title, unit) in STAFF.items()
        ]
        further = [one for one in offices if one.key not in {held.role for held in HELD}]
        persons += [
            Person(self.school, one.key, one.words[0], "", one.words[0], f"{one.key}@fenglin.example", "13800000000")
            for one in further
        ]
        held = [*HELD, *(Held(one.key, "", one.key) for one in further)]
        one = self.sandbox.world.accounts["wb_main"]
        watched = Account(
            self.school, one.key, one.platform, one.name, one.native_id, UNIT, "api", START - timedelta(days=1), True
        )
        with self.store.write() as conn:
            people.enter(conn, persons, held)
            account.enter(conn, [watched])
            user.enrol(conn, self.school, "chen", "monitor", secret(PASSWORD, "chen"), [Role.MONITOR], self.now())

    def _routes(self) -> CrawlSettings:
        one = self.sandbox.world.accounts["wb_main"]
        base = f"{self.sandbox.url}/sim/weibo/2"
        route = WeiboRoute(account_id=one.key, base_url=base, access_token=SecretStr(one.token), per_day=100_000)
        return CrawlSettings(
            school=self.school, pseudonym_key=b"a key for tests, 32 bytes at least!", routes=(route,), spacing_s=0,
            crawl_limit_s=30,
        )  # fmt: skip

    def now(self) -> datetime:
        return self.sandbox.clock.now()

    async def _sleep(self, seconds: float) -> None:
        self.sandbox.clock.advance(seconds)
        await asyncio.sleep(0)

    # The roles.

    def crawl(self) -> None:
        """Look at every source of the account now."""
        with self.store.write() as conn:
            conn.execute(update(sources).values(next_due=self.now()))
        while reactor.run(self.crew.round()):
            pass

    def look(self) -> str:
        """Let the crawl look at every source as the running service does: never raising; what it says troubles it."""

        async def once() -> None:
            await self.crew.step()
            while self.crew.running:  # a token is used by one crawl at a time
                await asyncio.gather(*self.crew.running)
                await self.crew.step()

        with self.store.write() as conn:
            conn.execute(update(sources).values(next_due=self.now()))
        reactor.run(once())
        self.crew.beat()
        return self.crew.said()

    def pass_on(self) -> None:
        """Let every role that is not down work until nothing is left; then each says how it is."""
        wait = 0.0 if isinstance(self.log, SqliteLog) else 0.05  # a file has at once what a broker brings in its time
        workers: dict[str, Callable[[], int]] = {
            "assess": lambda: self.assessing.step(wait=wait), "watch": lambda: self.watch.step(wait=wait),
            "index": lambda: self.indexing.step(wait=wait), "notify": self.notify.step,
        }  # fmt: skip
        began = time.monotonic()
        hitch = began if isinstance(self.log, SqliteLog) else began + HITCH_S
        while sum(step() for name, step in workers.items() if name not in self.down) or not self._caught_up(hitch):
            assert time.monotonic() < began + 60, "the readers of the log do not catch up"
        with self.store.write() as conn:
            for name in workers.keys() - self.down:
                pulse.beat(conn, name, self.now(), getattr(self, self._worker(name)).trouble)
        if "crawl" not in self.down:
            self.crew.beat()

    def _caught_up(self, hitch: float) -> bool:
        """Whether every reader that can work has come to the end of its topic: a broker gives in its own time.

        Until `hitch` (monotonic) a reader in trouble is waited for: a broker under load has a hitch, and is back.
        """
        with self.store.read() as conn:
            for name, topic in READERS.items():
                role = name.removesuffix(BEHIND)
                troubled = getattr(self, self._worker(role)).trouble and time.monotonic() > hitch
                if role in self.down or troubled:
                    continue
                try:
                    ends = self.log.ends(topic)
                except LogUnavailable:
                    continue
                done = stored(conn, name, list(ends))
                if any(done.get(partition, 0) < end for partition, end in ends.items()):
                    return False
        return True

    @staticmethod
    def _worker(name: str) -> str:
        return {"assess": "assessing", "index": "indexing"}.get(name, name)

    def until(self, check: Callable[[], object], limit: float = 60) -> None:
        """Pass on until something holds: for a broker, which answers in its own time."""
        end = time.monotonic() + limit
        while not check():
            assert time.monotonic() < end, "did not come about in time"
            self.pass_on()

    def later(self, **by: float) -> None:
        """Move the clock on, letting each timer and each delayed delivery have its own moment."""
        end = self.now() + timedelta(**by)
        while (due := self._next_due()) is not None and due <= end:
            self.sandbox.clock.set(max(due, self.now()))
            if "notify" in self.down or not self.notify.step():
                break
        self.sandbox.clock.set(end)
        self.pass_on()

    def _next_due(self) -> datetime | None:
        with self.store.read() as conn:
            ring = conn.execute(select(func.min(timers.c.due_at)).where(timers.c.state == TimerState.SET)).scalar()
            send = conn.execute(
                select(func.min(deliveries.c.next_at)).where(deliveries.c.state == DeliveryState.WAITING)
            ).scalar()
        return min((at for at in (ring, send) if at is not None), default=None)

    def put(self, *posts: Post) -> None:
        """Posts straight onto the log, as a crawl appends them."""
        self.log.append(POSTS, [(post.thread_id, post.wire()) for post in posts])

    # What there is.

    def rows(self, table: Table) -> Sequence[Row[Any]]:
        """Every row of a table of this town, the oldest first."""
        with self.store.read() as conn:
            return conn.execute(select(table).order_by(*table.primary_key.columns)).all()

    def incident(self) -> Row[Any]:
        """The one incident; there must be exactly one."""
        (found,) = self.rows(incidents)
        return found

    def first(self) -> dict[str, Row[Any]]:
        """The first notices by addressee, the group's own left out."""
        return {row.addressee: row for row in self.rows(notices) if row.kind == "first" and row.addressee != "robot"}

    def running(self) -> set[str]:
        """Whose signature's clock runs."""
        owners = {row.id: row.addressee for row in self.rows(notices)}
        return {owners[row.notice_id] for row in self.rows(timers) if row.kind == "sign" and row.state == "set"}

    def called(self) -> set[str]:
        """For whom there is a phone task."""
        return {row.person_id for row in self.rows(calls)}

    def signed_in(self) -> TestClient:
        """The desk with the duty monitor signed in."""
        self.desk.post("/sign-in", data={"name": "chen", "password": PASSWORD})
        return self.desk


def path_of(link: str) -> str:
    """The part of a link after the host."""
    assert link.startswith(PUBLIC), link
    return urlsplit(link).path


def words_of(page: str) -> str:
    """A page as a reader sees it, more or less."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@contextmanager
def built(
    folder: Path, log_url: str, store_url: str = "", pack: str = "JY", *, whole: bool = False, site: Site | None = None
) -> Iterator[Town]:
    """A town, given back at the end; its store and its search are SQLite where no others are named."""
    town = Town(folder, log_url, store_url, pack, whole=whole, site=site)
    try:
        yield town
    finally:
        town.close()
