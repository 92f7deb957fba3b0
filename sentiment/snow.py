"""SnowNLP's own classifier with its own weights, exactly as installed, behind the port, without SnowNLP's own code.

Words are cut by `segment.py`; here they are looked up, summed and turned into a figure as SnowNLP does it, addition by
addition, so that the figure is the same to the last bit. Many texts at once cost little more than one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import repeat

import numpy as np

from sentiment.engine import SILENT, Band, Score, says_something
from sentiment.segment import Words, by_text, chunks, cut_together
from sentiment.snow_compiled import worth_compiling
from sentiment.snow_tables import Places, tables

HEAD = 3072
"""Characters read from the beginning of a long text."""
TAIL = 1024
"""Characters read from its end, where a comment says what it is about."""

BAND = Band(negative_below=0.5, positive_above=0.95)
"""The best macro-F1 on the training half; the measurement is in README.md. Words it does not know score 0.5."""


class Snow:
    """`p_negative` is 1 - `snow`. SnowNLP's figure is no calibrated probability: long texts push it to 0 or 1."""

    name = "snow"

    def __init__(self, band: Band = BAND) -> None:
        self.band = band

    def score(self, texts: Sequence[str]) -> list[Score]:
        read = {text: _bounded(text) for text in texts if says_something(text)}
        different = list(dict.fromkeys(read.values()))
        scores = dict(zip(different, map(self._score, figures(different)), strict=True))
        return [scores[read[text]] if text in read else SILENT for text in texts]

    def _score(self, positive: float) -> Score:
        return Score(self.band.polarity(positive), p_negative=1 - positive, p_positive=positive, snow=positive)


def _bounded(text: str) -> str:
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


def figures(texts: Sequence[str]) -> list[float]:
    """`SnowNLP(text).sentiments` of each text, 0..1; what SnowNLP cannot read ('') gets what it says of no words.

    Linear in the length of a text; see `segment.cut` for very long ones.
    """
    return [figure for part in chunks(texts) for figure in _figures(cut_together(part))]


def figures_and_words(texts: Sequence[str]) -> tuple[list[float], list[list[str]]]:
    """As `figures`, and the words that each text was cut into for it."""
    found: list[float] = []
    said: list[list[str]] = []
    for part in chunks(texts):
        words = cut_together(part)
        names = words.all()
        found += _figures(words, names)
        said += by_text(words, names)
    return found, said


def _figures(words: Words, names: list[str] | None = None) -> list[float]:
    """`names`: the words themselves, where they are known already."""
    model = tables()
    compiled = worth_compiling(0)
    numbers = compiled.numbers(words.points, words.starts, words.ends) if compiled else numbers_by_name(words, names)
    text = np.arange(len(words.counts))
    where = np.concatenate([text, np.repeat(text, words.counts)])  # bincount adds one by one, in this order
    sums = [
        np.bincount(where, np.concatenate([np.full(len(text), prior), values.take(numbers)])).tolist()
        for prior, values in zip(model.priors, model.word_values, strict=True)
    ]
    negative, positive = model.classes.tolist()
    return list(map(_figure, sums[negative], sums[positive], repeat(negative < positive)))


def numbers_by_name(words: Words, names: list[str] | None = None) -> Places:
    """The place of every word in `word_values`; `names`: the words, where they are known already."""
    names = words.all() if names is None else names
    return np.fromiter(map(vocabulary().get, names, repeat(unknown_word())), np.intp, len(names))


@cache
def vocabulary() -> dict[str, int]:
    """The place in `word_values` of every word; a stop word's values are 0, and add nothing."""
    known, _, stops = tables().words.tobytes().decode("utf-8", "surrogatepass").partition("\n\n")
    words = known.split("\n")
    return dict(zip(words, range(len(words)), strict=True)) | dict.fromkeys(stops.split("\n"), len(words) + 1)


@cache
def unknown_word() -> int:
    """The place in `word_values` of a word that is not in the vocabulary."""
    return int(tables().word_values.shape[1]) - 2


def _figure(negative: float, positive: float, negative_first: bool) -> float:
    """SnowNLP's figure from the logarithms of both classes; where both are alike, the class it asks first wins."""
    against, towards = _share(positive - negative), _share(negative - positive)
    chosen = towards > against if negative_first else towards >= against
    return min(1.0, max(0.0, towards if chosen else 1 - against))


def _share(other: float) -> float:
    try:
        return 1 / (1.0 + math.exp(other))
    except OverflowError:
        return 0.0
