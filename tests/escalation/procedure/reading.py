"""A reading of a school's document by hand, to be laid beside what its pack answers; and the document's own text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

import pytest

from escalation.procedure import Answer, Pack, Source

SHARED = Path(__file__).resolve().parents[4] / "shared"
_ARTICLE = re.compile(r"^(第[一二三四五六七八九十]+条)[ \u00a0]+(.+?)[ \u00a0]*$", re.MULTILINE)
_CHAPTER = re.compile(r"^(第[一二三四五六七八九十]+章)[ \u00a0]+(\S+)[ \u00a0]*$", re.MULTILINE)


@dataclass(frozen=True)
class Reading:
    """What a document demands under one trigger.

    `told`: (office in the clause's words, article, inferred). `by`: (words, figure or "", article), None where the
    document gives no deadline; a figure is 7d, 1 month or every year in month 12. `duties`: (kind, article, actor).
    `proof`: phrases of the document.
    """

    told: set[tuple[str, str, bool]] = field(default_factory=set)
    by: tuple[str, str, str] | None = None
    duties: set[tuple[str, str, str]] = field(default_factory=set)
    proof: tuple[str, ...] = ()


SILENT = Reading()


def read_as(answer: Answer) -> Reading:
    """What a pack answers, as somebody would have read it; without proof."""
    return Reading(_told(answer), _due(answer), _demanded(answer))


def unproved(reading: Reading) -> Reading:
    """The reading without the phrases that prove it."""
    return replace(reading, proof=())


def not_written(pack: Pack, reading: Reading) -> list[str]:
    """The phrases that do not stand in the school's document."""
    text = document(pack)
    return [phrase for phrase in reading.proof if phrase not in text]


def _told(answer: Answer) -> set[tuple[str, str, bool]]:
    """The recipients whom an article names or implies, as `Reading.told` has them."""
    return {(row["office"], row["cited"], row["inferred"]) for row in answer.as_json()["recipients"]}


def _due(answer: Answer) -> tuple[str, str, str] | None:
    """The deadline as `Reading.by` has it."""
    shown = answer.as_json()["deadline"]
    if shown["source"] == Source.NONE:
        assert not any(shown[key] for key in ("value", "months", "every", "words", "article"))
        return None
    assert shown["source"] == Source.RULE
    months = f"{shown['months']} month" if shown["months"] else ""
    every = f"every {shown['every']} in month {shown['in_month']}" if shown["every"] else ""
    assert shown["at_least"] is None
    return shown["words"], shown["value"] or months or every, shown["article"]


def _demanded(answer: Answer) -> set[tuple[str, str, str]]:
    """The duties as `Reading.duties` has them."""
    return {(duty.kind.value, duty.cited, duty.actor) for duty in answer.duties}


def absent(words: str) -> NoReturn:
    """What a test is to be laid beside does not stand beside this checkout, as in a clone of the project alone: the
    obligations that stand in the tree (`obligations.txt`) are held there all the same."""
    pytest.skip(words)


def document(pack: Pack) -> str:
    """The school's document; where this machine does not have it: `absent`."""
    file = SHARED / "policies" / pack.document
    if not file.is_file():
        absent(f"没有学校文件原文 shared/policies/{pack.document}，本机无法逐字核对")
    return file.read_text("utf-8")


def written_articles(text: str) -> list[tuple[str, str, str, str]]:
    """Every article of the document as (chapter, chapter title, number, text), spaces at the line ends left out."""
    chapters = [(found.start(), found[1], found[2]) for found in _CHAPTER.finditer(text)]
    return [
        (*next((name, title) for start, name, title in reversed(chapters) if start < found.start()), found[1], found[2])
        for found in _ARTICLE.finditer(text)
    ]


def unspaced(text: str) -> str:
    """Without any spaces and line ends, for what the document sets over several lines (title, cells of a form)."""
    return re.sub(r"\s", "", text)


def unquoted_sentences(pack: Pack) -> Iterator[tuple[str, str]]:
    """(article, sentence) for every sentence that no quote touches, of articles without a named reason."""
    excused = {pack.cite(one.article) for one in pack.not_in_scope}
    for article in pack.article:
        quotes = {
            quote
            for rule in pack.rule
            if pack.cite(rule.article) == article
            for quote in (rule.quote, *(duty.quote for duty in rule.duty if duty.quote))
        }
        for sentence in re.split("[。；]", article.text.strip()):
            touched = any(quote in sentence or sentence in quote for quote in quotes)
            if sentence and not touched and article not in excused:
                yield article.number, sentence


def table_articles(part: str, following: str) -> set[int]:
    """The article numbers in the first column of the article table between two headings; `absent` without it."""
    table = SHARED / "research" / "escalation.md"
    if not table.is_file():
        absent("没有条文对照表 shared/research/escalation.md")
    rows = table.read_text("utf-8").split(f"### {part} ")[1].split(f"### {following} ")[0]
    cells = re.findall(r"^\| ([0-9][^|]*) \|", rows, re.MULTILINE)
    return {int(digits) for cell in cells for digits in re.findall(r"\d+", cell)}


def number_of(cited: str) -> int:
    """第十三条 as 13."""
    digits = "零一二三四五六七八九"
    tens, ten, ones = cited.removeprefix("第").removesuffix("条").rpartition("十")
    return (digits.index(tens or "一") * 10 if ten else 0) + (digits.index(ones) if ones else 0)
