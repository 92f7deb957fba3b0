"""The snow engine against a plain SnowNLP loop over the same comments, on one core, turn about in one run.

By CPU seconds, since a neighbour slows all alike. Start and memory are those of a process of its own.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sentiment.snow import Snow
from sentiment.snow_compiled import BACKLOG
from tests.bench.chain import ROOT
from tests.bench.comments import Comments
from tests.bench.machine import pinned

BATCH = 500
"""Comments in one call."""
ROUNDS = 3
"""The fastest counts."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """One way to score. `start_seconds`: from nothing to the first score, in a new process with a warm cache.
    `load_seconds`: of machine code, which a process with a backlog loads beside its work.
    `memory_mb`: resident in a process that has scored `comments`, one that does nothing else."""

    name: str
    comments: int
    per_second: float
    times_stock: float
    one_at_a_time_per_second: float
    one_at_a_time_times_stock: float
    start_seconds: float
    load_seconds: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Stock:
    """SnowNLP as installed: the slowest and the fastest of the rounds; ratios are taken to the fastest."""

    comments: int
    per_second: float
    slowest_per_second: float


def scoring(comments: int, stock_comments: int) -> tuple[Stock, list[Scoring]]:
    """SnowNLP as installed, then the engine by arrays and, where numba is installed, by machine code."""
    texts = Comments(9).texts(comments)
    ways = {"arrays": False} | ({"numba": True} if importlib.util.find_spec("numba") else {})
    with pinned(1):
        loops = [stock_loop(texts[:stock_comments]) for _ in range(ROUNDS)]
        stock = Stock(stock_comments, max(loops), min(loops))
        return stock, [_scored(name, compiled, texts, stock) for name, compiled in ways.items()]


def stock_loop(texts: list[str]) -> float:
    """Comments a CPU second of SnowNLP as installed."""
    from snownlp import SnowNLP

    SnowNLP(texts[0]).sentiments  # noqa: B018 (loads the weights)
    return _rate(len(texts), lambda: [SnowNLP(text).sentiments for text in texts])


def _scored(name: str, compiled: bool, texts: list[str], stock: Stock) -> Scoring:
    if compiled:
        BACKLOG.load()
    engine = Snow()
    engine.score(texts[:BATCH])
    batches = [texts[at : at + BATCH] for at in range(0, len(texts), BATCH)]
    few = texts[: min(1000, len(texts))]
    many = max(_rate(len(texts), lambda: [engine.score(batch) for batch in batches]) for _ in range(ROUNDS))
    alone = max(_rate(len(few), lambda: [engine.score([text]) for text in few]) for _ in range(ROUNDS))
    start, load, memory = _process(compiled, texts)
    return Scoring(
        name, len(texts), many, many / stock.per_second, alone, alone / stock.per_second, start, load, memory,
    )  # fmt: skip


def _rate(number: int, work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return number / (time.process_time() - start)


def _process(compiled: bool, texts: list[str]) -> tuple[float, float, float]:
    """Seconds from starting a new process to its first score, then to load machine code; its memory in MB."""
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-c", _PROCESS, str(int(compiled)), str(BATCH)], input=json.dumps(texts), cwd=ROOT, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    first, load, memory = (float(one) for one in done.stdout.split())
    return first - started, load, memory


_PROCESS = """
import sys, time
from sentiment.snow import Snow
from sentiment.snow_compiled import BACKLOG
Snow().score(["食堂的菜很好吃"])
first = loaded = time.time()
if int(sys.argv[1]):
    BACKLOG.load()
    loaded = time.time()
import json, os
from tests.bench.machine import resident_megabytes
texts, size = json.load(sys.stdin), int(sys.argv[2])
for at in range(0, len(texts), size):
    Snow().score(texts[at : at + size])
print(first, loaded - first, resident_megabytes(os.getpid()))
"""


def said(stock: Stock, ways: Iterable[Scoring]) -> Iterable[str]:
    """Lines for a reader."""
    yield (
        f"snow: SnowNLP as installed: {stock.per_second:,.0f} comments a CPU second"
        f" ({stock.slowest_per_second:,.0f} in the slowest round)"
    )
    for one in ways:
        yield (
            f"snow, {one.name}: {one.per_second:,.0f} comments a CPU second = {one.times_stock:,.0f} x SnowNLP,"
            f" one at a time {one.one_at_a_time_per_second:,.0f} = {one.one_at_a_time_times_stock:,.0f} x;"
            f" first score after {one.start_seconds:.2f} s, machine code in {one.load_seconds:.2f} s,"
            f" {one.memory_mb:.0f} MB"
        )


if __name__ == "__main__":
    print("\n".join(said(*scoring(5000, 400))))
