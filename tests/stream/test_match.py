"""The one-pass matcher answers as a naive reader of the rules does; targets are decided from words."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.assessment import Target
from stream.match import Matcher
from stream.rules import GAP, Category, Examples, Rule, Rulebook, Slot, load
from stream.stance import Span, Stance, StanceWords
from stream.target import TargetWords


def make(number: int, **lists: object) -> Rule:
    fixed = {
        "id": f"TT-{number:02d}",
        "version": 1,
        "title": "测试规则",
        "theme": "canteen",
        "category": Category.GRIEVANCE,
        "weight": 10,
        "label": "service",
        "owner": "测试",
        "examples": Examples(match=("a",), miss=("b",)),
    }
    return Rule.model_validate(fixed | lists)


def places(term: str, text: str) -> set[Span]:
    """Naive: every place of a term, by scanning from each character."""
    digits = re.fullmatch(r"<数字(\d+)>", term)
    if digits:
        return {run.span() for run in re.finditer(r"\d+", text) if len(run.group()) >= int(digits.group(1))}
    first, *rest = term.split("…")
    out = set()
    for start in range(len(text)):
        if not text.startswith(first, start):
            continue
        end: int | None = start + len(first)
        for part in rest:
            assert end is not None
            steps = [end + skip for skip in range(GAP + 1) if text.startswith(part, end + skip)]
            end = steps[0] + len(part) if steps else None
            if end is None:
                break
        if end is not None:
            out.add((start, end))
    return out


def naive_all(rules: Iterable[Rule], text: str) -> list[str]:
    """The ids of the rules that hold in a text, without those that want another one beside them."""
    there = [rule for rule in rules if naive(rule, text)]
    plain = {rule.category for rule in there if not rule.beside}
    return [rule.id for rule in there if not rule.beside or plain & set(rule.beside)]


def naive(rule: Rule, text: str) -> bool:
    """Whether a rule holds in a text, whatever else does."""

    def somewhere(terms: tuple[str, ...]) -> set[Span]:
        return {span for term in terms for span in places(term, text)}

    def close(anchor: Span, terms: tuple[str, ...], within: int) -> bool:
        return any(max(0, max(anchor[0], other[0]) - min(anchor[1], other[1])) <= within for other in somewhere(terms))

    anchors = sorted(somewhere(rule.any))
    return not somewhere(rule.not_) and any(
        not close(anchor, rule.unless, rule.guard)
        and all(close(anchor, group, rule.within) for group in rule.near)
        and (not rule.stance or meant(text, anchors[: at + 1]) in rule.stance)
        for at, anchor in enumerate(anchors)
    )


def meant(text: str, anchors: Sequence[Span]) -> Stance:
    """How the last of these anchors is meant, with those that are joined to it."""
    stance = STANCES.stance(text, anchors[-1])
    if stance is Stance.TOLD and len(anchors) > 1 and STANCES.joined(text, anchors[-2], anchors[-1]):
        before = meant(text, anchors[:-1])
        return before if before is Stance.DENIED else stance
    return stance


LETTER = st.sampled_from("甲乙丙丁12")
TERM = st.one_of(
    st.text(LETTER, min_size=1, max_size=3),
    st.tuples(st.text(LETTER, min_size=1, max_size=2), st.text(LETTER, min_size=1, max_size=2)).map("…".join),
    st.just("<数字2>"),
)
TERMS = st.lists(TERM, min_size=1, max_size=3).map(tuple)
RULE = st.fixed_dictionaries(
    {
        "any": TERMS,
        "near": st.lists(TERMS, max_size=2).map(tuple),
        "within": st.integers(0, 6),
        "unless": st.lists(TERM, max_size=1).map(tuple),
        "guard": st.integers(0, 3),
        "not": st.lists(st.text(LETTER, min_size=2, max_size=4), max_size=1).map(tuple),
    }
)
TEXT = st.text(st.sampled_from("甲乙丙丁12。，x"), max_size=40)


@given(st.lists(RULE, min_size=1, max_size=5), st.lists(TEXT, min_size=1, max_size=4))
def test_one_pass_finds_what_a_naive_reader_finds(lists: list[dict[str, object]], texts: list[str]) -> None:
    rules = tuple(make(number, **one) for number, one in enumerate(lists, start=10))
    matcher = Matcher(Rulebook(rules, {}))
    for text in texts:
        found = matcher.find(matcher.page(text), Slot.COMMENT, Target.NONE)
        assert [one.rule.id for one in found] == [rule.id for rule in rules if naive(rule, text)]
        for one in found:
            assert one.spans
            assert all(0 <= start < end <= len(text) for start, end in one.spans)


SIGNS = "甲乙丙丁戊己庚辛壬癸"


def test_ten_thousand_rules_give_a_naive_readers_answers() -> None:
    rng = random.Random(7)

    def words(least: int, most: int) -> list[str]:
        return [word() for _ in range(rng.randint(least, most))]

    def word() -> str:
        return "…".join("".join(rng.choices(SIGNS, k=rng.randint(2, 4))) for _ in range(rng.choice((1, 1, 1, 2))))

    def rule(number: int) -> Rule:
        near = [words(1, 3) for _ in range(rng.randint(0, 2))]
        guards = {"unless": words(0, 1), "guard": rng.randint(0, 4), "not": words(0, 1)}
        made = make(10, any=words(1, 2), near=near, within=rng.randint(0, 12), **guards)
        return made.model_copy(update={"id": str(number)})

    rules = tuple(map(rule, range(10_000)))
    matcher = Matcher(Rulebook(rules, {}))
    held = 0
    for _ in range(4):
        text = "".join(rng.choices(SIGNS, k=40))
        found = [one.rule.id for one in matcher.find(matcher.page(text), Slot.COMMENT, Target.NONE)]
        assert found == [rule.id for rule in rules if naive(rule, text)]
        held += len(found)
    assert held > 50


@given(st.lists(RULE, min_size=1, max_size=5), TEXT, st.data())
def test_pieces_found_by_a_second_look_count_as_if_they_stood_there(
    lists: list[dict[str, object]], text: str, data: st.DataObject
) -> None:
    rules = tuple(make(number, **one | {"unless": (), "not": ()}) for number, one in enumerate(lists, start=10))
    matcher = Matcher(Rulebook(rules, {}))
    pieces = [piece for piece in matcher.pieces if not piece.startswith("<")]
    piece = data.draw(st.sampled_from(pieces)) if pieces else ""
    plain = matcher.page(text + "。" * 20 + piece)
    blind = matcher.page(text + "。" * 20 + "＊" * len(piece), also=also_of(matcher, text + "。" * 20, piece))
    assert [one.spans for one in matcher.find(plain, Slot.COMMENT, Target.NONE)] == [
        one.spans for one in matcher.find(blind, Slot.COMMENT, Target.NONE)
    ]


def test_what_a_second_look_finds_takes_no_rule_away() -> None:
    matcher = Matcher(Rulebook((make(1, any=["强制"], **{"not": ["学分"]}),), {}))
    assert matcher.find(matcher.page("强制,不给学分"), Slot.COMMENT, Target.NONE) == []
    assert matcher.find(matcher.page("强制,不给xue分", {"学分": [(5, 9)]}), Slot.COMMENT, Target.NONE)


def also_of(matcher: Matcher, before: str, piece: str) -> dict[str, list[Span]]:
    """Where each piece stands in a word at the end of a text."""
    spans: dict[str, list[Span]] = {}
    for known in matcher.pieces:
        for start in range(len(piece)):
            if piece.startswith(known, start):
                at = len(before) + start
                spans.setdefault(known, []).append((at, at + len(known)))
    if "<数字2>" in matcher.pieces:
        for run in re.finditer(r"\d{2,}", piece):
            spans.setdefault("<数字2>", []).append((len(before) + run.start(), len(before) + run.end()))
    return spans


@given(st.text(max_size=200))
def test_shipped_rules_answer_as_a_naive_reader_on_any_text(text: str) -> None:
    found = SHIPPED.find(SHIPPED.page(text), Slot.COMMENT, Target.NONE)
    assert [one.rule.id for one in found] == naive_all(readers_of(Slot.COMMENT), text)


SHIPPED = Matcher(load())
STANCES = StanceWords(SHIPPED.book.words)


def test_shipped_examples_give_the_same_answers_as_a_naive_reader() -> None:
    for rule in SHIPPED.book.rules:
        for text in (*rule.examples.match, *rule.examples.miss):
            found = {one.rule.id for one in SHIPPED.find(SHIPPED.page(text), rule.applies_to[0], Target.NONE)}
            if rule.beside:
                assert found == set(naive_all(readers_of(rule.applies_to[0]), text)), text
            else:
                assert (rule.id in found) == naive(rule, text), (rule.id, text)


def readers_of(slot: Slot) -> list[Rule]:
    """The shipped rules that read words about nobody in this slot."""
    return [r for r in SHIPPED.book.rules if slot in r.applies_to and (not r.target or Target.NONE in r.target)]


def test_guard_takes_away_only_the_anchor_beside_it() -> None:
    matcher = Matcher(Rulebook((make(1, any=["吐"], unless=["槽"], guard=0),), {}))
    assert matcher.find(matcher.page("吐槽一下"), Slot.COMMENT, Target.NONE) == []
    (found,) = matcher.find(matcher.page("吐槽完真的吐了"), Slot.COMMENT, Target.NONE)
    assert found.spans == ((5, 6),)


def test_rule_reads_only_the_slots_it_applies_to() -> None:
    matcher = Matcher(Rulebook((make(1, any=["名单"], applies_to=[Slot.OWN_POST]),), {}))
    assert matcher.find(matcher.page("名单"), Slot.COMMENT, Target.NONE) == []
    assert len(matcher.find(matcher.page("名单"), Slot.OWN_POST, Target.NONE)) == 1


def test_words_about_another_school_hit_no_rule_unless_it_says_so() -> None:
    anybody = make(1, any=["食堂"])
    others = make(2, any=["食堂"], target=[Target.OUTSIDER])
    matcher = Matcher(Rulebook((anybody, others), {}))
    page = matcher.page("食堂")
    assert [one.rule.id for one in matcher.find(page, Slot.COMMENT, Target.OUTSIDER)] == ["TT-02"]
    assert [one.rule.id for one in matcher.find(page, Slot.COMMENT, Target.NONE)] == ["TT-01"]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("隔壁学校食堂出事了", Target.OUTSIDER),
        ("华东理工大学宿舍着火", Target.OUTSIDER),
        ("隔壁学校食堂出事了，我们学校也是这家吗", Target.SERVICE),
        ("青禾职院的领导在哪", Target.STAFF),
        ("上大学就是为了这个食堂", Target.SERVICE),
        ("青禾职院加油", Target.SCHOOL),
        ("辅导员从来不管", Target.STAFF),
        ("食堂涨价了", Target.SERVICE),
        ("校医院排队两小时", Target.SERVICE),
        ("校医务必来一下", Target.STAFF),
        ("校医院的校医态度很差", Target.STAFF),
        ("室友打呼噜", Target.STUDENT),
        ("今天下雨", Target.NONE),
    ],
)
def test_target_is_decided_from_words(text: str, target: Target) -> None:
    words = TargetWords(load().words, ("青禾职业技术学院", "青禾职院"))
    page = Matcher(load(), sorted(words.terms())).page(text)
    assert words.decide(page) is target


def test_long_repetition_is_read_in_linear_time() -> None:
    text = "食堂吃出虫子" * 20_000
    found = SHIPPED.find(SHIPPED.page(text), Slot.COMMENT, Target.SERVICE)
    assert "FD-03" in {one.rule.id for one in found}
