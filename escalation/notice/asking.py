"""What a notice asks of its addressee: the words of `asks.toml`, by kind of notice or by role."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ASKS = Path(__file__).with_name("asks.toml")


@cache
def _tables() -> dict[str, dict[str, Any]]:
    return tomllib.loads(ASKS.read_text("utf-8"))


@cache
def asks() -> dict[str, tuple[str, ...]]:
    """What is asked of each role, or by a kind of notice that asks the same of everybody."""
    return {role: tuple(table["asks"]) for role, table in _tables().items()}


def carried_out(role: str) -> Mapping[str, str]:
    """Which of the asks carries out which kind of duty that a clause demands of this role."""
    return {str(kind): str(ask) for kind, ask in _tables().get(role, {}).get("carries_out", {}).items()}


def contacting() -> frozenset[str]:
    """The asks by which a keeper speaks with a platform: of a cry for help nobody is asked for it without a clause."""
    return frozenset(str(ask) for table in _tables().values() for ask in table.get("contacts_platform", ()))


def asked_of(role: str, kind: str = "", *, unplaced: bool = False, words: str = "") -> tuple[str, ...]:
    """What is asked by this kind of notice, else of the holder of this role.

    `unplaced`: nobody knows where the words stand. `words`: what a person asks in so many words.
    """
    found = asks()
    if words and f"{kind}_words" in found:
        return tuple(ask.format(words=words) for ask in found[f"{kind}_words"])
    if kind in found:
        return found[kind]
    return (found.get(f"{role}_unplaced") if unplaced else None) or found.get(role, found["other"])
