"""Retention: other people's words are not kept longer than needed (design §8; periods of research/platforms.md §16.4).

Comment text goes after 90 days, the text of vanished comments after 7, a private message 30 days after it was answered
or needs no answer any more, unless an open incident still holds them; the pseudonyms, matched words and marks go with
the text. Ids, times and counts stay, and the redacted quotes of incidents, which are kept as records. The school's own
posts stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, or_, select, update

from escalation.consultation import consultations
from escalation.incident import incidents, members
from escalation.incident.state import OPEN
from stream.dead_letter import dead_letters
from stream.kept import GONE as GONE
from stream.kept import assessments, posts, revisions
from stream.line import lines, mark_keys, marks, postings
from stream.post import Kind, Visibility

COMMENT_TEXT = timedelta(days=90)
VANISHED_TEXT = timedelta(days=7)
SETTLED_MESSAGE = timedelta(days=30)
AT_ONCE = 1000


def due(conn: Connection, school: str, now: datetime, limit: int = AT_ONCE) -> list[str]:
    """The posts whose words are to go, the oldest first."""
    held = (
        select(members.c.post_id)
        .join(incidents, incidents.c.id == members.c.incident_id)
        .where(members.c.school == school, incidents.c.state.in_(list(OPEN)))
    )
    conversation = consultations.c.thread == posts.c.thread_id
    settled = (
        select(consultations.c.id)
        .where(consultations.c.school == school, conversation, consultations.c.ended_at < now - SETTLED_MESSAGE)
        .exists()
    )
    over = or_(
        and_(posts.c.kind == Kind.MESSAGE, settled),
        posts.c.published_at < now - COMMENT_TEXT,
        and_(posts.c.visibility == Visibility.VANISHED, posts.c.fetched_at < now - VANISHED_TEXT),
    )
    rows = conn.execute(
        select(posts.c.id)
        .where(posts.c.school == school, posts.c.by_school.is_(False), over, posts.c.id.not_in(held))
        .where(
            select(revisions.c.post_id)
            .where(revisions.c.school == school, revisions.c.post_id == posts.c.id, revisions.c.text != GONE)
            .exists()
        )
        .order_by(posts.c.published_at)
        .limit(limit)
    )
    return [row.id for row in rows]


def purge(conn: Connection, school: str, post_ids: Sequence[str]) -> None:
    """Take the words and the pseudonym of these posts out of the store; what was counted stays counted."""
    if not post_ids:
        return
    ids = list(post_ids)
    conn.execute(update(revisions).where(revisions.c.school == school, revisions.c.post_id.in_(ids)).values(text=GONE))
    conn.execute(update(posts).where(posts.c.school == school, posts.c.id.in_(ids)).values(author_key="", url=""))
    conn.execute(update(lines).where(lines.c.school == school, lines.c.post_id.in_(ids)).values(voice=lines.c.post_id))
    conn.execute(
        update(assessments).where(assessments.c.school == school, assessments.c.post_id.in_(ids)).values(hits=[])
    )
    conn.execute(delete(marks).where(marks.c.school == school, marks.c.post_id.in_(ids)))
    conn.execute(delete(mark_keys).where(mark_keys.c.school == school, mark_keys.c.post_id.in_(ids)))
    conn.execute(delete(postings).where(postings.c.school == school, postings.c.post_id.in_(ids)))


def forget_dead_letters(conn: Connection, now: datetime) -> None:
    """A record that nobody could read may hold anybody's words: it goes when comment text does."""
    conn.execute(delete(dead_letters).where(dead_letters.c.at < now - COMMENT_TEXT))
