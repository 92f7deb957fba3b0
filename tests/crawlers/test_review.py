"""What a stern reading found: each of these went wrong once without anybody being told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from crawlers.failure import Failure
from crawlers.lead import Problem, digests, read_instant, read_lead, take_rows
from crawlers.scan import Harvest, Job
from crawlers.scope import Scope
from crawlers.settings import WeiboRoute
from crawlers.shape import Shape, count, whole
from crawlers.weibo.spiders import Received
from stream.account import Account, accounts
from stream.coverage import Lamp, sights, sources, worst_of
from stream.log import LogError
from stream.post import Post

START = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)


def _elsewhere(room: Any, path: str) -> None:
    """The crew asks at another address of the same host."""
    routes = tuple(
        route.model_copy(update={"base_url": f"{room.sandbox.url}{path}"}) for route in room.crew.settings.routes
    )
    room.crew.settings = room.crew.manners.settings = room.crew.settings.model_copy(update={"routes": routes})


def _lamp(room: Any, account: str = "wb_main") -> Any:
    with room.store.read() as conn:
        return next(one for one in sights(conn, "FL", room.now()) if one.account_id == account)


def test_one_404_does_not_end_the_watching_of_an_account(room: Any) -> None:
    thread = room.sandbox.post()["thread"]
    room.tick(3)
    assert _lamp(room).lamp is Lamp.ON
    right = room.crew.settings
    _elsewhere(room, "/nowhere")
    room.look("to_me")
    source = room.source("to_me")
    assert (source.last_class, source.active) == ("gone", True)
    assert [(gap.source_id, gap.closed_at) for gap in room.gaps()] == [("wb_main:to_me", None)]
    assert "请核对接口地址" in source.last_reason
    room.sandbox.forward(hours=3)
    assert _lamp(room).lamp is Lamp.BLIND
    room.crew.settings = room.crew.manners.settings = right
    room.sandbox.comment(thread, "停看期间的话")
    assert [post.text for post in room.posts(room.look("to_me"))] == ["停看期间的话"]
    assert all(gap.closed_at for gap in room.gaps())


def test_a_post_that_the_platform_calls_gone_is_no_longer_looked_at(room: Any) -> None:
    thread = room.sandbox.post()["thread"]
    room.tick(3)
    room.sandbox.control("delete", thread=thread)
    room.look("show")
    source = room.source("show")
    assert (source.last_class, source.active) == ("gone", False)
    assert "平台代码 20101" in source.last_reason
    assert room.gaps() == []
    assert _lamp(room).lamp is Lamp.ON


def test_one_odd_404_does_not_end_the_comments_of_a_post(room: Any) -> None:
    thread = room.sandbox.post()["thread"]
    room.tick(3)
    right = room.crew.settings
    _elsewhere(room, "/nowhere")
    room.look("show")
    source = room.source("show")
    assert (source.last_class, source.active) == ("gone", True)
    assert source.next_due >= room.now() + timedelta(minutes=30)
    assert "半小时后再看一次" in source.last_reason
    room.sandbox.forward(minutes=10)
    room.look("show")
    assert room.source("show").active, "ten minutes are no second look"
    room.crew.settings = room.crew.manners.settings = right
    room.sandbox.comment(thread, "还在，能评论")
    room.sandbox.forward(minutes=40)
    assert [post.text for post in room.posts(room.look("show"))] == ["还在，能评论"]
    _elsewhere(room, "/nowhere")
    room.look("show")
    assert room.source("show").active, "found in between: this is a first look again"


def test_a_post_not_found_twice_half_an_hour_apart_is_over(room: Any) -> None:
    room.sandbox.post()
    room.tick(3)
    _elsewhere(room, "/nowhere")
    room.look("show")
    room.sandbox.forward(minutes=31)
    room.look("show")
    assert (room.source("show").last_class, room.source("show").active) == ("gone", False)
    assert room.gaps() == []


def test_a_wrong_address_ends_no_post_however_often_it_finds_nothing(room: Any) -> None:
    room.sandbox.post()
    room.tick(3)
    _elsewhere(room, "/nowhere")
    room.look("timeline")
    for _ in range(4):
        room.look("show")
        room.sandbox.forward(hours=1)
    assert (room.source("show").last_class, room.source("show").active) == ("gone", True)


def test_a_removed_route_leaves_the_account_blind_and_says_since_when(room: Any) -> None:
    room.sandbox.post()
    room.tick(3)
    room.settings = room.settings.model_copy(update={"routes": ()})
    room.new_crew()
    sight = _lamp(room)
    assert sight.lamp is Lamp.BLIND
    assert sight.reason.startswith("采集途径已移除，自 2026-11-03 12:00 起不再采集；")
    assert {(gap.source_id, gap.closed_at) for gap in room.gaps()} == {
        ("wb_main:timeline", None),
        ("wb_main:to_me", None),
    }


def _polled(room: Any) -> dict[str, bool]:
    with room.store.read() as conn:
        return {row.id: row.active for row in conn.execute(sources.select())}


def _book(room: Any, **changed: Any) -> None:
    with room.store.write() as conn:
        conn.execute(accounts.update().where(accounts.c.id == "wb_main").values(**changed))


def test_a_route_that_comes_back_wakes_every_source_again(room: Any) -> None:
    thread, gone = room.sandbox.post()["thread"], room.sandbox.post("另一条通知")["thread"]
    room.tick(3)
    room.sandbox.control("delete", thread=gone)
    room.look("show")
    before = _polled(room)
    assert sorted(before.values()) == [False, True, True, True]
    whole = room.settings
    room.settings = whole.model_copy(update={"routes": ()})
    room.new_crew()
    assert not any(_polled(room).values())
    room.sandbox.forward(hours=2)
    room.sandbox.comment(thread, "移除期间的话", author=-1)  # the stream of received comments leaves these out
    room.settings = whole
    room.crew = room.new_crew()
    assert _polled(room) == before, "and what was over stays over"
    assert "移除期间的话" in [post.text for post in room.posts(room.tick(3))]
    assert _lamp(room).lamp is Lamp.ON
    assert all(gap.closed_at for gap in room.gaps())


def test_an_account_switched_off_is_polled_no_more_and_says_since_when(room: Any) -> None:
    room.sandbox.post()
    room.tick(3)
    before = _polled(room)
    assert len(before) == 3
    _book(room, active=False)
    room.sandbox.forward(hours=2)
    asked = len(room.sandbox.served(""))
    assert asked
    assert room.tick(4) == []
    assert len(room.sandbox.served("")) == asked, "not one call more, the comments of its posts among them"
    assert not any(_polled(room).values())
    assert room.source("show").note == "账号已停用，自 2026-11-03 14:00 起不再采集"
    assert {gap.reason for gap in room.gaps()} == {room.source("show").note}
    _book(room, active=True)
    room.sandbox.forward(minutes=2)
    room.tick(3)
    assert _polled(room) == before
    assert (_lamp(room).lamp, room.source("show").note) == (Lamp.ON, "")


def test_an_account_switched_off_is_heeded_while_one_of_its_sources_is_due(room: Any) -> None:
    room.sandbox.post()
    room.tick(3)
    _book(room, active=False)
    with room.store.write() as conn:
        conn.execute(sources.update().values(next_due=room.now()))
    asked = len(room.sandbox.served(""))
    assert asked
    room.tick(2)
    assert len(room.sandbox.served("")) == asked
    assert not any(_polled(room).values())


def test_an_article_that_grew_old_leaves_its_account_seen() -> None:
    now = START
    row = {"essential": True, "promised_s": 600, "last_full": now, "token_until": None}
    articles = SimpleNamespace(**row, stream="articles", active=True)
    over = SimpleNamespace(**row | {"last_full": now - timedelta(days=9)}, stream="comments", active=False)
    rows: Any = [articles, over]
    assert worst_of(rows, now)[0] is Lamp.ON


class _Refusing:
    """A log that answers, and refuses every record."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def append(self, topic: str, entries: object) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [(LogError("主题 posts 不存在。"), "主题 posts 不存在"), (ValueError("某人说的原话"), "程序出错")],
)
def test_an_unforeseen_error_backs_off_and_troubles_the_service(
    room: Any, caplog: pytest.LogCaptureFixture, error: Exception, said: str
) -> None:
    room.sandbox.post()
    room.crew.log = _Refusing(error)

    async def steps() -> None:
        for _ in range(6):
            await room.crew.step()
            await asyncio.gather(*room.crew.running)

    room.run(steps())
    assert len(room.sandbox.served("user_timeline")) == 1
    source = room.source("timeline")
    assert source.failures == 1
    assert source.taken_by is None
    assert source.next_due > room.now()
    assert said in room.crew.said()
    assert "某人说的原话" not in caplog.text + source.last_reason
    room.sandbox.forward(minutes=2)
    room.crew.log = room.log
    room.run(steps())
    assert room.crew.said() == ""
    assert len(room.posts(room.drain())) == 1


