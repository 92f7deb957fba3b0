"""Kinds of danger: which are news, which are two matters, and that no grave rule is without one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.danger import DANGERS, are_two, fresh, words
from stream.matter import CARE, Scene, danger_keys, joining_keys
from stream.rules import Category, RuleError, load
from tests.stream.said import a_post, assessed

KINDS = st.lists(st.sampled_from(sorted(DANGERS)), unique=True, max_size=4)
RULE = """
theme = "safety"
owner = "党委宣传部"
[[rule]]
id = "ZZ-01"
version = 1
title = "示例规则"
category = "incident"
{lines}
weight = 90
any = ["起火", "爆炸"]
label = "service"
[rule.examples]
match = ["起火"]
miss = ["没有"]
"""


def kinds_of(text: str) -> set[str]:
    """The kinds of danger that the shipped rules find in a line."""
    return {kind for hit in assessed(a_post(text)).hits for kind in hit.kinds}


@given(KINDS, KINDS)
def test_two_matters_are_two_whichever_came_first(one: list[str], other: list[str]) -> None:
    assert are_two(one, other) == are_two(other, one)
    assert not are_two(one, one)


@given(KINDS, KINDS)
def test_what_was_told_is_no_news_and_what_was_not_is_told_once(said: list[str], known: list[str]) -> None:
    new = fresh(said, known)
    assert not set(new) & set(known)
    assert fresh(said, [*known, *new]) == ()
    assert set(said) <= {*known, *new, "injury"}


@pytest.mark.parametrize(
    ("said", "known", "two"),
    [
        ("fire", "violence", True), ("poisoning", "fire", True), ("sexual", "blast", True), ("leak", "violence", True),
        ("blast", "fire", False), ("sexual", "violence", False), ("fall", "fire", False), ("fall", "violence", False),
        ("injury", "violence", False), ("emergency", "poisoning", False), ("later", "fire", True),
    ],
)  # fmt: skip
def test_a_beating_and_a_fire_are_two_and_what_follows_from_either_is_not(said: str, known: str, two: bool) -> None:
    assert are_two([said], [known]) is two


def test_blood_is_no_news_after_a_beating_and_is_news_beside_a_leak() -> None:
    assert fresh(["injury"], ["violence"]) == ()
    assert fresh(["injury"], ["leak"]) == ("injury",)
    assert fresh(["injury"], []) == ("injury",)
    assert words("later") == "later"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("北门保安打人了，推了一把人直接磕台阶上，嘴出血", {"violence"}),
        ("救护车来了，那个男生满脸是血", {"injury"}),
        ("实训楼三楼冒黑烟了，好多人往下跑", {"fire"}),
        ("体育老师摸女生的腰，好几个女生都说了", {"sexual"}),
        ("晚自习班主任扇了我同桌两巴掌，耳朵嗡嗡响去医院查了", {"violence", "injury"}),
        ("实习车间有人手卷进机器了，整条胳膊都是血", {"mishap"}),
        ("看台塌了，好多人受伤", {"structure"}),
        ("吊扇掉下来砸到女生头上，送急诊了", {"structure", "injury"}),
        ("宿舍着火了，有人从楼上掉下来了，救护车来了", {"fire", "fall", "injury"}),
        ("食堂那个窗口的饭吃完好几个人上吐下泻，去急诊了", {"poisoning"}),
        ("食堂的菜太咸了", set()),
    ],
)
def test_a_line_tells_of_the_kinds_that_its_words_name(text: str, kinds: set[str]) -> None:
    assert kinds_of(text) == kinds


def test_no_grave_rule_and_no_accident_of_the_two_upper_levels_lacks_its_kind() -> None:
    for rule in load().rules:
        danger = rule.level_floor is not None and rule.level_floor <= 2
        if rule.grave or (danger and rule.category is Category.INCIDENT):
            assert rule.kind in DANGERS, rule.id
        else:
            assert not (rule.kind and not danger), rule.id


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("grave = true\nlevel_floor = 2", "须写明是哪种险情"),
        ("level_floor = 2", "须写明是哪种险情"),
        ('level_floor = 3\nkind = "fire"', "才是险情"),
        ('level_floor = 2\nkind = "flood"', "没有“flood”这种险情"),
        ('level_floor = 2\nkind = "fire"\ntells = { flood = ["起火"] }', "没有“flood”这种险情"),
        ('level_floor = 2\nkind = "fire"\ntells = { blast = ["炸开"] }', "“炸开”不在 any 和 near 中"),
    ],
)
def test_a_rule_file_that_leaves_the_danger_open_is_refused_with_the_cure(
    tmp_path: Path, lines: str, said: str
) -> None:
    (tmp_path / "zz.toml").write_text(RULE.format(lines=lines), encoding="utf-8")
    with pytest.raises(RuleError, match=said):
        load(tmp_path)


def test_each_danger_under_one_post_has_a_key_that_the_other_never_looks_at_first() -> None:
    scene = Scene("a", "c", ("6栋",))
    assert set(danger_keys(["safety"], scene, ["fire"])) & set(danger_keys(["safety"], scene, ["violence"])) == set(
        danger_keys(["safety"], scene)
    )
    assert joining_keys(["safety"], scene, ["fire"])[0] == "safety.fire|thread|a"
    assert joining_keys([CARE], scene, ["self_harm"])[0] == f"{CARE}.self_harm|thread|a"
    assert all(key.startswith(CARE) for key in joining_keys([CARE, "safety"], scene, ["self_harm"]))
