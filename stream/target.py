"""Target: whom the words are about, decided from words; another school's matter must never be taken for ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from stream.assessment import Target
from stream.lexicon import Lexicon, parts_of
from stream.match import Page

LISTS = ("outsider", "ours", "staff", "service", "school", "student")
"""The word lists of `rules/words.toml` that decide."""
KINDS_OF_SCHOOL = ("大学", "职院", "师范")
UNIVERSITY = re.compile(rf"[一-龥]{{2,4}}(?:{'|'.join(KINDS_OF_SCHOOL)})(?!生|城|气|里|期)")
NO_NAME = re.compile(r"(?:上|读|念|考|考上|我们|我的|在|的|是|个|所|一|老年|这|我校|本校|咱们)(?:大学|职院|师范)$")


class TargetWords:
    """The lists together with the school's own names (`aliases`, from settings)."""

    def __init__(self, words: Mapping[str, tuple[str, ...]], aliases: Sequence[str]) -> None:
        self.lists = {name: words.get(name, ()) for name in LISTS}
        self.aliases = tuple(alias.lower() for alias in aliases if alias)
        self.lists["ours"] += self.aliases
        self.lists["school"] += self.aliases
        self._lexicon = Lexicon([*(parts_of(term)[0] for term in self.terms()), *KINDS_OF_SCHOOL])
        self._plain: list[frozenset[str]] = [frozenset()] * len(self._lexicon.pieces)
        self._split: dict[int, list[tuple[str, str]]] = {}
        for name, terms in self.lists.items():
            for term in terms:
                number = self._lexicon.number[parts_of(term)[0]]
                if "…" in term:
                    self._split.setdefault(number, []).append((name, term))
                else:
                    self._plain[number] |= {name}
        self._within = self._longer()
        self._schools = {self._lexicon.number[word] for word in KINDS_OF_SCHOOL}

    def _longer(self) -> dict[str, tuple[str, ...]]:
        """Of a person's title the services whose names begin with it (校医: 校医院)."""
        services = [one for one in self.lists["service"] if "…" not in one]
        found = {one: tuple(name for name in services if one in name and one != name) for one in self.lists["staff"]}
        return {title: longer for title, longer in found.items() if longer}

    def _only_within(self, page: Page, title: str) -> bool:
        """Whether a title stands nowhere but as a part of a service's name."""
        longer = sum(page.text.count(one) for one in self._within.get(title, ()))
        return 0 < longer == page.text.count(title)

    def terms(self) -> set[str]:
        """Every term a page must know for `decide`."""
        return {term for terms in self.lists.values() for term in terms}

    def named(self, page: Page) -> frozenset[str]:
        """The lists of which the page has a word."""
        found: frozenset[str] = frozenset()
        numbers = {hit[2] for hit in self._lexicon.hits(page.text)}
        numbers.update(self._lexicon.number[piece] for piece in page.also if piece in self._lexicon.number)
        for number in numbers:
            lists = self._plain[number]
            if "staff" in lists and (title := self._lexicon.pieces[number]) in self._within:
                lists -= {"staff"} if self._only_within(page, title) else set()
            found |= lists
            for name, term in self._split.get(number, ()):
                if name not in found and page.term(term):
                    found |= {name}
        if "outsider" not in found and not numbers.isdisjoint(self._schools) and self._names_another(page.text):
            found |= {"outsider"}
        return found

    def decide(self, page: Page) -> Target:
        """The target of a normalised text. Words of ours beat words of others: spill-over concerns us."""
        named = self.named(page)
        if not named:
            return Target.NONE
        if "outsider" in named and "ours" not in named:
            return Target.OUTSIDER
        for target in (Target.STAFF, Target.SERVICE, Target.SCHOOL, Target.STUDENT):
            if target.value in named:
                return target
        return Target.NONE

    def words(self, page: Page, target: Target) -> tuple[str, ...]:
        """The words of the page for which `decide` gave this target, in the order of the lists."""
        found = tuple(
            term
            for term in self.lists.get(target.value, ())
            if _there(page, term) and not (target is Target.STAFF and self._only_within(page, term))
        )
        if found or target is not Target.OUTSIDER:
            return found
        return tuple(name.group() for name in UNIVERSITY.finditer(page.text) if self._is_another(name.group()))

    def _names_another(self, text: str) -> bool:
        return any(self._is_another(name.group()) for name in UNIVERSITY.finditer(text))

    def _is_another(self, name: str) -> bool:
        return not NO_NAME.search(name) and not any(alias in name for alias in self.aliases)


def _there(page: Page, term: str) -> bool:
    return bool(page.term(term)) if "…" in term else term in page.text or term in page.also
