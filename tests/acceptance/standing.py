"""A standing installation, seen from outside: its processes, its pages, its mails, the sandbox's controls.

Nothing here imports Fengxin: what a test knows, a user at the same machine could see or do.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import pty
import random
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import httpx
from parsel import Selector

FENGXIN = os.environ.get("FENGXIN", str(Path(sys.executable).with_name("fengxin")))
"""The installed command; the variable points the same tests at another installation."""
WEIBO_TOKEN = "2.00SANDBOXwbmainNOTASECRET"
PATIENCE = 240.0
"""Seconds that every wait lasts at least: it ends once the thing is there, and a promise in seconds is measured. The
crawlers alone look at an account every two minutes, a little more or less."""
T = TypeVar("T")


class TooLong(AssertionError):
    """What was waited for did not come."""


def eventually(what: str, look: Callable[[], T], within: float = 30.0, every: float = 0.3) -> T:
    """What `look` gives as soon as it is true; `within` seconds or PATIENCE. Raises TooLong with what it saw last."""
    within = max(within, PATIENCE)
    until = time.monotonic() + within
    seen: object = None
    while True:
        try:
            found = look()
            if found:
                return found
            seen = found
        except (httpx.HTTPError, AssertionError) as error:
            seen = error
        if time.monotonic() > until:
            raise TooLong(f"{what}: not within {within:g} s; last seen: {seen!r}")
        time.sleep(every)


def fengxin(
    *arguments: object, given: str | bytes = "", folder: Path | None = None, columns: int = 0, most: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, at most so many seconds; `columns` of a terminal, 0 for a pipe."""
    done = subprocess.run(
        [FENGXIN, *map(str, arguments)], input=given if isinstance(given, bytes) else given.encode(),
        capture_output=True, timeout=most, cwd=folder,
        env=surroundings() | ({"COLUMNS": str(columns)} if columns else {}),
    )  # fmt: skip
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def on_terminal(*arguments: object, most: float = 300) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does who looks on: its messages and bars go to a terminal, its answer to a file."""
    ours, its = pty.openpty()
    with tempfile.TemporaryFile() as answer:
        process = subprocess.Popen(
            [FENGXIN, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=answer, stderr=its,
            env=surroundings() | {"TERM": "xterm-256color", "COLUMNS": "100"},
        )  # fmt: skip
        os.close(its)
        until, seen = time.monotonic() + most, b""
        try:
            while select.select([ours], [], [], max(0.0, until - time.monotonic()))[0]:
                with suppress(OSError):  # Linux says so once the other side has closed
                    if read := os.read(ours, 65_536):
                        seen += read
                        continue
                break
            code = process.wait(max(1.0, until - time.monotonic()))
        finally:
            process.kill()
            os.close(ours)
        answer.seek(0)
        return subprocess.CompletedProcess(process.args, code, answer.read().decode(), seen.decode(errors="replace"))


def surroundings() -> dict[str, str]:
    """The environment without what the tests themselves were started with."""
    ours = ("PYTEST", "PROMETHEUS", "PYTHON", "COLUMNS", "LINES")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)}


def free_ports(count: int = 4) -> int:
    """The first of so many free ports in a row."""
    for _ in range(200):
        first = random.randrange(21_000, 32_000)
        with suppress(OSError):
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
    raise AssertionError("no free ports")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the demo inbox kept it."""

    to: str
    subject: str
    notice: str
    message_id: str
    text: str
    html: str

    @property
    def sign_path(self) -> str:
        """The path of the link to sign."""
        found = re.search(r"https?://[^/\s]+(/r/\S+)", self.text)
        assert found is not None, self.text
        return found.group(1)