BOOK = {"wb_main": Account("FL", "wb_main", "weibo", "风林职院", "u9", "宣传部", "api", START)}


def _lead(**cells: str) -> Post:
    named = {"link": "链接", "text": "原文", "published": "发布时间", "seen": "看到时间"}
    found = read_lead({named[name]: value for name, value in cells.items()}, 2, "FL", BOOK, START)
    assert isinstance(found, Post), found
    return found


def test_two_comments_under_one_link_are_two_leads(room: Any) -> None:
    link = "https://weibo.com/1/abc"
    rows = [
        (2, {"链接": link, "原文": "食堂的面里有虫子"}),
        (3, {"链接": link, "原文": "宿舍又停电了"}),
        (4, {"链接": link, "原文": "宿舍又停电了"}),
    ]
    taken = take_rows(room.store, room.log, "FL", rows, room.now())
    assert not isinstance(taken, tuple)
    assert len(taken.ids) == 2
    assert [one.row for one in taken.repeated] == [4]
    again = take_rows(room.store, room.log, "FL", rows[:1], room.now())
    assert not isinstance(again, tuple)
    assert (again.ids, len(again.repeated)) == ((), 1)


def test_a_link_without_text_is_known_again_by_the_link() -> None:
    link = "https://weibo.com/1/abc"
    assert digests(_lead(link=link)) == digests(_lead(link=link))
    assert digests(_lead(link=link)) != digests(_lead(link=link, text="另一条"))


