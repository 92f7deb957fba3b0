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


def refused(folder: Path, body: str, college: str | None = None) -> list[str]:
    """The sentences with which a scenario is refused; none is English beyond names of fields and values."""
    (folder / "accounts.json").write_text(college or json.dumps({"college": "青禾职院", "accounts": []}), "utf-8")
    (folder / "one.jsonl").write_text(body, "utf-8")
    with pytest.raises(ScenarioError) as found:
        list(scenario.read([folder]))
    for english in ("Input", "should", "Field", "Extra", "validation", "Expecting", "Invalid", "required"):
        assert english not in str(found.value)
    return str(found.value).splitlines()


def test_every_wrong_field_of_every_line_is_told_in_chinese_with_its_cure(tmp_path: Path) -> None:
    bad = [
        LINE | {"at": "2026-11-03T12:00:00"}, LINE | {"extra": 1}, LINE | {"likes": "many"}, LINE | {"kind": "tweet"},
        LINE | {"likes": -1}, LINE | {"id": ""}, {key: value for key, value in LINE.items() if key != "kind"},
    ]  # fmt: skip
    rows = [json.dumps(one, ensure_ascii=False) for one in bad]
    assert refused(tmp_path, "\n".join([*rows, "not json", "[]"])) == [
        "one.jsonl 第 1 行 at：类型不对，应为带时区的时间，例如 2026-11-21T08:00:00+08:00。",
        "one.jsonl 第 2 行 extra：没有这一项，是否想写“text”？",
        "one.jsonl 第 3 行 likes：类型不对，应为不加引号的整数。",
        "one.jsonl 第 4 行 kind：不能写 “tweet”，可写：post、comment、reply、message、lead。",
        "one.jsonl 第 5 行 likes：“-1” 太小，最小为 0。",
        "one.jsonl 第 6 行 id：不能为空，请填写。",
        "one.jsonl 第 7 行 kind：缺少这一项，请补上。",
        "one.jsonl 第 8 行 整行：不合 JSON 写法，每行应为一个花括号写的对象；请检查引号、逗号与括号是否成对。",
        "one.jsonl 第 9 行 整行：应为花括号写的 JSON 对象，请照场景格式改写。",
    ]


@pytest.mark.parametrize(
    ("college", "sentence"),
    [
        ('{"college": "甲",\n "accounts": [,]}', "accounts.json 第 2 行第 15 列附近：不合 JSON 写法"),
        ('{"accounts": []}', "accounts.json college：缺少这一项，请补上。"),
        (
            '{"college": "甲", "accounts": [{"key": "a", "platform": 1, "name": "甲", "unit": "乙"}]}',
            "accounts.json accounts[1].platform：类型不对，应为加引号的文字。",
        ),
        ('{"college": "甲", "accounts": [7]}', "accounts.json accounts[1]：应为花括号写的 JSON 对象"),
        ("[" * 100_000, "accounts.json"),
    ],
)
def test_a_college_that_cannot_be_read_is_told_by_field_and_cure(tmp_path: Path, college: str, sentence: str) -> None:
    assert refused(tmp_path, json.dumps(LINE), college)[0].startswith(sentence)


def test_a_file_of_many_mistakes_tells_the_first_and_counts_the_others(tmp_path: Path) -> None:
    told = refused(tmp_path, "{}\n" * 10)
    assert len(told) == scenario.SHOWN + 1
    assert told[-1] == "还有 70 处同类问题，改好以上再试。"
