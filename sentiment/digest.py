"""Digest 摘要: the few sentences that say most of what many texts say, as they were written.

TextRank: a sentence is central where central sentences share its words (those that `keywords` may show; rare ones
weigh more). SnowNLP compares every two sentences; here rank goes from sentences to their words and back, which is the
same sum without the pairs, so that thousands of lines take a fraction of a second. Of what is said twice one is taken.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from sentiment.keywords import veiled, words_of

LINES = 2_000
"""Texts that are read; the first ones."""
SENTENCES = 3
SHORTEST, LONGEST = 6, 90
"""Characters of a sentence that may be shown."""
DAMPING, ROUNDS = 0.85, 30
ALIKE = 0.5
"""Shared words over all words from which two sentences say the same."""
_END = re.compile(r"[。！？!?；;\n]+")
_CALL = re.compile(r"^(?:(?:回复|转发|扩散|同问|【转】|〔[^〕]{1,8}〕|//)[\s:：，,]*)+")
"""What stands before the words of a reply or of a copy."""
_BLANKS = re.compile(r"\s+")

Floats = npt.NDArray[np.float64]


def digest(texts: Iterable[str], most: int = SENTENCES) -> list[str]:
    """At most `most` sentences of these (redacted) texts, the most central first; linear in their length."""
    said = list(dict.fromkeys(one for text in _first(texts) for one in _sentences(text)))
    words = [sorted(set(found) - {""}) for found in words_of(said)]
    ranks = _ranks(words)
    chosen: list[int] = []
    for place in sorted(range(len(said)), key=lambda at: (-ranks[at], at)):
        if len(chosen) == most or not ranks[place]:
            break
        if all(_shared(words[place], words[other]) < ALIKE for other in chosen):
            chosen.append(place)
    return [said[place] for place in chosen]


def _first(texts: Iterable[str]) -> list[str]:
    return [text for _, text in zip(range(LINES), texts, strict=False)]


def _sentences(text: str) -> list[str]:
    pieces = (_CALL.sub("", _BLANKS.sub(" ", piece).strip(" ，,、：:")) for piece in _END.split(veiled(text)))
    return [piece for piece in pieces if SHORTEST <= len(piece) <= LONGEST]


def _ranks(words: Sequence[Sequence[str]]) -> list[float]:
    """The rank of each sentence; 0 for one that shares no word with another."""
    held = Counter(word for found in words for word in found)
    number = {word: place for place, word in enumerate(held)}
    row = np.repeat(np.arange(len(words)), [len(found) for found in words])
    column = np.array([number[word] for found in words for word in found], np.intp)
    rare = np.array([math.log(1 + len(words) / held[word]) for word in number])
    size = len(number)
    own = np.bincount(row, (rare**2)[column], len(words))
    length = np.sqrt(np.where(own, own, 1.0))
    value = rare[column] / length[row]
    alone = np.bincount(row, value**2, len(words))
    to_words = np.bincount(column, value, size)
    given = np.bincount(row, value * to_words[column], len(words)) - alone
    given[given < 1e-9] = 0.0
    rank = np.ones(len(words))
    for _ in range(ROUNDS):
        passed = np.divide(rank, given, out=np.zeros_like(rank), where=given > 0)
        through = np.bincount(column, value * passed[row], size)
        rank = 1 - DAMPING + DAMPING * (np.bincount(row, value * through[column], len(words)) - alone * passed)
    return [float(one) for one in np.where(given > 0, rank, 0.0)]


def _shared(one: Sequence[str], other: Sequence[str]) -> float:
    every = {*one, *other}
    return len({*one} & {*other}) / len(every) if every else 1.0
