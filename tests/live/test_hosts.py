"""Every role on each of two machines at one set of real engines: settings files, keys, data folders, names and ports of
their own. Nothing is polled, told or found twice, a person may sit at either desk, and one machine may die.

The table of `tests/live/README.md` is printed.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from crawlers.token import tokens
from deploy.role_page import WELL
from stream.coverage import sources
from tests.kills.house import House, built, until
from tests.kills.proof import all_holds, letters
from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import Kafka, Postgres
from tests.live.flood import flood
from tests.live.host import Host
from tests.live.one import One
from tests.live.river import River
from tests.live.seat import Seat, words

pytestmark = [pytest.mark.live, pytest.mark.long]
COMMENTS = 2_000
ROLES = ("crawl", "assess", "watch", "index", "notify", "audit", "web")
PARTITIONS = {"watch": 1, "assess": 4, "index": 1}
MONITOR, ADMINISTRATOR = ("zheng.wanzhou", "P08"), ("xu.mingde", "P09")
TRAVELS, TRAVELLER = "P06", "孙建国"
"""Who holds an office that nobody else holds."""
TOGETHER = timedelta(seconds=0.5)
"""Two looks at the same thing so soon after each other: whoever looks rests for a second at least."""
SLOW_S = 0.5
LOOKS = 3
SOON_S = 180.0
BEIJING = ZoneInfo("Asia/Shanghai")


@dataclass
class Looks:
    """What the platforms wrote down of who asked for what."""

    house: House
    rows: list[dict[str, Any]] = field(default_factory=list)

    def read(self) -> Looks:
        """As it stands now, oldest first."""
        self.rows = self.house.http.get("/control/log").json()["served"]
        return self

    def by(self, name: str) -> int:
        """How often this machine began to look at something."""
        return sum(row["page"] == 1 and row["agent"].endswith(f" {name}") for row in self.read().rows)

    def twice(self) -> list[tuple[str, ...]]:
        """What two machines looked at together, or one while the other walked through the pages of an account."""
        last: dict[tuple[str, ...], tuple[str, datetime]] = {}
        walks: dict[str, str] = {}
        found = []
        for row in self.rows:
            given, at = row["params"], datetime.fromisoformat(row["at"])
            about = ("id", "msg_data_id", "index", "begin_date", "feature")
            what = (row["account"], row["path"], *(f"{given[one]}" for one in about if one in given))
            if row["page"] > 1 and walks.get(row["account"]) != row["agent"]:
                found.append((*what, f"page {row['page']}", row["agent"]))
            walks[row["account"]] = row["agent"]
            if row["page"] == 1:
                agent, before = last.get(what, (row["agent"], at))
                if agent != row["agent"] and at - before < TOGETHER:
                    found.append((*what, agent, row["agent"], str(at - before)))
                last[what] = row["agent"], at
        return found


class Pair:
    """Two machines of one school; `first` is the one whose watch reads."""

    def __init__(self, house: House) -> None:
        self.house, self.looks, self.table = house, Looks(house), list[str]()
        self.hosts = [Host(house, "north"), Host(house, "south")]
        self.first, self.other = self.hosts
        self.inbox = One(house, "inbox")

    def within(self, what: str, begun: float) -> None:
        """Note the seconds."""
        self.table.append(f"| {what} | {time.monotonic() - begun:.1f} |")

    def start(self) -> None:
        """Every role on both, at once; wait until they share the partitions and all is well."""
        begun = time.monotonic()
        for host in self.hosts:
            host.start(*ROLES)
        until(lambda: all(host.well() for host in self.hosts), "both are well", SOON_S, self.words)
        for role, number in PARTITIONS.items():
            until(lambda r=role, n=number: sum(one.reads(r) for one in self.hosts) == n, f"{role} reads", SOON_S)  # type: ignore[misc]
        until(self.one_watches, "one watch reads and the other stands by", SOON_S)
        self.within("both machines work", begun)

    def one_watches(self) -> bool:
        """Whether one watch reads and the other stands by; `first` is where it reads."""
        self.first, self.other = sorted(self.hosts, key=lambda host: -host.reads("watch"))
        return self.first.reads("watch") == 1 and self.other.of("watch")[0].stands_by()

    def words(self) -> str:
        """What both say of themselves."""
        return "\n".join(f"{host.name}: {host.health().text}" for host in self.hosts)

    def slow(self, seconds: float) -> None:
        """The platforms take so long to answer, so that whoever looks has an account in hand for a while."""
        self.house.control("faults", name="slow", on=seconds > 0, delay_s=seconds)

    def in_hand(self, pid: int) -> int:
        """How many sources and tokens a crawl of this process has, or had when it died."""
        with self.house.store.read() as conn:
            theirs = (select(func.count()).where(of.c.taken_by.contains(f":{pid}:")) for of in (sources, tokens))
            return sum(conn.execute(one).scalar_one() for one in theirs)

    def takes_over(self, died: float) -> None:
        """The other has all partitions of the first."""
        left = dict(PARTITIONS)

        def taken() -> bool:
            for role in [role for role, number in left.items() if self.other.reads(role) == number]:
                self.within(f"one dies: {role} of the other reads everything", died)
                del left[role]
            return not left

        until(taken, "the other takes over", SOON_S)


@contextmanager
def paired(house: House) -> Iterator[Pair]:
    """Two machines, ended also where something did not hold."""
    pair = Pair(house)
    try:
        yield pair
    finally:
        for one in [pair.inbox, *(one for host in pair.hosts for one in host.all)]:
            one.process.kill()
            one.process.wait()
        print("\n| what | s |\n|---|---|", *pair.table, sep="\n")


def goes_on_leave(pair: Pair, administrator: Seat) -> None:
    """By the form of one desk, sent to the other."""
    then = datetime.now(BEIJING) + timedelta(days=3)
    span = {"starts": f"{then:%Y-%m-%dT%H:%M}", "ends": f"{then + timedelta(days=1):%Y-%m-%dT%H:%M}"}
    duty = administrator.page(pair.first.desk, "/duty")
    administrator.send(pair.other.desk, "/duty/leave", duty, person=TRAVELS, kind="trip", **span)


def each_is_looked_at_by_one(pair: Pair, monitor: Seat) -> str:
    """Both crawls look for work, and no account is in the hands of both; gives the incident's number."""
    begun = time.monotonic()
    pair.slow(SLOW_S)
    pair.house.wave(3)

    def both_look() -> bool:
        pair.house.poll_now()
        return all(pair.looks.by(host.name) >= LOOKS for host in pair.hosts)

    until(both_look, "both crawls look", SOON_S, lambda: [(one.name, pair.looks.by(one.name)) for one in pair.hosts])
    pair.slow(0)
    assert pair.looks.twice() == []
    (number,) = until(lambda: monitor.incidents(pair.first.desk), "the incident stands at one desk", SOON_S)
    assert monitor.incidents(pair.other.desk) == [number]
    pair.within("a comment is an incident at both desks", begun)
    return number


