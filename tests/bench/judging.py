"""The default path with all rules against a plain SnowNLP loop over the same comments, on one core, turn about.

What an assess worker does with a comment once it is read: normalise, the default engine, the shipped rules with target
and second look. By CPU seconds, since a neighbour slows all alike.
"""

from __future__ import annotations

import gc
import importlib.util
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sentiment.engine import DEFAULT, engine_by_name
from sentiment.snow_compiled import BACKLOG
from stream import rules
from stream.assess import Reader, assess
from tests.bench.chain import PLACE
from tests.bench.comments import Comments
from tests.bench.machine import pinned
from tests.bench.scoring import BATCH, ROUNDS, Stock, stock_loop

SCHOOL = "风林职业技术学院"


@dataclass(frozen=True, slots=True)
class Judging:
    """`times_stock`: to the fastest round of SnowNLP as installed. `engine_share`: of the time, the engine alone."""

    engine: str
    comments: int
    per_second: float
    times_stock: float
    engine_share: float


def judging(comments: int, stock_comments: int, *, compiled: bool = False) -> tuple[Stock, Judging]:
    """SnowNLP as installed, then everything that the assess role finds in the same comments.

    `compiled`: with machine code, as a worker with a backlog has it where numba is installed; it stays in this process.
    """
    if compiled:
        BACKLOG.load()
    now = datetime.now(UTC)
    posts = Comments(9).posts(PLACE, now, comments)
    batches = [posts[at : at + BATCH] for at in range(0, comments, BATCH)]
    with pinned(1):
        engine, reader = engine_by_name(DEFAULT), Reader(rules.load(), (SCHOOL,))
        stocks: list[float] = []
        whole: list[float] = []
        alone: list[float] = []
        assess(batches[0], engine, reader, now)  # loads the weights
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 50, 100)  # both as a worker does (`deploy.role`)
        for _ in range(ROUNDS):
            stocks.append(stock_loop([post.text for post in posts[:stock_comments]]))
            whole.append(_seconds(lambda: [assess(batch, engine, reader, now) for batch in batches]))
            alone.append(_seconds(lambda: [engine.score([post.text for post in batch]) for batch in batches]))
        stock = Stock(stock_comments, max(stocks), min(stocks))
        per_second = comments / min(whole)
        name = f"{DEFAULT}, numba" if compiled else DEFAULT
        return stock, Judging(name, comments, per_second, per_second / stock.per_second, min(alone) / min(whole))


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def said(stock: Stock, one: Judging) -> Iterable[str]:
    """Lines for a reader."""
    yield (
        f"default path ({one.engine}, all rules, target, second look): {one.per_second:,.0f} comments a CPU second"
        f" = {one.times_stock:,.0f} x SnowNLP ({stock.slowest_per_second:,.0f} to {stock.per_second:,.0f});"
        f" {100 * one.engine_share:.0f} % of it is the engine"
    )


if __name__ == "__main__":
    print("\n".join(said(*judging(5000, 400))))
    if importlib.util.find_spec("numba"):
        print("\n".join(said(*judging(5000, 400, compiled=True))))
