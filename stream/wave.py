"""Wave 转贴潮: what many people paste in the same words counts once, with how many they are.

A voice counts once and a set of words counts once: marks are counted in pairs of one of each, so that a talkative
person and a text that many paste each weigh as one line. Which pairs is chosen so that the sum is greatest; that sum
never falls when a mark is added or grows heavier, which picking the heaviest mark first would not promise.

A wave is evidence by itself: each time the voices that share the words double, it weighs as one line more. Two voices
are two lines either way, eight weigh as four, and nothing ever weighs more than its voices would one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import log2

from stream.evidence import Mark


@dataclass(slots=True)
class Words:
    """A set of words: its heaviest mark with the points of that, and everybody who said them."""

    points: float
    mark: Mark
    voices: set[str] = field(default_factory=set)

    @property
    def weight(self) -> float:
        """The points of one line, and of one more for each doubling of the voices."""
        return self.points * (1 + log2(len(self.voices)))


@dataclass(frozen=True, slots=True)
class Counted:
    """The words that count, in the order in which they were first said; what their spreading adds, in points."""

    words: tuple[Words, ...]
    spread: float


def counted(said: Iterable[tuple[float, Mark]]) -> Counted:
    """What counts of these marks, each with its points; never more in all than every voice's heaviest mark."""
    found: dict[str, Words] = {}
    heaviest: dict[str, float] = {}
    for points, mark in said:
        voice, words = mark.voice, found.get(mark.cluster or mark.post_id)
        heaviest[voice] = max(heaviest.get(voice, 0.0), points)
        if words is None:
            words = found[mark.cluster or mark.post_id] = Words(points, mark)
        elif (points, mark.rule) > (words.points, words.mark.rule):
            words.points, words.mark = points, mark
        words.voices.add(voice)
    kept = _paired(found)
    once, whole, voices = sum(one.points for one in kept), sum(one.weight for one in kept), sum(heaviest.values())
    if once > voices:  # of near-equal texts the heaviest speaks for all
        for one in kept:
            one.points *= voices / once
        once = voices
    return Counted(tuple(kept), max(0.0, round(min(whole, voices) - once, 6)))


def _paired(found: Mapping[str, Words]) -> list[Words]:
    """The words that can be given a voice of their own, of greatest weight together."""
    said: dict[str, list[str]] = {}
    for key, words in found.items():
        for voice in words.voices:
            said.setdefault(voice, []).append(key)
    own = {keys[0] for keys in said.values() if len(keys) == 1}
    rest = sorted((key for key in found if key not in own), key=lambda key: _rank(found[key]), reverse=True)
    taken: dict[str, str] = {}
    spent: set[str] = set()
    for key in rest:
        if _given(key, found, taken, spent):
            own.add(key)
    return [words for key, words in found.items() if key in own]


def _rank(words: Words) -> tuple[float, str]:
    return words.weight, words.mark.rule


def _given(first: str, found: Mapping[str, Words], taken: dict[str, str], spent: set[str]) -> bool:
    """Whether these words get a voice, others being moved to another of theirs. `taken`: the words of each voice.

    `spent`: voices from which no free one is reached, now or later.
    """
    free = next((voice for voice in found[first].voices if voice not in taken), None)
    if free is not None:  # which one is all the same: what can be given a voice besides does not hang on it
        taken[free] = first
        return True
    asked: dict[str, str] = {}
    """By voice: the words that asked for it."""
    queue = [first]
    for key in queue:
        for voice in sorted(found[key].voices - asked.keys() - spent):
            asked[voice] = key
            if voice not in taken:
                _move(voice, first, asked, taken)
                return True
            queue.append(taken[voice])
    spent |= asked.keys()
    return False


def _move(voice: str, first: str, asked: Mapping[str, str], taken: dict[str, str]) -> None:
    """Give the free voice to the words that asked for it, theirs to those that asked before, back to the first."""
    had = {words: one for one, words in taken.items()} if asked[voice] != first else {}
    while (key := asked[voice]) != first:
        taken[voice] = key
        voice = had[key]
    taken[voice] = first
