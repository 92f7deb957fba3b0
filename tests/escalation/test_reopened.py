"""A matter that is opened again, or followed by another: whoever has to do with it hears so, and it is there once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from escalation import assigning, handling, people, sequel
from escalation.handling import FalseAlarm
from escalation.incident import incidents, open_keys
from escalation.incident.state import IllegalStep
from escalation.notice import calls, notices
from escalation.people import Held, Person, Role
from tests.escalation.office import IN_LEAD, ON_DESK, Office
from tests.escalation.test_cycle import SIXTEEN, closed
from tests.escalation.test_merging import divided
from tests.stream.said import SCHOOL


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office.at(tmp_path)
    yield made
    made.store.close()


def dismiss(office: Office, one: int) -> None:
    office.now += timedelta(minutes=3)
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, one, ON_DESK, office.now, FalseAlarm.MISREAD)


def reopen(office: Office, one: int) -> None:
    office.now += timedelta(minutes=3)
    with office.store.write() as conn:
        handling.reopen(conn, office.head, one, ON_DESK, office.now, "确有其事")


def test_who_was_handed_the_matter_by_telephone_alone_is_told_that_it_is_open_again(office: Office) -> None:
    with office.store.write() as conn:
        person = Person(SCHOOL, "other", "王五", "", "学工处", "", "139")
        people.enter(conn, [person], [Held(Role.UNIT_LEADER, "学工处", "other")])
    one = office.open(level=3)
    with office.store.write() as conn:
        assigning.assign(conn, office.head, one, ON_DESK, office.now, "学工处")
    office.work()
    dismiss(office, one)
    assert [row.outcome for row in office.rows(calls, person_id="other")] == ["误报，不必再拨"]
    reopen(office, one)
    office.work()
    first, again = office.rows(notices, addressee="other")
    assert (first.kind, again.kind, first.superseded_by) == ("assigned", "reopened", again.number)
    assert [row.outcome for row in office.rows(calls, person_id="other")] == ["误报，不必再拨", None]
    assert "other" in office.running()


def test_one_ended_matter_is_followed_by_one_open_incident_however_often_it_is_asked_for(office: Office) -> None:
    one = closed(office)
    office.now += SIXTEEN
    with office.store.write() as conn:
        number = sequel.follow(conn, office.ground, one, ON_DESK, office.now, "又来了")
    for _ in range(2):
        office.now += timedelta(seconds=2)
        refused = rf"接续事件 {number} 已经另立，.*未作任何更改。$"
        with office.store.write() as conn, pytest.raises(IllegalStep, match=refused):
            sequel.follow(conn, office.ground, one, IN_LEAD, office.now, "又来了")
    assert [row.number for row in office.rows(incidents)] == [office.one(one).number, number]
    (new,) = office.rows(incidents, number=number)
    dismiss(office, new.id)
    with office.store.write() as conn:
        assert sequel.follow(conn, office.ground, one, IN_LEAD, office.now, "第三次") != number


def test_after_a_split_each_part_is_opened_again_with_its_own_keys_alone(office: Office) -> None:
    one, number = divided(office)
    (part,) = office.rows(incidents, number=number)
    held = {row.key: row.incident_id for row in office.rows(open_keys)}
    dismiss(office, one)
    reopen(office, one)
    assert {row.key: row.incident_id for row in office.rows(open_keys)} == held
    dismiss(office, one)
    dismiss(office, part.id)
    for each in (one, part.id):
        reopen(office, each)
    assert {row.key: row.incident_id for row in office.rows(open_keys)} == held
