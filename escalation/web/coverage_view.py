"""覆盖: what we see of each account and what not, as the page shows it. Read from sources, scans and gaps only."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from stream.account import Account, book
from stream.coverage import (
    BLIND_AFTER,
    GRAVITY,
    UNROUTED,
    Lamp,
    gaps,
    reason_of,
    scans,
    sources,
    standing,
    why_unpolled,
    worst_of,
)
from stream.post import Route

CELLS = 48
CELL = timedelta(minutes=30)
DAY = CELL * CELLS
SOON = timedelta(days=14)
"""A token that ends within this is shown as waiting to be renewed."""
ENDLESS, NONE = "长期", "无接口"
BY_HAND = "平台无接口，须人工巡查并补录线索。"
NO_WAY = (
    UNROUTED + "：请管理员在设置文件 fengxin.toml 中为它加一段 [[routes]] 后重启；已写的，请核对采集进程是否在运行；"
    "没有接口的，在名册“采集方式”写“人工巡查”。"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One half-hour as drawn: `kind` o seen, t late, g gap, x not due; SVG geometry in a box of 240 by 18."""

    kind: str
    x: int
    y: int
    height: int


SHAPES = {"o": (6, 12), "t": (12, 6), "g": (6, 12), "x": (17, 1)}


@dataclass(frozen=True, slots=True)
class Line:
    """One account. `seen`, `shown` are comments over the sources that can tell; `todo` is a sentence, if any."""

    account: Account
    lamp: Lamp
    age: timedelta | None
    cells: tuple[Cell, ...]
    counts: Mapping[str, int]
    seen: int
    shown: int | None
    token: str
    token_tone: str
    route: str
    todo: str
    gap_since: datetime | None


@dataclass(frozen=True, slots=True)
class Unit:
    """The accounts of one unit; `leaders` are the names of those who answer for it."""

    name: str
    leaders: tuple[str, ...]
    lines: tuple[Line, ...]


def state_of(polled: Sequence[Row[Any]], now: datetime) -> tuple[Lamp, timedelta | None]:
    """The worst essential lamp of an active account and the age of its last full sight."""
    state, worst = worst_of(polled, now)
    return state, now - worst.last_full if worst is not None and worst.last_full else None


def cells_of(
    polled: Sequence[tuple[timedelta, Sequence[datetime]]], blind: Sequence[tuple[datetime, datetime | None]],
    now: datetime, began: datetime | None = None,
) -> tuple[Cell, ...]:  # fmt: skip
    """The 48 half-hours before `now`, each by the worst of the essential sources (promised interval, full scans).

    Seen: a full scan fell in it, or the promised interval still covers it. Later than promised is late, later than
    six times is a gap; a recorded gap over any part of a cell wins. An interval of hours leaves cells not due, and so
    is what lies before `began`, the first look that was ever taken.
    """
    sorted_polled = [(promised, sorted(times)) for promised, times in polled]
    made = []
    for n in range(CELLS):
        begins = now - DAY + CELL * n
        ends = begins + CELL
        if began is not None and ends <= began:
            made.append(_cell(n, "x"))
            continue
        gone = any(since < ends and (until is None or until > begins) for since, until in blind)
        kinds = [_kind(times, promised, begins, ends) for promised, times in sorted_polled]
        made.append(_cell(n, "g" if gone or not kinds else max(kinds, key="xotg".index)))
    return tuple(made)


def _kind(times: Sequence[datetime], promised: timedelta, begins: datetime, ends: datetime) -> str:
    before = bisect_left(times, begins)
    if before < len(times) and times[before] < ends:
        return "o"
    if not before:
        return "g"
    age = begins - times[before - 1]
    if age <= promised:
        return "o" if promised <= CELL else "x"
    return "t" if age <= promised * BLIND_AFTER else "g"


def _cell(n: int, kind: str) -> Cell:
    y, height = SHAPES[kind]
    return Cell(kind, n * 5, y, height)


