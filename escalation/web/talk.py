"""热词与摘要: what people speak of, on the desk and on an incident's page; never a person, a cry for help or a letter.

Words and sentences come from `sentiment.keywords` and `sentiment.digest`, of redacted comments that the public can see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, select

from escalation.incident import members
from escalation.web.figures import by_hand, speaks
from escalation.web.prose import clean
from escalation.web.words import CARE_THEMES
from sentiment.digest import LINES, digest
from sentiment.keywords import Keyword, keywords
from stream.kept import assessments, posts, revisions
from stream.post import Kind

DAY = timedelta(hours=24)
HOT = 8
OF_MATTER = 8
LEAST = 5
"""Lines from which the desk names hot words; fewer are read at a glance."""
CURRENT = and_(
    revisions.c.school == posts.c.school,
    revisions.c.post_id == posts.c.id,
    revisions.c.revision == posts.c.revision,
)
JUDGED = and_(
    assessments.c.school == posts.c.school,
    assessments.c.post_id == posts.c.id,
    assessments.c.revision == posts.c.revision,
)


@dataclass(frozen=True, slots=True)
class Talk:
    """What people say of one matter: the words that mark it, and a few of their sentences. `lines` were read."""

    words: tuple[Keyword, ...]
    sentences: tuple[str, ...]
    lines: int


def hot_words(conn: Connection, school: str, now: datetime) -> list[Keyword]:
    """The hot words of the comments of the last 24 hours (the newest LINES of them)."""
    rows = conn.execute(
        _said(posts.c.school == school, posts.c.published_at > now - DAY, posts.c.published_at <= now)
        .order_by(posts.c.published_at.desc())
        .limit(LINES)
    ).all()
    texts = [row.text for row in rows if not CARE_THEMES & set(row.themes)]
    return keywords(texts, HOT) if len(texts) >= LEAST else []


def talk_of(conn: Connection, incident: Row[Any]) -> Talk:
    """What the comments of an incident say that speak of it, the newest LINES of them; empty for a care case."""
    if incident.care:
        return Talk((), (), 0)
    rows = conn.execute(
        _said(members.c.incident_id == incident.id)
        .join(members, and_(members.c.school == posts.c.school, members.c.post_id == posts.c.id))
        .order_by(posts.c.published_at.desc())
        .limit(LINES)
    ).all()
    hand = by_hand(conn, incident)
    said = [row for row in rows if speaks(row, incident.opening_post_id, hand) and not CARE_THEMES & set(row.themes)]
    return talk([row.text for row in said])


def talk(texts: Sequence[str]) -> Talk:
    """Words and sentences of these texts; one line is its own summary, so it has none."""
    if len(texts) < 2:
        return Talk((), (), len(texts))
    said = tuple(clean(one) for one in digest(texts))
    return Talk(tuple(keywords(texts, OF_MATTER)), said, len(texts))


def _said(*wanted: ColumnElement[bool]) -> Select[Any]:
    """Public comments of other people that were judged, whatever else is asked of them."""
    return (
        select(posts.c.id, posts.c.by_school, revisions.c.text, assessments.c.polarity, assessments.c.hits,
               assessments.c.themes, assessments.c.reasons)
        .select_from(posts)
        .join(revisions, CURRENT)
        .join(assessments, JUDGED)
        .where(*wanted, posts.c.by_school.is_(False), posts.c.kind.in_((Kind.COMMENT, Kind.REPLY, Kind.LEAD)))
        .where(posts.c.visibility == "public")
    )  # fmt: skip
