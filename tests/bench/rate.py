"""Comments a second: what the chain takes from the first append until the last is watched and searchable."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.bench.chain import FOLLOWERS, PLACE, Stuck, running
from tests.bench.comments import Comments
from tests.bench.footing import EMBEDDED, Footing
from tests.bench.machine import pinned

PAGE = 200
"""Comments that one append carries, as a crawl's page does."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One measurement. `cpu_us`: CPU microseconds per comment, `memory_mb`: resident after the work; both by role.

    `per_cpu_second`: comments for one second of CPU of all roles together; busy neighbours change it little.
    `engine_cpu_us`, `engine_mb`: of the real engines, where it stands on them, by engine."""

    cores: int
    assess_workers: int
    snow: bool
    comments: int
    per_second: float
    per_cpu_second: float
    cpu_us: dict[str, float]
    memory_mb: dict[str, float]
    on: str = "embedded"
    engine_cpu_us: dict[str, float] = field(default_factory=dict)
    engine_mb: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the chain is compared with."""

    name: str
    comments: int
    per_second: float
    per_cpu_second: float


def chain_rate(
    cores: int, comments: int, *, snow: bool, patience: float = 90.0, footing: Footing | None = None
) -> Rate:
    """A backlog of so many comments through the chain on so many cores, one assess worker a core.

    The engines of a `footing` are not held to these cores."""
    place = footing.fresh() if footing else EMBEDDED
    with pinned(cores), running(assess=cores, snow=snow, place=place) as chain:
        posts = Comments(1).posts(PLACE, datetime.now(UTC), comments)
        before, engines_before = chain.cpu(), footing.cpu() if footing else {}
        start = time.perf_counter()
        for at in range(0, comments, PAGE):
            chain.append(posts[at : at + PAGE])
        if not (chain.drained(patience, "assess") and chain.drained(patience, "watch", "index")):
            raise Stuck(f"after {patience:.0f} s {chain.behind(*FOLLOWERS)} records were not taken")
        took = time.perf_counter() - start
        after = chain.cpu()
        memory = chain.memory()
        engines_after, held = (footing.cpu(), footing.memory()) if footing else ({}, {})
    used = {role: 1e6 * (after[role] - before[role]) / comments for role in after}
    theirs = {name: 1e6 * (engines_after[name] - engines_before[name]) / comments for name in engines_after}
    return Rate(
        cores, cores, snow, comments, comments / took, 1e6 / sum(used.values()), used, memory,
        "engines" if footing else "embedded", theirs, held,
    )  # fmt: skip


def snownlp_rate(seconds: float) -> Baseline:
    """The baseline: a plain loop over the same comments with SnowNLP as installed, on one core."""
    from snownlp import SnowNLP

    with pinned(1):
        texts = Comments(1).texts(10_000)
        SnowNLP(texts[0]).sentiments  # noqa: B018 (loads the weights)
        start, used, done = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - start < seconds:
            SnowNLP(texts[done]).sentiments  # noqa: B018
            done += 1
        per_cpu_second = done / (time.process_time() - used)
        return Baseline("plain SnowNLP loop, one core", done, done / (time.perf_counter() - start), per_cpu_second)