def an_act_at_one_desk_stands_at_the_other(pair: Pair, monitor: Seat, number: str) -> None:
    """A signature by a mail's link, and a form that the one showed and the other is sent."""
    page = f"/incidents/{number}"

    def shown() -> str:
        return words(monitor.page(pair.first.desk, page).css("body")[0])

    assert "0/4" in shown()
    mails = until(lambda: letters(pair.house), "mails come", SOON_S)
    link = re.search(r"https?://\S+/r/\S+", mails[0].text)
    assert link is not None
    assert pair.house.sign(link.group(0), pair.other.port) == 200
    assert "1/4" in shown()
    monitor.send(pair.other.desk, f"{page}/confirm", monitor.page(pair.first.desk, page), note="已电话核实")
    assert "已电话核实" in shown()


def one_dies_with_accounts_in_hand(pair: Pair, river: River) -> float:
    """All its processes at once, while comments flow and its crawl waits for the platforms; gives when."""
    house = pair.house
    until(pair.one_watches, "one watch reads and the other stands by", SOON_S)  # it may have moved since the start
    (crawl,) = pair.first.of("crawl")
    river.may = len(river.posts)
    pair.slow(SLOW_S * 4)
    house.wave(2)

    def has_one_in_hand() -> bool:
        house.poll_now()
        return pair.in_hand(crawl.process.pid) > 0

    until(has_one_in_hand, "it has an account in hand", SOON_S)
    pair.first.die()
    pair.slow(0)
    return time.monotonic()


