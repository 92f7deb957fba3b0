"""Subject: how grave and how weighty a text is and what it is about, asked only of the few texts that are of concern.

A table beside that of `heads`: the grams of our own corpus, and for each a weight for `grave`, `weighty` and every
theme. It is looked up by search and not by slot, so it stays small; that is why only texts of concern are asked.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment.curve import Curve
from sentiment.grams import BITS, Grams, stood

Floats = npt.NDArray[np.float64]
Span = tuple[int, int]

FORM = 2
"""Of the file; another form is refused."""
FILE = "subjects.npz"
ASKED_FROM = 0.3
"""The least probability of concern at which a text is asked; some eight ordinary comments in a hundred reach it."""
STRETCHED_FROM, STRETCHED_FROM_GRAVE = 0.7, 0.35
"""The least probability of concern, or that one such line is enough, at which stretches are looked for: they cost as
much as all else that is asked, and below the bars of whoever shows them nobody looks."""
STRETCHES = 3
"""Stretches of a text that are shown as what weighed most."""
STRETCH_LONGEST = 8
WORD_LONGEST = 8
"""Characters of a word to which a stretch is widened; what is longer, such as an address, is no word to be shown."""
FIRST_THEME = 2
"""The first question that is a theme."""
CARE = "self_harm"
"""The theme of a cry for help."""
_DAY = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Subjects:
    """`steps[i, j]`: what the gram at `slots[i]`, which rise, says for question j in steps of `scales[j]`.

    Question 0 is whether one line is enough (risk 3 of the corpus), question 1 whether it tells of something that can
    be checked and must be (risk 2 or 3), the others are the `themes` in their order.
    """

    themes: tuple[str, ...]
    slots: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int8]
    scales: Floats
    constants: Floats
    grave: Curve
    weighty: Curve

    def look(self, slots: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Where each slot stands in the table, and whether it does."""
        at = np.minimum(np.searchsorted(self.slots, slots), len(self.slots) - 1)
        return at, self.slots[at] == slots

    def sums(self, found: Grams) -> Floats:
        """One row per text, one column per question; exact whole numbers are added."""
        at, known = self.look(found.slots)
        steps, owners, texts = self.steps[at[known]], found.owners[known], len(found.counts)
        total = np.column_stack([np.bincount(owners, one, minlength=texts) for one in steps.T])
        root = np.sqrt(np.maximum(found.counts, 1))
        whole: Floats = total / root[:, None] * self.scales + self.constants
        return whole

    def judge(self, found: Grams) -> list[tuple[float, float, str, str]]:
        """Of each text: how likely grave and weighty (0..1), the theme that fits best, and the best but for CARE."""
        sums = self.sums(found)
        grave, weighty = self.grave(sums[:, 0]).tolist(), self.weighty(sums[:, 1]).tolist()
        fits = sums[:, FIRST_THEME:]
        best = [self.themes[at] for at in fits.argmax(axis=1).tolist()]
        if CARE in self.themes and len(self.themes) > 1:
            fits[:, self.themes.index(CARE)] = -np.inf
        matters = [self.themes[at] for at in fits.argmax(axis=1).tolist()]
        return list(zip(grave, weighty, best, matters, strict=True))

    def stretches(self, text: str, theme: str) -> tuple[Span, ...]:
        """The few stretches of a text that weighed most for grave and for this theme, the heaviest first."""
        slots, starts, ends = stood(text)
        at, known = self.look(slots)
        place = FIRST_THEME + self.themes.index(theme)
        both = self.steps[at[known]][:, [0, place]].astype(float) @ self.scales[[0, place]]
        held = np.zeros(len(text) + 1)
        share = both / np.maximum(ends[known] - starts[known], 1)
        np.add.at(held, starts[known], share)
        np.add.at(held, ends[known], -share)
        return heaviest(np.cumsum(held)[:-1].tolist(), text)


def heaviest(weights: Sequence[float], text: str) -> tuple[Span, ...]:
    """Runs of letters and digits that speak for yes at least half as much as the mean of those that do, cut to
    STRETCH_LONGEST; single characters only where there is nothing longer."""
    speaking = [w for w, char in zip(weights, text, strict=True) if w > 0 and char.isalnum()]
    if not speaking:
        return ()
    bar = sum(speaking) / len(speaking) / 2
    runs: list[Span] = []
    for place, (weight, char) in enumerate(zip(weights, text, strict=True)):
        if weight < bar or not char.isalnum():
            continue
        if runs and runs[-1][1] == place and place - runs[-1][0] < STRETCH_LONGEST:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    runs.sort(key=lambda run: (run[1] - run[0] < 2, -sum(weights[run[0] : run[1]]), run))
    return tuple(runs[:STRETCHES])


def whole_words(text: str, spans: Sequence[Span], words: Iterable[str]) -> tuple[Span, ...]:
    """The spans, in their order, widened to the words that they cut through; what then meets is one span.

    `words`: those of the text as they follow each other in it.
    """
    starts, ends = list(range(len(text))), list(range(1, len(text) + 1))
    at = 0
    for word in words:
        at = text.find(word, at)
        if at < 0:
            break
        after = at + len(word)
        if len(word) <= WORD_LONGEST:
            starts[at:after] = [at] * len(word)
            ends[at:after] = [after] * len(word)
        at = after
    found: list[Span] = []
    for start, end in spans:
        wide = starts[start], ends[end - 1]
        met = [one for one in found if one[0] < wide[1] and wide[0] < one[1]]
        wide = min([wide[0], *(one[0] for one in met)]), max([wide[1], *(one[1] for one in met)])
        at = found.index(met[0]) if met else len(found)
        found = [one for one in found if one not in met]
        found.insert(at, wide)
    return tuple(found)


def content(subjects: Subjects) -> bytes:
    """The bytes of the file; equal subjects give equal bytes."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "form": np.array([FORM, BITS]),
        "themes": np.frombuffer("\n".join(subjects.themes).encode(), np.uint8),
        "gaps": np.diff(subjects.slots, prepend=0).astype(np.uint32),
        "steps": np.ascontiguousarray(subjects.steps.T),
        "scales": subjects.scales,
        "constants": subjects.constants,
    }
    for name, curve in (("grave", subjects.grave), ("weighty", subjects.weighty)):
        arrays |= {f"{name}.sums": curve.sums, f"{name}.shares": curve.shares}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            one = io.BytesIO()
            np.lib.format.write_array(one, arrays[name], version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _DAY), one.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return file.getvalue()


def load(path: Path) -> Subjects | None:
    """The subjects of a file that `content` made; None where there is none, as in weights that were trained without our
    corpus. Raises OSError; ValueError, in Chinese, where it is another file."""
    if not path.exists():
        return None
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return _read(file)
    except (KeyError, ValueError, zipfile.BadZipFile, EOFError):
        raise ValueError(f"{path} 不是本版风信训练出的权重；请重新执行 fengxin train。") from None


def _read(file: Mapping[str, Any]) -> Subjects:
    if file["form"].tolist() != [FORM, BITS]:
        raise ValueError
    return Subjects(
        tuple(file["themes"].tobytes().decode().split("\n")),
        np.cumsum(file["gaps"].astype(np.int64)),
        np.ascontiguousarray(file["steps"].T),
        file["scales"],
        file["constants"],
        *(Curve(file[f"{name}.sums"], file[f"{name}.shares"]) for name in ("grave", "weighty")),
    )
