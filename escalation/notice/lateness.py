"""Lateness 迟发: a message that leaves long after it was written says so, in figures and without guessing why."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row

from escalation.notice import GROUP
from escalation.notice.wording import read_view, render_for, render_neutral

LATE_FROM = timedelta(minutes=3)
"""A delivery that leaves so long after its notice was written is late; quicker retries are no news to the reader."""


def say_minutes(span: timedelta) -> str:
    """`48 分钟`, `1 小时 5 分钟`, `2 天 3 小时`: whole minutes, at least one; hours only where it took days."""
    minutes = max(1, int(span.total_seconds() // 60))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "天"), (hours, "小时"), (0 if days else rest, "分钟")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def sent_late(written_at: datetime, now: datetime) -> str:
    """How late a message leaves, empty where it leaves in time. Pure."""
    return say_minutes(now - written_at) if now - written_at >= LATE_FROM else ""


def words_now(row: Row[Any], now: datetime, due: datetime) -> tuple[str, str, str | None]:
    """Subject, text and HTML of a delivery that leaves now: as rendered with the notice, and how late where it is late.

    `row`: the delivery with its notice's `number` and `view`; `due`: when it was to leave first. A message that was
    cut down to number and link stays so.
    """
    late = sent_late(due, now)
    if not late or row.text == render_neutral(row.number, row.url):
        return row.subject, row.text, row.html
    try:
        view = read_view(row.view | {"sent_late": late})
    except ValidationError as error:  # late words are worth less than the message itself
        logging.getLogger(__name__).error("通知 %s 的文本无法注明迟发：%s 处不合", row.number, error.error_count())
        return row.subject, row.text, row.html
    subject, text, html = render_for(row.channel, view)
    return row.subject if row.addressee == GROUP else subject, text, html
