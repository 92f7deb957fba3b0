"""`fengxin trace`: which post is meant, what lies before the store and beside it, the page and the JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import update
from typer.testing import CliRunner

from crawlers import sighting
from crawlers.lead import leads
from deploy import installation, tracing
from deploy.command import app
from deploy.reindexing import rebuild
from deploy.settings import Settings, load
from escalation.trace import Stage, Trace
from stream import pulse
from stream.dead_letter import bury
from stream.indexing import Indexing
from stream.kept import posts
from stream.post import Kind, Post
from stream.search import open_search
from stream.topic import POSTS, partitions
from tests.escalation.station import Station, open_station
from tests.stream.said import POISONED, SCHOOL, START, WORM, a_post


@dataclass
class House:
    """A station and settings that name its store, its log and a search."""

    station: Station
    settings: Settings

    def index(self) -> None:
        """Let the index role take what waits."""
        search = open_search(self.settings.search_url)
        worker = Indexing(self.station.log, self.station.office.store, SCHOOL, search, lambda: self.station.office.now)
        while worker.step(wait=0):
            pass
        worker.close()
        search.close()

    def way(self, given: str) -> Trace:
        return tracing.traced(self.settings, given, self.station.office.now)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_station(tmp_path) as station:
        station.log.ensure(partitions(2))
        given = load(installation.write_demo(tmp_path / "demo", 8700, START))
        changed = {
            "school": given.school.model_copy(update={"code": SCHOOL}),
            "store": given.store.model_copy(update={"url": SecretStr(f"sqlite:///{tmp_path / 'office.db'}")}),
            "log": given.log.model_copy(update={"url": SecretStr(f"sqlite:///{tmp_path / 'log.db'}")}),
            "search": given.search.model_copy(update={"url": SecretStr(f"sqlite:///{tmp_path / 'search.db'}")}),
        }
        yield House(station, given.model_copy(update=changed))


def indexed(found: Trace) -> str:
    (words,) = (step.words for step in found.steps if step.stage is Stage.INDEXED)
    return words


def times(found: Trace) -> list[datetime | None]:
    """When it was indexed."""
    return [step.at for step in found.steps if step.stage is Stage.INDEXED]


def test_a_post_is_found_by_our_id_by_the_platforms_and_by_its_address(house: House) -> None:
    post = house.station.say(POISONED, post_id="weibo:5301")
    with house.station.office.store.write() as conn:
        conn.execute(update(posts).where(posts.c.id == post.id).values(url="https://weibo.com/1/N5301"))
    for given in ("weibo:5301", "5301", " https://weibo.com/1/N5301 ", "https://weibo.com/1/N5301/#comment",
                  "https://m.weibo.cn/detail/5301?from=app"):  # fmt: skip
        assert house.way(given).post_id == post.id, given


def test_of_several_at_one_address_the_one_above_is_meant_and_others_are_named(house: House) -> None:
    under = house.station.say(WORM, post_id="weibo:7", thread="weibo:6")
    above = house.station.say("今日菜单", post_id="weibo:6", thread="weibo:6", kind=Kind.POST, by_school=True)
    with house.station.office.store.write() as conn:
        conn.execute(update(posts).values(url="https://weibo.com/1/menu"))
    assert house.way("https://weibo.com/1/menu").post_id == above.id
    with house.station.office.store.write() as conn:
        conn.execute(update(posts).where(posts.c.id == above.id).values(url=""))
    house.station.say(WORM, post_id="weibo:8", thread="weibo:6")
    with house.station.office.store.write() as conn:
        conn.execute(update(posts).where(posts.c.id == "weibo:8").values(url="https://weibo.com/1/menu"))
    with pytest.raises(tracing.NotFound, match="不止一条：weibo:7、weibo:8；请写完整编号"):
        house.way("https://weibo.com/1/menu")
    assert house.way("7").post_id == under.id


@pytest.mark.parametrize("given", ["weibo:404", "404", "https://weibo.com/1/404", "", "%", "x" * 5000, "'; --"])
def test_what_nobody_ever_saw_is_refused_with_where_to_look(house: House, given: str) -> None:
    house.station.say(WORM)
    with pytest.raises(tracing.NotFound, match="没有采集到，也没有补录过。请核对编号或网址"):
        house.way(given)


def test_a_post_on_its_way_says_who_has_not_read_it_and_how_many_wait(house: House) -> None:
    post = a_post(POISONED, "weibo:900")
    house.station.log.append(POSTS, [(post.thread_id, post.wire())])
    with house.station.office.store.write() as conn:
        sighting.keep(conn, {post.id: sighting.first_sight(post)})
        pulse.beat(conn, "watch", house.station.office.now, "日志流现在不可用。")
    found = house.way("900")
    assert (found.post_id, found.end) == (post.id, Stage.LOGGED)
    for words in ("研判还有 1 条待读", "监看已读到日志流末尾", "研判进程没有报到过", "监看进程：日志流现在不可用"):
        assert words in found.sentence, found.sentence
    assert found.steps[0].at == post.first_seen_at


def test_a_lead_on_its_way_is_known_by_when_it_was_typed(house: House) -> None:
    with house.station.office.store.write() as conn:
        row = {"school": SCHOOL, "digest": "d", "post_id": "lead:5", "taken_at": START}
        conn.execute(leads.insert().values(row))
    found = house.way("lead:5")
    assert (found.steps[0].words, found.steps[0].at) == ("值班台补录或导入", START)


def test_a_dead_letter_is_where_the_way_ends(house: House) -> None:
    post: Post = a_post(POISONED, "weibo:901")
    with house.station.office.store.write() as conn:
        bury(conn, reader="assess", topic=POSTS, partition=0, offset=4, body=post.wire(), reason="读不出：缺少字段",
             now=START)  # fmt: skip
    found = house.way("weibo:901")
    assert found.sentence.startswith("止于入流：")
    assert "在 assess 处成为死信（读不出：缺少字段），没有人收到通知。" in found.why
    with pytest.raises(tracing.NotFound):
        house.way("weibo:90")


def test_the_search_is_asked_and_says_what_it_has(house: House) -> None:
    post = house.station.say(POISONED)
    assert "检索里查不到：检索还有 1 条待读" in indexed(house.way(post.id))
    house.index()
    assert "检索里查得到（检索已读到日志流末尾）" in indexed(house.way(post.id))
    assert times(house.way(post.id)) == [house.station.office.now]
    rebuild(house.settings)
    assert "检索里查得到（由 fengxin reindex 重建写入，首次写入的时刻不再留存；检索" in indexed(house.way(post.id))
    (at,) = times(house.way(post.id))
    assert at is not None
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1), "when it was rebuilt"
    search = open_search(house.settings.search_url)
    search.delete(SCHOOL, [post.id])
    search.close()
    assert "可执行 fengxin reindex 重建" in indexed(house.way(post.id))
    message = house.station.say("老师您好，我想问问", post_id="weibo:m1", kind=Kind.MESSAGE)
    assert indexed(house.way(message.id)) == "私信不进检索"


def test_a_log_and_a_search_that_are_away_hinder_nothing(house: House, tmp_path: Path) -> None:
    post = house.station.say(POISONED)
    (tmp_path / "not-a-folder").write_text("")
    away = f"sqlite:///{tmp_path / 'not-a-folder' / 'x.db'}"
    house.settings = house.settings.model_copy(update={
        "log": house.settings.log.model_copy(update={"url": SecretStr(away)}),
        "search": house.settings.search.model_copy(update={"url": SecretStr(away)}),
    })  # fmt: skip
    found = house.way(post.id)
    assert "检索现在问不到（" in indexed(found)
    assert found.end is Stage.TOLD
    with house.station.office.store.write() as conn:
        sighting.keep(conn, {"weibo:902": sighting.first_sight(a_post(WORM, "weibo:902"))})
    assert "日志流现在问不到（" in house.way("902").why


def test_the_page_is_in_the_order_of_the_flow_with_beijing_times_and_ends_with_why(house: House) -> None:
    post = house.station.say(POISONED)
    house.station.office.work()
    page = tracing.page(house.way(post.id))
    lines = page.splitlines()
    assert lines[0].startswith(f"{post.id} 评论，微博“青禾后勤”")
    assert any(line.strip().startswith("采集　2026年11月3日 12:01:00") for line in lines)
    order = [page.index(word) for word in ("采集　", "入流　", "研判　", "监看　", "检索　", "通知　")]
    assert order == sorted(order)
    last = page.rstrip().rpartition("\n\n")[2]  # broken into lines where the terminal is narrow
    assert "".join(last.split()).startswith("止于通知：FX-2026-0001已通知")
    assert post.text not in page


def test_the_json_says_the_same_to_a_program(house: House) -> None:
    post = house.station.say(WORM)
    told = json.loads(tracing.as_json(house.way(post.id)))
    assert (told["post"], told["end"]) == (post.id, "watched")
    first = told["steps"][0]
    assert (first["stage"], first["at"]) == ("fetched", (START + timedelta(minutes=1)).isoformat())
    assert post.text not in json.dumps(told, ensure_ascii=False)


def test_the_command_refuses_what_it_does_not_know_with_one_sentence(tmp_path: Path) -> None:
    run = CliRunner()
    assert run.invoke(app, ["init", "--demo", str(tmp_path)]).exit_code == 0
    done = run.invoke(app, ["trace", "weibo:404", "--settings", str(tmp_path / "fengxin.toml")])
    assert done.exit_code == 1
    assert "没有“weibo:404”：没有采集到，也没有补录过。" in done.output
