"""Study: how the corpus becomes `sentiment.subject`. Needs scikit-learn, as `training` does.

Which text is grave is learned from the corpus and from ordinary comments, which theme it is of from the corpus alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment import subject
from sentiment.curve import Curve, fitted
from sentiment.heads import STEPS
from sentiment.labelled import Kind, Labelled, Row
from sentiment.normalise import normalise
from sentiment.subject import Subjects
from sentiment.training import (
    FINE,
    FOLDS,
    ORDINARY_WEIGHT,
    Flags,
    Floats,
    Model,
    columns_of,
    features_of,
    fold,
    is_ordinary,
)  # fmt: skip

GRAVEST, GRAVEST_WEIGHT, MILDER_WEIGHT = 3, 2.0, 0.5
"""The risk at which one line is enough; how much such a row, and one of risk 1 or 2, counts for `grave`."""
NO_THEME = "none"
SLACK = 1.0


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
    return FOLDS + 1 + len(set(known.themes) - {""})


def write(subjects: Subjects, folder: Path) -> Path:
    """Write the file beside those of `Trained.write`. Raises OSError."""
    path = folder / subject.FILE
    path.write_bytes(subject.content(subjects))
    return path


def unseen_grave(known: Study, tell: Callable[[], object] = lambda: None) -> Floats:
    """The sum for `grave` of each comment, by a model that did not see its family."""
    features, truth, weights = features_of(known.texts), known.risks == GRAVEST, _grave_weights(known)
    unseen = np.zeros(len(known.texts))
    for part in range(FOLDS):
        held = known.folds == part
        unseen[held] = _plain(features[~held], truth[~held], weights[~held]).sums(features[held])
        tell()
    return unseen


def grave_curve(known: Study, unseen: Floats) -> Curve:
    """From a sum to how likely a line is grave among texts like those of the corpus, one ordinary in ten counted."""
    return fitted(unseen, known.risks == GRAVEST, np.where(known.ordinary, ORDINARY_WEIGHT, 1.0), FINE)


def _grave_weights(known: Study) -> Floats:
    milder = (known.risks > 0) & (known.risks < GRAVEST)
    return np.where(known.risks == GRAVEST, GRAVEST_WEIGHT, np.where(milder, MILDER_WEIGHT, 1.0))


def fit(known: Study, tell: Callable[[], object] = lambda: None) -> Subjects:
    """One model for grave, one against the rest for each theme, over the grams of the corpus alone."""
    curve = grave_curve(known, unseen_grave(known, tell))
    features = features_of(known.texts)
    models = [_plain(features, known.risks == GRAVEST, _grave_weights(known))]
    tell()
    themes = tuple(sorted(set(known.themes) - {""}))
    told = np.array([bool(theme) for theme in known.themes])
    of_themes, said = features[told], np.array([theme for theme in known.themes if theme])
    for theme in themes:
        models.append(_plain(of_themes, said == theme, np.ones(len(said))))
        tell()
    ours = columns_of(features[~known.ordinary])
    scales = np.array([float(np.abs(model.weights).max()) / STEPS for model in models])
    steps = np.zeros((len(ours), len(models)), np.int8)
    for place, model in enumerate(models):
        inside = np.isin(model.columns, ours)
        whole = np.rint(model.weights[inside] / scales[place]).astype(np.int8)
        steps[np.searchsorted(ours, model.columns[inside]), place] = whole
    kept = steps.any(axis=1)
    return Subjects(themes, ours[kept], steps[kept], scales, np.array([m.constant for m in models]), curve)


def _plain(features: Any, truth: Flags, weights: Floats) -> Model:
    """A model in which each gram is weighed by how rare it is: better than by its sides where yes is rare."""
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    columns = columns_of(features)
    kept = features[:, columns]
    rarity = np.log(1 + kept.shape[0] / np.bincount(kept.indices, minlength=len(columns)))
    model = LogisticRegression(C=SLACK, solver="liblinear", random_state=0, max_iter=200)
    model.fit(kept @ sparse.diags(rarity), truth, sample_weight=weights)
    return Model(columns, model.coef_[0] * rarity, float(model.intercept_[0]))
