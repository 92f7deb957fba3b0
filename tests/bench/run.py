"""One run: every measurement in turn, each printed when it is there, all written together."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.bench.apart import alarms_apart
from tests.bench.apart import said as said_of_apart
from tests.bench.catchup import catch_up
from tests.bench.catchup import said as said_of_catch_up
from tests.bench.crawl import CrawlCost, crawl_cost
from tests.bench.footing import Footing, standing
from tests.bench.history import beside_history
from tests.bench.history import said as said_of_history
from tests.bench.judging import judging
from tests.bench.judging import said as said_of_judging
from tests.bench.latency import Latency, chain_latency
from tests.bench.log_work import log_work
from tests.bench.log_work import said as said_of_log_work
from tests.bench.machine import described
from tests.bench.matching import matching
from tests.bench.matching import said as said_of_matching
from tests.bench.rate import Baseline, Rate, chain_rate, snownlp_rate
from tests.bench.scoring import said as said_of_scoring
from tests.bench.scoring import scoring
from tests.bench.searching import on_elasticsearch, on_sqlite
from tests.bench.small import parts
from tests.bench.start import said as said_of_start
from tests.bench.start import start_cost
from tests.live.engines import EngineMissing

BEARABLE = 0.5
"""Share of the measured rate at which the chain with SnowNLP is asked for its latency as well."""

ENGINE_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; the full size takes four minutes for the first parts and up to fifteen for ON_ENGINES."""

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
    engine_comments: int
    engine_rounds: int
    backlog: int
    apart_seconds: float
    searched: int
    history: int


FULL = Size(
    5.0, 500, 2500, 12.0, 250.0, 3000, 30.0, 30.0, 10_000, 5000, 400, 10_000, 3, 200_000, 30.0, 1_000_000, 200_000
)
QUICK = Size(0.5, 20, 100, 1.0, 20.0, 200, 10.0, 8.0, 1000, 500, 20, 300, 1, 300, 2.0, 2300, 500)
Found = dict[str, Any]


class Bench:
    """One run: how much, and what several parts need, each made once and only where it is asked for."""

    def __init__(self, size: Size, stack: ExitStack) -> None:
        self.size, self._stack = size, stack
        self._footing: Footing | None = None
        self._lacking = ""

    @cached_property
    def baseline(self) -> Baseline:
        """Plain SnowNLP."""
        found = snownlp_rate(self.size.baseline_seconds)
        print(f"baseline: {found.name}: {found.per_second:.0f} comments/s, {found.per_cpu_second:.0f} a CPU second")
        return found

    def footing(self) -> Footing | None:
        """The real engines; None, after a loud line, where they cannot be had here."""
        if self._footing is None and not self._lacking:
            try:
                self._footing = self._stack.enter_context(standing())
            except EngineMissing as missing:
                self._lacking = str(missing)
        if self._lacking:
            print(f"NOT MEASURED ON KAFKA, ELASTICSEARCH AND POSTGRESQL: {self._lacking}", flush=True)
        return self._footing


def run(size: Size, out: Path, only: Sequence[str] = ()) -> None:
    """Measure these parts (all where none is named), print, and write `out`; what other parts wrote there stays."""
    began = time.monotonic()
    found: Found = json.loads(out.read_text("utf-8")) if only and out.exists() else {}
    machine = described()
    print(f"{machine}", flush=True)
    with ExitStack() as stack:
        bench = Bench(size, stack)
        for name in [name for name in PARTS if not only or name in only]:
            at, machine = datetime.now(UTC).isoformat(timespec="seconds"), described()
            part_began = time.monotonic()
            found |= PARTS[name](bench)
            measured = {"at": at, "machine": machine, "seconds": time.monotonic() - part_began}
            found.setdefault("measured", {})[name] = measured
            _write(found, out)
    found["took_seconds"] = time.monotonic() - began
    _write(found, out)
    print(f"{out}: all in {found['took_seconds']:.0f} s")


