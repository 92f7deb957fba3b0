"""Who left, or is away, is asked for nothing more: whoever acts for the office now is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from escalation import assigning, handling, people, receipt
from escalation.duty import departing, leave
from escalation.handling import FalseAlarm
from escalation.incident import Actor
from escalation.notice import notices
from escalation.people import Held, Person, Role
from escalation.task import TaskKind, tasks
from escalation.task.setting import leader_of, named
from tests.escalation.office import IN_LEAD, ON_DESK, UNIT, Office
from tests.escalation.task.given import give
from tests.stream.said import SCHOOL

ADMIN = Actor("admin", "管理员", frozenset({Role.ADMINISTRATOR}))
SUCCESSOR = Person(SCHOOL, "next", "新任", "", UNIT, "next@x.example", "139")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The office with a second leader of the unit, who is asked after the first."""
    made = Office.at(tmp_path)
    with made.store.write() as conn:
        people.enter(conn, [SUCCESSOR], [Held(Role.UNIT_LEADER, UNIT, "next", 1)])
    yield made
    made.store.close()


def leaves(office: Office, who: str) -> int:
    """They leave now; gives how many mails had been sent by then."""
    office.now += timedelta(minutes=2)
    with office.store.write() as conn:
        departing.enter(conn, SCHOOL, ADMIN, office.now, who, office.now)
    return len(office.mail.sent)


def mailed(office: Office, since: int, who: str) -> list[str]:
    return [one.text for one in office.mail.sent[since:] if one.to == f"{who}@x.example"]


def test_the_task_of_a_leader_who_left_is_the_successors_who_is_told_and_reminded(office: Office) -> None:
    one = office.open(level=3)
    made = give(office, one, TaskKind.FACTS, leader_of(UNIT))
    office.work()
    since = leaves(office, "leader")
    office.later(days=2)
    (task,) = office.rows(tasks, id=made)
    assert (task.person_id, task.role, task.office) == ("next", Role.UNIT_LEADER, f"{UNIT}负责人")
    assert mailed(office, since, "leader") == []
    told = [text for text in mailed(office, since, "next") if "情况说明" in text]
    assert "罗广平离任" in told[0]
    assert len(told) > 1, "the reminders follow"
    assert not [row for row in office.rows(notices, kind="task") if row.addressee == "leader" and "remind" in row.step]


def test_whom_the_roster_names_no_more_leaves_what_waited_to_the_successor(office: Office) -> None:
    made = give(office, office.open(level=3), TaskKind.FACTS, leader_of(UNIT))
    office.work()
    office.now += timedelta(minutes=2)
    with office.store.write() as conn:
        before = set(conn.execute(select(people.people.c.id).where(people.people.c.active)).scalars())
        conn.execute(update(people.people).where(people.people.c.id == "leader").values(active=False))
        departing.follow_roster(conn, SCHOOL, before, before - {"leader"}, office.now)
    since = len(office.mail.sent)
    office.later(minutes=5)
    assert office.rows(tasks, id=made)[0].person_id == "next"
    assert mailed(office, since, "leader") == []
    assert "罗广平离任" in "".join(mailed(office, since, "next"))
    owed = [row for row in office.rows(notices, addressee="leader") if row.needs_signature and row.settled_at is None]
    assert owed == [], "nor does a signature wait for who is gone"


def test_the_task_of_another_unit_stays_with_that_unit_when_its_leader_leaves(office: Office) -> None:
    far = "后勤一部负责人办公室"
    head, heir = (Person(SCHOOL, one, name, "", far, f"{one}@x.example", "138") for one, name in (
        ("far", "远任"), ("heir", "继任"),
    ))  # fmt: skip
    with office.store.write() as conn:
        people.enter(conn, [head, heir], [Held(Role.UNIT_LEADER, far, "far"), Held(Role.UNIT_LEADER, far, "heir", 1)])
    made = give(office, office.open(level=3), TaskKind.FACTS, leader_of(far))
    office.work()
    leaves(office, "far")
    office.work()
    (task,) = office.rows(tasks, id=made)
    assert (task.person_id, task.unit, task.office) == ("heir", far, f"{far}负责人"), "not whose incident it is"


def test_the_task_of_a_named_person_who_left_goes_to_the_duty_desk(office: Office) -> None:
    made = give(office, office.open(level=3), TaskKind.OTHER, named("lead"))
    office.work()
    leaves(office, "lead")
    office.work()
    (task,) = office.rows(tasks, id=made)
    assert (task.person_id, task.office, task.acts_for) == ("monitor", "值班台", "承办人")


def test_who_signed_and_left_is_not_chased_and_the_successor_signs_and_acts(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    with office.store.write() as conn:
        receipt.sign(conn, office.notice("leader").id, "leader", office.now, via="link")
    called = office.phoned().count("leader")
    since = leaves(office, "leader")
    office.later(hours=30)
    assert mailed(office, since, "leader") == []
    assert office.phoned().count("leader") == called
    assert "已签收、尚无人办理的" in office.notice("next", "handed_on").reason
    assert office.notice("leader").settled_at is None, "what was signed stays signed"
    with office.store.write() as conn:
        handling.confirm(conn, one, ON_DESK, office.now)
    since = len(office.mail.sent)
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, one, IN_LEAD, office.now, FalseAlarm.MISREAD)
    office.work()
    assert mailed(office, since, "leader") == []
    assert len(mailed(office, since, "next")) == 1


def test_who_signed_and_went_on_leave_is_chased_where_the_substitute_is(office: Office) -> None:
    office.open(level=2)
    office.work()
    with office.store.write() as conn:
        receipt.sign(conn, office.notice("leader").id, "leader", office.now, via="link")
    office.now += timedelta(minutes=1)
    with office.store.write() as conn:
        leave.enter(
            conn, SCHOOL, ADMIN, office.now, "leader", "leave", office.now, office.now + timedelta(days=9), "next"
        )  # fmt: skip
    called = office.phoned().count("leader")
    office.later(hours=30)
    (chased,) = [row for row in office.rows(notices, kind="chased") if "代罗广平" in row.office]
    assert chased.addressee == "next"
    assert "罗广平已签收" in chased.reason
    assert office.phoned().count("leader") == called


def test_what_is_handed_to_a_colleague_on_leave_goes_to_who_stands_in(office: Office) -> None:
    with office.store.write() as conn:
        mate = Person(SCHOOL, "mate", "小周", "", UNIT, "mate@x.example", "139")
        people.enter(conn, [mate], [])
        leave.enter(
            conn, SCHOOL, ADMIN, office.now, "mate", "leave", office.now, office.now + timedelta(days=9), "next"
        )  # fmt: skip
    one = office.open(level=3)
    office.work()
    leader = Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER}))
    with office.store.write() as conn:
        assigning.hand_over(conn, office.head, one, leader, office.now, mate)
    assert office.rows(notices, addressee="mate") == []
    (told,) = office.rows(notices, addressee="next", kind="assigned")
    assert told.office == "承办人，代小周"
    assert "小周请假至" in told.reason
