from __future__ import annotations

import socket
import sqlite3
import threading
import time
from pathlib import Path
from threading import Event

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from deploy import installation, migrations
from deploy.settings import load
from deploy.wiring import ROLES, commands, keep_stepping, serve_app, utc_now, wanted
from stream.store import Store


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


def test_a_store_that_is_away_does_not_end_a_role(tmp_path: Path) -> None:
    stop = Event()
    worker = Worker(stop)
    keep_stepping("watch", worker, Store(f"sqlite:///{tmp_path}/never_migrated.db"), stop)
    assert worker.steps == 10


def test_pages_are_served_and_beaten_for_until_told_to_stop(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("风信"))])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    stop, store = Event(), migrated(tmp_path)
    thread = threading.Thread(target=serve_app, args=("web", server, store, stop))
    thread.start()
    end = time.monotonic() + 10
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
