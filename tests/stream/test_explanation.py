"""Why a rule holds, nearly held or was taken away, for the person on duty; and examples that are not kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.normalise import normalise
from stream.assess import Reader
from stream.assessment import Target
from stream.explanation import CATEGORIES, SLOTS, TARGETS, broken_examples, explain, told
from stream.rules import Category, Examples, Slot, load

BOOK = load()
READER = Reader(BOOK, ("青禾职院",))


def near(text: str, rule: str, slot: Slot = Slot.COMMENT) -> str:
    """Why a rule did not hold."""
    found = explain(READER, text, slot, most=100)
    assert rule not in {one.rule.id for one in found.held}
    return "".join(said for one in found.nearly if one.rule.id == rule for said in one.why)


@pytest.mark.parametrize(
    ("text", "rule", "said"),
    [
        ("中午在食堂吃完拉肚子", "FD-01", "“拉肚子”前后 45 字之内没有“医院”“急诊”"),
        ("消防演练，宿舍楼道全是浓烟", "SF-01", "“演练”使规则不适用。"),
        ("万一宿舍楼道着火呢", "SF-01", "“着火”在这里是假设、担心或比方，这一处不算。"),
        ("食堂从没吃出过虫子", "FD-03", "在这里是在否认，这一处不算。"),
        ("隔壁学校宿舍楼道着火了", "SF-01", "说的是外校，规则不看。"),
        ("谢谢学校的礼物", "CU-06", "同一条里没有不满、事故类的规则命中，单独不算。"),
        ("实训室的同学差点叫不醒", "SF-02", "近旁有“差点”，这一处不算。"),
    ],
)
def test_what_was_in_the_way_is_said_with_the_word(text: str, rule: str, said: str) -> None:
    assert said in near(text, rule)


def test_what_holds_is_told_with_words_places_and_disguises() -> None:
    found = explain(READER, "食堂的魚裡吃出蒼·蠅")
    held = next(one for one in found.held if one.rule.id == "FD-03")
    fly = next(word for word in held.words if word.end == 10)
    assert (fly.text, fly.start, fly.steps) == ("蒼·蠅", 7, ("traditional", "gap"))
    assert (found.target, found.named) == (Target.SERVICE, ("食堂",))
    lines = list(told(found))
    assert "对象　学校的服务（“食堂”）" in lines
    assert "　　　“蒼·蠅”第 8 至 10 字，已还原：繁体、字间插符，读作“苍蝇”" in lines


def test_a_word_in_pinyin_is_told_with_what_it_reads_as() -> None:
    found = explain(READER, "shitang又涨价了")
    assert "　　　“shitang”第 1 至 7 字，已还原：拼音，读作“食堂”" in list(told(found))


def test_a_full_width_comma_is_no_disguise_and_a_full_width_letter_is() -> None:
    said = "\n".join(told(explain(READER, "校车和一辆电动车撞了，有个学姐躺在地上不动")))
    assert "“撞了，有个”第" in said
    assert "已还原" not in said
    wide = list(told(explain(READER, "ｓｈｉｔａｎｇ又涨价了")))
    assert "　　　“ｓｈｉｔａｎｇ”第 1 至 7 字，已还原：全角或变体字、拼音，读作“食堂”" in wide


@given(st.text(max_size=60), st.sampled_from(("", "食堂吃出虫子", "宿舍着火了", "没有人受伤", "华东理工大学")))
def test_any_text_is_explained_as_it_is_judged_and_words_are_its_own(text: str, more: str) -> None:
    raw = text[:30] + more + text[30:]
    for slot in Slot:
        found = explain(READER, raw, slot)
        page = READER.page(normalise(raw))
        target = READER.targets.decide(page)
        judged = READER.judge(slot, READER.look(normalise(raw)))[1]
        assert [one.rule.id for one in found.held] == [hit.rule for hit in judged]
        assert found.target is target
        words = [word for held in found.held for word in held.words] + [w for near in found.nearly for w in near.words]
        assert all(raw[word.start : word.end] == word.text for word in words)
        assert all(one.why for one in found.nearly)
        assert list(told(found))


def test_every_value_has_a_name() -> None:
    assert set(CATEGORIES) == set(Category)
    assert set(TARGETS) == set(Target)
    assert set(SLOTS) == set(Slot)


def test_shipped_examples_are_kept_and_a_broken_one_is_told_with_what_was_in_the_way() -> None:
    assert list(broken_examples(READER)) == []
    bad = Examples(match=("消防演练的烟雾真大，楼道全是烟",), miss=("宿舍楼着火了，快出来",))
    rules = tuple(r.model_copy(update={"examples": bad}) if r.id == "SF-01" else r for r in BOOK.rules)
    unkept = list(broken_examples(Reader(replace(BOOK, rules=rules))))
    assert len(unkept) == 2
    assert "SF-01 examples.match：“消防演练的烟雾真大，楼道全是烟”应命中而未命中。“演练”使规则不适用。" in unkept[0]
    assert "SF-01 examples.miss：“宿舍楼着火了，快出来”不应命中，却因“楼”“着火”命中。" in unkept[1]
