"""The engines of this project's own weights: `linear` reads grams, `blend` words besides.

What lies at the bottom of both is in `grams`, `heads` and `word_weights`; SnowNLP's own score stands beside ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sentiment import heads as heads_file
from sentiment import subject, word_weights
from sentiment.engine import SILENT, Band, Score, says_something
from sentiment.grams import grams
from sentiment.heads import Heads, Question, joined, sums
from sentiment.polarity import Polarity
from sentiment.snow import figures, figures_and_words
from sentiment.subject import ASKED_FROM, STRETCHED_FROM, STRETCHED_FROM_GRAVE, Subjects, whole_words
from sentiment.word_weights import WordWeights, bounded

SHIPPED = Path(__file__).parent / "weights"
"""The weights that come with the program."""
UNSURE_BELOW = 0.55
"""Where no class is as likely as this, the engine is unsure; what that costs and saves is in README.md."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything that one folder holds, ready for look-up."""

    heads: Heads
    words: WordWeights
    table: heads_file.SlotWeights
    subjects: Subjects | None


@cache
def weights(folder: Path) -> Weights:
    """The weights in a folder, once per process. Raises OSError, ValueError."""
    heads = heads_file.load(folder / heads_file.FILE)
    words = word_weights.load(folder / word_weights.FILE)
    return Weights(heads.lean(), words, heads.table(), subject.load(folder / subject.FILE))


def edition(folder: Path = SHIPPED) -> str:
    """Which weights these are: 12 characters that change with a single weight. Raises OSError."""
    digest = hashlib.sha256()
    for name in (heads_file.FILE, word_weights.FILE, subject.FILE):
        if name != subject.FILE or (folder / name).exists():
            digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:12]


class Linear:
    """Grams only. A band, where one is given, lies on the figure for positive among what leans."""

    name = "linear"

    def __init__(self, band: Band | None = None, folder: Path = SHIPPED) -> None:
        self.band = band
        self.folder = folder

    def score(self, texts: Sequence[str]) -> list[Score]:
        different = list(dict.fromkeys(filter(says_something, texts)))
        if not different:
            return [SILENT] * len(texts)
        answers, said = self._scores(different)
        self._ask(different, answers, said)
        found = dict(zip(different, answers, strict=True))
        return [found.get(text, SILENT) for text in texts]

    def _ask(self, texts: Sequence[str], answers: list[Score], said: Sequence[Sequence[str]]) -> None:
        """What the texts of concern are about, and how grave. `said`: the words of each text, where they are cut."""
        subjects = weights(self.folder).subjects
        wanted = [place for place, one in enumerate(answers) if (one.p_concern or 0.0) >= ASKED_FROM]
        if subjects is None or not wanted:
            return
        judged = subjects.judge(grams([texts[place] for place in wanted]))
        for place, (grave, weighty, theme, matter) in zip(wanted, judged, strict=True):
            shown = grave >= STRETCHED_FROM_GRAVE or (answers[place].p_concern or 0.0) >= STRETCHED_FROM
            stretches = subjects.stretches(texts[place], theme) if shown else ()
            grounds = whole_words(texts[place], stretches, said[place]) if stretches and said else ()
            answers[place] = replace(
                answers[place],
                p_grave=grave,
                p_weighty=weighty,
                theme=theme,
                matter=matter,
                stretches=stretches,
                grounds=grounds,
            )

    def _scores(self, texts: Sequence[str]) -> tuple[list[Score], Sequence[Sequence[str]]]:
        """A score for each text, and the words that each was cut into, none where this engine cuts none."""
        known = weights(self.folder)
        found = sums(known.heads, known.table, grams(texts))
        curves = known.heads.heads
        snow, leans, said = self._leaning(known, texts, found)
        neutral = curves[Question.NEUTRAL].curve(found[Question.NEUTRAL])
        asked = {q: curves[q].curve(found[q]).tolist() if q in found else [None] * len(texts)
                 for q in (Question.ABUSE, Question.CONCERN)}  # fmt: skip
        negative, positive = (1 - neutral) * (1 - leans), (1 - neutral) * leans
        scores = [
            Score(self._polarity(n, p, lean), n, p, one, max(n, p, 1 - n - p) < UNSURE_BELOW, abuse, concern)
            for n, p, lean, one, abuse, concern in zip(
                negative.tolist(), positive.tolist(), leans.tolist(), snow,
                asked[Question.ABUSE], asked[Question.CONCERN], strict=True,
            )
        ]  # fmt: skip
        return scores, said

    def _leaning(
        self, known: Weights, texts: Sequence[str], found: Mapping[Question, Floats]
    ) -> tuple[list[float], Floats, Sequence[Sequence[str]]]:
        """SnowNLP's own figure, how likely each text is positive if it leans, and the words it was cut into."""
        snow = figures([bounded(text) for text in texts])
        return snow, known.heads.heads[Question.LEANING].curve(found[Question.LEANING]), ()

    def _polarity(self, negative: float, positive: float, lean: float) -> Polarity:
        if self.band is not None:
            return self.band.polarity(lean)
        rest = 1 - negative - positive
        if rest >= negative and rest >= positive:
            return Polarity.NEUTRAL
        return Polarity.NEGATIVE if negative >= positive else Polarity.POSITIVE


class Blend(Linear):
    """Grams, and for the leaning the words as SnowNLP cuts them."""

    name = "blend"

    def _leaning(
        self, known: Weights, texts: Sequence[str], found: Mapping[Question, Floats]
    ) -> tuple[list[float], Floats, Sequence[Sequence[str]]]:
        snow, said = figures_and_words([bounded(text) for text in texts])
        many = np.array([len(one) for one in said])
        both = joined(found[Question.LEANING], known.words.sums(said), many)
        mix = known.heads.mix
        total = sum(both[:, place] * factor for place, factor in enumerate(mix.factors.tolist()))
        return snow, mix.curve(np.asarray(total)), said
