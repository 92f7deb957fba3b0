"""The few figures of an incident that pages quote: how many, how many lately, how negative. Counted from the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, select

from escalation.incident import members
from stream.kept import assessments, posts

LATELY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Figures:
    """Comments that belong to an incident. `negative` is a share in percent, None where none was judged."""

    related: int
    lately: int
    negative: int | None
    since: datetime | None


def figures_of(conn: Connection, incident: Row[Any], now: datetime) -> Figures:
    """Count the members of one incident, the school's own posts apart."""
    negative = case((assessments.c.polarity == "negative", 1), else_=0)
    row = conn.execute(
        select(
            func.count(posts.c.row).label("related"),
            func.sum(case((posts.c.published_at > now - LATELY, 1), else_=0)).label("lately"),
            func.count(assessments.c.post_id).label("judged"),
            func.sum(case((assessments.c.post_id.is_(None), 0), else_=negative)).label("negative"),
            func.min(posts.c.published_at).label("since"),
        )
        .select_from(members)
        .join(posts, and_(posts.c.school == members.c.school, posts.c.id == members.c.post_id))
        .outerjoin(
            assessments,
            and_(
                assessments.c.school == posts.c.school,
                assessments.c.post_id == posts.c.id,
                assessments.c.revision == posts.c.revision,
            ),
        )
        .where(members.c.incident_id == incident.id, posts.c.by_school.is_(False))
    ).one()
    share = round(100 * row.negative / row.judged) if row.judged else None
    return Figures(row.related, int(row.lately or 0), share, row.since)
