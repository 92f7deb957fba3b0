"""The JY pack against the school's document itself, and no article of it left without a rule or a named reason."""

from __future__ import annotations

import re
from pathlib import Path

from escalation.procedure import load
from tests.escalation.procedure.reading import absent

JY = load("JY")
SHARED = Path(__file__).resolve().parents[4] / "shared"


def document() -> str:
    file = SHARED / "policies" / JY.document
    if not file.is_file():
        absent(f"没有学校文件原文 shared/policies/{JY.document}，本机无法逐字核对")
    return file.read_text("utf-8")


def test_every_article_of_the_pack_stands_in_the_document() -> None:
    text = document()
    for article in JY.article:
        for line in article.text.strip().splitlines():
            assert line in text, article.number
        assert f"{article.number} {article.text.strip().splitlines()[0]}" in text
        assert f"## {article.chapter} {article.chapter_title}" in text


def test_every_article_of_the_document_stands_in_the_pack() -> None:
    headings = re.findall(r"^(第[一二三四五六七八九十]+条) ", document(), re.MULTILINE)
    assert headings == [article.number for article in JY.article]


def test_every_quote_of_the_pack_stands_in_the_document() -> None:
    text = document()
    quotes = {rule.quote for rule in JY.rule} | {duty.quote for rule in JY.rule for duty in rule.duty if duty.quote}
    assert len(quotes) > 20
    assert [quote for quote in quotes if quote not in text] == []


def test_title_date_and_office_names_are_the_document_own() -> None:
    text = document()
    assert JY.title in text
    assert "二〇一六年九月一日" in text
    assert (JY.date.isoformat() if JY.date else "") == "2016-09-01"
    ours = {words for office in JY.office if office.source == "default" for words in office.words}
    theirs = {words for office in JY.office for words in office.words} - ours
    assert [words for words in theirs if words not in text] == []
    assert [words for words in ours if words in text] == []


def test_no_article_is_left_without_a_rule_or_a_reason() -> None:
    carried = {JY.cite(rule.article) for rule in JY.rule}
    named = {JY.cite(one.article) for one in JY.not_in_scope}
    assert [one.number for one in JY.article if one not in carried | named] == []
    assert all(one.reason and one.what for one in JY.not_in_scope)


def test_no_row_of_the_article_table_is_left_without_a_rule_or_a_reason() -> None:
    table = SHARED / "research" / "escalation.md"
    if not table.is_file():
        absent("没有条文对照表 shared/research/escalation.md")
    part = table.read_text("utf-8").split("### 1.1 ")[1].split("### 1.2 ")[0]
    cells = re.findall(r"^\| ([0-9][^|]*) \|", part, re.MULTILINE)
    assert len(cells) >= 17
    words = [rule.article for rule in JY.rule] + [one.article for one in JY.not_in_scope]
    cited = {JY.cite(one).number for one in words}
    wanted = {_number(int(digits)) for cell in cells for digits in re.findall(r"\d+", cell.split("(")[0])}
    assert wanted <= cited


def _number(number: int) -> str:
    digits = "一二三四五六七八九"
    tens, ones = divmod(number, 10)
    return (
        "第"
        + ("" if tens < 2 else digits[tens - 1])
        + ("十" if tens else "")
        + (digits[ones - 1] if ones else "")
        + "条"
    )
