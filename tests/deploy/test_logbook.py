"""The logbook: one incident can be followed by its number, and one post by its id, through the lines of every role."""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy import one_line
from deploy.child import Child
from deploy.one_line import OneLine, keep
from escalation import machine_audit
from escalation.channels import Fault, Permanent
from sentiment.engine import engine_by_name
from stream import follow
from stream.assessing import Assessing
from stream.indexing import Indexing
from stream.logbook import MANY, about, each
from stream.search import open_search
from stream.store import StoreUnavailable
from stream.topic import HISTORY, POSTS
from tests.escalation.station import Station, open_station
from tests.stream.said import POISONED, SCHOOL, a_post, assessed, reader


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    for room in one_line.OURS:
        caplog.set_level(logging.INFO, room)
    return caplog


def written(lines: pytest.LogCaptureFixture, role: str = "watch") -> list[str]:
    return [OneLine(role).format(record) for record in lines.records if record.name.split(".")[0] in one_line.OURS]


def test_a_line_carries_beijing_time_role_and_what_it_is_about_before_its_words() -> None:
    record = logging.LogRecord("escalation.watch", logging.INFO, "f", 1, "立为事件", (), None)
    record.created, record.__dict__["post"], record.__dict__["incident"] = 0.5, "weibo:5301", "FX-2026-0001"
    line = OneLine("watch").format(record)
    said = "1970-01-01 08:00:00,500 INFO role=watch at=escalation.watch post=weibo:5301 incident=FX-2026-0001 立为事件"
    assert line == said


@pytest.mark.parametrize("odd", ["a incident=FX-2026-0009", 'a" b', "评论", "x" * 300, "a\nb", ""])
def test_a_value_can_neither_pass_for_another_nor_begin_a_line(odd: str) -> None:
    record = logging.LogRecord("stream.x", logging.INFO, "f", 1, "采集到", (), None)
    record.__dict__["post"] = odd
    line = OneLine("crawl").format(record)
    assert len(line.splitlines()) == 1
    assert not re.search(r"(?<!\") incident=FX", re.sub(r'"(\\.|[^"\\])*"', '""', line))
    assert ("post=" in line) == bool(odd)


def test_one_incident_is_followed_by_its_number_from_the_line_that_opened_it_to_every_notice(
    station: Station, lines: pytest.LogCaptureFixture
) -> None:
    first = station.say(POISONED)
    second = station.say("我也吃了那个窗口的饭，上吐下泻，正在医院急诊")
    station.office.work()
    (row,) = station.incidents()
    mine = [line for line in written(lines) if f"incident={row.number}" in line]
    assert [line for line in mine if f"post={first.id} " in line and line.endswith("立为事件")]
    assert [line for line in mine if f"post={second.id} " in line and line.endswith("并入事件")]
    sent = [line for line in mine if f"notice={row.number}-01" in line and "通知已送出（第 1 次）" in line]
    assert len(sent) == 1
    assert "channel=mail" in sent[0] or "channel=wecom_robot" in sent[0]
    whole = "\n".join(written(lines))
    for secret in (POISONED[:8], "@x.example", "谢晓", "138"):
        assert secret not in whole, "never words, names or contacts"


def test_what_is_read_twice_or_rolled_back_is_written_down_once(
    station: Station, lines: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "PAUSE_SECONDS", 0.0)
    failing = iter([True, False])
    truly = machine_audit.decided

    def decided(*given: Any) -> None:
        truly(*given)
        if next(failing, False):
            raise StoreUnavailable("存储现在不可用。")

    monkeypatch.setattr(machine_audit, "decided", decided)
    post = station.say(POISONED)
    station.listen()
    station.append(assessed(post, negative=True))
    station.listen()
    assert len([line for line in written(lines) if line.endswith("立为事件")]) == 1


def test_a_failed_try_is_written_down_without_the_words_of_the_other_side(
    station: Station, lines: pytest.LogCaptureFixture
) -> None:
    station.office.mail.answers = [Permanent(Fault.CONTACT, "没有这个邮箱 keeper@x.example")] * 9
    station.say(POISONED)
    station.office.work()
    assert [line for line in written(lines) if "通知送不到（第 1 次）" in line]
    assert "@x.example" not in "\n".join(written(lines))


