"""Who starts before what it needs waits, says for what, and goes on; what no waiting cures ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from deploy import installation, life, waiting
from deploy.settings import load
from deploy.starting import tables
from stream.store import Store
from tests.acceptance.standing import eventually
from tests.deploy.conftest import free_port
from tests.stream.store.refusing import answering

STARTS_S = 120
AT_ONCE_S = 3.0
"""An attempt at a Kafka that is away lasts five seconds: who were to wait for its end would take longer."""


class Away(Exception):
    """Passes."""


class Refused(Away):
    """Does not."""


@dataclass
class Engine:
    """Raises these one after the other, then answers."""

    errors: list[Exception]

    def ask(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "there"


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was written down about waiting."""
    return [one.getMessage() for one in caplog.records if one.name == waiting.__name__]


def test_what_is_away_is_asked_again_and_said_once_until_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    engine = Engine([Away("连不上。"), Away("连不上"), Away("还没有\n  建表；"), Away("还没有 建表"), Away("连不上")])
    paused: list[float] = []
    told: list[str] = []
    assert (
        waiting.asked(engine.ask, (Away,), told=lambda error: told.append(str(error)), pause=paused.append) == "there"
    )
    assert (paused, len(told)) == ([waiting.AGAIN_SECONDS] * 5, 5)
    waiting.lack("")
    waiting.lack("")
    asks = "；每 3 秒再试一次，好了自动继续。"
    assert lines(caplog) == [
        f"正在等待：连不上{asks}", f"正在等待：还没有 建表{asks}", f"正在等待：连不上{asks}", "等到了，开始工作。"
    ]  # fmt: skip
    assert waiting.sentence() == ""


def test_who_waits_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(life, "give", lambda: given.append(1))
    waiting.asked(Engine([Away("a"), Away("b")]).ask, (Away,), pause=lambda _: None)
    assert len(given) == 3


def test_what_no_waiting_cures_and_what_comes_later_is_raised_at_once() -> None:
    engine = Engine([Refused("密码不对"), Away("连不上")])
    with pytest.raises(Refused):
        waiting.asked(engine.ask, (Away,), incurable=(Refused,), pause=lambda _: None)
    waiting.begin()
    with pytest.raises(Away):
        waiting.asked(engine.ask, (Away,), pause=lambda _: None)
    assert waiting.sentence() == ""


# As an operator starts it: `fengxin run` and `fengxin run ROLE`.


@dataclass
class Started:
    """A command that runs, and the page on which it says how it is."""

    process: subprocess.Popen[bytes]
    page: str
    out: Path

    def says(self, words: str, path: str = "/healthz") -> bool:
        """Whether the page says so now. Fails where the process has ended."""
        if self.process.poll() is not None:
            pytest.fail(f"ended with {self.process.returncode}:\n{self.written()}")  # no use to look again
        with suppress(httpx.TransportError):
            return words in httpx.get(f"{self.page}{path}", timeout=10, trust_env=False).text
        return False

    def written(self) -> str:
        return self.out.read_text("utf-8")

    def stopped_within(self, seconds: float) -> int:
        """Its exit code; fails where SIGTERM does not end it in this time."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def started(file: Path, page: int, *typed: str) -> Iterator[Started]:
    """The command in a process of its own, killed at the end if need be."""
    command = [sys.executable, "-m", "deploy.command", "run", *typed, "--settings", str(file)]
    out = file.parent / "out"
    with out.open("wb") as written, subprocess.Popen(command, stdout=written, stderr=subprocess.STDOUT) as process:
        try:
            yield Started(process, f"http://127.0.0.1:{page}", out)
        finally:
            process.kill()


def settings(folder: Path, section: str, url: str) -> tuple[Path, int]:
    """The demo's settings without the demo's own servers, with this address; and the port of the desk."""
    port = free_port()
    file = installation.write_demo(folder, port, datetime.now(UTC))
    more = "partitions = 4\n" if section == "log" else ""
    with file.open("a", encoding="utf-8") as text:
        text.write(f'\n[{section}]\nurl = "{url}"\n{more}')
    return file, port


def test_a_role_without_its_log_says_so_on_its_page_and_to_the_desk_and_stops_at_once(tmp_path: Path) -> None:
    file, _ = settings(tmp_path, "log", f"kafka://127.0.0.1:{free_port()}")
    tables(load(file))
    page = free_port()
    with started(file, page, "assess", "--metrics", f"127.0.0.1:{page}") as role:
        eventually("the page says why", lambda: role.says("正在等待：Kafka（127.0.0.1:"), STARTS_S)
        assert httpx.get(f"{role.page}/healthz", trust_env=False).status_code == 503
        assert role.says("# TYPE fengxin_role_started_timestamp_seconds gauge", "/metrics")
        store = Store(load(file).store_url)
        with store.read() as conn:
            (pulse,) = conn.exec_driver_sql("SELECT role, trouble FROM pulses").all()
        store.close()
        assert pulse[0] == "assess"
        assert "该端口无服务监听" in pulse[1]
        time.sleep(waiting.AGAIN_SECONDS + 1)  # in the midst of the next attempt
        assert role.stopped_within(AT_ONCE_S) == 0
        assert role.written().count("正在等待：") == 1
        assert role.written().count("Unable to bootstrap") == 1, "what a library says of each attempt is left out"


def test_a_role_without_its_store_goes_on_in_the_same_process_once_it_is_there(tmp_path: Path) -> None:
    file = installation.write_demo(tmp_path, 8700, datetime.now(UTC))
    store = Path(load(file).store_url.removeprefix("sqlite:///"))
    store.mkdir(parents=True)  # nobody can open it
    page = free_port()
    with started(file, page, "watch", "--metrics", f"127.0.0.1:{page}") as role:
        eventually("the page says why", lambda: role.says("正在等待：存储暂不可用："), STARTS_S)
        store.rmdir()
        eventually("it is well", lambda: role.says("进程正常。"), STARTS_S)
        assert "等到了，开始工作。" in role.written()
        assert role.stopped_within(20) == 0


def test_the_whole_without_its_store_says_so_in_the_place_of_the_desk_and_stops_at_once(tmp_path: Path) -> None:
    file, port = settings(tmp_path, "store", f"postgresql+psycopg://fx:secret@127.0.0.1:{free_port()}/fengxin")
    with started(file, port) as whole:
        eventually("the desk's address says why", lambda: whole.says("正在等待：存储暂不可用：", "/"), STARTS_S)
        answer = httpx.get(f"{whole.page}/healthz", trust_env=False)
        assert (answer.status_code, "请检查 store.url 与数据库是否启动" in answer.text) == (503, True)
        assert "secret" not in answer.text
        second = subprocess.run([*whole.process.args], capture_output=True, text=True)  # type: ignore[misc]
        assert (second.returncode, f"进程号 {whole.process.pid}" in second.stderr) == (1, True), second.stderr
        assert whole.stopped_within(AT_ONCE_S) == 0
        assert whole.written().count("正在等待：") == 1


@pytest.mark.parametrize("typed", [("watch",), ()])
def test_a_store_that_refuses_the_password_ends_the_start_with_its_sentence(
    tmp_path: Path, typed: tuple[str, ...]
) -> None:
    with answering('password authentication failed for user "fx"') as refusing:
        file, port = settings(tmp_path, "store", f"postgresql+psycopg://fx:secret@127.0.0.1:{refusing}/fengxin")
        with started(file, port, *typed) as role:
            assert role.process.wait(STARTS_S) == 1
    assert "password authentication failed" in role.written()
    assert "请检查 store.url" in role.written()
    assert "secret" not in role.written()
    assert "正在等待" not in role.written()
