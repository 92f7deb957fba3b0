"""Training: labelled comments in, weights out. With `study` and `fit` it alone needs scikit-learn.

Each head is a logistic regression on grams, each gram weighed by how differently the two sides use it (`fit`); what is
neutral is told by the mean of that and of one in which each gram is weighed by how rare it is. What a sum means is
learned on sums of models that did not see the comment: five folds, in which the rows of one paraphrase family stay
together. Nothing is drawn at random: equal rows give equal weights.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment import heads as heads_file
from sentiment import word_weights
from sentiment.curve import POINTS, fitted
from sentiment.fit import (
    DIGITS,
    RARE,
    Flags,
    Floats,
    Model,
    by_rarity,
    by_sides,
    features_of,
    mean_of,
    ratio_of,
    settled,
)  # fmt: skip
from sentiment.heads import Head, Heads, Mix, Question, joined
from sentiment.labelled import Kind, Labelled, Row
from sentiment.normalise import normalise
from sentiment.polarity import Polarity
from sentiment.segment import cut
from sentiment.word_weights import bounded

FOLDS = 5
SLACK = {Question.LEANING: 8.0, Question.NEUTRAL: 8.0, Question.ABUSE: 4.0, Question.CONCERN: 8.0}
"""The C of each head: how far it may bend to its comments; chosen on the training files by folds."""
WORD_SLACK = 0.3
CORPUS_WEIGHT = 2.0
"""How much a row of our own corpus counts against one of the public files: it is what the school reads."""
BULLYING = "bullying"
"""The theme of the corpus that quotes insults; its other rows teach that criticism is none."""
ORDINARY_EVERY, ORDINARY_WEIGHT = 4, 0.1
"""Of the public three-class comments without school life, which and how much they teach what is no concern."""
GRAVE_WEIGHT = 2.0
"""How much more a row of risk 2 or 3 counts for concern."""
FINE = 400
"""Points of the curves of concern and grave: what is acted on is rare, so its end must be told finely."""


class NotTrainable(ValueError):
    """What is missing before anything can be trained, in Chinese, with the cure."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """The comments of one question: yes or no, how much each counts, in which fold it stays."""

    texts: tuple[str, ...]
    truth: Flags
    weights: Floats
    folds: npt.NDArray[np.int64]
    shares: Floats
    """How much each counts in the curve: what is learned with emphasis is no more frequent for that."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What `write` puts into a folder; `rows` tells how many comments each question learned from."""

    heads: Heads
    words: Mapping[str, int]
    rows: Mapping[Question, int]

    def write(self, folder: Path) -> list[Path]:
        """Write the files; the folder is made. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {heads_file.FILE: heads_file.content(self.heads), word_weights.FILE: word_weights.content(self.words)}
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return [folder / name for name in files]


def lessons(files: Iterable[Labelled]) -> dict[Question, Lesson]:
    """What each question learns from. A text counts once per question, with the label of its last row."""
    asked: dict[Question, dict[str, tuple[bool, Row]]] = {question: {} for question in Question}
    for file in files:
        for row in file.rows:
            for question, truth in _answers(row, file.kind).items():
                text = normalise(row.text).text if question is Question.CONCERN else row.text
                asked[question][text] = truth, row
    return {
        question: Lesson(
            tuple(rows),
            np.array([truth for truth, _ in rows.values()], bool),
            np.array([_weight(row, question) for _, row in rows.values()]),
            np.array([fold(row.family or row.text) for _, row in rows.values()]),
            np.array([_share(row, question) for _, row in rows.values()]),
        )
        for question, rows in asked.items()
        if len({truth for truth, _ in rows.values()}) == 2
    }


def _answers(row: Row, kind: Kind) -> dict[Question, bool]:
    found: dict[Question, bool] = {}
    if row.polarity in (Polarity.NEGATIVE, Polarity.POSITIVE):
        found[Question.LEANING] = row.polarity is Polarity.POSITIVE
    if row.polarity is not None and kind is not Kind.LEANING:
        found[Question.NEUTRAL] = row.polarity is Polarity.NEUTRAL
    if row.offensive is not None:
        found[Question.ABUSE] = row.offensive
    elif kind is Kind.CORPUS and row.theme != BULLYING:
        found[Question.ABUSE] = False
    if row.concern is not None:
        found[Question.CONCERN] = row.concern
    elif is_ordinary(row, kind):
        found[Question.CONCERN] = False
    return found


def is_ordinary(row: Row, kind: Kind) -> bool:
    """Whether a row teaches what is no concern: one in ORDINARY_EVERY of those with a polarity alone that are not of
    school life, by the hash of the text, so the same ones in every run."""
    return kind is Kind.POLARITY and not row.campus and _digest(row.text) % ORDINARY_EVERY == 0


def _weight(row: Row, question: Question) -> float:
    if question is Question.CONCERN:
        return GRAVE_WEIGHT if (row.risk or 0) >= 2 else 1.0 if row.concern is not None else ORDINARY_WEIGHT
    return CORPUS_WEIGHT if row.family else 1.0


def _share(row: Row, question: Question) -> float:
    if question is Question.CONCERN:
        return 1.0 if row.concern is not None else ORDINARY_WEIGHT
    return _weight(row, question)


def fold(family: str) -> int:
    """The part, 0 to FOLDS - 1, that a family of paraphrases is held out with; by hash, so the same in every run."""
    return _digest(family) % FOLDS


def _digest(text: str) -> int:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0]


def steps(asked: Mapping[Question, Lesson]) -> int:
    """How many models `train` fits, for a progress bar."""
    return (len(asked) + 1) * (FOLDS + 1)


def train(asked: Mapping[Question, Lesson], tell: Callable[[], object] = lambda: None) -> Trained:
    """Fit every head, the word weights and their curves; `tell` is called after each model.

    Raises NotTrainable: without scikit-learn, or without comments for the leaning or the neutral.
    """
    _require()
    for question, words in ((Question.LEANING, "正面与负面"), (Question.NEUTRAL, "中性与非中性")):
        if question not in asked:
            raise NotTrainable(f"没有可用来学习{words}的评论；请另加一个带这类标签的文件。")
    heads: dict[Question, Head] = {}
    outside = np.zeros(0)
    for question, lesson in asked.items():
        features = features_of(lesson.texts)
        unseen = np.zeros(len(lesson.texts))
        for part in range(FOLDS):
            held = lesson.folds == part
            model = _model(question, features[~held], lesson.truth[~held], lesson.weights[~held])
            unseen[held] = model.sums(features[held])
            tell()
        model = _model(question, features, lesson.truth, lesson.weights)
        tell()
        points = FINE if question is Question.CONCERN else POINTS
        heads[question] = model.head(fitted(unseen, lesson.truth, lesson.shares, points))
        if question is Question.LEANING:
            outside = unseen
    weights, mix = _words(asked[Question.LEANING], outside, tell)
    return Trained(Heads(heads, mix), weights, {question: len(one.texts) for question, one in asked.items()})


def _require() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise NotTrainable(
            "训练需要 scikit-learn，本机没有安装。请执行 pip install 'fengxin[train]' 后再试；只打分不需要它。"
        ) from None


def _model(question: Question, features: Any, truth: Flags, weights: Floats) -> Model:
    sides = by_sides(features, truth, weights, SLACK[question])
    if question is not Question.NEUTRAL:
        return sides
    return mean_of((sides, by_rarity(features, truth, weights)), features)


# Words ----------------------------------------------------------------------------------------------------------------


def _words(lesson: Lesson, outside: Floats, tell: Callable[[], object]) -> tuple[dict[str, int], Mix]:
    """The word weights of the leaning, and how they join `outside`, the head's sums over comments it did not see."""
    stop = _stop_words()
    whole = cut([bounded(text) for text in lesson.texts])
    said = [[word for word in one if word not in stop] for one in whole]
    unseen = np.zeros(len(said))
    for part in range(FOLDS):
        held = lesson.folds == part
        weights = _word_weights(said, lesson, ~held)
        unseen[held] = word_weights.WordWeights(weights).sums(one for one, out in zip(said, held, strict=True) if out)
        tell()
    counts = word_weights.quantised(_word_weights(said, lesson, np.ones(len(said), bool)))
    tell()
    both = joined(outside, unseen, np.array([len(one) for one in whole]))
    factors = np.round(np.append(*settled(both[:, :-1], lesson.truth, lesson.weights, 1.0)), 6)
    return counts, Mix(factors, fitted(np.round(both @ factors, DIGITS), lesson.truth, lesson.weights))


