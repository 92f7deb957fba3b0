"""The few figures of an incident that pages quote: how many, how many lately, how negative. Counted from the store.

What was said of the matter is told apart from what else stands under the same post: a line counts where a rule or a
negative tone marks it, where it opened the incident, or where a person put it there. A mere echo (支持, 同问) does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from escalation.incident import members, open_keys
from stream.kept import assessments, posts
from stream.rules import Category

LATELY = timedelta(minutes=10)
HOUR = timedelta(hours=1)
SILENT = frozenset({Category.ECHO.value, Category.ADVERT.value})
OUTLIKED = "评论压过原帖"
BY_HAND = "hand|"
"""How the key of a line begins that a person put to its incident."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Comments that speak of an incident. `negative` is a share in percent, None where none was judged.

    `others`: further comments in the same threads. `people` and `hour`: how many wrote, how many lines came within
    the last hour. `since`: the first one's time.
    """

    related: int
    lately: int
    negative: int | None
    since: datetime | None
    others: int = 0
    people: int = 0
    hour: int = 0


def speaks(line: Any, opening_post_id: str, by_hand: frozenset[str]) -> bool:
    """Whether a member (`id`, `by_school`, `polarity`, `hits`, `reasons` of its row) speaks of the matter. Pure."""
    if line.by_school or line.id == opening_post_id or line.id in by_hand or line.polarity == "negative":
        return True
    hits: Sequence[Mapping[str, Any]] = line.hits or ()
    reasons: Sequence[Mapping[str, Any]] = line.reasons or ()
    return any(hit.get("category") not in SILENT for hit in hits) or any(one.get("name") == OUTLIKED for one in reasons)


def by_hand(conn: Connection, incident: Row[Any]) -> frozenset[str]:
    """The ids of the lines that persons put to an incident, also after it ended."""
    held = conn.execute(select(open_keys.c.key).where(open_keys.c.incident_id == incident.id)).scalars().all()
    kept = [*held, *incident.frozen.get("keys_at_end", [])]
    return frozenset(key.removeprefix(BY_HAND) for key in kept if key.startswith(BY_HAND))


def figures_of(conn: Connection, incident: Row[Any], now: datetime) -> Figures:
    """Count the members of one incident that speak of it, the school's own posts apart."""
    judged = and_(
        assessments.c.school == posts.c.school,
        assessments.c.post_id == posts.c.id,
        assessments.c.revision == posts.c.revision,
    )
    found = conn.execute(
        select(
            posts.c.id, posts.c.by_school, posts.c.author_key, posts.c.published_at, posts.c.thread_id,
            assessments.c.polarity, assessments.c.hits, assessments.c.reasons,
        )
        .select_from(members)
        .join(posts, and_(posts.c.school == members.c.school, posts.c.id == members.c.post_id))
        .outerjoin(assessments, judged)
        .where(members.c.incident_id == incident.id)
    ).all()  # fmt: skip
    hand = by_hand(conn, incident)
    said = [one for one in found if not one.by_school and speaks(one, incident.opening_post_id, hand)]
    toned = [one.polarity for one in said if one.polarity is not None]
    return Figures(
        related=len(said),
        lately=sum(one.published_at > now - LATELY for one in said),
        negative=round(100 * toned.count("negative") / len(toned)) if toned else None,
        since=min((one.published_at for one in said), default=None),
        others=_in_threads(conn, incident.school, {one.thread_id for one in found}) - len(said),
        people=len({one.author_key or one.id for one in said}),
        hour=sum(one.published_at > now - HOUR for one in said),
    )


def _in_threads(conn: Connection, school: str, threads: set[str]) -> int:
    """How many comments stand in these threads, the school's own lines apart."""
    total = 0
    listed = sorted(threads)
    for start in range(0, len(listed), 500):
        part = posts.c.thread_id.in_(listed[start : start + 500])
        total += conn.execute(
            select(func.count()).select_from(posts).where(posts.c.school == school, part, posts.c.by_school.is_(False))
        ).scalar_one()
    return total
