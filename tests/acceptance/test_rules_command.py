"""`fengxin rules`: a folder of rules is checked with every fault named; a text is explained for a person on duty."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.standing import fengxin

WORDS = 'sour = ["馊", "发酸"]\n'
GOOD = """
theme = "canteen"
owner = "后勤处"

[[rule]]
id = "ZZ-01"
version = 1
title = "饭菜发馊"
category = "grievance"
level_floor = 4
weight = 20
any = ["@sour"]
near = [["食堂", "窗口"]]
label = "service"
examples = { match = ["食堂的饭馊了"], miss = ["宿舍的毛巾馊了"] }
"""


def folder(tmp_path: Path, rule: str) -> Path:
    (tmp_path / "words.toml").write_text(WORDS, "utf-8")
    (tmp_path / "one.toml").write_text(rule, "utf-8")
    return tmp_path


def test_the_shipped_rules_are_sound_and_counted() -> None:
    done = fengxin("rules", "check")
    assert done.returncode == 0, done.stderr
    assert "规则可以用。" in done.stdout
    found = json.loads(fengxin("rules", "check", "--json").stdout)
    assert found["rules"] >= 150
    assert found["rules"] == sum(found["themes"].values())
    assert found["examples"] >= 4 * found["rules"]
    assert found["broken"] == []


def test_a_sound_folder_passes_and_each_fault_is_named_with_file_rule_field_and_cure(tmp_path: Path) -> None:
    assert fengxin("rules", "check", folder(tmp_path, GOOD)).returncode == 0
    faulty = GOOD.replace('label = "service"', "wait = 3").replace('"@sour"', '"@swet"')
    (tmp_path / "two.toml").write_text(GOOD.replace("ZZ-01", "ZZ-02").replace("weight = 20", ""), "utf-8")
    done = fengxin("rules", "check", folder(tmp_path, faulty))
    assert done.returncode == 1
    assert "✘ one.toml 规则 ZZ-01 wait：不认识这一项，请删去或改正拼写。" in done.stderr
    assert "✘ two.toml 规则 ZZ-02 weight：缺少这一项，请补上。" in done.stderr
    assert "处须改" in done.stderr


def test_an_example_that_its_rule_does_not_keep_is_named_with_the_reason(tmp_path: Path) -> None:
    unkept = GOOD.replace('match = ["食堂的饭馊了"]', 'match = ["饭馊了"]').replace(
        '["宿舍的毛巾馊了"]', '["食堂的菜发酸"]'
    )
    done = fengxin("rules", "check", folder(tmp_path, unkept))
    assert done.returncode == 1
    assert "ZZ-01 examples.match：“饭馊了”应命中而未命中。“馊”前后 16 字之内没有“食堂”“窗口”这样的话。" in done.stdout
    assert "ZZ-01 examples.miss：“食堂的菜发酸”不应命中，却因" in done.stdout
    assert "有 2 个例句与规则不符" in done.stderr


def explained(text: str, *more: str) -> str:
    done = fengxin("rules", "explain", text, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_text_is_explained_by_what_holds_and_what_nearly_held() -> None:
    held = explained("中午吃完食堂的凉皮，室友三个都拉肚子，去醫院了")
    assert "对象　学校的服务（“食堂”）" in held
    assert "命中　FD-01" in held
    assert "已还原：繁体" in held
    assert "没有“医院”" in explained("中午吃完食堂的凉皮拉肚子")
    assert "“演练”使规则不适用。" in explained("消防演练，宿舍楼道全是浓烟")
    assert "“着火”在这里只是在问" in explained("宿舍楼道充电会不会着火？")
    assert "在这里是在否认" in explained("我们宿舍楼道没有着火")
    assert "说的是外校" in explained("隔壁学校宿舍楼道着火了")


def test_own_posts_are_explained_with_the_article_and_comments_without() -> None:
    text = "今日上午我院实训楼突发火情，现场师生已疏散"
    assert "依据 江阴第十条" in explained(text, "--as", "官方帖文")
    assert "依据" not in explained(text)
    refused = fengxin("rules", "explain", text, "--as", "海报")
    assert refused.returncode == 1
    assert "可用：评论、私信、线索、官方帖文" in refused.stderr


def test_the_explanation_for_programs_points_into_the_text() -> None:
    text = "宿舍楼着火了，快出来"
    found = json.loads(explained(text, "--json"))
    fire = next(one for one in found["held"] if one["rule"] == "SF-01")
    assert {word["text"] for word in fire["words"]} >= {"着火"}
    assert all(text[slice(*word["span"])] == word["text"] for word in fire["words"])
    assert found["target"] == "service"
