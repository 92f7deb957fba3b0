"""`python -m tests.bench.searching N [--elasticsearch]`: the search at N comments over a year.

The first of them, BY_INDEX at most, are taken in as the index role does, 2,000 a call; then a next generation of all N
is filled, looked through and switched to, as `fengxin reindex` does, without the reading of the store; then questions
are asked one after the other."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from stream.search import Document, Query, Search, open_search
from tests.bench.chain import PLACE
from tests.bench.comments import Comments
from tests.bench.footing import Elasticsearch as Roomy
from tests.bench.footing import begun, indices, megabytes_of, taken
from tests.bench.machine import megabytes_of_all, percentile
from tests.bench.small import WORDS
from tests.live.elasticsearch import Elasticsearch

CHUNK = 2000
BY_INDEX = 50_000
NOW = datetime(2026, 11, 20, tzinfo=UTC)
ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Searching:
    """What was measured: of `taken_in` comments, how many a second and CPU microseconds each of this process; of all
    `comments`, milliseconds of questions for the newest 50 and of counts, half and 99 in 100 of them; seconds of one
    comment's indexing at the end; bytes each on the disk; megabytes that the engine holds (embedded: this process)."""

    on: str
    comments: int
    taken_in: int
    indexed: float
    cpu: float
    find: tuple[float, float]
    count: tuple[float, float]
    single: float
    rebuilt: float
    switch: float
    bytes_each: float
    memory_mb: float

    def row(self) -> str:
        """As the README has it."""
        return (
            f"| {self.on} | {self.comments:,} | {self.indexed:,.0f} | {self.cpu:.0f} "
            f"| {self.find[0]:.1f} / {self.find[1]:.1f} | {self.count[0]:.1f} / {self.count[1]:.1f} "
            f"| {self.single * 1000:.1f} | {self.rebuilt:,.0f} | {self.switch:.2f} | {self.bytes_each:,.0f} "
            f"| {self.memory_mb:,.0f} |"
        )


def documents(comments: int) -> Iterator[list[Document]]:
    """Chunks, spread over the year before NOW in the order of time."""
    made, step = Comments(5), timedelta(days=360) / max(1, comments)
    for start in range(0, comments, CHUNK):
        posts = made.posts(PLACE, NOW, min(CHUNK, comments - start))
        at = [NOW - timedelta(days=360) + step * (start + place) for place in range(len(posts))]
        yield [
            Document(
                one.school, one.id, one.kind, one.platform, one.account_id, one.thread_id, one.text, "neutral", 0,
                when, when,
            )
            for one, when in zip(posts, at, strict=True)
        ]  # fmt: skip


def searching(
    search: Search, comments: int, on: str, disk: Callable[[], int], memory: Callable[[], float]
) -> Searching:
    """Measure one engine, which is empty. `disk`: bytes that it keeps; `memory`: megabytes that it holds."""
    school, taken_in = PLACE.school, min(comments, BY_INDEX)
    wall, cpu = _taken_in(search, taken_in)
    rebuilt, switch = _rebuilt(search, comments)
    assert search.count(Query(school)) == comments
    asked = [Query(school, word) for word in WORDS] * ROUNDS
    find, count = _each(search.find, asked), _each(search.count, asked)
    (last,) = next(documents(1))
    began = time.perf_counter()
    search.index([last])
    single = time.perf_counter() - began
    return Searching(
        on, comments, taken_in, taken_in / wall, cpu / taken_in * 1e6, find, count, single, comments / rebuilt, switch,
        disk() / comments, memory(),
    )  # fmt: skip


def _taken_in(search: Search, comments: int) -> tuple[float, float]:
    """Seconds and CPU seconds."""
    wall = cpu = 0.0
    for chunk in documents(comments):
        began, worked = time.perf_counter(), time.process_time()
        search.index(chunk)
        wall, cpu = wall + time.perf_counter() - began, cpu + time.process_time() - worked
    return wall, cpu


def _rebuilt(search: Search, comments: int) -> tuple[float, float]:
    """Seconds of filling and looking through a next generation, and of the step to it."""
    filled, school = 0.0, PLACE.school
    with closing(search.renew()) as renewal:
        for number, chunk in enumerate(documents(comments), 1):
            began = time.perf_counter()
            renewal.fill(school, chunk, number)
            lacking = renewal.lacking(school, [one.id for one in chunk])
            filled += time.perf_counter() - began
            assert not lacking
        assert renewal.count(school) == comments
        began = time.perf_counter()
        renewal.switch()
        return filled, time.perf_counter() - began


def _each(ask: Callable[[Query], object], asked: list[Query]) -> tuple[float, float]:
    taken = []
    for query in asked:
        began = time.perf_counter()
        ask(query)
        taken.append((time.perf_counter() - began) * 1000)
    return percentile(taken, 0.5) or 0.0, percentile(taken, 0.99) or 0.0


def on_sqlite(comments: int) -> Searching:
    """In a folder of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="fengxin-bench-") as folder,
        closing(open_search(f"sqlite:///{folder}/search.db")) as search,
    ):
        return searching(
            search, comments, "SQLite", lambda: taken(Path(folder)), lambda: megabytes_of_all(os.getpid())
        )  # fmt: skip


def on_elasticsearch(comments: int, engine: Elasticsearch) -> Searching:
    """In indices of its own."""
    name = f"b{uuid4().hex[:10]}"
    with closing(open_search(engine.place(name))) as search:
        return searching(
            search, comments, "Elasticsearch 9", lambda: indices(engine, name), lambda: megabytes_of(engine)
        )


def main(arguments: list[str] | None = None) -> None:
    """Print one row of the README's table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.searching", description="Measure the search.")
    parser.add_argument("comments", type=int)
    parser.add_argument("--elasticsearch", action="store_true", help="a real engine of its own, fetched and started")
    given = parser.parse_args(arguments)
    if not given.elasticsearch:
        print(on_sqlite(given.comments).row())
        return
    with begun(Roomy) as engine:
        print(on_elasticsearch(given.comments, engine).row())


if __name__ == "__main__":
    main()
