"""Monitors' verdicts (issue 5): said by the deeds of the page, reckoned by `fengxin rules stats`, learned from."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
import snownlp
from snownlp.sentiment import Sentiment

from tests.acceptance.hands import MONITOR, OFFICE, does, part, refusal
from tests.acceptance.standing import Standing, eventually, fengxin, on_terminal

pytestmark = pytest.mark.long

FIRE = "八号楼着火了，浓烟滚滚，有同学受伤流血送医院，叶初晴老师也在现场"
GLASS = "六号楼的玻璃整块掉下来砸伤同学，满脸是血，送医院了"
CANTEEN = "二食堂吃完麻辣烫全寝室上吐下泻，两个人在医院挂水"


@pytest.fixture(scope="module")
def demo(own_demo: Standing) -> Standing:
    """This file's own: its figures count everything that opened."""
    return own_demo


def figures(demo: Standing) -> dict[str, object]:
    done = fengxin("rules", "stats", "--days", 7, "--json", "--settings", demo.data / "fengxin.toml")
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_each_of_the_three_verdicts_is_given_by_a_deed_and_counted_and_learned_from(
    demo: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, office = demo.signed_in(MONITOR), demo.signed_in(OFFICE)
    for text in (FIRE, GLASS, CANTEEN):
        demo.matter(text)
    right = eventually("the fire", lambda: demo.incident("八号楼"), 100)
    wrong = eventually("the glass", lambda: demo.incident("六号楼"), 100)
    false = eventually("the canteen", lambda: demo.incident("二食堂"), 100)
    assert len({right, wrong, false}) == 3
    assert "待确认研判或记为误报" in part(desk, right, "verdict")

    assert "已确认研判" in does(desk, right, "confirm")
    assert "属实，级别恰当" in part(desk, right, "verdict")

    assert "已确认研判" in does(desk, wrong, "confirm")
    assert "已改变级别" in does(office, wrong, "level", to="3", why="只是擦伤，已回教室", cause="misjudged")
    assert "级别应为 Ⅲ级" in part(desk, wrong, "verdict")
    assert "研判结论须写明理由" in refusal(desk, wrong, "verdict", said="wrong_level", level="4")

    assert "已确认研判" in does(office, false, "confirm")
    assert "已记为误报" in does(desk, false, "dismiss", reason="规则误判")
    assert "误报：规则误判" in part(desk, false, "verdict")

    found = figures(demo)
    assert found["judged"] == 3, "the demo's own story may have opened more"
    rules = {one["rule"]: one for one in found["rules"]}  # type: ignore[attr-defined]
    assert {one["confirmed"] for one in rules.values()} >= {1}
    assert {one["wrong_level"] for one in rules.values()} >= {1}
    poor = next(one for one in rules.values() if one["false_alarms"] and not one["confirmed"])
    assert (poor["precision"], poor["reasons"]) == (0.0, {"规则误判": 1})
    assert found["shifts"]["false_alarms"] == 1  # type: ignore[index]
    told = fengxin("rules", "stats", "--settings", demo.data / "fengxin.toml").stdout
    assert "起，其中 3 起有研判结论" in told
    assert "上限 1 起（系统默认，非校规）" in told
    assert "不足 10 起，暂不建议调整" in told

    out = tmp_path / "verdicts.csv"
    refused = fengxin("verdicts", "--out", out, "--person", "nobody", "--settings", demo.data / "fengxin.toml")
    assert refused.returncode == 1
    named = re.search(r"可以批准的人：(\w+)（(.+?)）", refused.stderr)
    assert named is not None, refused.stderr
    assert not out.exists()
    done = fengxin("verdicts", "--out", out, "--person", named[2], "--settings", demo.data / "fengxin.toml")
    assert done.returncode == 0, done.stderr
    with out.open(encoding="utf-8", newline="") as file:
        exported = list(csv.DictReader(file))
    rows = {row["source"]: row for row in exported}
    assert {source: row["label"] for source, row in rows.items()} == {
        f"verdict {right}": "1", f"verdict {wrong}": "1", f"verdict {false}": "0",
    }  # fmt: skip
    assert rows[f"verdict {false}"]["text"], "the demo's own story may have been first with the canteen"
    assert "八号楼着火了" in rows[f"verdict {right}"]["text"]
    assert named[1] not in rows[f"verdict {right}"]["text"], "no name of the school's own people leaves the house"
    assert f"{named[1]}（{named[2]}）批准，仅供训练" in rows[f"verdict {right}"]["exported"]
    again = fengxin("verdicts", "--out", out, "--person", named[2], "--settings", demo.data / "fengxin.toml")
    assert "已存在，不覆盖" in again.stderr

    weights = tmp_path / "weights"
    done = on_terminal("train", out, "--out", weights, most=600)
    assert done.returncode == 0, done.stderr
    assert re.search(r"训练中.*━.*\d+%", done.stderr), "a bar tells how far it is"
    learned = {name: int(many) for name, many in re.findall(r"(?m)^(\S+)：学了 (\d+) 条", done.stdout)}
    assert learned["值得学校看"] == learned["危急程度与主题"] + len(exported), (
        "each verdict is learned from, nothing else of it"
    )
    names = sorted(one.name for one in weights.iterdir())
    assert [one for one in names if one in done.stdout] == names
    assert f'weights = "{weights}"' in done.stdout
    own = Sentiment()
    own.load(str(weights / "words.marshal"))
    monkeypatch.setattr(snownlp.sentiment, "classifier", own)
    assert snownlp.SnowNLP("阿姨手艺真好").sentiments > 0.5 > snownlp.SnowNLP("热水器坏了没人修").sentiments
