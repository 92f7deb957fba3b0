"""Several notify workers at one store: none waits for another, none sends what another sends. On both dialects."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from escalation import handling, people, timer
from escalation.channels import Accepted, Channel, Message, Outcome
from escalation.notice import DeliveryState, NoticeKind, deliveries, digest, notices
from escalation.notice.outbox import Taken
from escalation.notice.taking import SMS_APART, take
from escalation.notify import Notify
from escalation.people import Person
from tests.escalation.office import FOUR, HELD, ON_DESK, STAFF, UNIT, Office
from tests.mould import EITHER, of_either_kind
from tests.stream.said import SCHOOL

MAIL = frozenset({"mail"})
PATIENCE = 60
LIMIT_S = 60.0


@pytest.fixture(params=EITHER)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """The office on a store of either kind. Who waits for another's row is told so by the store."""
    store = of_either_kind(request, tmp_path / "office.db", patience=PATIENCE)
    with store.write() as conn:
        everyone = [Person(SCHOOL, key, name, "", UNIT, f"{key}@x.example", "138") for key, name in STAFF.items()]
        people.enter(conn, everyone, HELD)
    yield Office(store)
    store.close()


class Slow(Channel):
    """Takes a message only when as many workers as `meeting` stand here with one each; later ones at once."""

    def __init__(self, meeting: int, name: str = "mail") -> None:
        self.name, self.title = name, "邮件"
        self._meeting, self._met = threading.Barrier(meeting), threading.local()
        self.sent: list[tuple[str, Message]] = []

    def send(self, message: Message) -> Outcome:
        """Raises BrokenBarrierError where the others do not come: they wait for this one's row."""
        if not getattr(self._met, "before", False):
            self._met.before = True
            self._meeting.wait(LIMIT_S)
        self.sent.append((threading.current_thread().name, message))
        return Accepted("taken")

    def probe(self) -> Outcome:
        return Accepted("probe")


def matter(office: Office, n: int, level: int = 3) -> None:
    office.open(level=level, keys=(f"canteen|thread|t{n}",), member_ids=(f"w:{n}",), first_post_id=f"w:{n}")


def all_at_work(office: Office, channel: Slow, number: int) -> None:
    """So many workers send all that waits, at once."""

    def work() -> None:
        worker = Notify(office.store, office.head, {"mail": channel}, lambda: office.now)
        while worker.step():
            assert not worker.trouble

    with ThreadPoolExecutor(number) as crew:
        for done in [crew.submit(work) for _ in range(number)]:
            done.result()


def test_several_workers_send_at_the_same_moment_and_each_notice_once(office: Office) -> None:
    """None gets its first message through before all of them have one in hand."""
    matter(office, 1)
    channel = Slow(3)
    all_at_work(office, channel, 3)
    mails = office.rows(deliveries, channel="mail")
    assert {row.state for row in mails} == {DeliveryState.ACCEPTED}
    assert {row.attempts for row in mails} == {1}
    assert sorted(int(one.delivery_id.rpartition(".")[2]) for _, one in channel.sent) == [row.id for row in mails]
    assert len({worker for worker, _ in channel.sent}) == 3


def test_a_storm_on_several_workers_is_one_message_to_each_reader(office: Office) -> None:
    for n in range(8):
        matter(office, n)
    readers = {row.address for row in office.rows(deliveries, channel="mail")}
    channel = Slow(2)
    all_at_work(office, channel, 2)
    assert Counter(one.to for _, one in channel.sent) == dict.fromkeys(readers, 1)
    assert {row.state for row in office.rows(deliveries, channel="mail")} == {DeliveryState.ACCEPTED}


