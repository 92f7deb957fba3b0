"""The effect of a release 发布前后: how much was said of the matter, and how much of it negative, before and after.

With the uncertainty said in words: where there are few comments nothing is concluded; else the interval stands beside
the figure, and a difference is called one only where its interval leaves out nought. It shows what changed after the
release, never that the release changed it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation.incident import members
from sentiment.polarity import Polarity
from stream.kept import assessments, posts

SPAN = timedelta(hours=24)
FEWEST = 20
"""Comments on each side from which a share is compared; fewer and nothing is concluded (系统默认，非校规)."""
SOONEST = timedelta(hours=1)
Z = 1.96
Said = tuple[datetime, bool]
"""When a comment was published and whether it is negative."""


@dataclass(frozen=True, slots=True)
class Side:
    """Comments on one side: how many, how many negative, over how many hours."""

    comments: int
    negative: int
    hours: float

    @property
    def share(self) -> float:
        """The negative share, 0..1; 0 without comments."""
        return self.negative / self.comments if self.comments else 0.0

    @property
    def rate(self) -> float:
        """Comments an hour."""
        return self.comments / self.hours if self.hours else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of the share at 95 %; 0..1 without comments."""
        n = self.comments
        if not n:
            return 0.0, 1.0
        middle = (self.share + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z * math.sqrt(self.share * (1 - self.share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Effect:
    """Both sides and what may be said of them. `volume`, `polarity`: sentences; `enough`: whether anything is said."""

    before: Side
    after: Side
    enough: bool
    volume: str
    polarity: str


def effect(before: Side, after: Side) -> Effect:
    """Compare two sides. Pure."""
    if after.hours < SOONEST.total_seconds() / 3600:
        return Effect(before, after, False, "发布不足 1 小时，不足以判断", "发布不足 1 小时，不足以判断")
    if before.comments < FEWEST or after.comments < FEWEST:
        few = f"相关评论太少（前 {before.comments} 条、后 {after.comments} 条，各须至少 {FEWEST} 条），不足以判断"
        return Effect(before, after, False, few, few)
    return Effect(before, after, True, _volume(before, after), _polarity(before, after))


def difference(before: Side, after: Side) -> tuple[float, float]:
    """Newcombe's interval at 95 % of the share after less the share before."""
    (low_b, high_b), (low_a, high_a) = before.interval, after.interval
    gap = after.share - before.share
    down = math.sqrt((after.share - low_a) ** 2 + (high_b - before.share) ** 2)
    up = math.sqrt((high_a - after.share) ** 2 + (before.share - low_b) ** 2)
    return gap - down, gap + up


def ratio(before: Side, after: Side) -> tuple[float, float]:
    """The interval at 95 % of the rate after over the rate before, as counts of rare events."""
    at = math.log(after.rate / before.rate)
    half = Z * math.sqrt(1 / after.comments + 1 / before.comments)
    return math.exp(at - half), math.exp(at + half)


def _volume(before: Side, after: Side) -> str:
    low, high = ratio(before, after)
    said = f"每小时 {before.rate:.1f} 条变为 {after.rate:.1f} 条，为此前的 {low:.2f} 至 {high:.2f} 倍（95% 区间）"
    return f"{said}，{'声量下降' if high < 1 else '声量上升' if low > 1 else '看不出升降'}"


def _polarity(before: Side, after: Side) -> str:
    low, high = difference(before, after)
    gap = f"相差 {low * 100:+.1f} 至 {high * 100:+.1f} 个百分点（95% 区间）"
    said = f"负面占比 {before.share:.1%} 变为 {after.share:.1%}，{gap}"
    return f"{said}，{'负面占比下降' if high < 0 else '负面占比上升' if low > 0 else '看不出变化'}"


def effect_of(conn: Connection, row: Row[Any], at: datetime, now: datetime) -> Effect:
    """The comments of an incident up to a day before and after the release; its own posts apart."""
    return effect_at(said_of(conn, row.id, at), at, now)


def said_of(conn: Connection, incident_id: int, at: datetime) -> tuple[Said, ...]:
    """The comments of an incident from a day before an instant to a day after it: when, and whether negative."""
    rows = conn.execute(
        select(posts.c.published_at, assessments.c.polarity)
        .join(members, (members.c.school == posts.c.school) & (members.c.post_id == posts.c.id))
        .join(assessments, (assessments.c.school == posts.c.school) & (assessments.c.post_id == posts.c.id)
              & (assessments.c.revision == posts.c.revision))
        .where(members.c.incident_id == incident_id, posts.c.by_school.is_(False))
        .where(posts.c.published_at >= at - SPAN, posts.c.published_at < at + SPAN)
        .order_by(posts.c.published_at)
    )  # fmt: skip
    return tuple((one.published_at, one.polarity == Polarity.NEGATIVE) for one in rows)


def effect_at(said: Sequence[Said], at: datetime, now: datetime) -> Effect:
    """The same from what was said; what came before the first comment is no time in which nobody spoke. Pure."""
    until = min(now, at + SPAN)
    known = [one for one in said if one[0] < until]
    first = min((when for when, _ in known), default=at - SPAN)
    return effect(
        _side([one for one in known if one[0] < at], at - min(first, at)),
        _side([one for one in known if one[0] >= at], max(until - at, timedelta())),
    )


def _side(said: Sequence[Said], span: timedelta) -> Side:
    length = max(span, SOONEST) if said else span
    return Side(len(said), sum(negative for _, negative in said), length.total_seconds() / 3600)
