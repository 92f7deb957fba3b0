"""A whole installation in a folder of its own: real roles as real processes, a platform sandbox whose every comment
we know, and the demo inbox. What would take minutes (a lease, a poll, a deadline) is brought forward in its row.
"""

from __future__ import annotations

import ctypes
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
from sqlalchemy import Connection, func, or_, select, update

from crawlers.token import tokens
from deploy import installation, migrations
from deploy.role import PR_SET_PDEATHSIG
from deploy.settings import Settings, load
from deploy.starting import prepare
from deploy.wiring import commands, wanted
from escalation.notice import DeliveryState, deliveries, notices
from escalation.timer import TimerKind, TimerState, timers
from stream.coverage import sources
from stream.kept import posts
from stream.log import LogUnavailable, open_log
from stream.position import positions
from stream.pulse import pulses
from stream.store import Store, StoreUnavailable
from stream.topic import POSTS, READERS, partitions

T = TypeVar("T")
LIMIT_S = 60.0
LOOK_S = 0.03
POLL_EVERY = timedelta(seconds=1)
PUBLIC_URL = "https://fx.fenglin.example"
FLOW = ("crawl", "assess", "watch", "notify", "index")
ADDRESSEES = frozenset({"P01", "P02", "P03", "P10"})
"""主管校领导, 单位党政主要负责人, the keeper and the 党委宣传部 of the Weibo main account: JY 13 and 14 together."""
ORDINARY = (
    "图书馆三楼靠窗的位置采光真好，第{n}次来自习",
    "社团招新很热闹，学长学姐都很耐心，记录第{n}天",
    "今天的银杏大道太美了，拍了{n}张照片",
    "实训老师讲得细致，第{n}个零件终于做出来了",
    "谢谢志愿者同学，帮我找回了校园卡，编号{n}",
    "运动会加油，我们班拿了{n}分，开心",
)
MATTER = (
    "我们寝室六个人中午在二食堂吃的套餐，下午四个上吐下泻，刚被救护车送去市二院急诊（{n}）",
    "二食堂的套餐疑似食物中毒，同学还在医院输液，第{n}个了",
    "同在二食堂吃的，已经吐了{n}次，腿软，医生说像食物中毒",
    "我们班也有{n}个，二食堂吃完开始拉肚子，发烧送医院了",
)


class NotInTime(AssertionError):
    """A condition that did not come about within its limit."""


def until(check: Callable[[], T], what: str, limit: float = LIMIT_S, instead: Callable[[], object] | None = None) -> T:
    """Look until `check` holds, and give what it then gave; where an engine it asks is away it does not hold yet.

    Raises NotInTime, which tells what `instead` gives, as what is the case in place of it.
    """
    end, away = time.monotonic() + limit, ""
    while True:
        try:
            if found := check():
                return found
            away = ""
        except (StoreUnavailable, LogUnavailable) as error:
            away = f"; {error}"
        if time.monotonic() > end:
            raise NotInTime(f"not within {limit:g} s: {what}{away}" + (f"\n{instead()}" if instead else ""))
        time.sleep(LOOK_S)


def free_ports() -> int:
    """The first of four free ports in a row, below those that the system gives out by itself."""
    for _ in range(200):
        first = random.SystemRandom().randrange(20_000, 32_000, 4)
        try:
            for port in range(first, first + 4):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise NotInTime("four free ports in a row")


