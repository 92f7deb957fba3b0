"""The queue: every open incident as one row, ordered by its nearest deadline. Reads only, a handful of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, select

from escalation.care import reached, state_words
from escalation.concerned import shown, unit_of
from escalation.incident import incidents, members
from escalation.incident.state import ENDED, OPEN, State
from escalation.notice import is_owed, notices
from escalation.timer import TimerKind, TimerState, timers
from escalation.web.call_tasks import open_by_incident
from escalation.web.clocks import RUNNING_ONLY, SHOWN, Running, clocks_of, nearest
from escalation.web.frozen import Frozen, Words
from escalation.web.prose import highlighted
from escalation.web.scope import Scope
from escalation.web.spark import Spark, joined, sparks_of
from escalation.web.words import CARE_TITLE
from stream.kept import assessments, posts

LIMIT = 200
LATELY = timedelta(minutes=10)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
GROUPS = (("late", "已逾期"), ("quarter", "15 分钟内"), ("hour", "1 小时内"), ("later", "今日与以后"))
FAR = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the queue. `silent`: notified, and nobody has signed yet."""

    number: str
    title: Markup | str
    plain_title: str
    level: int
    level_name: str
    state: str
    state_words: str
    silent: bool
    account: str
    platform: str
    unit: str
    care: bool
    trial: bool
    rehearsal: bool
    late: bool
    confirmed: bool
    risk: int
    reasons: tuple[Mapping[str, Any], ...]
    clock: Running | None
    group: str
    count: int
    lately: int
    spark: Spark
    opened_at: datetime
    closed_at: datetime | None
    calls: int = 0

    @property
    def short(self) -> str:
        """The short number: `0147`."""
        return self.number.rpartition("-")[2]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows: a view, a level, a unit, a platform, words. All of it stands in the URL."""

    view: str = "open"
    level: int = 0
    unit: str = ""
    platform: str = ""
    words: str = ""


VIEWS: Mapping[str, tuple[str, frozenset[State]]] = {
    "triage": ("待研判", frozenset({State.TRIAGED, State.NOTIFIED, State.ACKNOWLEDGED})),
    "unsigned": ("待签收", OPEN),
    "handling": ("处置中", frozenset({State.ACKNOWLEDGED, State.ASSESSING, State.HANDLING, State.REFERRED})),
    "responded": ("已回应", frozenset({State.RESPONDED})),
    "watching": ("观察中", frozenset({State.WATCHING})),
    "open": ("全部未销号", OPEN),
    "ended": ("已了结", ENDED),
    "all": ("全部", frozenset(State)),
}
"""待研判 here means: no person has confirmed yet; 待签收: somebody's signature is waited for, whatever the state."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The rows by group, and what the rail counts. `total`: how many there are, also where not all are shown."""

    groups: tuple[tuple[str, str, tuple[Line, ...]], ...]
    total: int
    views: Mapping[str, int] = field(default_factory=dict)
    levels: Mapping[int, int] = field(default_factory=dict)
    units: Mapping[str, int] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()

    @property
    def lines(self) -> list[Line]:
        """Every row in order."""
        return [line for _, _, lines in self.groups for line in lines]


def matching(school: str, scope: Scope, wanted: Filter) -> Any:
    """The condition on `incidents` for a filter, the platform apart."""
    parts = [incidents.c.school == school, scope.clause()]
    view = wanted.view if wanted.view in VIEWS else "open"
    parts.append(incidents.c.state.in_(sorted(VIEWS[view][1])))
    if view == "triage":
        parts.append(incidents.c.confirmed_at.is_(None))
    if view == "unsigned":
        owed = select(notices.c.incident_id).where(is_owed(), notices.c.incident_id.is_not(None))
        parts.append(incidents.c.id.in_(owed))
    if wanted.level in (1, 2, 3, 4):
        parts.append(incidents.c.level == wanted.level)
    if wanted.unit:
        parts.append(shown() == wanted.unit)
    if wanted.words:
        title = and_(incidents.c.care.is_(False), incidents.c.title.icontains(wanted.words, autoescape=True))
        parts.append(title | incidents.c.number.icontains(wanted.words, autoescape=True))
    return and_(*parts)


