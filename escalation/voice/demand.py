"""The hold that a level demands, where a person's deed brought the matter to it: raised, opened again, or renewed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from escalation.incident import members, open_keys
from escalation.notice.issue import Letterhead
from escalation.voice import hold
from escalation.voice.naming import names
from stream.kept import assessments, posts

LINES_READ = 500
"""How many lines of the matter are read for what it is called, the first ones."""


def begin_demanded(conn: Connection, letterhead: Letterhead, incident: Row[Any], now: datetime) -> int | None:
    """Begin the hold that the frozen pack demands at the incident's level; gives its id, None where there is none.

    `incident` is its row as it now is, held by the caller. The subject is what the record knows of the matter: its
    theme, thread, keys, and what the rules of its theme that found its lines call it.
    """
    held = select(open_keys.c.key).where(open_keys.c.incident_id == incident.id).order_by(open_keys.c.key)
    keys = dict.fromkeys((*incident.frozen.get("keys", ()), *conn.execute(held).scalars()))
    return hold.begin(conn, letterhead, incident, tuple(keys), _names(conn, incident), now)


def _names(conn: Connection, incident: Row[Any]) -> tuple[str, ...]:
    """What the rules call the matter that found its lines as they now read."""
    found = conn.execute(
        select(assessments.c.hits)
        .select_from(members)
        .join(posts, and_(posts.c.school == members.c.school, posts.c.id == members.c.post_id))
        .join(assessments, and_(
            assessments.c.school == posts.c.school, assessments.c.post_id == posts.c.id,
            assessments.c.revision == posts.c.revision,
        ))
        .where(members.c.incident_id == incident.id)
        .order_by(posts.c.published_at, posts.c.id)
        .limit(LINES_READ)
    )  # fmt: skip
    return names(incident.theme, (str(hit.get("rule", "")) for row in found.scalars() for hit in row or ()))
