"""Search on Elasticsearch 9, for many machines: one index a month behind an alias, written by id with the time of
fetching as external version.

Only what the smallest server has is used: no lifecycle policies, no deletes or updates by query, no data streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar
from uuid import uuid4

from elasticsearch import ApiError, Elasticsearch

from stream.search import (
    Document,
    Facets,
    Query,
    Renewal,
    Search,
    SearchDamaged,
    SearchRefused,
    SearchUnavailable,
)
from stream.search.elastic_about import ROUNDS, About, Abouts
from stream.search.elastic_bulk import Bulk
from stream.search.elastic_documents import NEWEST_FIRST, asked, counted, key_of, read, spread
from stream.search.elastic_faults import said
from stream.search.elastic_months import PAGE, Months
from stream.search.elastic_next import ElasticRenewal
from stream.search.elastic_settings import read_address
from stream.search.facets import step_of

T = TypeVar("T")
KEEP_POINT = "1m"
DAMAGED = "检索库（Elasticsearch {where}）的索引 {index} 已损坏（{why}）；请执行 fengxin reindex 重建，告警不受影响。"
REMOVED = (
    "检索库（Elasticsearch {where}）的索引被移走或替换，将新建；请执行 fengxin reindex 补回以前的内容，告警不受影响。"
)
LOST = (
    "检索库（Elasticsearch {where}）的索引 {index} 不见了，那一月的内容检索不到；"
    "请执行 fengxin reindex 重建，告警不受影响。"
)
REBUILT = "检索库（Elasticsearch {where}）刚被 fengxin reindex 重建，将重新打开。"


class ElasticSearch(Search):
    """`elasticsearch://host:port/prefix?…`, see `elastic_settings.read_address`; for many processes and threads."""

    def __init__(self, url: str) -> None:
        """Nothing is reached for before the first use. Raises ValueError with a sentence."""
        self._address = read_address(url)
        self._made = ""
        self._prepare()

    def _prepare(self) -> None:
        """A client that has no connection yet."""
        hosts = list(self._address.hosts)
        self._client = Elasticsearch(
            hosts, max_retries=len(hosts) - 1, retry_on_status=(), request_timeout=30, **self._address.client
        )
        self._alias = self._address.prefix
        self._abouts = Abouts(self._client, self._alias)
        self._months = Months(self._client, self._alias, Bulk(self._client, self._address), self._abouts, self._address)

    def index(self, documents: Sequence[Document]) -> None:
        """Older revisions than what is there are passed over. A document that was indexed before stays in its index,
        also where its date has changed."""
        newest: dict[str, Document] = {}
        for one in documents:
            key = key_of(one.school, one.id)
            if key not in newest or newest[key].fetched_at <= one.fetched_at:
                newest[key] = one
        if not newest:
            return
        with self._open() as about:
            refused = self._surely(about, lambda seen: self._months.take_in(newest, seen))
        if refused:
            raise SearchRefused({newest[key].id: why for key, why in refused.items()})

    def find(self, query: Query) -> list[Document]:
        """Newest first; of the very same instant by id. More than a page is read at one point in time."""
        if query.limit > PAGE:
            return list(self._pages(query))
        with self._open() as about:
            answer = self._asked(about, lambda: self._search(asked(query), query.limit, index=self._alias))
        return [read(hit["_source"]) for hit in answer["hits"]["hits"]]

    def count(self, query: Query) -> int:
        """All that answer."""
        whole = replace(query, before=None)
        with self._open() as about:
            answer = self._asked(about, lambda: self._search(asked(whole), 0, index=self._alias, track_total_hits=True))
        return int(answer["hits"]["total"]["value"])

    def facets(self, query: Query) -> Facets:
        """One request, without documents."""
        whole, step = replace(query, before=None), step_of(query)
        more = {"index": self._alias, "track_total_hits": True, "aggregations": spread(step)}
        with self._open() as about:
            return counted(self._asked(about, lambda: self._search(asked(whole), 0, **more)), step)

    def delete(self, school: str, ids: Sequence[str]) -> None:
        """By id. An index that holds nothing any more is dropped whole."""
        with self._open() as about:
            self._surely(about, lambda seen: self._months.take_out([key_of(school, one) for one in ids], seen))

    def clear(self) -> None:
        """Drop every index, also the damaged ones and those that were being filled."""
        with said(self._address):
            self._furnish()
            self._months.drop(self._months.names())
            try:
                found = self._abouts.read()
            except ApiError:
                found = None
                self._months.drop([self._abouts.index])
            about = About(found.made if found else uuid4().hex, rebuilt=True, now=found.now if found else "")
            self._made = about.made
            self._abouts.put(about)

    def renew(self) -> Renewal:
        """Indices of their own beside these. Where not even what they are can be read, nothing answers: all goes."""
        try:
            return self._renewal()
        except SearchDamaged:
            self.clear()
            return self._renewal()

    def _renewal(self) -> Renewal:
        with self._open():
            return ElasticRenewal(self._address, self._abouts, self._months, self._open)

    def healthy(self, *, whole: bool = False) -> None:
        """Reachable, ours, no index without its data and none missing; the engine checks its own pages, so `whole` asks
        no more. A month that was missing stays said until a rebuild, also where later posts have made it anew."""
        with self._open() as about:
            status = self._client.cluster.health(index=f"{self._alias}-*", timeout="5s")["status"]
            if status == "red":
                self._tell_damage()
                raise SearchUnavailable(f"检索库（Elasticsearch {self._address}）的部分索引暂时读不到，正在恢复")
            if self._months.missing(about) and (now := self._abouts.read()) and (lost := self._months.missing(now)):
                raise SearchDamaged(LOST.format(where=self._address, index="、".join(lost)))

    def close(self) -> None:
        """Give back connections; the next call opens them again."""
        self._client.close()
        self._prepare()

    @contextmanager
    def _open(self) -> Iterator[About]:
        """Speak of every trouble in our words, and know whether these are still the indices that were filled."""
        with said(self._address):
            try:
                yield self._seen()
            except ApiError as error:
                if error.meta.status in (500, 503):
                    self._tell_damage()
                raise

    def _seen(self) -> About:
        """Where the indices were taken away under an open adapter, say so once; the next call makes or takes them. A
        switch that was killed between its steps is made whole."""
        found = self._abouts.read()
        if not self._made:
            self._furnish()
            self._made = found.made if found else self._abouts.introduce()
            found = found or self._abouts.read()
        if found is None or found.made != self._made:
            self._made = ""
            if found and found.rebuilt:
                raise SearchUnavailable(REBUILT.format(where=self._address))
            raise SearchDamaged(REMOVED.format(where=self._address))
        if found.leaving:
            self._months.settle(found)
        return found

    def _asked(self, about: About, question: Callable[[], T]) -> T:
        """Ask again where the generation was dropped while it was asked."""
        try:
            return question()
        except ApiError:
            now = self._abouts.read()
            if now is None or now.now == about.now:
                raise
            return question()

    def _surely(self, about: About, deed: Callable[[About], T]) -> T:
        """Do it again where another generation began or took its place meanwhile."""
        for _ in range(ROUNDS):
            done = deed(about)
            now = self._abouts.read()
            if now is None or now.generations == about.generations:
                return done
            about = now
        raise SearchUnavailable(f"检索库（Elasticsearch {self._address}）正在切换，稍后自动再试")

    def _furnish(self) -> None:
        self._months.furnish()
        self._abouts.furnish()

    def _search(self, query: Mapping[str, Any], size: int, **more: Any) -> Mapping[str, Any]:
        """No answer is better than half of one."""
        if "index" in more:
            more |= {"ignore_unavailable": True}
        answer: Mapping[str, Any] = self._client.search(
            query=query, size=size, sort=NEWEST_FIRST if size else None, allow_partial_search_results=False, **more
        ).body
        return answer

    def _pages(self, query: Query) -> Iterator[Document]:
        with self._open():
            point = self._client.open_point_in_time(
                index=self._alias, keep_alive=KEEP_POINT, ignore_unavailable=True, allow_partial_search_results=False
            )["id"]
            left, after = query.limit, None
            try:
                while left > 0:
                    answer = self._search(
                        asked(query), min(PAGE, left), pit={"id": point, "keep_alive": KEEP_POINT},
                        search_after=after, track_total_hits=False,
                    )  # fmt: skip
                    point, hits = answer["pit_id"], answer["hits"]["hits"]
                    yield from (read(hit["_source"]) for hit in hits)
                    if len(hits) < PAGE:
                        return
                    left, after = left - len(hits), hits[-1]["sort"]
            finally:
                self._client.close_point_in_time(id=point)

    def _tell_damage(self) -> None:
        """Raise SearchDamaged where an index's data are there and unsound; nothing where they are only away."""
        health = self._client.cluster.health(index=f"{self._alias}-*", level="indices", timeout="5s")
        for index, told in health.get("indices", {}).items():
            if told["status"] == "red":
                why = self._client.cluster.allocation_explain(index=index, shard=0, primary=True)
                if words := _unsound(why.body):
                    raise SearchDamaged(DAMAGED.format(where=self._address, index=index, why=words))


def _unsound(explained: Mapping[str, Any]) -> str:
    """What is wrong with the data of a shard, or nothing where they are sound or on a machine that is away."""
    for decision in explained.get("node_allocation_decisions", []):
        if broken := decision.get("store", {}).get("store_exception"):
            return str(broken.get("type", ""))
    return ""
