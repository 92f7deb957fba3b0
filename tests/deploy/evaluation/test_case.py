"""Scenarios with their truth: read whole, or refused with file, field and cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.evaluation.case import files, read
from deploy.scenario import ScenarioError
from tests.deploy.evaluation.small import line, wanted, write

LINES = [line("p", "p", "食堂开放", 0), *(line(f"c{no}", "p", f"第 {no} 条", no) for no in range(1, 5))]


def test_a_folder_stands_for_its_scenarios_with_a_truth(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    one = write(inner, "b", LINES, {"expect": "quiet"})
    two = write(tmp_path, "a", LINES, {"expect": "incident"} | wanted())
    (tmp_path / "notes.jsonl").write_text("", "utf-8")
    assert files(tmp_path) == [two, one]
    assert [(found.expect, len(found.wanted)) for found in read([two, one])] == [("incident", 1), ("quiet", 0)]


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ({"expect": "loud"}, "s.truth.json expect：不能写 “loud”，可写：incident、watch、quiet"),
        ({"expect": "incident"}, "s.truth.json threads：缺少这一项，请补上"),
        ({"expect": "incident"} | wanted("x"), "场景里没有帖子“x”"),
        ({"expect": "incident"} | wanted(first="c9"), "场景里没有“c9”这一行"),
        ({"expect": "incident"} | wanted(first="c4", latest="c2"), "写在 latest 之后"),
        ({"expect": "incident"} | wanted(level_floor=1), "数字不得大于 level_floor"),
        ({"expect": "quiet", "not_incident": ["y"]}, "场景里没有帖子“y”"),
    ],
)
def test_a_spoilt_truth_is_refused_by_field_and_cure(tmp_path: Path, truth: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        list(read([write(tmp_path, "s", LINES, truth)]))
    assert said in str(refused.value)
    assert "s.truth.json" in str(refused.value)


@pytest.mark.parametrize(("content", "said"), [("{", "第 1 行第 2 列"), ("[]", "花括号"), ("\udcff", "UTF-8")])
def test_a_truth_that_is_no_json_is_refused(tmp_path: Path, content: str, said: str) -> None:
    file = write(tmp_path, "s", LINES, {"expect": "quiet"})
    (tmp_path / "s.truth.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ScenarioError, match=said):
        list(read([file]))


def test_a_scenario_without_a_truth_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "s", LINES, {"expect": "quiet"})
    (tmp_path / "s.truth.json").unlink()
    with pytest.raises(ScenarioError, match="写明应立哪些事件"):
        list(read([file]))
