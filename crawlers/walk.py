"""A walk: reading a stream newest first, page by page, down to what is known; and only then the cursor moves.

`since_id` gives the newest rows above it, not the oldest, so more than one new page means walking down by `max_id`. We
ask from a little below the cursor: a healthy answer then always holds a row that we know, and an empty one is no
answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

OVERLAP = 3
REMEMBERED = 200
PAGES = 40


class Step(StrEnum):
    """What to do after a page."""

    NEXT = "next"
    DONE = "done"
    SOFT_EMPTY = "soft_empty"
    PAUSE = "pause"


@dataclass(slots=True)
class Walk:
    """`high`: newest id read completely; `recent`: newest known ids, newest first; `resume`: where a long walk paused.

    `need`: how many known rows end the walk; `pages`: the limit of one crawl.
    """

    high: int = 0
    recent: tuple[int, ...] = ()
    need: int = 1
    pages: int = PAGES
    resume: int = 0
    top: int = 0
    met: list[int] = field(default_factory=list)
    read: int = 0
    promised: bool = False
    lowest: int = 0

    @classmethod
    def of(cls, cursor: Mapping[str, Any], *, need: int = 1, pages: int = PAGES) -> Walk:
        """The walk that a stored cursor asks for."""
        paused = cursor.get("walk") or {}
        met = [int(one) for one in paused.get("met", ())]
        walk = cls(int(cursor.get("high", 0)), tuple(int(one) for one in cursor.get("recent", ())), need, pages)
        walk.resume, walk.top, walk.met = int(paused.get("next", 0)), int(paused.get("top", 0)), met
        walk.promised = bool(walk.resume)
        return walk

    def since(self, failures: int = 0) -> int:
        """The `since_id` to ask with: below the newest known rows, further after empty answers; 0 at first."""
        reach = OVERLAP * 2 ** min(failures // OVERLAP, 6)
        wanted = self.recent[:reach]
        return wanted[-1] - 1 if wanted else max(self.high - 1, 0)

    def take(
        self, ids: Collection[int], *, size: int, oldest: int | None, more: bool | None, past: bool = False
    ) -> Step:
        """Take a page: `ids` of the rows that move the cursor, `size` and `oldest` of all rows, whether the platform
        promises `more`, and whether the page lies `past` the history wanted on a first walk."""
        self.read += 1
        if size == 0 or oldest is None:
            nothing_before = not self.recent and not self.high and self.read == 1 and not self.promised
            honest_end = not self.high and more is None and self.read > 1
            return Step.DONE if nothing_before or honest_end else Step.SOFT_EMPTY
        self.met.extend(ids)
        self.top = max(self.top, *ids, 0) if ids else self.top
        self.lowest = oldest
        known = sum(1 for one in ids if self.high and one <= self.high)
        if known >= min(self.need, len(self.recent) or 1) and self.high:
            return Step.DONE
        if more is False or (past and not self.high):
            return Step.DONE
        self.promised = bool(more)
        return Step.PAUSE if self.read >= self.pages else Step.NEXT

    @property
    def next(self) -> int:
        """The inclusive `max_id` of the next page."""
        return self.lowest - 1 if self.lowest else self.resume

    def joined(self) -> bool:
        """Whether the walk met something it knew: if not, and there was a cursor, rows may lie between."""
        return not self.high or any(one <= self.high for one in self.met)

    def finished(self) -> dict[str, Any]:
        """The cursor after a complete walk. It never moves backwards and survives the deletion of its own row."""
        recent = sorted({*self.met, *self.recent}, reverse=True)[:REMEMBERED]
        return {"high": str(max(self.high, self.top)), "recent": [str(one) for one in recent]}

    def paused(self) -> dict[str, Any]:
        """The cursor of a walk that goes on later: what was complete stays, the way already gone is kept."""
        walk = {"next": str(self.next), "top": str(self.top), "met": _text(sorted(set(self.met), reverse=True))}
        return {"high": str(self.high), "recent": _text(self.recent), "walk": walk}


def _text(ids: Sequence[int]) -> list[str]:
    return [str(one) for one in ids[:REMEMBERED]]
