"""Faults 22 and 24 to 26, and how articles and comments of WeChat accounts come in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crawlers.article_link import take_link
from stream.coverage import sights, sources
from stream.post import Kind, Visibility


@pytest.fixture
def wechat(make_room: Any) -> Any:
    return make_room(accounts=("wx_main",))


def _article(room: Any, **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = room.sandbox.post("<p>正文一段</p>", account="wx_main", title="停水通知", **given)
    return made


def test_article_and_its_comments_and_replies_come_in(wechat: Any) -> None:
    article = _article(wechat)
    for n in range(60):
        wechat.sandbox.comment(article["thread"], f"第{n}条：请问几点来水")
    wechat.sandbox.forward(hours=5)
    wechat.look("articles")
    wechat.look("comments")
    posts = wechat.posts()
    assert [post.text for post in posts if post.kind == Kind.POST] == ["停水通知\n正文一段"]
    comments = [post for post in posts if post.kind == Kind.COMMENT]
    assert len(comments) == 60
    assert {post.visibility for post in comments} == {Visibility.PUBLIC, Visibility.HIDDEN}
    replies = [post for post in posts if post.kind == Kind.REPLY]
    assert replies
    assert all(post.by_school and post.parent_id in {one.id for one in comments} for post in replies)
    assert wechat.look("comments") == []


def test_no_call_asks_for_fifty_comments(wechat: Any) -> None:
    article = _article(wechat)
    for n in range(120):
        wechat.sandbox.comment(article["thread"], f"第{n}条")
    wechat.look("articles")
    wechat.look("comments")
    counts = {row["params"]["count"] for row in wechat.sandbox.served("comment/list")}
    assert counts == {49}
    assert sum(post.kind == Kind.COMMENT for post in wechat.posts()) == 120


def test_comment_without_openid_is_taken_without_a_writer(wechat: Any) -> None:
    article = _article(wechat)
    wechat.sandbox.fault("openid_missing")
    wechat.sandbox.comment(article["thread"], "没有身份的评论")
    wechat.look("articles")
    wechat.look("comments")
    (comment,) = [post for post in wechat.posts() if post.kind == Kind.COMMENT]
    assert comment.author_key == ""


def test_wrong_article_key_becomes_a_mapping_task(wechat: Any) -> None:
    article = _article(wechat)
    wechat.look("articles")
    wrong = f"http://mp.platform.invalid/s?__biz=x&mid={article['id'] + 77}&idx=2&sn=y"
    assert take_link(wechat.store, "FL", "wx_main", wrong, "停水通知", wechat.now())[0]
    wechat.look("comments")
    with wechat.store.read() as conn:
        rows = conn.execute(sources.select().where(sources.c.last_class == "bad_target")).all()
    assert len(rows) == 1
    assert "88001" in rows[0].note
    assert any("粘贴" in gap.reason and gap.closed_at is None for gap in wechat.gaps())


def test_mass_sent_article_is_a_task_until_the_next_day_maps_it(wechat: Any) -> None:
    wechat.look("figures")
    article = _article(wechat, mass=True)
    wechat.sandbox.comment(article["thread"], "群发文章下的评论")
    wechat.look("articles")
    assert wechat.posts() == []
    seen, words = take_link(
        wechat.store, "FL", "wx_main", "https://mp.weixin.qq.com/s/AbCdEf", "停水通知", wechat.now()
    )
    assert not seen
    assert "完整链接" in words
    (gap,) = wechat.gaps()
    assert "评论尚不可见" in gap.reason
    assert gap.closed_at is None
    wechat.sandbox.forward(hours=21)
    wechat.look("figures")
    wechat.look("comments")
    assert [post.text for post in wechat.posts() if post.kind == Kind.COMMENT] == ["群发文章下的评论"]
    assert all(gap.closed_at is not None for gap in wechat.gaps())


SHORT = "https://mp.weixin.qq.com/s/"


def _paste(room: Any, tail: str, title: str) -> bool:
    return take_link(room.store, "FL", "wx_main", SHORT[:-1] + tail, title, room.now())[0]


def _long(mid: int) -> str:
    return f"?__biz=x&mid={mid}&idx=1&sn=y"


def _open(room: Any) -> list[str]:
    return [gap.reason for gap in room.gaps() if gap.closed_at is None]


def test_of_two_articles_of_one_title_a_mapped_one_does_not_close_the_gap_of_the_other(wechat: Any) -> None:
    for tail in ("/first", "/second"):
        assert not _paste(wechat, tail, "通知")
    assert not _paste(wechat, "/third", "停水通知")
    assert _paste(wechat, _long(77), "通知")
    assert [reason for reason in _open(wechat) if "有 2 篇《通知》同名，其中 1 篇的评论已可见" in reason] == _open(
        wechat
    )[:2]
    assert _paste(wechat, _long(77), "通知"), "the same link again is the same article"
    assert len(_open(wechat)) == 3
    assert _paste(wechat, _long(78), "通知")
    (other,) = _open(wechat)
    assert "停水通知" in other


def test_an_article_mapped_long_ago_does_not_close_the_gap_of_a_new_one_of_its_title(wechat: Any) -> None:
    article = _article(wechat)
    wechat.look("articles")
    assert wechat.source("comments").id.endswith(f":{article['id']}_1")
    assert not _paste(wechat, "/new", "停水通知")
    wechat.sandbox.forward(hours=1)
    _article(wechat, mass=True)
    wechat.sandbox.post("<p>又一段</p>", account="wx_main", title="另一篇")
    wechat.look("articles")
    assert len(_open(wechat)) == 1


def test_a_link_pasted_without_a_title_closes_the_gap_when_the_figures_name_it(wechat: Any) -> None:
    wechat.look("figures")
    article = _article(wechat, mass=True)
    assert not _paste(wechat, "/short", "停水通知")
    assert _paste(wechat, _long(article["id"]), "")
    assert len(_open(wechat)) == 1
    wechat.sandbox.forward(hours=21)
    wechat.look("figures")
    assert _open(wechat) == []


def test_pasted_long_link_makes_a_mass_sent_article_visible_at_once(wechat: Any) -> None:
    article = _article(wechat, mass=True)
    wechat.sandbox.comment(article["thread"], "当天就能看到")
    link = f"https://mp.weixin.qq.com/s?__biz=x&mid={article['id']}&idx=1&sn=y"
    assert take_link(wechat.store, "FL", "wx_main", link, "停水通知", wechat.now())[0]
    wechat.look("comments")
    assert [post.text for post in wechat.posts()] == ["当天就能看到"]


def test_shuffled_articles_are_all_found(wechat: Any) -> None:
    for n in range(45):
        wechat.sandbox.post(f"正文{n}", account="wx_main", title=f"第{n}篇")
    wechat.sandbox.fault("articles_shuffled")
    wechat.look("articles")
    assert sum(post.kind == Kind.POST for post in wechat.posts()) == 45
    wechat.sandbox.post("后来的正文", account="wx_main", title="后来的一篇")
    assert [post.text for post in wechat.posts(wechat.look("articles"))] == ["后来的一篇\n后来的正文"]


@pytest.mark.parametrize("fault", ["not_enterprise", "no_comment_feature"])
def test_missing_comment_ability_makes_the_account_blind_not_quiet(wechat: Any, fault: str) -> None:
    _article(wechat)
    wechat.look("articles")
    wechat.sandbox.fault(fault)
    wechat.look("comments")
    assert wechat.source("comments").last_class == "permission"
    assert wechat.source("comments").breaker_until - wechat.now() >= timedelta(hours=23)
    assert any("权限" in gap.reason for gap in wechat.gaps())


def test_vanished_wechat_comment_is_said_once(wechat: Any) -> None:
    article = _article(wechat)
    for n in range(12):
        wechat.sandbox.comment(article["thread"], f"第{n}条")
    wechat.look("articles")
    wechat.look("comments")
    wechat.sandbox.control("delete", comment=f"{article['thread']}/3")
    found = []
    for _ in range(5):
        wechat.sandbox.forward(minutes=20)
        found += [post for post in wechat.posts(wechat.look("comments")) if post.visibility == Visibility.VANISHED]
    assert [post.text for post in found] == ["第2条"]


def _count(room: Any) -> tuple[int, int | None]:
    with room.store.read() as conn:
        (sight,) = [one for one in sights(conn, "FL", room.now()) if one.account_id == "wx_main"]
    return sight.seen, sight.shown


def test_coverage_never_claims_more_comments_than_the_platform_shows(wechat: Any) -> None:
    article = _article(wechat)
    for n in range(40):
        wechat.sandbox.comment(article["thread"], f"第{n}条")
    wechat.sandbox.forward(hours=5)
    wechat.look("articles")
    wechat.look("comments")
    assert [post for post in wechat.posts() if post.kind == Kind.REPLY], (
        "the account has answered, and the platform's total leaves answers out"
    )
    assert _count(wechat) == (40, 40)
    wechat.sandbox.control("delete", comment=f"{article['thread']}/3")
    wechat.sandbox.forward(minutes=6)
    wechat.look("comments")
    assert _count(wechat) == (39, 39), "absent from a whole scan: not shown, and not yet called vanished"
