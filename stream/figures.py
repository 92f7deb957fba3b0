"""Figures: the rows that evidence is gathered from, and the gathering; the contract is `stream.evidence`'s.

Each kept line leaves a row of figures, the marks of its rules under their keys, the hashes of its words where they are
new, and one in its account's hour. A line that no rule marked and nobody likes costs a few inserts and no question.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    Table,
    distinct,
    func,
    select,
    update,
)

from sentiment.normalise import normalise
from stream.assessment import Assessment, Polarity
from stream.evidence import (
    LIKED_LEAST,
    QUICK_HOURS,
    SLOW_DAYS,
    Evidence,
    Host,
    Mark,
    ThreadFigures,
    marks_of,
    scene_of,
)
from stream.kept import counts, posts, revisions
from stream.matter import Scene, all_keys
from stream.novelty import cluster_of, fingerprint
from stream.post import Kind, Post
from stream.store import insert_new, metadata, put
from stream.store.types import Json, Moment, Word
from stream.surge import CALM, Surge, hour_start, surge

lines = Table(
    "lines",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("post_id", Word(200), primary_key=True),
    Column("thread_id", Word(200), nullable=False),
    Column("account_id", Word(100), nullable=False),
    Column("voice", Word(200), nullable=False),
    Column("outside", Boolean, nullable=False),
    Column("negative", Boolean, nullable=False),
    Column("likes", Integer, nullable=False),
    Column("cluster", Word(200), nullable=False),
    Column("at", Moment(), nullable=False),
    Index(None, "school", "thread_id", "at"),
    Index(None, "school", "thread_id", "likes"),
    Index(None, "school", "account_id", "at"),
    Index(None, "school", "cluster"),
)

marks = Table(
    "marks",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("post_id", Word(200), primary_key=True),
    Column("theme", Word(32), primary_key=True),
    Column("at", Moment(), nullable=False),
    Column("thread_id", Word(200), nullable=False),
    Column("spent", Boolean, nullable=False),
    Column("mark", Json, nullable=False),
    Index(None, "school", "thread_id", "at"),
)

mark_keys = Table(
    "mark_keys",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("key", Word(300), primary_key=True),
    Column("post_id", Word(200), primary_key=True),
    Column("theme", Word(32), primary_key=True),
)

postings = Table(
    "postings",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("post_id", Word(200), primary_key=True),
)

hours = Table(
    "hours",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("account_id", Word(100), primary_key=True),
    Column("hour", Moment(), primary_key=True),
    Column("lines", Integer, nullable=False),
    Column("negative", Integer, nullable=False),
)
"""Lines per account and hour: the baseline of the surge, the tide band of the desk, the trend of the report."""

KEY_LENGTH = 300
MARK_NAMES = (
    "author", "rule", "title", "category", "weight", "grave", "level_floor", "article", "cluster", "ours", "keys"
)  # fmt: skip


class Gatherer:
    """Gathers evidence for one school from the store. `hosts` by account id; `named`: places and units of settings."""

    def __init__(self, school: str, hosts: Mapping[str, Host], named: Sequence[str] = ()) -> None:
        """Keep what must be known of the school."""
        self.school, self.hosts, self.named = school, hosts, tuple(named)

    def note(self, conn: Connection, assessment: Assessment, *, counts_for_incidents: bool) -> Evidence:
        """Take in one new line and give its evidence.

        `counts_for_incidents` False (published before `watch_from`): it feeds the baselines and leaves no mark.
        """
        post = assessment.post
        host = self.hosts.get(post.account_id, Host())
        outside = not post.by_school
        cluster = self._cluster(conn, post) if outside else ""
        likes = self._line(conn, assessment, cluster)
        root = self._root(conn, post) if assessment.hits or likes >= LIKED_LEAST else None
        root_likes = root.likes or 0 if root is not None else 0
        root_text = root.text if root is not None else ""
        scene = scene_of(post, cluster, root_text, "" if host.main else host.unit, self.named)
        own = marks_of(assessment, scene) if counts_for_incidents else ()
        self._keep(conn, own)
        is_outliked = likes > root_likes and likes >= LIKED_LEAST and post.id != post.thread_id and outside
        if not counts_for_incidents or not (own or is_outliked):
            return self._plain(assessment, scene, host)
        found = self._found(conn, self._wanted(conn, own, scene, is_outliked=is_outliked), post.published_at)
        return Evidence(
            post_id=post.id,
            by_school=post.by_school,
            own_post=post.by_school and post.kind is Kind.POST,
            lead_account=host.main,
            target=assessment.target,
            polarity=assessment.polarity,
            hits=assessment.hits,
            scene=scene,
            marks=found,
            cues=self._cues(conn, found, scene, post.published_at),
            thread=self._thread(conn, post),
            outliked=self._outliked(conn, post, root_likes),
            is_outliked=is_outliked,
            copies=self._copies(conn, cluster, post.published_at),
            surge=self._surge(conn, post) if outside else CALM,
        )

    def _plain(self, assessment: Assessment, scene: Scene, host: Host) -> Evidence:
        """The evidence of a line that no mark or like speaks for: only its own words."""
        post = assessment.post
        return Evidence(
            post_id=post.id,
            by_school=post.by_school,
            own_post=post.by_school and post.kind is Kind.POST,
            lead_account=host.main,
            target=assessment.target,
            polarity=assessment.polarity,
            hits=assessment.hits,
            scene=scene,
        )

    def _cluster(self, conn: Connection, post: Post) -> str:
        """The first post of the near duplicates; a text of new words leaves its hashes, a short one stays alone."""
        text = normalise(post.text).text
        hashes = fingerprint(text)
        if not hashes:
            return post.id
        rows = conn.execute(
            select(postings.c.hash, postings.c.post_id).where(
                postings.c.school == self.school, postings.c.hash.in_(hashes)
            )
        )
        first = cluster_of(text, [(row.hash, row.post_id) for row in rows], lambda post_id: self._text(conn, post_id))
        if first is not None:
            return first
        insert_new(
            conn,
            postings,
            [{"school": self.school, "hash": value, "post_id": post.id} for value in dict.fromkeys(hashes)],
        )
        return post.id

    def _text(self, conn: Connection, post_id: str) -> str | None:
        text = conn.execute(
            select(revisions.c.text)
            .join(posts, (posts.c.school == revisions.c.school) & (posts.c.id == revisions.c.post_id))
            .where(revisions.c.school == self.school, revisions.c.post_id == post_id)
            .where(revisions.c.revision == posts.c.revision)
        ).scalar()
        return None if text is None else normalise(text).text

    def _line(self, conn: Connection, assessment: Assessment, cluster: str) -> int:
        """Keep the figures of one line and count its hour; gives its likes as known now."""
        post = assessment.post
        likes = conn.execute(
            select(counts.c.likes).where(counts.c.school == self.school, counts.c.post_id == post.id)
        ).scalar()
        negative = assessment.polarity is Polarity.NEGATIVE
        row = {
            "school": self.school, "post_id": post.id, "thread_id": post.thread_id, "account_id": post.account_id,
            "voice": post.author_key or post.id, "outside": not post.by_school, "negative": negative,
            "likes": likes or 0, "cluster": cluster, "at": post.published_at,
        }  # fmt: skip
        if insert_new(conn, lines, [row]) and not post.by_school:
            self._count_hour(conn, post, negative=negative)
        return likes or 0

    def _count_hour(self, conn: Connection, post: Post, *, negative: bool) -> None:
        row = {
            "school": self.school, "account_id": post.account_id, "hour": hour_start(post.published_at), "lines": 0,
            "negative": 0,
        }  # fmt: skip
        insert_new(conn, hours, [row])
        conn.execute(
            update(hours)
            .where(hours.c.school == self.school, hours.c.account_id == post.account_id, hours.c.hour == row["hour"])
            .values(lines=hours.c.lines + 1, negative=hours.c.negative + int(negative))
        )

    def _root(self, conn: Connection, post: Post) -> Any:
        """The thread's root: its current text and likes, or None where it is not known."""
        return conn.execute(
            select(revisions.c.text, counts.c.likes)
            .join(posts, (posts.c.school == revisions.c.school) & (posts.c.id == revisions.c.post_id))
            .outerjoin(counts, (counts.c.school == posts.c.school) & (counts.c.post_id == posts.c.id))
            .where(posts.c.school == self.school, posts.c.id == post.thread_id)
            .where(revisions.c.revision == posts.c.revision)
        ).first()

    def _keep(self, conn: Connection, own: Collection[Mark]) -> None:
        put(
            conn,
            marks,
            [
                {
                    "school": self.school, "post_id": m.post_id, "theme": m.theme, "at": m.at, "thread_id": m.thread,
                    "spent": False, "mark": {name: getattr(m, name) for name in MARK_NAMES} | {"keys": list(m.keys)},
                }
                for m in own
            ],
        )  # fmt: skip
        rows = [
            {"school": self.school, "key": key[:KEY_LENGTH], "post_id": m.post_id, "theme": m.theme}
            for m in own
            for key in dict.fromkeys(m.keys)
        ]
        insert_new(conn, mark_keys, rows)

    def _wanted(self, conn: Connection, own: Sequence[Mark], scene: Scene, *, is_outliked: bool) -> tuple[str, ...]:
        themes = [mark.theme for mark in own if mark.theme != "any"]
        if not themes and (own or is_outliked):
            rows = conn.execute(
                select(marks.c.theme, func.min(marks.c.at).label("first"))
                .where(marks.c.school == self.school, marks.c.thread_id == scene.thread, marks.c.theme != "any")
                .where(marks.c.spent.is_(False))
                .group_by(marks.c.theme)
                .order_by("first", marks.c.theme)
            )
            themes = [row.theme for row in rows]
        return all_keys(themes, scene, grave=any(mark.grave for mark in own))

    def _marks(self, rows: Sequence[Row[Any]]) -> tuple[Mark, ...]:
        found = {(row.post_id, row.theme): _mark(row) for row in rows}
        return tuple(sorted(found.values(), key=lambda mark: (mark.at, mark.post_id, mark.theme)))

    def _found(self, conn: Connection, keys: Sequence[str], now: datetime) -> tuple[Mark, ...]:
        rows = conn.execute(
            select(marks)
            .join(
                mark_keys,
                (mark_keys.c.school == marks.c.school)
                & (mark_keys.c.post_id == marks.c.post_id)
                & (mark_keys.c.theme == marks.c.theme),
            )
            .where(mark_keys.c.school == self.school, mark_keys.c.key.in_([key[:KEY_LENGTH] for key in keys]))
            .where(marks.c.at >= now - timedelta(days=SLOW_DAYS), marks.c.spent.is_(False))
        )
        return self._marks(rows.all())

    def _cues(self, conn: Connection, found: Sequence[Mark], scene: Scene, now: datetime) -> tuple[Mark, ...]:
        threads = {mark.thread for mark in found} | {scene.thread}
        rows = conn.execute(
            select(marks)
            .where(marks.c.school == self.school, marks.c.theme == "any", marks.c.thread_id.in_(sorted(threads)))
            .where(marks.c.at >= now - timedelta(hours=QUICK_HOURS), marks.c.spent.is_(False))
        )
        return self._marks(rows.all())

    def _thread(self, conn: Connection, post: Post) -> ThreadFigures:
        scope = (
            lines.c.school == self.school,
            lines.c.thread_id == post.thread_id,
            lines.c.outside,
            lines.c.at >= post.published_at - timedelta(hours=24),
        )
        row = conn.execute(select(func.count(), func.count(distinct(lines.c.voice))).where(*scope)).one()
        negative = conn.execute(
            select(func.count(distinct(lines.c.voice))).where(*scope, lines.c.negative)
        ).scalar_one()
        return ThreadFigures(row[0], row[1], negative)

    def _outliked(self, conn: Connection, post: Post, root_likes: int) -> int:
        least = max(root_likes + 1, LIKED_LEAST)
        statement = select(func.count(distinct(lines.c.voice))).where(
            lines.c.school == self.school, lines.c.thread_id == post.thread_id, lines.c.outside,
            lines.c.likes >= least, lines.c.post_id != post.thread_id,
        )  # fmt: skip
        return int(conn.execute(statement).scalar_one())

    def _copies(self, conn: Connection, cluster: str, now: datetime) -> int:
        if not cluster:
            return 1
        statement = select(func.count(distinct(lines.c.voice))).where(
            lines.c.school == self.school, lines.c.cluster == cluster,
            lines.c.at >= now - timedelta(hours=QUICK_HOURS),
        )  # fmt: skip
        return max(1, int(conn.execute(statement).scalar_one()))

    def _surge(self, conn: Connection, post: Post) -> Surge:
        here = (lines.c.school == self.school, lines.c.account_id == post.account_id, lines.c.outside)
        recent = conn.execute(
            select(func.count()).where(*here, lines.c.at > post.published_at - timedelta(hours=1))
        ).scalar_one()
        rows = conn.execute(
            select(hours.c.hour, hours.c.lines).where(
                hours.c.school == self.school, hours.c.account_id == post.account_id
            )
        ).all()
        current = hour_start(post.published_at)
        past = {row.hour: row.lines for row in rows if row.hour < current}
        return surge(past, recent, post.published_at, min((row.hour for row in rows), default=current))


def _mark(row: Row[Any]) -> Mark:
    kept = dict(row.mark)
    kept["keys"] = tuple(kept["keys"])
    return Mark(post_id=row.post_id, theme=row.theme, at=row.at, thread=row.thread_id, **kept)


def note_likes(conn: Connection, school: str, post_id: str, likes: int) -> None:
    """Bring the likes of a known line up to date; nothing is scored again."""
    conn.execute(
        update(lines)
        .where(lines.c.school == school, lines.c.post_id == post_id, lines.c.likes < likes)
        .values(likes=likes)
    )


def spend(conn: Connection, school: str, post_ids: Sequence[str]) -> None:
    """Take the marks of an ended incident out of the reckoning, so that it is not opened again by what is settled."""
    for start in range(0, len(post_ids), 500):
        chunk = list(post_ids[start : start + 500])
        conn.execute(update(marks).where(marks.c.school == school, marks.c.post_id.in_(chunk)).values(spent=True))
