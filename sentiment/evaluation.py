"""Figures of judging, each with an interval: how often an engine is right, how well it ranks, how true its shares are.

Pure: arrays in, figures out. Every interval is a 95 % bootstrap with a fixed seed, so the same answers give the same
digits. What depends on a table of counts alone (accuracy, F1, precision, recall) is drawn from the table, which is
exactly the bootstrap over rows and costs nothing per row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 2000
SEED = 20250901
TAIL = 2.5
"""Per cent left out on either side of an interval."""
AT_ONCE = 4_000_000
"""Weights that a drawing of whole rows holds in memory at a time."""
MOST, FEW = 12_000_000, 300
"""Weights drawn in all for one figure; of very many rows fewer draws are made, but never fewer than FEW."""

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]
Share = Callable[[NDArray[Any]], Numbers]
"""A figure of tables of counts: any number of leading axes, then truth, then answer; not a number where undefined."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; all three are None where the figure is not defined (a share of nothing)."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """Texts whose given probability lies in [low, high): how many, what was said on average, what was true."""

    low: float
    high: float
    rows: int
    said: float
    true: float
    true_low: float
    true_high: float


def table(truth: ArrayLike, said: ArrayLike, classes: int) -> Counts:
    """How often class `i` (0-based) was answered as class `j`. Raises ValueError where the lengths differ."""
    true, answered = np.asarray(truth, np.int64), np.asarray(said, np.int64)
    if true.shape != answered.shape:
        raise ValueError(f"{len(true)} truths and {len(answered)} answers")
    return np.bincount(true * classes + answered, minlength=classes * classes).reshape(classes, classes)


def accuracy(counts: NDArray[Any]) -> Numbers:
    """Share of right answers."""
    return _divided(np.trace(counts, axis1=-2, axis2=-1), counts.sum((-2, -1)))


def f1_by_class(counts: NDArray[Any]) -> Numbers:
    """F1 of every class; 0 for one that was never answered rightly, known or not."""
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    both = counts.sum(-1) + counts.sum(-2)
    return np.where(both > 0, 2 * right / np.maximum(both, 1), 0.0)


def macro_f1(counts: NDArray[Any]) -> Numbers:
    """Mean of the classes' F1."""
    return np.asarray(f1_by_class(counts).mean(-1), np.float64)


def precision(counts: NDArray[Any]) -> Numbers:
    """Of the answers of the last class the share that is right."""
    return _divided(counts[..., -1, -1], counts[..., :, -1].sum(-1))


def recall(counts: NDArray[Any]) -> Numbers:
    """Of the texts of the last class the share that was found."""
    return _divided(counts[..., -1, -1], counts[..., -1, :].sum(-1))


def f1(counts: NDArray[Any]) -> Numbers:
    """F1 of the last class."""
    return np.asarray(f1_by_class(counts)[..., -1], np.float64)


def estimate(counts: Counts, share: Share, draws: int = DRAWS) -> Estimate:
    """A figure of a table with its interval over rows."""
    rows = int(counts.sum())
    if not rows:
        return Estimate(None)
    drawn = np.random.default_rng(SEED).multinomial(rows, counts.ravel() / rows, size=draws)
    return _estimate(float(share(counts)), share(drawn.reshape(draws, *counts.shape)))


def proportion(found: int, rows: int, per: float = 1.0) -> Estimate:
    """`found` of `rows`, times `per`, with its interval; of none or all the exact one, for no draw would differ."""
    if rows and found in (0, rows):
        far = 1 - (TAIL / 100) ** (1 / rows)
        low, high = (0.0, far) if not found else (1 - far, 1.0)
        return Estimate(found / rows * per, low * per, high * per)
    at = estimate(
        np.array([[rows - found, found]], np.int64), lambda counts: _divided(counts[..., 0, 1], counts.sum((-2, -1)))
    )
    if at.value is None or at.low is None or at.high is None:
        return at
    return Estimate(at.value * per, at.low * per, at.high * per)


def auc(truth: ArrayLike, score: ArrayLike, weights: NDArray[Any] | None = None) -> Numbers:
    """The chance that a true text has a higher score than another, a tie counting half; not a number without both.

    `weights`: how often each row counts, with any number of leading axes (one answer for each).
    """
    true, figures = np.asarray(truth, bool), np.asarray(score, np.float64)
    order = np.argsort(figures, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(figures[order]) != 0]) if len(order) else np.zeros(0, np.int64)
    counted = (np.ones(len(true)) if weights is None else np.asarray(weights, np.float64))[..., order]
    if not len(starts):
        return np.full(counted.shape[:-1], np.nan)
    above = np.add.reduceat(counted * true[order], starts, axis=-1)
    below = np.add.reduceat(counted * ~true[order], starts, axis=-1)
    passed = (above * (np.cumsum(below, -1) - below / 2)).sum(-1)
    return _divided(passed, above.sum(-1) * below.sum(-1))


