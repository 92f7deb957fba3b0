"""The quota ledger 额度账本: every call is taken from the token's account before it is sent, or it is not sent.

One row per token, group of calls and window (a day or an hour of Asia/Shanghai). Taking is one conditional UPDATE, so
any number of processes may share a token. A tenth of each window is kept for incidents. What the platform says wins:
its "used up" settles the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, Integer, Table, select, update

from stream.store import insert_new, metadata
from stream.store.types import Word

SHANGHAI = ZoneInfo("Asia/Shanghai")
RESERVE = 10
"""Percent of a window that only calls for an open incident may take."""
EARLY_HOUR = 18
"""A day's quota used up before this hour (Asia/Shanghai) is told as an alert."""


class Window(StrEnum):
    """How long a quota runs."""

    DAY = "day"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many calls of a group one window allows."""

    group: str
    limit: int
    window: Window = Window.DAY


quotas = Table(
    "quotas",
    metadata,
    Column("token", Word(150), primary_key=True),
    Column("call_group", Word(50), primary_key=True),
    Column("starts", Word(16), primary_key=True),
    Column("most", Integer, nullable=False),
    Column("used", Integer, nullable=False),
)
"""`starts`: the window's first day or hour in Asia/Shanghai, as 2026-11-21 or 2026-11-21T17."""


def window_start(now: datetime, window: Window) -> str:
    """The key of the window that `now` (aware) falls into."""
    local = now.astimezone(SHANGHAI)
    return local.strftime("%Y-%m-%dT%H") if window == Window.HOUR else local.strftime("%Y-%m-%d")


def window_end(now: datetime, window: Window) -> datetime:
    """When the window of `now` ends and the quota comes back; aware, in Asia/Shanghai."""
    local = now.astimezone(SHANGHAI)
    if window == Window.HOUR:
        return local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def reserve(limit: int) -> int:
    """How many of a window's calls only an open incident may take."""
    return limit * RESERVE // 100


def usable(limit: int, *, incident: bool) -> int:
    """How many of a window's calls may be taken: all of them for an open incident, else all but the reserve."""
    return limit if incident else limit - reserve(limit)


def take(conn: Connection, token: str, allowances: tuple[Allowance, ...], now: datetime, *, incident: bool) -> bool:
    """Take one call from every allowance, or from none where one of them is used up (roll back on False).

    The first allowance is also held against its hour, where the platform has called that used up.
    """
    if _hour_spent(conn, token, allowances[0], now):
        return False
    for allowance in allowances:
        starts = window_start(now, allowance.window)
        row = {"token": token, "call_group": allowance.group, "starts": starts, "most": allowance.limit, "used": 0}
        insert_new(conn, quotas, [row])
        taken = conn.execute(
            update(quotas)
            .where(quotas.c.token == token, quotas.c.call_group == allowance.group, quotas.c.starts == starts)
            .where(quotas.c.used < usable(allowance.limit, incident=incident))
            .values(used=quotas.c.used + 1, most=allowance.limit)
        )
        if taken.rowcount != 1:
            return False
    return True


def back_at(conn: Connection, token: str, allowances: tuple[Allowance, ...], now: datetime) -> datetime:
    """When a call that `take` refused may be taken: at the next hour where only that is used up, else tomorrow."""
    only_hour = _hour_spent(conn, token, allowances[0], now) and all(left(conn, token, one, now) for one in allowances)
    return window_end(now, Window.HOUR if only_hour else Window.DAY)


def _hour_spent(conn: Connection, token: str, allowance: Allowance, now: datetime) -> bool:
    hour = (
        quotas.c.token == token,
        quotas.c.call_group == allowance.group,
        quotas.c.starts == window_start(now, Window.HOUR),
    )
    return conn.execute(select(quotas.c.used).where(*hour, quotas.c.used >= quotas.c.most)).first() is not None


def settle(conn: Connection, token: str, allowance: Allowance, now: datetime) -> None:
    """The platform says that this window is used up: nothing more is taken from it, not even for an incident."""
    starts = window_start(now, allowance.window)
    row = {"token": token, "call_group": allowance.group, "starts": starts, "most": allowance.limit, "used": 0}
    insert_new(conn, quotas, [row])
    conn.execute(
        update(quotas)
        .where(quotas.c.token == token, quotas.c.call_group == allowance.group, quotas.c.starts == starts)
        .values(used=max(allowance.limit, 1), most=allowance.limit)
    )


def left(conn: Connection, token: str, allowance: Allowance, now: datetime) -> int:
    """How many calls of the window are left, the reserve included."""
    used = conn.execute(
        select(quotas.c.used).where(
            quotas.c.token == token,
            quotas.c.call_group == allowance.group,
            quotas.c.starts == window_start(now, allowance.window),
        )
    ).scalar()
    return max(0, allowance.limit - (used or 0))
