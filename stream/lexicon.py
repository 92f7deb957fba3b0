"""Lexicon: the pieces of the rulebook's terms in one automaton, and where they stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable

import daachorse

from stream.rules import DIGITS

Hit = tuple[int, int, int]
"""Start, end and number of a piece."""


_BY_LENGTH = [30.0**-length for length in range(32)]


def parts_of(term: str) -> tuple[str, ...]:
    """The pieces of a term `A…B`, in order."""
    return tuple(part.strip() for part in term.split("…")) if "…" in term else (term,)


def frequency(piece: str) -> float:
    """How often a piece is taken to stand in a text; a longer one is rarer."""
    if piece[:1] == "<" and DIGITS.fullmatch(piece):
        return 1e-4
    length = len(piece)
    return _BY_LENGTH[length] if length < len(_BY_LENGTH) else 30.0**-length


class Lexicon:
    """`pieces`: each once, plain ones first; `number`: their places in it."""

    def __init__(self, pieces: Iterable[str]) -> None:
        known = set(pieces) - {""}
        runs = sorted(piece for piece in known if piece.startswith("<") and DIGITS.fullmatch(piece))
        plain = sorted(known.difference(runs))
        self.pieces = [*plain, *runs]
        self.number = {piece: number for number, piece in enumerate(self.pieces)}
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(plain) if plain else None
        self._runs = [(int(piece[3:-1]), self.number[piece]) for piece in runs]
        self._run = re.compile(rf"\d{{{min((least for least, _ in self._runs), default=1)},}}")

    def hits(self, text: str) -> list[Hit]:
        """Start, end and number of every place of every piece, overlapping ones too; of one piece in order."""
        found: list[Hit] = self._automaton.find_overlapping(text) if self._automaton and text else []
        if self._runs:
            for run in self._run.finditer(text):
                length = run.end() - run.start()
                found += [(*run.span(), number) for least, number in self._runs if length >= least]
        return found