def _word_weights(said: Sequence[Sequence[str]], lesson: Lesson, used: Flags) -> dict[str, float]:
    """One weight per word, without a constant, from the texts that are `used`; words count as often as they stand."""
    from scipy import sparse

    texts = [said[place] for place in np.flatnonzero(used).tolist()]
    truth, weights = lesson.truth[used], lesson.weights[used]
    seen = Counter(word for one in texts for word in set(one))
    words = sorted(word for word, many in seen.items() if many >= RARE)
    number = {word: place for place, word in enumerate(words)}
    known = [[number[word] for word in one if word in number] for one in texts]
    edges = np.cumsum([0, *map(len, known)])
    columns = np.array([place for one in known for place in one], np.int64)
    counts = sparse.csr_matrix((np.ones(len(columns)), columns, edges), shape=(len(texts), len(words)))
    counts.sum_duplicates()
    present = counts.copy()
    present.data = np.ones_like(present.data)
    ratio = ratio_of(present, truth, weights)
    found, _ = settled(counts @ sparse.diags(ratio), truth, weights, WORD_SLACK, constant=False)
    return dict(zip(words, (found * ratio).tolist(), strict=True))


def _stop_words() -> frozenset[str]:
    """The words that SnowNLP drops before it scores: they can have no weight."""
    spec = importlib.util.find_spec("snownlp")
    if spec is None or not spec.submodule_search_locations:
        raise NotTrainable("没有找到 SnowNLP。请重新安装本程序（pip install fengxin）后再试。")
    path = Path(spec.submodule_search_locations[0]) / "normal" / "stopwords.txt"
    return frozenset(line.strip() for line in path.read_text("utf-8").splitlines())
