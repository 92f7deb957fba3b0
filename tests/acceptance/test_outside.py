"""This folder knows Fengxin from outside only, and its README's table is true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOMS = {"sentiment", "stream", "crawlers", "escalation", "deploy"}


def test_no_test_of_this_folder_imports_fengxin() -> None:
    found = []
    for path in HERE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"__import__", "importlib.import_module"}:
                names += [str(getattr(one, "value", "")) for one in node.args]
            found += [f"{path.name}: {name}" for name in names if name.partition(".")[0] in ROOMS]
            found += [f"{path.name}: {name}" for name in names if re.match(r"tests\.(?!acceptance\b)", name)]
    assert found == []


def test_every_test_named_in_the_table_exists() -> None:
    table = (HERE / "README.md").read_text("utf-8")
    named = re.findall(r"`(test_\w+)::(test_\w+)`", table)
    assert len(named) > 25
    there = {
        (path.stem, node.name)
        for path in HERE.glob("test_*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert [one for one in named if one not in there] == []


def test_every_test_of_the_folder_stands_in_the_table() -> None:
    table = (HERE / "README.md").read_text("utf-8")
    for path in HERE.glob("test_*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and path.stem != "test_outside":
                assert f"`{path.stem}::{node.name}`" in table, f"{path.stem}::{node.name} is not in README.md"
