"""The chain for a measurement: an installation of its own in a folder, and the roles as real processes."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from sqlalchemy import text

from deploy import installation, migrations, starting
from deploy.settings import Settings, load
from deploy.wiring import opened_log
from stream.log import Log
from stream.log.kafka_settings import read_address
from stream.post import Post
from stream.store import Store
from stream.topic import POSTS, READERS
from tests.bench.comments import Comments
from tests.bench.comments import Place as Account
from tests.bench.footing import EMBEDDED, Place
from tests.bench.machine import cpu_seconds, resident_megabytes

ROOT = Path(__file__).resolve().parents[2]
PLACE = Account("fenglin", "weibo:9000000001", "weibo")
WARM = 80
PATIENCE = 180.0
FOLLOWERS = ("assess", "watch", "index")


class Stuck(RuntimeError):
    """The chain did not come to where it should; the text says what was waited for and what the roles said."""


@dataclass(slots=True)
class Chain:
    """A running chain. `processes` by role; two assess workers are `assess` and `assess 2`."""

    settings: Settings
    log: Log
    processes: dict[str, subprocess.Popen[bytes]]
    store: Store

    def start(self, role: str, *, snow: bool = True) -> subprocess.Popen[bytes]:
        """Start the process of a role."""
        settings_file = self.settings.folder / installation.SETTINGS_FILE
        process = self.processes[role] = _started(role, settings_file, snow=snow)
        return process

    def append(self, posts: Sequence[Post], topic: str = POSTS) -> None:
        """Append posts as a crawl does: keyed by thread, one durable call."""
        self.log.append(topic, [(post.thread_id, post.wire()) for post in posts])

    def behind(self, *roles: str) -> int:
        """Records that the named roles have not taken yet."""
        rows = self.rows('SELECT reader, sum("next") FROM positions GROUP BY reader')
        taken = {reader: int(at) for reader, at in rows}
        return sum(sum(self.log.ends(READERS[role]).values()) - taken.get(role, 0) for role in roles)

    def drained(self, patience: float, *roles: str) -> bool:
        """Wait until the named roles have taken everything; False where that takes longer than `patience` seconds."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if not self.behind(*roles):
                return True
            self.alive()
            time.sleep(0.02)
        return False

    def rows(self, question: str) -> list[Any]:
        """What the store says."""
        with self.store.read() as conn:
            return list(conn.execute(text(question)))

    def alive(self) -> None:
        """Raise Stuck where a role has ended."""
        for role, process in self.processes.items():
            if process.poll() is not None:
                raise Stuck(f"{role} ended with {process.returncode}:\n{self.said(role)}")

    def said(self, role: str) -> str:
        """The last words of a role."""
        return (self.settings.folder / f"{role}.txt").read_text("utf-8", "replace")[-2000:]

    def memory(self) -> dict[str, float]:
        """Megabytes that each process holds now."""
        return {role: resident_megabytes(process.pid) for role, process in self.processes.items()}

    def cpu(self) -> dict[str, float]:
        """CPU seconds of each process so far."""
        return {role: cpu_seconds(process.pid) for role, process in self.processes.items()}


@contextmanager
def running(*, assess: int = 1, snow: bool = True, mail: bool = False, place: Place = EMBEDDED) -> Iterator[Chain]:
    """A warm chain with so many assess workers; `snow` False leaves SnowNLP's own time out, `mail` adds the way out
    (notify, the inbox) and the desk."""
    with tempfile.TemporaryDirectory(prefix="fengxin-bench-") as folder:
        roles = [*(["inbox", "notify", "web"] if mail else []), "watch", "index", "assess"]
        roles += [f"assess {number}" for number in range(2, assess + 1)]
        with _opened(Path(folder) / "school", timedelta(days=14), place) as chain:
            for role in roles:
                chain.start(role, snow=snow)
            _warm(chain, assess)
            yield chain