def test_whoever_takes_passes_over_what_is_being_taken(office: Office) -> None:
    """While one has taken and not committed, the others get the next reader's, at once, and in the end nothing.

    On SQLite their turn comes when the first has committed.
    """
    matter(office, 1, level=1)
    matter(office, 2, level=1)
    waiting = office.rows(deliveries, channel="mail")
    readers = {row.address for row in waiting}
    taken: list[Taken | None] = []

    def one_more(left: int) -> None:
        with office.store.write() as conn:
            taken.append(take(conn, office.now, MAIL, letterhead=office.head))
            if left and conn.dialect.name == "postgresql":
                one_more(left - 1)  # on a connection of its own
        if left and conn.dialect.name == "sqlite":
            one_more(left - 1)

    one_more(len(readers))
    first = [one for one in taken[: len(readers)] if one is not None]
    assert len({one.id for one in first}) == len(readers)
    if office.store.sqlite:
        return
    assert {one.message.to for one in first} == readers, "what goes to one reader is one worker's at a time"
    assert taken[-1] is None, "every reader is in somebody's hands"
    one_more(len(waiting) - len(readers))
    assert {one.id for one in taken if one is not None} == {row.id for row in waiting}


def test_an_sms_that_another_worker_has_in_hand_counts_for_the_minute_between_two(office: Office) -> None:
    office.head = replace(office.head, channels=frozenset({"sms"}))
    office.ground = replace(office.ground, letterhead=office.head)
    one = office.open(level=1)
    with office.store.write() as conn:
        handling.remind(conn, office.head, one, ON_DESK, office.now)
    numbers = len(office.rows(deliveries, channel="sms"))
    hands = []
    for _ in range(numbers):
        with office.store.write() as conn:
            hands.append(take(conn, office.now, frozenset({"sms"}), letterhead=office.head))
    sent = [one.message.to for one in hands if one is not None]
    assert numbers > len(sent) == len(FOUR)
    later = office.rows(deliveries, channel="sms", state=DeliveryState.WAITING)
    assert {row.next_at for row in later} == {office.now + SMS_APART}


def test_a_message_in_another_workers_hands_counts_in_the_storm(office: Office) -> None:
    """Three may leave one by one; with three still on their way the fourth waits for more, as after three that left."""
    for n in range(3):
        matter(office, n)
    while office.store.run(lambda conn: take(conn, office.now, MAIL)) is not None:
        pass
    on_the_way = {row.id for row in office.rows(deliveries, channel="mail")}
    matter(office, 4)
    office.work()
    fourth = [row for row in office.rows(deliveries, channel="mail") if row.id not in on_the_way]
    assert [row.reason for row in fourth] == [digest.HELD] * len(FOUR)
    assert not office.mail.sent


def test_a_clock_that_several_workers_find_run_out_in_the_same_moment_fires_for_one(office: Office) -> None:
    for n in range(6):
        matter(office, n)
    office.now += timedelta(days=1)
    together = threading.Barrier(3)

    def fire(_: int) -> list[int]:
        with office.store.read() as conn:
            found = [one.id for one in timer.due(conn, office.now, 500)]
        together.wait(LIMIT_S)
        return office.store.run(lambda conn: [one for one in found if timer.claim(conn, one, office.now)])

    with office.store.read() as conn:
        every = [one.id for one in timer.due(conn, office.now, 500)]
    with ThreadPoolExecutor(3) as crew:
        fired = list(crew.map(fire, range(3)))
    assert len(every) > 6
    assert Counter(one for some in fired for one in some) == Counter(every)


def test_workers_that_find_the_same_clocks_run_out_remind_and_escalate_once(office: Office) -> None:
    for n in range(3):
        matter(office, n)
    all_at_work(office, Slow(1), 1)
    office.now += timedelta(hours=6)
    all_at_work(office, Slow(3), 3)
    told = Counter((row.incident_id, row.kind, row.addressee, row.office) for row in office.rows(notices))
    assert {kind for _, kind, *_ in told} > {NoticeKind.FIRST}, "something ran out"
    assert {pair: n for pair, n in told.items() if n > 1} == {}
