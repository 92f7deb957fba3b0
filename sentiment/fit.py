"""Fit: one question's answers in, the weights of a linear model over grams out; the same on every processor.

Needs scikit-learn; used by `training` and `study`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment.curve import Curve
from sentiment.grams import BITS, grams
from sentiment.heads import STEPS, Head

RARE = 2
"""A gram or word of fewer comments is left out."""
RARITY_SLACK = 1.0
"""The C of a model by rarity."""
EXACT, DIGITS = 1e-8, 9
"""Processors add in different orders. A fit goes on until its slope has fallen to this share, and sums keep so many
decimals: fits that stop early stop elsewhere on another processor, and then other weights are written there."""

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted linear model: the columns it looks at, a weight for each, in nats, and what is added to their sum."""

    columns: npt.NDArray[np.int64]
    weights: Floats
    constant: float

    def sums(self, features: Any) -> Floats:
        """The sum for each row of a sparse matrix of 2 ** BITS columns, in nats: above 0 speaks for yes."""
        result: Floats = np.round(features[:, self.columns] @ self.weights + self.constant, DIGITS)
        return result

    def head(self, curve: Curve) -> Head:
        """The same in steps of eight bits, without what rounds to nothing. `curve`: from a sum to a probability."""
        scale = scale_of(self.weights)
        whole = np.rint(self.weights / scale).astype(np.int8)
        there = np.flatnonzero(whole)
        return Head(self.columns[there], whole[there], scale, round(self.constant, 6), curve)


def scale_of(weights: Floats) -> float:
    """One step of these weights, in six digits, so that it is the same on every processor."""
    return float(f"{np.abs(weights).max() / STEPS:.6g}")


def features_of(texts: Sequence[str]) -> Any:
    """One row per text: its grams by the root of how many there are."""
    from scipy import sparse

    found = grams(texts)
    values = 1 / np.sqrt(np.maximum(found.counts, 1))[found.owners]
    edges = np.concatenate([[0], np.cumsum(found.counts)])
    return sparse.csr_matrix((values, found.slots, edges), shape=(len(texts), 1 << BITS))


def ratio_of(present: Any, truth: Flags, weights: Floats) -> Floats:
    """By how much each column speaks for yes: log of its share on both sides, one added."""
    yes = 1 + np.asarray(present.T @ (weights * truth)).ravel()
    no = 1 + np.asarray(present.T @ (weights * ~truth)).ravel()
    ratio: Floats = np.round(np.log(yes / yes.sum()) - np.log(no / no.sum()), DIGITS)
    return ratio


def columns_of(features: Any) -> npt.NDArray[np.int64]:
    """The columns of a sparse matrix that hold in RARE rows and more, in order."""
    columns: npt.NDArray[np.int64] = np.flatnonzero(np.bincount(features.indices, minlength=1 << BITS) >= RARE)
    return columns


def settled(
    features: Any, truth: Flags, weights: Floats, slack: float, *, constant: bool = True
) -> tuple[Floats, float]:
    """The weights of a logistic regression and its constant, the same wherever it is fitted. `slack`: its C.

    One thread adds: several would add in an order of their own for every number of cores, and eight times as long.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    fit = LogisticRegression(
        C=slack, solver="liblinear", fit_intercept=constant, random_state=0, tol=EXACT, max_iter=1000
    )
    with threadpool_limits(1):
        fit.fit(features, truth, sample_weight=weights)
    return fit.coef_[0], float(np.ravel(fit.intercept_)[0])


def by_sides(features: Any, truth: Flags, weights: Floats, slack: float) -> Model:
    """A model in which each gram is weighed by how differently the two sides use it ("NB-SVM")."""
    from scipy import sparse

    columns = columns_of(features)
    kept = features[:, columns]
    present = kept.copy()
    present.data = np.ones_like(present.data)
    ratio = ratio_of(present, truth, weights)
    found, constant = settled(kept @ sparse.diags(ratio), truth, weights, slack)
    return Model(columns, found * ratio, constant)


def by_rarity(features: Any, truth: Flags, weights: Floats) -> Model:
    """A model in which each gram is weighed by how rare it is: better than by its sides where yes is rare."""
    from scipy import sparse

    columns = columns_of(features)
    kept = features[:, columns]
    rarity = np.round(np.log(1 + kept.shape[0] / np.bincount(kept.indices, minlength=len(columns))), DIGITS)
    found, constant = settled(kept @ sparse.diags(rarity), truth, weights, RARITY_SLACK)
    return Model(columns, found * rarity, constant)


def mean_of(models: Sequence[Model], features: Any) -> Model:
    """One model for several over the same columns, each by how far its sums over `features` are spread."""
    shares = [1 / round(float(model.sums(features).std()), 6) / len(models) for model in models]
    weights = sum(model.weights * share for model, share in zip(models, shares, strict=True))
    constant = sum(model.constant * share for model, share in zip(models, shares, strict=True))
    return Model(models[0].columns, np.asarray(weights), constant)
