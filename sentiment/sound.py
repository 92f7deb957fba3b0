"""Sound: how a Chinese character is read, without its tone.

The readings come from pypinyin's table of characters; its table of phrases (40 MB) is not loaded.
"""

from __future__ import annotations

import os
import re
import unicodedata
from functools import cache
from itertools import islice, product

from sentiment.ordinary import followers

os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")

from pypinyin.pinyin_dict import pinyin_dict

READINGS = 2
"""Readings of one character that are looked for: 校 xiao, jiao."""
SPELLINGS = 8
"""Spellings of one word that are looked for."""


@cache
def readings(char: str) -> tuple[str, ...]:
    """The toneless readings of a character, the usual one first; none for what is not Chinese."""
    written = pinyin_dict.get(ord(char), "") if len(char) == 1 else ""
    return tuple(dict.fromkeys(_toneless(one) for one in written.split(",") if one))[:READINGS]


def spellings(word: str) -> list[tuple[str, ...]]:
    """How a word may be read, syllable by syllable; nothing where a character has no reading."""
    return list(islice(product(*map(readings, word)), SPELLINGS))


@cache
def syllables() -> frozenset[str]:
    """Every toneless syllable of ordinary characters, but those of one letter other than a, e, o."""
    found = {one for char in followers() for one in readings(char)}
    return frozenset(one for one in found if len(one) > 1 or one in "aeo")


@cache
def _longest() -> int:
    return max(map(len, syllables()))


def borders(letters: str) -> tuple[set[int], set[int]]:
    """Where a run of latin letters may be cut so that all before the cut, or all after it, are whole syllables."""
    length = len(letters)
    before, after = {0}, {length}
    for place in range(1, length + 1):
        if any(place - n in before and letters[place - n : place] in syllables() for n in range(1, _longest() + 1)):
            before.add(place)
    for place in range(length - 1, -1, -1):
        if any(place + n in after and letters[place : place + n] in syllables() for n in range(1, _longest() + 1)):
            after.add(place)
    return before, after


_MARKS = re.compile("[\u0300-\u0307\u0309-\u036f]")


def _toneless(reading: str) -> str:
    parts = _MARKS.sub("", unicodedata.normalize("NFD", reading))
    return parts.replace("u\u0308", "v").replace("\u0308", "")
