"""Sound: how a Chinese character is read, without its tone.

The readings come from pypinyin's table of characters, which is read by itself: the package and its tables of phrases
and of characters take 50 MB, and what is kept of the latter for the characters of Unicode's first block, 0.5.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from array import array
from collections.abc import Mapping
from functools import cache
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment.ordinary import followers
from sentiment.shelf import shelved

FIRST, LAST = 0x4E00, 0x9FFF
READINGS = 2
"""Readings of one character that are looked for: 校 xiao, jiao."""
SPELLINGS = 8
"""Spellings of one word that are looked for."""


def readings(char: str) -> tuple[str, ...]:
    """The toneless readings of a character, the usual one first; none for what is not of Unicode's main Chinese block.

    Raises RuntimeError, in Chinese, where pypinyin is missing.
    """
    known, numbers = _table()
    return known[numbers[ord(char) - FIRST]] if len(char) == 1 and FIRST <= ord(char) <= LAST else ()


def codes_by_sound(codes: Mapping[str, str]) -> npt.NDArray[np.uint32]:
    """For each character from FIRST to LAST the code point that `codes` has for its usual reading, 0 where it has none;
    then a 0 for all other characters."""
    known, numbers = _table()
    found = np.array([ord(codes[some[0]]) if some and some[0] in codes else 0 for some in known], np.uint32)
    return np.append(found.take(numbers), np.uint32(0))


def usual_sounds() -> npt.NDArray[np.intp]:
    """For each character from FIRST to LAST the number of its usual reading; those without one share a number."""
    known, numbers = _table()
    order: dict[str, int] = {}
    usual = [order.setdefault(some[0] if some else "", len(order)) for some in known]
    return np.array(usual, np.intp).take(numbers)


_Table = tuple[list[tuple[str, ...]], "array[int]"]
"""Every list of readings, and for each character from FIRST to LAST the number of its own."""


@cache
def _table() -> _Table:
    return shelved("sounds", sources(), _made, _read)


def sources() -> tuple[bytes, ...]:
    """What the readings are made of. Raises RuntimeError, in Chinese, where pypinyin is missing."""
    return tuple(path.read_bytes() for path in (Path(__file__), *sorted(_pypinyin().glob("pinyin_dict.*"))))


def _read(kept: Mapping[str, Any]) -> _Table:
    known, numbers = [tuple(map(str, one)) for one in kept["known"]], array("H", map(ord, kept["numbers"]))
    if len(numbers) != LAST - FIRST + 1 or max(numbers) >= len(known):
        raise ValueError
    return known, numbers


def _made() -> dict[str, object]:
    numbers = array("H", bytes(2 * (LAST - FIRST + 1)))
    found: dict[tuple[str, ...], int] = {(): 0}
    spoken: dict[str, int] = {}
    for point, written in _written(_pypinyin()).items():
        if FIRST <= point <= LAST:
            if (number := spoken.get(written)) is None:
                some = tuple(dict.fromkeys(_toneless(one) for one in written.split(",") if one))[:READINGS]
                number = spoken[written] = found.setdefault(some, len(found))
            numbers[point - FIRST] = number
    return {"known": list(found), "numbers": "".join(map(chr, numbers))}


def _pypinyin() -> Path:
    """Where the package is installed, which itself is not imported."""
    package = importlib.util.find_spec("pypinyin")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("没有找到拼音表 pypinyin。请重新安装本程序（pip install fengxin）后再试。")
    return Path(package.submodule_search_locations[0])


def _written(package: Path) -> dict[int, str]:
    """Code point to its readings with tones."""
    spec = importlib.util.spec_from_file_location("pinyin_dict", package / "pinyin_dict.py")
    if spec is None or spec.loader is None:
        raise RuntimeError("拼音表 pypinyin 不完整。请重新安装本程序（pip install fengxin）后再试。")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[int, str] = module.pinyin_dict
    return found


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


@cache
def _toneless(reading: str) -> str:
    parts = _MARKS.sub("", unicodedata.normalize("NFD", reading))
    return parts.replace("u\u0308", "v").replace("\u0308", "")
