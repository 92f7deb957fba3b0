from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import ClassVar

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from deploy import installation, life, migrations, waiting
from deploy.intake import CrawlersIntake
from deploy.reindexing import rebuild
from deploy.settings import load
from deploy.wiring import ROLES, Role, commands, index, keep_stepping, run_role, serve_app, utc_now, wanted, web
from escalation import alert, hung
from stream import account
from stream.log import LogError, LogRefused, LogUnavailable
from stream.log.sqlite import SqliteLog
from stream.pulse import pulses
from stream.search import SearchUnavailable
from stream.store import Store, StoreRefused, StoreUnavailable
from stream.topic import POSTS, partitions


class Worker:
    """Counts its steps; ends the loop after ten."""

    def __init__(self, stop: Event) -> None:
        self.trouble = "存储暂不可用"
        self.steps = 0
        self._stop = stop

    def step(self) -> int:
        self.steps += 1
        if self.steps == 10:
            self._stop.set()
        return 1


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def migrated(folder: Path) -> Store:
    store = Store(f"sqlite:///{folder}/store.db")
    migrations.migrate(store)
    return store


def test_a_worker_steps_until_told_and_beats_with_its_trouble(tmp_path: Path) -> None:
    stop, store = Event(), migrated(tmp_path)
    worker, chores = Worker(stop), []
    keep_stepping("watch", worker, store, stop, hourly=lambda: chores.append(1))
    assert (worker.steps, chores) == (10, [1])
    with sqlite3.connect(tmp_path / "store.db") as conn:
        assert conn.execute("SELECT role, trouble FROM pulses").fetchall() == [("watch", "存储暂不可用")]


def signs(monkeypatch: pytest.MonkeyPatch) -> Callable[[], bytes]:
    """What a role's loop gives to its supervisor from now on."""
    read, given = os.pipe()
    os.set_blocking(read, False)
    monkeypatch.setenv(life.SIGNS, str(given))

    def heard() -> bytes:
        os.close(given)
        with os.fdopen(read, "rb") as pipe:
            return pipe.read()

    return heard


def test_a_role_gives_signs_of_life_though_the_store_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard, stop = signs(monkeypatch), Event()
    keep_stepping("watch", Worker(stop), Store(f"sqlite:///{tmp_path}/never_migrated.db"), stop)
    assert heard() == b".", "one for each beat"


def test_a_process_that_follows_a_hung_one_rings_until_the_day_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(installation.write_demo(tmp_path, 8700, utc_now()))
    store = Store(settings.store_url)
    migrations.migrate(store)
    rung = Event()

    def role(_settings: object, _stop: Event) -> None:
        for _ in range(500):
            with store.read() as conn:
                if alert.ringing(conn, settings.school.code):
                    rung.set()
                    return
            time.sleep(0.02)

    monkeypatch.setitem(ROLES, "assess", Role("研判", role))
    monkeypatch.setenv(life.HUNG, "1")
    run_role("assess", settings, Event())
    assert rung.is_set()
    with store.write() as conn:
        (one,) = alert.ringing(conn, settings.school.code)
        assert (one.cause, "研判进程（assess）长时间没有动静" in one.words) == ("hung:assess", True)
        hung.hush(conn, settings.school.code, one.opened_at + hung.RINGS_FOR)
        assert alert.ringing(conn, settings.school.code) == [one]
        hung.hush(conn, settings.school.code, one.opened_at + hung.RINGS_FOR + timedelta(seconds=1))
        assert alert.ringing(conn, settings.school.code) == []
    assert life.HUNG not in os.environ, "said once"


def test_a_worker_is_waited_for_until_its_first_step_without_trouble(tmp_path: Path) -> None:
    class Troubled(Worker):
        """Its engine comes at the third step; a later trouble is that of a role at work."""

        said: ClassVar[list[str]] = []

        def step(self) -> int:
            self.said.append(waiting.sentence())
            super().step()
            self.trouble = "" if self.steps == 3 else "检索库连不上。"
            return 1

    stop = Event()
    keep_stepping("index", Troubled(stop), migrated(tmp_path), stop)
    waits = waiting.WAITS.format(words="检索库连不上", seconds=waiting.AGAIN_SECONDS)
    assert Troubled.said == ["", waits, waits, *[""] * 7]


