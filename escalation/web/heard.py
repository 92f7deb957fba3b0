"""命中的话: which rules hold in the lines of an incident, by which words as they were written and read. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from escalation.heading import without_degree
from escalation.web.prose import clean
from stream.explanation import STEPS
from stream.impression import IMPRESSIONS

SHOWN = 5
WORDS = 4
LENGTH = 16
"""Characters of a word that are shown; what the model found may be a whole clause."""
SILENT = frozenset({"case"})
"""Steps that are no disguise: nobody needs to read that VIP was read as vip."""


@dataclass(slots=True)
class Heard:
    """A rule, in how many lines it holds, its words with their numbers, and those that were disguised."""

    rule: str
    title: str
    lines: int = 0
    words: Counter[str] = field(default_factory=Counter)
    undone: dict[str, str] = field(default_factory=dict)
    """By word as it was written: what it was read as."""
    steps: Counter[str] = field(default_factory=Counter)
    """In how many lines each disguise was undone, by its Chinese name."""

    @property
    def label(self) -> str:
        """Whether a rule speaks or the model."""
        return "推断" if self.rule in IMPRESSIONS else "规则"

    @property
    def told(self) -> str:
        """The words with how often they stand, the most frequent first."""
        said = [f"“{word}”{f' {times}' if times > 1 else ''}" for word, times in self.words.most_common(WORDS)]
        return "、".join(said) + ("等" if len(self.words) > WORDS else "")

    @property
    def disguised(self) -> str:
        """How many lines hid a word, in which way, and how such words were read; empty where none did."""
        if not self.steps:
            return ""
        ways = "、".join(f"{name} {lines}" for name, lines in self.steps.most_common())
        read = "、".join(f"“{word}”读作“{reading}”" for word, reading in list(self.undone.items())[:WORDS])
        return f"经还原的条数：{ways}" + (f"（{read}）" if read else "")


def heard(lines: Iterable[Sequence[Mapping[str, Any]]], most: int = SHOWN) -> list[Heard]:
    """The rules of these lines (the hits of each), the one that holds most often first."""
    found: dict[str, Heard] = {}
    for hits in lines:
        for hit in hits:
            rule = str(hit.get("rule", ""))
            one = found.setdefault(rule, Heard(rule, without_degree(str(hit.get("title", "")))))
            one.lines += 1
            _add(one, hit)
    return sorted(found.values(), key=lambda one: (-one.lines, one.rule))[:most]


def _add(one: Heard, hit: Mapping[str, Any]) -> None:
    words, readings = hit.get("words", ()), hit.get("readings", ())
    pairs = {_short(word): _short(reading) for word, reading in zip_longest(words, readings, fillvalue="")}
    one.words.update(word for word in pairs if word and not any(word in other and word != other for other in pairs))
    one.undone |= {word: reading for word, reading in pairs.items() if reading and word}
    undone = dict.fromkeys(STEPS.get(step, step) for step in hit.get("steps", ()) if step not in SILENT)
    one.steps.update(undone.keys())


def _short(word: object) -> str:
    said = clean(str(word or "")).replace("\n", " ")
    return said if len(said) <= LENGTH else said[:LENGTH] + "…"


def undone(hits: Sequence[Mapping[str, Any]]) -> str:
    """How the disguised words of one line were read (“lds”读作“拉肚子”，拼音首字母), empty where none was."""
    (one,) = heard([[{**hit, "rule": ""} for hit in hits]]) or [Heard("", "")]
    names = "、".join(one.steps)
    read = "、".join(f"“{word}”读作“{reading}”" for word, reading in one.undone.items())
    return "：".join(part for part in (names, read) if part)
