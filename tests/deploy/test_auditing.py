"""`fengxin audit export` and `verify --file`: a file that proves itself far from the installation."""

from __future__ import annotations

import json
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.command import app
from deploy.settings import load
from deploy.starting import tables
from deploy.wiring import opened_store
from escalation import audit


def fengxin(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """Settings whose audit has a row on each of four days (Asia/Shanghai), one of them just after midnight."""
    assert fengxin("init", "--demo", tmp_path).exit_code == 0
    settings = load(tmp_path / "fengxin.toml")
    tables(settings)
    days = (datetime(2026, 11, 1, 3), datetime(2026, 11, 1, 16, 5), datetime(2026, 11, 3, 3), datetime(2026, 11, 4, 3))
    with opened_store(settings) as store, store.write() as conn:
        for at in days:
            audit.record(conn, school="fenglin", now=at.replace(tzinfo=UTC), actor="P02", action="note", subject="FX-1")
    return tmp_path / "fengxin.toml"


def rows(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()][1:-1]


def test_an_export_is_private_proves_itself_without_settings_and_is_written_into_the_audit(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "audit.jsonl"
    done = fengxin("audit", "export", "--out", out, "--settings", demo)
    assert done.exit_code == 0, done.output
    assert f"已导出 4 条到 {out}" in done.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    monkeypatch.chdir(tmp_path / "secrets")
    proved = fengxin("audit", "verify", "--file", out)
    assert proved.exit_code == 0, proved.output
    assert "第 1 至 4 条，共 4 条" in proved.output
    monkeypatch.undo()
    later = tmp_path / "later.jsonl"
    fengxin("audit", "export", "--out", later, "--settings", demo)
    assert rows(later)[-1]["action"] == "audit.export"
    assert rows(later)[-1]["detail"] == {"rows": 4}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--since", "2026-11-02"), [2, 3, 4]),
        (("--until", "2026-11-01"), [1]),
        (("--since", "2026-11-02", "--until", "2026-11-03"), [2, 3]),
        (("--since", "2027-01-01"), []),
    ],
)
def test_days_are_those_of_the_school_and_both_are_included(
    demo: Path, tmp_path: Path, options: tuple[str, ...], expected: list[int]
) -> None:
    out = tmp_path / "part.jsonl"
    assert fengxin("audit", "export", "--out", out, *options, "--settings", demo).exit_code == 0
    assert [row["seq"] for row in rows(out)] == expected
    assert fengxin("audit", "verify", "--file", out).exit_code == 0


def test_an_altered_file_is_named_by_its_row_and_a_printed_head_is_looked_for(demo: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit.jsonl"
    fengxin("audit", "export", "--out", out, "--settings", demo)
    head = re.search(r"[0-9a-f]{64}", fengxin("audit", "verify", "--file", out).output)
    assert head is not None
    assert fengxin("audit", "verify", "--file", out, "--head", head[0]).exit_code == 0
    assert "不在这份文件里" in fengxin("audit", "verify", "--file", out, "--head", "e" * 64).output
    out.write_text(out.read_text("utf-8").replace('"P02"', '"P01"', 1), "utf-8")
    altered = fengxin("audit", "verify", "--file", out)
    assert altered.exit_code == 1
    assert "记录 1 内容与其指纹不符" in altered.output


def test_nothing_is_overwritten_and_every_refusal_says_what_to_do(demo: Path, tmp_path: Path) -> None:
    out = tmp_path / "there"
    out.write_text("mine")
    refused = fengxin("audit", "export", "--out", out, "--settings", demo)
    assert refused.exit_code == 1
    assert "已存在，不覆盖" in refused.output
    assert out.read_text() == "mine"
    assert "请检查目录" in fengxin("audit", "export", "--out", tmp_path / "no" / "x", "--settings", demo).output
    days = ("--since", "2026-11-03", "--until", "2026-11-01")
    assert "请对调" in fengxin("audit", "export", "--out", tmp_path / "y", *days, "--settings", demo).output
    assert not (tmp_path / "y").exists()
    wrong = fengxin("audit", "export", "--out", tmp_path / "y", "--since", "昨天", "--settings", demo)
    assert "--since 的值不能用" in wrong.output
    assert "读不了" in fengxin("audit", "verify", "--file", tmp_path / "none").output
    assert "不是风信导出的审计文件" in fengxin("audit", "verify", "--file", out).output
    out.write_bytes(b"\xff\xfe\x00")
    assert "不是风信导出的审计文件" in fengxin("audit", "verify", "--file", out).output
