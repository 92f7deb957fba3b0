"""Matching alone, as ratios of one run: many rules against a naive loop, many terms against few, with equal answers."""

from __future__ import annotations

import csv
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from stream.assessment import Target
from stream.match import Matcher
from stream.rules import Category, Examples, Rule, Rulebook, Slot
from tests.bench.chain import ROOT
from tests.bench.comments import Comments
from tests.bench.machine import pinned

T = TypeVar("T")
WITHIN = 12
COMMON = 16
"""Very common words; a third of the rules have one of them beside their anchor."""
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Matching:
    """`times_naive`: how often the matcher reads the texts while a naive loop over the same rules reads them once.

    `growth`: the cost of a text with `many` terms, in that with `few`, with the same number of hits."""

    rules: int
    texts: int
    hits: int
    per_second: float
    naive_per_second: float
    times_naive: float
    few: int
    many: int
    hits_a_text: float
    few_per_second: float
    many_per_second: float
    growth: float


def matching(rules: int = 10_000, texts: int = 3000, naive_texts: int = 150, few: int = 1000, many: int = 100_000,
             seed: int = 3) -> Matching:  # fmt: skip
    """Measure both on one core. Raises AssertionError where the answers differ from the naive ones."""
    rng = random.Random(seed)
    read = [text.lower() for text in Comments(seed).texts(texts)]
    book = made(rng, rules)
    matcher = Matcher(Rulebook(book, {}))
    with pinned(1):
        fast, found = _timed(lambda: [ids(matcher, text) for text in read], ROUNDS)
        slow, wanted = _timed(lambda: [naive(book, text) for text in read[:naive_texts]], 1)
        assert found[:naive_texts] == wanted, "the matcher and the naive loop differ"
        small, large, hits = _growth(rng, read, few, many)
    per_second, naive_per_second = texts / fast, naive_texts / slow
    return Matching(
        rules, texts, sum(map(len, found)), per_second, naive_per_second, per_second / naive_per_second,
        few, many, hits, texts / small, texts / large, large / small,
    )  # fmt: skip


def made(rng: random.Random, number: int) -> tuple[Rule, ...]:
    """Rules of the form A near B, but not with C or D, in pieces of other texts of campus life, half of them
    two joined; a third have for B a very common word of the comments that are read."""
    read = Comments(rng.randrange(2**30)).texts(2000)
    corpus = campus_texts()
    pairs = Counter(text[at : at + 2] for text in read for at in range(len(text) - 1) if _wordy(text[at : at + 2]))
    common = [pair for pair, _ in pairs.most_common(COMMON)]

    def word() -> str:
        return piece() if rng.random() < 0.5 else piece() + piece()

    def piece() -> str:
        while True:
            text = rng.choice(corpus)
            at = rng.randrange(len(text))
            if _wordy(found := text[at : at + rng.randint(2, 4)].lower()):
                return found

    return tuple(
        _rule(at, (word(),), ((rng.choice(common) if rng.random() < 1 / 3 else word(),),), (word(), word()))
        for at in range(number)
    )


def campus_texts() -> list[str]:
    """The texts of the training corpus."""
    texts: list[str] = []
    for path in sorted((ROOT / "sentiment/corpus/train").glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            texts += [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return texts


def _wordy(piece: str) -> bool:
    return len(piece) >= 2 and all("一" <= char <= "龥" for char in piece)


def _rule(at: int, terms: tuple[str, ...], near: tuple[tuple[str, ...], ...], nots: tuple[str, ...]) -> Rule:
    return Rule.model_construct(
        id=f"BE-{at}", version=1, title="测速", theme="admin", category=Category.GRIEVANCE, weight=10, label="service",
        owner="测速", applies_to=(Slot.COMMENT,), any=terms, near=near, within=WITHIN, unless=(), guard=0, not_=nots,
        stance=(), beside=(), target=(), tells={}, kind="", examples=Examples(match=("a",), miss=("b",)),
    )  # fmt: skip


def ids(matcher: Matcher, text: str) -> list[str]:
    """The rules that hold in a text."""
    return [one.rule.id for one in matcher.find(matcher.page(text), Slot.COMMENT, Target.NONE)]


def naive(book: Iterable[Rule], text: str) -> list[str]:
    """The same by looking for each word of each rule in turn, and giving up a rule as soon as it can."""
    return [rule.id for rule in book if _holds(rule, text)]


def _holds(rule: Rule, text: str) -> bool:
    return (
        any(word in text for word in rule.any)
        and all(any(word in text for word in group) for group in rule.near)
        and not any(word in text for word in rule.not_)
        and any(_near(text, one, rule.near) for one in rule.any)
    )


def _near(text: str, anchor: str, groups: Iterable[Iterable[str]]) -> bool:
    """Whether each group has a word within reach of the same place of the anchor."""
    return any(
        all(
            any(_distance(start, len(anchor), at, len(w)) <= WITHIN for w in group for at in _at(text, w))
            for group in groups
        )
        for start in _at(text, anchor)
    )


def _distance(one: int, length: int, other: int, other_length: int) -> int:
    return max(0, max(one, other) - min(one + length, other + other_length))


def _at(text: str, word: str) -> list[int]:
    found, at = [], text.find(word)
    while at >= 0:
        found.append(at)
        at = text.find(word, at + 1)
    return found


def _growth(rng: random.Random, read: Sequence[str], few: int, many: int) -> tuple[float, float, float]:
    """Seconds for all texts with few and with many terms, and the hits of a text, which are the same for both: the
    further terms are of the same characters and stand in no text."""
    there: dict[str, None] = {}
    while len(there) < few:
        text = rng.choice(read)
        at = rng.randrange(len(text))
        if _wordy(word := text[at : at + rng.randint(2, 6)]):
            there[word] = None
    letters = "".join(read)
    whole = "\n".join(read)
    more: dict[str, None] = {}
    while len(more) < many - few:
        word = "".join(rng.choice(letters) for _ in range(rng.randint(3, 8)))
        if _wordy(word) and word not in there and word not in more and word not in whole:
            more[word] = None
    took: list[float] = []
    found: list[int] = []
    for terms in (list(there), [*there, *more]):
        matcher = Matcher(Rulebook((_rule(0, tuple(terms), (), ()),), {}))
        seconds, hits = _timed(partial(_hits, matcher, read), ROUNDS)
        took.append(seconds)
        found.append(hits)
    assert found[0] == found[1], "more terms gave other hits"
    return took[0], took[1], found[0] / len(read)


def _hits(matcher: Matcher, read: Iterable[str]) -> int:
    return sum(len(matcher.needed.hits(text)) for text in read)


def _timed(work: Callable[[], T], rounds: int) -> tuple[float, T]:
    best, found = float("inf"), None
    for _ in range(rounds):
        start = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - start)
    assert found is not None
    return best, found


def said(one: Matching) -> Iterable[str]:
    """Two lines for a reader."""
    yield (
        f"match: {one.rules:,} rules with near and not: {one.per_second:,.0f} comments/s"
        f" = {one.times_naive:,.0f} x a naive loop ({one.naive_per_second:,.0f}/s), equal answers, {one.hits} hits"
    )
    yield (
        f"match: {one.many:,} terms cost {one.growth:.2f} x what {one.few:,} cost"
        f" ({one.many_per_second:,.0f}/s and {one.few_per_second:,.0f}/s, {one.hits_a_text:.1f} hits a text)"
    )


if __name__ == "__main__":
    print("\n".join(said(matching())))
