"""What was approved and then published: which submission a crawled post is, by its text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, update

from escalation import paper, paper_match
from escalation.likeness import Likeness
from escalation.paper import Noun
from escalation.submission import submissions
from escalation.submission.state import SUBMISSION, Event, State
from stream.post import Post


def fitting(conn: Connection, post: Post) -> tuple[Row[Any] | None, Likeness | None]:
    """The submission that was approved when this post was published; else None, with the nearest likeness, if any."""
    by = submissions.c
    open_in = (State.APPROVED, State.PUBLISHED, State.WITHDRAWN)
    stood = or_(by.state != State.WITHDRAWN, by.ended_at > post.published_at)
    approved = and_(by.approved_at < paper_match.approved_by(post), stood)
    return paper_match.fitting(conn, submissions, Noun.SUBMISSION, open_in, approved, by.id.desc(), post)


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
