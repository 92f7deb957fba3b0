"""One odd row is refused by itself: its place is told and kept as a gap, and its neighbours are taken in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from crawlers.failure import Failure
from crawlers.scan import Harvest, Job, ScanResult
from crawlers.scope import Scope
from crawlers.settings import WechatRoute
from crawlers.wechat import reader as wechat
from crawlers.wechat.spiders import Articles, Comments, Figures
from crawlers.weibo import reader as weibo
from stream.post import Post

NOW = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
AT = int(NOW.timestamp()) - 3600
WX = Scope("FL", "wx", "wechat", "gh_x", frozenset(), b"k" * 32, NOW)
WB = Scope("FL", "wb", "weibo", "9", frozenset(), b"k" * 32, NOW)
CREATED = "Tue Nov 03 11:00:00 +0800 2026"


def comment(number: int, **given: Any) -> dict[str, Any]:
    row = {"user_comment_id": number, "openid": "o", "create_time": AT, "content": f"第{number}条", "comment_type": 1}
    return row | given


def comments(*odd: Any, size: int = 4, total: int | None = None) -> dict[str, Any]:
    rows = [comment(number) for number in range(1, size + 1)]
    for place, row in odd:
        rows[place] = row
    return {"errcode": 0, "comment": rows, "total": size if total is None else total}


def article(number: int, **given: Any) -> dict[str, Any]:
    news = {"title": f"第{number}篇", "url": f"http://mp.x.invalid/s?mid={number}&idx=1", "need_open_comment": 1}
    return {"article_id": f"a{number}", "content": {"create_time": AT, "news_item": [news | given]}}


def articles(*items: Any, total: int | None = None) -> dict[str, Any]:
    return {"item": list(items), "total_count": len(items) if total is None else total}


def spider(kind: Any, target: str = "", **cursor: Any) -> Any:
    route = WechatRoute(account_id="wx", base_url="http://127.0.0.1/x", app_id="a", app_secret=SecretStr("s"))
    job = Job("wx:x", "wx", "wechat", "x", target, cursor, WX, route, "t", NOW - timedelta(days=14))
    made = kind(job, Harvest())
    list(made.first())
    return made


def ended(found: list[Any]) -> ScanResult:
    last = found[-1]
    assert isinstance(last, ScanResult), last
    return last


def texts(found: list[Any]) -> list[str]:
    return [one.text for one in found if isinstance(one, Post)]


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("no object", "comment[1]"),
        (comment(2, content=None), "comment[1].content"),
        (comment(2, create_time="gestern"), "comment[1].create_time"),
        (comment("x", content="没有编号"), "comment[1].user_comment_id"),  # type: ignore[arg-type]
        (comment(2, openid={"a": 1}), "comment[1].openid"),
    ],
)
def test_one_odd_comment_of_wechat_leaves_the_other_three(row: Any, place: str) -> None:
    page = wechat.read_comments(comments((1, row)), WX, "wx:1_1", "")
    assert [post.text for post in page.posts] == ["第1条", "第3条", "第4条"]
    assert (page.refused.places, page.refused.rows, page.size, page.unreadable) == ([place], 1, 4, False)


def test_an_odd_reply_leaves_the_comment_that_it_answers() -> None:
    row = comment(2, reply={"content": ["x"], "create_time": AT})
    page = wechat.read_comments(comments((1, row)), WX, "wx:1_1", "")
    assert [post.text for post in page.posts] == ["第1条", "第2条", "第3条", "第4条"]
    assert (page.refused.places, page.refused.rows) == (["comment[1].reply.content"], 0)


def test_a_scan_with_an_odd_comment_is_whole_but_for_it_and_calls_nothing_missing() -> None:
    read = spider(Comments, "1_1", thread="wechat:wx:1_1")
    found = list(read.page(comments((1, comment(2, content=7)))))
    assert texts(found) == ["第1条", "第3条", "第4条"]
    end = ended(found)
    assert (end.failure, end.complete, end.exhaustive, end.shown) == (Failure.OK, True, "", 4)
    assert end.gap_open
    assert "字段 comment[1].content，结构指纹 " in end.gap
    assert end.note == end.gap, "a row without its text is no cap of the platform"
    assert read.harvest.refused == 1


def test_a_page_that_ends_in_a_row_without_an_id_is_followed_by_the_next() -> None:
    read = spider(Comments, "1_1", thread="wechat:wx:1_1")
    (request,) = [one for one in read.page(comments((48, {"content": "x"}), size=49, total=60)) if hasattr(one, "body")]
    assert b'"begin": 48' in request.body
    rest = {"comment": [{"content": "x"}, *(comment(number) for number in range(50, 61))], "total": 60}
    end = ended(list(read.page(rest)))
    assert (end.failure, end.complete, read.passes) == (Failure.OK, True, 0)


@pytest.mark.parametrize("odd", [(0, 1, 2), (0, 1, 2, 3)])
def test_a_page_of_mostly_odd_comments_is_of_another_shape(odd: tuple[int, ...]) -> None:
    read = spider(Comments, "1_1", thread="wechat:wx:1_1")
    end = ended(list(read.page(comments(*((place, {"id": place}) for place in odd)))))
    assert (end.failure, end.complete) == (Failure.SHAPE, False)
    assert "comment[0].user_comment_id" in end.note


@pytest.mark.parametrize(
    ("item", "place"),
    [
        (7, "item[1]"),
        ({"article_id": "a2"}, "item[1].content"),
        (article(2, title=None), "item[1].content.news_item[0].title"),
        (article(2, url="http://mp.x.invalid/s?mid=2&idx=1&sn=" + "a" * 5000), "item[1].content.news_item[0].url"),
    ],
)
def test_one_odd_article_leaves_its_neighbours_with_their_comments(item: Any, place: str) -> None:
    read = spider(Articles)
    found = list(read.page(articles(article(1), item, article(3))))
    assert texts(found) == ["第1篇", "第3篇"]
    end = ended(found)
    assert (end.failure, end.complete, end.gap_open) == (Failure.OK, True, True)
    assert [one.target for one in end.follow] == ["1_1", "3_1"]
    assert f"字段 {place}，" in end.gap
    assert read.passes == 0, "no row was withheld, so no pass is repeated"


def test_the_gap_of_an_odd_article_stays_open_while_only_the_newest_are_looked_at() -> None:
    first = ended(list(spider(Articles).page(articles(article(1), article(2, title=3), article(3)))))
    assert first.cursor is not None
    again = spider(Articles, **first.cursor)
    again.job = type(again.job)(**{**_fields(again.job), "known": frozenset({"wechat:wx:1_1", "wechat:wx:3_1"})})
    light = ended(list(again.page(articles(article(1), article(3), total=3))))
    assert (light.gap, light.gap_open) == (first.gap, True)
    whole = ended(list(spider(Articles, **first.cursor).page(articles(article(1), article(2), article(3)))))
    assert (whole.gap, whole.gap_open, whole.complete) == ("", False, True)


def _fields(job: Job) -> dict[str, Any]:
    return {name: getattr(job, name) for name in Job.__slots__}


def test_a_day_with_an_odd_line_of_figures_is_asked_again_and_the_others_are_taken() -> None:
    read = spider(Figures, next="2026-11-01")
    good, odd = {"msgid": "5_1", "title": "群发一"}, {"msgid": "x", "title": "y"}
    assert "2026-11-02" in str(list(read.page({"list": [good, odd, {"msgid": "6_1", "title": "群发二"}]}))[-1].body)
    end = ended(list(read.page({"list": [{"msgid": "7_1", "title": "群发三"}]})))
    assert [one.target for one in end.follow] == ["5_1", "6_1", "7_1"]
    assert end.cursor == {"next": "2026-11-01"}
    assert (end.complete, end.gap_open) == (True, True)
    assert "list[1].msgid" in end.gap


def test_an_odd_day_of_figures_older_than_the_history_holds_nothing_up() -> None:
    long_ago = (NOW - timedelta(days=15)).date()
    read = spider(Figures, next=long_ago.isoformat())
    while read.day < date(2026, 11, 3):
        odd = [{"msgid": 1}] if read.day == long_ago else []
        found = list(read.page({"list": [{"msgid": "5_1", "title": "x"}, *odd]}))
    assert ended(found).cursor == {"next": "2026-11-03"}


def test_odd_counts_leave_the_post_and_an_odd_quoted_post_leaves_the_comment() -> None:
    status = {"id": 7, "user": {"id": 9}, "created_at": CREATED, "text": "通知"}
    timeline = weibo.read_timeline({"statuses": [status | {"attitudes_count": -5}]}, WB)
    assert [(row.post.text, row.counts) for row in timeline.rows] == [("通知", None)]
    assert (timeline.refused.places, timeline.unreadable) == (["statuses[0].attitudes_count"], False)
    row = {"id": 8, "user": {"id": 50}, "created_at": CREATED, "text": "饭里有虫", "status": status | {"text": 5}}
    received = weibo.read_comments({"comments": [row]}, WB)
    assert [(one.post.text, one.status) for one in received.rows] == [("饭里有虫", None)]
    assert (received.refused.places, received.unreadable) == (["comments[0].status.text"], False)


def test_an_odd_row_of_weibo_is_told_with_its_place() -> None:
    status = {"id": 7, "user": {"id": 9}, "created_at": CREATED, "text": "通知"}
    page = weibo.read_timeline({"statuses": [status, status | {"id": 6, "created_at": "gestern"}, 5]}, WB)
    assert [row.native for row in page.rows] == [7]
    assert (page.refused.places, page.refused.rows) == (["statuses[1].created_at", "statuses[2]"], 2)
    assert (page.size, page.oldest, page.unreadable) == (3, 6, True)
