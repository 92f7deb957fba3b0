"""What the crawl role costs: it reads the sandbox's last fortnight over real HTTP, as a new demo does."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from stream.topic import POSTS
from tests.bench.chain import PATIENCE, Chain, Stuck, house
from tests.bench.machine import resident_megabytes

QUIET = 5.0
"""Seconds without a new record after which the fortnight is taken in."""


@dataclass(frozen=True, slots=True)
class CrawlCost:
    """`cpu_us`: CPU microseconds of the crawl role per post or comment, its start left out; `memory_mb`: resident."""

    comments: int
    seconds: float
    cpu_us: float
    memory_mb: float


def crawl_cost(seconds: float) -> CrawlCost:
    """Measure from the first record on, for so many seconds or until nothing new comes. Raises Stuck."""
    with (
        tempfile.TemporaryDirectory(prefix="fengxin-bench-") as folder,
        house(Path(folder), "sandbox", "crawl") as chain,
    ):
        first = _first(chain)
        before, start = chain.cpu()["crawl"], time.monotonic()
        count, grown = first, start
        while time.monotonic() < start + seconds and time.monotonic() < grown + QUIET:
            time.sleep(0.05)
            now = sum(chain.log.ends(POSTS).values())
            if now > count:
                count, grown = now, time.monotonic()
        if count == first:
            raise Stuck(f"the crawl took nothing in:\n{chain.said('crawl')}")
        used = chain.cpu()["crawl"] - before
        memory = resident_megabytes(chain.processes["crawl"].pid)
        return CrawlCost(count - first, grown - start, 1e6 * used / (count - first), memory)


def _first(chain: Chain) -> int:
    """How many records there are when the first have come."""
    until = time.monotonic() + PATIENCE
    while not (count := sum(chain.log.ends(POSTS).values())):
        chain.alive()
        if time.monotonic() > until:
            raise Stuck(f"the crawl took nothing in:\n{chain.said('crawl')}")
        time.sleep(0.02)
    return count
