"""When to look again: adaptive intervals, and due sources claimed by one process each.

Intervals grow while nothing comes and fall to the floor with the first new row; nights are slower; a plan that does not
fit the day's quota is stretched evenly, and coverage says so. Source of the figures: the room's README.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, and_, or_, select, update

from crawlers import token
from stream.coverage import sources

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT_ENDS = 6
JITTER = 0.15
INCIDENT = timedelta(minutes=2)
RETRY_FROM = timedelta(seconds=30)
RETRY_AT_MOST = timedelta(hours=1)
HURRIED = frozenset({"to_me", "articles", "comments"})
"""Streams that an open grave incident hurries: those that bring what people say. Weibo's own posts and back-fill are
not, because every call of theirs is one look less at the comments."""
NIGHT_SLOWER = 4
"""How many times as seldom a stream is looked at by night, where the settings do not say."""
DAYTIME, NIGHTTIME = timedelta(hours=24 - NIGHT_ENDS), timedelta(hours=NIGHT_ENDS)
BY_AGE = (
    (timedelta(hours=2), timedelta(minutes=5)),
    (timedelta(hours=24), timedelta(minutes=15)),
    (timedelta(days=7), timedelta(hours=2)),
    (timedelta(days=30), timedelta(days=1)),
)
"""Age of a post to the interval of its own comments; older ones are read only when the stream shows activity."""
OLDEST = BY_AGE[-1][0]


@dataclass(frozen=True, slots=True)
class Pace:
    """What decides the next look. `promised`: what the route promises by day; `floor`: never oftener than this.

    `stretch`: by how much the day's quota makes it seldomer; `share`: the interval that the day's quota carries while
    an incident is open; `rest`: until the quota comes back, which neither of the two goes beyond; `slow`: the platform
    asked for fewer calls.
    """

    promised: timedelta
    floor: timedelta
    quiet_scans: int = 0
    new: int = 0
    incident: bool = False
    adaptive: bool = False
    stretch: float = 1.0
    share: timedelta = timedelta(0)
    rest: timedelta = timedelta.max
    slow: bool = False
    night_slower: int = NIGHT_SLOWER


def night(now: datetime) -> bool:
    """Whether `now` lies between midnight and six in Asia/Shanghai."""
    return now.astimezone(SHANGHAI).hour < NIGHT_ENDS


def interval(pace: Pace, now: datetime) -> timedelta:
    """How long until the next look, without jitter.

    A stream keeps its promise and is looked at `night_slower` times as seldom by night; the comments of one post go
    from the floor upwards to the promise while they are quiet, by night half so much more seldom. An open incident:
    every two minutes, or as often as the rest of the day's quota carries.
    """
    half = 2 if pace.slow else 1
    by_night = pace.night_slower if night(now) else 1
    if pace.incident:
        hurried = max(pace.floor, min(INCIDENT, pace.promised)) * half
        return max(hurried, min(pace.share, pace.rest))
    if not pace.adaptive:
        wanted = pace.promised * by_night
    elif pace.new:
        wanted = pace.floor * max(1, by_night / 2)
    else:
        grown = pace.floor * 2 ** min(pace.quiet_scans, 12)
        wanted = min(grown, pace.promised) * max(1, by_night / 2)
    stretched = min(wanted * max(1.0, pace.stretch), pace.rest)
    return max(pace.floor, wanted * half, stretched)


def jittered(wanted: timedelta, draw: float) -> timedelta:
    """The interval moved by at most 15 % either way; `draw` in [0, 1)."""
    return wanted * (1 + JITTER * (2 * draw - 1))


def by_age(age: timedelta) -> timedelta | None:
    """The interval of a post's comments by the post's age; None where it is no longer looked at by itself."""
    return next((every for limit, every in BY_AGE if age < limit), None)


def rest_of_day(now: datetime, night_slower: int) -> timedelta:
    """What is left of the day of `now` (Asia/Shanghai) as a plan counts it: an hour of the night needs fewer calls."""
    local = now.astimezone(SHANGHAI)
    passed = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    if passed < NIGHTTIME:
        return DAYTIME + (NIGHTTIME - passed) / night_slower
    return timedelta(hours=24) - passed


def calls(intervals: Sequence[timedelta], rest: timedelta) -> float:
    """How many calls a plan needs for the rest of a day, as `rest_of_day` gives it."""
    return sum(rest / every for every in intervals)


def stretch(intervals: Sequence[timedelta], allowed: int, rest: timedelta) -> float:
    """By how much all intervals grow so that the plan fits into the calls that are left; 1 where it fits."""
    return max(1.0, calls(intervals, rest) / max(1, allowed))


def claim(conn: Connection, school: str, me: str, now: datetime, until: datetime, limit: int) -> list[Row[Any]]:
    """Take at most `limit` due sources whose token is free, until `until`. Each is taken by one process only.

    A source that was tried later than now is due: our clock was ahead and has been put right, and whatever it waits
    for would be as late. One that was never tried waits for nothing.
    """
    free = token.is_free(sources.c.taken_until, now, until)
    rested = and_(sources.c.next_due <= now, or_(sources.c.breaker_until.is_(None), sources.c.breaker_until <= now))
    anew = or_(sources.c.last_try.is_(None), sources.c.last_try > now + token.AHEAD)
    due = and_(sources.c.school == school, sources.c.active, free, or_(rested, anew))
    found = conn.execute(
        select(sources)
        .where(due)
        .order_by(sources.c.essential.desc(), sources.c.next_due, sources.c.id)
        .limit(limit * 20)
    ).all()
    taken: list[Row[Any]] = []
    accounts: set[str] = set()
    for row in found:
        if len(taken) == limit:
            break
        if row.account_id in accounts:
            continue
        if not token.take_turn(conn, f"{school}:{row.account_id}", me, now, until):
            accounts.add(row.account_id)
            continue
        mine = and_(sources.c.school == school, sources.c.id == row.id, free)
        if conn.execute(update(sources).where(mine).values(taken_by=me, taken_until=until)).rowcount == 1:
            taken.append(row)
            accounts.add(row.account_id)
        else:
            token.end_turn(conn, f"{school}:{row.account_id}", me)
    return taken


def release(conn: Connection, school: str, source_id: str, account_id: str, me: str) -> None:
    """Give a source and its token back without having read it."""
    mine = and_(sources.c.school == school, sources.c.id == source_id, sources.c.taken_by == me)
    conn.execute(update(sources).where(mine).values(taken_by=None, taken_until=None))
    token.end_turn(conn, f"{school}:{account_id}", me)


def release_others(conn: Connection, school: str, me: str, in_hand: Collection[str]) -> None:
    """Give back all that is taken by this process and not in its hands: the store was away when it let go of them."""
    mine = and_(sources.c.school == school, sources.c.taken_by == me, sources.c.id.not_in(in_hand))
    for row in conn.execute(select(sources.c.id, sources.c.account_id).where(mine)).all():
        release(conn, school, row.id, row.account_id, me)


def give_up(conn: Connection, row: Row[Any], me: str, reason: str, now: datetime) -> None:
    """Give a source back whose scan failed by a fault of ours: one failure more, and later each time (at most 1 h)."""
    failures = row.failures + 1
    rest = min(RETRY_FROM * 2 ** min(failures - 1, 10), RETRY_AT_MOST)
    mine = and_(sources.c.school == row.school, sources.c.id == row.id, sources.c.taken_by == me)
    after = {"failures": failures, "last_try": now, "last_reason": reason, "next_due": now + jittered(rest, draw())}
    conn.execute(update(sources).where(mine).values(**after))
    release(conn, row.school, row.id, row.account_id, me)


def draw() -> float:
    """A number for `jittered`."""
    return random.random()
