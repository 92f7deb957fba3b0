"""How a word is meant is read off its clause: denied, supposed, asked, quoted, a title, or told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.normalise import normalise
from stream.assessment import Target
from stream.match import Matcher
from stream.rules import TAKEN, Category, Rulebook, Slot, load
from stream.stance import REACH, WORDS, Stance, StanceWords
from tests.stream.said import reader
from tests.stream.test_match import make

BOOK = load()
STANCES = StanceWords(BOOK.words)
TOLD, DENIED, SUPPOSED, ASKED, QUOTED, TITLED = Stance


def meant(text: str) -> Stance:
    """How the word between the bars is meant."""
    before, word, after = (normalise(part).text for part in text.split("|"))
    return STANCES.stance(before + word + after, (len(before), len(before) + len(word)))


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        ("没有人|受伤|", DENIED),
        ("这次不是|火灾|，是演习", DENIED),
        ("我们食堂从没吃出过|虫子|", DENIED),
        ("没有发生|打人|的事", DENIED),
        ("|着火|是谣言", DENIED),
        ("网上说|打架|，没这回事", DENIED),
        ("|打架|是谣言吗", TOLD),
        ("网上说三号楼|打架|", QUOTED),
        ("我们老师从来不|骂人|", DENIED),
        ("他|没反应|了", TOLD),
        ("没吃饭|晕倒|了", TOLD),
        ("没水喝，|中暑|了两个", TOLD),
        ("没人管|打架|的事吗", TOLD),
        ("没想到|着火|了", TOLD),
        ("一不小心|烫伤|了手", TOLD),
        ("动不动就|打人|", TOLD),
        ("小时候没少|挨打|", TOLD),
        ("不会是|着火|了吧？", TOLD),
        ("会不会|着火|？", ASKED),
        ("宿舍会|着火|吗", ASKED),
        ("有没有人|受伤|？", ASKED),
        ("没有人|受伤|吧", ASKED),
        ("三号楼|冒烟|是怎么回事", TOLD),
        ("三号楼是不是|着火|了？", TOLD),
        ("|着火|了吗？", TOLD),
        ("会不会是|食物中毒|了", TOLD),
        ("要是|着火|怎么办", SUPPOSED),
        ("万一宿舍半夜|着火|呢", SUPPOSED),
        ("假如半夜，|着火|了怎么办", SUPPOSED),
        ("如果食堂|吃出虫子|谁负责", SUPPOSED),
        ("我还以为|着火|了", SUPPOSED),
        ("梦见宿舍|着火|", SUPPOSED),
        ("辣得嗓子像|着火|一样", SUPPOSED),
        ("谨防|食物中毒|", SUPPOSED),
        ("要是再|停水|我就搬出去", TOLD),
        ("主要是|停水|太久", TOLD),
        ("如果学校不管，|打人|的事就没完", TOLD),
        ("听说七栋|着火|了", QUOTED),
        ("保安喊“谁再吵就|打人|”", QUOTED),
        ("《|火灾|预防与逃生》讲座", TITLED),
        ("看完《逃生》，宿舍|着火|了", TOLD),
        ("食堂|着火|了", TOLD),
    ],
)
def test_stance_is_read_off_the_clause(text: str, stance: Stance) -> None:
    assert meant(text) is stance


@given(st.text(max_size=80), st.data())
def test_any_span_of_any_text_has_a_stance_that_depends_on_what_is_near_alone(text: str, data: st.DataObject) -> None:
    plain = normalise(text + "没有人受伤吗").text
    start = data.draw(st.integers(0, len(plain) - 1))
    end = data.draw(st.integers(start + 1, len(plain)))
    found = STANCES.stance(plain, (start, end))
    assert found in WORDS
    far = "," + "甲" * (2 * REACH)
    before = len(plain) + len(far)
    assert STANCES.stance(plain + far + plain, (before + start, before + end)) in WORDS
    assert STANCES.stance(plain + far, (start, end)) is found or end + REACH >= len(plain)


def test_without_word_lists_everything_is_told() -> None:
    assert StanceWords({}).stance("没有人受伤吗?", (3, 5)) is TOLD


def found(text: str, **lists: object) -> list[str]:
    rule = make(1, **lists)
    matcher = Matcher(Rulebook((rule,), BOOK.words))
    plain = normalise(text).text
    return [one.rule.id for one in matcher.find(matcher.page(plain), Slot.COMMENT, Target.NONE)]


def test_a_rule_counts_only_anchors_that_are_meant_as_it_says() -> None:
    told = {"any": ["虫子", "吃出"], "stance": ["told"]}
    assert found("今天吃出虫子", **told)
    assert not found("从没吃出过虫子", **told)
    assert found("从没吃出过虫子，今天真有虫子", **told)
    assert not found("会不会吃出虫子", **told)
    assert found("会不会吃出虫子", **told | {"stance": ["told", "asked"]})
    assert found("从没吃出过虫子", any=["虫子"])


def test_what_stands_under_one_negation_is_denied_together() -> None:
    said = {"any": ["打人", "骂人"], "stance": ["told"]}
    assert not found("没有打人和骂人", **said)
    assert found("没有打人,是骂人", **said)


def test_shipped_incidents_and_grievances_take_no_denied_anchor_and_own_posts_any() -> None:
    for rule in BOOK.rules:
        if set(rule.applies_to) == {Slot.OWN_POST}:
            assert rule.stance == ()
        elif rule.sign:
            continue  # “不想醒来” is one
        elif rule.category in TAKEN:
            assert Stance.DENIED not in rule.stance
        else:
            assert rule.stance == ()


@pytest.mark.parametrize(
    ("told", "not_told", "rule"),
    [
        ("宿舍楼道着火了", "宿舍楼道没有着火", "SF-01"),
        ("宿舍楼道着火往哪跑", "万一宿舍楼道着火往哪跑", "SF-01"),
        ("宿舍充电着火", "宿舍充电会不会着火", "SF-01"),
        ("食堂吃出过虫子", "食堂从没吃出过虫子", "FD-03"),
        ("食堂吃出虫子怎么办", "要是食堂吃出虫子怎么办", "FD-03"),
    ],
)
def test_a_shipped_rule_leaves_alone_what_did_not_happen(told: str, not_told: str, rule: str) -> None:
    matcher = Matcher(BOOK)

    def holding(text: str) -> set[str]:
        return {one.rule.id for one in matcher.find(matcher.page(text), Slot.COMMENT, Target.SERVICE)}

    assert rule in holding(told)
    assert rule not in holding(not_told)


def test_category_stances_name_real_categories() -> None:
    assert set(TAKEN) < set(Category)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("不是演练，三号楼真着火了", "不是□□,三号楼真着火了"),
        ("这不是剧情，是我们宿舍", "这不是□□,是我们宿舍"),
        ("是不是演练啊", None),
        ("不是演练吗", None),
        ("不是演练？", None),
        ("演练而已", None),
    ],
)
def test_what_is_said_to_be_no_drill_excuses_nothing(said: str, left: str | None) -> None:
    text = normalise(said).text
    assert reader().matcher.stances.earnest(text) == (left or text)
