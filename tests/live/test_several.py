"""Several of each role at once on real engines, as several machines run them: `fengxin run ROLE`, each by itself.

One is paused in mid-batch past its session and comes back, others join and leave, whoever has the partitions is killed;
all while comments flow. Nothing is lost, nothing happens twice. The second table of `tests/live/README.md` is
printed here.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from stream.follow import FENCED
from tests.kills.house import House, built, until
from tests.kills.proof import all_holds
from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import Kafka, Postgres
from tests.live.flood import flood
from tests.live.one import One
from tests.live.river import River

pytestmark = [pytest.mark.live, pytest.mark.long]
COMMENTS = 6_000
PHASES = 3
PAUSED_AT = {
    "watch": "watch.read_before_transaction", "assess": "assess.appended_before_position",
    "index": "index.indexed_before_position",
}  # fmt: skip
"""The point of `stream.kill_point` at which each reader of the log is paused: its batch
is done, its position not moved."""
PARTITIONS = {"watch": 1, "assess": 4, "index": 1}
SOON_S = 300.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What was done to which role, and the seconds until the others read all its partitions."""

    what: str
    role: str
    taken_over_s: float


class Crew:
    """All processes of an installation, several of a role."""

    def __init__(self, house: House) -> None:
        self.house, self.started = house, 0
        self.all: list[One] = []
        self.faults: list[Fault] = []

    def start(self, *roles: str) -> None:
        """One more of each of these roles."""
        for role in roles:
            self.started += 1
            self.all.append(One(self.house, role, self.started, PAUSED_AT.get(role, "")))

    def of(self, role: str) -> list[One]:
        """Those of a role that run."""
        return [one for one in self.all if one.role == role]

    def gone(self, one: One, number: signal.Signals) -> None:
        """End one; what it was sending or crawling is free after its lease."""
        one.send(number)
        self.all.remove(one)

    def reading(self, role: str, among: Sequence[One]) -> bool:
        """Whether these read every partition of the role together."""
        return sum(one.reads() for one in among) == PARTITIONS[role]

    def who_reads(self, role: str) -> One:
        """The one that has most partitions of a role."""
        return max(self.of(role), key=One.reads)

    def taken_over(self, what: str, lost: Sequence[One]) -> None:
        """Wait until those that are left read all partitions, and note the seconds."""
        begun, open_ = time.monotonic(), {one.role for one in lost if one.role in PARTITIONS}

        def all_taken() -> bool:
            for role in sorted(open_):
                if self.reading(role, [one for one in self.of(role) if one not in lost]):
                    self.faults.append(Fault(what, role, time.monotonic() - begun))
                    open_.discard(role)
            return not open_

        until(all_taken, f"{what}: the others take over", SOON_S)

    def report(self) -> None:
        """The second table of `tests/live/README.md`."""
        print(f"\n{COMMENTS} comments; two of each role, each by itself\n")
        print("| what | role | the others have all its partitions after, s |\n|---|---|---|")
        for one in self.faults:
            print(f"| {one.what} | {one.role} | {one.taken_over_s:.1f} |")


@contextmanager
def ended(crew: Crew) -> Iterator[Crew]:
    """Ended also where something did not hold."""
    try:
        yield crew
    finally:
        for one in crew.all:
            one.process.kill()
            one.process.wait()


def paused(crew: Crew, house: House, more: Callable[[], None]) -> None:
    """One of each reader is stopped in mid-batch, longer than its session; it comes back and is fenced."""
    more()
    until(lambda: {one.role for one in crew.all if one.stopped()} == set(PAUSED_AT), "each is paused", SOON_S)
    first = [one for one in crew.all if one.stopped()]
    crew.taken_over("paused in mid-batch past its session", first)
    until(lambda: not any(house.lag(role) for role in PAUSED_AT), "the others work everything off", SOON_S)
    for one in first:
        one.send(signal.SIGCONT)
    until(lambda: all(FENCED in one.written() for one in first), "each is fenced when it comes back", SOON_S)


def joined_and_left(crew: Crew, more: Callable[[], None]) -> None:
    """A third assess and a third index come and others go, each while records are under way."""
    more()
    crew.start("assess", "index")
    until(lambda: all(one.reads() for one in crew.of("assess")), "every assess gets a share", SOON_S)
    leaving = [crew.who_reads("assess"), crew.who_reads("index")]
    for one in leaving:
        crew.gone(one, signal.SIGTERM)
    crew.taken_over("leaves in the flood", leaving)


def killed(crew: Crew, more: Callable[[], None]) -> None:
    """Whoever has the watch's partition, and one of each other role, die at once; the standby takes over."""
    for role in PARTITIONS:
        until(lambda role=role: crew.reading(role, crew.of(role)), f"{role} reads", SOON_S)  # type: ignore[misc]
    until(lambda: any(one.stands_by() for one in crew.of("watch")), "one watch stands by", SOON_S)
    lost = [*(crew.who_reads(role) for role in PARTITIONS), crew.of("notify")[0]]
    more()
    for one in lost:
        crew.gone(one, signal.SIGKILL)
    crew.taken_over("SIGKILL in the flood", lost)


@pytest.mark.timeout(1200)
def test_two_of_each_role_lose_nothing_by_a_pause_a_rebalance_and_a_death(
    tmp_path: Path, kafka: Kafka, postgres: Postgres, elasticsearch: Elasticsearch
) -> None:
    name = f"s{uuid4().hex[:12]}"
    urls = f"{kafka.url}/{name}", postgres.database(), elasticsearch.place(name)
    with built(tmp_path, *urls) as house, ended(Crew(house)) as crew:
        account, now = house.settings.roster.accounts[0].key, datetime.now(UTC)
        posts = list(flood(COMMENTS, house.settings.school.code, account, now))
        house.truth |= {post.id: post.text for post in posts}
        crew.start(*PARTITIONS, *PARTITIONS, "notify", "notify", "inbox", "crawl")
        until(lambda: all(one.says() for one in crew.all), "every process has its page", SOON_S)
        for role in PARTITIONS:
            until(lambda role=role: crew.reading(role, crew.of(role)), f"{role} reads", SOON_S)  # type: ignore[misc]
        until(lambda: any(one.stands_by() for one in crew.of("watch")), "one watch stands by", SOON_S)
        river = River(house, posts)
        river.start()

        def more() -> None:
            house.wave(2)
            house.poll_now()
            before = river.said
            river.may += COMMENTS // PHASES
            until(lambda: river.said > before, "the log takes comments", SOON_S)

        paused(crew, house, more)
        joined_and_left(crew, more)
        killed(crew, more)
        river.join(SOON_S)
        house.settle(SOON_S)
        crew.report()
        all_holds(house)
    assert river.said == len(house.truth) - len(house.matter_ids) == COMMENTS
