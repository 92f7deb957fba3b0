"""Moving house: a backup of the running demo, proven, brought back into another installation, where all of it is."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

from tests.acceptance.standing import Standing, eventually, fengxin


def head(settings: Path) -> str:
    """The head of the audit's chain, once every link of it has been proven."""
    done = fengxin("audit", "verify", "--settings", settings)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def test_a_running_school_is_backed_up_proven_and_brought_back_whole(demo: Standing, tmp_path: Path) -> None:
    number = eventually("the incident", lambda: demo.incident("电梯"), 90)
    opened = re.search(
        rf" post=(\S+) incident={number} 立为事件", (demo.data / "logs" / "watch.log").read_text("utf-8")
    )
    assert opened is not None
    before, file = head(demo.data / "fengxin.toml"), tmp_path / "kept.tar.gz"
    done = fengxin("backup", file, "--settings", demo.data / "fengxin.toml")
    assert done.returncode == 0, done.stderr
    for words in ("已备份到", "文件指纹（SHA-256）：", "不在备份里的：", "密钥与口令"):
        assert words in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert fengxin("restore", file, "--check").returncode == 0
    assert fengxin("init", tmp_path / "new", "--demo", "--port", "8700").returncode == 0
    settings = tmp_path / "new" / "fengxin.toml"
    done = fengxin("restore", file, "--settings", settings)
    assert done.returncode == 0, done.stderr
    for words in ("全部相符", "crawl 密钥与备份时不同", "fengxin reindex", "没有发出任何通知"):
        assert words in done.stdout, done.stdout
    again = fengxin("restore", file, "--settings", settings)
    assert again.returncode == 1
    assert "只能恢复到空的日志流" in again.stderr
    assert fengxin("reindex", "--settings", settings).returncode == 0
    way = json.loads(fengxin("trace", opened.group(1), "--json", "--settings", settings).stdout)
    assert way["end"] == "told"
    assert number in way["why"]
    assert any(step["stage"] == "indexed" and step["facts"]["found"] for step in way["steps"])
    done = fengxin("audit", "verify", "--head", before, "--settings", settings)
    assert done.returncode == 0, done.stderr


def test_a_backup_that_was_changed_or_cut_is_refused(demo: Standing, tmp_path: Path) -> None:
    file = tmp_path / "kept.tar.gz"
    assert fengxin("backup", file, "--settings", demo.data / "fengxin.toml").returncode == 0
    whole = file.read_bytes()
    middle = len(whole) // 2
    for name, body in (
        ("changed", whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]), ("cut", whole[:middle]),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(body)
        done = fengxin("restore", tmp_path / name, "--check")
        assert done.returncode == 1, name
        assert "请换一份" in done.stderr
        assert "Traceback" not in done.stderr
