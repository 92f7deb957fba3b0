"""Support 佐证: which words of the rulebook stand in which texts, and the rulebook less what one scenario taught.

Rules are written by people who have read the scenarios. To judge a scenario fairly, every term that occurs in it and in
no other scenario and in no text of the training corpus is taken away first: whoever wrote it can have learned it only
here. A term that occurs in none of the scenarios is general vocabulary and stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sentiment.normalise import normalise
from stream.lexicon import parts_of
from stream.rules import DIGITS, GAP, Rule, Rulebook

BETWEEN = "\n" * (GAP + 1)
"""So much between two texts that no term reaches over."""


def terms_of(book: Rulebook) -> frozenset[str]:
    """Every term of the rules (any, near, unless, not, tells) and of the word lists."""
    found = {term for terms in book.words.values() for term in terms}
    for rule in book.rules:
        for group in (rule.any, *rule.near, rule.unless, rule.not_, *rule.tells.values()):
            found.update(group)
    return frozenset(found)


def occurring(terms: Iterable[str], texts: Iterable[str]) -> frozenset[str]:
    """The terms that stand somewhere in the texts, disguises undone."""
    text = BETWEEN.join(normalise(one).text for one in texts)
    return frozenset(term for term in terms if _stands(term, text))


def _stands(term: str, text: str) -> bool:
    parts = parts_of(term)
    if not DIGITS.search(term):
        if len(parts) == 1:
            return term in text
        if not all(part in text for part in parts):
            return False
    return _pattern(parts).search(text) is not None


def _pattern(parts: Sequence[str]) -> re.Pattern[str]:
    said = (rf"\d{{{found[1]},}}" if (found := DIGITS.fullmatch(part)) else re.escape(part) for part in parts)
    return re.compile(f".{{0,{GAP}}}".join(said), re.DOTALL)


@dataclass(frozen=True)
class Support:
    """`by_scenario`: the terms that stand in each scenario. `corpus`: those that stand in the training corpus."""

    by_scenario: Mapping[str, frozenset[str]]
    corpus: frozenset[str]

    def only_in(self, scenario: str) -> frozenset[str]:
        """The terms that stand in this scenario, in no other and not in the corpus."""
        others = (terms for name, terms in self.by_scenario.items() if name != scenario)
        return self.by_scenario[scenario].difference(self.corpus, *others)


def without(book: Rulebook, terms: Collection[str]) -> Rulebook:
    """The rulebook without these terms; a rule that loses all anchors, or a whole list of neighbours, is gone."""

    def kept(group: Iterable[str]) -> tuple[str, ...]:
        return tuple(term for term in group if term not in terms)

    def less(rule: Rule) -> Rule | None:
        near = tuple(kept(group) for group in rule.near)
        if not kept(rule.any) or not all(near):
            return None
        lists = {"any": kept(rule.any), "near": near, "unless": kept(rule.unless), "not_": kept(rule.not_)}
        return rule.model_copy(update=lists | {"tells": {kind: kept(said) for kind, said in rule.tells.items()}})

    rules = tuple(one for rule in book.rules if (one := less(rule)) is not None)
    return Rulebook(rules, {name: kept(group) for name, group in book.words.items()})
