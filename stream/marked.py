"""Marked 记号: the marks that the lines of one batch of the watch ask for, read once, with those that it leaves itself.

What is found is what the rows would give after each line; a matter's marks are kept in their order, so that a line in a
flood of thousands is told of them without sorting or decoding any.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, bindparam, select

from stream.evidence import QUICK_HOURS, SLOW_DAYS, Mark, cue_key, has_room, room_of
from stream.line import KEY_LENGTH, mark_keys, marks
from stream.matter import CUE
from stream.store import Among, add_new, from_driver, put_all

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
SPENT = select(marks.c.theme).where(_HERE, marks.c.post_id == bindparam("post"), marks.c.spent)
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


@dataclass(slots=True)
class _Shelf:
    """Marks under one key, the oldest first."""

    order: list[tuple[datetime, str, str]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    names: set[Name] = field(default_factory=set)
    said: Counter[object] = field(default_factory=Counter)
    """How often the same was said; how often by one voice."""

    def put(self, mark: Mark) -> None:
        """Put a mark in its place; it must not be there."""
        place = bisect_left(self.order, mark.place)
        self.order.insert(place, mark.place)
        self.marks.insert(place, mark)
        self.names.add((mark.post_id, mark.theme))
        self.said.update((mark.says, (mark.says, mark.voice)))

    def has_room(self, mark: Mark) -> bool:
        """Whether a mark is kept here."""
        room, each = room_of(mark)
        if self.said[mark.says] < room and self.said[mark.says, mark.voice] < each:
            return True
        return has_room(mark, self.marks[self._first(mark.at - SLOW) :])

    def since(self, at: datetime) -> Iterator[tuple[tuple[datetime, str, str], Mark]]:
        """Those of this moment and later, each with its place."""
        first = self._first(at)
        return zip(self.order[first:], self.marks[first:], strict=True)

    def all_since(self, at: datetime) -> tuple[Mark, ...]:
        """Those of this moment and later."""
        return tuple(self.marks[self._first(at) :])

    def _first(self, at: datetime) -> int:
        return bisect_left(self.order, (at, "", ""))


class Marked:
    """The marks of one batch and school. `since`: when the first of its lines was published."""

    def __init__(self, school: str, since: datetime) -> None:
        self._school, self.since = school, since
        self._decoded: dict[Name, Mark] = {}
        self._waiting: list[tuple[Mark, list[str]]] = []
        self._forget()

    def _forget(self) -> None:
        self._keys: dict[str, _Shelf] = {}
        self._themes: dict[str, set[str]] = {}

    def leave(self, conn: Connection, own: Sequence[Mark], *, is_known: bool) -> None:
        """Leave the marks of a line. `is_known`: a further text of a post whose marks may stand here already."""
        if is_known:  # what its earlier text left under other keys, and what was spent, only the rows tell
            self._waiting += [(mark, self._roomy(conn, mark)) for mark in own]
            self.write(conn)
            self._forget()
            self._decoded |= {(mark.post_id, mark.theme): mark for mark in own}
            return
        for mark in own:
            keys = self._roomy(conn, mark)
            self._waiting.append((mark, keys))
            self._decoded[mark.post_id, mark.theme] = mark
            for key in keys:
                self._keys[key].put(mark)
            if mark.theme != CUE and mark.thread in self._themes:
                self._themes[mark.thread].add(mark.theme)

    def _roomy(self, conn: Connection, mark: Mark) -> list[str]:
        """The keys of a mark under which there is room for it."""
        keys = list(dict.fromkeys(key[:KEY_LENGTH] for key in mark.keys))
        return [key for key, shelf in zip(keys, self.by_key(conn, keys, mark.at), strict=True) if shelf.has_room(mark)]

    def write(self, conn: Connection) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        put_all(conn, marks, [_row(self._school, mark) for mark, _ in waiting])
        add_new(conn, mark_keys, [
            {"school": self._school, "key": key, "post_id": mark.post_id, "theme": mark.theme}
            for mark, keys in waiting for key in keys
        ])  # fmt: skip

    def stand(self, conn: Connection, own: Sequence[Mark]) -> tuple[Mark, ...]:
        """Those of a kept line's marks that were not spent."""
        spent = (
            {theme for (theme,) in conn.execute(SPENT, {"owner": self._school, "post": own[0].post_id})} if own else ()
        )
        return tuple(mark for mark in own if mark.theme not in spent)

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
        return _together(self.by_key(conn, keys, at), at - SLOW)

    def cues(self, conn: Connection, threads: Iterable[str], at: datetime) -> tuple[Mark, ...]:
        """The unspent cues in these threads, of QUICK_HOURS before this moment and later, the oldest first."""
        return _together(self.by_key(conn, map(cue_key, threads), at), at - QUICK)

    def by_key(self, conn: Connection, keys: Iterable[str], at: datetime) -> list[_Shelf]:
        """What stands under each of these keys; those that are not known are asked for at once."""
        names = dict.fromkeys(key[:KEY_LENGTH] for key in keys)
        if at < self.since:
            self.since = at
            self._forget()
        if new := sorted(names.keys() - self._keys.keys()):
            self.write(conn)
            rows = FOUND.ask(conn, new, owner=self._school, since=self.since - SLOW)
            self._decode(conn, {(post_id, theme) for _, post_id, theme in rows})
            self._keys |= {key: _Shelf() for key in new}
            for key, post_id, theme in rows:
                self._keys[key].put(self._decoded[post_id, theme])
        return [self._keys[key] for key in names]

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
        return full[0].all_since(since)
    found = sorted(chain.from_iterable(shelf.since(since) for shelf in (full[0], *rest)), key=itemgetter(0))
    before = chain([None], (place for place, _ in found))
    return tuple(mark for last, (place, mark) in zip(before, found, strict=False) if place != last)


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