@contextmanager
def house(folder: Path, *roles: str, place: Place = EMBEDDED) -> Iterator[Chain]:
    """An installation that is half a day old, where only these roles run and nothing is taken in yet.

    Its sandbox has the fortnight before and half a day of live comments. One of a fortnight had 300,000 of these to
    make before its first answer, longer than a crawl waits for one on a busy machine.
    """
    with _opened(folder / "school", timedelta(hours=12), place) as chain:
        for role in roles:
            chain.start(role)
        yield chain


@contextmanager
def _opened(folder: Path, age: timedelta, place: Place) -> Iterator[Chain]:
    settings = load(_installed(folder, datetime.now(UTC) - age, place))
    with closing(Store(settings.store_url)) as store:
        if not store.sqlite:
            migrations.migrate(store)
        list(starting.prepare(settings))
        with opened_log(settings) as log:
            chain = Chain(settings, log, {}, store)
            try:
                yield chain
            finally:
                _ended(chain.processes)


def _installed(folder: Path, start: datetime, place: Place) -> Path:
    """The demo's settings from `start` on (its platforms are not started) without the robot, and without named places,
    which would join what is planted apart."""
    path = installation.write_demo(folder, _free_ports(4), start)
    said = re.sub(r"\[wecom_robot\][^\[]*", "", path.read_text("utf-8"))
    lines = [line for line in said.splitlines() if not line.startswith("places")]
    for section, url in place.urls.items():
        lines += [f"[{section}]", f'url = "{url}"', *(["partitions = 4"] if section == "log" else [])]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _free_ports(number: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(20_000 + os.getpid() % 20_000, 60_000, number):
        with suppress(OSError):
            for port in range(first, first + number):
                with closing(socket.socket()) as one:
                    one.bind(("127.0.0.1", port))
            return first
    raise Stuck("no free ports")


def _started(role: str, settings_file: Path, *, snow: bool) -> subprocess.Popen[bytes]:
    name = role.partition(" ")[0]
    module = ["deploy.role", name] if name != "assess" or snow else ["tests.bench.weightless"]
    command = [sys.executable, "-m", *module, "--settings", str(settings_file), "--parent", str(os.getpid())]
    with (settings_file.parent / f"{role}.txt").open("wb") as said:
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said)


def _warm(chain: Chain, assess: int) -> None:
    """Every role has its partitions and has worked once, so that loading is no part of a measurement."""
    wanted = {"assess": assess, "watch": 1, "index": 1}
    until = time.monotonic() + PATIENCE
    while (found := _members(chain)) != wanted:
        chain.alive()
        if time.monotonic() > until:
            raise Stuck(f"the roles did not join: {found}")
        time.sleep(0.05)
    made = Comments(99)
    grave = made.grave(PLACE, datetime.now(UTC))  # the first incident of a process reads rules, texts and statements
    chain.append([*made.posts(PLACE, datetime.now(UTC), WARM), grave])
    if not (chain.drained(PATIENCE, "assess") and chain.drained(PATIENCE, "watch", "index")):
        raise Stuck(f"the first {WARM} comments did not come through")


def _members(chain: Chain) -> dict[str, int]:
    """How many have joined each group of readers."""
    if not chain.settings.log_url.startswith("kafka://"):
        with closing(sqlite3.connect(chain.settings.data_folder / "log.db", isolation_level=None)) as log:
            found = dict(log.execute("SELECT crew, count(DISTINCT member) FROM lease GROUP BY crew"))
            return {role: found[role] for role in FOLLOWERS if role in found}
    brokers = read_address(chain.settings.log_url)
    named = {brokers.named(role): role for role in FOLLOWERS}
    told: dict[str, Any] = {}
    with closing(KafkaAdminClient(**brokers.client)) as admin, suppress(KafkaError):  # no coordinator at first
        told = admin.describe_groups(list(named))
    return {named[name]: len(one["members"]) for name, one in told.items() if one["group_state"] == "Stable"}


def _ended(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for process in processes.values():
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
    for process in processes.values():
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
