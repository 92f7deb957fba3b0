"""Curve: from a model's sum to a probability, a small table that never falls; between its points it is straight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

POINTS = 40
"""Points of a table: each stands for an equal share of the comments that it was made from."""
EDGE = 0.002
"""No probability lies nearer to 0 or 1 than this: so many comments were not read."""


@dataclass(frozen=True, slots=True)
class Curve:
    """`sums` rise, `shares` (0..1) never fall."""

    sums: Floats
    shares: Floats

    def __call__(self, sums: npt.ArrayLike) -> Floats:
        """The probability of each sum."""
        shares: Floats = np.interp(np.asarray(sums, float), self.sums, self.shares)
        return shares


def fitted(sums: Floats, truth: npt.NDArray[np.bool_], weights: Floats | None = None, points: int = POINTS) -> Curve:
    """The curve of these sums, which must come from models that did not see their comments.

    Comments are taken in `points` equal groups; where a group holds a smaller share of truth than the one before, both
    become one (isotonic). `sums` is not empty.
    """
    weight = np.ones(len(sums)) if weights is None else weights
    order = np.argsort(sums, kind="stable")
    groups = np.array_split(order, min(points, len(order)))
    blocks: list[tuple[float, float, float]] = []  # weight, truth, sum: each times weight
    for group in groups:
        w = weight[group]
        block = (float(w.sum()), float(w @ truth[group]), float(w @ sums[group]))
        while blocks and blocks[-1][1] / blocks[-1][0] >= block[1] / block[0]:
            last = blocks.pop()
            block = (last[0] + block[0], last[1] + block[1], last[2] + block[2])
        blocks.append(block)
    return Curve(
        np.array([round(total / size, 4) for size, _, total in blocks]),
        np.clip(np.array([round(true / size, 4) for size, true, _ in blocks]), EDGE, 1 - EDGE),
    )
