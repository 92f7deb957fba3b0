"""In which lane a crawl lays what it has read: what could still need an alarm goes before the old of a first crawl."""

from __future__ import annotations

from datetime import timedelta

from crawlers.haul import Haul
from stream.history import FRESH_FOR
from stream.post import Counts, Kind, Post
from stream.topic import HISTORY, POSTS
from tests.stream.said import START, a_post


def test_a_first_crawl_lays_old_comments_with_their_counts_behind_and_all_else_before() -> None:
    long_ago, moment = START - FRESH_FOR - timedelta(seconds=1), timedelta(hours=1)
    host = a_post("开学通知", "weibo:h", thread="weibo:h", at=long_ago, fetched=START, kind=Kind.POST)
    old = a_post("旧评论", "weibo:old", thread="weibo:h", at=long_ago, fetched=START)
    fresh = a_post("食堂有虫", "weibo:new", thread="weibo:h", at=START - moment, fetched=START)
    edited = a_post("改过的旧评论", "weibo:edit", thread="weibo:h", at=long_ago, fetched=START)
    edited = edited.model_copy(update={"first_seen_at": START - moment})
    counts = [("weibo:h", seen(post)) for post in (host, old, fresh)] + [("weibo:h", seen_id("weibo:known"))]
    found = Haul(posts=[fresh, old, edited, host], counts=counts).entries()
    assert names(found[HISTORY]) == ["weibo:old", "weibo:old"]
    assert names(found[POSTS]) == ["weibo:h", "weibo:edit", "weibo:new", "weibo:h", "weibo:new", "weibo:known"]
    assert list(found) == [POSTS, HISTORY], "what is fresh is appended first"


def seen(post: Post) -> Counts:
    return seen_id(post.id)


def seen_id(post_id: str) -> Counts:
    return Counts(school="JY", post_id=post_id, likes=3, replies=0, reposts=0, seen_at=START)


def names(entries: list[tuple[str, bytes]]) -> list[str]:
    return [
        Counts.from_wire(value).post_id if b'"type":"counts"' in value[:64] else Post.from_wire(value).id
        for _, value in entries
    ]
