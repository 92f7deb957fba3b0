"""How soon an assess worker works, and what it holds: a real process, from its start to its first assessment."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stream.topic import ASSESSED
from tests.bench.chain import PATIENCE, PLACE, Chain, Stuck, house
from tests.bench.comments import Comments
from tests.bench.machine import cpu_seconds, resident_megabytes

STEP = 0.005


@dataclass(frozen=True, slots=True)
class Start:
    """Of one assess worker. `seconds`: from its start to its first assessment, by the clock; `cpu_seconds` of them.

    `first_mb`: what it holds then; `steady_mb`: after so many `comments`.
    """

    seconds: float
    cpu_seconds: float
    first_mb: float
    comments: int
    steady_mb: float


def start_cost(comments: int) -> Start:
    """Start a worker while one comment waits, then give it the others. What it keeps in the user's cache is there."""
    with tempfile.TemporaryDirectory(prefix="fengxin-bench-") as folder, house(Path(folder)) as chain:
        one, *others = Comments(7).posts(PLACE, datetime.now(UTC), comments + 1)
        chain.append([one])
        began = time.monotonic()
        process = chain.start("assess")
        _assessed(chain, 1)
        seconds, cpu, first = time.monotonic() - began, cpu_seconds(process.pid), resident_megabytes(process.pid)
        chain.append(others)
        _assessed(chain, comments + 1)
        return Start(seconds, cpu, first, comments, resident_megabytes(process.pid))


def _assessed(chain: Chain, number: int) -> None:
    """Wait until so many assessments stand in the log. Raises Stuck."""
    until = time.monotonic() + PATIENCE
    while sum(chain.log.ends(ASSESSED).values()) < number:
        chain.alive()
        if time.monotonic() > until:
            raise Stuck(f"the worker assessed nothing:\n{chain.said('assess')}")
        time.sleep(STEP)


def said(one: Start) -> str:
    """What was measured, in one line."""
    return (
        f"start: assess worker, to its first assessment {one.seconds:.2f} s ({one.cpu_seconds:.2f} s of CPU), then"
        f" {one.first_mb:.0f} MB, after {one.comments} comments {one.steady_mb:.0f} MB"
    )


def main() -> None:
    """Measure and print."""
    print(said(start_cost(3000)))


if __name__ == "__main__":
    main()
