"""What is known elsewhere stays of the rulebook and the frames, and the scenario that is judged has no part in it."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.evaluation.support import Known, Said, Support, Written, known, occurring, only
from sentiment.normalise import normalise
from stream import rules
from stream.assess import Reader, SecondLook
from stream.frame import frames
from stream.match import Matcher
from stream.rules import CUES, Rulebook, Slot

BOOK = rules.load()
WRITTEN = Written(BOOK, frames())
TERMS = WRITTEN.terms()
MATCHER = Matcher(BOOK, sorted(TERMS))
SMALL = Written(Rulebook((*BOOK.rules[::40], *[rule for rule in BOOK.rules if rule.tells][:4]), {}), frames())
FEW = sorted(SMALL.terms())[::20]
ANCHORS = [(rule.id, rule.any[0]) for rule in SMALL.book.rules]
KNOWN = st.builds(
    lambda terms, held, right: Known(terms, held | right, right),
    st.frozensets(st.sampled_from(FEW)),
    st.frozensets(st.sampled_from(ANCHORS)),
    st.frozensets(st.sampled_from(ANCHORS)),
)
SICK = "食堂的饭里吃出虫子，还是活的"


@cache
def reader() -> Reader:
    return Reader(BOOK)


def knows(text: str, slot: Slot = Slot.COMMENT, *, telling: bool = True) -> Known:
    return known(WRITTEN, reader(), [Said(slot, text, telling)])


@pytest.mark.parametrize(
    ("term", "text", "stands"),
    [
        ("苍蝇", "吃出一只苍蝇", True),
        ("苍蝇", "吃出一只苍\u200b蝇", True),
        ("肉…红的", "肉里还是红的", True),
        ("肉…红的", "肉一二三四五六七八红的", True),
        ("肉…红的", "肉一二三四五六七八九红的", False),
        ("肉…红的", "红的肉", False),
        ("<数字15>", "编号 123456789012345", True),
        ("<数字15>", "编号 12345678901234", False),
    ],
)
def test_a_term_stands_as_the_rules_read_it(term: str, text: str, stands: bool) -> None:
    assert (term in occurring([term], [normalise(text).text])) == stands


def test_no_term_reaches_from_one_text_into_the_next() -> None:
    assert not occurring(["肉…红的", "<数字8>"], ["有肉", "红的", "1234", "5678"])


@given(st.lists(st.sampled_from([*sorted(TERMS)[:400], "食堂", "，", "又", "了"]), max_size=12).map("".join))
def test_it_finds_what_the_matcher_finds(text: str) -> None:
    normal = normalise(text).text
    page = MATCHER.page(normal)
    assert occurring(TERMS, [normal]) == {term for term in TERMS if page.term(term)}


def test_an_anchor_is_known_where_its_rule_holds_by_it_and_not_where_it_only_stands() -> None:
    found = knows(SICK)
    assert ("FD-03", "虫子") in found.anchors
    assert found.anchors == found.held
    assert {rule for rule, _ in found.held} <= {hit.rule for hit in reader().judge(Slot.COMMENT, look(SICK))[1]}
    aside = knows("操场上有虫子")
    assert "虫子" in aside.terms
    assert ("FD-03", "虫子") not in aside.held


def look(text: str) -> SecondLook:
    return reader().look(normalise(text))


def test_a_disguised_anchor_is_known_as_the_word_it_is_read_for() -> None:
    assert ("FD-03", "虫子") in knows("食堂饭里有c h o n g zi").held


def test_where_nothing_is_to_be_told_only_a_cue_is_rightly_held() -> None:
    assert knows(SICK, telling=False).anchors == frozenset()
    assert knows(SICK, telling=False).held == knows(SICK).held
    cues = {rule.id for rule in BOOK.rules if rule.category in CUES}
    echo = next(rule for rule in BOOK.rules if rule.category == "echo")
    held = knows(echo.examples.match[0], telling=False).anchors
    assert held
    assert {rule for rule, _ in held} <= cues


def test_what_the_school_answers_is_read_by_no_rule_and_its_words_are_known() -> None:
    found = known(WRITTEN, reader(), [Said(None, SICK, True)])
    assert found.held == frozenset()
    assert "虫子" in found.terms


@given(st.lists(KNOWN, min_size=1, max_size=5), KNOWN, KNOWN, st.data())
@settings(deadline=None)
def test_the_judged_scenario_has_no_part_in_the_choice(
    rows: list[Known], corpus: Known, instead: Known, data: st.DataObject
) -> None:
    judged = data.draw(st.integers(0, len(rows) - 1))
    told = Support(tuple(rows), corpus).elsewhere(judged)
    other = Support((*rows[:judged], instead, *rows[judged + 1 :]), corpus).elsewhere(judged)
    assert told == other
    assert only(SMALL, told) == only(SMALL, other)
    for at, row in enumerate(rows):
        assert at == judged or row.anchors <= told.anchors


@given(KNOWN, KNOWN)
@settings(deadline=None)
def test_who_knows_more_keeps_more_and_never_anything_that_nobody_wrote(some: Known, more: Known) -> None:
    less, all_of_it = only(SMALL, some), only(SMALL, some | more)
    assert less.terms() <= all_of_it.terms() <= SMALL.terms()
    assert {rule.id for rule in less.book.rules} <= {rule.id for rule in all_of_it.book.rules}
    for rule in less.book.rules:
        assert {(rule.id, term) for term in rule.any} <= some.anchors
    Reader(less.book)


def test_who_knows_everything_keeps_everything() -> None:
    everything = Known(TERMS, anchors=frozenset((rule.id, term) for rule in BOOK.rules for term in rule.any))
    assert only(WRITTEN, everything) == WRITTEN


def test_a_rule_falls_with_its_last_anchor_or_its_last_neighbour() -> None:
    rule = next(one for one in BOOK.rules if one.near and len(one.any) > 1)
    anchor = frozenset({(rule.id, rule.any[0])})
    assert [one.any for one in only(WRITTEN, Known(TERMS, anchors=anchor)).book.rules] == [rule.any[:1]]
    assert not only(WRITTEN, Known(TERMS)).book.rules
    assert not only(WRITTEN, Known(TERMS.difference(rule.near[0]), anchors=anchor)).book.rules


def test_a_frame_keeps_the_words_that_are_known() -> None:
    drill = frames()[0]
    left = only(WRITTEN, Known(frozenset({drill.post[0], drill.real[0]}))).frames[0]
    assert (left.id, left.post, left.unless, left.real) == (drill.id, drill.post[:1], (), drill.real[:1])
