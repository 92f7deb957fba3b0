"""Issue 5, novelty: what many paste counts once, with their number; a few copies open nothing, a wave does."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.acceptance.standing import fengxin

SCENARIOS = Path(__file__).with_name("scenarios")
PLEA = "教工食堂的饭卡必须绑定五十九元的手机套餐才能充值，不办套餐就不给用，这是乱收费"
FEW = 2
SIGNS = ("", "。", "！", "（转）", "……")


def rehearsed(folder: Path, texts: list[str]) -> str:
    """What the rehearsal prints for these comments, each by somebody else, six minutes apart."""
    post = {
        "id": "p", "kind": "post", "account": "wx_hq", "thread": "p", "parent": None, "author": "school", "likes": 1,
        "text": "校园随拍", "at": "2026-03-11T09:50:00+08:00",
    }  # fmt: skip
    lines = [
        post | {"id": f"c{no}", "kind": "comment", "author": f"u{no}", "text": text,
                "at": f"2026-03-11T{10 + no // 10:02}:{no % 10 * 6:02}:00+08:00"}
        for no, text in enumerate(texts)
    ]  # fmt: skip
    folder.mkdir()
    shutil.copy(SCENARIOS / "accounts.json", folder)
    written = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (post, *lines))
    (folder / "wave.jsonl").write_text(written, "utf-8")
    done = fengxin("rehearse", folder, "--pack", "JY")
    assert done.returncode == 0, done.stderr
    return done.stdout


def pasted(times: int) -> list[str]:
    """The same words so many times, with the small changes that copies have."""
    return [f"{PLEA}{SIGNS[no % len(SIGNS)]}" for no in range(times)]


@pytest.mark.long
def test_a_wave_opens_one_incident_and_says_how_many_pasted_it(tmp_path: Path) -> None:
    said = rehearsed(tmp_path / "wave", pasted(24))
    assert "立事件 1 件" in said
    found = re.search(r"(\d+) 人说到“[^”]+”（10 天内，规则 [A-Z]+-\d+）；同一段话 (\d+) 人转贴，按一条计", said)
    assert found is not None, said
    assert found[1] == found[2]
    assert int(found[2]) > FEW, "fewer do not open it"
    assert re.search(r"复制扩散 \d+%：\d+ 人发了几乎相同的话，人数每翻一番按多一条计", said)


@pytest.mark.long
def test_a_few_copies_open_nothing(tmp_path: Path) -> None:
    assert "未立事件" in rehearsed(tmp_path / "few", pasted(FEW))
