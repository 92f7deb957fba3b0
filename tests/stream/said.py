"""Lines that people say, as posts and as assessments by the real rules; shared by tests of stream and escalation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from sentiment.normalise import normalise
from stream.assess import Reader
from stream.assessment import Assessment, Polarity
from stream.post import Counts, Kind, Post, Route, door
from stream.rules import load

SCHOOL = "JY"
START = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)  # a Tuesday, noon in Shanghai
RAW_CHICKEN = "今天的鸡腿没熟，骨头里还有血水"
WORM = "青菜里吃出虫子"
POISONED = "食堂那个窗口的饭吃完好几个人上吐下泻，去急诊了"
CUE = "我们寝室也是，已经打12345投诉了"
PLAIN = "请问几点收餐"


@cache
def reader() -> Reader:
    """The real rules, read once."""
    return Reader(load(), ("青禾职院",))


def a_post(
    text: str = PLAIN,
    post_id: str = "weibo:1",
    *,
    thread: str = "weibo:t1",
    author: str | None = None,
    at: datetime = START,
    fetched: datetime | None = None,
    kind: Kind = Kind.COMMENT,
    by_school: bool = False,
    account: str = "canteen",
    school: str = SCHOOL,
    route: Route = Route.SANDBOX,
    platform: str = "",
    parent: str | None = None,
) -> Post:
    """One post that came through the door; `author` defaults to somebody new, `platform` to what its id says."""
    kept, digest, cut = door(text)
    seen = fetched or at
    return Post(
        school=school, id=post_id, kind=kind, platform=platform or post_id.partition(":")[0],
        account_id=account, thread_id=thread, parent_id=parent, text=kept, text_hash=digest, cut=cut,
        author_key="" if by_school else (f"u-{post_id}"[:64] if author is None else author), by_school=by_school,
        published_at=at, first_seen_at=seen, fetched_at=seen, revision=digest[:16], route=route,
    )  # fmt: skip


def assessed(post: Post, *, negative: bool = False) -> Assessment:
    """What the real rules find in it; the polarity is said, not guessed."""
    target, hits = reader().read(post, normalise(post.text))
    return Assessment(
        post=post, polarity=Polarity.NEGATIVE if negative else Polarity.NEUTRAL, p_negative=0.5, snow=0.5,
        engine="said", hits=hits, target=target, assessed_at=post.fetched_at, rules=reader().edition,
    )  # fmt: skip


def counts(post: Post, likes: int, after: timedelta = timedelta()) -> Counts:
    """Its likes as seen some time after it was fetched."""
    return Counts(school=post.school, post_id=post.id, likes=likes, seen_at=post.fetched_at + after)