def _write(found: Found, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _start(bench: Bench) -> Found:
    begun = start_cost(bench.size.plain_comments)
    print(said_of_start(begun), flush=True)
    return {"start": asdict(begun)}


def _chain(bench: Bench) -> Found:
    size, baseline = bench.size, bench.baseline
    rates: list[Found] = []
    for snow in (True, False):
        for cores in (1, 2):
            one = chain_rate(cores, (size.snow_comments if snow else size.plain_comments) * cores, snow=snow)
            times = {
                "times_baseline": one.per_second / baseline.per_second,
                "times_baseline_by_cpu": one.per_cpu_second / baseline.per_cpu_second,
            }
            rates.append(asdict(one) | times)
            _say_rate(one, baseline)
    with_snow = next(one["per_second"] for one in rates if one["snow"] and one["cores"] == 2)
    latencies = []
    for per_second, snow in ((size.per_second, False), (size.per_second, True), (BEARABLE * with_snow, True)):
        late = chain_latency(per_second, size.arrival_seconds, snow=snow, patience=size.patience)
        latencies.append(asdict(late))
        _say_latency(late)
    return {"baseline": asdict(baseline), "rates": rates, "latencies": latencies}


def _crawl(bench: Bench) -> Found:
    crawled = crawl_cost(bench.size.crawl_seconds)
    _say_crawl(crawled)
    return {"crawl": asdict(crawled)}


def _matching(bench: Bench) -> Found:
    rules = bench.size.rules
    matched = matching(rules, bench.size.part_comments, few=rules // 10, many=rules * 10)
    print("\n".join(said_of_matching(matched)), flush=True)
    return {"matching": asdict(matched)}


def _judging(bench: Bench) -> Found:
    stock, judged = judging(bench.size.scored, bench.size.scored_by_stock)
    print("\n".join(said_of_judging(stock, judged)), flush=True)
    return {"judging": {"stock": asdict(stock), "default": asdict(judged)}}


def _snow(bench: Bench) -> Found:
    stock, ways = scoring(bench.size.scored, bench.size.scored_by_stock)
    print("\n".join(said_of_scoring(stock, ways)), flush=True)
    return {"snow": {"stock": asdict(stock), "ways": [asdict(one) for one in ways]}}


def _parts(bench: Bench) -> Found:
    found = parts(bench.size.part_comments)
    for name, value in found.items():
        print(f"part: {name:<26} {value:>10,.0f}/s", flush=True)
    return {"parts_per_second": found}


def _engines(bench: Bench) -> Found:
    """The whole chain on both by turns; on the real ones the assess worker beside the bare loop first."""
    number, rounds, footing = bench.size.engine_comments, bench.size.engine_rounds, bench.footing()
    found: Found = {"log_work": None, "engine_rates": []}
    if footing:
        work = log_work(footing, number, rounds)
        found["log_work"] = asdict(work)
        print("\n".join(said_of_log_work(work)), flush=True)
    for place in (None, footing) if footing else (None,):
        one = chain_rate(2, number, snow=True, patience=ENGINE_PATIENCE, footing=place)
        found["engine_rates"].append(asdict(one))
        _say_rate(one, bench.baseline)
    return found


def _catchup(bench: Bench) -> Found:
    found = []
    footing = bench.footing()
    for place in (None, footing) if footing else (None,):
        one = catch_up(bench.size.backlog, place)
        found.append(asdict(one))
        print("\n".join(said_of_catch_up(one)), flush=True)
    return {"catchup": found}


def _apart(bench: Bench) -> Found:
    footing = bench.footing()
    if footing is None:
        return {"apart": None}
    found = alarms_apart(bench.size.apart_seconds, footing)
    print("\n".join(said_of_apart(found)), flush=True)
    return {"apart": [asdict(one) for one in found]}


def _history(bench: Bench) -> Found:
    found = []
    footing = bench.footing()
    for place in (None, footing) if footing else (None,):
        found.append(beside_history(bench.size.history, bench.size.apart_seconds, place))
        print("\n".join(said_of_history(found[-1:])), flush=True)
    return {"history": [asdict(one) for one in found]}


def _search(bench: Bench) -> Found:
    found = [on_sqlite(bench.size.searched)]
    print(found[0].row(), flush=True)
    if footing := bench.footing():
        found.append(on_elasticsearch(bench.size.searched, footing.elasticsearch))
        print(found[1].row(), flush=True)
    return {"search": [asdict(one) for one in found]}


PARTS: dict[str, Callable[[Bench], Found]] = {
    "start": _start, "chain": _chain, "crawl": _crawl, "matching": _matching, "judging": _judging, "snow": _snow,
    "parts": _parts, "engines": _engines, "catchup": _catchup, "apart": _apart, "history": _history,
    "search": _search,
}  # fmt: skip
"""What can be named with `--only`, in the order in which it is measured."""


def _with(snow: object) -> str:
    return "with SnowNLP" if snow else "SnowNLP's own time left out"


def _say_rate(one: Rate, baseline: Baseline) -> None:
    print(
        f"chain, {one.on}, {one.cores} core(s), {_with(one.snow)}:"
        f" {one.per_second:.0f} comments/s = {one.per_second / baseline.per_second:.2f} x baseline,"
        f" {one.per_cpu_second:.0f} a CPU second = {one.per_cpu_second / baseline.per_cpu_second:.2f} x"
    )
    _say_cost(one.cpu_us | one.engine_cpu_us, one.memory_mb | one.engine_mb)


def _say_cost(cpu_us: dict[str, float], memory_mb: dict[str, float]) -> None:
    for role, used in cpu_us.items():
        print(f"    {role:<13} {used:>7.0f} CPU us a comment   {memory_mb[role]:>5.0f} MB", flush=True)


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
