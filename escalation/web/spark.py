"""The sparkline of a row: how many comments an incident had in each quarter of the last four hours, and the usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from escalation.incident import members
from escalation.web.epoch import interval
from stream.kept import posts

SPARKS, SPARK_SECONDS = 16, 900


@dataclass(frozen=True, slots=True)
class Spark:
    """The volume of the last four hours in 16 intervals, with the usual level; a drawing and its figures."""

    counts: tuple[int, ...]
    usual: float

    def points(self, width: float = 92, top: float = 3.1, base: float = 29) -> list[tuple[float, float]]:
        """Corners of the line, in the drawing's own units."""
        peak = max(*self.counts, self.usual, 1)
        step = width / (len(self.counts) - 1)
        return [
            (round(n * step, 1), round(base - count / peak * (base - top), 1)) for n, count in enumerate(self.counts)
        ]

    @property
    def line(self) -> str:
        """The path of the line."""
        return "M" + "L".join(f"{x} {y}" for x, y in self.points())

    @property
    def level(self) -> float:
        """Where the usual level lies."""
        return round(29 - self.usual / max(*self.counts, self.usual, 1) * 25.9, 1)


def joined(*columns: Any) -> Any:
    """Columns of members with their posts."""
    return (
        select(*columns)
        .select_from(members)
        .join(posts, and_(posts.c.school == members.c.school, posts.c.id == members.c.post_id))
    )


def sparks_of(conn: Connection, rows: Sequence[Row[Any]], now: datetime) -> dict[int, Spark]:
    """The sparkline of each of these incidents."""
    ids = [row.id for row in rows]
    last = int(now.timestamp()) // SPARK_SECONDS
    bucket = interval(conn, posts.c.published_at, SPARK_SECONDS)
    since = now - timedelta(seconds=SPARKS * SPARK_SECONDS)
    found = conn.execute(
        joined(members.c.incident_id, bucket.label("bucket"), func.count().label("n"))
        .where(members.c.incident_id.in_(ids), posts.c.published_at > since)
        .group_by(members.c.incident_id, bucket)
    )
    by_incident: dict[int, dict[int, int]] = {}
    for one in found:
        by_incident.setdefault(one.incident_id, {})[one.bucket] = one.n
    usual = _usual(conn, {row.account_id for row in rows}, rows[0].school if rows else "", since)
    return {
        row.id: Spark(
            tuple(by_incident.get(row.id, {}).get(last - SPARKS + 1 + n, 0) for n in range(SPARKS)),
            usual.get(row.account_id, 0.0),
        )
        for row in rows
    }


def _usual(conn: Connection, account_ids: set[str], school: str, before: datetime) -> dict[str, float]:
    """What an account usually has in one interval: its mean over the seven days before."""
    days = timedelta(days=7)
    rows = conn.execute(
        select(posts.c.account_id, func.count().label("n"))
        .where(posts.c.school == school, posts.c.account_id.in_(sorted(account_ids)))
        .where(posts.c.published_at > before - days, posts.c.published_at <= before)
        .group_by(posts.c.account_id)
    )
    return {row.account_id: row.n * SPARK_SECONDS / days.total_seconds() for row in rows}