def queue_of(
    conn: Connection, frozen: Frozen, school: str, scope: Scope, wanted: Filter, now: datetime, limit: int = LIMIT
) -> Queue:
    """The queue as it is now."""
    columns = [column for column in incidents.c if column.name != "frozen"]
    which = matching(school, scope, wanted)
    found = select(*columns).where(which).order_by(*_by_clock())
    if wanted.platform:  # of which the frozen words of each incident know
        rows = conn.execute(found).all()
        words = frozen.of(conn, [row.id for row in rows])
        rows = [row for row in rows if words[row.id].platform == wanted.platform]
        total, rows = len(rows), rows[:limit]
    else:
        rows = conn.execute(found.limit(limit)).all()
        words = frozen.of(conn, [row.id for row in rows])
        total = conn.execute(select(func.count()).select_from(incidents).where(which)).scalar_one()
    lines = sorted(_lines(conn, rows, words, now), key=lambda line: _order(line, now))
    groups = tuple((key, title, tuple(line for line in lines if line.group == key)) for key, title in GROUPS)
    return Queue(
        groups=tuple(group for group in groups if group[2]), total=total, **_counts(conn, school, scope),
        platforms=tuple(sorted({one.platform for one in words.values() if one.platform})),
    )  # fmt: skip


def _by_clock() -> tuple[ColumnElement[Any], ...]:
    """The order in which incidents are due, so that a page which is cut is cut at its end: the open ones by their
    nearest clock that runs or was not kept, then the others, the newest first."""
    owed = select(notices.c.id).where(notices.c.id == timers.c.notice_id, is_owed()).exists()
    runs = (timers.c.state == TimerState.SET) & timers.c.kind.in_(sorted((*SHOWN, *RUNNING_ONLY)))
    missed = (timers.c.state == TimerState.FIRED) & ((timers.c.kind == TimerKind.DUTY) | owed)
    missed &= timers.c.kind.in_(sorted(SHOWN))
    due = select(func.min(timers.c.due_at)).where(timers.c.incident_id == incidents.c.id, runs | missed)
    first = due.correlate(incidents).scalar_subquery()
    is_open = incidents.c.state.in_(sorted(OPEN))
    at = case((is_open, first), else_=None)
    return case((is_open, 0), else_=1).asc(), at.is_(None).asc(), at.asc(), incidents.c.level, incidents.c.id.desc()


def _order(line: Line, now: datetime) -> tuple[float, int, float]:
    due = line.clock.due_at if line.clock else now + FAR
    return (due.timestamp(), line.level, -line.opened_at.timestamp())


def _group(clock: Running | None, now: datetime) -> str:
    rest = clock.due_at - now if clock else FAR
    if rest <= timedelta(0):
        return "late"
    return "quarter" if rest <= QUARTER else "hour" if rest <= HOUR else "later"


def _lines(conn: Connection, rows: Sequence[Row[Any]], words: Mapping[int, Words], now: datetime) -> list[Line]:
    ids = [row.id for row in rows]
    clocks, sparks, matched = clocks_of(conn, rows, now, words), sparks_of(conn, rows, now), _matched(conn, rows)
    tallies, sizes, rings = _tallies(conn, ids), _sizes(conn, ids, now), open_by_incident(conn, ids)
    cared = reached(conn, [row.id for row in rows if row.care])
    lines = []
    for row in rows:
        own = words[row.id]
        clock = nearest(clocks.get(row.id, []))
        title = CARE_TITLE if row.care else row.title
        count, lately = sizes.get(row.id, (0, 0))
        lines.append(
            Line(
                number=row.number,
                title=title if row.care else highlighted(title, matched.get(row.id, ())),
                plain_title=title,
                level=row.level,
                level_name=own.levels[row.level],
                state=row.state,
                state_words=_state_words(row, tallies.get(row.id), reached=row.id in cared),
                silent=row.state == State.NOTIFIED and tallies.get(row.id, (1, 1, 0))[0] == 0,
                account=own.account,
                platform=own.platform,
                unit=unit_of(row),
                care=row.care,
                trial=row.trial,
                rehearsal=row.rehearsal,
                late=row.late,
                confirmed=row.confirmed_at is not None,
                risk=row.risk,
                reasons=tuple(row.reasons),
                clock=clock,
                group=_group(clock, now),
                count=count,
                lately=lately,
                spark=sparks[row.id],
                opened_at=row.opened_at,
                closed_at=row.closed_at,
                calls=rings.get(row.id, 0),
            )
        )
    return lines


