"""How an instant is written for a person: Beijing time, 24 hours, the date only where it is another day."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def moment(at: datetime, now: datetime) -> str:
    """`16:42` today, `11月20日 16:42` this year, `2025年11月20日 16:42` else."""
    local, today = at.astimezone(SHANGHAI), now.astimezone(SHANGHAI)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    day = f"{local.month}月{local.day}日 {local:%H:%M}"
    return day if local.year == today.year else f"{local.year}年{day}"


def hours(starts: datetime, ends: datetime, now: datetime) -> str:
    """A shift: `08:00 至 16:00` within today, else each end with its day: `22:00 至 11月22日 06:00`."""
    return f"{moment(starts, now)} 至 {moment(ends, now)}"


def second(at: datetime) -> str:
    """`2026年11月20日 16:42:08`, for what is written down."""
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M:%S}"