def listening(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def living(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass
class House:
    """One installation. Make it with `built`; `truth` holds the id of every comment that was put on the platforms."""

    folder: Path
    file: Path
    settings: Settings
    sandbox_port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    truth: dict[str, str] = field(default_factory=dict)
    matter_ids: set[str] = field(default_factory=set)
    threads: dict[str, dict[str, Any]] = field(default_factory=dict)
    written: int = 0
    polled: float = 0.0

    def __post_init__(self) -> None:
        self.store = Store(self.settings.store_url)
        self.log = open_log(self.settings.log_url)
        self.log.ensure(partitions(self.settings.partitions))
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.sandbox_port}", trust_env=False, timeout=20)

    # The platforms.

    def control(self, path: str, **given: Any) -> dict[str, Any]:
        """One call to the hand on the sandbox."""
        answer = self.http.post(f"/control/{path}", json=given)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert isinstance(found, dict)
        return found

    def publish(self) -> None:
        """One post or article per account that is written under."""
        for account in ("wb_main", "wb_tw", "wx_hq"):
            self.threads[account] = self.control("post", account=account, title="近日校园", text="近日校园二三事。")

    def say(self, text: str, account: str = "wb_main") -> str:
        """A comment by a new person; gives the id under which it must be kept."""
        self.written += 1
        thread = self.threads[account]
        words = text.format(n=self.written)
        made = self.control("comment", thread=thread["thread"], text=words)
        if account.startswith("wx"):
            one = f"{self.article(thread)}:{made['number']}"
        else:
            one = f"weibo:c{made['comment']}"
        self.truth[one] = words
        return one

    @staticmethod
    def article(thread: dict[str, Any]) -> str:
        """The id of an article of the WeChat account that serves the house (后勤)."""
        return f"wechat:wechat:wxsandboxhq00000:{thread['id']}_{thread['index'] + 1}"

    def chat(self, count: int) -> None:
        """Ordinary comments, mostly on Weibo."""
        for _ in range(count):
            account = {0: "wx_hq", 1: "wb_tw", 2: "wb_tw"}.get(self.written % 10, "wb_main")
            self.say(ORDINARY[self.written % len(ORDINARY)], account)

    def wave(self, count: int) -> None:
        """Comments of the one damaging matter, all under one post."""
        for _ in range(count):
            self.matter_ids.add(self.say(MATTER[self.written % len(MATTER)]))

    # The processes.

    def start(self, role: str, point: str = "") -> None:
        """Start a role as the supervisor does, armed with a kill point where one is named."""
        env = {**os.environ, "PYTHONUNBUFFERED": "1"}
        if point:
            env |= {"FENGXIN_KILL_AT": point, "FENGXIN_KILL_MARK": str(self.mark(point))}
        command = commands(self.file, [role], os.getpid())[role]
        with (self.folder / f"{role}.out").open("ab") as out:
            self.running[role] = subprocess.Popen(command, stdout=out, stderr=out, env=env, start_new_session=True)

    def start_all(self) -> None:
        """Start every role, in the order of the flow, and wait until all have beaten."""
        for role in wanted(self.settings):
            self.start(role)
        until(lambda: all(self.up(role) for role in self.running), "every role beats")

    def mark(self, point: str) -> Path:
        """Where an armed process says that it was at the point."""
        return self.folder / f"mark.{point}"

    def up(self, role: str) -> bool:
        """Whether the process of the role that we started has beaten."""
        return self.beaten(role, self.running[role].pid)

    def beaten(self, role: str, pid: int) -> bool:
        """Whether this very process has said that it lives."""
        instance = f"{socket.gethostname()}:{pid}"
        with self.store.read() as conn:
            beaten = conn.execute(select(pulses.c.at).where(pulses.c.role == role, pulses.c.instance == instance))
            return beaten.first() is not None

    def killed(self, role: str) -> bool:
        """Whether the role's process was ended by SIGKILL. Another end is a fault of the role and raises."""
        code = self.running[role].poll()
        assert code in (None, -signal.SIGKILL), f"{role} ended with {code}:\n{self.said(role)}"
        return code is not None

    def said(self, role: str) -> str:
        """The last words of a role."""
        return (self.folder / f"{role}.out").read_text("utf-8", "replace")[-3000:]

    def kill(self, role: str) -> None:
        """SIGKILL a role's process and wait until it is gone."""
        self.running[role].kill()
        self.running[role].wait()

    def restart(self, role: str, point: str = "") -> None:
        """After a kill: the leases that the dead one held have run out, and the role starts again."""
        self.end_leases(role, self.running[role].pid)
        self.start(role, point)

    def end_leases(self, role: str, pid: int) -> None:
        """As if the minutes had passed after which what a dead process held is free again."""
        now = datetime.now(UTC)

        def end(conn: Connection) -> None:
            if role == "crawl":
                for table in (sources, tokens):
                    theirs = table.c.taken_by.contains(f":{pid}:")
                    conn.execute(update(table).where(theirs).values(taken_until=now))
                renewing = tokens.c.renewing_by.contains(f":{pid}:")
                conn.execute(update(tokens).where(renewing).values(renewing_until=now))
            if role == "notify":
                sending = deliveries.c.state == DeliveryState.SENDING
                conn.execute(update(deliveries).where(sending).values(taken_until=now))

        self.store.run(end)  # on PostgreSQL a role may be at the same rows

    def poll_now(self) -> None:
        """As if the minute had passed after which the platforms are looked at again; no source before the others."""
        if time.monotonic() - self.polled < POLL_EVERY.total_seconds() / 2:
            return
        self.polled = time.monotonic()
        now = datetime.now(UTC)
        rested = or_(sources.c.last_try.is_(None), sources.c.last_try < now - POLL_EVERY)
        later = sources.c.active & sources.c.taken_by.is_(None) & (sources.c.next_due > now)
        self.store.run(lambda conn: conn.execute(update(sources).where(rested, later).values(next_due=now)))

    def hurry_clock(self, kind: TimerKind = TimerKind.RUNG) -> bool:
        """As if the time of one clock of the incident had come; False where none is set."""
        with self.store.write() as conn:
            one = conn.execute(
                select(timers.c.id).where(timers.c.state == TimerState.SET, timers.c.kind == kind).limit(1)
            ).scalar()
            if one is not None:
                conn.execute(update(timers).where(timers.c.id == one).values(due_at=datetime.now(UTC)))
        return one is not None

    # What is under way.

    def lag(self, reader: str) -> int:
        """Records that a reader has not taken."""
        with self.store.read() as conn:
            rows = conn.execute(select(positions.c.partition, positions.c.next).where(positions.c.reader == reader))
            at = {row.partition: row.next for row in rows}
        return sum(end - at.get(partition, 0) for partition, end in self.log.ends(READERS[reader]).items())

    def in_hand(self, role: str) -> int:
        """How much work lies before or in the hands of a role."""
        if role in READERS:
            return self.lag(role)
        with self.store.read() as conn:
            if role == "crawl":
                taken = sources.c.taken_by.contains(f":{self.running[role].pid}:")
                return conn.execute(select(func.count()).select_from(sources).where(taken)).scalar_one()
            waiting = deliveries.c.state.in_([DeliveryState.WAITING, DeliveryState.SENDING])
            due = (timers.c.state == TimerState.SET) & (timers.c.due_at <= datetime.now(UTC))
            unsent = conn.execute(select(func.count()).select_from(deliveries).where(waiting)).scalar_one()
            return unsent + conn.execute(select(func.count()).select_from(timers).where(due)).scalar_one()

    def done(self, role: str) -> int:
        """How much a role has done since the house was built."""
        if role == "crawl":
            return sum(self.log.ends(POSTS).values())
        with self.store.read() as conn:
            if role in READERS:
                mine = positions.c.reader == role
                return int(conn.execute(select(func.sum(positions.c.next)).where(mine)).scalar_one() or 0)
            accepted = deliveries.c.state == DeliveryState.ACCEPTED
            fired = timers.c.state == TimerState.FIRED
            sent = conn.execute(select(func.count()).where(accepted)).scalar_one()
            return sent + conn.execute(select(func.count()).where(fired)).scalar_one()

    def in_flight(self) -> int:
        """Work under way anywhere in the house, what the platforms hold and we do not have yet among it."""
        with self.store.read() as conn:
            kept = conn.execute(select(func.count()).select_from(posts).where(posts.c.kind != "post")).scalar_one()
        return sum(self.in_hand(role) for role in FLOW) + max(0, len(self.truth) - kept)

    def kept_ids(self) -> set[str]:
        """Ids of all posts in the store."""
        with self.store.read() as conn:
            return set(conn.execute(select(posts.c.id)).scalars())

    def settled(self) -> bool:
        """Whether everything has arrived: all comments kept, all readers at the end, all deliveries accepted."""
        self.poll_now()
        if any(self.lag(reader) for reader in READERS) or not self.truth.keys() <= self.kept_ids():
            return False  # the lags first: of 50,000 comments one does not ask thirty times a second
        return not any(self.lag(reader) for reader in READERS) and not self.in_hand("notify")

    def settle(self, limit: float = LIMIT_S) -> None:
        """Wait until everything has arrived. Raises NotInTime and says what is missing."""
        try:
            until(self.settled, "everything has arrived", limit)
        except NotInTime as late:
            missing = sorted(self.truth.keys() - self.kept_ids())
            lags = {reader: self.lag(reader) for reader in READERS}
            words = (
                f"{late}: {len(missing)} comments missing {missing[:5]}, lags {lags}, {self.in_hand('notify')} unsent"
            )
            raise NotInTime(words) from None

    # The way in for a person.

    def sign(self, link: str, port: int = 0) -> int:
        """Sign by the link of a mail, as a phone would, at the desk or at one of several; gives the status, 0 where the
        line broke."""
        address = link.replace(PUBLIC_URL, f"http://127.0.0.1:{port or self.settings.web.port}")
        try:
            page = httpx.get(address, trust_env=False, timeout=20).text
            shown = re.search(r'name="seen" value="([\w.-]+)"', page)
            said = {"remark": "收到", "seen": shown.group(1) if shown else ""}
            return httpx.post(address, data=said, trust_env=False, timeout=20).status_code
        except httpx.TransportError:
            return 0

    def waiting_for_signature(self) -> list[Any]:
        """First notices that nobody has signed, oldest first."""
        wanted_kind = or_(notices.c.kind == "first", notices.c.kind == "raised")
        with self.store.read() as conn:
            return list(
                conn.execute(
                    select(notices)
                    .where(notices.c.needs_signature, notices.c.signed_at.is_(None), wanted_kind)
                    .order_by(notices.c.id)
                )
            )

    def close(self) -> None:
        """End every process of ours and give back what is open."""
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
            process.wait()
        self.http.close()
        self.log.close()
        self.store.close()


def write_settings(folder: Path, log_url: str = "", store_url: str = "", search_url: str = "") -> tuple[Path, int]:
    """The demo's settings, with a sandbox that is ours: it must keep what was written while all else is stopped."""
    port = free_ports()
    file = installation.write_demo(folder, port, datetime.now(UTC))
    text = re.sub(r"\[sandbox\]\n(?:.+\n)+", "", file.read_text("utf-8"))
    text = re.sub(r'public_url = ".*"', f'public_url = "{PUBLIC_URL}"', text)
    text = re.sub(r"spacing_s = .*\nfloor_s = .*", "spacing_s = 0.0\nfloor_s = 1", text)
    if log_url:
        text += f'\n[log]\nurl = "{log_url}"\npartitions = 4\n'
    for section, url in (("store", store_url), ("search", search_url)):
        text += f'\n[{section}]\nurl = "{url}"\n' if url else ""
    file.write_text(text, "utf-8")
    return file, port + 1


def end_with_us() -> None:
    """Have the kernel kill the child when the tests end, however they end."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@contextmanager
def built(folder: Path, log_url: str = "", store_url: str = "", search_url: str = "") -> Iterator[House]:
    """An installation, ready to be started, with its sandbox running and one post per account."""
    file, sandbox_port = write_settings(folder / "data", log_url, store_url, search_url)
    if store_url:
        with closing(Store(store_url)) as store:
            migrations.migrate(store)
    list(prepare(load(file)))
    with furnished(folder, file, sandbox_port) as house:
        yield house


@contextmanager
def furnished(folder: Path, file: Path, sandbox_port: int) -> Iterator[House]:
    """An installation whose store has its tables and its roster, with its sandbox running and one post per account."""
    settings = load(file)
    command = [sys.executable, "-m", "crawlers.sandbox", "--port", str(sandbox_port), "--live-interval", "0"]
    command += ["--no-story", "--weibo-quota", "1000000", "--epoch", "2099-01-01T00:00:00+00:00"]  # nothing of its own
    house = House(folder, file, settings, sandbox_port)
    out = (folder / "sandbox.out").open("wb")
    platforms = subprocess.Popen(
        command, stdout=out, stderr=out, start_new_session=True,
        preexec_fn=end_with_us,  # noqa: PLW1509 (we have one thread)
    )  # fmt: skip
    try:
        until(lambda: listening(sandbox_port), "the sandbox listens")
        house.publish()
        yield house
    finally:
        house.close()
        platforms.kill()
        platforms.wait()
        out.close()
