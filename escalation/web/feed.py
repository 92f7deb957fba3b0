"""监听: the newest posts as they come in, with polarity and risk. A cry for help is folded away.

A private message is left out: its words are for who answers it, one at a time and logged (`consultations.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection, and_, case, func, select

from escalation import by_hand
from escalation.clock_words import SHANGHAI
from escalation.web.prose import marked
from escalation.web.whole import whole
from escalation.web.words import CARE_THEMES, CARE_TITLE, UNJUDGED_TEXT
from stream.account import accounts
from stream.alone import alone
from stream.kept import assessments, last_assessments, posts, revisions
from stream.post import Kind

SHOWN = 4
LARGE = 40
CUT = 120


@dataclass(frozen=True, slots=True)
class Heard:
    """One post in the ticker."""

    at: datetime
    polarity: str
    risk: int | None
    """Of the line by itself, 0 to 100; None where nobody judged it yet."""
    account: str
    text: Markup | str
    care: bool
    together: int = 0
    """The risk with all that others say of the same matter, where it is more; else 0."""
    matter: str = ""
    """The number of the incident that the line belongs to."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The ticker and the day's figures (Beijing day)."""

    heard: tuple[Heard, ...]
    today: int
    negative: float | None
    latest: timedelta | None


def feed_of(conn: Connection, school: str, now: datetime, shown: int = SHOWN) -> Feed:
    """The newest posts by when they came to us."""
    judged = and_(
        assessments.c.school == posts.c.school,
        assessments.c.post_id == posts.c.id,
        assessments.c.revision == posts.c.revision,
    )
    rows = conn.execute(
        select(
            posts.c.id, posts.c.published_at, posts.c.first_seen_at, posts.c.account_id, accounts.c.name,
            revisions.c.text, assessments.c.polarity, assessments.c.risk, assessments.c.hits, assessments.c.themes,
        )
        .join(
            revisions,
            and_(
                revisions.c.school == posts.c.school, revisions.c.post_id == posts.c.id,
                revisions.c.revision == posts.c.revision,
            ),
        )
        .outerjoin(assessments, judged)
        .outerjoin(accounts, and_(accounts.c.school == posts.c.school, accounts.c.id == posts.c.account_id))
        .where(posts.c.school == school, posts.c.kind != Kind.MESSAGE)
        .order_by(posts.c.row.desc())
        .limit(shown)
    ).all()  # fmt: skip
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    figures = conn.execute(
        select(
            func.count(posts.c.row).label("n"),
            func.count(assessments.c.post_id).label("judged"),
            func.sum(case((assessments.c.polarity == "negative", 1), else_=0)).label("negative"),
        )
        .outerjoin(assessments, judged)
        .where(posts.c.school == school, posts.c.published_at >= midnight, posts.c.kind != Kind.MESSAGE)
    ).one()
    return Feed(
        heard=_heard(conn, school, rows),
        today=figures.n,
        negative=round(100 * figures.negative / figures.judged, 1) if figures.judged else None,
        latest=now - rows[0].first_seen_at if rows else None,
    )


def _heard(conn: Connection, school: str, rows: Sequence[Any]) -> tuple[Heard, ...]:
    ids = [row.id for row in rows if row.risk and not _is_care(row)]
    lines, matters = last_assessments(conn, school, ids), by_hand.belonging(conn, school, ids)
    found = []
    for row in rows:
        own = min(row.risk, alone(lines[row.id]).value) if row.id in lines else row.risk
        found.append(
            Heard(
                at=row.published_at, polarity=row.polarity or "neutral", risk=own, account=row.name or row.account_id,
                text=_shown(row), care=_is_care(row), together=row.risk if own != row.risk else 0,
                matter=matters[row.id].number if row.id in matters else "",
            )
        )  # fmt: skip
    return tuple(found)


def _is_care(row: Any) -> bool:
    return not CARE_THEMES.isdisjoint(row.themes or ())


def _shown(row: Any) -> Markup | str:
    if row.themes is None:
        return UNJUDGED_TEXT
    return CARE_TITLE if _is_care(row) else _text(row.text, row.hits)


def _text(text: str, hits: Sequence[Mapping[str, Any]]) -> Markup:
    return marked(text, whole(text, chain.from_iterable(hit.get("spans", ()) for hit in hits)), limit=CUT)
