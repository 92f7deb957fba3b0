"""What is kept of the stream: posts, their revisions, assessments and counts. The record that search is made from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    and_,
    bindparam,
    or_,
    select,
    update,
)

from stream.assessment import Assessment
from stream.post import Counts, Post
from stream.store import Among, add_new, insert_new, metadata
from stream.store.types import Json, Moment, Serial, Word

T = TypeVar("T")
GONE = "〔原文已按保存期限清除〕"
"""Stands in the place of words whose time is over."""

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
    Index(None, "school", "row"),
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
    Column("logged_at", Moment()),
    Column("barred", Json),
)
"""`logged_at`: when the log took the post; null of what an earlier worker judged. `barred`: what kept the line from
opening an incident (`stream.bar`); null of what opened or joined one, and of a line that nothing speaks for."""

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
    """What was new: a post never seen, or a new text of one known. Counters move only where one of them is true.

    `is_current`: False for a text that a later one has replaced already (it came late, by the lane of history).
    """

    new_post: bool
    new_revision: bool
    is_current: bool = True


def keep(conn: Connection, post: Post) -> Kept:
    """Keep a post and its revision; the newest fetched revision is the current one. Repeating it changes nothing."""
    new_post = bool(insert_new(conn, posts, [_post_row(post)], key=["school", "id"]))
    new_revision = bool(insert_new(conn, revisions, [_revision_row(post)]))
    if not new_post:
        newer = or_(posts.c.fetched_at < post.fetched_at, posts.c.visibility != post.visibility)
        conn.execute(
            update(posts)
            .where(and_(posts.c.school == post.school, posts.c.id == post.id, posts.c.fetched_at <= post.fetched_at))
            .where(newer)
            .values(revision=post.revision, fetched_at=post.fetched_at, visibility=post.visibility)
        )
    here = posts.c.school == post.school, posts.c.id == post.id
    late = not new_post and new_revision and conn.scalar(select(posts.c.revision).where(*here)) != post.revision
    return Kept(new_post, new_revision, is_current=not late)


_NOTHING: list[Any] = []
_NEW = Kept(new_post=True, new_revision=True)
_POST = (
    "school", "id", "kind", "platform", "account_id", "thread_id", "parent_id", "author_key", "by_school",
    "published_at", "first_seen_at", "fetched_at", "revision", "visibility", "url", "route",
)  # fmt: skip


def _post_row(post: Post) -> dict[str, Any]:
    return {name: getattr(post, name) for name in _POST}


def _revision_row(post: Post) -> dict[str, Any]:
    return {
        "school": post.school, "post_id": post.id, "revision": post.revision, "text": post.text,
        "text_hash": post.text_hash, "cut": post.cut, "fetched_at": post.fetched_at,
    }  # fmt: skip


def current_text(conn: Connection, school: str, post_id: str) -> str | None:
    """The text of a post's current revision, or None where the post is not known."""
    return current_texts(conn, school, [post_id]).get(post_id)


def current_texts(conn: Connection, school: str, post_ids: Sequence[str]) -> dict[str, str]:
    """The texts of the current revisions of posts, those left out that are not known."""
    return dict(_CURRENT.ask(conn, post_ids, owner=school))


_CURRENT = Among(
    select(revisions.c.post_id, revisions.c.text)
    .join(posts, (posts.c.school == revisions.c.school) & (posts.c.id == revisions.c.post_id))
    .where(revisions.c.school == bindparam("owner"), revisions.c.revision == posts.c.revision),
    revisions.c.post_id,
)
_HERE = (
    Among(select(posts.c.id).where(posts.c.school == bindparam("owner")), posts.c.id),
    Among(select(revisions.c.post_id).where(revisions.c.school == bindparam("owner")), revisions.c.post_id),
)


def last_assessment(conn: Connection, school: str, post_id: str) -> Assessment | None:
    """What was found in the current revision of a post, as it was kept; without the edition of the rules."""
    return last_assessments(conn, school, (post_id,)).get(post_id)


def last_assessments(conn: Connection, school: str, post_ids: Sequence[str]) -> dict[str, Assessment]:
    """The same for a few posts, those left out in which nothing was found yet."""
    rows = conn.execute(
        select(
            posts, revisions.c.text, revisions.c.text_hash, revisions.c.cut, assessments.c.polarity,
            assessments.c.p_negative, assessments.c.snow, assessments.c.engine, assessments.c.target,
            assessments.c.hits, assessments.c.assessed_at,
        )
        .join(revisions, (revisions.c.school == posts.c.school) & (revisions.c.post_id == posts.c.id))
        .join(assessments, (assessments.c.school == posts.c.school) & (assessments.c.post_id == posts.c.id))
        .where(posts.c.school == school, posts.c.id.in_(list(post_ids)), revisions.c.revision == posts.c.revision)
        .where(assessments.c.revision == posts.c.revision)
    )  # fmt: skip
    return {row.id: _read(row._mapping) for row in rows}


def _read(row: RowMapping) -> Assessment:
    post = {name: value for name, value in row.items() if name in Post.model_fields}
    found = {name: value for name, value in row.items() if name in Assessment.model_fields}
    return Assessment.model_validate(found | {"post": Post.model_validate(post)})


