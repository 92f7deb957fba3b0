"""Sightings: which posts we have seen and when they stopped being there: seen, missing (n), vanished, and back.

A row is counted missing only by a healthy scan that read its whole thread; it has vanished after at least three of them
over at least half an hour. Where a scan misses more than a fifth of what is known, the scan is suspect, not the rows.
We say "no longer visible", never "deleted by".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Column, Connection, Index, Integer, Table, func, select

from stream.post import Counts, Post, Visibility
from stream.store import metadata, put
from stream.store.types import Moment, Word

SCANS_TO_VANISH = 3
TIME_TO_VANISH = timedelta(minutes=30)
SUSPECT_SHARE = 0.2


class Presence(StrEnum):
    """Whether a post is there."""

    SEEN = "seen"
    MISSING = "missing"
    VANISHED = "vanished"


sightings = Table(
    "sightings",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("post_id", Word(200), primary_key=True),
    Column("account_id", Word(100), nullable=False),
    Column("thread_id", Word(200), nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("revision", Word(16), nullable=False),
    Column("visibility", Word(16), nullable=False),
    Column("counted", Word(64), nullable=False),
    Column("presence", Word(16), nullable=False),
    Column("missing", Integer, nullable=False),
    Column("missing_since", Moment()),
    Column("published_at", Moment(), nullable=False),
    Column("first_seen_at", Moment(), nullable=False),
    Index(None, "school", "thread_id"),
    Index(None, "school", "account_id"),
)
"""What the crawlers know of each post without its words: enough not to append it twice and to notice it is gone."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One row of `sightings`."""

    school: str
    post_id: str
    account_id: str
    thread_id: str
    kind: str
    revision: str
    visibility: str
    counted: str
    presence: str
    missing: int
    missing_since: datetime | None
    published_at: datetime
    first_seen_at: datetime


def first_sight(post: Post) -> Sighting:
    """The row of a post seen for the first time."""
    return Sighting(
        post.school, post.id, post.account_id, post.thread_id, post.kind, post.revision, post.visibility, "",
        Presence.SEEN, 0, None, post.published_at, post.first_seen_at,
    )  # fmt: skip


def counted(seen: Counts) -> str:
    """The counts in one word, to tell whether they changed."""
    return f"{seen.likes}/{seen.replies}/{seen.reposts}"


def seen_again(old: Sighting, post: Post) -> Sighting:
    """The row after the post was seen once more: present, whatever was thought of it."""
    return replace(
        old,
        revision=post.revision,
        visibility=post.visibility,
        presence=Presence.SEEN,
        missing=0,
        missing_since=None,
    )


def absent(old: Sighting, now: datetime) -> Sighting:
    """The row after a healthy exhaustive scan without it. Vanished ones stay so."""
    if old.presence == Presence.VANISHED:
        return old
    since = old.missing_since or now
    missing = old.missing + 1
    gone = missing >= SCANS_TO_VANISH and now - since >= TIME_TO_VANISH
    presence = Presence.VANISHED if gone else Presence.MISSING
    visibility = Visibility.VANISHED if gone else old.visibility
    return replace(old, presence=presence, missing=missing, missing_since=since, visibility=visibility)


def suspect(known: int, lost: int) -> bool:
    """Whether so many were lost at once that the scan is in doubt: over a fifth, and more than one row."""
    return lost > 1 and known > 0 and lost > known * SUSPECT_SHARE


def those(conn: Connection, school: str, ids: Iterable[str]) -> dict[str, Sighting]:
    """The rows of these posts."""
    wanted = sorted(set(ids))
    found: dict[str, Sighting] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        query = select(sightings).where(sightings.c.school == school, sightings.c.post_id.in_(part))
        found.update((row.post_id, Sighting(**row._mapping)) for row in conn.execute(query))
    return found


def under(conn: Connection, school: str, thread_id: str) -> dict[str, Sighting]:
    """The rows of a thread, without its post."""
    query = select(sightings).where(
        sightings.c.school == school, sightings.c.thread_id == thread_id, sightings.c.post_id != thread_id
    )
    return {row.post_id: Sighting(**row._mapping) for row in conn.execute(query)}


def of_account(conn: Connection, school: str, account_id: str, kind: str) -> frozenset[str]:
    """The ids of an account's posts of one kind."""
    mine = (sightings.c.school == school, sightings.c.account_id == account_id, sightings.c.kind == kind)
    return frozenset(conn.execute(select(sightings.c.post_id).where(*mine)).scalars())


def standing(conn: Connection, school: str, thread_id: str, kinds: Collection[str]) -> int:
    """How many posts of these kinds in a thread were there at the last look, its root apart."""
    query = select(func.count()).where(
        sightings.c.school == school,
        sightings.c.thread_id == thread_id,
        sightings.c.post_id != thread_id,
        sightings.c.kind.in_(list(kinds)),
        sightings.c.presence == Presence.SEEN,
    )
    return conn.execute(query).scalar_one()


def keep(conn: Connection, rows: Mapping[str, Sighting]) -> None:
    """Write rows back."""
    put(conn, sightings, [{name: getattr(row, name) for name in Sighting.__slots__} for row in rows.values()])
