"""A command that was typed wrongly is refused in Chinese with what to type; no English of the library is left."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from deploy.command import app

ENGLISH = re.compile(r"\b(Try|for help|Error|Missing|No such|Did you mean|Got unexpected|requires|Invalid|Usage)\b")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("trial end", "缺少选项 --person：结束试运行的系统管理员的工号，记入审计。请补上。"),
        ("user", "缺少参数 “name”：登录名。请补上。"),
        ("chek", "没有命令“chek”，是否想写“check”；请更正。"),
        ("trial stop", "没有命令“stop”；请更正。"),
        ("check --setings x", "没有选项 --setings，是否想写 --settings；请更正。"),
        ("check --bogus", "没有选项 --bogus；请更正。"),
        ("check --settings", "选项 --settings 后面缺少它的值；请更正。"),
        ("check --probe=1", "选项 --probe 不带值；请更正。"),
        ("demo --port x", "--port 的值不能用，应为整数；请更正。"),
        ("check a b", "多出了“a b”，请删去，或检查引号与空格。"),
        ("--bogus", "没有选项 --bogus；请更正。"),
    ],
)
def test_a_command_typed_wrongly_is_refused_in_chinese_with_what_to_type(typed: str, sentence: str) -> None:
    done = CliRunner().invoke(app, typed.split())
    assert done.exit_code == 2
    assert f"✘ {sentence}\n" in done.stderr
    assert "--help" in done.stderr, "where to read on"
    assert ENGLISH.search(done.output) is None, done.output


def test_a_range_of_numbers_is_told_in_words() -> None:
    page = CliRunner().invoke(app, ["rules", "stats", "--help"]).output
    assert "--days <整数>" in page
    assert "[默认：30；1 至 90]" in page
    assert "<=x<=" not in page
