"""Weibo's instants: `Tue Nov 03 20:15:42 +0800 2026`, read with an English month table and never by locale."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from crawlers.shape import Shape, plausible

MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_FORM = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<month>[A-Z][a-z]{2}) (?P<day>\d{1,2}) "
    r"(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})"
    r"(?: (?P<sign>[+-])(?P<east>\d{2})(?P<past>\d{2}))? (?P<year>\d{4})",
    re.ASCII,
)


def read_instant(raw: object, now: datetime) -> datetime:
    """Aware UTC; where the offset is missing it is Asia/Shanghai. Raises Shape."""
    found = _FORM.fullmatch(raw) if isinstance(raw, str) else None
    if found is None or found["month"] not in MONTHS:
        raise Shape("created_at")
    minutes = (
        480 if found["sign"] is None else (int(found["east"]) * 60 + int(found["past"])) * int(f"{found['sign']}1")
    )
    try:
        at = datetime(
            int(found["year"]),
            MONTHS[found["month"]],
            int(found["day"]),
            int(found["hour"]),
            int(found["minute"]),
            int(found["second"]),
            tzinfo=timezone(timedelta(minutes=minutes)),
        )
    except ValueError as error:
        raise Shape("created_at") from error
    return plausible(at.astimezone(UTC), now, "created_at")