def test_the_index_writes_down_what_it_took_in(
    station: Station, lines: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    search = open_search(f"sqlite:///{tmp_path / 'search.db'}")
    worker = Indexing(station.log, station.office.store, SCHOOL, search, lambda: station.office.now)
    station.append(assessed(a_post(POISONED, "weibo:88")))
    while worker.step(wait=0):
        pass
    worker.close()
    search.close()
    assert [line for line in written(lines) if "post=weibo:88 入检索" in line]


def test_of_many_posts_every_id_stands_in_few_lines(lines: pytest.LogCaptureFixture) -> None:
    ids = [f"weibo:{n}" for n in range(250)]
    each(logging.getLogger("crawlers.service"), "采集到", ids, account="main")
    found = written(lines, "crawl")
    assert len(found) == 3
    assert found[0].endswith(f"posts={','.join(ids[:MANY])} account=main 采集到 {MANY} 条")
    assert found[-1].endswith("account=main 采集到 50 条")
    assert re.findall(r"weibo:\d+", "".join(found)) == ids


def test_among_many_ids_none_can_pass_for_another_or_for_a_name(lines: pytest.LogCaptureFixture) -> None:
    each(logging.getLogger("stream.x"), "入检索", ["weibo:1", "a,weibo:2", "b incident=FX-2026-0009", "c\n", "weibo:3"])
    (line,) = written(lines, "index")
    assert 'posts=weibo:1,"a,weibo:2","b incident=FX-2026-0009","c\\n",weibo:3 入检索 5 条' in line


def test_a_comment_that_opens_nothing_is_followed_by_its_id_through_assess_watch_and_index(
    station: Station, lines: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    station.log.ensure({POSTS: 1, HISTORY: 1})
    worker = Assessing(station.log, station.office.store, engine_by_name("snow"), reader(), lambda: station.office.now)
    plain = [a_post(f"请问{n}号楼几点关门", f"weibo:{n}", at=station.office.now) for n in range(30)]
    station.log.append(POSTS, [(one.thread_id, one.wire()) for one in plain])
    search = open_search(f"sqlite:///{tmp_path / 'search.db'}")
    index = Indexing(station.log, station.office.store, SCHOOL, search, lambda: station.office.now)
    for role in (worker, station.watch, index):
        while role.step(wait=0):
            pass
    for one in (worker, index, search):
        one.close()
    for words in ("研判，没有命中", "监看，未立事件", "入检索"):
        (line,) = [line for line in written(lines) if words in line]
        assert sorted(re.findall(r"weibo:\d+(?=[, ])", line)) == sorted(one.id for one in plain), words


def test_nothing_is_made_where_nobody_reads_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "stream")
    each(logging.getLogger("stream.x"), "入检索", [SCHOOL])
    assert not caplog.records
    assert about() == {}


def test_daily_work_goes_to_the_roles_file_and_what_a_person_must_see_to_the_screen_too(tmp_path: Path) -> None:
    screen = io.StringIO()
    child = Child("watch", (sys.executable, "-c", ""), tmp_path / "watch.log", screen)
    daily = "2026-11-20 16:42:08,123 INFO role=watch at=escalation.watch 立为事件"
    grave = "2026-11-20 16:42:08,123 ERROR role=watch at=stream.follow 存储现在不可用"
    for line in (daily, grave, "未按格式写的 INFO 一行"):
        child._pass_on(line.encode())
    child.close()
    assert (tmp_path / "watch.log").read_text("utf-8").splitlines() == [daily, grave, "未按格式写的 INFO 一行"]
    assert daily not in screen.getvalue()
    assert grave in screen.getvalue()
    assert "未按格式写的 INFO 一行" in screen.getvalue()


def test_only_warnings_of_libraries_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    levels: dict[str, int] = {}
    monkeypatch.setattr(logging, "basicConfig", lambda **given: levels.update(root=given["level"]))
    before = {room: logging.getLogger(room).level for room in one_line.OURS}
    try:
        keep("web")
        assert levels["root"] == logging.WARNING
        assert {logging.getLogger(room).level for room in one_line.OURS} == {logging.INFO}
    finally:
        for room, level in before.items():
            logging.getLogger(room).setLevel(level)
