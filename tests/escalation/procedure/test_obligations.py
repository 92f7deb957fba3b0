"""Every obligation of the documents, one by one, is a rule of the pack with its article or a line with the reason.

`obligations.txt` has them in our own words, so that this runs where the documents themselves are not at hand. An
article with three obligations of which one was dropped fails here.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from escalation.procedure import DutyKind, Pack, Trigger, load
from tests.escalation.procedure.reading import document, table_articles, unquoted_sentences, unspaced

LIST = Path(__file__).with_name("obligations.txt")
SCHOOLS = ("JY", "LG", "TF", "ZG", "NX")
PARTS = dict(zip(SCHOOLS, ("1.1", "1.2", "1.3", "1.4", "1.5"), strict=True))
NEXT = {"1.1": "1.2", "1.2": "1.3", "1.3": "1.4", "1.4": "1.5", "1.5": "1.6"}


@dataclass(frozen=True)
class Obligation:
    """One line of the list; `trigger` is empty where the pack names it in `not_in_scope`. `in_clause`: the word stands
    in the clause that the rule quotes, not in what the duty says.
    """

    school: str
    number: int
    article: str
    trigger: str
    kind: str
    word: str
    in_clause: bool

    def __str__(self) -> str:
        return f"{self.school} {self.number} {self.article}"


def read() -> list[Obligation]:
    """The list."""
    found, school = [], ""
    for line in LIST.read_text("utf-8").splitlines():
        if line in SCHOOLS:
            school = line
        elif line and not line.startswith("#"):
            number, article, how, word, _ = (part.strip() for part in line.split("|"))
            trigger, _, kind = how.partition(" ")
            found.append(Obligation(school, int(number), article, "" if how == "left" else trigger, kind,
                       word.removeprefix("~"), word.startswith("~")))  # fmt: skip
    return found


ALL = read()


def fulfilled(pack: Pack, one: Obligation) -> bool:
    """Whether a rule of this article carries it, or the pack says why none does."""
    word = unspaced(one.word)

    def same(article: str) -> bool:
        cited = pack.cite(article)
        return one.article in (cited.number, f"{cited.chapter}{cited.number}")

    if not one.trigger:
        return any(same(left.article) and word in unspaced(left.what) and left.reason for left in pack.not_in_scope)
    return any(
        duty.kind == DutyKind(one.kind) and word in unspaced(rule.quote if one.in_clause else duty.what + duty.quote)
        for rule in pack.rule
        if same(rule.article) and Trigger(one.trigger) in rule.triggers
        for duty in rule.duty
    )


@pytest.mark.parametrize("code", SCHOOLS)
def test_every_obligation_is_a_rule_with_its_article_or_a_named_line_with_the_reason(code: str) -> None:
    pack, mine = load(code), [one for one in ALL if one.school == code]
    assert [one.number for one in mine] == list(range(1, len(mine) + 1))
    assert len(mine) >= 34
    assert [str(one) for one in mine if not fulfilled(pack, one)] == []


@pytest.mark.parametrize("code", SCHOOLS)
def test_the_list_has_every_article_that_the_pack_carries_rules_for(code: str) -> None:
    pack = load(code)
    listed = {one.article for one in ALL if one.school == code}
    carried = {pack.cite(rule.article) for rule in pack.rule}
    missing = [one.number for one in carried if one.number not in listed and f"{one.chapter}{one.number}" not in listed]
    assert set(missing) <= ({"第三条"} if code == "ZG" else set()), "a principle that the table does not list"


@pytest.mark.parametrize("code", SCHOOLS)
def test_a_rule_that_is_dropped_or_a_duty_that_is_taken_from_it_is_a_gap(code: str) -> None:
    """The test of the test: each rule taken away in turn, and each last duty of a kind, leaves an obligation open."""
    pack, mine = load(code), [one for one in ALL if one.school == code]
    unnoticed = Counter[str]()
    for place, rule in enumerate(pack.rule):
        for without in range(len(rule.duty)):
            duties = (*rule.duty[:without], *rule.duty[without + 1 :])
            cut = rule.model_copy(update={"duty": duties})
            less = pack.model_copy(update={"rule": (*pack.rule[:place], cut, *pack.rule[place + 1 :])})
            if all(fulfilled(less, one) for one in mine):
                unnoticed[pack.cite(rule.article).number] += 1
    assert unnoticed == {}


@pytest.mark.parametrize("code", SCHOOLS)
def test_the_list_has_every_article_of_the_table_of_the_notes(code: str) -> None:
    listed = {one.article.partition("章")[2] or one.article for one in ALL if one.school == code}
    wanted = {numeral(number) for number in table_articles(PARTS[code], NEXT[PARTS[code]])}
    assert wanted <= listed


def test_no_sentence_of_the_document_of_jiangyin_is_without_a_quote_or_a_reason() -> None:
    pack = load("JY")
    text = document(pack)
    assert all(line in text for article in pack.article for line in article.text.strip().splitlines())
    assert list(unquoted_sentences(pack)) == []


def numeral(number: int) -> str:
    """13 as 第十三条."""
    digits = " 一二三四五六七八九"
    tens, ones = divmod(number, 10)
    words = ("" if tens < 2 else digits[tens]) + ("十" if tens else "") + (digits[ones] if ones else "")
    return f"第{words.strip()}条"


def test_the_numbers_are_written_as_the_documents_write_them() -> None:
    assert [numeral(one) for one in (3, 10, 13, 20, 28)] == ["第三条", "第十条", "第十三条", "第二十条", "第二十八条"]
    assert re.fullmatch(r"第.+条", ALL[0].article)
