"""Deeds and the watch take turns at one incident, on PostgreSQL with two connections at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, select, text

from escalation import assigning, handling, level, merging, people, receipt
from escalation.incident import incidents
from escalation.incident.state import IllegalStep
from escalation.joining import add_to
from escalation.people import Person
from stream.store import Store, metadata
from tests.escalation.office import FOUR, HELD, IN_LEAD, ON_DESK, STAFF, UNIT, Office
from tests.live.engines import Postgres
from tests.stream.said import SCHOOL

pytestmark = pytest.mark.live
Deed = Callable[[Connection], object]


@pytest.fixture
def office(postgres: Postgres) -> Iterator[Office]:
    """The office on a PostgreSQL database of its own."""
    store = Store(postgres.database())
    metadata.create_all(store.engine)
    with store.write() as conn:
        everyone = [Person(SCHOOL, key, name, "", UNIT, f"{key}@x.example", "138") for key, name in STAFF.items()]
        people.enter(conn, everyone, HELD)
    yield Office(store)
    store.close()


def sign(office: Office, who: str, kind: str = "first") -> None:
    with office.store.write() as conn:
        receipt.sign(conn, office.notice(who, kind).id, who, office.now, via="link")


def waiting(office: Office) -> bool:
    """Whether some connection of this database waits for a lock."""
    with office.store.read() as conn:
        found = conn.execute(
            text(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
        ).scalar_one()
    return bool(found)


def beside(office: Office, first: Deed, second: Deed) -> list[BaseException]:
    """Run `second` on its own connection while `first` has done its work and not committed; what the second raised."""
    raised: list[BaseException] = []

    def other() -> None:
        try:
            office.store.run(second)
        except BaseException as error:  # noqa: BLE001 (the test looks at it)
            raised.append(error)

    thread = threading.Thread(target=other)
    with office.store.write() as conn:
        first(conn)
        thread.start()
        pause = threading.Event()
        for _ in range(200):
            if waiting(office) or not thread.is_alive():
                break
            pause.wait(0.02)
    thread.join(20)
    return raised


def test_a_matter_that_is_being_raised_cannot_be_closed_meanwhile(office: Office) -> None:
    one = office.open(level=3)
    office.work()
    for who in sorted(set(office.told("first"))):
        sign(office, who)
    raised = beside(
        office,
        lambda conn: add_to(conn, office.ground, one, office.matter(level=1, grave=True), office.post(), office.now),
        lambda conn: handling.close(conn, one, IN_LEAD, office.now, "已处理", "已口头报"),
    )
    assert [type(error) for error in raised] == [IllegalStep]
    assert "人未签收" in str(raised[0])
    assert office.one(one).closed_at is None
    assert office.running() == FOUR


def test_two_who_merge_each_other_at_once_get_one_merging_and_a_sentence(office: Office) -> None:
    one, other = office.open(keys=("a",)), office.open(keys=("b",))
    numbers = {each: office.one(each).number for each in (one, other)}

    def merge(from_id: int, into: int) -> Deed:
        return lambda conn: merging.merge(conn, office.head, from_id, numbers[into], ON_DESK, office.now, "同一件事")

    raised = beside(office, merge(one, other), merge(other, one))
    assert [type(error) for error in raised] == [IllegalStep]
    assert (office.one(one).state, office.one(other).state) == ("merged", "notified")


def test_two_who_set_the_level_at_once_get_one_level_and_a_sentence(office: Office) -> None:
    one = office.open(level=3)
    raised = beside(
        office,
        lambda conn: level.change(conn, office.head, one, ON_DESK, office.now, 2, "家长到校"),
        lambda conn: level.change(conn, office.head, one, IN_LEAD, office.now, 2, "家长到校"),
    )
    assert [type(error) for error in raised] == [IllegalStep]
    assert "现在就是" in str(raised[0])
    assert sorted(office.told("raised")) == sorted(FOUR)


def test_two_false_alarms_at_once_are_one_and_a_sentence(office: Office) -> None:
    one = office.open(level=3)

    def dismiss(conn: Connection) -> None:
        handling.dismiss(conn, office.head, one, ON_DESK, office.now, handling.FalseAlarm.JOKE)

    assert [type(error) for error in beside(office, dismiss, dismiss)] == [IllegalStep]


def test_the_last_signature_beside_another_deed_waits_and_both_are_done(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    *others, last = sorted(FOUR)
    for who in others:
        sign(office, who)
    # the deed that holds the incident ends with the audit, the signature waits for the incident and holds nothing
    raised = beside(
        office,
        lambda conn: assigning.assign(conn, office.head, one, ON_DESK, office.now, UNIT, "17 点前报"),
        lambda conn: receipt.sign(conn, office.notice(last).id, last, office.now, via="link"),
    )
    assert raised == []
    assert (office.one(one).state, office.notice(last).signed_at) == ("handling", office.now)


def test_a_transaction_that_lost_a_deadlock_runs_again_from_its_first_statement(office: Office) -> None:
    one, other = office.open(keys=("a",)), office.open(keys=("b",))
    both_hold, tries = threading.Barrier(2), []

    def block(mine: int, theirs: int) -> Deed:
        def do(conn: Connection) -> None:
            tries.append(mine)
            conn.execute(select(incidents.c.id).where(incidents.c.id == mine).with_for_update())
            if tries.count(mine) == 1:
                both_hold.wait(20)
            conn.execute(incidents.update().where(incidents.c.id == theirs).values(risk=incidents.c.risk + 1))

        return do

    threads = [threading.Thread(target=office.store.run, args=(block(*pair),)) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(tries) == 3, "one of the two ran twice"
    assert {office.one(number).risk for number in (one, other)} == {61}
