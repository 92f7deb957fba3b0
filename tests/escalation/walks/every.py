"""Every state table of the house, found in its code, and what walks each over a store."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

from escalation.state_table import StateTable
from tests.escalation.walks import accounts, desk, matters, measures, voices

HOUSE = Path(__file__).parents[3]
ROOMS = ("crawlers", "deploy", "escalation", "sentiment", "stream")
NOUNS = {one.table.noun: one for room in (accounts, matters, desk, voices, measures) for one in room.NOUNS}
"""By the Chinese word of the noun; the incident has walks of its own (`incident/test_walk.py`)."""


def made_in(source: Path) -> int:
    """How many state tables a source file makes."""
    text = source.read_text("utf-8")
    if "StateTable" not in text:
        return 0
    calls = (node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return sum(ast.unparse(one).split("[")[0].rpartition(".")[2] == "StateTable" for one in calls)


SOURCES = {path: n for room in ROOMS for path in sorted((HOUSE / room).rglob("*.py")) if (n := made_in(path))}
"""Where tables are made, and how many."""


def _tables() -> tuple[StateTable[Any, Any], ...]:
    names = [".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__") for path in SOURCES]
    values = (value for name in names for value in vars(import_module(name)).values())
    return tuple({id(one): one for one in values if isinstance(one, StateTable)}.values())


TABLES = _tables()
