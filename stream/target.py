"""Target: whom the words are about, decided from words; another school's matter must never be taken for ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from stream.assessment import Target
from stream.match import Page, parts_of

LISTS = ("outsider", "ours", "staff", "service", "school", "student")
"""The word lists of `rules/words.toml` that decide."""
UNIVERSITY = re.compile(r"[一-龥]{2,4}(?:大学|职院|师范)(?!生|城|气|里|期)")
NO_NAME = re.compile(r"(?:上|读|念|考|考上|我们|我的|在|的|是|个|所|一|老年|这|我校|本校|咱们)(?:大学|职院|师范)$")


class TargetWords:
    """The lists together with the school's own names (`aliases`, from settings)."""

    def __init__(self, words: Mapping[str, tuple[str, ...]], aliases: Sequence[str]) -> None:
        self.lists = {name: words.get(name, ()) for name in LISTS}
        self.aliases = tuple(alias.lower() for alias in aliases if alias)
        self.lists["ours"] += self.aliases
        self.lists["school"] += self.aliases
        self.heads: dict[str, dict[str, list[str]]] = {name: {} for name in LISTS}
        for name, terms in self.lists.items():
            for term in terms:
                self.heads[name].setdefault(parts_of(term)[0], []).append(term)

    def terms(self) -> set[str]:
        """Every term a page must know for `decide`."""
        return {term for terms in self.lists.values() for term in terms}

    def decide(self, page: Page, text: str) -> Target:
        """The target of a normalised text. Words of ours beat words of others: spill-over concerns us."""

        def has(name: str) -> bool:
            heads = self.heads[name]
            return any(page.term(term) for piece in page.seen if piece in heads for term in heads[piece])

        if (has("outsider") or self._names_another(text)) and not has("ours"):
            return Target.OUTSIDER
        order = (("staff", Target.STAFF), ("service", Target.SERVICE), ("school", Target.SCHOOL))
        for name, target in (*order, ("student", Target.STUDENT)):
            if has(name):
                return target
        return Target.NONE

    def _names_another(self, text: str) -> bool:
        return any(
            not NO_NAME.search(name.group()) and not any(alias in name.group() for alias in self.aliases)
            for name in UNIVERSITY.finditer(text)
        )