def what_it_had_is_the_others_when_its_lease_is_over(pair: Pair) -> None:
    """And not before, as nobody but its own machine knows that it is dead."""
    dead = pair.first.of("crawl")[0].process.pid
    pair.other.start("crawl")  # first of all it frees what dead processes of its own machine had
    until(lambda: WELL in pair.other.of("crawl")[-1].says(), "one more crawl looks", SOON_S)
    assert pair.in_hand(dead), "of what another machine has nothing is known but its lease"
    pair.house.end_leases("crawl", dead)


@pytest.mark.timeout(900)
def test_two_machines_share_the_work_of_every_role_and_one_takes_over_when_the_other_dies(
    tmp_path: Path, kafka: Kafka, postgres: Postgres, elasticsearch: Elasticsearch
) -> None:
    name = f"h{uuid4().hex[:12]}"
    urls = f"{kafka.url}/{name}", postgres.database(), elasticsearch.place(name)
    with built(tmp_path, *urls) as house, paired(house) as pair:
        pair.start()
        audited = time.monotonic()
        monitor = Seat.taken(pair.first, pair.first.desk, *MONITOR)
        administrator = Seat.taken(pair.other, pair.other.desk, *ADMINISTRATOR)
        goes_on_leave(pair, administrator)
        number = each_is_looked_at_by_one(pair, monitor)
        an_act_at_one_desk_stands_at_the_other(pair, monitor, number)

        until(lambda: monitor.findings(pair.first.desk, TRAVELLER), "it is found that an office will be empty", SOON_S)
        pair.within("an office that nobody will hold is found", audited)
        assert [len(monitor.findings(host.desk, TRAVELLER)) for host in pair.hosts] == [1, 1]

        account, now = house.settings.roster.accounts[0].key, datetime.now(UTC)
        river = River(house, list(flood(COMMENTS, house.settings.school.code, account, now)))
        house.truth |= {post.id: post.text for post in river.posts}
        river.start()
        died = one_dies_with_accounts_in_hand(pair, river)

        other = pair.other
        assert monitor.incidents(other.desk) == [number]
        assert len(monitor.findings(other.desk, TRAVELLER)) == 1
        duty, beaten = administrator.page(other.desk, "/duty"), other.beaten()
        (end,) = duty.css("form[action$='/end']::attr(action)").getall()
        administrator.send(other.desk, end, duty)
        pair.takes_over(died)
        what_it_had_is_the_others_when_its_lease_is_over(pair)
        until(lambda: not monitor.findings(other.desk, TRAVELLER), "the finding ends", SOON_S)
        until(lambda: other.beaten() > beaten, "the auditor that is left beats outside", SOON_S)
        until(lambda: other.health().status_code == 200, "the other is well", SOON_S, lambda: other.health().text)
        pair.within("one dies: the finding that was mended has ended, all is well", died)
        river.join(SOON_S)
        house.settle(SOON_S)
        all_holds(house)
        assert pair.looks.read().twice() == []
        fetched = Counter(row["account"] for row in pair.looks.rows if row["path"].endswith("/stable_token"))
        assert set(fetched.values()) == {1}, "each fetched a token of its own, which ends the other's"
