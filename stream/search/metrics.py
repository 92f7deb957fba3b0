"""Metrics of the search, for Prometheus: what the index role brings in, and what the desk asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from prometheus_client import Counter, Histogram

from stream.search import Document, Query, SearchRefused, SearchUnavailable

T = TypeVar("T")
INDEXED = Counter("fengxin_search_indexed_total", "Documents that the index role brought into the search.")
REFUSED = Counter("fengxin_search_refused_total", "Documents that the search can never take.")
UNAVAILABLE = Counter(
    "fengxin_search_unavailable_total",
    "Batches that had to wait and questions without an answer, as the search was away, full or damaged.",
    ["deed"],
)
BATCH_SECONDS = Histogram(
    "fengxin_search_batch_seconds",
    "How long the search took to take one batch in.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
BEHIND_SECONDS = Histogram(
    "fengxin_search_fetched_to_found_seconds",
    "From fetched to found by the search, of the document of a batch that waited longest.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
)
QUESTION_SECONDS = Histogram(
    "fengxin_search_question_seconds",
    "How long the search took to answer one question of the desk.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30),
)
INDEX, FIND = DEEDS = ("index", "find")
"""Values of the label `deed`."""
for _deed in DEEDS:
    UNAVAILABLE.labels(deed=_deed)  # from 0 on, as every counter with few labels


@contextmanager
def taken_in(documents: Sequence[Document], clock: Callable[[], datetime]) -> Iterator[None]:
    """Measure the block that gives these to the search. Whatever it raises goes on."""
    if not documents:
        yield
        return
    began, refused = time.perf_counter(), 0
    try:
        yield
    except SearchRefused as error:
        refused = len(error.ids)
        _count(documents, refused, began, clock())
        raise
    except SearchUnavailable:
        UNAVAILABLE.labels(deed=INDEX).inc()
        raise
    _count(documents, refused, began, clock())


def _count(documents: Sequence[Document], refused: int, began: float, now: datetime) -> None:
    BATCH_SECONDS.observe(time.perf_counter() - began)
    BEHIND_SECONDS.observe(max(0.0, (now - min(one.fetched_at for one in documents)).total_seconds()))
    INDEXED.inc(len(documents) - refused)
    REFUSED.inc(refused)


def timed(find: Callable[[Query], T]) -> Callable[[Query], T]:
    """The same questions and answers, measured."""

    def ask(query: Query) -> T:
        began = time.perf_counter()
        try:
            found = find(query)
        except SearchUnavailable:
            UNAVAILABLE.labels(deed=FIND).inc()
            raise
        QUESTION_SECONDS.observe(time.perf_counter() - began)
        return found

    return ask
