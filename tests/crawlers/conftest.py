"""A room of one's own for each test: sandbox on a real socket, store, log, and a crew whose clock is the sandbox's."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import func, select, update

from crawlers import reactor
from crawlers.sandbox.app import build
from crawlers.sandbox.clock import Clock
from crawlers.sandbox.world import World
from crawlers.service import Crew
from crawlers.settings import CrawlSettings, WechatRoute, WeiboRoute
from stream import account, kept
from stream.coverage import gaps, scans, sources
from stream.log import Log, open_log
from stream.post import Counts, Post
from stream.topic import HISTORY, POSTS, partitions
from tests.mould import pour

START = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)  # noon in Asia/Shanghai
KEY = b"a key for tests, 32 bytes at least!"
SCHOOL = "FL"


class Sandbox:
    """The sandbox in this process on a real socket, its clock standing still until a test moves it."""

    def __init__(self, start: datetime, *, live: float, history: bool, quota: int) -> None:
        self.clock = Clock(start, 0)
        epoch = start if history else start - timedelta(days=400)
        self.world = World(self.clock, 1, epoch, live, False, quota)
        if not history:
            self.world._coming, self.world._next = iter(()), None
        self.app = build(self.world)
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        config = uvicorn.Config(self.app, log_level="error", date_header=False, lifespan="off", ws="none")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True)
        self.thread.start()
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=20)
        while not self.server.started:
            time.sleep(0.002)

    def close(self) -> None:
        self.http.close()
        self.server.should_exit = True
        self.thread.join(5)
        self.socket.close()

    def control(self, act: str, /, **given: Any) -> Any:
        answer = self.http.post(f"/control/{act}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, name: str, **given: Any) -> Any:
        return self.control("faults", name=name, **given)

    def calm(self) -> None:
        self.http.request("DELETE", "/control/faults")

    def forward(self, **by: float) -> None:
        self.control("clock", advance_s=timedelta(**by).total_seconds())

    def post(self, text: str = "图书馆周末照常开放，欢迎同学们。", account: str = "wb_main", **given: Any) -> Any:
        return self.control("post", account=account, text=text, **given)

    def comment(self, thread: str, text: str, **given: Any) -> Any:
        return self.control("comment", thread=thread, text=text, **given)

    def served(self, path: str) -> list[Any]:
        found = self.http.get("/control/log", params={"path": path}).json()["served"]
        assert isinstance(found, list)
        return found


class Room:
    """Everything one test needs; `tick` reads what is due and keeps it as the watch would."""

    def __init__(self, folder: Path, sandbox: Sandbox, **settings: Any) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.store = pour(folder / "store.db")
        self.log: Log = open_log(f"sqlite:///{folder}/log.db")
        self.log.ensure(partitions(2))
        self.slept: list[float] = []
        self.settings = self.settle(**settings)
        self.enter_accounts()
        self.crew = self.new_crew()
        self.positions: dict[tuple[str, int], int] = {}
        self.records: list[Post | Counts] = []

    def settle(self, **given: Any) -> CrawlSettings:
        accounts = self.sandbox.world.accounts
        routes: list[WeiboRoute | WechatRoute] = []
        per_day = given.pop("per_day", 100)
        for key in given.pop("accounts", ("wb_main",)):
            one = accounts[key]
            if one.platform == "weibo":
                base = f"{self.sandbox.url}/sim/weibo/2"
                routes.append(
                    WeiboRoute(account_id=key, base_url=base, access_token=SecretStr(one.token), per_day=per_day)
                )
            else:
                base = f"{self.sandbox.url}/sim/wechat"
                routes.append(
                    WechatRoute(account_id=key, base_url=base, app_id=one.native_id, app_secret=SecretStr(one.secret))
                )
        return CrawlSettings(
            school=SCHOOL, pseudonym_key=KEY, routes=tuple(routes), **{"spacing_s": 0, "crawl_limit_s": 30} | given
        )

    def enter_accounts(self) -> None:
        entries = [
            account.Account(SCHOOL, one.key, one.platform, one.name, one.native_id, "宣传部", "sandbox", START)
            for one in self.sandbox.world.accounts.values()
        ]
        with self.store.write() as conn:
            account.enter(conn, entries)

    def new_crew(self) -> Crew:
        crew = Crew(self.store, self.log, self.settings, self.now, self.sleep, (0.0, 0.01))
        crew.prepare()
        return crew

    def now(self) -> datetime:
        return self.sandbox.clock.now()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.sandbox.clock.advance(seconds)
        await asyncio.sleep(0)

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        return reactor.run(main)

    def tick(self, rounds: int = 1) -> list[Post | Counts]:
        """Read what is due (`rounds` times); the records that came onto the log."""
        for _ in range(rounds):
            self.run(self.crew.round())
        return self.drain()

    def look(self, stream: str) -> list[Post | Counts]:
        """Make the sources of one stream due, all others not, and read them once."""
        with self.store.write() as conn:
            tried = func.coalesce(sources.c.last_try, self.now())
            conn.execute(update(sources).values(next_due=self.now() + timedelta(days=900), last_try=tried))
            mine = sources.c.stream == stream
            conn.execute(update(sources).where(mine).values(next_due=self.now(), breaker_until=None))
        found: list[Post | Counts] = []
        while self.run(self.crew.round()):
            found += self.drain()
            with self.store.read() as conn:
                due = select(sources.c.id).where(sources.c.next_due <= self.now(), sources.c.active)
                if conn.execute(due).first() is None:
                    break
        return found

    def _drain(self, topic: str) -> list[Post | Counts]:
        reader = self.log.reader(topic, "test", lambda wanted: {p: self.positions.get((topic, p), 0) for p in wanted})
        fresh: list[Post | Counts] = []
        while found := reader.poll(1000, 0.01):
            for record in found:
                self.positions[topic, record.partition] = record.offset + 1
                kind = json.loads(record.value)["type"]
                fresh.append((Post if kind == "post" else Counts).from_wire(record.value))
        reader.close()
        return fresh

    def drain(self) -> list[Post | Counts]:
        fresh: list[Post | Counts] = []
        for topic in (POSTS, HISTORY):
            fresh += self._drain(topic)
        with self.store.write() as conn:
            for one in fresh:
                if isinstance(one, Post):
                    kept.keep(conn, one)
        self.records += fresh
        return fresh

    def posts(self, found: list[Post | Counts] | None = None) -> list[Post]:
        return [one for one in (self.records if found is None else found) if isinstance(one, Post)]

    def source(self, stream: str) -> Any:
        with self.store.read() as conn:
            return conn.execute(select(sources).where(sources.c.stream == stream).order_by(sources.c.id)).first()

    def gaps(self) -> list[Any]:
        with self.store.read() as conn:
            return list(conn.execute(select(gaps).order_by(gaps.c.id)))

    def outcomes(self, stream: str) -> list[str]:
        query = select(scans.c.outcome).join(sources, sources.c.id == scans.c.source_id)
        with self.store.read() as conn:
            return [row.outcome for row in conn.execute(query.where(sources.c.stream == stream).order_by(scans.c.id))]

    def close(self) -> None:
        self.log.close()
        self.store.close()


MakeRoom = Callable[..., Room]


@pytest.fixture
def make_room(tmp_path: Path) -> Iterator[MakeRoom]:
    """Makes a room; `history`: whether the sandbox brings its fortnight."""
    made: list[Any] = []

    def make(
        start: datetime = START, *, history: bool = False, live: float = 0.0, quota: int = 100_000, **settings: Any
    ) -> Room:
        reactor.loop()
        sandbox = Sandbox(start, live=live, history=history, quota=quota)
        folder = tmp_path / f"room{len(made)}"
        folder.mkdir()
        room = Room(folder, sandbox, **{"per_day": 100_000} | settings)
        made.append(room)
        made.append(sandbox)
        return room

    yield make
    for one in made:
        one.close()


@pytest.fixture
def room(make_room: MakeRoom) -> Room:
    """A room with one Weibo account and no history."""
    return make_room()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The platforms' sample answers, where they lie beside the checkout."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "platform_samples"
    if not folder.is_dir():
        pytest.skip("the platform samples are not beside this checkout")
    return folder
