"""Match: one pass of one automaton over the normalised text for all terms of the rulebook, then the few candidates.

A rule is filed under the rarest of the groups it needs, so most texts verify no rule at all. Answers are those of the
plain reading of a rule (see `stream.rules.Rule`); `tests/stream/test_match.py` holds a naive reader against it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import daachorse

from stream.assessment import Target
from stream.rules import DIGITS, GAP, Rule, Rulebook, Slot

Span = tuple[int, int]
DIGIT_RUN = re.compile(r"\d+")


@dataclass(frozen=True)
class Found:
    """A rule that holds, with the spans (in the normalised text) of the words that made it hold, in order."""

    rule: Rule
    spans: tuple[Span, ...]
    kinds: tuple[str, ...] = ()
    """Of danger, in the order in which the rule names them."""


def parts_of(term: str) -> tuple[str, ...]:
    """The pieces of a term `A…B`, in order."""
    return tuple(part.strip() for part in term.split("…"))


def distance(a: Span, b: Span) -> int:
    """Characters between two spans; 0 where they touch or overlap."""
    return max(0, max(a[0], b[0]) - min(a[1], b[1]))


class Page:
    """One text with where each piece of the rulebook stands in it."""

    def __init__(self, seen: dict[str, list[Span]]) -> None:
        self.seen = seen
        self._terms: dict[str, list[Span]] = {}
        self._groups: dict[tuple[str, ...], list[Span]] = {}
        self._longest: dict[tuple[str, ...], int] = {}

    def term(self, term: str) -> list[Span]:
        """Every place of a term, by start; for `A…B` each A with the nearest B after it."""
        if term not in self._terms:
            first, *rest = parts_of(term)
            spans = self.seen.get(first, [])
            for part in rest:
                spans = self._followed(spans, self.seen.get(part, []))
            self._terms[term] = spans
        return self._terms[term]

    @staticmethod
    def _followed(heads: Sequence[Span], tails: Sequence[Span]) -> list[Span]:
        starts = [start for start, _ in tails]
        out: list[Span] = []
        for start, end in heads:
            at = bisect_left(starts, end)
            if at < len(tails) and starts[at] - end <= GAP:
                out.append((start, tails[at][1]))
        return out

    def group(self, terms: tuple[str, ...]) -> list[Span]:
        """Every place of any term of a list, in order."""
        if terms not in self._groups:
            spans = sorted({span for term in terms for span in self.term(term)})
            self._groups[terms] = spans
            self._longest[terms] = max((end - start for start, end in spans), default=0)
        return self._groups[terms]

    def nearest(self, anchor: Span, terms: tuple[str, ...], within: int) -> Span | None:
        """The nearest place of a list to the anchor, at most `within` characters away; the earlier on a tie."""
        spans = self.group(terms)
        if not spans:
            return None
        low = bisect_left(spans, (anchor[0] - within - self._longest[terms], -1))
        high = bisect_left(spans, (anchor[1] + within + 1, -1))
        best = min(spans[low:high], key=lambda span: (distance(anchor, span), span), default=None)
        return best if best is not None and distance(anchor, best) <= within else None


class Matcher:
    """The rulebook made ready; build once per process (some milliseconds), then read any number of texts."""

    def __init__(self, book: Rulebook, extra: Sequence[str] = ()) -> None:
        """`extra`: further plain terms whose places a page must know (target words)."""
        self.book = book
        terms = {term for rule in book.rules for group in _groups(rule) for term in group} | set(extra)
        pieces = {part for term in terms for part in parts_of(term)}
        self.digit_pieces = {piece: int(m.group(1)) for piece in pieces if (m := DIGITS.fullmatch(piece))}
        self.pieces = sorted(pieces - set(self.digit_pieces))
        self.automaton = daachorse.CharwiseDoubleArrayAhoCorasick(self.pieces) if self.pieces else None
        self.filed: dict[str, list[int]] = {}
        for number, rule in enumerate(book.rules):
            for piece in {min(parts_of(term), key=_frequency) for term in _rarest(rule)}:
                self.filed.setdefault(piece, []).append(number)

    def page(self, text: str) -> Page:
        """Where every known piece stands in a (normalised) text."""
        seen: dict[str, list[Span]] = {}
        if self.automaton is not None and text:
            for start, end, number in self.automaton.find_overlapping(text):
                seen.setdefault(self.pieces[number], []).append((start, end))
        if self.digit_pieces:
            for run in DIGIT_RUN.finditer(text):
                for piece, least in self.digit_pieces.items():
                    if run.end() - run.start() >= least:
                        seen.setdefault(piece, []).append(run.span())
        return Page(seen)

    def find(self, page: Page, slot: Slot, target: Target) -> list[Found]:
        """The rules that hold on a page, in the order of the rulebook."""
        numbers = {number for piece in page.seen for number in self.filed.get(piece, ())}
        out: list[Found] = []
        for number in sorted(numbers):
            rule = self.book.rules[number]
            if slot in rule.applies_to and target_fits(rule, target) and (spans := holds(rule, page)):
                out.append(Found(rule, spans, kinds_of(rule, page, spans)))
        return out


def target_fits(rule: Rule, target: Target) -> bool:
    """Whether a rule is meant for words about this target; no list means anybody but another school."""
    return target in rule.target if rule.target else target is not Target.OUTSIDER


def holds(rule: Rule, page: Page) -> tuple[Span, ...]:
    """The spans that make the rule hold, or nothing."""
    if rule.not_ and page.group(rule.not_):
        return ()
    spans: set[Span] = set()
    for anchor in page.group(rule.any):
        if rule.unless and page.nearest(anchor, rule.unless, rule.guard) is not None:
            continue
        beside = [page.nearest(anchor, group, rule.within) for group in rule.near]
        if None not in beside:
            spans |= {anchor, *(span for span in beside if span is not None)}
    return tuple(sorted(spans))


def kinds_of(rule: Rule, page: Page, spans: Sequence[Span]) -> tuple[str, ...]:
    """Of which kinds of danger the words are that made a rule hold: those whose words they are, else the rule's own."""
    told = tuple(kind for kind, terms in rule.tells.items() if not set(spans).isdisjoint(page.group(terms)))
    return told or ((rule.kind,) if rule.kind else ())


def _groups(rule: Rule) -> tuple[tuple[str, ...], ...]:
    return (rule.any, *rule.near, rule.unless, rule.not_)


def _frequency(piece: str) -> float:
    return 1e-4 if DIGITS.fullmatch(piece) else 30.0 ** -len(piece)


def _rarest(rule: Rule) -> tuple[str, ...]:
    """The needed group whose terms together are rarest; a longer piece is taken to be rarer."""
    return min((rule.any, *rule.near), key=lambda group: sum(min(map(_frequency, parts_of(t))) for t in group))