def auc_estimate(truth: ArrayLike, score: ArrayLike, draws: int = DRAWS) -> Estimate:
    """The same with its interval over rows."""
    rows = len(np.asarray(truth))
    value = float(auc(truth, score))
    if np.isnan(value):
        return Estimate(None)
    draws = max(min(draws, FEW), min(draws, MOST // rows))
    source, even = np.random.default_rng(SEED), np.full(rows, 1 / rows)
    step = max(1, AT_ONCE // rows)
    parts = [
        auc(truth, score, source.multinomial(rows, even, size=min(step, draws - done)))
        for done in range(0, draws, step)
    ]
    return _estimate(value, np.concatenate(parts))


def reliability(truth: ArrayLike, probability: ArrayLike, bins: int = 10) -> tuple[Bin, ...]:
    """What was said against what was true, in `bins` equal parts of 0..1; empty parts are left out."""
    true, said = np.asarray(truth, bool), np.asarray(probability, np.float64)
    part = np.clip((said * bins).astype(int), 0, bins - 1)
    out: list[Bin] = []
    for number in range(bins):
        here = part == number
        if rows := int(here.sum()):
            at = proportion(int(true[here].sum()), rows)
            low, high = at.low if at.low is not None else 0.0, at.high if at.high is not None else 1.0
            share = float(true[here].mean())
            out.append(Bin(number / bins, (number + 1) / bins, rows, float(said[here].mean()), share, low, high))
    return tuple(out)


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """By how much on average what is said differs from what is true, 0..1 (expected calibration error)."""
    rows = sum(one.rows for one in bins)
    return sum(one.rows * abs(one.said - one.true) for one in bins) / rows if rows else 0.0


def ratio(top: ArrayLike, bottom: ArrayLike, draws: int = DRAWS) -> Estimate:
    """Sum over sum, with its interval over whole groups (scenarios); one entry of each for a group.

    Where every group has none or all the interval is the exact one of so many groups, for no draw would differ.
    """
    above, below = np.asarray(top, np.float64), np.asarray(bottom, np.float64)
    if not below.sum():
        return Estimate(None)
    groups = int((below > 0).sum())
    if not above.any() or np.array_equal(above, below):
        return proportion(groups if above.any() else 0, groups)
    weights = drawn_groups(len(above), draws)
    return _estimate(float(above.sum() / below.sum()), _divided(weights @ above, weights @ below))


def median(groups: list[list[float]], draws: int = DRAWS) -> Estimate:
    """The median of the values of all groups, with its interval over whole groups."""
    values = np.array([value for group in groups for value in group], np.float64)
    if not len(values):
        return Estimate(None)
    owner = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    order = np.argsort(values, kind="stable")
    counts = drawn_groups(len(groups), draws)[:, owner[order]]
    reached, total = np.cumsum(counts, 1), counts.sum(1, keepdims=True)
    lower = values[order][np.argmax(reached * 2 >= total, 1)]
    upper = values[order][np.argmax(reached * 2 > total, 1)]
    return _estimate(float(np.median(values)), np.where(total[:, 0] > 0, (lower + upper) / 2, np.nan))


def drawn_groups(groups: int, draws: int = DRAWS) -> Counts:
    """How often each of so many groups is in each draw."""
    return np.random.default_rng(SEED).multinomial(groups, np.full(groups, 1 / groups), size=draws)


def _divided(top: ArrayLike, bottom: ArrayLike) -> Numbers:
    above, below = np.asarray(top, np.float64), np.asarray(bottom, np.float64)
    out: Numbers = np.full(np.broadcast(above, below).shape, np.nan)
    return np.divide(above, below, out=out, where=below != 0)


def _estimate(value: float, drawn: Numbers) -> Estimate:
    if np.isnan(value):
        return Estimate(None)
    known = drawn[~np.isnan(drawn)]
    low, high = np.percentile(known, [TAIL, 100 - TAIL]) if len(known) else (value, value)
    return Estimate(value, float(low), float(high))
