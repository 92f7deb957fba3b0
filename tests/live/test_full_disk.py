"""The disk of the store, of the log, or of an embedded installation is full while comments flow, until there is room.

Each lies on a small file system of its own that is really full (ENOSPC). The service says so in Chinese, waits, loses
nothing and goes on by itself. An engine that ends itself for want of room is started again by its machine's service
manager, here: the test. A machine on which nothing may be mounted skips this with a loud line. An Elasticsearch closes
its indices long before its disk is full, by how much room it is told to keep: that needs no mount.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from deploy.wiring import SEARCH_FULL, opened_search
from escalation.alert import alerts
from stream.pulse import pulses
from stream.search import Query
from stream.search.elastic_faults import FULL as CLOSED
from stream.store import FULL, StoreUnavailable
from tests.conftest import MISSING
from tests.kills.house import House, built, until
from tests.kills.proof import all_holds, letters
from tests.kills.supervised import Supervised
from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import Engine, Kafka, Postgres, started
from tests.live.flood import flood
from tests.live.river import River
from tests.live.seat import Seat, words
from tests.live.test_faults import ended, green

pytestmark = [pytest.mark.live, pytest.mark.long]
COMMENTS = 3_000
SOON_S = 300.0
BALLAST = "ballast"
MORE_THAN_THERE_IS, NEXT_TO_NOTHING = "1000tb", "1b"
RULES = Path(__file__).parents[2] / "deploy/prometheus/alerts.yml"


@dataclass(frozen=True, slots=True)
class Fault:
    """What was full, whether its engine ended by that, and the seconds from there being room until all was green."""

    what: str
    ended: bool
    green_s: float


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of its own, so large."""
    folder = Path(tempfile.mkdtemp(prefix="fengxin-small-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    try:
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip(f"{MISSING}: no small disk may be mounted here (as root, with the right to mount)")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def lodged(make: Callable[[Path], Engine], disk: Path) -> Iterator[Engine]:
    """An engine that lies on this disk with all it has."""
    engine = started(make, disk / "engine")
    try:
        yield engine
    finally:
        engine.stop()


def fill(disk: Path) -> None:
    """Leave no room."""
    with (disk / BALLAST).open("ab", buffering=0) as ballast:
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while True:
                    ballast.write(b"\0" * size)


@contextmanager
def watermarks(elasticsearch: Elasticsearch, index: str) -> Iterator[Callable[[str], None]]:
    """What this gives tells the server how much room it must keep, and waits until it has by itself closed these
    indices for writing, or opened them. At the end all is open and as it was."""
    disk = "cluster.routing.allocation.disk"
    marks = [f"{disk}.watermark.{name}" for name in ("low", "high", "flood_stage")]
    with closing(elasticsearch.client()) as ask:

        def all_are(full: bool, begins: str) -> bool:
            found = ask.indices.get_settings(index="*", expand_wildcards="all", flat_settings=True)
            theirs = [one["settings"] for name, one in found.items() if name.startswith(begins)]
            return all((one.get("index.blocks.read_only_allow_delete") == "true") == full for one in theirs)

        def keep(room: str, begins: str = index) -> None:
            ask.cluster.put_settings(persistent={f"{disk}.threshold_enabled": True} | dict.fromkeys(marks, room))
            full = room == MORE_THAN_THERE_IS
            until(lambda: all_are(full, begins), f"the server {'closes' if full else 'opens'} its indices", SOON_S)

        try:
            yield keep
        finally:
            keep(NEXT_TO_NOTHING, "")
            ask.cluster.put_settings(persistent=dict.fromkeys([f"{disk}.threshold_enabled", *marks]))


class Days:
    """An installation, and its disks that are filled one after the other."""

    def __init__(self, house: House, supervised: Supervised, posts: Sequence[object], river: River) -> None:
        self.house, self.supervised, self.river = house, supervised, river
        self.share, self.faults = -(-len(posts) // 2), list[Fault]()

    def full(self, what: str, disk: Path, words: str, engine: Engine | None = None) -> None:
        """The disk is full while comments come, until the service has said these words; then there is room again."""
        house = self.house
        before = (house.folder / "run.out").stat().st_size
        house.wave(2)
        house.poll_now()
        fill(disk)
        self.river.may += self.share
        until(lambda: words in self.said(before), f"{what}: it says so", SOON_S)
        (disk / BALLAST).unlink()
        begun, fell = time.monotonic(), False

        def well() -> bool:
            nonlocal fell
            if engine is not None and engine.fell():
                fell = True
                engine.again()
            return self.supervised.up() and green(house)

        until(well, f"{what}: green again", SOON_S)
        self.faults.append(Fault(what, fell, time.monotonic() - begun))

    def said(self, before: int) -> str:
        """What the roles have said since: on the screen, and as their trouble, which is what `/healthz` shows."""
        screen = (self.house.folder / "run.out").read_bytes()[before:].decode("utf-8", "replace")
        with suppress(StoreUnavailable), self.house.store.read() as conn:
            return "\n".join([screen, *conn.execute(select(pulses.c.trouble)).scalars()])
        return screen

    def hold(self) -> None:
        """Everything arrives, and nothing is lost or double."""
        self.river.join(SOON_S)
        self.house.settle(SOON_S)
        print("\n| disk full | the engine ended by it | green after room was made, s |\n|---|---|---|")
        for one in self.faults:
            print(f"| {one.what} | {'yes' if one.ended else 'no'} | {one.green_s:.1f} |")
        all_holds(self.house)


@contextmanager
def day(folder: Path, *urls: str) -> Iterator[Days]:
    """A whole installation that is green, and comments that come when a disk is full."""
    with built(folder, *urls) as house, ended(Supervised(house)) as supervised:
        account = house.settings.roster.accounts[0].key
        posts = list(flood(COMMENTS, house.settings.school.code, account, datetime.now(UTC)))
        house.truth |= {post.id: post.text for post in posts}
        until(lambda: supervised.up() and green(house), "the house is green", SOON_S)
        river = River(house, posts)
        river.start()
        yield Days(house, supervised, posts, river)


@pytest.mark.timeout(1200)
def test_full_disks_of_the_store_and_of_the_log_lose_nothing(tmp_path: Path, elasticsearch: Elasticsearch) -> None:
    with ExitStack() as stack:
        for_store, for_log = (stack.enter_context(small_disk(megabytes)) for megabytes in (250, 100))
        postgres = stack.enter_context(lodged(Postgres, for_store))
        kafka = stack.enter_context(lodged(Kafka, for_log))
        assert isinstance(postgres, Postgres)
        urls = kafka.url, postgres.database(), elasticsearch.place(f"d{uuid4().hex[:12]}")
        days = stack.enter_context(day(tmp_path, *urls))
        days.full("PostgreSQL", for_store, FULL, postgres)
        days.full("Kafka", for_log, "暂不可用：", kafka)
        days.hold()


@pytest.mark.timeout(1200)
def test_an_embedded_installation_outlives_a_full_disk(tmp_path: Path) -> None:
    with small_disk(60) as disk:
        urls = (f"sqlite:///{disk}/{part}/{part}.db" for part in ("log", "store", "search"))
        with day(tmp_path, *urls) as days:
            days.full("SQLite", disk, FULL)
            days.full("SQLite again", disk, FULL)
            days.hold()


def rings(desk: str) -> bool:
    """Whether Prometheus reads at this desk what its rule rings for."""
    (asked,) = re.findall(r"alert: FengxinSearchFull\n +expr: max\((.+)\) > 0\n", RULES.read_text("utf-8"))
    page = httpx.get(f"{desk}/metrics", trust_env=False, timeout=20).text
    (told,) = re.findall(f"^{re.escape(asked)} (.+)$", page, re.MULTILINE)
    return float(told) > 0


@pytest.mark.timeout(900)
def test_an_elasticsearch_short_of_space_is_told_at_the_desk_holds_no_alarm_up_and_is_given_everything_later(
    tmp_path: Path, kafka: Kafka, postgres: Postgres, elasticsearch: Elasticsearch
) -> None:
    name = f"d{uuid4().hex[:12]}"
    urls = f"{kafka.url}/{name}", postgres.database(), elasticsearch.place(name)
    with day(tmp_path, *urls) as days, watermarks(elasticsearch, f"{name}-posts-") as keep:
        house, desk = days.house, f"http://127.0.0.1:{days.house.settings.web.port}"
        monitor = Seat.taken(house, desk, "zheng.wanzhou", "P08")

        def taken_in() -> int:
            house.poll_now()
            with opened_search(house.settings) as search:
                return search.count(Query(house.settings.school.code))

        def red() -> bool:
            return CLOSED in "".join(words(one) for one in monitor.page(desk, "/desk").css(".alarms"))

        def found() -> int:
            return len(monitor.page(desk, "/search?q=二食堂").css("article.quote"))

        def mailed() -> int:
            house.poll_now()
            return len(letters(house))

        own = len(house.threads)
        until(lambda: taken_in() == own, "the month has its index", SOON_S)
        keep(MORE_THAN_THERE_IS)
        days.river.may += days.share
        begun = time.monotonic()
        until(lambda: rings(desk), "Prometheus is told", SOON_S)
        assert red()
        after = time.monotonic()
        house.wave(3)
        until(mailed, "an alarm goes out", SOON_S)
        print(f"\nrings after {after - begun:.1f} s; a mail {time.monotonic() - after:.1f} s after the comments")
        until(lambda: not house.lag("watch") and not house.lag("assess"), "all but the search goes on", SOON_S)
        assert (taken_in(), found(), rings(desk)) == (own, 0, True)
        assert house.lag("index") >= days.share
        assert monitor.incidents(desk)
        days.river.may += days.share
        begun = time.monotonic()
        keep(NEXT_TO_NOTHING)
        until(lambda: not rings(desk), "it rings no more, by itself", SOON_S)
        assert not red()
        until(lambda: days.supervised.up() and green(house), "green again", SOON_S)
        days.faults.append(Fault("Elasticsearch", ended=False, green_s=time.monotonic() - begun))
        days.hold()
        assert found() == len(house.matter_ids)
        with house.store.read() as conn:
            told = select(alerts.c.closed_at).where(alerts.c.cause == SEARCH_FULL)
            assert [one is not None for one in conn.execute(told).scalars()] == [True], "it rang once"
