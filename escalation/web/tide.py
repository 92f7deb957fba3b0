"""The tide band: left of now what came in (volume, negative, the usual range), right of now what is due. A drawing.

Its scale is fixed (one hour is HOUR units wide), so text never shrinks; a narrow screen cuts it on the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, case, func, select

from escalation.clock_words import SHANGHAI
from escalation.heading import brief
from escalation.incident import incidents
from escalation.incident.state import OPEN
from escalation.notice import notices
from escalation.timer import TimerKind, TimerState, timers
from escalation.web.epoch import interval
from escalation.web.scope import Scope
from stream.kept import assessments, posts

WIDTH, NOW, BASE, TOP = 1408.0, 1063.0, 66.0, 22.0
HOUR = 117.7
STEP = 300
LABEL = 88.0
LANES = (18, 35, 52)
DUE_SHOWN = 9
FLAGS_SHOWN = 6
LETTERS = 7


@dataclass(frozen=True, slots=True)
class Mark:
    """A flag on the band: an incident that was opened, or a clock that is due."""

    x: float
    lane: int
    level: int
    at: datetime
    words: str
    left: bool = False


@dataclass(frozen=True, slots=True)
class Tide:
    """The band: paths in its own units, hours, flags and due clocks. `table` is the same as figures."""

    usual: str
    volume: str
    negative: str
    line: str
    hours: tuple[tuple[float, str], ...]
    flags: tuple[Mark, ...]
    due: tuple[Mark, ...]
    now: datetime
    since: datetime
    total: int
    negatives: int
    table: tuple[tuple[str, int, int], ...]


def x_of(at: datetime, now: datetime) -> float:
    """Where an instant lies."""
    return round(NOW + (at - now).total_seconds() / 3600 * HOUR, 1)


def tide_of(conn: Connection, school: str, scope: Scope, now: datetime) -> Tide:
    """The band as it is now."""
    since = now - timedelta(hours=NOW / HOUR)
    volume, negative = _volumes(conn, school, since, now)
    usual = _usual(conn, school, since, now)
    peak = max([*volume, *usual, 8])
    step = NOW / (len(volume) - 1)
    return Tide(
        usual=_area([u * 1.25 for u in usual], peak, step),
        volume=_area(volume, peak, step),
        negative=_area(negative, peak, step),
        line=_path(volume, peak, step),
        hours=_hours(now),
        flags=_flags(conn, school, scope, since, now),
        due=_due(conn, school, scope, now),
        now=now, since=since, total=sum(volume), negatives=sum(negative), table=_table(volume, negative, now),
    )  # fmt: skip


def _volumes(conn: Connection, school: str, since: datetime, now: datetime) -> tuple[list[int], list[int]]:
    bucket = interval(conn, posts.c.published_at, STEP)
    rows = conn.execute(
        select(
            bucket.label("bucket"), func.count(posts.c.row).label("n"),
            func.sum(case((assessments.c.polarity == "negative", 1), else_=0)).label("negative"),
        )
        .outerjoin(
            assessments,
            and_(
                assessments.c.school == posts.c.school, assessments.c.post_id == posts.c.id,
                assessments.c.revision == posts.c.revision,
            ),
        )
        .where(posts.c.school == school, posts.c.published_at >= since, posts.c.published_at <= now)
        .group_by(bucket)
    )  # fmt: skip
    found = {row.bucket: (row.n, int(row.negative or 0)) for row in rows}
    last = int(now.timestamp()) // STEP
    count = int((now - since).total_seconds()) // STEP + 1
    cells = [found.get(last - count + 1 + n, (0, 0)) for n in range(count)]
    return [n for n, _ in cells], [n for _, n in cells]


def _usual(conn: Connection, school: str, since: datetime, now: datetime) -> list[float]:
    """What is usual at each place of the band: the mean of the same hour on the seven days before."""
    bucket = interval(conn, posts.c.published_at, 3600)
    rows = conn.execute(
        select(bucket.label("bucket"), func.count().label("n"))
        .where(
            posts.c.school == school, posts.c.published_at >= since - timedelta(days=7), posts.c.published_at < since
        )
        .group_by(bucket)
    )
    by_hour: dict[int, int] = {}
    for row in rows:
        by_hour[row.bucket % 24] = by_hour.get(row.bucket % 24, 0) + row.n
    count = int((now - since).total_seconds()) // STEP + 1
    places = [int((since + timedelta(seconds=STEP * n)).timestamp()) // 3600 % 24 for n in range(count)]
    return [by_hour.get(hour, 0) / 7 / (3600 / STEP) for hour in places]


def _path(values: Sequence[float], peak: float, step: float) -> str:
    corners = (f"{round(n * step, 1)} {round(BASE - v / peak * (BASE - TOP), 1)}" for n, v in enumerate(values))
    return "M" + "L".join(corners)


def _area(values: Sequence[float], peak: float, step: float) -> str:
    return f"{_path(values, peak, step)}L{NOW} {BASE}L0 {BASE}z"


def _hours(now: datetime) -> tuple[tuple[float, str], ...]:
    local = now.astimezone(SHANGHAI)
    whole = local.replace(minute=0, second=0, microsecond=0)
    marks = [(x_of(at, now), f"{at:%H:%M}") for n in range(-9, 4) if (at := whole + timedelta(hours=n))]
    return tuple((x, words) for x, words in marks if 16 < x < WIDTH - 16 and abs(x - NOW) > 38)


def _flags(conn: Connection, school: str, scope: Scope, since: datetime, now: datetime) -> tuple[Mark, ...]:
    rows = conn.execute(
        select(incidents.c.level, incidents.c.opened_at, incidents.c.title, incidents.c.care)
        .where(incidents.c.school == school, incidents.c.opened_at >= since, scope.clause())
        .order_by(incidents.c.level, incidents.c.opened_at.desc())
        .limit(FLAGS_SHOWN)
    ).all()
    marks: list[Mark] = []
    taken: dict[int, list[tuple[float, float]]] = {}
    for row in sorted(rows, key=lambda one: one.opened_at):
        x = x_of(row.opened_at, now)
        words = "求助" if row.care else brief(row.title, LETTERS)
        left = x > NOW - LABEL
        span = (x - LABEL, x + 18) if left else (x, x + 24 + 13 * len(words))
        lane = _lane(taken, span, 2)
        if lane is not None:
            marks.append(Mark(x, (13, 30)[lane], row.level, row.opened_at, words, left))
    return tuple(marks)


def _lane(taken: dict[int, list[tuple[float, float]]], span: tuple[float, float], lanes: int) -> int | None:
    """The first lane in which the span is free, which it then takes."""
    for lane in range(lanes):
        if all(span[1] <= start or span[0] >= stop for start, stop in taken.setdefault(lane, [])):
            taken[lane].append(span)
            return lane
    return None


def _due(conn: Connection, school: str, scope: Scope, now: datetime) -> tuple[Mark, ...]:
    until = now + timedelta(hours=(WIDTH - NOW - 60) / HOUR)
    rows = conn.execute(
        select(timers.c.due_at, timers.c.words, incidents.c.level)
        .join(incidents, incidents.c.id == timers.c.incident_id)
        .outerjoin(notices, notices.c.id == timers.c.notice_id)
        .where(timers.c.school == school, timers.c.state == TimerState.SET, timers.c.due_at > now)
        .where(timers.c.due_at <= until, timers.c.kind.in_((TimerKind.SIGN, TimerKind.DUTY)))
        .where(incidents.c.state.in_(sorted(OPEN)), scope.clause(), notices.c.signed_at.is_(None))
        .order_by(timers.c.due_at)
        .limit(60)
    ).all()
    marks: list[Mark] = []
    taken: dict[int, list[tuple[float, float]]] = {}
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        if (key := _same(row)) in seen:
            continue
        seen.add(key)
        x = x_of(row.due_at, now)
        lane = _lane(taken, (x, x + 56 + 13 * len(row.words)), len(LANES))
        if lane is not None and len(marks) < DUE_SHOWN:
            marks.append(Mark(x, LANES[lane], row.level, row.due_at, row.words))
    return tuple(marks)


def _same(row: Any) -> tuple[Any, ...]:
    """Signatures of several people due in the same minute are one mark."""
    return (row.due_at.replace(second=0, microsecond=0), row.words, row.level)


def _table(volume: Sequence[int], negative: Sequence[int], now: datetime) -> tuple[tuple[str, int, int], ...]:
    """The last nine hours as figures, for `看数据`."""
    per = 3600 // STEP
    rows = []
    for n in range(len(volume), 0, -per):
        start = max(0, n - per)
        at = (now - timedelta(seconds=STEP * (len(volume) - start))).astimezone(SHANGHAI)
        rows.append((f"{at:%H:%M}", sum(volume[start:n]), sum(negative[start:n])))
    return tuple(rows)
