"""Support 佐证: what is known elsewhere of what people wrote by hand, and that less what is known nowhere else.

Rules are written by people who have read the scenarios. To judge a scenario fairly, only what speaks for itself
elsewhere counts: in the other scenarios, or in the training corpus. An anchor of a rule must have made that very rule
hold there, in a text that somebody ought to see; a word of any other list must stand there. So the scenario that is
judged has no part in the choice, and a rule without an anchor left is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from operator import or_

from sentiment.normalise import normalise
from stream.assess import Reader, SecondLook
from stream.frame import Frame
from stream.lexicon import Lexicon, parts_of
from stream.rules import CUES, DIGITS, GAP, Rule, Rulebook, Slot

Anchor = tuple[str, str]
"""A rule's id and a term of its `any`."""


@dataclass(frozen=True)
class Written:
    """What people wrote by hand, having read scenarios: rules with their word lists, and frames."""

    book: Rulebook
    frames: tuple[Frame, ...]

    def terms(self) -> frozenset[str]:
        """Every term of the rules (any, near, unless, not, tells), of the word lists and of the frames."""
        found = {term for terms in self.book.words.values() for term in terms}
        for rule in self.book.rules:
            for group in (rule.any, *rule.near, rule.unless, rule.not_, *rule.tells.values()):
                found.update(group)
        for frame in self.frames:
            found.update(frame.post, frame.unless, frame.real)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Said:
    """A text where rules meet it. `telling`: somebody ought to see it, so that a rule is right to hold."""

    slot: Slot | None
    text: str
    telling: bool


@dataclass(frozen=True)
class Known:
    """What some texts know: the terms that stand in them, the anchors by which a rule `held`, and those that it
    rightly did (`anchors`): in a telling text or, of a cue (附和、广告…), in any."""

    terms: frozenset[str] = frozenset()
    held: frozenset[Anchor] = frozenset()
    anchors: frozenset[Anchor] = frozenset()

    def __or__(self, other: Known) -> Known:
        return Known(self.terms | other.terms, self.held | other.held, self.anchors | other.anchors)


@dataclass(frozen=True)
class Support:
    """What each scenario knows, in their order, and what the training corpus does."""

    scenarios: tuple[Known, ...]
    corpus: Known

    def elsewhere(self, number: int) -> Known:
        """What is known without this scenario (from 0)."""
        return reduce(or_, (*self.scenarios[:number], *self.scenarios[number + 1 :]), self.corpus)


def known(written: Written, reader: Reader, said: Sequence[Said]) -> Known:
    """What these texts know. `reader`: of the rulebook, for the school that they are said of."""
    texts = [normalise(one.text) for one in said]
    held: set[Anchor] = set()
    right: set[Anchor] = set()
    cues = {rule.id for rule in written.book.rules if rule.category in CUES}
    for one, second in zip(said, reader.looks(texts), strict=True):
        found = set(_anchors(reader, one.slot, second))
        held |= found
        right |= {anchor for anchor in found if one.telling or anchor[0] in cues}
    return Known(occurring(written.terms(), (text.text for text in texts)), frozenset(held), frozenset(right))


def _anchors(reader: Reader, slot: Slot | None, second: SecondLook) -> Iterator[Anchor]:
    """The anchors by which rules hold in a text."""
    if slot is None:
        return
    page = reader.whole.page(second.text.text, second.places)
    for found in reader.whole.find(page, slot, reader.targets.decide(page)):
        places = set(found.spans)
        yield from ((found.rule.id, term) for term in found.rule.any if places.intersection(page.term(term)))


def occurring(terms: Iterable[str], texts: Iterable[str]) -> frozenset[str]:
    """The terms that stand in one of the (normalised) texts."""
    single = {term: (term,) for term in terms if "…" not in term}
    chained = {term: parts_of(term) for term in terms if "…" in term}
    lexicon = Lexicon([*single, *(part for parts in chained.values() for part in parts)])
    found: set[str] = set()
    for text in texts:
        there = {lexicon.pieces[number] for _, _, number in lexicon.hits(text)}
        found |= there & single.keys()
        for term in [term for term, parts in chained.items() if term not in found and there.issuperset(parts)]:
            if _pattern(chained[term]).search(text):
                found.add(term)
    return frozenset(found)


def _pattern(parts: Sequence[str]) -> re.Pattern[str]:
    said = (rf"\d{{{found[1]},}}" if (found := DIGITS.fullmatch(part)) else re.escape(part) for part in parts)
    return re.compile(f".{{0,{GAP}}}".join(said), re.DOTALL)


def only(written: Written, known: Known) -> Written:
    """What is written, as far as it is known; a rule that loses all anchors, or a whole list of neighbours, is gone."""

    def kept(group: Iterable[str]) -> tuple[str, ...]:
        return tuple(term for term in group if term in known.terms)

    def less(rule: Rule) -> Rule | None:
        near = tuple(kept(group) for group in rule.near)
        anchors = tuple(term for term in rule.any if (rule.id, term) in known.anchors)
        if not anchors or not all(near):
            return None
        needed = {*anchors, *chain.from_iterable(near)}
        tells = {kind: tuple(term for term in told if term in needed) for kind, told in rule.tells.items()}
        lists = {"any": anchors, "near": near, "unless": kept(rule.unless), "not_": kept(rule.not_), "tells": tells}
        return rule.model_copy(update=lists)

    rules = tuple(one for rule in written.book.rules if (one := less(rule)) is not None)
    book = Rulebook(rules, {name: kept(group) for name, group in written.book.words.items()})
    frames = (replace(one, post=kept(one.post), unless=kept(one.unless), real=kept(one.real)) for one in written.frames)
    return Written(book, tuple(frames))
