"""`python -m tests.bench.log_work [--comments N] [--rounds N]`: what an assess worker costs on the real engines beside
its scoring and its rules, against the bare-clients loop."""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from sentiment.engine import Band
from stream import rules
from stream.assess import Reader
from stream.assessing import Assessing
from stream.assessment import Assessment
from stream.log import Record
from stream.post import Post
from tests.bench.bare import Bare
from tests.bench.chain import PLACE, Chain, house
from tests.bench.comments import Comments
from tests.bench.footing import Footing, Place, standing
from tests.bench.rate import PAGE
from tests.bench.weightless import Weightless

WARM = 1500
BAND = Band(negative_below=0.3, positive_above=0.8)


class Unread(Assessing):
    """The assess worker without scoring and rules: what is left is the log, the wire and the position."""

    def _judged(self, given: Sequence[tuple[Record, Post]], now: datetime) -> Sequence[Assessment]:
        return [_unread(post, record.appended_at, now) for record, post in given]


def _unread(post: Post, logged_at: datetime, now: datetime) -> Assessment:
    positive = zlib.crc32(post.text.encode()) / 2**32
    return Assessment(
        post=post, polarity=BAND.polarity(positive), p_negative=1 - positive, snow=positive, engine="unread",
        assessed_at=now, rules="unread", normal=post.text, prints=(), logged_at=logged_at,
    )  # fmt: skip


class Stepping(Protocol):
    """What takes records a step at a time."""

    def step(self) -> int: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LogWork:
    """Medians of the rounds, each worker by turns: CPU microseconds a comment and comments a second, by worker.

    `times_bare`: our worker without scoring and rules by the bare loop, of each round, by CPU; `median` of them."""

    comments: int
    rounds: int
    cpu_us: dict[str, float]
    per_second: dict[str, float]
    times_bare: list[float]
    median: float


def log_work(footing: Footing, comments: int, rounds: int) -> LogWork:
    """Each worker takes the same backlog alone, in this process; `comments` are measured after WARM others."""
    cpu: dict[str, list[float]] = {}
    clock: dict[str, list[float]] = {}
    reader = Reader(rules.load(), ("风林职业技术学院",))
    for number in range(rounds):
        with _filled(footing.fresh(), WARM + comments) as (chain, place):
            workers: dict[str, Callable[[], Stepping]] = {
                "unread": lambda: Unread(chain.log, chain.store, Weightless(), reader, _now),
                "bare": lambda: Bare(place),
                "weightless": lambda: Assessing(chain.log, chain.store, Weightless(), reader, _now),
            }
            turn = ["unread", "bare"] if number % 2 else ["bare", "unread"]
            for name in turn:
                used, took = _worked(workers[name], comments)
                cpu.setdefault(name, []).append(1e6 * used / comments)
                clock.setdefault(name, []).append(comments / took)
        with _filled(footing.fresh(), WARM + comments) as (chain, _):
            used, took = _worked(workers["weightless"], comments)
            cpu.setdefault("weightless", []).append(1e6 * used / comments)
            clock.setdefault("weightless", []).append(comments / took)
    times = [ours / bare for ours, bare in zip(cpu["unread"], cpu["bare"], strict=True)]
    return LogWork(
        comments, rounds, {name: statistics.median(found) for name, found in cpu.items()},
        {name: statistics.median(found) for name, found in clock.items()}, times, statistics.median(times),
    )  # fmt: skip


@contextmanager
def _filled(place: Place, comments: int) -> Iterator[tuple[Chain, Place]]:
    with tempfile.TemporaryDirectory(prefix="fengxin-bench-") as folder, house(Path(folder), place=place) as chain:
        posts = Comments(1).posts(PLACE, _now(), comments)
        for at in range(0, comments, PAGE):
            chain.append(posts[at : at + PAGE])
        yield chain, place


def _worked(begin: Callable[[], Stepping], comments: int) -> tuple[float, float]:
    """CPU and seconds for so many records after the first WARM."""
    with closing(begin()) as worker:
        taken = 0
        while taken < WARM:
            taken += worker.step()
        gc.collect()
        gc.freeze()
        used, began, first = time.process_time(), time.perf_counter(), taken
        while taken < WARM + comments:
            taken += worker.step()
        share = comments / (taken - first)
        found = (time.process_time() - used) * share, (time.perf_counter() - began) * share
        gc.unfreeze()
        return found


def _now() -> datetime:
    return datetime.now(UTC)


def said(one: LogWork) -> list[str]:
    """What was measured, for a terminal."""
    lines = [
        f"assess worker on the real engines without scoring and rules: {one.median:.2f} x the bare-clients loop's CPU"
        f" (rounds {', '.join(f'{times:.2f}' for times in sorted(one.times_bare))}; 1.3 is wanted)"
    ]
    for name, used in one.cpu_us.items():
        lines.append(f"    {name:<10} {used:>7.1f} CPU us a comment   {one.per_second[name]:>8,.0f} comments/s")
    return lines


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.log_work", description="Against the bare clients.")
    parser.add_argument("--comments", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    with standing() as footing:
        print("\n".join(said(log_work(footing, given.comments, given.rounds))))


if __name__ == "__main__":
    main()
