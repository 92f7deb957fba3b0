"""What is kept of the stream: posts, their revisions, assessments and counts. The record that search is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Boolean, Column, Connection, Float, Index, Integer, Table, Text, and_, or_, update

from stream.assessment import Assessment
from stream.post import Counts, Post
from stream.store import insert_new, metadata
from stream.store.types import Json, Moment, Serial, Word

posts = Table(
    "posts",
    metadata,
    Column("row", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("id", Word(200), nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("platform", Word(32), nullable=False),
    Column("account_id", Word(100), nullable=False),
    Column("thread_id", Word(200), nullable=False),
    Column("parent_id", Word(200)),
    Column("author_key", Word(64), nullable=False),
    Column("by_school", Boolean, nullable=False),
    Column("published_at", Moment(), nullable=False),
    Column("first_seen_at", Moment(), nullable=False),
    Column("fetched_at", Moment(), nullable=False),
    Column("revision", Word(16), nullable=False),
    Column("visibility", Word(16), nullable=False),
    Column("url", Text, nullable=False),
    Column("route", Word(16), nullable=False),
    Index("uq_posts_school_id", "school", "id", unique=True),
    Index(None, "school", "thread_id", "published_at"),
    Index(None, "school", "account_id", "published_at"),
    Index(None, "school", "published_at"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("post_id", Word(200), primary_key=True),
    Column("revision", Word(16), primary_key=True),
    Column("text", Text, nullable=False),
    Column("text_hash", Word(64), nullable=False),
    Column("cut", Boolean, nullable=False),
    Column("fetched_at", Moment(), nullable=False),
)

assessments = Table(
    "assessments",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("post_id", Word(200), primary_key=True),
    Column("revision", Word(16), primary_key=True),
    Column("polarity", Word(16), nullable=False),
    Column("p_negative", Float, nullable=False),
    Column("snow", Float, nullable=False),
    Column("engine", Word(32), nullable=False),
    Column("target", Word(16), nullable=False),
    Column("hits", Json, nullable=False),
    Column("themes", Json, nullable=False),
    Column("risk", Integer, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("assessed_at", Moment(), nullable=False),
    Column("watched_at", Moment(), nullable=False),
)

counts = Table(
    "counts",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("post_id", Word(200), primary_key=True),
    Column("likes", Integer),
    Column("replies", Integer),
    Column("reposts", Integer),
    Column("seen_at", Moment(), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was new: a post never seen, or a new text of one known. Counters move only where one of them is true."""

    new_post: bool
    new_revision: bool


def keep(conn: Connection, post: Post) -> Kept:
    """Keep a post and its revision; the newest fetched revision is the current one. Repeating it changes nothing."""
    row = {
        name: getattr(post, name)
        for name in (
            "school", "id", "kind", "platform", "account_id", "thread_id", "parent_id", "author_key", "by_school",
            "published_at", "first_seen_at", "fetched_at", "revision", "visibility", "url", "route",
        )
    }  # fmt: skip
    new_post = bool(insert_new(conn, posts, [row], key=["school", "id"]))
    revision = {
        "school": post.school,
        "post_id": post.id,
        "revision": post.revision,
        "text": post.text,
        "text_hash": post.text_hash,
        "cut": post.cut,
        "fetched_at": post.fetched_at,
    }
    new_revision = bool(insert_new(conn, revisions, [revision]))
    if not new_post:
        newer = or_(posts.c.fetched_at < post.fetched_at, posts.c.visibility != post.visibility)
        conn.execute(
            update(posts)
            .where(and_(posts.c.school == post.school, posts.c.id == post.id, posts.c.fetched_at <= post.fetched_at))
            .where(newer)
            .values(revision=post.revision, fetched_at=post.fetched_at, visibility=post.visibility)
        )
    return Kept(new_post, new_revision)


def keep_assessment(
    conn: Connection, assessment: Assessment, risk: int, reasons: Sequence[dict[str, object]], watched_at: object
) -> bool:
    """Keep what was found in one revision; False where it was kept before."""
    post = assessment.post
    row = {
        "school": post.school,
        "post_id": post.id,
        "revision": post.revision,
        "polarity": assessment.polarity,
        "p_negative": assessment.p_negative,
        "snow": assessment.snow,
        "engine": assessment.engine,
        "target": assessment.target,
        "hits": [hit.model_dump(mode="json") for hit in assessment.hits],
        "themes": sorted({hit.theme for hit in assessment.hits}),
        "risk": risk,
        "reasons": list(reasons),
        "assessed_at": assessment.assessed_at,
        "watched_at": watched_at,
    }
    return bool(insert_new(conn, assessments, [row]))


def keep_counts(conn: Connection, seen: Counts) -> None:
    """Set the counts of a post to what was seen last; an older sight changes nothing."""
    row = seen.model_dump(include={"school", "post_id", "likes", "replies", "reposts", "seen_at"})
    if insert_new(conn, counts, [row]):
        return
    conn.execute(
        update(counts)
        .where(counts.c.school == seen.school, counts.c.post_id == seen.post_id, counts.c.seen_at < seen.seen_at)
        .values({name: row[name] for name in ("likes", "replies", "reposts", "seen_at") if row[name] is not None})
    )
