"""`fengxin replay`: the page and the JSON of a rebuilt decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner

from deploy import replaying
from deploy.command import app
from escalation.procedure import Trigger
from escalation.replay import Difference, Line, Replay

NOON = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
FOUND = Replay(
    number="FX-2026-0001", title="二食堂：饭菜有异物\u202e\x1b[31m", opened_at=NOON, level=2,
    triggers=(Trigger.DAMAGING_COMMENT,), pack="江阴职业技术学院（JY@1a2b3c4d）", by_hand="", trial=False,
    deadline="及时（第十三条）", lines=(Line("党委宣传部", "第十三条", "何岚"),), duties=("与平台沟通（第十三条）",),
    faults=(), today=(), since=(),
)  # fmt: skip


def test_the_page_says_who_by_which_article_and_that_nothing_differs() -> None:
    page = replaying.page(FOUND, NOON)
    for words in (
        "2026年11月3日 12:00:00，Ⅱ级", "评论有损学校声誉",
        "1. 党委宣传部：第十三条；当时通知 何岚", "与所存的决定：一致",
        "立同一事件：没有不同",
    ):  # fmt: skip
        assert words in page, page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_page_names_every_fault_and_every_difference() -> None:
    found = replace(
        FOUND, faults=("所存的期限与重建的期限不同",), today=(Difference("规程包", "JY@1a", "JY@2b"),),
        since=("级别由 Ⅱ级改为 Ⅰ级",), by_hand="陈屿", trial=True,
    )  # fmt: skip
    page = replaying.page(found, NOON)
    for words in (
        "由 陈屿 人工立", "试运行中", "有 1 处不一致", "✘ 所存的期限", "有 1 处不同", "规程包：当时 JY@1a；今天 JY@2b",
        "级别由 Ⅱ级改为 Ⅰ级",
    ):  # fmt: skip
        assert words in page, page


def test_the_json_holds_the_same_for_a_program() -> None:
    told = replaying.as_json(FOUND)
    assert told["opened_at"] == "2026-11-03T04:00:00+00:00"
    assert told["lines"][0] == {"office": "党委宣传部", "basis": "第十三条", "person": "何岚"}


def test_an_unknown_number_is_refused_with_an_example(tmp_path: Path) -> None:
    run = CliRunner()
    assert run.invoke(app, ["init", "--demo", str(tmp_path)]).exit_code == 0
    done = run.invoke(app, ["replay", "fx-2026-9999", "--settings", str(tmp_path / "fengxin.toml")])
    assert done.exit_code == 1
    assert "没有事件 FX-2026-9999；请核对编号" in done.output
