"""Study: how the corpus becomes `sentiment.subject`. Needs scikit-learn, as `training` does.

Which text is grave or weighty is learned from the corpus and from ordinary comments, which theme it is of from the
corpus alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sentiment import subject
from sentiment.curve import Curve, fitted
from sentiment.fit import Flags, Floats, by_rarity, columns_of, features_of, scale_of
from sentiment.labelled import Kind, Labelled, Row
from sentiment.normalise import normalise
from sentiment.subject import Subjects
from sentiment.training import FINE, FOLDS, ORDINARY_WEIGHT, fold, is_ordinary

GRAVEST, GRAVEST_WEIGHT, MILDER_WEIGHT = 3, 2.0, 0.5
"""The risk at which one line is enough; how much such a row, and one of risk 1 or 2, counts for `grave`."""
WEIGHTY = 2
"""The risk from which on a line tells of something that must be checked, not of a mood or a wish."""
NO_THEME = "none"


@dataclass(frozen=True, slots=True)
class Study:
    """The comments of `sentiment.subject`: the corpus, and ordinary comments (risk 0, no theme)."""

    texts: tuple[str, ...]
    risks: npt.NDArray[np.int64]
    themes: tuple[str, ...]
    ordinary: Flags
    folds: npt.NDArray[np.int64]


def study(files: Iterable[Labelled]) -> Study | None:
    """What `sentiment.subject` learns from, by normalised text; None where no corpus row is grave or of a theme."""
    rows: dict[str, Row] = {}
    for file in files:
        for row in file.rows:
            if file.kind is Kind.CORPUS or is_ordinary(row, file.kind):
                rows[normalise(row.text).text] = row
    risks = np.array([row.risk or 0 for row in rows.values()])
    themes = tuple(row.theme if row.theme != NO_THEME else "" for row in rows.values())
    if not (risks == GRAVEST).any() or len(set(themes) - {""}) < 2:
        return None
    return Study(
        tuple(rows), risks, themes, np.array([row.risk is None for row in rows.values()]),
        np.array([fold(row.family or row.text) for row in rows.values()]),
    )  # fmt: skip


def steps(known: Study) -> int:
    """How many models `fit` fits, for a progress bar."""
    return 2 * (FOLDS + 1) + len(set(known.themes) - {""})


def write(subjects: Subjects, folder: Path) -> Path:
    """Write the file beside those of `Trained.write`. Raises OSError."""
    path = folder / subject.FILE
    path.write_bytes(subject.content(subjects))
    return path


def unseen_grave(known: Study, tell: Callable[[], object] = lambda: None) -> Floats:
    """The sum for `grave` of each comment, by a model that did not see its family."""
    return _unseen(known, known.risks == GRAVEST, _grave_weights(known), tell)


def unseen_weighty(known: Study, tell: Callable[[], object] = lambda: None) -> Floats:
    """The sum for `weighty` of each comment, by a model that did not see its family."""
    return _unseen(known, known.risks >= WEIGHTY, np.ones(len(known.texts)), tell)


def _unseen(known: Study, truth: Flags, weights: Floats, tell: Callable[[], object]) -> Floats:
    features = features_of(known.texts)
    unseen = np.zeros(len(known.texts))
    for part in range(FOLDS):
        held = known.folds == part
        unseen[held] = by_rarity(features[~held], truth[~held], weights[~held]).sums(features[held])
        tell()
    return unseen


def grave_curve(known: Study, unseen: Floats) -> Curve:
    """From a sum to how likely a line is grave among texts like those of the corpus, one ordinary in ten counted."""
    return _curve(known, unseen, known.risks == GRAVEST)


def _curve(known: Study, unseen: Floats, truth: Flags) -> Curve:
    return fitted(unseen, truth, np.where(known.ordinary, ORDINARY_WEIGHT, 1.0), FINE)


def _grave_weights(known: Study) -> Floats:
    milder = (known.risks > 0) & (known.risks < GRAVEST)
    return np.where(known.risks == GRAVEST, GRAVEST_WEIGHT, np.where(milder, MILDER_WEIGHT, 1.0))


def fit(known: Study, tell: Callable[[], object] = lambda: None) -> Subjects:
    """One model for grave, one for weighty, one against the rest for each theme, over the grams of the corpus alone."""
    grave = grave_curve(known, unseen_grave(known, tell))
    weighty = _curve(known, unseen_weighty(known, tell), known.risks >= WEIGHTY)
    features = features_of(known.texts)
    models = [by_rarity(features, known.risks == GRAVEST, _grave_weights(known))]
    tell()
    models.append(by_rarity(features, known.risks >= WEIGHTY, np.ones(len(known.texts))))
    tell()
    themes = tuple(sorted(set(known.themes) - {""}))
    told = np.array([bool(theme) for theme in known.themes])
    of_themes, said = features[told], np.array([theme for theme in known.themes if theme])
    for theme in themes:
        models.append(by_rarity(of_themes, said == theme, np.ones(len(said))))
        tell()
    ours = columns_of(features[~known.ordinary])
    scales = np.array([scale_of(model.weights) for model in models])
    steps = np.zeros((len(ours), len(models)), np.int8)
    for place, model in enumerate(models):
        inside = np.isin(model.columns, ours)
        whole = np.rint(model.weights[inside] / scales[place]).astype(np.int8)
        steps[np.searchsorted(ours, model.columns[inside]), place] = whole
    kept = steps.any(axis=1)
    constants = np.array([round(model.constant, 6) for model in models])
    return Subjects(themes, ours[kept], steps[kept], scales, constants, grave, weighty)