def weigh_again(
    conn: Connection, post: Post, risk: int, reasons: Sequence[dict[str, object]], watched_at: datetime,
    barred: Mapping[str, object] | None,
) -> None:  # fmt: skip
    """Keep a higher risk of a revision that was judged before; a lower one changes nothing."""
    conn.execute(
        update(assessments)
        .where(assessments.c.school == post.school, assessments.c.post_id == post.id)
        .where(assessments.c.revision == post.revision, assessments.c.risk < risk)
        .values(risk=risk, reasons=list(reasons), watched_at=watched_at, barred=barred)
    )


class Keeping:
    """The posts of one transaction and school: what is known is asked once, new rows wait and are written together.

    The answers are those of `keep`, post by post. Ask texts here meanwhile, and `write` before anybody else reads.
    """

    def __init__(self, conn: Connection, school: str, expected: Sequence[Post]) -> None:
        """`expected`: the posts that may come."""
        self.taken: list[Post] = []
        """Those that came in new words."""
        self._conn, self._school = conn, school
        self._known = _known(conn, school, sorted({post.id for post in expected}))
        self._waiting: dict[str, Post] = {}
        self._assessed: list[dict[str, Any]] = []
        self._texts: dict[str, str | None] = {}

    def keep(self, post: Post) -> Kept:
        """Keep a post of this school; see the function `keep`."""
        if post.id in self._known or post.id in self._waiting:
            self._write_posts()
            self._texts.pop(post.id, None)
            return keep(self._conn, post)
        self._waiting[post.id] = post
        self._texts[post.id] = post.text
        return _NEW

    def text(self, post_id: str) -> str | None:
        """The text of a post's current revision, or None where the post is not known."""
        if post_id not in self._texts:
            self._texts[post_id] = current_text(self._conn, self._school, post_id)
        return self._texts[post_id]

    def expect(self, post_ids: Collection[str]) -> None:
        """Ask the texts of these posts at once; `text` knows them then."""
        missing = sorted(one for one in post_ids if one not in self._texts)
        found = current_texts(self._conn, self._school, missing)
        self._texts |= {one: found.get(one) for one in missing}

    def assess(
        self, assessment: Assessment, risk: int, reasons: Sequence[dict[str, object]], watched_at: datetime,
        barred: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        """Keep what was found in one new revision. `barred`: what kept it from opening an incident."""
        self.taken.append(assessment.post)
        self._assessed.append(_assessment_row(assessment, risk, reasons, watched_at, barred))

    def write(self) -> None:
        """Write what waits."""
        self._write_posts()
        add_new(self._conn, assessments, self._assessed)
        self._assessed = []

    def _write_posts(self) -> None:
        waiting = list(self._waiting.values())
        add_new(self._conn, posts, [vars(post) for post in waiting], key=["school", "id"], names=_POST)
        add_new(self._conn, revisions, [_revision_row(post) for post in waiting])
        self._known |= self._waiting.keys()
        self._waiting = {}


def _known(conn: Connection, school: str, ids: Sequence[str]) -> set[str]:
    """Of these posts, the ones with any row."""
    return {found for table in _HERE for (found,) in table.ask(conn, ids, owner=school)}


def chunks(values: Sequence[T], size: int = 1000) -> Iterator[list[T]]:
    """Pieces that one statement takes."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])


def keep_assessment(
    conn: Connection, assessment: Assessment, risk: int, reasons: Sequence[dict[str, object]], watched_at: datetime
) -> bool:
    """Keep what was found in one revision; False where it was kept before."""
    return bool(insert_new(conn, assessments, [_assessment_row(assessment, risk, reasons, watched_at, None)]))


def _assessment_row(
    assessment: Assessment, risk: int, reasons: Sequence[dict[str, object]], watched_at: datetime,
    barred: Mapping[str, object] | None,
) -> dict[str, Any]:  # fmt: skip
    post = assessment.post
    return {
        "school": post.school,
        "post_id": post.id,
        "revision": post.revision,
        "polarity": assessment.polarity,
        "p_negative": assessment.p_negative,
        "snow": assessment.snow,
        "engine": assessment.engine,
        "target": assessment.target,
        "hits": [hit.model_dump(mode="json") for hit in assessment.hits] if assessment.hits else _NOTHING,
        "themes": sorted({hit.theme for hit in assessment.hits}) if assessment.hits else _NOTHING,
        "risk": risk,
        "reasons": reasons,
        "assessed_at": assessment.assessed_at,
        "watched_at": watched_at,
        "logged_at": assessment.logged_at,
        "barred": barred,
    }


def keep_counts(conn: Connection, seen: Counts) -> bool:
    """Set the counts of a post to what was seen last; False where this is an older sight, which changes nothing."""
    row = seen.model_dump(include={"school", "post_id", "likes", "replies", "reposts", "seen_at"})
    if insert_new(conn, counts, [row]):
        return True
    moved = conn.execute(
        update(counts)
        .where(counts.c.school == seen.school, counts.c.post_id == seen.post_id, counts.c.seen_at < seen.seen_at)
        .values({name: row[name] for name in ("likes", "replies", "reposts", "seen_at") if row[name] is not None})
    )
    return moved.rowcount > 0
