"""Every named kill point is really hit by SIGKILL, in a running house, and the flow completes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select

from escalation.incident import EntryKind, entries, incidents
from escalation.notice import DeliveryState, deliveries, notices
from escalation.timer import TimerState, timers
from stream.kill_point import POINTS
from tests.kills.house import House, built, until
from tests.kills.proof import all_holds, heard, letters
from tests.live.engines import Kafka

pytestmark = pytest.mark.kills
ROOMS = ("crawlers", "stream", "escalation", "sentiment", "deploy")
LAST = frozenset({"notify.timer_claimed"})
"""Can be reached only when clocks are set, so it comes after the others of its role."""


def test_points_in_the_code_and_points_in_the_list_are_the_same() -> None:
    called = re.compile(r'\breach\(\s*"([^"]*)"')
    root = Path(__file__).parents[2]
    found = [
        name for room in ROOMS for file in (root / room).rglob("*.py") for name in called.findall(file.read_text())
    ]
    assert sorted(found) == sorted(POINTS)
    assert len(POINTS) >= 12


@pytest.mark.long
@pytest.mark.timeout(400)
def test_every_named_point_is_hit_and_nothing_is_lost_or_told_twice(tmp_path: Path) -> None:
    with built(tmp_path) as house:
        passage = Passage(house, by_role(POINTS))
        try:
            passage.go()
        finally:
            passage.report()
        house.wave(3)
        house.chat(10)
        house.settle()
        mails = all_holds(house)
        spoken = heard(house)
    assert set(passage.hit) == set(POINTS)
    again = max(mails.values()) > 1 or len(spoken) > len(set(spoken))
    assert again, "what was sent and not recorded, to a person or in the group, comes again"


@pytest.mark.live
@pytest.mark.long
@pytest.mark.timeout(400)
def test_points_of_those_who_read_and_write_the_log_hold_on_a_real_broker(tmp_path: Path, empty_kafka: Kafka) -> None:
    queues = {role: points for role, points in by_role(POINTS).items() if role in ("crawl", "assess", "watch", "index")}
    with built(tmp_path, empty_kafka.url) as house:
        passage = Passage(house, queues)
        try:
            passage.go()
        finally:
            passage.report()
        house.wave(3)
        house.chat(10)
        house.settle(120)
        all_holds(house)
    assert set(passage.hit) == passage.wanted


def by_role(points: Mapping[str, str]) -> dict[str, list[str]]:
    """The points of each role, in the order in which they are to be hit."""
    ordered = sorted(points, key=lambda point: point in LAST)
    return {role: [p for p in ordered if p.startswith(f"{role}.")] for role in {p.partition(".")[0] for p in points}}


class Passage:
    """One way through all points: each role is armed with one at a time, killed there, and started with the next."""

    def __init__(self, house: House, queues: Mapping[str, Sequence[str]]) -> None:
        self.house = house
        self.waiting = {role: list(points) for role, points in queues.items()}
        self.wanted = {point for points in queues.values() for point in points}
        self.hit: dict[str, float] = {}
        self.begun = time.monotonic()
        self.waved = False

    def armed(self, role: str) -> str:
        """The point that the role's process will die at, or an empty string."""
        return next(iter(self.waiting.get(role, ())), "")

    def go(self, limit: float = 300) -> None:
        """Until every point was hit. Raises NotInTime."""
        for role in ("sandbox", "inbox", "crawl", "assess", "watch", "notify", "index", "web"):
            if role != "sandbox":
                self.house.start(role, self.armed(role))
        until(self._turn, f"points not hit: {self.waiting}", limit)
        until(lambda: all(self.house.up(role) for role in self.house.running), "all roles are up again")

    def _turn(self) -> bool:
        for role in self.house.running:
            if self.house.killed(role):
                self._take_note(role)
        self._provoke()
        return not any(self.waiting.values())

    def _take_note(self, role: str) -> None:
        point = self.armed(role)
        assert point, f"{role} was killed without a point"
        assert self.house.mark(point).read_text() == point
        if point in AFTER_DEATH:
            AFTER_DEATH[point](self.house)
        self.hit[point] = time.monotonic() - self.begun
        self.waiting[role].pop(0)
        self.house.restart(role, self.armed(role))
        if point == "web.signed_before_commit":
            self._sign_again()

    def _provoke(self) -> None:
        """Give those who are armed what they wait for."""
        house = self.house
        house.poll_now()
        if not house.in_flight():
            house.chat(3)
        if self.armed("watch") in ("", "watch.opened_before_commit", "watch.committed") and not self.waved:
            house.wave(6)
            self.waved = True
        if self.armed("notify") in LAST and house.up("notify") and not house.in_hand("notify"):
            house.hurry_clock()
        if self.armed("web") and first_link(house) and house.up("web"):
            assert house.sign(first_link(house)) == 0
            until(lambda: house.killed("web"), "the web role died while it signed")

    def _sign_again(self) -> None:
        """The broken signature left no trace; signing again counts once, stops this clock and no other's."""
        house = self.house
        until(lambda: house.up("web"), "the web role is up again")
        until(lambda: house.sign(first_link(house)) == 200, "signed at the second attempt")
        assert house.sign(first_link(house)) == 410
        with house.store.read() as conn:
            answered = conn.execute(select(notices).where(notices.c.signed_at.is_not(None))).all()
            receipts = conn.execute(select(entries).where(entries.c.kind == EntryKind.RECEIPT)).all()
            stopped = conn.execute(select(timers.c.notice_id).where(timers.c.state == TimerState.STOPPED)).scalars()
            replaced = conn.execute(select(notices.c.id).where(notices.c.superseded_by.is_not(None))).scalars()
            assert set(stopped) == {notice.id for notice in answered} | set(replaced)
        assert len({notice.addressee for notice in answered}) == 1
        assert len(receipts) == 1

    def report(self) -> None:
        """Say which of the points were hit, and when."""
        print(f"\nkill points hit: {len(self.hit)} of {len(self.wanted)}")
        for point in sorted(self.wanted, key=list(POINTS).index):
            at = f"{self.hit[point]:5.1f} s" if point in self.hit else "not hit"
            print(f"  {point:<34} {at:>8}  {POINTS[point]}")


