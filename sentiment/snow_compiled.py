"""Machine code for the cut and the look-up of words, where numba is installed.

Loading numba takes half a second and 100 MB; the first time, the compiler takes three seconds more, then its cache lies
beside the tables. So it is loaded in a thread beside the work, and only in a process with a backlog (`WORTH` characters
in large portions); a worker that gets a comment now and then never loads it. Whatever fails there, arrays go on.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import numpy as np

from sentiment.shelf import cache_folder
from sentiment.snow_tables import Flags, Numbers, Places, tables

WORTH = 3_000_000
"""Characters: by then arrays alone have taken about as long as loading numba takes."""
PORTION = 4_096
"""Characters in one call that count towards WORTH; live comments come in smaller portions."""


class Compiled:
    """The compiled functions with what they read."""

    def __init__(self) -> None:
        """Import numba and compile, or read its cache. Raises ImportError without numba, and whatever numba raises."""
        import numba

        if folder := cache_folder():
            vars(numba.config)["CACHE_DIR"] = str(folder / "numba")
        from sentiment import segment, snow, snow_kernels

        model = tables()
        self._starts: Any = snow_kernels.starts
        self._looked_up: Any = snow_kernels.looked_up
        self._counts = (
            segment.BLANK, model.numbers, model.rows, model.pair_keys, model.pair_spans, model.pair_places,
            model.pair_values, model.triple_keys, model.triple_spans, model.entry_places, model.entry_values,
            model.unknown,
        )  # fmt: skip
        vocabulary = snow.vocabulary()
        self._numbers = np.fromiter(vocabulary.values(), np.intp, len(vocabulary))
        self._numbers = np.append(self._numbers, snow.unknown_word())
        known = segment.points_of("".join(vocabulary))
        ends = np.cumsum([len(word) for word in vocabulary])
        self._words = (snow_kernels.filed(known, ends), known, ends, len(vocabulary))
        said = segment.points_of("好 的 ok")
        self.numbers(said, np.array([0]), np.array([1]))
        self.starts(said)

    def starts(self, points: Numbers) -> Flags:
        """As `segment.starts_by_arrays`."""
        found: Flags = self._starts(points, *self._counts)
        return found

    def numbers(self, points: Numbers, starts: Places, ends: Places) -> Places:
        """As `snow.numbers_by_name`."""
        found: Places = self._numbers.take(self._looked_up(points, starts, ends, *self._words))
        return found


class Backlog:
    """How much this process has worked through, and what was loaded for it."""

    def __init__(self) -> None:
        self.compiled: Compiled | None = None
        self._characters = 0
        self._loading: threading.Thread | None = None

    def worth_compiling(self, characters: int) -> Compiled | None:
        """The machine code for so many characters, once it is there; it is sent for when that will pay."""
        if self.compiled is None and self._loading is None and characters >= PORTION:
            self._characters += characters
            if self._characters >= WORTH:
                self._loading = threading.Thread(target=self._load, name="numba")
                self._loading.start()
        return self.compiled

    def _load(self) -> None:
        with suppress(Exception):  # an extra that is missing or broken must never cost a score
            self.load()

    def load(self) -> None:
        """Load now. Raises ImportError without numba, and whatever numba raises."""
        self.compiled = Compiled()


BACKLOG = Backlog()
worth_compiling = BACKLOG.worth_compiling
