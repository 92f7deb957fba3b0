"""Passage 经过: what the store knows of one post's way through the stream, with the times that were kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, select

from stream.account import Account, accounts, book
from stream.coverage import scans
from stream.dead_letter import dead_letters
from stream.kept import assessments, posts, revisions
from stream.line import lines
from stream.post import Kind

MOST = 20
"""Posts that one address is told to stand for."""
BROUGHT_WITHIN = timedelta(minutes=15)
"""A scan is settled at the latest so long after it read a post."""


@dataclass(frozen=True, slots=True)
class Version:
    """One revision of the words, with what was found in it; `judged` is None where nothing was kept of that."""

    revision: str
    fetched_at: datetime
    text: str
    judged: Row[Any] | None


@dataclass(frozen=True, slots=True)
class Passage:
    """The rows of one post. `versions`: the oldest first. `copy_of`: the earlier post in whose words it is, or empty.

    `scan`: the first of its account that brought anything new after it was read.
    """

    post: Row[Any]
    account: Account | None
    versions: tuple[Version, ...]
    copy_of: str
    scan: Row[Any] | None

    @property
    def current(self) -> Version | None:
        """The revision that counts."""
        return next((one for one in self.versions if one.revision == self.post.revision), None)


def ids_of(conn: Connection, school: str, given: str) -> list[str]:
    """The ids that `given` may stand for, found among the kept posts: our id, a platform's own id, or an address.

    Of several posts at one address the one that the others stand under comes first. At most MOST.
    """
    if found := _kept(conn, school, posts.c.id.in_(spelt(conn, school, given))):
        return found
    if "://" not in given:
        return _kept(conn, school, posts.c.id.endswith(f":{given}", autoescape=True))
    bare = given.partition("#")[0].rstrip("/")
    if found := _kept(conn, school, posts.c.url.in_([given, bare, f"{bare}/"])):
        return found
    last = urlsplit(bare).path.rpartition("/")[2]
    return _kept(conn, school, posts.c.id.in_(spelt(conn, school, last))) if last else []


def spelt(conn: Connection, school: str, given: str) -> list[str]:
    """The ways in which an id may be written out: as it stands, and behind each platform's name."""
    platforms = conn.execute(select(accounts.c.platform).where(accounts.c.school == school).distinct()).scalars()
    return [given, *(f"{one}:{given}" for one in sorted({*platforms, Kind.LEAD.value}))]


def _kept(conn: Connection, school: str, condition: Any) -> list[str]:
    wanted = select(posts.c.id).where(posts.c.school == school, condition)
    first = (posts.c.id != posts.c.thread_id, posts.c.published_at, posts.c.id)
    return list(conn.execute(wanted.order_by(*first).limit(MOST)).scalars())


def passage(conn: Connection, school: str, post_id: str) -> Passage | None:
    """What is kept of a post; None where the watch has not taken it in."""
    post = conn.execute(select(posts).where(posts.c.school == school, posts.c.id == post_id)).first()
    if post is None:
        return None
    line = conn.execute(select(lines).where(lines.c.school == school, lines.c.post_id == post_id)).first()
    copy_of = line.cluster if line is not None and line.cluster not in ("", post_id) else ""
    versions = tuple(_versions(conn, school, post_id))
    account = book(conn, school).get(post.account_id)
    return Passage(post, account, versions, copy_of, _scan(conn, post, versions))


def _versions(conn: Connection, school: str, post_id: str) -> Sequence[Version]:
    mine = (revisions.c.school == school) & (revisions.c.post_id == post_id)
    judged = {
        row.revision: row
        for row in conn.execute(
            select(assessments).where(assessments.c.school == school, assessments.c.post_id == post_id)
        )
    }
    rows = conn.execute(select(revisions).where(mine).order_by(revisions.c.fetched_at))
    return [Version(row.revision, row.fetched_at, row.text, judged.get(row.revision)) for row in rows]


def _scan(conn: Connection, post: Row[Any], versions: Sequence[Version]) -> Row[Any] | None:
    since = min([post.first_seen_at, *(one.fetched_at for one in versions)])
    mine = (scans.c.school == post.school) & (scans.c.account_id == post.account_id) & (scans.c.new > 0)
    within = scans.c.at.between(since, since + BROUGHT_WITHIN)
    return conn.execute(select(scans).where(mine, within).order_by(scans.c.at, scans.c.id).limit(1)).first()


def buried(conn: Connection, names: Sequence[str]) -> list[Row[Any, Any, Any, Any]]:
    """Dead letters that hold a record of one of these ids: reader, reason and time, the oldest first."""
    wanted = tuple(f'"{name}"'.encode() for name in names)
    told = select(dead_letters.c.reader, dead_letters.c.reason, dead_letters.c.at, dead_letters.c.body)
    few = told.order_by(dead_letters.c.at, dead_letters.c.id).execution_options(yield_per=50)  # all may be 200 MB
    rows = conn.execute(few)
    return [row for row in rows if any(name in bytes(row.body) for name in wanted)]
