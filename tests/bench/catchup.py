"""`python -m tests.bench.catchup [--records N] [--embedded] [--storm]`: an outage's backlog is worked off, in order,
on both.

No role runs while the records come in, as after a night on which the machine's roles were down; then assess (one
worker a core), watch and index start together. Afterwards it is looked whether nothing is lost, double or out of order.
The records of an outage were written within its eleven hours by many people, under ever new posts; those of a storm
within the half hour before by three thousand, under sixty posts.
"""

from __future__ import annotations

import argparse
import math
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic_core import from_json

from stream.log import Log
from stream.post import Post
from stream.search import Query, open_search
from stream.topic import ASSESSED
from tests.bench.chain import FOLLOWERS, PLACE, Chain, Stuck, house
from tests.bench.comments import THREADS, Comments
from tests.bench.footing import EMBEDDED, Footing, standing

CHUNK = 1000
OUTAGE = timedelta(hours=11)
EACH_POST, EACH_AUTHOR = 500, 5
"""Of an outage: comments for each new post and each author, in the mean."""
WORKERS = 2
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class CatchUp:
    """`appended`: seconds to write the backlog, after which time begins. `seconds`: until each role was at the log's
    end, its start with it. `cpu_us`: CPU microseconds a record, all of the role's process; `engine_cpu_us` of the real
    engines. `disk`: bytes a record, by what keeps it."""

    on: str
    of: str
    records: int
    appended: float
    seconds: dict[str, float]
    cpu_us: dict[str, float]
    engine_cpu_us: dict[str, float]
    memory_mb: dict[str, float]
    disk: dict[str, float]


def catch_up(records: int, footing: Footing | None = None, patience: float = 900.0, *, storm: bool = False) -> CatchUp:
    """Measure. Raises Stuck where it takes longer than `patience` seconds, Lost where not everything arrived."""
    place = footing.fresh() if footing else EMBEDDED
    with tempfile.TemporaryDirectory(prefix="fengxin-bench-") as folder, house(Path(folder), place=place) as chain:
        empty = footing.disk(place) if footing else _files(chain.settings.data_folder)
        began, sequence = time.monotonic(), dict[str, list[str]]()
        for posts in _of_a_storm(records) if storm else _of_an_outage(records):
            chain.append(posts)
            for post in posts:
                sequence.setdefault(post.thread_id, []).append(post.id)
        appended, before = time.monotonic() - began, footing.cpu() if footing else {}
        seconds, memory = _worked_off(chain, patience)
        used = {role: 1e6 * cpu / records for role, cpu in chain.cpu().items()}
        theirs = {
            name: 1e6 * (now - before[name]) / records for name, now in (footing.cpu() if footing else {}).items()
        }
        _whole(chain, records, sequence)
        held = footing.disk(place) if footing else _files(chain.settings.data_folder)
        disk = {name: (size - empty[name]) / records for name, size in held.items()}
        memory |= footing.memory() if footing else {}
        return CatchUp(
            "engines" if footing else "embedded", "a storm" if storm else "an outage",
            records, appended, seconds, used, theirs, memory, disk,
        )  # fmt: skip


class Lost(AssertionError):
    """The backlog did not come through whole, once and in order; the text says what differs."""


