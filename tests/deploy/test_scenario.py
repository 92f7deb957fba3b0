"""Scenario files are read as they are; what cannot be read is said with file, line and cure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy import scenario
from deploy.scenario import ScenarioError

LINE = {
    "id": "1", "kind": "comment", "account": "a", "thread": "t", "parent": None, "author": "u", "text": "好",
    "at": "2026-11-03T12:00:00+08:00", "likes": 0,
}  # fmt: skip


def read(folder: Path, body: bytes, name: str = "one.jsonl") -> list[str]:
    (folder / "accounts.json").write_text(json.dumps({"college": "青禾职院", "accounts": []}), "utf-8")
    (folder / name).write_bytes(body)
    return [line.text for one in scenario.read([folder]) for line in one.lines]


def test_a_comment_with_odd_line_ends_is_one_line(tmp_path: Path) -> None:
    text = "一\u2028二\u0085三\x0b"
    row = json.dumps(LINE | {"text": text}, ensure_ascii=False).encode()
    assert read(tmp_path, row + b"\r\n\n" + row + b"\n") == [text, text]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "没有一行内容"),
        ("食堂".encode("gbk"), "不是 UTF-8"),
        (json.dumps(LINE).encode() + b'\n{"id": "2"}\n', "第 2 行"),
        (json.dumps(LINE | {"likes": -1}).encode(), "likes"),
    ],
)
def test_a_file_that_cannot_be_read_names_itself_and_the_cure(tmp_path: Path, body: bytes, words: str) -> None:
    with pytest.raises(ScenarioError, match=words) as found:
        read(tmp_path, body)
    assert "one.jsonl" in str(found.value)


def test_a_folder_without_scenarios_or_a_missing_path_is_said(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone"):
        with pytest.raises(ScenarioError, match="没有"):
            list(scenario.read([path]))
