"""What the rules see in a line and what they leave alone: themes, disguises, near, not, target, surge, named reasons
(issue 3, "sentiment" and "stream"), by `fengxin score --jsonl` and `fengxin rehearse`."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.standing import fengxin

pytestmark = pytest.mark.long
SCENARIOS = Path(__file__).with_name("scenarios")
THEMES = {
    "canteen": "三号窗口的红烧鱼里吃出一只苍蝇，还是没熟的",
    "dorm": "宿舍漏水漏了半个月，报修三次都没人来修",
    "fees": "辅导员让每人强制交两百元资料费，不交钱不给领教材",
    "teacher": "专业课老师上课骂学生是废物，还让女生单独去他办公室",
    "bullying": "隔壁寝室几个人把我舍友堵在厕所扇耳光，还录了视频",
    "safety": "实验楼电梯突然坠落，两个同学被送医院了",
    "exam": "期末考试的题目在群里三十块钱一份卖，说是原题",
    "admissions": "招生老师说包分配进电网，结果来了根本没有",
    "internship": "学校强制我们去电子厂实习，不去就不给毕业证",
    "privacy": "全班的身份证号和家庭住址被挂在群文件里，谁都能下载",
    "rumour": "听说七号楼有人感染肺结核，学校一直瞒着不说",
    "self_harm": "活着没有意思，今晚想从楼上跳下去一了百了",
}
"""The twelve themes of the issue, by the keys of the rules: food, dormitory, fees, staff conduct, bullying, accident,
exam, admission, employment, privacy leak, rumour, self-harm concern. No sentence stands in a rule."""
DANGERS = {"bullying", "safety", "privacy", "self_harm", "teacher"}
"""Teachers among them: who makes a girl come to his office alone endangers her."""
PLAIN = "三号窗口的红烧鱼里吃出一只苍蝇"
HIDDEN = {
    "width": "三号窗口的饭吃完，我们寝室四个都难受，打了１２０",
    "invisible": "三号窗口的红烧鱼里吃出一只苍\u200b蝇",
    "traditional": "三号窗口的紅燒魚裡吃出一隻蒼蠅",
    "gap": "三号窗口的红烧鱼里吃出一只 苍 蝇 。",
    "mark": "三号窗口的红烧鱼里吃出一只苍\u0336蝇\u0336",
    "split": "三号窗口的红烧鱼里吃出一只苍虫黾",
    "pinyin": "三号窗口的红烧鱼里吃出一只cang蝇",
    "emoji": "三号窗口的红烧鱼里吃出一只苍🪰",
}
"""One and the same rule for words that somebody disguised, each in the way that the answer must name."""
AWAY = {
    "not: a film": "电影里食堂的红烧鱼吃出一只苍蝇",
    "not: a lecture": "讲座上说有人在食堂的红烧鱼里吃出一只苍蝇",
    "near: no food near it": "教室里飞进来一只苍蝇",
    "target: another school": "隔壁大学食堂的红烧鱼里吃出一只苍蝇",
}
IDLE = (
    "路过看看", "今天的云好看", "有人一起跑步", "谁捡到一把伞", "操场的灯亮着", "快递到了", "这张照片真好", "想家了",
    "周末要下雨", "桂花开了",
)  # fmt: skip
VOICES = (
    "三号窗口的米饭里有虫子",
    "青菜里吃出一条虫子",
    "昨天的鱼也没熟，都是血水",
    "鸡腿骨头里有血水",
    "面里吃出虫子",
)


def scored(*texts: str) -> list[dict[str, Any]]:
    """What the command answers to each text."""
    done = fengxin("score", "--jsonl", given="".join(json.dumps({"text": one}) + "\n" for one in texts))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_sentence_of_each_of_the_twelve_themes_is_seen_with_spans_reasons_and_risk() -> None:
    for (theme, text), answer in zip(THEMES.items(), scored(*THEMES.values()), strict=True):
        assert {one["theme"] for one in answer["rules"]} >= {theme}, (theme, answer)
        for rule in answer["rules"]:
            assert rule["title"]
            assert [text[begin:end] for begin, end in rule["spans"]] == rule["words"], (theme, rule)
        names = [one["name"] for one in answer["reasons"]]
        assert sum(one["share"] for one in answer["reasons"]) == 100, (theme, names)
        assert all(one["sentence"] for one in answer["reasons"])
        assert set(names) & {one["title"] for one in answer["rules"]}, "a reason is named by its rule"
        assert ("危及人身或个人信息" in names) == (theme in DANGERS), (theme, names)
        assert answer["risk"] == 100 if theme in DANGERS else 0 < answer["risk"] < 60, (theme, answer["risk"])


def test_a_disguised_word_is_found_and_shown_as_it_was_written() -> None:
    for (step, text), answer in zip(HIDDEN.items(), scored(*HIDDEN.values()), strict=True):
        found = [one for one in answer["rules"] if step in one["steps"]]
        assert "canteen" in {one["theme"] for one in found}, (step, answer["rules"])
        for rule in found:
            assert [text[begin:end] for begin, end in rule["spans"]] == rule["words"], "cut from the original"
    (invisible,) = scored(HIDDEN["invisible"])
    seen = [pair for rule in invisible["rules"] for pair in zip(rule["words"], rule["spans"], strict=True)]
    assert ("苍\u200b蝇", [13, 16]) in seen


def test_a_film_a_lecture_another_school_and_a_word_by_itself_are_left_alone() -> None:
    plain, *away = scored(PLAIN, *AWAY.values())
    flies = {one["rule"] for one in plain["rules"] if "苍蝇" in one["words"]}
    assert flies
    for why, answer in zip(AWAY, away, strict=True):
        assert not flies & {one["rule"] for one in answer["rules"]}, why
        assert answer["risk"] < plain["risk"], why


def _scenario(folder: Path, name: str, hour: int, apart: int) -> None:
    """Ten harmless lines and five complaints under one post from that hour on, so many minutes apart."""
    post = {
        "id": "p", "kind": "post", "account": "wx_hq", "thread": "p", "parent": None, "author": "school", "likes": 1,
        "text": "校园随拍", "at": f"2026-03-11T{hour - 1:02}:50:00+08:00",
    }  # fmt: skip
    lines = [
        post | {"id": f"c{no}", "kind": "comment", "author": f"u{no}", "text": text,
                "at": f"2026-03-11T{hour + no * apart // 60:02}:{no * apart % 60:02}:00+08:00"}
        for no, text in enumerate((*IDLE, *VOICES))
    ]  # fmt: skip
    written = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (post, *lines))
    (folder / f"{name}.jsonl").write_text(written, "utf-8")


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """By scenario the reasons that the rehearsal prints for its one incident: the same lines at night, at noon, and
    spread over the afternoon."""
    folder = tmp_path_factory.mktemp("surge")
    shutil.copy(SCENARIOS / "accounts.json", folder)
    for name, hour, apart in (("night", 3, 3), ("noon", 12, 3), ("spread", 12, 27)):
        _scenario(folder, name, hour, apart)
    done = fengxin("rehearse", folder, "--pack", "JY")
    assert done.returncode == 0, done.stderr
    parts = re.split(r"(?m)^【演练】(?=\w+：\d+ 条，)", done.stdout)[1:]
    assert all("立事件 1 件" in one.splitlines()[0] for one in parts), [one.splitlines()[0] for one in parts]
    return {one.partition("：")[0]: one.partition("会通知谁")[0] for one in parts}


def test_a_surge_is_a_reason_measured_against_what_the_hour_is_used_to(reasons: dict[str, str]) -> None:
    times = {
        name: float(found[1])
        for name in ("night", "noon")
        if (
            found := re.search(
                r"涌量 \d+%：本账号近一小时 1\d 条，平常 \d+ 时约 [\d.]+ 条，为 ([\d.]+) 倍", reasons[name]
            )
        )
    }
    assert set(times) == {"night", "noon"}, reasons
    assert times["night"] > 10 * times["noon"] > 10, "a quiet hour of the night is another baseline than noon"
    assert "涌量" not in reasons["spread"]
    assert all("规则 FD-03" in one for one in reasons.values())
