"""The indices of posts, one a month and generation: made, written, found by id, dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from stream.search import Document, SearchUnavailable
from stream.search.elastic_about import ROUNDS, About, Abouts, without_index
from stream.search.elastic_bulk import Bulk, Outcome, Write
from stream.search.elastic_documents import (
    LATER,
    MAPPING,
    SETTINGS,
    generation_of,
    is_month,
    micro,
    month_of,
    months,
    stored,
    traces,
)

PAGE = 1000
"""Documents that one answer holds; more are asked for page by page."""


class Months:
    """Those of one prefix. Every method raises what the client raises."""

    def __init__(self, client: Elasticsearch, prefix: str, bulk: Bulk, abouts: Abouts, where: object) -> None:
        self._client, self._prefix, self._bulk, self._abouts, self._where = client, prefix, bulk, abouts, where
        self.all = months(prefix)

    def furnish(self) -> None:
        """The template: no index comes to be by a late write, only by `ensure`. A month that a killed drop has left
        closed for writing is opened, one of an earlier version is given the fields that it lacks."""
        indices = self._client.indices
        indices.put_index_template(
            name=self._prefix, index_patterns=[self.all], priority=200, allow_auto_create=False,
            template={"settings": SETTINGS, "mappings": MAPPING},
        )  # fmt: skip
        open_again = {"index.blocks.write": None}
        indices.put_settings(index=self.all, settings=open_again, allow_no_indices=True, ignore_unavailable=True)
        told = indices.get_mapping(index=self.all, allow_no_indices=True, ignore_unavailable=True).body
        lacking = [
            name for name, one in told.items() if not LATER.keys() <= one["mappings"].get("properties", {}).keys()
        ]
        if lacking:  # only then: an index that is closed for writing takes no fields either, and is read all the same
            indices.put_mapping(index=lacking, properties=LATER, ignore_unavailable=True)

    def names(self) -> list[str]:
        """Every index, of whatever generation."""
        return list(self._client.indices.get_alias(index=self.all, expand_wildcards="all", allow_no_indices=True))

    def of(self, generation: str) -> list[str]:
        """Those of a generation that hold posts."""
        return [one for one in self.names() if is_month(self._prefix, one) and self.generation(one) == generation]

    def generation(self, index: str) -> str:
        """Which one an index belongs to."""
        return generation_of(self._prefix, index)

    def missing(self, about: About) -> list[str]:
        """Indices that should be there and are not, or that were missing once and are not rebuilt."""
        return sorted(set(about.indices).difference(self.names()) | set(about.lost))

    def count(self, school: str, generation: str) -> int:
        """Documents of a school in one generation."""
        names = self.of(generation)
        self.refresh(names)
        asked = {"term": {"school": school}}
        return int(self._client.count(index=names, query=asked)["count"]) if names else 0

    def take_in(self, newest: Mapping[str, Document], about: About) -> dict[str, str]:
        """Into every generation that is written to; gives by key what can never be taken. A document that was indexed
        before stays in its index, also where its date has changed."""
        if about.next:
            self._bulk.send([Write(traces(self._prefix, about.next), key, None) for key in newest])
        homes = self.homes(list(newest))
        refused: dict[str, str] = {}
        for generation in about.generations:
            refused |= self.fill(newest, generation, about, homes.get(generation, {}))
        return refused

    def fill(
        self, newest: Mapping[str, Document], generation: str, about: About, homes: Mapping[str, str]
    ) -> dict[str, str]:
        """Into one generation."""
        writes = [
            Write(homes.get(key) or month_of(self._prefix, generation, one), key, stored(one), _version(one))
            for key, one in newest.items()
        ]
        names = {write.index for write in writes}
        self.ensure(names, about)
        outcome = self._bulk.send(writes)
        refused = outcome.refused | self._settled(outcome)
        self.refresh(names)
        return refused

    def take_out(self, keys: Sequence[str], about: About) -> None:
        """From every generation; a trace keeps them out of the one that is being filled."""
        if about.next:
            empty = {"pairs": ""}
            self._bulk.send([Write(traces(self._prefix, about.next), key, empty) for key in keys])
        for index in sorted(self.forget(keys)):
            if self.generation(index) == about.now:
                self._drop_if_empty(index)

    def forget(self, keys: Sequence[str], only: str = "") -> set[str]:
        """Delete by id, from every generation or one; gives the indices that held some."""
        # what another process has just written is found as well
        self._client.indices.refresh(index=f"{self.all}-{only}" if only else self.all, allow_no_indices=True)
        touched: set[str] = set()
        for start in range(0, len(keys), PAGE):
            chosen = self.homes(keys[start : start + PAGE], only).values()
            self._bulk.send([Write(index, key, None) for held in chosen for key, index in held.items()])
            touched |= {index for held in chosen for index in held.values()}
        self.refresh(touched)
        return touched

    def homes(self, keys: Sequence[str], only: str = "") -> dict[str, dict[str, str]]:
        """By generation, which index holds each of the keys that are there. `only`: look at no other generation, which
        may be damaged."""
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(keys), PAGE):
            wanted = {"ids": {"values": list(keys[start : start + PAGE])}}
            answer = self._client.search(
                index=f"{self.all}-{only}" if only else self.all, query=wanted, size=4 * PAGE, source=False,
                ignore_unavailable=True, allow_partial_search_results=False,
            )  # fmt: skip
            for hit in answer["hits"]["hits"]:
                if is_month(self._prefix, hit["_index"]):
                    found.setdefault(self.generation(hit["_index"]), {})[hit["_id"]] = hit["_index"]
        return found

    def traced(self, keys: Sequence[str], generation: str) -> list[str]:
        """Those that were deleted since this generation began."""
        if not keys:
            return []
        docs = [{"_index": traces(self._prefix, generation), "_id": key, "_source": False} for key in keys]
        return [str(one["_id"]) for one in self._client.mget(docs=docs)["docs"] if one.get("found")]

    def ensure(self, names: Iterable[str], about: About) -> None:
        """Make the indices that are not there; those of the generation that answers stand behind the alias."""
        there = self._client.indices.get_alias(index=self.all, expand_wildcards="all", allow_no_indices=True).body
        lost = {one for one in about.indices if one not in there}
        wanted = set(names)
        for name in sorted(wanted):
            answers = self.generation(name) == about.now and is_month(self._prefix, name)
            if name not in there:
                with suppress(BadRequestError):  # somebody else was quicker
                    self._client.indices.create(index=name, aliases={self._prefix: {}} if answers else {})
            elif answers and self._prefix not in there[name]["aliases"]:
                self._client.indices.put_alias(index=name, name=self._prefix)
        known = {one for one in wanted if self.generation(one) == about.now and is_month(self._prefix, one)}
        if lost or known.difference(about.indices):

            def told(now: About) -> About:
                if now.now != about.now:
                    return now
                return replace(
                    now, indices=tuple(sorted({*now.indices, *known})), lost=tuple(sorted({*now.lost, *lost}))
                )

            self._abouts.change(told)

    def refresh(self, indices: Iterable[str]) -> None:
        """Let what was written be found."""
        if names := sorted(indices):
            self._client.indices.refresh(index=names, ignore_unavailable=True)

    def drop(self, indices: Iterable[str]) -> None:
        """Take indices away, also where somebody else is doing so."""
        client = self._client.options(ignore_status=404)
        for index in indices:
            client.indices.delete(index=index, ignore_unavailable=True)

    def settle(self, about: About) -> None:
        """Point the alias to the generation that answers, in one step, and drop all others."""
        held = self._client.indices.get_alias(index=self.all, expand_wildcards="all", allow_no_indices=True).body
        now = {one for one in held if self.generation(one) == about.now and is_month(self._prefix, one)}
        actions: list[dict[str, Any]] = [{"add": {"index": one, "alias": self._prefix}} for one in sorted(now)]
        actions += [
            {"remove": {"index": one, "alias": self._prefix}}
            for one, told in held.items()
            if one not in now and self._prefix in told["aliases"]
        ]
        try:
            if actions:
                self._client.indices.update_aliases(actions=actions)
        except NotFoundError:
            return  # another process was quicker; the next call looks again
        self.drop(one for one in held if one not in now and not (about.next and self.generation(one) == about.next))
        self._abouts.change(lambda seen: replace(seen, leaving=False) if seen.now == about.now else seen)

    def _settled(self, outcome: Outcome) -> dict[str, str]:
        """A version that is refused is older than what is there, and done; unless what is there is only the trace of
        a deletion, whose version is no revision's: then it is written over exactly what was seen."""
        refused: dict[str, str] = {}
        conflicts = outcome.conflicts
        for _ in range(ROUNDS):
            if not conflicts:
                return refused
            docs = [{"_index": one.index, "_id": one.key, "_source": ["fetched_at"]} for one in conflicts]
            there = self._client.mget(docs=docs)["docs"]
            again = [write for one, held in zip(conflicts, there, strict=True) if (write := _over(one, held))]
            outcome = self._bulk.send(again)
            refused |= outcome.refused
            conflicts = outcome.conflicts
        raise SearchUnavailable(f"检索库（Elasticsearch {self._where}）一再有别的进程抢先写入，稍后自动再试")

    def _drop_if_empty(self, index: str) -> None:
        """Nobody writes into it between the look and the drop: who tries is refused for a moment and comes again."""
        if self._client.count(index=index)["count"]:
            return
        self._client.indices.add_block(index=index, block="write")
        self._client.indices.refresh(index=index)
        if self._client.count(index=index)["count"]:
            self._client.indices.put_settings(index=index, settings={"index.blocks.write": None})
        else:
            self._abouts.change(without_index(index))
            self.drop([index])


def _version(document: Document) -> dict[str, Any]:
    return {"version": micro(document.fetched_at), "version_type": "external_gte"}


def _over(write: Write, held: Mapping[str, Any]) -> Write | None:
    """The write again, over exactly what is held; None where that is newer."""
    if not held.get("found"):
        return Write(write.index, write.key, write.source, create=True)
    if write.source is None or held["_source"]["fetched_at"] > write.source["fetched_at"]:
        return None
    seen = {"if_seq_no": held["_seq_no"], "if_primary_term": held["_primary_term"]}
    return Write(write.index, write.key, write.source, seen)
