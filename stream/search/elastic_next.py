"""The next generation on Elasticsearch: month indices beside those that answer, and one step of the alias."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from uuid import uuid4

from stream.search import Document, Renewal, SearchRefused, SearchUnavailable
from stream.search.elastic_about import About, Abouts
from stream.search.elastic_documents import key_of, traces
from stream.search.elastic_months import PAGE, Months
from stream.search.elastic_settings import Address

TAKEN = (
    "检索库（Elasticsearch {where}）正在重建的索引已不在：另一个 fengxin reindex 已经做完，或检索被清空；"
    "请再执行一次 fengxin reindex。"
)


class ElasticRenewal(Renewal):
    """Fills the next generation of one prefix."""

    def __init__(
        self,
        address: Address,
        abouts: Abouts,
        months: Months,
        opened: Callable[[], AbstractContextManager[About]],
    ) -> None:
        """Go on with the one that is there. Raises what the client raises."""
        self._address, self._abouts, self._months, self._opened = address, abouts, months, opened
        self._schools: set[str] = set()

        def begun(about: About) -> About:
            return about if about.next else replace(about, next=uuid4().hex[:12])

        abouts.change(begun)
        found = abouts.read()
        if found is None or not found.next:
            raise self._taken()
        self.generation = found.next
        self._months.ensure([traces(address.prefix, self.generation)], found)

    def reached(self, school: str) -> int:
        """As kept beside what the indices are."""
        with self._opened():
            return self._abouts.reached(self.generation, school)

    def fill(self, school: str, documents: Sequence[Document], row: int) -> None:
        """The documents first, then the row. What was deleted meanwhile has left a trace, and goes again."""
        newest = {key_of(one.school, one.id): one for one in sorted(documents, key=lambda one: one.fetched_at)}
        self._schools.add(school)
        with self._opened() as about:
            self._heed(about)
            homes = self._months.homes(list(newest), self.generation).get(self.generation, {})
            refused = self._months.fill(newest, self.generation, about, homes) if newest else {}
            if gone := self._months.traced(list(newest), self.generation):
                self._months.forget(gone, self.generation)
            self._abouts.reach(self.generation, school, row)
        if refused:
            raise SearchRefused({newest[key].id: why for key, why in refused.items()})

    def lacking(self, school: str, ids: Sequence[str]) -> set[str]:
        """By id."""
        missing: set[str] = set()
        with self._opened() as about:
            self._heed(about)
            for start in range(0, len(ids), PAGE):
                by_key = {key_of(school, one): one for one in ids[start : start + PAGE]}
                there = self._months.homes(list(by_key), self.generation).get(self.generation, {})
                away = [key for key in by_key if key not in there]
                gone = set(self._months.traced(away, self.generation))
                missing |= {by_key[key] for key in away if key not in gone}
        return missing

    def count(self, school: str) -> int:
        """All of the school."""
        with self._opened() as about:
            self._heed(about)
            return self._months.count(school, self.generation)

    def switch(self) -> None:
        """What the indices are is changed first; the alias follows it, by whoever asks next if this process ends."""
        with self._opened() as about:
            self._heed(about)
            names = tuple(self._months.of(self.generation))

            def switched(now: About) -> About | None:
                if now.next != self.generation:
                    return None
                return About(now.made, rebuilt=True, now=self.generation, leaving=True, indices=names)

            if not self._abouts.change(switched):
                raise self._taken()
        with self._opened():
            self._abouts.forget_marks(self.generation, sorted(self._schools))

    def close(self) -> None:
        """The adapter gives the connections back."""

    def _heed(self, about: About) -> None:
        if about.next != self.generation:
            raise self._taken()

    def _taken(self) -> SearchUnavailable:
        return SearchUnavailable(TAKEN.format(where=self._address))