def first_link(house: House) -> str:
    """The link for signing in the first mail that has one; a mail about a hold has none. Empty: none came yet."""
    links = (re.search(r"https://fx\.fenglin\.example/r/[\w.-]+", one.text) for one in letters(house))
    return next((found.group(0) for found in links if found), "")


def _count(house: House, state: DeliveryState) -> int:
    with house.store.read() as conn:
        return conn.execute(select(func.count()).where(deliveries.c.state == state)).scalar_one()


def nothing_appended(house: House) -> None:
    """The first point of all: pages were read, the log is empty."""
    assert sum(house.log.ends("posts").values()) == 0


def appended_and_unsettled(house: House) -> None:
    """Posts are on the log, their source is still in the dead one's hands."""
    assert sum(house.log.ends("posts").values()) > 0
    assert house.in_hand("crawl") > 0


def no_incident(house: House) -> None:
    """What was written before the commit is gone with the process."""
    with house.store.read() as conn:
        assert conn.execute(select(func.count()).select_from(incidents)).scalar_one() == 0


def claimed_and_silent(house: House) -> None:
    """A delivery is in the dead one's hands, and nothing was sent."""
    assert (_count(house, DeliveryState.SENDING), letters(house), heard(house)) == (1, [], [])


def sent_and_unrecorded(house: House) -> None:
    """The mail is in the box, or the robot has spoken in the group; the outbox does not know it."""
    assert (_count(house, DeliveryState.SENDING), _count(house, DeliveryState.ACCEPTED)) == (1, 0)
    assert len(letters(house)) + len(heard(house)) == 1


def unsigned(house: House) -> None:
    """The signature went with the process."""
    with house.store.read() as conn:
        assert conn.execute(select(func.count()).where(notices.c.signed_at.is_not(None))).scalar_one() == 0


AFTER_DEATH: Mapping[str, Callable[[House], None]] = {
    "crawl.fetched_before_append": nothing_appended,
    "crawl.appended_before_cursor": appended_and_unsettled,
    "watch.opened_before_commit": no_incident,
    "notify.claimed_before_send": claimed_and_silent,
    "notify.sent_before_recorded": sent_and_unrecorded,
    "web.signed_before_commit": unsigned,
}
"""What the world must look like at the moment of a death: that the point stands where its name says."""
