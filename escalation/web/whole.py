"""Whole 整词: marked places widened to what a person reads as one: a number belongs to its measure word (两个发烧), and
no figure and no Latin word is marked in part. Positions stay those of the writer's own text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MEASURES = frozenset("个名位人例栋幢层次条起顿份张块元天间台")
_NUMBER = re.compile(r"(?:好几|第?(?:\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百千万几半])[\d十百千万多几余来]*)$")
"""At the end of what stands before a measure word; 很多人 has none."""
LONGEST = 12
"""Characters of a number that are looked at."""
NAMED = frozenset("周期拜初高大研")
"""Before these a numeral is a name: 周一, 大三."""


def whole(text: str, spans: Iterable[Sequence[int]]) -> list[tuple[int, int]]:
    """The same places, each widened where it would be cut oddly; those that hold nothing of the text are left out."""
    clipped = [(max(0, int(start)), min(len(text), int(stop))) for start, stop in spans]
    return [(_begin(text, start), _end(text, stop)) for start, stop in clipped if start < stop]


def _begin(text: str, start: int) -> int:
    start = _run_of(text, start)
    if text[start] not in MEASURES:
        return start
    found = _NUMBER.search(text, max(0, start - LONGEST), start)
    if found is None or (found.start() and text[found.start() - 1] in NAMED):
        return start
    return _run_of(text, found.start())


def _run_of(text: str, start: int) -> int:
    """Where the figure or Latin word begins that stands there, or the place itself."""
    while start and _is_plain(text[start]) and _is_plain(text[start - 1]):
        start -= 1
    return start


def _end(text: str, stop: int) -> int:
    while stop < len(text) and _is_plain(text[stop]) and _is_plain(text[stop - 1]):
        stop += 1
    return stop


def _is_plain(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()
