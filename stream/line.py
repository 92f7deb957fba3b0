"""Line: the rows that every kept line leaves, and what changes them later: likes that rise, a matter that is settled.

A row of figures, the marks of its rules, each under those of its keys that have room, the hashes of its words where
they are new and rare, and one in its account's hour. `stream.figures` writes them and gathers evidence from them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Boolean, Column, Connection, Index, Integer, Table, select, update

from stream.evidence import LIKED_LEAST
from stream.kept import counts
from stream.store import metadata
from stream.store.types import Json, Moment, Word

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

KEY_LENGTH = 300
"""Characters of a key that are kept."""
mark_keys = Table(
    "mark_keys",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("key", Word(KEY_LENGTH), primary_key=True),
    Column("post_id", Word(200), primary_key=True),
    Column("theme", Word(32), primary_key=True),
)

postings = Table(
    "postings",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("post_id", Word(200), primary_key=True),
    sqlite_with_rowid=False,  # a row is its key: kept once
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


def note_likes(conn: Connection, school: str, post_id: str, likes: int) -> bool:
    """Bring the likes of a known line up to date; True where it now stands above its root post and did not before.

    That is the only moment at which likes change what a line is worth (`stream.evidence`), so it is judged again then.
    Lines of the school and root posts never do.
    """
    own = (lines.c.school == school, lines.c.post_id == post_id)
    before = conn.execute(select(lines).where(*own, lines.c.likes < likes)).first()
    if before is None:
        return False
    conn.execute(update(lines).where(*own).values(likes=likes))
    if likes < LIKED_LEAST or not before.outside or before.thread_id == post_id:
        return False
    root = select(counts.c.likes).where(counts.c.school == school, counts.c.post_id == before.thread_id)
    bar = max(conn.execute(root).scalar() or 0, LIKED_LEAST - 1)
    return bool(before.likes <= bar < likes)


def spend(conn: Connection, school: str, post_ids: Sequence[str]) -> None:
    """Take the marks of an ended incident out of the reckoning, so that it is not opened again by what is settled."""
    for start in range(0, len(post_ids), 500):
        chunk = list(post_ids[start : start + 500])
        conn.execute(update(marks).where(marks.c.school == school, marks.c.post_id.in_(chunk)).values(spent=True))