def test_an_impossible_instant_is_a_message_of_its_row() -> None:
    assert read_instant("0001-01-01 00:00") is None
    found = read_lead({"原文": "话", "发布时间": "0001-01-01 00:00"}, 7, "FL", BOOK, START)
    assert isinstance(found, list)
    assert [(one.row, one.column) for one in found] == [(7, "发布时间")]
    assert isinstance(found[0], Problem)


def test_a_lead_is_first_seen_when_it_was_taken_in() -> None:
    post = _lead(text="昨晚看到的话", seen="2026-11-02 20:00")
    assert (post.first_seen_at, post.fetched_at) == (START, START)
    assert post.published_at == datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("given", [1 << 31, "99999999999999999999", -1, 10**400])
def test_a_count_beyond_all_measure_is_a_fault_of_shape(given: object) -> None:
    with pytest.raises(Shape):
        count({"likes": given}, "likes")
    assert count({"likes": (1 << 31) - 1}, "likes") == (1 << 31) - 1


def test_a_whole_number_that_no_store_holds_is_a_fault_of_shape() -> None:
    with pytest.raises(Shape):
        whole({"id": "9" * 20}, "id")
    assert whole({"id": "5098765432101234"}, "id") == 5098765432101234


def _comments(*odd: int, size: int = 4, more: int = 1) -> Any:
    status = {"id": 7, "user": {"id": 9}}
    rows = [
        {"id": 100 - n, "created_at": "Tue Nov 03 11:00:00 +0800 2026", "text": f"话{n}", "user": {"id": 50}}
        | {"status": [] if n in odd else status}
        for n in range(size)
    ]
    return {"comments": rows, "next_cursor": more, "total_number": size}


def _received() -> Received:
    scope = Scope("FL", "wb_main", "weibo", "9", frozenset(), b"k" * 32, START)
    route = WeiboRoute(account_id="wb_main", base_url="http://127.0.0.1/2", access_token=SecretStr("t"))
    job = Job("wb_main:to_me", "wb_main", "weibo", "to_me", "", {}, scope, route, "t", START - timedelta(days=14))
    spider = Received(job, Harvest())
    list(spider.first())
    return spider


def test_one_odd_row_is_noted_and_the_older_pages_are_read() -> None:
    spider = _received()
    first = list(spider.page(_comments(1)))
    assert [type(one).__name__ for one in first] == ["Post", "Post", "Post", "Request"]
    last = list(spider.page(_comments(more=0)))[-1]
    assert (last.failure, last.complete, last.gap_open) == (Failure.OK, True, True)
    assert "字段 comments[1].status" in last.gap


def test_a_page_of_mostly_odd_rows_is_of_another_shape() -> None:
    last = list(_received().page(_comments(0, 1, 2)))[-1]
    assert (last.failure, last.complete) == (Failure.SHAPE, False)