def _of_an_outage(records: int) -> Iterator[list[Post]]:
    made, began = Comments(11, max(1, records // EACH_AUTHOR)), datetime.now(UTC) - OUTAGE
    for start in range(0, records, CHUNK):
        at, newest = began + OUTAGE * ((start + CHUNK) / (records + CHUNK)), THREADS + start // EACH_POST
        yield made.posts(PLACE, at, min(CHUNK, records - start), newest)


def _of_a_storm(records: int) -> Iterator[list[Post]]:
    made, now = Comments(11), datetime.now(UTC)
    for start in range(0, records, CHUNK):
        yield made.posts(PLACE, now, min(CHUNK, records - start))


def _worked_off(chain: Chain, patience: float) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds until each role had taken all, and the memory of each in the end."""
    began, seconds = time.monotonic(), dict[str, float]()
    for role in ("watch", "index", "assess", *(f"assess {number}" for number in range(2, WORKERS + 1))):
        chain.start(role)
    while len(seconds) < len(FOLLOWERS):
        time.sleep(LOOK_SECONDS)
        chain.alive()
        passed = time.monotonic() - began
        if passed > patience:
            raise Stuck(f"after {patience:.0f} s {chain.behind(*FOLLOWERS)} records were not taken")
        for role in FOLLOWERS:
            if role not in seconds and (role == "assess" or "assess" in seconds) and not chain.behind(role):
                seconds[role] = passed
    return seconds, chain.memory()


def _whole(chain: Chain, records: int, sequence: Mapping[str, list[str]]) -> None:
    """Everything kept once, found, and read by the watch in the order in which each thread was written. Raises Lost."""
    kept = int(chain.rows("SELECT count(*) FROM posts")[0][0])
    dead = int(chain.rows("SELECT count(*) FROM dead_letters")[0][0])
    with closing(open_search(chain.settings.search_url)) as search:
        found = search.count(Query(PLACE.school))
    if (kept, dead, found) != (records, 0, records):
        raise Lost(f"of {records} records {kept} are kept, {found} found, {dead} are dead letters")
    read = _assessed(chain.log)
    wrong = [thread for thread, ids in sequence.items() if list(dict.fromkeys(read.get(thread, []))) != ids]
    if wrong:
        raise Lost(f"{len(wrong)} of {len(sequence)} threads are out of order, {wrong[0]} the first")


def _assessed(log: Log) -> dict[str, list[str]]:
    """By thread, the ids in the order in which the watch reads them."""
    found: dict[str, list[str]] = {}
    left = sum(log.ends(ASSESSED).values())
    with closing(log.reader(ASSESSED, "bench", lambda _: {})) as reader:
        while left > 0:
            for record in reader.poll(CHUNK, 1.0):
                post = from_json(record.value)["post"]
                found.setdefault(post["thread_id"], []).append(post["id"])
                left -= 1
    return found


def _files(folder: Path) -> dict[str, int]:
    """Bytes of each embedded database, with what its file does not have yet."""
    return {f"{name} (SQLite)": _pages(folder / f"{name}.db") for name in ("log", "search", "store")}


def _pages(file: Path) -> int:
    with closing(sqlite3.connect(file)) as one:
        return math.prod(int(one.execute(f"PRAGMA page_{what}").fetchone()[0]) for what in ("count", "size"))


def said(one: CatchUp) -> list[str]:
    """What was measured, for a terminal."""
    last = max(one.seconds.values())
    lines = [
        f"catch-up after {one.of}, {one.on}: {one.records:,} records in {last:.0f} s, "
        f"{one.records / last:,.0f}/s, in order, whole"
    ]
    lines += [f"    {role:<9} at the end after {passed:>6.1f} s" for role, passed in one.seconds.items()]
    for name, used in (one.cpu_us | one.engine_cpu_us).items():
        lines.append(f"    {name:<13} {used:>7.0f} CPU us a record   {one.memory_mb[name]:>6.0f} MB")
    lines += [f"    {name:<22} {size:>7.0f} bytes a record" for name, size in one.disk.items()]
    return lines


def main(arguments: list[str] | None = None) -> None:
    """Measure and print: embedded, then the real engines."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.catchup", description="Work off a backlog.")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--embedded", action="store_true", help="without the real engines")
    parser.add_argument("--storm", action="store_true", help="all within half an hour, under sixty posts")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds until it is given up")
    given = parser.parse_args(arguments)
    records, patience = given.records, given.patience
    print("\n".join(said(catch_up(records, patience=patience, storm=given.storm))), flush=True)
    if not given.embedded:
        with standing() as footing:
            print("\n".join(said(catch_up(records, footing, patience, storm=given.storm))), flush=True)


if __name__ == "__main__":
    main()
