"""What is kept of posts: once each, with every text they had."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from stream.kept import Kept, counts, keep, keep_counts, posts, revisions
from stream.post import Counts, Kind, Post, Route, Visibility, door
from stream.store import Store

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def a_post(text: str = "食堂今天排队", minute: int = 0, **changes: object) -> Post:
    kept, digest, cut = door(text)
    at = NOON + timedelta(minutes=minute)
    values: dict[str, object] = {
        "school": "s", "id": "weibo:1", "kind": Kind.COMMENT, "platform": "weibo", "account_id": "a",
        "thread_id": "weibo:t", "text": kept, "text_hash": digest, "cut": cut, "published_at": NOON,
        "first_seen_at": at, "fetched_at": at, "revision": digest[:16], "route": Route.SANDBOX,
    }  # fmt: skip
    return Post.model_validate(values | changes)


def test_the_same_fetch_twice_changes_nothing(store: Store) -> None:
    with store.write() as conn:
        assert keep(conn, a_post()) == Kept(True, True)
        assert keep(conn, a_post()) == Kept(False, False)
        assert keep(conn, a_post(minute=5)) == Kept(False, False)


def test_an_edited_text_is_a_new_revision_and_the_current_one(store: Store) -> None:
    with store.write() as conn:
        keep(conn, a_post())
        assert keep(conn, a_post("改过的话", minute=5)) == Kept(False, True)
        assert conn.execute(select(posts.c.revision)).scalar_one() == a_post("改过的话").revision
        keep(conn, a_post(minute=2))
        assert conn.execute(select(posts.c.revision)).scalar_one() == a_post("改过的话").revision


def test_a_text_that_comes_after_the_one_that_replaced_it_is_kept_and_not_current(store: Store) -> None:
    with store.write() as conn:
        keep(conn, a_post("改过的话", minute=5))
        assert keep(conn, a_post()) == Kept(False, True, is_current=False)
        assert keep(conn, a_post()) == Kept(False, False)
        assert conn.execute(select(posts.c.revision)).scalar_one() == a_post("改过的话").revision


def test_a_post_that_vanishes_keeps_its_row(store: Store) -> None:
    with store.write() as conn:
        keep(conn, a_post())
        keep(conn, a_post(minute=9, visibility=Visibility.VANISHED))
        assert conn.execute(select(posts.c.visibility)).scalar_one() == "vanished"


def test_older_counts_do_not_overwrite_newer(store: Store) -> None:
    def seen(minute: int, likes: int) -> Counts:
        return Counts(school="s", post_id="p", likes=likes, seen_at=NOON + timedelta(minutes=minute))

    with store.write() as conn:
        for minute, likes in ((0, 1), (5, 9), (3, 4)):
            keep_counts(conn, seen(minute, likes))
        assert conn.execute(select(counts.c.likes)).scalar_one() == 9


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("甲乙丙"), st.integers(0, 9)), min_size=1, max_size=8))
def test_in_any_order_the_latest_fetched_text_is_current(store: Store, fetches: list[tuple[str, int]]) -> None:
    with store.write() as conn:
        for table in (posts, revisions):
            conn.execute(table.delete())
        for text, minute in fetches:
            keep(conn, a_post(text, minute))
        latest = max(minute for _, minute in fetches)
        current = conn.execute(select(posts.c.revision)).scalar_one()
        assert current in {a_post(text).revision for text, minute in fetches if minute == latest}
        assert len(conn.execute(select(revisions)).all()) == len({text for text, _ in fetches})
