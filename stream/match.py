"""Match: one pass of one automaton for the words that rules need; guards are looked for where a rule may hold.

A rule is filed under the rarest of the groups it needs, so most texts verify no rule at all, and a rule is verified
only where each group it needs has a word in the text. Answers are those of the plain reading of a rule (see
`stream.rules.Rule`); `tests/stream/test_match.py` holds a naive reader against it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial, reduce
from itertools import chain
from operator import or_

from stream.assessment import Target
from stream.lexicon import Hit, Lexicon, frequency, parts_of
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
    """A list of terms made ready. `single`: the pieces that are terms; `chains`: the terms of several pieces.

    `needs`: one of these pieces must be there.
    """

    __slots__ = ("chains", "lexicon", "needs", "single")

    def __init__(self, terms: Iterable[str], lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        number = lexicon.number
        chained = [term for term in dict.fromkeys(terms) if "…" in term]
        self.single = frozenset(number[term] for term in terms if "…" not in term)
        self.chains = tuple(_chain(term, lexicon) for term in chained)
        self.needs = self.single.union(number[_rarest(term)] for term in chained) if chained else self.single


class Bars:
    """The lists of which any term keeps a rule from holding wherever it stands: long ones that have much in common.

    `bits`: of each list, by its identity; `barring`, `begun`: of each piece the bits of the lists in which it is a
    term, and in which it begins one of several pieces; `chains`: of each list the terms of several pieces.
    """

    __slots__ = ("barring", "begun", "bits", "chains", "lexicon")

    def __init__(self, lists: Iterable[tuple[str, ...]], lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.bits: dict[int, int] = {}
        self.chains: dict[int, tuple[tuple[int, ...], ...]] = {}
        self.barring, self.begun = [0] * len(lexicon.pieces), [0] * len(lexicon.pieces)
        number, chained = lexicon.number, cache(partial(_chain, lexicon=lexicon))
        for terms in {id(terms): terms for terms in lists}.values():  # no words at all are always the same list
            bit = self.bits[id(terms)] = 1 << len(self.bits)
            self.chains[id(terms)] = chains = tuple(chained(term) for term in terms if "…" in term)
            for term in terms:
                if "…" not in term:
                    self.barring[number[term]] |= bit
            for first, *_ in chains:
                self.begun[first] |= bit


@dataclass(frozen=True, slots=True)
class Places:
    """Where the terms of a group stand, in order; and the length of the longest."""

    spans: Sequence[Span]
    longest: int


class Page:
    """One text with where each piece of the rulebook stands in it; read only as far as somebody asks."""

    __slots__ = ("_barred", "_groups", "_hits", "_matcher", "_seen", "_stances", "_there", "also", "text")

    def __init__(self, matcher: Matcher, text: str, also: Mapping[str, Sequence[Span]]) -> None:
        self.text = text
        self.also = also
        self._matcher = matcher
        self._hits: dict[Lexicon, list[Hit]] = {}
        self._there: dict[Lexicon, set[int]] = {}
        self._seen: dict[Lexicon, dict[int, list[Span]]] = {}
        self._groups: dict[int, Places] = {}
        self._stances: dict[Span, Stance] = {}
        self._barred: tuple[int, ...] | None = None

    @property
    def guards_read(self) -> bool:
        """Whether the words that guard were looked for already."""
        return self._matcher.guards in self._there

    def there(self, lexicon: Lexicon) -> set[int]:
        """The numbers of the pieces that the text has."""
        found = self._there.get(lexicon)
        if found is None:
            hits = self._hits[lexicon] = self._read(lexicon)
            found = self._there[lexicon] = {hit[2] for hit in hits}
        return found

    def _read(self, lexicon: Lexicon) -> list[Hit]:
        hits = lexicon.hits(self.text)
        if not self.also or lexicon is not self._matcher.needed:
            return hits
        known = lexicon.number
        more = ((*span, known[piece]) for piece, spans in self.also.items() if piece in known for span in spans)
        return hits + list(more)

    def has(self, terms: tuple[str, ...]) -> bool:
        """Whether any term of a list is there."""
        if not terms:
            return False
        group = self._matcher.group(terms)
        return not group.needs.isdisjoint(self.there(group.lexicon)) and (not group.chains or bool(self.group(terms)))

    def barred(self, rule: Rule) -> bool:
        """Whether any term is there that keeps a rule of the rulebook from holding."""
        bars = self._matcher.bars
        if self._barred is None:
            there = self.there(bars.lexicon)
            self._barred = tuple(reduce(or_, map(of.__getitem__, there), 0) for of in (bars.barring, bars.begun))
        bit = bars.bits[id(rule.not_)]
        by_one, may = self._barred
        if by_one & bit or not may & bit:
            return bool(by_one & bit)
        seen = self.seen(bars.lexicon)
        return any(self._chained(numbers, seen) for numbers in bars.chains[id(rule.not_)] if numbers[0] in seen)

    def seen(self, lexicon: Lexicon) -> dict[int, list[Span]]:
        """The places of each piece that is there, by the number of the piece, in order."""
        found = self._seen.get(lexicon)
        if found is None:
            found = self._seen[lexicon] = {number: [] for number in self.there(lexicon)}
            for start, end, number in self._hits[lexicon]:
                found[number].append((start, end))
            for piece in self.also:  # they came last, wherever they stand
                if (number := lexicon.number.get(piece, -1)) in found:
                    found[number] = sorted(set(found[number]))
        return found

    def term(self, term: str) -> Sequence[Span]:
        """Every place of a term that the matcher knows, by start; for `A…B` each A with the nearest B after it."""
        group = self._matcher.group((term,))
        return [span for spans in self._lists(group) for span in spans]

    def _lists(self, group: Group) -> Iterator[list[Span]]:
        """The places of each term of a group that is there."""
        seen = self.seen(group.lexicon)
        for number in seen.keys() & group.single:
            yield seen[number]
        for numbers in group.chains:
            if numbers[0] in seen:
                yield self._chained(numbers, seen)

    def _chained(self, numbers: Sequence[int], seen: Mapping[int, list[Span]]) -> list[Span]:
        """The places of a term of several pieces, whose first one is there."""
        spans = seen[numbers[0]]
        for number in numbers[1:]:
            spans = self._followed(spans, seen.get(number, []))
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
            group = self._matcher.group(terms)
            lists = list(self._lists(group))
            ordered = sorted({span for spans in lists for span in spans}) if len(lists) > 1 else [*chain(*lists)]
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
        self.needed = Lexicon(_parts(terms for rule in book.rules for terms in _needed(rule)))
        self.guards = Lexicon(_parts(chain([extra], (terms for rule in book.rules for terms in _guards(rule)))))
        self.bars = Bars((rule.not_ for rule in book.rules), self.guards)
        self._groups: dict[int, Group] = {}
        self._asked: dict[tuple[str, ...], Group] = {}
        needing, guarding = cache(partial(Group, lexicon=self.needed)), cache(partial(Group, lexicon=self.guards))
        for rule in book.rules:
            for terms in (*_needed(rule), *rule.tells.values()):
                self._groups[id(terms)] = needing(terms)
            self._groups[id(rule.unless)] = guarding(rule.unless)
        self._fulfils, self._filed = self._file(book)

    def _file(self, book: Rulebook) -> tuple[list[int], list[tuple[tuple[int, int], ...]]]:
        """For each piece which of the needed lists it stands in, a bit for each list; and the rules that are filed
        under it: their numbers, and the lists that each needs besides."""
        bits: dict[frozenset[int], int] = {}
        filed: list[list[tuple[int, int]]] = [[] for _ in self.needed.pieces]
        for number, rule in enumerate(book.rules):
            rarest, *others = sorted(_needed(rule), key=_rarity)
            besides = 0
            for terms in others:
                needs = self._groups[id(terms)].needs
                besides |= bits.setdefault(needs, 1 << len(bits))
            for piece in self._groups[id(rarest)].needs:
                filed[piece].append((number, besides))
        fulfils = [0] * len(filed)
        for needs, bit in bits.items():
            for piece in needs:
                fulfils[piece] |= bit
        return fulfils, [tuple(some) for some in filed]

    @property
    def pieces(self) -> Sequence[str]:
        """Every piece of a term that is looked for, each once."""
        return sorted({*self.needed.pieces, *self.guards.pieces})

    def group(self, terms: tuple[str, ...]) -> Group:
        """A list of terms of the rulebook, known by its identity; another one must be of known terms, or is empty."""
        found = self._groups.get(id(terms))
        if found is not None:
            return found
        if (found := self._asked.get(terms)) is None:
            found = self._asked[terms] = self._asked_for(terms)
        return found

    def _asked_for(self, terms: tuple[str, ...]) -> Group:
        for lexicon in (self.needed, self.guards):
            if all(part in lexicon.number for part in _parts([terms])):
                return Group(terms, lexicon)
        return Group((), self.needed)

    def page(self, text: str, also: Mapping[str, Sequence[Span]] = NOWHERE) -> Page:
        """A (normalised) text to be read. `also`: places of pieces that a second look at the text has found.

        They may make a rule hold and take none away: nobody disguises what makes his words harmless.
        """
        return Page(self, text, also)

    def find(self, page: Page, slot: Slot, target: Target) -> list[Found]:
        """The rules that hold on a page, in the order of the rulebook."""
        there = page.there(self.needed)
        may = list(chain.from_iterable(map(self._filed.__getitem__, there)))
        if not may:
            return []
        held = reduce(or_, map(self._fulfils.__getitem__, there))
        numbers = {number for number, besides in may if held & besides == besides}
        out: list[Found] = []
        for number in sorted(numbers):
            rule = self.book.rules[number]
            if slot in rule.applies_to and target_fits(rule, target) and (spans := holds(rule, page)):
                out.append(Found(rule, spans, kinds_of(rule, page, spans)))
        return _beside(out) if out else out


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
    guarded: bool | None = None  # the guards are read where a rule comes so far: in most texts none does
    if page.guards_read:
        if page.barred(rule):
            return ()
        guarded = page.has(rule.unless)
    spans: set[Span] = set()
    anchors = page.group(rule.any)
    held = 0
    for at, anchor in enumerate(anchors):
        if guarded and page.nearest(anchor, rule.unless, rule.guard) is not None:
            continue
        beside: list[Span] = []
        for group in rule.near:
            word = page.nearest(anchor, group, rule.within)
            if word is None:
                break
            beside.append(word)
        else:
            if guarded is None:
                if page.barred(rule):
                    return ()
                guarded = page.has(rule.unless)
                if guarded and page.nearest(anchor, rule.unless, rule.guard) is not None:
                    continue
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


def _needed(rule: Rule) -> tuple[tuple[str, ...], ...]:
    return (rule.any, *rule.near)


def _guards(rule: Rule) -> tuple[tuple[str, ...], ...]:
    return (rule.unless, rule.not_)


def _parts(lists: Iterable[Iterable[str]]) -> Iterator[str]:
    """The pieces of all the terms of these lists."""
    return (part for term in set(chain.from_iterable(lists)) for part in parts_of(term))


def _chain(term: str, lexicon: Lexicon) -> tuple[int, ...]:
    return tuple(lexicon.number[part] for part in parts_of(term))


def _rarest(term: str) -> str:
    return min(parts_of(term), key=frequency) if "…" in term else term


def _rarity(terms: Iterable[str]) -> float:
    """How often one of these terms is taken to stand in a text."""
    return sum(frequency(_rarest(term)) for term in terms)
