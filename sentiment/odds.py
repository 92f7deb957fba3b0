"""Odds: how much a stretch of text speaks for a word that sounds like it, against what stands there.

偷素 before 电话 says nothing, 通红 in 脸通红 does: what is written is ordinary where each character is to be expected
after the one before it, and the one behind it after the last. Characters follow each other as often as the pairs of
`sentiment.ordinary` were counted. A rare character among those of its sound is no sign by itself: whoever hides a word
takes any of them, and names are full of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from math import log

import numpy as np
import numpy.typing as npt

from sentiment.ordinary import followers, powers
from sentiment.segment import points_of
from sentiment.sound import FIRST, LAST, usual_sounds

HALF = 0.5
"""What a character that was never seen counts."""
UNSEEN = 3000.0
"""Characters that may be written and were never seen, in the total of those that were."""
FAITH = 5.0
"""Pairs by which a character's followers are trusted less, besides the number of different ones (Witten and Bell)."""
_HAN = re.compile("[\u4e00-\u9fff]")
Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Counted:
    """By code point from FIRST: how often a character stands before and behind others, how many different ones follow
    it, its share among those of its sound, and its sound's number. `heard`: how often a sound follows another.
    `total`: pairs."""

    before: Counts
    behind: Counts
    kinds: Counts
    share: Counts
    sounds: npt.NDArray[np.intp]
    heard: Counts
    total: float


def _summed(places: npt.NDArray[np.intp], figures: Counts, size: int) -> Counts:
    return np.bincount(places, figures, size).astype(np.float64)


@cache
def _counted() -> _Counted:
    """About 5 ms."""
    size = LAST - FIRST + 1
    firsts = np.repeat(points_of("".join(followers())), [len(some) for some in followers().values()]).astype(np.intp)
    seconds = points_of("".join(followers().values())).astype(np.intp)
    digits = np.frombuffer("".join(powers().values()).encode(), np.uint8).astype(np.int64)
    times = 2.0 ** np.where(digits < ord("a"), digits - ord("0"), digits - ord("a") + 10)
    behind = _summed(seconds - FIRST, times, size)
    sounds = usual_sounds()
    share = (behind + HALF) / (_summed(sounds, behind, size)[sounds] + HALF)
    many = int(sounds.max()) + 1
    heard = _summed(sounds[firsts - FIRST] * many + sounds[seconds - FIRST], times, many * many)
    return _Counted(
        _summed(firsts - FIRST, times, size),
        behind,
        _summed(firsts - FIRST, np.ones_like(times), size),
        share,
        sounds,
        heard.reshape(many, many),
        float(times.sum()),
    )


def _times(first: str, second: str) -> float:
    place = followers().get(first, "").find(second)
    return float(1 << int(powers()[first][place], 16)) if place >= 0 else 0.0


@lru_cache(8192)  # few pairs are most of what is asked
def _expected(first: str, second: str) -> float:
    """The logarithm of how probable the second character is behind the first; anywhere, where that is empty."""
    known = _counted()
    anywhere = (float(known.behind[ord(second) - FIRST]) + HALF) / (known.total + UNSEEN)
    if not first:
        return log(anywhere)
    times = float(known.before[ord(first) - FIRST])
    trust = times / (times + float(known.kinds[ord(first) - FIRST]) + FAITH)
    return log(trust * _times(first, second) / max(times, 1.0) + (1 - trust) * anywhere)


def chance(text: str, start: int, end: int) -> float:
    """How unlikely `text[start:end]` is where it stands, in nats: Chinese characters of Unicode's main block.

    Only what stands beside it is looked at.
    """
    left, right = text[start - 1 : start], text[end : end + 1]
    chars = [left if _HAN.match(left) else "", *text[start:end]]
    likely = sum(_expected(one, other) for one, other in pairwise(chars))
    if _HAN.match(right):
        likely += _expected(chars[-1], right) - _expected("", right)
    return -likely


def odds(text: str, start: int, end: int, word: str) -> float:
    """In nats: what is written at `text[start:end]` as chance has it, and as somebody writes it who means `word`, which
    is as long and sounds so."""
    share = _counted().share
    changed = (one for one, other in zip(text[start:end], word, strict=True) if one != other)
    return chance(text, start, end) + sum(log(share[ord(one) - FIRST]) for one in changed)


def coincidence(word: str) -> float:
    """How often ordinary pairs other than the word's own sound like it; of a longer word, like the rarest of its pairs.

    All characters of Unicode's main block, two at least.
    """
    known = _counted()
    return min(
        float(known.heard[known.sounds[ord(one) - FIRST], known.sounds[ord(other) - FIRST]]) - _times(one, other)
        for one, other in pairwise(word)
    )
