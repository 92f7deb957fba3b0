"""One run: every measurement in turn, each printed when it is there, all written together."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.crawl import CrawlCost, crawl_cost
from tests.bench.judging import judging
from tests.bench.judging import said as said_of_judging
from tests.bench.latency import Latency, chain_latency
from tests.bench.machine import described
from tests.bench.matching import matching
from tests.bench.matching import said as said_of_matching
from tests.bench.rate import Baseline, Rate, chain_rate, snownlp_rate
from tests.bench.scoring import said as said_of_scoring
from tests.bench.scoring import scoring
from tests.bench.small import parts
from tests.bench.start import said as said_of_start
from tests.bench.start import start_cost

BEARABLE = 0.5
"""Share of the measured rate at which the chain with SnowNLP is asked for its latency as well."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; the full size takes three to four minutes."""

    baseline_seconds: float
    snow_comments: int
    plain_comments: int
    arrival_seconds: float
    per_second: float
    part_comments: int
    patience: float
    crawl_seconds: float
    rules: int
    scored: int
    scored_by_stock: int


FULL = Size(5.0, 500, 2500, 12.0, 250.0, 3000, 30.0, 30.0, 10_000, 5000, 400)
QUICK = Size(0.5, 20, 100, 1.0, 20.0, 200, 10.0, 8.0, 1000, 500, 20)


def run(size: Size, out: Path) -> None:
    """Measure, print, and write `out`."""
    began = time.monotonic()
    found: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": described()}
    print(f"{found['machine']}", flush=True)
    baseline = snownlp_rate(size.baseline_seconds)
    found["baseline"] = asdict(baseline)
    print(
        f"baseline: {baseline.name}: {baseline.per_second:.0f} comments/s, {baseline.per_cpu_second:.0f} a CPU second"
    )
    begun = start_cost(size.plain_comments)
    found["start"] = asdict(begun)
    print(said_of_start(begun), flush=True)
    found["rates"] = []
    for snow in (True, False):
        for cores in (1, 2):
            one = chain_rate(cores, (size.snow_comments if snow else size.plain_comments) * cores, snow=snow)
            times = {
                "times_baseline": one.per_second / baseline.per_second,
                "times_baseline_by_cpu": one.per_cpu_second / baseline.per_cpu_second,
            }
            found["rates"].append(asdict(one) | times)
            _say_rate(one, baseline)
    with_snow = next(one["per_second"] for one in found["rates"] if one["snow"] and one["cores"] == 2)
    found["latencies"] = []
    for per_second, snow in ((size.per_second, False), (size.per_second, True), (BEARABLE * with_snow, True)):
        late = chain_latency(per_second, size.arrival_seconds, snow=snow, patience=size.patience)
        found["latencies"].append(asdict(late))
        _say_latency(late)
    crawled = crawl_cost(size.crawl_seconds)
    found["crawl"] = asdict(crawled)
    _say_crawl(crawled)
    matched = matching(size.rules, size.part_comments, few=size.rules // 10, many=size.rules * 10)
    found["matching"] = asdict(matched)
    print("\n".join(said_of_matching(matched)), flush=True)
    stock, judged = judging(size.scored, size.scored_by_stock)
    found["judging"] = {"stock": asdict(stock), "default": asdict(judged)}
    print("\n".join(said_of_judging(stock, judged)), flush=True)
    stock, ways = scoring(size.scored, size.scored_by_stock)
    found["snow"] = {"stock": asdict(stock), "ways": [asdict(one) for one in ways]}
    print("\n".join(said_of_scoring(stock, ways)), flush=True)
    found["parts_per_second"] = parts(size.part_comments)
    for name, value in found["parts_per_second"].items():
        print(f"part: {name:<26} {value:>10,.0f}/s", flush=True)
    found["took_seconds"] = time.monotonic() - began
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(f"{out}: all in {found['took_seconds']:.0f} s")


def _with(snow: object) -> str:
    return "with SnowNLP" if snow else "SnowNLP's own time left out"


def _say_rate(one: Rate, baseline: Baseline) -> None:
    print(
        f"chain, {one.cores} core(s), {_with(one.snow)}:"
        f" {one.per_second:.0f} comments/s = {one.per_second / baseline.per_second:.2f} x baseline,"
        f" {one.per_cpu_second:.0f} a CPU second = {one.per_cpu_second / baseline.per_cpu_second:.2f} x"
    )
    _say_cost(one.cpu_us, one.memory_mb)


def _say_cost(cpu_us: dict[str, float], memory_mb: dict[str, float]) -> None:
    for role, used in cpu_us.items():
        print(f"    {role:<9} {used:>7.0f} CPU us a comment   {memory_mb[role]:>5.0f} MB", flush=True)


def _say_latency(one: Latency) -> None:
    print(
        f"appended -> accepted, {one.per_second:.0f}/s for {one.seconds:.0f} s, {_with(one.snow)}:"
        f" {one.opened} incidents of {one.planted} planted, {one.mails} mails, {one.not_accepted} not accepted,"
        f" backlog at the end {one.backlog}"
    )
    rows = (("first mail of an incident", one.first), ("every mail", one.notices))
    for name, shares in (*rows, ("of it until appended", one.to_append), ("of it until taken up", one.to_open)):
        said = "   ".join(f"{key} {'never' if v is None else f'{v:,.0f} ms'}" for key, v in shares.items())
        print(f"    {name:<26} {said}", flush=True)
    _say_cost(one.cpu_us, one.memory_mb)


def _say_crawl(one: CrawlCost) -> None:
    print(f"crawl: {one.comments} posts and comments of the sandbox's fortnight in {one.seconds:.0f} s")
    print(f"    crawl     {one.cpu_us:>7.0f} CPU us a comment   {one.memory_mb:>5.0f} MB", flush=True)
