"""Match: one pass of a small automaton asks for the rules' anchors; only a text that has some is read for all words.

A rule is filed under the rarest of the groups it needs, so most texts verify no rule at all, and a rule is verified
only where each group it needs has a word in the text. Answers are those of the plain reading of a rule (see
`stream.rules.Rule`); `tests/stream/test_match.py` holds a naive reader against it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stream.assessment import Target
from stream.lexicon import Lexicon, frequency, parts_of
from stream.rules import GAP, Rule, Rulebook, Slot
from stream.stance import Span, Stance, StanceWords

ANCHORS_READ = 100
"""Anchors that hold, after which no more are looked for; a text that repeats a word a thousand times says it once."""
NOWHERE: Mapping[str, Sequence[Span]] = {}


@dataclass(frozen=True)
class Found:
    """A rule that holds, with the spans (in the normalised text) of the words that made it hold, in order."""

    rule: Rule
    spans: tuple[Span, ...]
    kinds: tuple[str, ...] = ()
    """Of danger, in the order in which the rule names them."""


def distance(a: Span, b: Span) -> int:
    """Characters between two spans; 0 where they touch or overlap."""
    return max(0, max(a[0], b[0]) - min(a[1], b[1]))


class Group:
    """A list of terms made ready. `heads`: its terms by their first piece. `needs`: one of them must be there."""

    def __init__(self, terms: tuple[str, ...], lexicon: Lexicon) -> None:
        self.terms = terms
        self.heads: dict[int, list[tuple[int, ...]]] = {}
        for term in dict.fromkeys(terms):
            numbers = tuple(lexicon.number[part] for part in parts_of(term))
            self.heads.setdefault(numbers[0], []).append(numbers)
        self.needs = frozenset(lexicon.number[min(parts_of(term), key=frequency)] for term in terms)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the terms of a group stand, in order; and the length of the longest."""

    spans: Sequence[Span]
    longest: int


class Page:
    """One text with where each piece of the rulebook stands in it; read only as far as somebody asks."""

    def __init__(self, matcher: Matcher, text: str, also: Mapping[str, Sequence[Span]]) -> None:
        self.text = text
        self.also = also
        self._matcher = matcher
        self._seen: dict[int, list[Span]] | None = None
        self._groups: dict[int, Places] = {}
        self._stances: dict[Span, Stance] = {}

    @property
    def seen(self) -> dict[int, list[Span]]:
        """The places of each piece that is there, by the number of the piece, in order."""
        if self._seen is None:
            self._seen = {}
            for start, end, number in self._matcher.lexicon.hits(self.text):
                self._seen.setdefault(number, []).append((start, end))
            for piece, spans in self.also.items():
                if (known := self._matcher.lexicon.number.get(piece)) is not None:
                    self._seen[known] = sorted({*self._seen.get(known, ()), *spans})
        return self._seen

    def term(self, term: str) -> list[Span]:
        """Every place of a term that the matcher knows, by start; for `A…B` each A with the nearest B after it."""
        known = self._matcher.lexicon.number
        return self._places(tuple(known.get(part, -1) for part in parts_of(term)))

    def _places(self, numbers: Sequence[int]) -> list[Span]:
        spans = self.seen.get(numbers[0], [])
        for number in numbers[1:]:
            spans = self._followed(spans, self.seen.get(number, []))
        return spans

    @staticmethod
    def _followed(heads: Sequence[Span], tails: Sequence[Span]) -> list[Span]:
        starts = [start for start, _ in tails]
        out: list[Span] = []
        for start, end in heads:
            at = bisect_left(starts, end)
            if at < len(tails) and starts[at] - end <= GAP:
                out.append((start, tails[at][1]))
        return out

    def group(self, terms: tuple[str, ...]) -> Sequence[Span]:
        """Every place of any term of a list, in order."""
        return self._group(terms).spans

    def _group(self, terms: tuple[str, ...]) -> Places:
        found = self._groups.get(id(terms))
        if found is None:
            heads = self._matcher.group(terms).heads
            spans: list[Span] = []
            lists = 0
            for piece in self.seen:
                for numbers in heads.get(piece, ()):
                    spans += self._places(numbers)
                    lists += 1
            ordered = sorted(set(spans)) if lists > 1 else spans
            found = Places(ordered, max((end - start for start, end in ordered), default=0))
            self._groups[id(terms)] = found
        return found

    def nearest(self, anchor: Span, terms: tuple[str, ...], within: int) -> Span | None:
        """The nearest place of a list to the anchor, at most `within` characters away; the earlier on a tie."""
        places = self._group(terms)
        spans = places.spans
        if not spans:
            return None
        low = bisect_left(spans, (anchor[0] - within - places.longest, -1))
        high = bisect_left(spans, (anchor[1] + within + 1, -1))
        best: Span | None = None
        least = within + 1
        for span in spans[low:high]:
            if (far := distance(anchor, span)) < least:
                best, least = span, far
                if not far:
                    break
        return best

    def stance(self, anchors: Sequence[Span], at: int) -> Stance:
        """How the anchor at this place of the list is meant; one joined to a denied one is denied with it."""
        stance = self._stance(anchors[at])
        words = self._matcher.stances
        while stance is Stance.TOLD and at and words.joined(self.text, anchors[at - 1], anchors[at]):
            at -= 1
            if self._stance(anchors[at]) is Stance.DENIED:
                stance = Stance.DENIED
        return stance

    def _stance(self, span: Span) -> Stance:
        if span not in self._stances:
            self._stances[span] = self._matcher.stances.stance(self.text, span)
        return self._stances[span]


