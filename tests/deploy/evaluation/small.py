"""Small scenarios for the tests of evaluation, written out by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCOUNTS = {
    "college": "海棠职业学院",
    "units": [{"key": "xcb", "name": "党委宣传部"}],
    "accounts": [{"key": "wb", "platform": "weibo", "name": "海棠职院", "unit": "党委宣传部", "main": True}],
}


@dataclass(frozen=True)
class Opened:
    """An incident as the chain would tell of it."""

    opened_at_id: str
    members: tuple[str, ...] = ()
    level: int = 3
    threads: tuple[str, ...] = ()


def line(name: str, thread: str, text: str, minute: int) -> dict[str, Any]:
    """One line; a root post is the school's."""
    root = name == thread
    return {
        "id": name, "kind": "post" if root else "comment", "account": "wb", "thread": thread,
        "parent": None if root else thread, "author": "school" if root else f"u-{name}", "text": text,
        "at": f"2026-03-11T{10 + minute // 60:02}:{minute % 60:02}:00+08:00", "likes": 1,
    }  # fmt: skip


def write(folder: Path, name: str, lines: Sequence[dict[str, Any]], truth: dict[str, Any]) -> Path:
    """A scenario with its truth and accounts."""
    (folder / "accounts.json").write_text(json.dumps(ACCOUNTS, ensure_ascii=False), "utf-8")
    (folder / f"{name}.truth.json").write_text(json.dumps({"scenario": name} | truth, ensure_ascii=False), "utf-8")
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines), "utf-8")
    return file


def wanted(thread: str = "p", first: str = "c2", latest: str = "c4", **more: Any) -> dict[str, Any]:
    """An incident that is asked for."""
    return {
        "threads": [thread], "level_floor": 3, "level_ceiling": 2, "first_signal": first, "latest": latest,
        "grave": True,
    } | more  # fmt: skip
