"""Whether an own post passes on what the school released, since it was released, and what it says besides.

That is what is asked of an account, so it breaks no rule; the same words before the school's own account had them do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation.voice.match import CARRIED, Match, beside, match, says
from escalation.voice.release import LOOK_BACK, out_since, own_posts, releases
from escalation.voice.state import StatementState
from escalation.voice.statement import statements
from stream.account import book
from stream.post import Post


def carried(conn: Connection, post: Post) -> str | None:
    """None where the post carries no statement that was out; else what it says of its own besides, mostly nothing.

    Out is also what the school's own account was seen to post as approved before anybody recorded the release.
    """
    worded = (StatementState.RELEASED, StatementState.APPROVED)
    known = conn.execute(
        select(statements)
        .where(statements.c.school == post.school, statements.c.state.in_(worded))
        .order_by(statements.c.id.desc())
    ).all()
    for found in known:
        how = match(found.text, post.text)
        if how not in (*CARRIED, Match.ADDED):
            continue
        since = _out_since(conn, found, post)
        if since is not None and since <= post.published_at:
            rest = beside(found.text, post.text) if how is Match.ADDED else ""
            return rest if says(rest) else ""
    return None


def _out_since(conn: Connection, found: Row[Any], post: Post) -> datetime | None:
    out = conn.execute(select(releases).where(releases.c.statement_id == found.id)).first()
    seen = [one.published_at for one in _of_the_school(conn, post) if match(found.text, one.text) in CARRIED]
    return min([*seen, *([out_since(conn, out)] if out is not None else [])], default=None)


def _of_the_school(conn: Connection, post: Post) -> Sequence[Row[Any]]:
    main = {one.id for one in book(conn, post.school).values() if one.main}
    return [
        one for one in own_posts(conn, post.school, post.published_at - LOOK_BACK)
        if one.account_id in main and one.id != post.id
    ]  # fmt: skip
