"""Characters by ones, twos and threes: the features of the linear models, as numbers.

A gram is known by its slot, a number of `BITS` bits mixed from its characters; two grams may share one. A text's border
counts as a character in twos and threes, so that the first and the last character of a comment are grams of their own.
Each gram of a text counts once. A text of more than `HEAD` + `TAIL` characters is read as its beginning and its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BITS = 22
"""A table of 4 million slots: about one gram in ten that was never seen meets a weight of another."""
HEAD, TAIL = 1024, 256
"""Characters read from the beginning and the end of a long text."""

Places = npt.NDArray[np.int64]

_BORDER = "\ue000"
_FIRST, _SECOND, _THIRD = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xC2B2AE3D27D4EB4F))
_SHIFT = np.uint64(64 - BITS)


@dataclass(frozen=True, slots=True)
class Grams:
    """The grams of several texts: each slot once per text, text after text; `counts[i]` of them are of text i."""

    slots: Places
    owners: Places
    counts: Places


def grams(texts: Sequence[str]) -> Grams:
    """The grams of each text; any string, whatever stands beside it."""
    bounded = [text if len(text) <= HEAD + TAIL else text[:HEAD] + text[-TAIL:] for text in texts]
    lengths = np.array([len(text) + 1 for text in bounded], np.int64)
    owners = np.repeat(np.arange(len(bounded)), lengths)
    slots, inside = _slots(_BORDER.join(["", *bounded, ""]) if bounded else _BORDER)
    owner = np.concatenate([owners[inside], owners, owners[inside]])
    both = np.sort(owner << BITS | slots)
    both = both[np.diff(both, prepend=-1) != 0]
    owner = both >> BITS
    return Grams(both & ((1 << BITS) - 1), owner, np.bincount(owner, minlength=len(bounded)))


def stood(text: str) -> tuple[Places, Places, Places]:
    """Each gram of a text's beginning (HEAD characters) with where it stands, start and end, as often as it does."""
    text = text[:HEAD]
    slots, inside = _slots(f"{_BORDER}{text}{_BORDER}")
    pairs = np.arange(len(slots) - 2 * len(inside))
    starts = np.concatenate([inside - 1, pairs - 1, inside - 2])
    ends = np.concatenate([inside, pairs + 1, inside + 1])
    return slots, np.clip(starts, 0, len(text)), np.clip(ends, 0, len(text))


def _slots(joined: str) -> tuple[Places, Places]:
    """The slots of texts with a border before, between and after them: of all ones, twos, threes; and where the ones
    stand."""
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    inside = np.flatnonzero(points[:-1] != ord(_BORDER))
    one = points * _FIRST
    two = (one[:-1] + points[1:]) * _SECOND
    three = (two[inside - 1] + points[inside + 1]) * _THIRD
    return (np.concatenate([one[inside], two, three]) >> _SHIFT).astype(np.int64), inside
