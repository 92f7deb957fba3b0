"""What an index of Elasticsearch holds: names, mapping, a document's stored form, and a query in the engine's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from stream.search import Document, Facets, Query
from stream.search.facets import ALL_RISKS, BEIJING, RISKS, micro_of
from stream.search.pairs import pairs_of_query, pairs_of_texts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_WORD = {"type": "keyword"}
_SHOWN = {"type": "keyword", "index": False, "doc_values": False}
_MOMENT = {"type": "long"}
"""Microseconds since 1970: the engine's dates end at milliseconds, or begin in 1970."""
MAPPING: dict[str, Any] = {
    "dynamic": "strict",
    "_source": {"excludes": ["pairs"]},
    "properties": {
        "school": _WORD, "id": _WORD, "kind": _WORD, "platform": _WORD, "account_id": _WORD, "thread_id": _WORD,
        "text": _SHOWN, "polarity": _WORD, "risk": {"type": "integer"}, "published_at": _MOMENT,
        "fetched_at": _MOMENT, "pairs": {"type": "text", "analyzer": "whitespace", "norms": False},
    },
}  # fmt: skip
LATER: dict[str, Any] = {
    "indexed_at": {"type": "long", "index": False, "doc_values": False},
    "rebuilt": {"type": "boolean", "index": False, "doc_values": False},
}
"""Fields that an index of an earlier version lacks until it is given them; shown, never asked for."""
MAPPING["properties"] |= LATER
SETTINGS: dict[str, Any] = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",
    "refresh_interval": "30s",
}
"""A month of a school's posts is small: one shard. A copy where there is a second machine. Who writes refreshes."""
MOST_NAMES = 10_000
"""Of platforms and accounts: with so many asked for, the counts of several months are added up whole."""
TRACES = "deleted"
NEWEST_FIRST = [{"published_at": "desc"}, {"id": "desc"}]
FIELDS = (
    "school", "id", "kind", "platform", "account_id", "thread_id", "text", "polarity", "risk", "published_at",
    "fetched_at",
)  # fmt: skip


def micro(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def months(prefix: str) -> str:
    """The name of all indices of posts, as a pattern."""
    return f"{prefix}-posts-*"


def month_of(prefix: str, generation: str, document: Document) -> str:
    """The index of a document that no index holds yet: by its date and never by today's, so that a replay finds it."""
    at = document.published_at.astimezone(UTC)
    return named(prefix, f"{at.year:04d}.{at.month:02d}", generation)


def traces(prefix: str, generation: str) -> str:
    """The index of what was deleted while this generation was being filled."""
    return named(prefix, TRACES, generation)


def named(prefix: str, month: str, generation: str) -> str:
    """`prefix-posts-2026.11`, of a rebuilt generation `prefix-posts-2026.11-8c1f…`."""
    return f"{prefix}-posts-{month}" + (f"-{generation}" if generation else "")


def generation_of(prefix: str, index: str) -> str:
    """Which generation an index belongs to."""
    return index.removeprefix(f"{prefix}-posts-").partition("-")[2]


def is_month(prefix: str, index: str) -> bool:
    """Whether it holds posts."""
    return not index.startswith(f"{prefix}-posts-{TRACES}-")


def key_of(school: str, post_id: str) -> str:
    """The engine's id of a post: always the same, and short, whatever a platform calls it."""
    return blake2b(f"{len(school)}:{school}{post_id}".encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def stored(document: Document) -> dict[str, Any]:
    """The form in which a document is kept."""
    found = {name: getattr(document, name) for name in FIELDS}
    found |= {"published_at": micro(document.published_at), "fetched_at": micro(document.fetched_at)}
    if document.indexed_at is not None:
        found |= {"indexed_at": micro(document.indexed_at), "rebuilt": document.rebuilt}
    return found | {"kind": str(document.kind), "polarity": str(document.polarity), "pairs": _pairs(document)}


def _pairs(document: Document) -> str:
    (found,) = pairs_of_texts([document.text])
    return found


def read(source: Mapping[str, Any]) -> Document:
    """The document again from its stored form."""
    at = {name: EPOCH + int(source[name]) * MICROSECOND for name in ("published_at", "fetched_at")}
    if (indexed := source.get("indexed_at")) is not None:
        at["indexed_at"] = EPOCH + int(indexed) * MICROSECOND
    return Document(**{name: source[name] for name in FIELDS} | at, rebuilt=bool(source.get("rebuilt")))


SIDES = ("published_at", "platform", "account_id", "polarity", "risk")
FILTERED = ("account_id", "kind", "polarity", "platform")


def asked(query: Query) -> dict[str, Any]:
    """The query as the engine takes it; `limit` apart."""
    wanted: list[dict[str, Any]] = [{"term": {"school": query.school}}]
    wanted += [{"term": {name: value}} for name in FILTERED if (value := getattr(query, name))]
    ends = [one for one in (query.before, query.until) if one is not None]
    span = {"gte": query.since, "lt": min(ends, default=None)}
    if bounds := {name: micro(at) for name, at in span.items() if at is not None}:
        wanted.append({"range": {"published_at": bounds}})
    if (query.risk_from, query.risk_to) != ALL_RISKS:
        wanted.append({"range": {"risk": {"gte": query.risk_from, "lte": query.risk_to}}})
    found = pairs_of_query(query.words)
    if len(found) == 1 and len(found[0]) == 1:
        wanted.append({"prefix": {"pairs": {"value": found[0]}}})
    elif found:
        wanted.append({"match_phrase": {"pairs": {"query": " ".join(found), "analyzer": "whitespace"}}})
    return {"bool": {"filter": wanted}}


def spread(step: timedelta) -> dict[str, Any]:
    """What is counted of the documents that answer. A histogram of microseconds, as the engine's dates end at
    milliseconds; its keys are doubles, which hold every microsecond until the year 2255."""
    ranges = [
        {"key": str(least), "from": least} | ({"to": end} if end is not None else {})
        for least, end in zip(RISKS, (*RISKS[1:], None), strict=True)
    ]
    begins = {"field": "published_at", "interval": micro_of(step), "offset": -micro_of(BEIJING), "min_doc_count": 1}
    named = {name: {"terms": {"field": name, "size": MOST_NAMES}} for name in SIDES[1:4]}
    return {SIDES[0]: {"histogram": begins}, SIDES[4]: {"range": {"field": "risk", "ranges": ranges}}} | named


def counted(answer: Mapping[str, Any], step: timedelta) -> Facets:
    """The counts again from the engine's answer to `spread`."""
    times, platforms, accounts, polarities, risks = (_side(answer, name) for name in SIDES)
    return Facets(
        int(answer["hits"]["total"]["value"]), step, {EPOCH + int(at) * MICROSECOND: n for at, n in times.items()},
        platforms, accounts, polarities, {int(band): n for band, n in risks.items()},
    )  # fmt: skip


def _side(answer: Mapping[str, Any], name: str) -> dict[Any, int]:
    """Counts of one kind; the engine says nothing of them where there is no index yet."""
    told = answer.get("aggregations", {}).get(name, {"buckets": []})
    return {one["key"]: one["doc_count"] for one in told["buckets"] if one["doc_count"]}