class Person:
    """Somebody signed in at the desk; a page is given as a Selector."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self.client = httpx.Client(base_url=url, follow_redirects=True, timeout=60)
        answer = self.client.post("/sign-in", data={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        assert "/sign-in" not in str(answer.url), f"{name} was not let in"

    def page(self, path: str, **query: str) -> Selector:
        """A page that must be there."""
        answer = self.client.get(path, params=query or None)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return Selector(answer.text)

    def send(self, path: str, page: str, **form: str) -> httpx.Response:
        """Send a form of a page as a browser does: with its token, hidden fields and ticked boxes."""
        shown = self.page(page)
        held: dict[str, list[str]] = {}
        for one in shown.css(f'form[action="{path}"]')[:1].css("input[type=hidden][name], input[checked][name]"):
            held.setdefault(one.attrib["name"], []).append(one.attrib.get("value", ""))
        token = shown.css("input[name=csrf]::attr(value)").get("")
        return self.client.post(path, data={"csrf": token, **held, **form})

    def found(self, words: str) -> list[str]:
        """The texts that the search finds."""
        return [words_of(one) for one in self.page("/search", q=words).css("article.quote bdi")]


def words_of(node: Selector | None) -> str:
    """All words of a part of a page, spaces folded."""
    return re.sub(r"\s+", " ", "".join(node.css("::text").getall())).strip() if node is not None else ""


def living(pid: int) -> bool:
    """Whether this process still runs a role."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" and b"deploy.role" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@dataclass
