"""What a hold goes by: place and matter, in words a school would use; never what a comment happened to say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from escalation.voice.naming import names
from escalation.voice.subject import Subject, subject_of, touches
from sentiment.normalise import normalise
from stream import rules
from stream.assessment import Target
from stream.match import Matcher
from stream.matter import places
from stream.rules import Category, Slot

SCENARIOS = Path(__file__).resolve().parents[4] / "shared" / "scenarios"
BOOK = rules.load()
MATCHER = Matcher(BOOK)
NAMED = ("一食堂", "二食堂", *BOOK.places())
DEMO = "昨天在二食堂吃的麻辣烫，我们寝室四个人都在上吐下泻，三个去了校医院挂水"


def found(text: str, slot: Slot) -> list[rules.Rule]:
    page = MATCHER.page(normalise(text).text)
    return [one.rule for one in MATCHER.find(page, slot, Target.SCHOOL)]


def held(theme: str, lines: list[tuple[str, Slot]]) -> Subject:
    """The subject of a matter with these lines."""
    hits: list[str] = []
    where: list[str] = []
    for text, slot in lines:
        if own := [rule.id for rule in found(text, slot) if rule.theme == theme]:
            hits += own
            where += places(normalise(text).text, NAMED)
    return subject_of(theme, "weibo:t1", [f"{theme}|place|{one}" for one in where], names(theme, hits))


def posts(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (SCENARIOS / f"{name}.jsonl").read_text("utf-8").splitlines()]


def subject_of_scenario(name: str) -> Subject:
    """The subject of the first incident of a scenario of shared/scenarios."""
    truth = json.loads((SCENARIOS / f"{name}.truth.json").read_text("utf-8"))
    lines = [
        (one["text"], Slot.OWN_POST if one["author"] == "school" else Slot.COMMENT)
        for one in posts(name)
        if one["thread"] in truth["threads"] and (one["author"] != "school" or one["kind"] == "post")
    ]
    return held(truth["theme"], lines)


def test_a_poisoning_at_a_canteen_is_held_by_place_and_matter_and_not_by_what_was_said() -> None:
    subject = held("canteen", [(DEMO, Slot.COMMENT)])
    assert subject.places == ("二食堂",)
    assert subject.said() == "“二食堂、疑似食物中毒”"
    assert not {"四个", "三个", "吃的", "挂水", "麻辣烫"} & set(subject.cues)
    assert touches(subject, "我院四个班级、三个社团在二食堂前合影，吃的穿的都准备好了", named=NAMED) == ()
    for denial in (
        "关于网传我校二食堂食品安全问题的说明：内容不实",
        "近日个别同学就餐后不适，经检查与食物中毒无关",
        "第二食堂一切正常，未发现食物中毒",
    ):
        assert touches(subject, denial, named=NAMED), denial


def test_the_gravest_rule_says_what_it_is_and_a_rule_that_is_gone_names_nothing() -> None:
    assert names("canteen", ["FD-04", "FD-04", "FD-01"]) == BOOK.rule("FD-01").about
    assert names("canteen", ["FD-04", "FD-03"])[0] == "饭菜异物或变质", (
        "what may open an incident comes before a grumble"
    )
    assert names("exam", ["EX-03", "EX-03", "EX-01"])[0] == "疑似泄题", "what is graver comes first"
    assert names("safety", ["SF-17", "SF-16", "SF-16"])[0] == "坠物或坍塌", "then what came most"
    assert names("canteen", ["XX-99", "SF-01"]) == ()


def test_every_rule_that_may_open_an_incident_names_its_matter_as_a_notice_would() -> None:
    wanted = {Category.INCIDENT, Category.GRIEVANCE, Category.RUMOUR}
    own = [rule for rule in BOOK.rules if rule.category in wanted and rule.theme != "self_harm"]
    assert [rule.id for rule in own if len(rule.about) < 3] == []
    everyday = {
        "学生", "同学", "老师", "教师", "学校", "学院", "我们", "大家", "孩子", "家长", "宿舍", "食堂", "教室", "校园",
        "有人", "多人", "现在", "今天", "昨天", "刚才", "什么", "怎么", "三个", "四个", "吃的", "吃了", "晚上", "医院",
    }  # fmt: skip
    assert [(rule.id, word) for rule in own for word in rule.about if word in everyday] == []


@pytest.mark.skipif(not SCENARIOS.exists(), reason="the shared scenarios do not stand beside the checkout")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("d01_canteen_poisoning", "“6栋、疑似食物中毒”"),
        ("d06_sports_collapse", "“体育馆、人员晕倒急救”"),
        ("d08_exam_leak", "“疑似泄题”"),
        ("d10_aid_list_leak", "“个人信息外泄”"),
        ("d12_unit_denies_fire", "“实训楼、火情”"),
        ("d18_two_am_flood", "“6栋、漏水”"),
        ("d20_guard_three_platforms", "“北门、打人伤人”"),
        ("d21_parent_letter", "“学生遭欺凌”"),
    ],
)
def test_the_threads_of_the_scenarios_are_held_by_place_and_matter(name: str, said: str) -> None:
    subject = subject_of_scenario(name)
    assert subject.said() == said
    assert not any(char.isdigit() for word in subject.cues for char in word), "no number, so no personal data"


@pytest.mark.skipif(not SCENARIOS.exists(), reason="the shared scenarios do not stand beside the checkout")
def test_what_schools_post_day_by_day_touches_no_subject_of_another_matter() -> None:
    wanted = ("d01_canteen_poisoning", "d06_sports_collapse", "d10_aid_list_leak", "d20_guard_three_platforms")
    subjects = {name: subject_of_scenario(name) for name in wanted}
    everyday = [
        (path.stem, one["text"])
        for path in sorted(SCENARIOS.glob("d*.jsonl"))
        for one in posts(path.stem)
        if one["author"] == "school" and one["kind"] == "post"
    ]
    assert len(everyday) > 80
    wrong = [
        (name, where, text)
        for name, subject in subjects.items()
        for where, text in everyday
        if where != name
        and touches(subject, text, themes={rule.theme for rule in found(text, Slot.OWN_POST)}, named=NAMED)
    ]
    assert wrong == []
