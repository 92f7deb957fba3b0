"""The installations that the tests share. Each is started by the real command on free ports and stopped by SIGTERM."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.acceptance.college import as_college
from tests.acceptance.elsewhere import ZG
from tests.acceptance.school import brisk_pack, short_pack, written
from tests.acceptance.standing import Person, Standing, eventually, fengxin, free_ports, words_of
from tests.acceptance.whole_course import alight
from tests.acceptance.window import Watched

MARKUP = "<script>window.harmed=1</script><svg onload=window.harmed=2>"
HOSTILE = MARKUP + "图书馆电梯坠落，两名同学受伤流血送医院急救\u202e倒着写的话\u202c{{7*7}}${7*7}"
MEGABYTE = "清真餐厅的饭里有玻璃渣，好几个同学满嘴是血，已经送医院急救，" + "长" * 1_000_000
AFTER_IT = "图书馆四楼靠窗的位置晒太阳很舒服，下一条照样要到"
LIVE = "三号楼前面的桂花开得真好看，第一千零一次路过"
MATCHED = "教工食堂的面里有一根头发，第一千零二次吃到"
SAID = {
    "own-lab": ("三号楼开放日，欢迎来看", "三号楼的实验室爆炸了，两个同学被炸伤，满脸是血，救护车刚到"),
    "own-gym": ("体育馆今晚停业三天", "体育馆的锅炉爆炸了，好几个同学被炸伤，满头是血，正在叫救护车"),
}
"""What stands on the platforms of `brisk` before anybody reads: a post of the main account, and a comment under it."""
MINUTE = 60.0
LEAST = 900.0
"""Seconds after which a test here is given up, the start of its installation among them: waits end by themselves."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test of this folder LEAST; a machine that is slower than ours makes none of them untrue."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(LEAST), append=False)


def _demo(folder: Path) -> Standing:
    port = free_ports()
    return Standing(folder / "demo", port, ("demo", "--port", str(port), "--data", str(folder / "demo")))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The demo as it comes: nobody breaks it. Comments that tests ask for later are written early."""
    for standing in _demo(tmp_path_factory.mktemp("demo")).running():
        for text in (LIVE, MATCHED):
            standing.matter(text)
        written = time.monotonic()
        for text in (HOSTILE, MEGABYTE, AFTER_IT):
            standing.matter(text)
        _await_live(standing, written)
        yield standing


def _judged(desk: Person, words: str) -> tuple[str, int] | None:
    """The polarity and the risk of the one comment with these words, as the search page shows them."""
    for one in desk.page("/search", q=words).css("article.quote footer"):
        (risk,) = re.findall(r"风险 (\d+)", words_of(one))
        return words_of(one.css("b")[0]), int(risk)
    return None


def _await_live(standing: Standing, written: float) -> None:
    """Note after how many seconds each live comment stood at the desk, judged; one that does not come is missing."""
    desk = standing.signed_in("zheng.wanzhou")
    looks = {text: partial(_judged, desk, text[-9:]) for text in (LIVE, MATCHED)}
    while len(standing.judged) < len(looks) and time.monotonic() < written + MINUTE:
        for text, look in looks.items():
            if text not in standing.judged and (found := look()):
                standing.judged[text] = (time.monotonic() - written, *found)
        time.sleep(0.3)


@pytest.fixture(scope="module")
def own_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A demo of one file, where no other file's matters make a storm that bundles the mails it waits for."""
    yield from _demo(tmp_path_factory.mktemp("own")).running()


@pytest.fixture(scope="session")
def spare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A demo to be paused, stopped, started again and robbed of its parts; a test leaves it whole."""
    yield from _demo(tmp_path_factory.mktemp("spare")).running()


@pytest.fixture(scope="session")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A school on trial, run from its settings file, with the JY pack on short clocks; its story lies in the past."""
    folder = tmp_path_factory.mktemp("school")
    data, port = folder / "data", free_ports()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    settings = written(data, datetime.now(UTC) - timedelta(minutes=15), short_pack(data), trial=True)
    yield from Standing(data, port, ("run", "--settings", str(settings))).running()


@pytest.fixture(scope="module")
def brisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A school not on trial, with the JY pack on clocks by which a matter goes its whole course in a minute.

    What is SAID stands there before anybody reads.
    """
    folder = tmp_path_factory.mktemp("brisk")
    data, port = folder / "data", free_ports()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    settings = written(data, datetime.now(UTC) - timedelta(minutes=15), brisk_pack(data), trial=False)
    yield from _with_said(Standing(data, port, ("run", "--settings", str(settings))), SAID)


def _with_said(standing: Standing, said: Mapping[str, tuple[str, str]]) -> Iterator[Standing]:
    """Started, with posts of the main account and the comments under them there before anybody reads."""
    standing.start()
    try:
        eventually("the platforms are there", standing.threads, 240, every=0.1)
        for key, (under, text) in said.items():
            standing.matter(text, under, key)
        standing.ready()
        yield standing
    finally:
        standing.stop()


@pytest.fixture(scope="module")
def college(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """Another college in use, under the TF pack, where a release is to be relayed within seconds."""
    folder = tmp_path_factory.mktemp("college")
    data, port = folder / "data", free_ports()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    settings = as_college(data, datetime.now(UTC) - timedelta(minutes=15))
    yield from Standing(data, port, ("run", "--settings", str(settings))).running()


@pytest.fixture(scope="module")
def zhengzhou(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A school in use under the ZG pack, where level Ⅱ climbs in seconds; a grave comment stands there already."""
    with alight(tmp_path_factory.mktemp("zhengzhou"), ZG) as standing:
        yield standing


@dataclass(frozen=True)
class Trial:
    """What happened on trial: the incident's number, who was written to, and what its end said."""

    number: str
    told: frozenset[str]
    end: str


@pytest.fixture(scope="session")
def trial(school: Standing) -> Trial:
    """A grave matter on trial, then the trial's end by an administrator."""
    school.lead("实训中心爆炸了，有同学被炸伤，满脸是血，救护车刚到")
    number = eventually("an incident on trial", lambda: school.incident("实训中心"), 60)
    eventually("the duty desk is told", lambda: school.mails(words=number), 30)
    time.sleep(3)
    told = frozenset(one.to.partition("@")[0] for one in school.mails())
    ended = fengxin("trial", "end", "--person", "P09", "--settings", school.command[-1])
    assert ended.returncode == 0, ended.stderr
    return Trial(number, told, ended.stdout)


@pytest.fixture
def window(browser: Browser) -> Iterator[Watched]:
    """A window at a desk; whatever it complains of fails the test."""
    made = Watched(browser)
    yield made
    made.context.close()
    assert made.complaints == []


@pytest.fixture
def phone(browser: Browser) -> Iterator[Watched]:
    """A window as wide as a phone."""
    made = Watched(browser, 390, 844)
    yield made
    made.context.close()
    assert made.complaints == []
