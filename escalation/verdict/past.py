"""The past that the figures are made of: what opened, what did not, what was said of it. Reads the store only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from escalation.incident import incidents, members
from escalation.verdict import FalseAlarm, Verdict, newest, opened_by
from escalation.verdict.budget import Matter
from escalation.verdict.rule_figures import Case
from stream.border import LEAST
from stream.kept import assessments, posts
from stream.risk import POINTS_FOR_100

CURRENT = (
    (assessments.c.school == posts.c.school)
    & (assessments.c.post_id == posts.c.id)
    & (assessments.c.revision == posts.c.revision)
)
"""The assessment of a post's current revision."""
ALL = 100


@dataclass(frozen=True, slots=True)
class Past:
    """One period: the incidents that the machine opened, how many lines each rule hit, every matter with its risk.

    `by_hand`: incidents that a person opened because the machine had not.
    """

    cases: tuple[Case, ...]
    hits: dict[str, int]
    matters: tuple[Matter, ...]
    levels: dict[tuple[int, int], int]
    by_hand: int


def past(conn: Connection, school: str, since: datetime, until: datetime) -> Past:
    """What the store says of the incidents opened and the lines watched in `since <= t < until`; no rehearsals."""
    rows = conn.execute(
        select(incidents)
        .where(incidents.c.school == school, incidents.c.rehearsal.is_(False))
        .where(incidents.c.opened_at >= since, incidents.c.opened_at < until)
        .order_by(incidents.c.id)
    ).all()
    said = newest(conn, [row.id for row in rows])
    ours = [row for row in rows if not row.frozen.get("by_hand")]
    cases = tuple(_case(conn, row, said.get(row.id)) for row in ours)
    matters = [_matter(row, said.get(row.id)) for row in rows]
    wrong = Counter(
        (row.level_by_machine, said[row.id].right_level)
        for row in ours
        if row.id in said and said[row.id].verdict == Verdict.WRONG_LEVEL
    )
    return Past(
        cases, _hits(conn, school, since, until), (*matters, *_unopened(conn, school, since, until)), dict(wrong),
        len(rows) - len(ours),
    )  # fmt: skip


def _case(conn: Connection, row: Row[Any], said: Row[Any] | None) -> Case:
    if said is None or said.verdict == Verdict.WITHDRAWN:
        return Case(row.number, tuple(opened_by(conn, row)[0]))
    return Case(row.number, tuple(said.rules), Verdict(said.verdict), said.reason)


def _matter(row: Row[Any], said: Row[Any] | None) -> Matter:
    """An incident as a matter; what a person opened had not been opened by the machine."""
    by_hand = bool(row.frozen.get("by_hand"))
    verdict = Verdict(said.verdict) if said is not None else None
    false = verdict is Verdict.FALSE_ALARM and said is not None and said.reason != FalseAlarm.DRILL
    real = verdict in (Verdict.CONFIRMED, Verdict.WRONG_LEVEL) or (by_hand and verdict is None)
    points = row.risk * POINTS_FOR_100 / ALL
    return Matter(row.opened_at, points, not by_hand, bool(row.frozen.get("alone")), false, real)


def _hits(conn: Connection, school: str, since: datetime, until: datetime) -> dict[str, int]:
    """How many lines each rule hit."""
    asked = (
        select(assessments.c.hits)
        .join(posts, CURRENT)
        .where(assessments.c.school == school, assessments.c.watched_at >= since, assessments.c.watched_at < until)
        .execution_options(yield_per=1000)
    )
    return dict(Counter(rule for hits in conn.execute(asked).scalars() for rule in {str(hit["rule"]) for hit in hits}))


def _unopened(conn: Connection, school: str, since: datetime, until: datetime) -> Iterator[Matter]:
    """What came near the border and belongs to no incident: the highest risk of each thread."""
    asked = (
        select(func.max(assessments.c.risk).label("risk"), func.max(assessments.c.watched_at).label("at"))
        .join(posts, CURRENT)
        .outerjoin(members, (members.c.school == posts.c.school) & (members.c.post_id == posts.c.id))
        .where(assessments.c.school == school, assessments.c.watched_at >= since, assessments.c.watched_at < until)
        .where(members.c.post_id.is_(None), assessments.c.risk >= LEAST * ALL / POINTS_FOR_100)
        .group_by(posts.c.thread_id)
    )
    for row in conn.execute(asked):
        yield Matter(row.at, row.risk * POINTS_FOR_100 / ALL, opened=False)
