"""What one scenario alone taught is taken from the rulebook, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.evaluation.support import Support, occurring, terms_of, without
from sentiment.normalise import normalise
from stream import rules
from stream.match import Matcher

BOOK = rules.load()
TERMS = terms_of(BOOK)


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
    assert (term in occurring([term], [text])) == stands


def test_no_term_reaches_from_one_text_into_the_next() -> None:
    assert not occurring(["肉…红的", "<数字8>"], ["有肉", "红的", "1234", "5678"])


@given(st.lists(st.sampled_from([*sorted(TERMS)[:400], "食堂", "，", "又", "了"]), max_size=12).map("".join))
def test_it_finds_what_the_matcher_finds(text: str) -> None:
    page = Matcher(BOOK, sorted(TERMS)).page(normalise(text).text)
    assert occurring(TERMS, [text]) == {term for term in TERMS if page.term(term)}


def test_only_what_stands_nowhere_else_is_the_scenarios_own() -> None:
    support = Support({"a": frozenset({"甲", "乙", "丙"}), "b": frozenset({"乙"}), "c": frozenset()}, frozenset({"丙"}))
    assert support.only_in("a") == {"甲"}
    assert support.only_in("b") == frozenset()


def test_a_rulebook_without_terms_has_them_nowhere_and_everything_else() -> None:
    rule = next(one for one in BOOK.rules if one.near and len(one.any) > 1)
    gone = frozenset({rule.any[0], *rule.near[0][:1]})
    left = without(BOOK, gone)
    assert not terms_of(left) & gone
    kept = left.rule(rule.id)
    assert kept.any == tuple(term for term in rule.any if term not in gone)
    assert without(BOOK, ()) == BOOK


def test_a_rule_falls_with_its_last_anchor_or_its_last_neighbour() -> None:
    rule = next(one for one in BOOK.rules if one.near)
    assert rule.id not in {one.id for one in without(BOOK, rule.any).rules}
    assert rule.id not in {one.id for one in without(BOOK, rule.near[0]).rules}