class Standing:
    """An installation started by the real command. `data` is its data folder, `port` the desk's; three more follow."""

    data: Path
    port: int
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    people: dict[str, Person] = field(default_factory=dict)
    judged: dict[str, tuple[float, str, int]] = field(default_factory=dict)
    """Live comments: after how many seconds each was found at the desk, with which polarity and risk."""

    @property
    def url(self) -> str:
        """The desk."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def printed(self) -> str:
        """What it said on the screen so far."""
        return self.data.with_suffix(".out").read_text("utf-8")

    @property
    def errors(self) -> str:
        """What the supervisor and the roles said on the error stream so far."""
        return self.data.with_suffix(".err").read_text("utf-8", "replace")

    def start(self) -> None:
        """Start it; returns at once."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with self.data.with_suffix(".out").open("wb") as out, self.data.with_suffix(".err").open("ab") as err:
            self.process = subprocess.Popen(
                [FENGXIN, *self.command], stdout=out, stderr=err, stdin=subprocess.DEVNULL, cwd=self.data.parent,
                env=surroundings() | {"PYTHONUNBUFFERED": "1"},
            )  # fmt: skip

    def ready(self, within: float = 240.0) -> None:
        """Wait until every role is up."""
        eventually("every role is up", lambda: self.health()[0] == 200 or self.ended_badly(), within)

    def ended_badly(self) -> bool:
        """False while it runs; fails where the command has ended of itself."""
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"fengxin ended with {self.process.returncode}: {self.errors[-2000:]}")
        return False

    def running(self) -> Iterator[Standing]:
        """Started, with every role at work, and stopped in the end: what a fixture yields from."""
        self.start()
        try:
            self.ready()
            yield self
        finally:
            self.stop()

    def stop(self) -> float:
        """SIGTERM; gives the seconds until the last role was gone. The command itself has ended, too, on return."""
        if self.process is None:
            return 0.0
        left = self.roles()
        for pid in left.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        while (left := {name: pid for name, pid in left.items() if living(pid)}) and time.monotonic() < began + 20:
            time.sleep(0.02)
        took = time.monotonic() - began
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.people.clear()
        return took

    def roles(self) -> dict[str, int]:
        """The process of each role, read from the list of processes."""
        found: dict[str, int] = {}
        assert self.process is not None
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ValueError, IndexError):
                status = (place / "stat").read_text()
                if int(status.rpartition(")")[2].split()[1]) != self.process.pid:
                    continue
                words = (place / "cmdline").read_bytes().decode().split("\0")
                found[words[words.index("-m") + 2]] = int(place.name)
        return found

    def health(self) -> tuple[int, dict[str, Any]]:
        """What `/healthz` says."""
        answer = httpx.get(f"{self.url}/healthz", timeout=30)
        return answer.status_code, answer.json()

    def metrics(self) -> str:
        """What Prometheus scrapes."""
        answer = httpx.get(f"{self.url}/metrics", timeout=30)
        assert answer.status_code == 200
        return answer.text

    def figures(self) -> dict[str, float]:
        """The same as figures, by name and labels."""
        rows = (line.rpartition(" ") for line in self.metrics().splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in rows}

    def signed_in(self, name: str) -> Person:
        """This person at the desk, signed in once."""
        if name not in self.people:
            password = re.search(r"口令都是 (\S+?)）", self.printed)
            assert password is not None, self.printed
            self.people[name] = Person(self.url, name, password.group(1))
        return self.people[name]

    def sandbox(self, what: str, **given: object) -> Any:
        """The hand on the platforms: `/control/...`."""
        answer = httpx.post(f"http://127.0.0.1:{self.port + 1}/control/{what}", json=given, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def matter(self, text: str, under: str = "今日份校园随拍，喜欢哪一张？", key: str = "") -> None:
        """A comment on something that nobody spoke of yet, under a fresh post of the main Weibo account."""
        key = key or f"own-{time.monotonic_ns()}"
        self.sandbox("post", account="wb_main", key=key, text=under)
        self.sandbox("comment", thread=key, text=text)

    def lead(self, text: str) -> None:
        """The duty monitor types in what somebody saw: it goes into the flow at once."""
        answer = self.signed_in("zheng.wanzhou").send("/leads", "/leads", text=text)
        assert "已录入 1 条线索" in answer.text, answer.text[:400]

    def threads(self) -> list[dict[str, Any]]:
        """Every post of the platforms."""
        answer = httpx.get(f"http://127.0.0.1:{self.port + 1}/control/threads", timeout=60)
        found: list[dict[str, Any]] = answer.json()["threads"]
        return found

    def weibo_comments(self, thread: int) -> list[str]:
        """What stands under a post of the main Weibo account, as the platform itself tells it."""
        query = {"access_token": WEIBO_TOKEN, "id": str(thread), "count": "50"}
        answer = httpx.get(f"http://127.0.0.1:{self.port + 1}/sim/weibo/2/comments/show.json", params=query, timeout=60)
        return [str(row["text"]) for row in answer.json()["comments"]]

    def break_inbox(self, **faults: object) -> None:
        """Faults of the mail server and the webhook: `smtp={"name": ...}`; None lifts."""
        answer = httpx.post(f"http://127.0.0.1:{self.port + 2}/control/faults", json=faults, timeout=60)
        assert answer.status_code == 200, answer.text

    def mails(self, to: str = "", words: str = "") -> list[Mail]:
        """The mails in the inbox's folder, oldest first; those to a sign-in name, with these words in the subject."""
        found = [read_mail(path) for path in sorted((self.data / "inbox").glob("[0-9]*.eml"))]
        return [one for one in found if (not to or one.to.startswith(f"{to}@")) and words in one.subject]

    def robot(self, words: str = "") -> list[str]:
        """What the robot said in the group, oldest first."""
        path = self.data / "inbox" / "robot.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        said = [str(json.loads(line)["content"]) for line in lines]
        return [one for one in said if words in one]

    def incident(self, words: str) -> str:
        """The number of the one incident whose title has these words, as 宣传部 sees the list; empty: none yet."""
        rows = self.signed_in("ye.chuqing").page("/incidents").css("a[href^='/incidents/FX']")
        numbers = {
            number.rpartition("/")[2] for one in rows if words in words_of(one) and (number := one.attrib["href"])
        }
        assert len(numbers) < 2, f"more than one incident: {numbers}"
        return numbers.pop() if numbers else ""


def read_mail(path: Path) -> Mail:
    """Read an .eml file."""
    mail = email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return Mail(
        to=str(mail["to"]), subject=str(mail["subject"]), notice=str(mail["x-fengxin-notice"]),
        message_id=str(mail["message-id"]), text=str(plain.get_content()) if plain else "",
        html=str(html.get_content()) if html else "",
    )  # fmt: skip
