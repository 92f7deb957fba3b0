"""Writings: how the words of a list may be written, by their sound, in letters, by initials, in like shapes.

What the second look (`sentiment.disguise`) searches for; of a long list it is kept on the shelf.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import daachorse
import numpy as np

from sentiment import lookalike, sound
from sentiment.lookalike import odd_pairs
from sentiment.ordinary import latin
from sentiment.ordinary import source as pairs
from sentiment.shelf import shelved
from sentiment.snow_tables import Numbers
from sentiment.sound import FIRST, LAST, codes_by_sound, readings, spellings

MANY = 1000
"""Words from which on what is made of them is kept on the shelf; of fewer it is made as fast as read."""


@dataclass(frozen=True, slots=True)
class Writings:
    """How a list of words may be written. `sounds` in `codes`, `spelled` in letters: to the words; `initials`: to the
    only word by sound that they stand for; `odd`: see `lookalike.odd_pairs`."""

    codes: Mapping[str, str]
    sounds: Mapping[str, Sequence[str]]
    spelled: Mapping[str, Sequence[str]]
    initials: Mapping[str, str]
    odd: Mapping[str, str]


def writings_of(words: Sequence[str], by_sound: Sequence[str]) -> Writings:
    """Those of these words, in order; of many from the shelf."""
    make = partial(_made, words, by_sound)
    if len(words) < MANY:
        return Writings(**make())
    listed = ("\n".join(some).encode() for some in (words, by_sound))
    made_of = (Path(__file__).read_bytes(), *listed, pairs(), *sound.sources(), *lookalike.sources())
    return shelved("disguises", made_of, make, _read)


def _made(words: Sequence[str], by_sound: Sequence[str]) -> dict[str, Any]:
    codes, sounds = _sounds(words)
    return {
        "codes": codes, "sounds": sounds, "spelled": _spelled(words), "initials": _initials(by_sound),
        "odd": odd_pairs(words),
    }  # fmt: skip


def _read(kept: Mapping[str, Any]) -> Writings:
    """Raises LookupError, TypeError, AttributeError, where it is something else."""
    for name, of in (("codes", str), ("sounds", list), ("spelled", list), ("initials", str), ("odd", str)):
        if not all(isinstance(one, of) for one in kept[name].values()):
            raise TypeError(name)
    return Writings(**{name: kept[name] for name in Writings.__slots__})


def _sounds(words: Sequence[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The code of every sound, and the words by how they sound in codes."""
    codes: dict[str, str] = {}
    patterns: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        if len(word) > 1:
            usual = [readings(char)[:1] for char in word]
            coded = (codes.setdefault(one, chr(0xF0000 + len(codes))) for known in usual for one in known)
            patterns["".join(coded)].append(word)
    return codes, patterns


def _spelled(words: Sequence[str]) -> dict[str, list[str]]:
    patterns: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        for sounds in spellings(word):
            if len(word) > 1 or len(sounds[0]) > 2:
                patterns["".join(sounds)].append(word)
    return patterns


def _initials(words: Sequence[str]) -> dict[str, str]:
    """Initials to the only listed word that they stand for."""
    patterns: defaultdict[str, set[str]] = defaultdict(set)
    for word in words:
        if len(word) > 1:
            patterns["".join(sounds[0][0] for sounds in map(readings, word) if sounds)].add(word)
    return {letters: words.pop() for letters, words in patterns.items() if len(words) == 1 and letters not in latin()}


class Finder:
    """Patterns with the words that each stands for, by its number."""

    def __init__(self, patterns: Mapping[str, Sequence[str]]) -> None:
        known = sorted(patterns)
        self.words = [tuple(dict.fromkeys(patterns[one])) for one in known]
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(known) if patterns else None

    def hits(self, text: str) -> list[tuple[int, int, int]]:
        """Start, end and number of every place of every pattern."""
        return self._automaton.find_overlapping(text) if self._automaton is not None else []


class Sounding:
    """Characters to the code of their sound, where a word has that sound; others stay."""

    def __init__(self, codes: Mapping[str, str]) -> None:
        self._codes = codes_by_sound(codes)

    def of(self, points: Numbers) -> str:
        """The text of these code points, in codes."""
        place = np.minimum(points - np.uint32(FIRST), LAST + 1 - FIRST)  # what lies before FIRST wraps around
        code = self._codes.take(place)
        return np.where(code, code, points).astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
