"""The disk of the store, of the log, or of an embedded installation is full while comments flow, until there is room.

Each lies on a small file system of its own that is really full (ENOSPC). The service says so in Chinese, waits, loses
nothing and goes on by itself. An engine that ends itself for want of room is started again by its machine's service
manager, here: the test. A machine on which nothing may be mounted skips this with a loud line.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from stream.pulse import pulses
from stream.store import FULL, StoreUnavailable
from tests.conftest import MISSING
from tests.kills.house import House, built, until
from tests.kills.proof import all_holds
from tests.kills.supervised import Supervised
from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import Engine, Kafka, Postgres, started
from tests.live.flood import flood
from tests.live.river import River
from tests.live.test_faults import ended, green

pytestmark = [pytest.mark.live, pytest.mark.long]
COMMENTS = 3_000
SOON_S = 300.0
BALLAST = "ballast"


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
