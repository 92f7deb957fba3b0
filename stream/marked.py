"""Marked 记号: the marks that the lines of one batch of the watch ask for, read once, with those that it leaves itself.

What is found is what the rows would give after each line; a matter's marks are kept in their order, so that a line in a
flood of thousands is told of them without sorting or decoding any.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, bindparam, select

from stream.evidence import QUICK_HOURS, SLOW_DAYS, Mark
from stream.line import mark_keys, marks
from stream.store import Among, add_new, from_driver, put_all

KEY_LENGTH = 300
CUE = "any"
SLOW = timedelta(days=SLOW_DAYS)
QUICK = timedelta(hours=QUICK_HOURS)
MARK_NAMES = (
    "author", "rule", "title", "category", "weight", "grave", "level_floor", "article", "cluster", "ours", "keys",
    "kinds", "named",
)  # fmt: skip
Name = tuple[str, str]
"""Of a mark: its post and its theme."""

_HERE, _SINCE = marks.c.school == bindparam("owner"), marks.c.at >= bindparam("since")
_LIVE = marks.c.spent.is_(False)
KEPT = Among(
    select(marks.c.post_id, marks.c.theme, marks.c.at, marks.c.thread_id, marks.c.mark).where(_HERE), marks.c.post_id
)
THEMES = Among(
    select(marks.c.thread_id, marks.c.theme).distinct().where(_HERE, marks.c.theme != CUE, _LIVE), marks.c.thread_id
)
FOUND = Among(
    select(mark_keys.c.key, marks.c.post_id, marks.c.theme)
    .join(
        mark_keys,
        (mark_keys.c.school == marks.c.school)
        & (mark_keys.c.post_id == marks.c.post_id)
        & (mark_keys.c.theme == marks.c.theme),
    )
    .where(mark_keys.c.school == bindparam("owner"), _SINCE, _LIVE),
    mark_keys.c.key,
)
CUES = Among(
    select(marks.c.thread_id, marks.c.post_id, marks.c.theme).where(_HERE, marks.c.theme == CUE, _SINCE, _LIVE),
    marks.c.thread_id,
)


@dataclass(slots=True)
class _Shelf:
    """Marks under one name, the oldest first."""

    order: list[tuple[datetime, str, str]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    names: set[Name] = field(default_factory=set)

    def put(self, mark: Mark) -> None:
        """Put a mark in its place; it must not be there."""
        at = (mark.at, mark.post_id, mark.theme)
        place = bisect_left(self.order, at)
        self.order.insert(place, at)
        self.marks.insert(place, mark)
        self.names.add((mark.post_id, mark.theme))

    def since(self, at: datetime) -> tuple[Mark, ...]:
        """Those of this moment and later."""
        first = bisect_left(self.order, (at, "", ""))
        return tuple(self.marks[first:])


class Marked:
    """The marks of one batch and school. `since`: when the first of its lines was published."""

    def __init__(self, school: str, since: datetime) -> None:
        self._school, self.since = school, since
        self._decoded: dict[Name, Mark] = {}
        self._waiting: list[Mark] = []
        self._forget()

    def _forget(self) -> None:
        self._keys: dict[str, _Shelf] = {}
        self._cues: dict[str, _Shelf] = {}
        self._themes: dict[str, set[str]] = {}

    def leave(self, conn: Connection, own: Sequence[Mark], *, is_known: bool) -> None:
        """Leave the marks of a line. `is_known`: a further text of a post whose marks may stand here already."""
        if is_known:  # what its earlier text left under other keys, and what was spent, only the rows tell
            self._waiting += own
            self.write(conn)
            self._forget()
            self._decoded |= {(mark.post_id, mark.theme): mark for mark in own}
            return
        for mark in own:
            self._waiting.append(mark)
            self._decoded[mark.post_id, mark.theme] = mark
            for key in dict.fromkeys(key[:KEY_LENGTH] for key in mark.keys):
                if key in self._keys:
                    self._keys[key].put(mark)
            if mark.theme == CUE and mark.thread in self._cues:
                self._cues[mark.thread].put(mark)
            elif mark.theme != CUE and mark.thread in self._themes:
                self._themes[mark.thread].add(mark.theme)

    def write(self, conn: Connection) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        put_all(conn, marks, [_row(self._school, mark) for mark in waiting])
        add_new(conn, mark_keys, [
            {"school": self._school, "key": key[:KEY_LENGTH], "post_id": mark.post_id, "theme": mark.theme}
            for mark in waiting for key in dict.fromkeys(mark.keys)
        ])  # fmt: skip

    def themes(self, conn: Connection, threads: Collection[str]) -> dict[str, set[str]]:
        """The themes of unspent marks, of any age, by these threads."""
        if new := sorted(set(threads) - self._themes.keys()):
            self.write(conn)
            self._themes |= {thread: set() for thread in new}
            for thread, theme in THEMES.ask(conn, new, owner=self._school):
                self._themes[thread].add(theme)
        return {thread: self._themes[thread] for thread in threads}

    def found(self, conn: Connection, keys: Iterable[str], at: datetime) -> tuple[Mark, ...]:
        """The unspent marks under any of these keys, of SLOW_DAYS before this moment and later, the oldest first."""
        return _together(self.by_key(conn, [key[:KEY_LENGTH] for key in keys], at), at - SLOW)

    def by_key(self, conn: Connection, keys: Collection[str], at: datetime) -> list[_Shelf]:
        """What stands under these keys; those that are not known are asked for at once."""
        return self._shelves(conn, self._keys, FOUND, keys, at, SLOW)

    def cues(self, conn: Connection, threads: Collection[str], at: datetime) -> tuple[Mark, ...]:
        """The unspent cues in these threads, of QUICK_HOURS before this moment and later, the oldest first."""
        return _together(self._shelves(conn, self._cues, CUES, threads, at, QUICK), at - QUICK)

    def _shelves(
        self, conn: Connection, known: dict[str, _Shelf], question: Among, names: Collection[str], at: datetime,
        back: timedelta,
    ) -> list[_Shelf]:  # fmt: skip
        if at < self.since:
            self.since = at
            self._forget()
            known = self._cues if question is CUES else self._keys
        if new := sorted(set(names) - known.keys()):
            self.write(conn)
            rows = question.ask(conn, new, owner=self._school, since=self.since - back)
            self._decode(conn, {(post_id, theme) for _, post_id, theme in rows})
            known |= {name: _Shelf() for name in new}
            for name, post_id, theme in rows:
                known[name].put(self._decoded[post_id, theme])
        return [known[name] for name in dict.fromkeys(names)]

    def _decode(self, conn: Connection, wanted: set[Name]) -> None:
        missing = sorted({post_id for post_id, theme in wanted if (post_id, theme) not in self._decoded})
        for post_id, theme, at, thread, kept in KEPT.ask(conn, missing, owner=self._school):
            self._decoded[post_id, theme] = _mark(conn.dialect, post_id, theme, at, thread, kept)


def _together(shelves: Sequence[_Shelf], since: datetime) -> tuple[Mark, ...]:
    """The marks of all of these, each once. Mostly one of them holds what the others do."""
    full = sorted((shelf for shelf in shelves if shelf.marks), key=lambda shelf: -len(shelf.marks))
    if not full:
        return ()
    rest = [shelf for shelf in full[1:] if not shelf.names <= full[0].names]
    if not rest:
        return full[0].since(since)
    found = {(mark.at, mark.post_id, mark.theme): mark for shelf in (full[0], *rest) for mark in shelf.since(since)}
    return tuple(found[name] for name in sorted(found))


def _row(school: str, mark: Mark) -> dict[str, Any]:
    kept = {name: getattr(mark, name) for name in MARK_NAMES} | {"keys": list(mark.keys), "kinds": list(mark.kinds)}
    return {
        "school": school, "post_id": mark.post_id, "theme": mark.theme, "at": mark.at, "thread_id": mark.thread,
        "spent": False, "mark": kept,
    }  # fmt: skip


def _mark(dialect: Dialect, post_id: str, theme: str, at: Any, thread: str, kept: Any) -> Mark:
    """The mark of a row as the driver gives it: its document in words (SQLite), or made already (PostgreSQL)."""
    if isinstance(kept, str):
        return _of_words(dialect, post_id, theme, at, thread, kept)
    return _made(dialect, post_id, theme, at, thread, kept)


@lru_cache(maxsize=32_768)  # the same words are the same mark; a matter's, a flood's too, are read with every batch
def _of_words(dialect: Dialect, post_id: str, theme: str, at: Any, thread: str, words: str) -> Mark:
    return _made(dialect, post_id, theme, at, thread, json.loads(words))


def _made(dialect: Dialect, post_id: str, theme: str, at: Any, thread: str, kept: Mapping[str, Any]) -> Mark:
    said = {**kept, "keys": tuple(kept["keys"]), "kinds": tuple(kept["kinds"])}
    return Mark(post_id=post_id, theme=theme, at=from_driver(dialect, marks.c.at.type, at), thread=thread, **said)
