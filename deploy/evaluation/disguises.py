"""Disguises 变体: how many disguised words are found again, by kind, and how often ordinary comments are misread.

A disguised word is one of `disguised_words` that does not stand in the text as it is written. It is found where it
stands in the text once `normalise` is done, or where the second look (`sentiment.disguise`) sees it there. An ordinary
comment is misread where a word is found in it that nobody wrote: by the words of the file, as somebody who watches for
all of them would, and by those of the rules, as the product does. Who writes 老師 means 老师, so a second figure
leaves out what is but written in traditional characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from opencc import OpenCC

from deploy.evaluation.sheet import Figure, Sheet, Slice
from sentiment.disguise import Disguises
from sentiment.evaluation import proportion, ratio
from sentiment.labelled import Kind, Labelled, Row
from sentiment.normalise import normalise
from stream.listed import disguises, listed
from stream.rules import Rulebook

KINDS = {
    "Traditional": "繁体", "chaizi": "拆字", "homo": "谐音", "pinyin_full": "拼音", "pinyin": "拼音首字母",
    "Emoji": "表情", "Swap": "字序打乱", "radical": "形近字",
}  # fmt: skip
HARMLESS = "none"
CHINESE = re.compile("[一-龥]+")
"""Words that the second look looks for."""
PER = 1000
_SIMPLIFIED = OpenCC("t2s")
"""By whole phrases, apart from `normalise`, which goes character by character."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A list of words, normalised, and the eye for their disguises."""

    words: frozenset[str]
    look: Disguises

    def held(self, raw: str) -> frozenset[str]:
        """The words that a text holds once its disguises are undone."""
        text = normalise(raw)
        return frozenset(word for word in self.words if word in text.text) | {one.word for one in self.look.look(text)}


def sheet(one: Labelled, others: Sequence[Labelled], book: Rulebook) -> Sheet:
    """The sheet of a file of disguised texts; the two-class files of the same run are its ordinary comments."""
    words = frozenset(normalise(word).text for row in one.rows for word in row.disguised_words)
    reading = Reading(words, Disguises(words))
    lists = (
        ("文件的词", reading),
        ("规则的词", Reading(frozenset(filter(CHINESE.fullmatch, listed(book))), disguises(book))),
    )
    parts = [
        (kind, [row for row in one.rows if row.source == kind]) for kind in dict.fromkeys(r.source for r in one.rows)
    ]
    slices = [_found(KINDS.get(kind, kind), rows, reading) for kind, rows in parts if kind != HARMLESS]
    ordinary = [(f"{one.path.name} 中无害的", [row for row in one.rows if row.source == HARMLESS])]
    ordinary += [(other.path.name, list(other.rows)) for other in others if other.kind is Kind.LEANING]
    wrong = [_misread(f"{name}（{which}）", rows, by) for name, rows in ordinary if rows for which, by in lists]
    hidden = [row for row in one.rows if row.source != HARMLESS]
    return Sheet(
        one.path.name, str(Kind.DISGUISE), f"变体还原：{len(words)} 个词写成变体后还能否认出", len(one.rows),
        (
            *_found("", hidden, reading).figures,
            *(_named(figure, part.name) for part in wrong for figure in part.figures),
        ),
        (*slices, *wrong),
        notes=("误认：普通评论中本没有写、还原后才“出现”的词，每千条评论几条；“繁体字不算”一栏不计写成繁体字的词；分别按本文件列出的词和规则所用的词计",),
    )  # fmt: skip


def _found(name: str, rows: Sequence[Row], reading: Reading) -> Slice:
    counted = [_hidden(row, reading) for row in rows]
    at = ratio([found for found, _ in counted], [hidden for _, hidden in counted])
    found, hidden = sum(one for one, _ in counted), sum(one for _, one in counted)
    return Slice(name, len(rows), (Figure("found", "认出的变体词", at, note=f"{found}/{hidden} 个词"),))


def _named(figure: Figure, part: str) -> Figure:
    """A figure of a part, under the name of the part."""
    apart = "" if figure.key == "misread" else f"，{figure.words}"
    return replace(figure, key=f"{figure.key} {part.partition('：')[2]}", words=f"每千条{part}{apart}")


def _hidden(row: Row, reading: Reading) -> tuple[int, int]:
    """How many of the hidden words are found, and how many are hidden."""
    hidden = [normalise(word).text for word in row.disguised_words if word not in row.text]
    held = reading.held(row.text) if hidden else frozenset()
    return sum(word in held for word in hidden), len(hidden)


def _misread(name: str, rows: Sequence[Row], reading: Reading) -> Slice:
    read = [list(_unwritten(row.text, reading)) for row in rows]
    plain = [_SIMPLIFIED.convert(row.text).lower() for row in rows]
    unmeant = [any(word not in text for word in words) for text, words in zip(plain, read, strict=True)]
    kinds = (("misread", "每千条误认", list(map(bool, read))), ("unmeant", "繁体字不算", unmeant))
    figures = (
        Figure(key, words, proportion(sum(wrong), len(rows), PER), 1, f"{sum(wrong)}/{len(rows)} 条")
        for key, words, wrong in kinds
    )
    return Slice(f"误认：{name}", len(rows), tuple(figures))


def _unwritten(text: str, reading: Reading) -> Iterator[str]:
    """Words that are read in a text and were not written there."""
    written = text.lower()
    return (word for word in reading.held(text) if word not in written)
