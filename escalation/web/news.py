"""News: what came into the store after a mark; each line of the log once, in whatever order transactions end.

An id is given when a row is written and seen when its transaction commits, so on PostgreSQL a smaller id may come after
a greater one. A mark therefore names the ids before it that were not there yet; they are asked for again and told when
they come. An id that never comes (its transaction was undone) is forgotten WINDOW ids later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, func, or_, select

from escalation.incident import entries, incidents
from stream.kept import posts

CAUGHT_UP = 200
WINDOW = 256
RANGES = 32
MARK_LENGTH = 1400
BIGGEST = 2**63


@dataclass(frozen=True, slots=True)
class Mark:
    """How far somebody has read: the newest entry but for the `missing` ones before it, and the newest post row."""

    entry: int
    post: int
    missing: frozenset[int] = frozenset()

    def __str__(self) -> str:
        head = f"{self.entry}.{self.post}"
        return f"{head};{','.join(islice(_ranges(self.missing), RANGES))}" if self.missing else head

    @staticmethod
    def read(text: str) -> Mark | None:
        """The mark in an event id; None where it is none of ours."""
        head, _, tail = text.partition(";")
        entry, _, post = head.partition(".")
        if len(text) > MARK_LENGTH or not (_is_id(entry) and _is_id(post)):
            return None
        missing: set[int] = set()
        for part in tail.split(",") if tail else ():
            first, dash, last = part.partition("-")
            last = last if dash else first
            if not (_is_id(first) and _is_id(last)) or not int(entry) - WINDOW < int(first) <= int(last) <= int(entry):
                return None
            missing |= set(range(int(first), int(last) + 1))
        return Mark(int(entry), int(post), frozenset(missing))

    def covers(self, entry: int) -> bool:
        """Whether this entry was read."""
        return entry <= self.entry and entry not in self.missing

    def newer(self, other: Mark) -> Mark:
        """What was read by either of two."""
        unread = (one for one in self.missing | other.missing if not self.covers(one) and not other.covers(one))
        return Mark(max(self.entry, other.entry), max(self.post, other.post), frozenset(unread))

    def older(self, other: Mark) -> Mark:
        """What was read by both of two."""
        entry = min(self.entry, other.entry)
        unread = (one for one in self.missing | other.missing if one <= entry)
        return Mark(entry, min(self.post, other.post), frozenset(unread))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < BIGGEST


def _ranges(ids: Iterable[int]) -> Iterator[str]:
    """`101-103`, `110`: the newest first, so that a mark that is cut loses the oldest."""
    wanted = sorted(ids, reverse=True)
    while wanted:
        last = first = wanted.pop(0)
        while wanted and wanted[0] == first - 1:
            first = wanted.pop(0)
        yield str(last) if first == last else f"{first}-{last}"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a log: its own id, and of its incident what a row policy and a page need."""

    entry_id: int
    incident_id: int
    unit: str
    assignee: str | None
    account_id: str
    said: dict[str, Any]
    care: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """What one look at the store found new, and how far the store is read with it."""

    mark: Mark
    changes: tuple[Change, ...]
    posts: int


def newest(conn: Connection, school: str) -> Mark:
    """Where the store stands."""
    entry = conn.execute(select(func.max(entries.c.id))).scalar() or 0
    post = conn.execute(select(func.max(posts.c.row)).where(posts.c.school == school)).scalar() or 0
    return Mark(entry, post, _absent(conn, entry - WINDOW, entry))


def _absent(conn: Connection, after: int, upto: int) -> frozenset[int]:
    """The ids of this span that no row has (yet)."""
    after = max(after, 0)
    seen = conn.execute(select(entries.c.id).where(entries.c.id > after, entries.c.id <= upto)).scalars()
    return frozenset(range(after + 1, upto + 1)) - set(seen)


def since(conn: Connection, school: str, mark: Mark) -> News | None:
    """What came after a mark; None where nothing did. At most CAUGHT_UP lines, the newest ones."""
    entry = conn.execute(select(func.max(entries.c.id))).scalar() or 0
    post = conn.execute(select(func.max(posts.c.row)).where(posts.c.school == school)).scalar() or 0
    back = frozenset(conn.execute(select(entries.c.id).where(entries.c.id.in_(mark.missing))).scalars())
    if (entry, post) == (mark.entry, mark.post) and not back:
        return None
    absent = (mark.missing - back) | _absent(conn, max(mark.entry, entry - WINDOW), entry)
    absent = frozenset(one for one in absent if entry - WINDOW < one <= entry)
    fresh = (entries.c.id > mark.entry) & (entries.c.id <= entry) & entries.c.id.not_in(absent)
    return News(
        Mark(entry, post, absent),
        _changes(conn, school, or_(fresh, entries.c.id.in_(back))),
        _posts(conn, school, mark.post, post),
    )


def _posts(conn: Connection, school: str, after: int, upto: int) -> int:
    """How many posts of the school came. One watch writes them, so their rows become visible in order."""
    if after >= upto:
        return 0
    wanted = select(func.count(posts.c.row)).where(posts.c.school == school, posts.c.row > after, posts.c.row <= upto)
    return int(conn.execute(wanted).scalar_one())


def _changes(conn: Connection, school: str, wanted: Any) -> tuple[Change, ...]:
    rows = conn.execute(
        select(
            entries.c.id, entries.c.incident_id, entries.c.kind, entries.c.at, incidents.c.number, incidents.c.level,
            incidents.c.state, incidents.c.care, incidents.c.title, incidents.c.unit, incidents.c.assignee,
            incidents.c.account_id, incidents.c.opened_at,
        )
        .join(incidents, incidents.c.id == entries.c.incident_id)
        .where(incidents.c.school == school, wanted)
        .order_by(entries.c.id.desc())
        .limit(CAUGHT_UP)
    ).all()  # fmt: skip
    return tuple(
        Change(
            row.id, row.incident_id, row.unit, row.assignee, row.account_id,
            {
                "number": row.number, "level": row.level, "state": row.state, "kind": row.kind,
                "opened": row.at <= row.opened_at, "title": "疑似心理求助" if row.care else row.title,
            },
            care=row.care,
        )
        for row in reversed(rows)
    )  # fmt: skip
