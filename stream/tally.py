"""Tally 计数: how many lines each account has had hour by hour, those of a batch included; whether that is a surge."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from stream.line import hours, lines
from stream.post import Post
from stream.store import add_new
from stream.surge import READ_BACK, Surge, hour_start, surge

COUNTED = (
    update(hours)
    .where(hours.c.school == bindparam("owner"), hours.c.account_id == bindparam("account"))
    .where(hours.c.hour == bindparam("at"))
    .values(lines=hours.c.lines + bindparam("seen"), negative=hours.c.negative + bindparam("bad"))
)
_OWN = (lines.c.school == bindparam("school"), lines.c.account_id == bindparam("account"), lines.c.outside)
RECENT = (
    select(lines.c.at, func.count())
    .where(*_OWN, lines.c.at > bindparam("since"), lines.c.at <= bindparam("until"))
    .group_by(lines.c.at)
    .order_by(lines.c.at)
)
LATER = select(func.count()).select_from(lines).where(*_OWN, lines.c.at > bindparam("until"))
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class _Recent:
    """Of one account: when its lines were published from `since` up to `until`, ascending, and how many `later`.

    Those are in the last hour of every line that is asked for; in a flood of thousands they are counted and not read.
    """

    since: datetime
    until: datetime
    at: list[datetime]
    later: int

    def count(self, at: datetime) -> None:
        """One line more."""
        if at > self.until:
            self.later += 1
        else:
            insort(self.at, at)

    def after(self, at: datetime) -> int:
        """How many were published after this moment, which is `until` at the latest."""
        return self.later + len(self.at) - bisect_right(self.at, at)


class Tally:
    """The counts of one school for one batch of lines. Nothing is written before `write`."""

    def __init__(self, school: str, found: Sequence[Post]) -> None:
        """`found`: the posts that may come."""
        self._school = school
        self._between = _between(found)
        self._counted: dict[tuple[str, datetime], list[int]] = {}
        """By account and hour: lines and negative ones to add."""
        self._past: dict[str, dict[datetime, int]] = {}
        """By account: lines per hour, with what is to be added."""
        self._recent: dict[str, _Recent] = {}
        """By account, from an hour before its first post on."""

    def count(self, row: Mapping[str, Any]) -> None:
        """Count a line, given as its row in `lines`; what the school says itself is no echo."""
        if not row["outside"]:
            return
        account, hour = row["account_id"], hour_start(row["at"])
        if account in self._recent:
            self._recent[account].count(row["at"])
        sums = self._counted.setdefault((account, hour), [0, 0])
        sums[0] += 1
        sums[1] += int(row["negative"])
        if account in self._past:
            self._past[account][hour] = self._past[account].get(hour, 0) + 1

    def knows(self, post: Post) -> bool:
        """Whether the lines before a post were read; before that, those that wait must be written."""
        known = self._recent.get(post.account_id)
        return known is not None and known.since <= post.published_at - HOUR <= known.until

    def surge(self, conn: Connection, post: Post) -> Surge:
        """Whether more is said to the account of a post than is usual at this hour."""
        known = self._hours(conn, post)
        current = hour_start(post.published_at)
        before = {hour: seen for hour, seen in known.items() if hour < current}
        return surge(before, self._last_hour(conn, post), post.published_at, min(known, default=current))

    def write(self, conn: Connection) -> None:
        """Add the lines of the batch to their hours."""
        counted = sorted(self._counted.items())
        add_new(
            conn, hours,
            [{"school": self._school, "account_id": account, "hour": hour, "lines": 0, "negative": 0}
             for (account, hour), _ in counted],
        )  # fmt: skip
        for (account, hour), (seen, negative) in counted:
            more = {"owner": self._school, "account": account, "at": hour, "seen": seen, "bad": negative}
            conn.execute(COUNTED, more)

    def _hours(self, conn: Connection, post: Post) -> dict[datetime, int]:
        name = post.account_id
        if name not in self._past:
            own = (hours.c.school == self._school) & (hours.c.account_id == name)
            began = select(func.min(hours.c.hour)).where(own).scalar_subquery()  # since when it has been watched
            of_use = (hours.c.hour >= post.published_at - READ_BACK) | (hours.c.hour == began)
            rows = conn.execute(select(hours.c.hour, hours.c.lines).where(own, of_use))
            past = {row.hour: row.lines for row in rows}
            for (account, hour), (seen, _) in self._counted.items():
                if account == name:
                    past[hour] = past.get(hour, 0) + seen
            self._past[name] = past
        return self._past[name]

    def _last_hour(self, conn: Connection, post: Post) -> int:
        """Lines of the account in the hour before this one and after it, of those that are written."""
        name, at = post.account_id, post.published_at
        if not self.knows(post):
            first, last = self._between.get(name, (at, at))
            span = {"since": min(first, at) - HOUR, "until": max(last, at) - HOUR}
            own = {"school": self._school, "account": name}
            rows = conn.execute(RECENT, {**own, **span})
            before = [at for at, number in rows for _ in range(number)]
            later = conn.execute(LATER, {**own, "until": span["until"]}).scalar_one()
            self._recent[name] = _Recent(span["since"], span["until"], before, later)
        return self._recent[name].after(at - HOUR)


def _between(found: Sequence[Post]) -> dict[str, tuple[datetime, datetime]]:
    """By account: when the first and the last of its posts were published."""
    between: dict[str, tuple[datetime, datetime]] = {}
    for post in found:
        first, last = between.get(post.account_id, (post.published_at, post.published_at))
        between[post.account_id] = min(first, post.published_at), max(last, post.published_at)
    return between