def units_of(conn: Connection, school: str, now: datetime, leaders: Mapping[str, tuple[str, ...]]) -> tuple[Unit, ...]:
    """Every unit with its accounts, the unit with the gravest lamp first, within it the main account first."""
    polled = defaultdict(list)
    for row in conn.execute(select(sources).where(sources.c.school == school).order_by(sources.c.id)):
        polled[row.account_id].append(row)
    essential = {row.id: row.promised_s for rows in polled.values() for row in rows if row.essential}
    longest = max(essential.values(), default=0)
    since = now - DAY - timedelta(seconds=longest * BLIND_AFTER)
    full = defaultdict(list)
    for row in conn.execute(
        select(scans.c.source_id, scans.c.at).where(scans.c.school == school, scans.c.full, scans.c.at >= since)
    ):
        if row.source_id in essential:
            full[row.source_id].append(row.at)
    blind = defaultdict(list)
    for row in conn.execute(
        select(gaps)
        .where(gaps.c.school == school, or_(gaps.c.closed_at.is_(None), gaps.c.closed_at > now - DAY))
        .order_by(gaps.c.opened_at)
    ):
        blind[row.account_id].append(row)
    began = {
        row.account_id: row.first
        for row in conn.execute(
            select(scans.c.account_id, func.min(scans.c.at).label("first"))
            .where(scans.c.school == school)
            .group_by(scans.c.account_id)
        )
    }
    by_unit = defaultdict(list)
    for account in book(conn, school).values():
        key = account.id
        by_unit[account.unit].append(_line(account, polled[key], full, blind[key], now, began.get(key)))
    units = [Unit(name, leaders.get(name, ()), tuple(sorted(lines, key=_order))) for name, lines in by_unit.items()]
    return tuple(sorted(units, key=lambda unit: (-max(GRAVITY[line.lamp] for line in unit.lines), unit.name)))


def _order(line: Line) -> tuple[bool, int, str, str]:
    return (not line.account.main, -GRAVITY[line.lamp], line.account.name, line.account.id)


def _line(
    account: Account, polled: Sequence[Row[Any]], full: Mapping[str, Sequence[datetime]], blind: Sequence[Row[Any]],
    now: datetime, began: datetime | None,
) -> Line:  # fmt: skip
    essential = [row for row in polled if row.essential and row.active]
    state, age = state_of(polled, now) if account.active else (Lamp.OFF, None)
    kept = [(timedelta(seconds=row.promised_s), full.get(row.id, ())) for row in essential]
    cells = cells_of(kept, [(row.opened_at, row.closed_at) for row in blind], now, began)
    if not account.active:
        cells = tuple(_cell(n, "x") for n in range(CELLS))
    known = [row for row in polled if row.active and row.shown is not None]
    ends = [row.token_until for row in polled if row.token_until is not None]
    token, tone = _token(ends, now) if polled else (NONE, "")
    still = [row.opened_at for row in blind if row.closed_at is None]
    return Line(
        account=account, lamp=state, age=age, cells=cells, counts=Counter(cell.kind for cell in cells),
        seen=sum(row.seen for row in (known or polled)), shown=sum(row.shown for row in known) if known else None,
        token=token, token_tone=tone, route=account.route,
        todo=_todo(account, polled, blind, state), gap_since=min(still, default=None),
    )  # fmt: skip


def _token(ends: Sequence[datetime], now: datetime) -> tuple[str, str]:
    if not ends:
        return ENDLESS, ""
    left = min(ends) - now
    if left <= timedelta(0):
        return "已过期", "stop"
    days = left.days
    words = f"余 {days} 日" if days else f"余 {int(left.total_seconds() // 3600)} 小时"
    return words, "wait" if left <= SOON else ""


def _todo(account: Account, polled: Sequence[Row[Any]], blind: Sequence[Row[Any]], state: Lamp) -> str:
    """What is wrong and what to do, in the crawlers' own words; empty where there is nothing."""
    if not account.active or state is Lamp.OFF:
        return ""
    if not any(row.active for row in polled):
        why = BY_HAND if account.route == Route.MANUAL else why_unpolled(account.route, polled)
        return NO_WAY if why == UNROUTED else why
    said = [reason_of(row) if state in (Lamp.LATE, Lamp.BLIND) else row.note for row in standing(polled)]
    said = [part for part in said if part] or [row.reason for row in blind if row.closed_at is None]
    return "；".join(dict.fromkeys(part for part in said if part))
