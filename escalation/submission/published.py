"""What was approved and then published: which submission a crawled post is, by its text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import paper
from escalation.likeness import Likeness, compare
from escalation.paper import Noun
from escalation.submission import submissions
from escalation.submission.state import SUBMISSION, Event, State
from stream.post import Post


def fitting(conn: Connection, post: Post) -> tuple[Row[Any] | None, Likeness | None]:
    """The approved submission that this post is; else None, with the nearest one's likeness where there is one."""
    rows = conn.execute(
        select(submissions)
        .where(submissions.c.school == post.school, submissions.c.account_id == post.account_id)
        .where(submissions.c.state.in_([State.APPROVED, State.PUBLISHED]))
        .where(submissions.c.approved_at <= post.published_at)
        .order_by(submissions.c.id.desc())
    ).all()
    nearest: Likeness | None = None
    for row in rows:
        if row.used_post_id not in (None, post.id):
            continue
        found = compare(row.text, post.text)
        if found.fits and (mine := _still_free(conn, row, post)) is not None:
            return mine, found
        nearest = max((one for one in (nearest, found) if one), key=lambda one: one.share)
    return None, nearest


def _still_free(conn: Connection, row: Row[Any], post: Post) -> Row[Any] | None:
    """The submission held, where nobody withdrew it and no other post used it meanwhile."""
    mine = paper.held(conn, submissions, Noun.SUBMISSION, row.school, row.number)
    is_open = mine.state in (State.APPROVED, State.PUBLISHED) and mine.used_post_id in (None, post.id)
    return mine if is_open else None


def appear(conn: Connection, row: Row[Any], post: Post, found: Likeness, now: datetime) -> None:
    """The approved text was published as this post."""
    state = SUBMISSION.step(State(row.state), Event.APPEAR, None)
    if row.published_hash == post.text_hash:
        return
    values = {
        "state": state, "used_post_id": post.id, "used_at": post.published_at, "published_text": post.text,
        "published_hash": post.text_hash, "likeness": found.per_cent,
    }  # fmt: skip
    conn.execute(update(submissions).where(submissions.c.id == row.id).values(**values))
    words = "看到已发布的内容" if row.published_hash is None else "已发布的内容有改动，仍与批准的相符"
    paper.note(conn, Noun.SUBMISSION, row.school, row.id, now, words, found.why)
