"""Every role and every engine of a distributed house is killed while 50,000 comments flow: nothing lost, nothing twice.

`fengxin run` on a real Kafka, Elasticsearch and PostgreSQL, as README's real deployment has it; a supervisor restarts
roles, the machine's own service manager (here: the test) the engines. The table of
`tests/live/README.md` is printed here.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from stream.topic import READERS
from tests.kills.house import House, built, until
from tests.kills.proof import all_holds
from tests.kills.supervised import Supervised
from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import Engine, Kafka, Postgres
from tests.live.flood import flood
from tests.live.river import River

pytestmark = [pytest.mark.live, pytest.mark.long]
COMMENTS = 50_000
ROLES = ("assess", "watch", "index", "notify", "crawl", "audit", "web")
ENGINES = 3
DOWN_S = 3.0
GREEN_S = 300.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What was killed, how many records were under way then, and the seconds until the house was green again."""

    what: str
    waiting: int
    green_s: float


class Strikes:
    """Kills one thing after another, each while comments are under way, and waits for green."""

    def __init__(self, house: House, supervised: Supervised, river: River) -> None:
        self.house, self.supervised, self.river = house, supervised, river
        self.faults: list[Fault] = []

    def role(self, name: str) -> None:
        """SIGKILL a role; the supervisor starts it again."""
        waiting = self._amid_work()
        killed = self.supervised.children()[name]
        begun = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        until(lambda: self.supervised.children().get(name, killed) != killed, f"{name} starts again")
        self._green(name, waiting, begun)

    def engine(self, engine: Engine) -> None:
        """SIGKILL an engine and start it again after a while, as its own machine would."""
        waiting = self._amid_work()
        engine.kill()
        time.sleep(DOWN_S)
        begun = time.monotonic()
        engine.again()
        self._green(type(engine).__name__, waiting, begun)

    def _amid_work(self) -> int:
        """Let the next comments come, those of the matter among them; gives how many records are under way."""
        house, river = self.house, self.river
        house.wave(2)
        house.poll_now()
        before = river.said
        river.may += -(-len(river.posts) // (len(ROLES) + ENGINES))
        until(lambda: river.said > before, "the log takes comments")
        return until(self._waiting, "records are under way")

    def _waiting(self) -> int:
        return sum(self.house.lag(reader) for reader in READERS)

    def _green(self, what: str, waiting: int, begun: float) -> None:
        house, supervised = self.house, self.supervised
        until(
            lambda: supervised.up() and green(house),
            f"green again after the death of {what}",
            GREEN_S,
            lambda: f"{health(house)}\n{supervised.said()[-3000:]}",
        )
        self.faults.append(Fault(what, waiting, time.monotonic() - begun))

    def report(self) -> None:
        """The table of `tests/live/README.md`."""
        print(f"\n{COMMENTS} comments; each line is one SIGKILL\n")
        print("| killed | records under way | green again after, s |\n|---|---|---|")
        for one in self.faults:
            print(f"| {one.what} | {one.waiting} | {one.green_s:.1f} |")


def health(house: House) -> str:
    """What is wrong, as the school's monitoring is told it; empty where every role lives and works."""
    try:
        found = httpx.get(f"http://127.0.0.1:{house.settings.web.port}/healthz", trust_env=False, timeout=10)
    except httpx.TransportError as error:
        return f"{error!r}"
    return "" if found.is_success else found.text


def green(house: House) -> bool:
    """Whether every role lives and works, as the school's monitoring sees it."""
    return not health(house)


@contextmanager
def ended(supervised: Supervised) -> Iterator[Supervised]:
    """Stopped in the end, also where something did not hold: others run after this."""
    try:
        yield supervised
    finally:
        supervised.end(signal.SIGTERM)


@pytest.mark.timeout(1500)
def test_50000_comments_survive_the_death_of_every_role_and_of_every_engine(
    tmp_path: Path, empty_kafka: Kafka, postgres: Postgres, elasticsearch: Elasticsearch
) -> None:
    search = elasticsearch.place(f"f{uuid4().hex[:12]}")
    urls = empty_kafka.url, postgres.database(), search
    with built(tmp_path, *urls) as house, ended(Supervised(house)) as supervised:
        account, now = house.settings.roster.accounts[0].key, datetime.now(UTC)
        posts = list(flood(COMMENTS, house.settings.school.code, account, now))
        house.truth |= {post.id: post.text for post in posts}
        until(supervised.up, "every role beats")
        until(lambda: green(house), "the house is green", GREEN_S)
        river = River(house, posts)
        river.start()
        strikes = Strikes(house, supervised, river)
        for role in ROLES:
            strikes.role(role)
        for engine in (empty_kafka, elasticsearch, postgres):
            strikes.engine(engine)
        river.join(600)
        house.settle(600)
        until(lambda: green(house), "the house is green", GREEN_S)
        strikes.report()
        all_holds(house)
    assert river.said == len(house.truth) - len(house.matter_ids) == COMMENTS