class Opening:
    """A role that finds its engine away so often, and then works."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.opened = list(errors), 0

    def run(self, _settings: object, _stop: Event) -> None:
        self.opened += 1
        if self.errors:
            raise self.errors.pop(0)
        waiting.begin()


def test_a_role_that_finds_its_log_away_opens_anew_until_it_is_there_and_the_desk_hears_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "AGAIN_SECONDS", 0.01)
    settings = load(installation.write_demo(tmp_path, 8700, utc_now()))
    store = Store(settings.store_url)
    migrations.migrate(store)
    role = Opening(LogUnavailable("Kafka 连不上"), StoreUnavailable("存储连不上"), SearchUnavailable("检索库连不上"))
    monkeypatch.setitem(ROLES, "assess", Role("研判", role.run))
    run_role("assess", settings, Event())
    assert role.opened == 4
    with store.read() as conn:
        assert conn.execute(select(pulses.c.role, pulses.c.trouble)).all() == [("assess", "检索库连不上")]


@pytest.mark.parametrize("error", [LogRefused("密码不被接受"), StoreRefused("密码不被接受"), LogError("分区数不可改")])
def test_what_no_waiting_cures_ends_a_role_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    role = Opening(error)
    monkeypatch.setitem(ROLES, "assess", Role("研判", role.run))
    settings = load(installation.write_demo(tmp_path, 8700, utc_now()))
    with pytest.raises(type(error)):
        run_role("assess", settings, Event())
    assert (role.opened, waiting.sentence()) == (1, "")


def test_a_store_that_is_away_does_not_end_a_role(tmp_path: Path) -> None:
    stop = Event()
    worker = Worker(stop)
    keep_stepping("watch", worker, Store(f"sqlite:///{tmp_path}/never_migrated.db"), stop)
    assert worker.steps == 10


def test_pages_are_served_and_beaten_for_until_told_to_stop(tmp_path: Path) -> None:
    port = free_port()
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("风信"))])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    stop, store = Event(), migrated(tmp_path)
    thread = threading.Thread(target=serve_app, args=("web", server, store, stop))
    thread.start()
    end = time.monotonic() + 60
    answer = ""
    while not answer and time.monotonic() < end:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).text
        except httpx.TransportError:
            time.sleep(0.05)
    stop.set()
    thread.join(5)
    assert answer == "风信"
    assert not thread.is_alive()
    with sqlite3.connect(tmp_path / "store.db") as conn:
        assert conn.execute("SELECT role FROM pulses").fetchall() == [("web",)]


def test_the_desk_opens_while_log_and_search_are_away(tmp_path: Path) -> None:
    settings = load(installation.write_demo(tmp_path, free_port(), utc_now()))
    (tmp_path / "blocked").write_text("no folder")
    away = {
        "log": settings.log.model_copy(update={"url": SecretStr(f"kafka://127.0.0.1:{free_port()}"), "partitions": 4}),
        "search": settings.search.model_copy(update={"url": SecretStr("sqlite:///blocked/search.db")}),
    }
    settings = settings.model_copy(update=away)
    Path(settings.store_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    migrations.migrate(Store(settings.store_url))
    stop = Event()
    thread = threading.Thread(target=web, args=(settings, stop))
    thread.start()
    address = f"http://127.0.0.1:{settings.web.port}"
    answers: dict[str, httpx.Response] = {}
    end = time.monotonic() + 60
    while len(answers) < 2 and thread.is_alive() and time.monotonic() < end:
        try:
            for path in ("/healthz", "/sign-in"):
                answers[path] = httpx.get(address + path, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
    stop.set()
    thread.join(10)
    assert {path: answer.status_code for path, answer in answers.items()} == {"/healthz": 503, "/sign-in": 200}
    assert "采集进程" in answers["/healthz"].text
    assert "登录" in answers["/sign-in"].text


class ALog(SqliteLog):
    """A log that tells whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True
        super().close()


def test_the_intake_opens_the_log_at_the_first_lead_and_says_when_it_is_away(tmp_path: Path) -> None:
    store, log = migrated(tmp_path), ALog(tmp_path / "log.db")
    log.ensure(partitions(1))
    answers: list[Exception | None] = [LogUnavailable("连不上"), LogError("文件损坏"), None]
    asked: list[Exception | None] = []

    def opened() -> ALog:
        asked.append(answers[len(asked)])
        if (error := asked[-1]) is not None:
            raise error
        return log

    intake = CrawlersIntake(store, opened, "fenglin", utc_now)
    assert intake.template()
    assert asked == []
    form = {"platform": "微博", "text": "食堂二楼吃出虫子", "link": "https://weibo.example/1"}
    for sentence in ("连不上", "文件损坏"):
        with pytest.raises(LogUnavailable, match=sentence):
            intake.take_lead(form)
    for _ in range(2):
        intake.take_lead(form)
    assert len(asked) == 3
    intake.close()
    assert log.closed