class Matcher:
    """The rulebook made ready; build once per process (some milliseconds), then read any number of texts."""

    def __init__(self, book: Rulebook, extra: Sequence[str] = ()) -> None:
        """`extra`: further terms whose places a page must know (target words)."""
        self.book = book
        self.stances = StanceWords(book.words)
        lists = {terms for rule in book.rules for terms in _lists(rule)}
        self.lexicon = Lexicon(part for terms in (*lists, tuple(extra)) for term in terms for part in parts_of(term))
        made = {terms: Group(terms, self.lexicon) for terms in lists}
        self._groups = {id(terms): made[terms] for rule in book.rules for terms in _lists(rule)}
        self._alive = book.rules  # their lists are known by identity
        self._needs = [tuple(made[terms].needs for terms in (rule.any, *rule.near)) for rule in book.rules]
        filed: dict[str, list[int]] = {}
        for number, rule in enumerate(book.rules):
            for piece in {min(parts_of(term), key=frequency) for term in _rarest(rule)}:
                filed.setdefault(piece, []).append(number)
        self._keys = Lexicon(filed)
        self._filed = [tuple(filed[piece]) for piece in self._keys.pieces]

    @property
    def pieces(self) -> Sequence[str]:
        """Every piece of a term that is looked for, each once; those of `<数字N>` last."""
        return self.lexicon.pieces

    def group(self, terms: tuple[str, ...]) -> Group:
        """A list of terms of the rulebook; another one must be of known terms. Raises KeyError."""
        return self._groups.get(id(terms)) or Group(terms, self.lexicon)

    def page(self, text: str, also: Mapping[str, Sequence[Span]] = NOWHERE) -> Page:
        """A (normalised) text to be read. `also`: places of pieces that a second look at the text has found."""
        return Page(self, text, also)

    def candidates(self, page: Page) -> set[int]:
        """The numbers of the rules whose rarest group may have a word on the page."""
        filed = self._filed
        found = {rule for piece in {hit[2] for hit in self._keys.hits(page.text)} for rule in filed[piece]}
        for piece in page.also:
            if (known := self._keys.number.get(piece)) is not None:
                found.update(filed[known])
        return found

    def find(self, page: Page, slot: Slot, target: Target) -> list[Found]:
        """The rules that hold on a page, in the order of the rulebook."""
        numbers = self.candidates(page)
        if not numbers:
            return []
        seen, needs, rules = page.seen.keys(), self._needs, self.book.rules
        out: list[Found] = []
        for number in sorted(numbers):
            if any(map(seen.isdisjoint, needs[number])):
                continue
            rule = rules[number]
            if slot in rule.applies_to and target_fits(rule, target) and (spans := holds(rule, page)):
                out.append(Found(rule, spans, kinds_of(rule, page, spans)))
        return _beside(out)


def _beside(found: list[Found]) -> list[Found]:
    """Without the rules that hold only beside one of certain categories, where none of these does."""
    if not any(one.rule.beside for one in found):
        return found
    there = {one.rule.category for one in found if not one.rule.beside}
    return [one for one in found if not one.rule.beside or not there.isdisjoint(one.rule.beside)]


def target_fits(rule: Rule, target: Target) -> bool:
    """Whether a rule is meant for words about this target; no list means anybody but another school."""
    return target in rule.target if rule.target else target is not Target.OUTSIDER


def holds(rule: Rule, page: Page) -> tuple[Span, ...]:
    """The spans that make the rule hold, or nothing."""
    if rule.not_ and page.group(rule.not_):
        return ()
    spans: set[Span] = set()
    anchors = page.group(rule.any)
    held = 0
    for at, anchor in enumerate(anchors):
        if rule.unless and page.nearest(anchor, rule.unless, rule.guard) is not None:
            continue
        beside: list[Span] = []
        for group in rule.near:
            word = page.nearest(anchor, group, rule.within)
            if word is None:
                break
            beside.append(word)
        else:
            if rule.stance and page.stance(anchors, at) not in rule.stance:
                continue
            spans.add(anchor)
            spans.update(beside)
            held += 1
            if held == ANCHORS_READ:
                break
    return tuple(sorted(spans))


def kinds_of(rule: Rule, page: Page, spans: Iterable[Span]) -> tuple[str, ...]:
    """Of which kinds of danger the words are that made a rule hold: those whose words they are, else the rule's own."""
    told = tuple(kind for kind, terms in rule.tells.items() if not set(spans).isdisjoint(page.group(terms)))
    return told or ((rule.kind,) if rule.kind else ())


def _lists(rule: Rule) -> tuple[tuple[str, ...], ...]:
    return (rule.any, *rule.near, rule.unless, rule.not_, *rule.tells.values())


def _rarest(rule: Rule) -> tuple[str, ...]:
    """The needed group whose terms together are rarest; a longer piece is taken to be rarer."""
    return min((rule.any, *rule.near), key=lambda group: sum(min(map(frequency, parts_of(t))) for t in group))
