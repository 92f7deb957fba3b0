"""No role needs another, nor an engine, to start first: each is started before anything that it needs is there.

It says on its page what it waits for, goes on in the same process when that has come, and in the end a comment becomes
an incident that everybody is told of. What no waiting cures ends it. The table of `tests/live/README.md` is printed.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from deploy import installation
from deploy.role import TRY_AGAIN
from deploy.settings import load
from deploy.waiting import GOES_ON
from deploy.wiring import utc_now, wanted
from stream.pulse import pulses
from tests.kills.house import end_with_us, furnished, until, write_settings
from tests.kills.proof import all_holds
from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import Engine, Kafka, Postgres
from tests.live.one import One, command

pytestmark = [pytest.mark.live, pytest.mark.long]
SOON_S = 180.0
ENDS_S = 120.0
WELL = "进程正常。"
WAITS = "正在等待："
NOBODY_LISTENS = "该端口无服务监听"
NEED_THE_LOG = {"crawl", "assess", "watch", "index", "audit"}


@dataclass
class Place:
    """Where an installation lies that has no store yet."""

    folder: Path
    file: Path


@contextmanager
def away(*engines: Engine) -> Iterator[Callable[[Engine], None]]:
    """All of them are away; what this gives brings one back. At the end all are there again."""
    gone = list(engines)
    for one in engines:
        one.stop()

    def back(one: Engine) -> None:
        gone.remove(one)
        one.again()

    try:
        yield back
    finally:
        for one in list(gone):
            back(one)


class Early:
    """Every role of an installation, started before anything else is there."""

    def __init__(self, place: Place, roles: list[str]) -> None:
        self.all = [One(place, role) for role in roles]
        self.table: list[str] = []

    def say(self, words: str, of: Collection[str], after: str) -> None:
        """Wait until these roles say so on their pages, and note the seconds."""
        began, still = time.monotonic(), [one for one in self.all if one.role in of]

        def said() -> bool:
            still[:] = [one for one in still if words not in one.says()]
            return not still

        def instead() -> str:
            return "\n".join(f"{one.role}: {one.says()}" for one in self.all)

        until(said, f"{after}: they say {words}", SOON_S, instead)
        self.table.append(f"| {after} | {', '.join(sorted(of))} | {words} | {time.monotonic() - began:.1f} |")

    def end(self) -> None:
        """Also where something did not hold."""
        for one in self.all:
            one.process.kill()
            one.process.wait()


@pytest.mark.timeout(900)
def test_roles_started_in_reverse_before_anything_is_there_wait_say_so_and_go_on(
    tmp_path: Path, kafka: Kafka, postgres: Postgres, elasticsearch: Elasticsearch
) -> None:
    name = f"s{uuid4().hex[:12]}"
    store_url = postgres.url.removesuffix("postgres") + name
    file, sandbox = write_settings(tmp_path / "data", f"{kafka.url}/{name}", store_url, elasticsearch.place(name))
    place = Place(tmp_path, file)
    roles = list(reversed(wanted(load(file))))
    with away(kafka, elasticsearch, postgres) as back:
        early = Early(place, roles)
        try:
            early.say(f"{WAITS}存储暂不可用：", roles, "nothing is there")
            assert {one.page.get("/healthz").status_code for one in early.all} == {503}
            assert all("# TYPE fengxin_" in one.page.get("/metrics").text for one in early.all)
            back(postgres)
            early.say(f'database "{name}" does not exist', roles, "PostgreSQL")
            postgres.database(name)
            early.say("请先执行 fengxin migrate", roles, "an empty database")
            command(place, "migrate")
            early.say(WELL, {"web", "notify"}, "fengxin migrate")
            early.say(NOBODY_LISTENS, NEED_THE_LOG, "fengxin migrate")
            command(place, "enter")
            desk = f"http://127.0.0.1:{load(file).web.port}/healthz"
            until(lambda: NOBODY_LISTENS in httpx.get(desk, trust_env=False).text, "the desk hears why", SOON_S)
            back(kafka)
            early.say(WELL, NEED_THE_LOG - {"index"}, "Kafka")
            early.say(f"{WAITS}检索库", {"index"}, "Kafka")
            back(elasticsearch)
            early.say(WELL, {"index"}, "Elasticsearch")
            with furnished(tmp_path, file, sandbox) as house:
                house.chat(5)
                house.wave(3)
                house.settle(SOON_S)
                all_holds(house)
                with house.store.read() as conn:
                    beating = set(conn.execute(select(pulses.c.role, pulses.c.instance)).tuples())
            assert beating == {(one.role, f"{socket.gethostname()}:{one.process.pid}") for one in early.all}
            for one in early.all:
                told = [line.partition(WAITS)[2] for line in one.written().splitlines() if WAITS in line]
                assert all(line != after for line, after in pairwise(told)), told
                assert one.written().count(GOES_ON) == 1, one.written()
                one.send(signal.SIGTERM)
            ended = {one.role: one.process.returncode for one in early.all}
            assert ended == dict.fromkeys(roles, 0) | {"inbox": -signal.SIGTERM}  # the demo's own server knows no stop
        finally:
            early.end()
    print("\n| there is now | role | says | after, s |\n|---|---|---|---|", *early.table, sep="\n")


@pytest.mark.timeout(600)
def test_the_whole_on_one_machine_started_before_store_and_log_waits_and_restarts_nothing(
    tmp_path: Path, kafka: Kafka, postgres: Postgres, elasticsearch: Elasticsearch
) -> None:
    name = f"s{uuid4().hex[:12]}"
    store_url = postgres.url.removesuffix("postgres") + name
    file, _ = write_settings(tmp_path / "data", f"{kafka.url}/{name}", store_url, elasticsearch.place(name))
    place, out, desk = Place(tmp_path, file), tmp_path / "out", f"http://127.0.0.1:{load(file).web.port}/healthz"

    def says() -> httpx.Response:
        assert whole.poll() is None, out.read_text("utf-8")
        try:
            return httpx.get(desk, trust_env=False, timeout=10)
        except httpx.TransportError:
            return httpx.Response(502)

    with away(kafka, postgres) as back, out.open("wb") as written:
        line = [sys.executable, "-m", "deploy.command", "run", "--settings", str(file)]
        whole = subprocess.Popen(
            line, stdout=written, stderr=subprocess.STDOUT,
            preexec_fn=end_with_us,  # noqa: PLW1509 (we have one thread)
        )  # fmt: skip
        try:
            until(lambda: f"{WAITS}存储暂不可用：" in says().text, "the desk's address says why", SOON_S)
            back(postgres)
            postgres.database(name)
            until(lambda: "请先执行 fengxin migrate" in says().text, "it says what to do", SOON_S)
            command(place, "migrate")
            until(lambda: says().text.count(NOBODY_LISTENS) >= len(NEED_THE_LOG), "the desk tells of each", SOON_S)
            back(kafka)
            until(lambda: says().status_code == 200, "all is well", SOON_S, lambda: says().text)
            whole.send_signal(signal.SIGTERM)
            assert whole.wait(30) == 0
        finally:
            whole.kill()
            whole.wait()
    assert "重新启动" not in out.read_text("utf-8"), "a role was started anew"


def cases(kafka: Kafka, postgres: Postgres) -> dict[str, tuple[str, int, str]]:
    """By name: the section of the settings, the exit code and the words of what no waiting cures."""
    wrong = f"kafka://{kafka.sasl}?security=SASL_PLAINTEXT&user={kafka.user}&password=nope"
    foreign = f"kafka://{kafka.tls}?security=SASL_SSL&user={kafka.user}&password={kafka.password}"
    nobody = postgres.url.replace("fengxin@", "nobody@")
    return {
        "password": (f'[log]\nurl = "{wrong}"\npartitions = 4\n', TRY_AGAIN, "用户名或密码不被接受"),
        "certificate": (f'[log]\nurl = "{foreign}"\npartitions = 4\n', TRY_AGAIN, "服务器证书不受信任，请检查 ca"),
        "user": (f'[store]\nurl = "{nobody}"\n', 1, 'role "nobody" does not exist'),
    }


@pytest.mark.parametrize("case", ["password", "certificate", "user"])
def test_what_no_waiting_cures_ends_a_role_with_its_sentence(
    tmp_path: Path, kafka: Kafka, postgres: Postgres, case: str
) -> None:
    section, code, words = cases(kafka, postgres)[case]
    file = installation.write_demo(tmp_path, 8700, utc_now())
    with file.open("a", encoding="utf-8") as text:
        text.write(f"\n{section}")
    role = One(Place(tmp_path, file), "assess")
    try:
        assert role.process.wait(ENDS_S) == code, role.written()
    finally:
        role.process.kill()
        role.process.wait()
    assert words in role.written()