def test_a_link_to_an_article_of_the_demo_tells_where_its_comments_are_and_is_no_lead(tmp_path: Path) -> None:
    settings = load(installation.write_demo(tmp_path, 8700, utc_now()))
    store, log = migrated(tmp_path), ALog(tmp_path / "log.db")
    log.ensure(partitions(1))
    entry = account.Account("FL", "wx", "wechat", "风林后勤", "g", "后勤处", "sandbox", utc_now())
    with store.write() as conn:
        account.enter(conn, [entry])
    intake = CrawlersIntake(store, lambda: log, "FL", utc_now, settings.routes)
    form = {"account": "wx", "link": "http://mp.platform.invalid/s?__biz=x&mid=2290000101&idx=2&sn=y"}
    assert intake.take_lead(form).count == 1
    assert sum(log.ends(POSTS).values()) == 0
    with store.read() as conn:
        assert conn.exec_driver_sql("SELECT id FROM sources").scalars().all() == ["wx:comments:2290000101_2"]
    intake.close()


def test_the_sandboxes_run_in_the_demo_only(tmp_path: Path) -> None:
    settings = load(installation.write_demo(tmp_path, 8700, utc_now()))
    assert wanted(settings)[:2] == ["sandbox", "inbox"]
    school = settings.model_copy(update={"sandbox": None, "inbox": None})
    assert wanted(school) == [name for name in ROLES if name not in ("sandbox", "inbox")]


def test_no_secret_stands_on_a_command_line(tmp_path: Path) -> None:
    file = installation.write_demo(tmp_path, 8700, utc_now())
    key = (tmp_path / "secrets" / "web.key").read_text().strip()
    lines = commands(file, list(ROLES), 1)
    assert set(lines) == set(ROLES)
    assert key not in str(lines)


def test_a_search_taken_away_rings_until_it_is_rebuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.indexing.LOOK_SECONDS", 0.05)
    settings = load(installation.write_demo(tmp_path, 8700, utc_now()))
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    store = migrated(settings.data_folder)
    school, stop, file = settings.school.code, Event(), settings.data_folder / "search.db"

    def ringing() -> list[str]:
        with store.read() as conn:
            return [one.words for one in alert.ringing(conn, school)]

    def until(what: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not what():
            assert time.monotonic() < end
            time.sleep(0.02)

    role = threading.Thread(target=index, args=(settings, stop))
    role.start()
    try:
        until(file.exists)
        time.sleep(0.2)
        assert ringing() == []
        for one in settings.data_folder.glob("search.db*"):
            one.unlink()
        until(lambda: bool(ringing()))
        (words,) = ringing()
        assert "被移走或替换" in words
        assert "fengxin reindex" in words
        time.sleep(0.2)
        assert ringing() == [words], "a new, empty file is no cure"
        rebuild(settings)
        time.sleep(0.2)
        assert ringing() == []
    finally:
        stop.set()
        role.join(10)
        store.close()


@pytest.mark.parametrize(("how", "code"), [("leave(3)", 3), ("sys.argv = ['fengxin', '--version']; main()", 0)])
def test_an_ended_process_is_gone_at_once_with_all_that_it_said(how: str, code: int) -> None:
    slow = "import atexit, sys, time; atexit.register(time.sleep, 60); print('said', end=' ')"
    ways = "from deploy.role import leave; from deploy.command import main"
    done = subprocess.run([sys.executable, "-c", f"{slow}; {ways}; {how}"], capture_output=True, text=True, timeout=30)
    assert done.returncode == code
    assert done.stdout.startswith("said")
    assert done.stderr == ""


def test_a_role_that_asks_no_pack_loads_neither_pack_nor_pages(tmp_path: Path) -> None:
    file = installation.write_demo(tmp_path / "school", free_port(), utc_now())
    code = (
        "import sys; from pathlib import Path; from deploy.settings import load; import deploy.wiring;"
        "load(Path(sys.argv[1]), with_pack=False);"
        "print([one for one in ('escalation.procedure', 'httpx', 'numpy', 'uvicorn', 'snownlp') if one in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
