"""Heads: the linear models over grams, one for each question asked of a text, and the file that they rest in.

A head's sum over a text is the sum of the weights of its grams by the root of how many there are, and a constant; what
a sum means is told by its curve. All heads lie side by side in one table, so that a gram is looked up once.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment.curve import Curve
from sentiment.grams import BITS, Grams

Floats = npt.NDArray[np.float64]

FORM = 1
"""Of the file; another form is refused."""
FILE = "characters.npz"
STEPS = 127
"""A head's greatest weight is this many steps of its scale."""
_FAR = 60_000
"""The longest way from one slot to the next in the file; a longer one has an empty slot between."""
_DAY = (1980, 1, 1, 0, 0, 0)


class Question(StrEnum):
    """What a head answers; above 0 is yes."""

    LEANING = "leaning"
    """Positive rather than negative, given that the text leans at all."""
    NEUTRAL = "neutral"
    ABUSE = "abuse"
    CONCERN = "concern"
    """Somebody at the school should look at it."""


@dataclass(frozen=True, slots=True)
class Head:
    """The weights of one question in steps of `scale`, at `slots`, which rise."""

    slots: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int8]
    scale: float
    constant: float
    curve: Curve


@dataclass(frozen=True, slots=True)
class Mix:
    """How the word weights join the head of the leaning: the factors of `joined`, and a curve of its own."""

    factors: Floats
    curve: Curve


MOST = 200
"""Words: more than any text of those that the mix was learned from; beyond, the sum of the words would outvote all."""


def joined(head: Floats, words: Floats, many: npt.NDArray[np.int64]) -> Floats:
    """What is mixed, per text: the head's sum, the words' sum, that by the root of how many words, and 1. A text of
    more than MOST words counts as one of MOST words like its own."""
    some = np.clip(many, 1, MOST)
    words = words * (some / np.maximum(many, 1))
    return np.column_stack([head, words, words / np.sqrt(some), np.ones(len(head))])


@dataclass(frozen=True, slots=True)
class Heads:
    """Everything that was trained but the word weights. LEANING and NEUTRAL are always there."""

    heads: Mapping[Question, Head]
    mix: Mix

    def lean(self) -> Heads:
        """The same without the weights, for whoever has their `table`: 3 MB."""
        none = np.empty(0, np.int64)
        bare = {
            question: replace(head, slots=none, steps=none.astype(np.int8)) for question, head in self.heads.items()
        }
        return Heads(bare, self.mix)

    def table(self) -> SlotWeights:
        """All weights side by side."""
        table = np.zeros((1 << BITS, len(Question)), np.int8)
        for place, question in enumerate(Question):
            if question in self.heads:
                table[self.heads[question].slots, place] = self.heads[question].steps
        known = table.view(np.uint32).reshape(-1)
        there = np.flatnonzero(known)
        rows, which = np.unique(known[there], return_inverse=True)
        places = np.zeros(1 << BITS, np.min_scalar_type(len(rows)))
        places[there] = which + 1
        return SlotWeights(places, np.concatenate([np.zeros(1, np.uint32), rows]))


@dataclass(frozen=True, slots=True)
class SlotWeights:
    """The weights of every slot. Few rows differ, so a slot is the place of its row in 16 bits: 8 MB instead of 16."""

    places: npt.NDArray[Any]
    rows: npt.NDArray[np.uint32]
    """A byte per question, in the order of Question."""

    def take(self, slots: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
        """The weights at these slots, one line each."""
        return self.rows.take(self.places.take(slots)).view(np.int8).reshape(-1, len(Question))


def sums(heads: Heads, table: SlotWeights, found: Grams) -> dict[Question, Floats]:
    """Each head's sum over each text; exact whole numbers are added, so no neighbour changes a text's sum."""
    steps = table.take(found.slots)
    root = np.sqrt(np.maximum(found.counts, 1))
    answers: dict[Question, Floats] = {}
    for place, question in enumerate(Question):
        head = heads.heads.get(question)
        if head is not None:
            total = np.bincount(found.owners, weights=steps[:, place], minlength=len(found.counts))
            answers[question] = total / root * head.scale + head.constant
    return answers


def content(heads: Heads) -> bytes:
    """The bytes of the file; equal heads give equal bytes."""
    slots = np.unique(np.concatenate([head.slots for head in heads.heads.values()]))
    slots = np.union1d(slots, _stones(slots))
    arrays: dict[str, npt.NDArray[Any]] = {
        "form": np.array([FORM, BITS]),
        "gaps": np.diff(slots, prepend=0).astype(np.uint16),
        "mix.factors": heads.mix.factors,
        "mix.sums": heads.mix.curve.sums,
        "mix.shares": heads.mix.curve.shares,
    }
    for question, head in heads.heads.items():
        steps = np.zeros(len(slots), np.int8)
        steps[np.searchsorted(slots, head.slots)] = head.steps
        arrays[f"{question}.steps"] = steps
        arrays[f"{question}.numbers"] = np.array([head.scale, head.constant])
        arrays[f"{question}.sums"], arrays[f"{question}.shares"] = head.curve.sums, head.curve.shares
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            one = io.BytesIO()
            np.lib.format.write_array(one, np.ascontiguousarray(arrays[name]), version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _DAY), one.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return file.getvalue()


def _stones(slots: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Empty slots to step on where the way from one to the next is too long for the file."""
    before = np.concatenate([[0], slots[:-1]])
    return np.array(
        [stone for a, b in zip(before.tolist(), slots.tolist(), strict=True) if b - a > _FAR
         for stone in range(a + _FAR, b, _FAR)], np.int64,
    )  # fmt: skip


def load(path: Path) -> Heads:
    """The heads of a file that `content` made. Raises OSError; ValueError, in Chinese, where it is another file."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            if file["form"].tolist() != [FORM, BITS]:
                raise ValueError
            slots = np.cumsum(file["gaps"].astype(np.int64))
            found = {q: _head(file, q, slots) for q in Question if f"{q}.steps" in file}
            mix = Mix(file["mix.factors"], Curve(file["mix.sums"], file["mix.shares"]))
    except (KeyError, ValueError, zipfile.BadZipFile, EOFError):
        raise ValueError(f"{path} 不是本版风信训练出的权重；请重新执行 fengxin train。") from None
    return Heads(found, mix)


def _head(file: Mapping[str, Any], question: Question, slots: npt.NDArray[np.int64]) -> Head:
    steps = file[f"{question}.steps"]
    there = np.flatnonzero(steps)
    scale, constant = file[f"{question}.numbers"].tolist()
    return Head(
        slots[there], steps[there], scale, constant, Curve(file[f"{question}.sums"], file[f"{question}.shares"])
    )