def _state_words(row: Row[Any], tally: tuple[int, int, int] | None, *, reached: bool) -> str:
    state, said = State(row.state), state_words(row, reached=reached)
    if tally is None or state not in OPEN:
        return said
    signed, needed, owed = tally
    if state is State.NOTIFIED:
        return f"{said} · 签收 {signed}/{needed}" if row.care else f"{said} {signed}/{needed}"
    return f"{said} · 待签 {owed}" if owed else said


def _tallies(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    """By incident: how many persons have signed all they must, how many must, how many are waited for."""
    person = (
        select(
            notices.c.incident_id,
            func.max(case((is_owed(), 1), else_=0)).label("owed"),
            func.max(case((notices.c.settled_at.is_not(None) & notices.c.signed_at.is_(None), 1), else_=0)).label(
                "left"
            ),
        )
        .where(notices.c.incident_id.in_(ids), notices.c.needs_signature)
        .group_by(notices.c.incident_id, notices.c.addressee)
        .subquery()
    )
    signed = func.sum(case((and_(person.c.owed == 0, person.c.left == 0), 1), else_=0)).label("signed")
    rows = conn.execute(
        select(person.c.incident_id, signed, func.count().label("needed"), func.sum(person.c.owed).label("owed"))
        .group_by(person.c.incident_id)
    )  # fmt: skip
    return {row.incident_id: (int(row.signed), row.needed, int(row.owed)) for row in rows}


def _sizes(conn: Connection, ids: Sequence[int], now: datetime) -> dict[int, tuple[int, int]]:
    rows = conn.execute(
        joined(
            members.c.incident_id, func.count().label("n"),
            func.sum(case((posts.c.published_at > now - LATELY, 1), else_=0)).label("lately"),
        ).where(members.c.incident_id.in_(ids)).group_by(members.c.incident_id)
    )  # fmt: skip
    return {row.incident_id: (row.n, int(row.lately or 0)) for row in rows}


def _matched(conn: Connection, rows: Sequence[Row[Any]]) -> dict[int, tuple[str, ...]]:
    """The words that the rules matched in the post that opened each incident."""
    wanted = {row.opening_post_id: row.id for row in rows if not row.care}
    if not wanted:
        return {}
    found = conn.execute(
        select(assessments.c.post_id, assessments.c.hits).where(
            assessments.c.school == rows[0].school, assessments.c.post_id.in_(sorted(wanted))
        )
    )
    return {wanted[one.post_id]: tuple(word for hit in one.hits for word in hit.get("words", ())) for one in found}


def _counts(conn: Connection, school: str, scope: Scope) -> dict[str, Any]:
    """How many open incidents each view, level and unit holds."""
    rows = conn.execute(
        select(
            incidents.c.id, incidents.c.state, incidents.c.level, shown().label("unit"), incidents.c.confirmed_at
        ).where(incidents.c.school == school, incidents.c.state.in_(sorted(OPEN)), scope.clause())
    ).all()
    owing = set(conn.execute(select(notices.c.incident_id).where(notices.c.school == school, is_owed())).scalars())
    views = {
        name: sum(
            row.state in states
            and (name != "triage" or row.confirmed_at is None)
            and (name != "unsigned" or row.id in owing)
            for row in rows
        )
        for name, (_, states) in VIEWS.items()
        if name not in ("all", "ended")
    }
    units: dict[str, int] = {}
    for row in rows:
        units[row.unit] = units.get(row.unit, 0) + 1
    levels = {level: sum(row.level == level for row in rows) for level in (1, 2, 3, 4)}
    return {"views": views, "levels": levels, "units": dict(sorted(units.items(), key=lambda u: (-u[1], u[0])))}
