"""One weight per word, in a file that SnowNLP itself loads and scores with.

SnowNLP keeps two tables of counts. With equal totals, and one count for words it never saw, its Bayes is nothing but
the sigmoid of the sum of log(count for / count for the unseen). So any weight without a constant can be written as a
count; `snownlp.sentiment.Sentiment().load(...)` then answers as `WordWeights` does.
"""

from __future__ import annotations

import marshal
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment.snow import HEAD, TAIL

UNSEEN = 64
"""The count of an unseen word on either side: a weight is kept to about 1.5 %."""
FILE = "words.marshal.3"
"""SnowNLP is given the name without the `.3`, which it adds under Python 3."""

Floats = npt.NDArray[np.float64]


def bounded(text: str) -> str:
    """What is read of a text: of a long one the beginning and the end, as the engine `snow` does."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


@dataclass(frozen=True, slots=True)
class WordWeights:
    """What each word adds: above 0 speaks for positive."""

    weights: Mapping[str, float]

    def sums(self, words: Iterable[Sequence[str]]) -> Floats:
        """The sum over each text's words; a word counts as often as it stands there, an unknown one nothing."""
        get = self.weights.get
        return np.array([math.fsum(map(get, one, repeat(0.0))) for one in words], float)


def quantised(weights: Mapping[str, float]) -> dict[str, int]:
    """Each weight as a count above UNSEEN, minus for negative; weights too small to be counted are left out."""
    counts = {word: round(UNSEEN * math.exp(abs(weight))) for word, weight in sorted(weights.items())}
    return {word: count if weights[word] > 0 else -count for word, count in counts.items() if count > UNSEEN}


def content(counts: Mapping[str, int]) -> bytes:
    """The bytes of a file for SnowNLP; equal counts give equal bytes."""
    sides = {"neg": {w: -n for w, n in counts.items() if n < 0}, "pos": {w: n for w, n in counts.items() if n > 0}}
    tables = {side: {"d": dict(sorted(d.items())), "total": 1.0, "none": UNSEEN} for side, d in sides.items()}
    return marshal.dumps({"d": tables, "total": 2.0}, 2)  # version 2 has no references, which would depend on the run


def load(path: Path) -> WordWeights:
    """The weights of a file that `content` made. Raises OSError; ValueError, in Chinese, where it is another file."""
    try:
        tables: dict[str, Any] = marshal.loads(path.read_bytes())["d"]  # noqa: S302 - a file of this package or of the operator's own training
        found: dict[str, float] = {}
        for side, sign in (("neg", -1), ("pos", 1)):
            counts = tables[side]["d"]
            weight = {count: sign * math.log(count / UNSEEN) for count in set(counts.values())}  # few differ
            found.update(zip(counts, map(weight.__getitem__, counts.values()), strict=True))
        return WordWeights(found)
    except (EOFError, KeyError, TypeError, ValueError):
        raise ValueError(f"{path} 不是风信训练出的词权重；请重新执行 fengxin train。") from None
