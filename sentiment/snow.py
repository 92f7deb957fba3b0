"""SnowNLP's own classifier with its own weights, exactly as installed, behind the port.

Loading takes 2 to 4 seconds and about 430 MB per process, at the first text that says something. Its segmenter needs
more than linear time, so a text of more than `HEAD` + `TAIL` characters is read as its first `HEAD` and last `TAIL`: no
text takes more than about 50 ms, and a shorter one scores exactly what `SnowNLP(text).sentiments` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from sentiment.engine import SILENT, Band, Score, says_something

HEAD = 192
"""Characters read from the beginning of a long text."""
TAIL = 64
"""Characters read from its end, where a comment says what it is about."""

BAND = Band(negative_below=0.5, positive_above=0.95)
"""The best macro-F1 on the training half; the measurement is in README.md. Words it does not know score 0.5."""

REMEMBERED = 8192
"""Texts whose figure is kept: copied comments come in waves."""


@cache
def _classifier() -> Callable[[str], float]:
    from snownlp import sentiment

    classify: Callable[[str], float] = sentiment.classify  # what SnowNLP(text).sentiments calls
    return classify


@lru_cache(maxsize=REMEMBERED)
def _positive(text: str) -> float:
    return min(1.0, max(0.0, _classifier()(text)))


def _bounded(text: str) -> str:
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


class Snow:
    """`p_negative` is 1 - `snow`. SnowNLP's figure is no calibrated probability: long texts push it to 0 or 1."""

    name = "snow"

    def __init__(self, band: Band = BAND) -> None:
        self.band = band

    def score(self, texts: Sequence[str]) -> list[Score]:
        return [self._score(text) for text in texts]

    def _score(self, text: str) -> Score:
        if not says_something(text):
            return SILENT
        positive = _positive(_bounded(text))
        return Score(self.band.polarity(positive), p_negative=1 - positive, p_positive=positive, snow=positive)
