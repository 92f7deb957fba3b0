"""Page readers on the platforms' samples: pure, and blind to everything personal."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.pseudonym import author_key
from crawlers.scope import Scope
from crawlers.shape import Shape, fingerprint
from crawlers.wechat import reader as wechat
from crawlers.wechat.link import ArticleKey, read_link
from crawlers.weibo import reader as weibo
from crawlers.weibo.instant import read_instant
from stream.post import Kind, Visibility

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY = b"k" * 32
WEIBO = Scope("LY", "wb", "weibo", "9000000001", frozenset({"岚屿示范学院"}), KEY, NOW)
WECHAT = Scope("LY", "wx", "wechat", "gh_sample", frozenset(), KEY, NOW)


def _read(samples: Path, name: str) -> Any:
    return json.loads((samples / f"{name}.json").read_text())


def test_timeline_sample_becomes_own_posts_with_counts(samples: Path) -> None:
    page = weibo.read_timeline(_read(samples, "weibo_v2_user_timeline"), WEIBO)
    assert [row.post.id for row in page.rows][:2] == ["weibo:5100000000000301", "weibo:5100000000000244"]
    first = page.rows[0]
    assert first.post.by_school
    assert first.post.kind == Kind.POST
    assert first.post.published_at == datetime(2026, 11, 3, 10, 2, 11, tzinfo=UTC)
    assert first.counts is not None
    assert (first.counts.likes, first.counts.replies, first.counts.reposts) == (58, 37, 12)
    assert page.more


def test_comment_samples_know_thread_parent_and_no_name(samples: Path) -> None:
    page = weibo.read_comments(_read(samples, "weibo_v2_comments_show"), WEIBO)
    reply = page.rows[-1].post
    assert reply.kind == Kind.REPLY
    assert reply.thread_id == "weibo:5100000000000301"
    assert reply.parent_id == "weibo:c5100000000009001"
    assert reply.text == "回复〔某用户〕:三号楼一楼有临时取水点"
    assert "用户" not in reply.model_dump_json().replace("〔某用户〕", "")
    assert "9100000002" not in reply.model_dump_json()
    assert len(weibo.read_comments(_read(samples, "weibo_v2_comments_to_me"), WEIBO).rows) == 3


def test_comments_under_other_accounts_posts_are_left_out(samples: Path) -> None:
    other = Scope("LY", "wb", "weibo", "9000000099", frozenset(), KEY, NOW)
    page = weibo.read_comments(_read(samples, "weibo_v2_comments_to_me"), other)
    assert page.rows == ()
    assert page.size == 3


def test_pinned_rows_are_told_apart() -> None:
    row = {"id": 5, "text": "置顶", "created_at": "Tue Nov 03 18:02:11 +0800 2026", "isTop": 1}
    (found,) = weibo.read_timeline({"statuses": [row], "next_cursor": 0, "total_number": 1}, WEIBO).rows
    assert found.pinned


def test_wechat_samples_give_articles_comments_replies_and_keys(samples: Path) -> None:
    page = wechat.read_articles(_read(samples, "wechat_freepublish_batchget"), WECHAT)
    assert [str(one.key) for one in page.articles] == ["2290000101_1", "2290000101_2", "2290000077_1"]
    assert [one.commented for one in page.articles] == [True, False, True]
    assert page.articles[2].post.visibility == Visibility.VANISHED
    comments = wechat.read_comments(_read(samples, "wechat_comment_list"), WECHAT, "wx:2290000101_1", "")
    assert [post.kind for post in comments.posts] == [Kind.COMMENT, Kind.REPLY, Kind.COMMENT, Kind.COMMENT]
    assert comments.posts[3].author_key == ""
    assert comments.posts[0].visibility == Visibility.PUBLIC
    assert comments.posts[2].visibility == Visibility.HIDDEN
    assert wechat.read_comments(_read(samples, "wechat_comment_list_empty"), WECHAT, "t", "").posts == ()
    figures = wechat.read_figures(_read(samples, "wechat_article_total_detail"))
    assert figures is not None
    assert [(one.key.mid, one.key.index) for one in figures.figures] == [(2290000098, 0), (2290000101, 1)]


def test_a_long_link_names_the_key_and_a_short_one_does_not() -> None:
    assert read_link("http://mp.x.invalid/s?__biz=U&mid=2290000101&idx=2&sn=a#rd") == ArticleKey(2290000101, 2)
    assert read_link("https://mp.weixin.qq.com/s/AbCdEf") is None
    assert read_link("https://mp.weixin.qq.com/s?mid=abc&idx=1") is None


@given(st.datetimes(datetime(2009, 1, 1), datetime(2026, 11, 20)))
def test_instants_are_read_by_an_english_month_table(at: datetime) -> None:
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    at = at.replace(microsecond=0)
    raw = f"Tue {months[at.month - 1]} {at.day:02d} {at:%H:%M:%S} +0000 {at.year}"
    assert read_instant(raw, NOW) == at.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "raw", [None, 5, "", "11-03", "Tue Foo 03 18:02:11 +0800 2026", "Tue Nov 33 18:02:11 +0800 2026"]
)
def test_what_is_no_instant_is_a_fault_of_shape(raw: object) -> None:
    with pytest.raises(Shape):
        read_instant(raw, NOW)


def test_instant_without_an_offset_is_asia_shanghai() -> None:
    assert read_instant("Tue Nov 03 18:02:11 2026", NOW) == datetime(2026, 11, 3, 10, 2, 11, tzinfo=UTC)


NAMES = ["id", "text", "comments", "status", "user", "item", "total"]
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSONS)
def test_readers_of_any_json_give_rows_or_shape(answer: Any) -> None:
    fingerprint(answer)
    for read in (
        lambda: weibo.read_timeline(answer, WEIBO),
        lambda: weibo.read_comments(answer, WEIBO),
        lambda: wechat.read_articles(answer, WECHAT),
        lambda: wechat.read_comments(answer, WECHAT, "t", ""),
        lambda: wechat.read_figures(answer),
    ):
        with suppress(Shape):
            read()


def test_pseudonyms_differ_by_platform_year_and_key_and_hide_the_id() -> None:
    at, later = datetime(2026, 6, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)
    keys = {
        author_key(KEY, "weibo", at, "9100000001"),
        author_key(KEY, "wechat", at, "9100000001"),
        author_key(KEY, "weibo", later, "9100000001"),
        author_key(b"x" * 32, "weibo", at, "9100000001"),
        author_key(KEY, "weibo", at, "9100000002"),
    }
    assert len(keys) == 5
    assert author_key(KEY, "weibo", at, "9100000001") == author_key(KEY, "weibo", at, "9100000001")
    assert author_key(KEY, "weibo", at, "") == ""
    with pytest.raises(ValueError, match="32 字节"):
        author_key(b"short", "weibo", at, "1")
