"""Search on Elasticsearch 9, for many machines: one index a month behind an alias, written by id with the time of
fetching as external version.

Only what the smallest server has is used: no lifecycle policies, no deletes or updates by query, no data streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from elasticsearch import ApiError, ConflictError, Elasticsearch, NotFoundError

from stream.search import Document, Query, Search, SearchDamaged, SearchRefused, SearchUnavailable
from stream.search.elastic_bulk import Bulk, Outcome, Write
from stream.search.elastic_documents import (
    MAPPING,
    NEWEST_FIRST,
    SETTINGS,
    asked,
    key_of,
    micro,
    month_of,
    months,
    read,
    stored,
)
from stream.search.elastic_faults import said
from stream.search.elastic_settings import read_address

PAGE = 1000
"""Documents that one answer holds; more are asked for page by page."""
KEEP_POINT = "1m"
ROUNDS = 10
"""How often writers that meet at one document try before the batch waits for the next step."""
DAMAGED = "检索库（Elasticsearch {where}）的索引 {index} 已损坏（{why}）；请执行 fengxin reindex 重建，告警不受影响。"
REMOVED = (
    "检索库（Elasticsearch {where}）的索引被移走或替换，将新建；请执行 fengxin reindex 补回以前的内容，告警不受影响。"
)
REBUILT = "检索库（Elasticsearch {where}）刚被 fengxin reindex 重建，将重新打开。"


class ElasticSearch(Search):
    """`elasticsearch://host:port/prefix?…`, see `elastic_settings.read_address`; for many processes and threads."""

    def __init__(self, url: str) -> None:
        """Nothing is reached for before the first use. Raises ValueError with a sentence."""
        self._address = read_address(url)
        self._alias = self._address.prefix
        self._months = months(self._alias)
        self._about = f"{self._alias}-about"
        self._made = ""
        self._prepare()

    def _prepare(self) -> None:
        """A client that has no connection yet."""
        hosts = list(self._address.hosts)
        self._client = Elasticsearch(
            hosts, max_retries=len(hosts) - 1, retry_on_status=(), request_timeout=30, **self._address.client
        )
        self._bulk = Bulk(self._client, self._address)

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
        with self._open():
            homes = self._homes(list(newest))
            writes = [
                Write(homes.get(key) or month_of(self._alias, one), key, stored(one), _version(one))
                for key, one in newest.items()
            ]
            outcome = self._bulk.send(writes)
            refused = outcome.refused | self._settle(outcome)
            self._refresh({write.index for write in writes})
        if refused:
            raise SearchRefused({newest[key].id: why for key, why in refused.items()})

    def find(self, query: Query) -> list[Document]:
        """Newest first; of the very same instant by id. More than a page is read at one point in time."""
        if query.limit > PAGE:
            return list(self._pages(query))
        with self._open():
            answer = self._search(asked(query), query.limit, index=self._alias)
        return [read(hit["_source"]) for hit in answer["hits"]["hits"]]

    def count(self, query: Query) -> int:
        """All that answer."""
        whole = Query(query.school, query.words, query.account_id, query.kind, query.polarity, query.since)
        with self._open():
            answer = self._search(asked(whole), 0, index=self._alias, track_total_hits=True)
        return int(answer["hits"]["total"]["value"])

    def delete(self, school: str, ids: Sequence[str]) -> None:
        """By id. An index that holds nothing any more is dropped whole."""
        with self._open():
            # what another process has just written is found as well
            self._client.indices.refresh(index=self._months, allow_no_indices=True)
            touched: set[str] = set()
            for start in range(0, len(ids), PAGE):
                homes = self._homes([key_of(school, one) for one in ids[start : start + PAGE]])
                self._bulk.send([Write(index, key, None) for key, index in homes.items()])
                touched |= set(homes.values())
            self._refresh(touched)
            for index in sorted(touched):
                self._drop_if_empty(index)

    def clear(self) -> None:
        """Drop every index, also the damaged ones."""
        with said(self._address):
            self._furnish()
            self._drop(self._client.indices.get(index=self._months, expand_wildcards="all"))
            try:
                made, _ = self._identity() or ("", False)
            except ApiError:
                made = ""
                self._drop([self._about])
            self._made = made or uuid4().hex
            self._client.index(index=self._about, id="1", document={"made": self._made, "rebuilt": True}, refresh=True)

    def healthy(self, *, whole: bool = False) -> None:
        """Reachable, ours, and no index without its data; the engine checks its own pages, so `whole` asks no more."""
        with self._open():
            status = self._client.cluster.health(index=f"{self._alias}-*", timeout="5s")["status"]
            if status == "red":
                self._tell_damage()
                raise SearchUnavailable(f"检索库（Elasticsearch {self._address}）的部分索引暂时读不到，正在恢复")

    def close(self) -> None:
        """Give back connections; the next call opens them again."""
        self._client.close()
        self._prepare()

    @contextmanager
    def _open(self) -> Iterator[None]:
        """Speak of every trouble in our words, and know whether these are still the indices that were filled."""
        with said(self._address):
            try:
                self._heed_removal()
                yield
            except ApiError as error:
                if error.meta.status in (500, 503):
                    self._tell_damage()
                raise

    def _heed_removal(self) -> None:
        """Where the indices were taken away under an open adapter, say so once; the next call makes or takes them."""
        found = self._identity()
        if not self._made:
            self._furnish()
            self._made = found[0] if found else self._introduce()
        elif found is None or found[0] != self._made:
            self._made = ""
            if found and found[1]:
                raise SearchUnavailable(REBUILT.format(where=self._address))
            raise SearchDamaged(REMOVED.format(where=self._address))

    def _identity(self) -> tuple[str, bool] | None:
        """What tells these indices from others that were made in their place, and whether a rebuild made them."""
        try:
            about = self._client.get(index=self._about, id="1")["_source"]
        except NotFoundError:
            return None
        return str(about["made"]), bool(about["rebuilt"])

    def _introduce(self) -> str:
        made = uuid4().hex
        try:
            self._client.create(index=self._about, id="1", document={"made": made, "rebuilt": False}, refresh=True)
        except ConflictError:
            found = self._identity()
            return found[0] if found else ""
        return made

    def _furnish(self) -> None:
        """The template of the months; a month that a killed drop has left closed for writing is opened."""
        about = {"dynamic": "strict", "properties": {"made": {"type": "keyword"}, "rebuilt": {"type": "boolean"}}}
        small = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}
        indices = self._client.indices
        indices.put_index_template(
            name=self._alias, index_patterns=[self._months], priority=200,
            template={"settings": SETTINGS, "mappings": MAPPING, "aliases": {self._alias: {}}},
        )  # fmt: skip
        indices.put_index_template(
            name=self._about, index_patterns=[self._about], priority=200,
            template={"settings": small, "mappings": about},
        )  # fmt: skip
        open_again = {"index.blocks.write": None}
        indices.put_settings(index=self._months, settings=open_again, allow_no_indices=True, ignore_unavailable=True)

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

    def _homes(self, keys: Sequence[str]) -> dict[str, str]:
        """Which index holds each of the keys that are there."""
        found: dict[str, str] = {}
        for start in range(0, len(keys), PAGE):
            wanted = {"ids": {"values": list(keys[start : start + PAGE])}}
            answer = self._client.search(
                index=self._alias, query=wanted, size=PAGE, source=False, ignore_unavailable=True,
                allow_partial_search_results=False,
            )  # fmt: skip
            found |= {hit["_id"]: hit["_index"] for hit in answer["hits"]["hits"]}
        return found

    def _settle(self, outcome: Outcome) -> dict[str, str]:
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
        raise SearchUnavailable(f"检索库（Elasticsearch {self._address}）一再有别的进程抢先写入，稍后自动再试")

    def _refresh(self, indices: set[str]) -> None:
        if indices:
            self._client.indices.refresh(index=sorted(indices), ignore_unavailable=True)

    def _drop_if_empty(self, index: str) -> None:
        """Nobody writes into it between the look and the drop: who tries is refused for a moment and comes again."""
        if self._client.count(index=index)["count"]:
            return
        self._client.indices.add_block(index=index, block="write")
        self._client.indices.refresh(index=index)
        if self._client.count(index=index)["count"]:
            self._client.indices.put_settings(index=index, settings={"index.blocks.write": None})
        else:
            self._drop([index])

    def _drop(self, indices: Iterable[str]) -> None:
        for index in indices:
            self._client.indices.delete(index=index, ignore_unavailable=True)

    def _tell_damage(self) -> None:
        """Raise SearchDamaged where an index's data are there and unsound; nothing where they are only away."""
        health = self._client.cluster.health(index=f"{self._alias}-*", level="indices", timeout="5s")
        for index, told in health.get("indices", {}).items():
            if told["status"] == "red":
                why = self._client.cluster.allocation_explain(index=index, shard=0, primary=True)
                if words := _unsound(why.body):
                    raise SearchDamaged(DAMAGED.format(where=self._address, index=index, why=words))


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


def _unsound(explained: Mapping[str, Any]) -> str:
    """What is wrong with the data of a shard, or nothing where they are sound or on a machine that is away."""
    for decision in explained.get("node_allocation_decisions", []):
        if broken := decision.get("store", {}).get("store_exception"):
            return str(broken.get("type", ""))
    return ""
