"""A story by a clock that a test moves: platform contact, facts, a correction, the closing, and what follows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from escalation import handling, keeper, receipt, telephone
from escalation.audit import faults
from escalation.incident import Actor
from escalation.incident.state import IllegalStep
from escalation.measure import deciding, measures, proposing
from escalation.notice import calls, notices
from escalation.people import Role
from escalation.task import TaskKind, correction, corrections, deeds, tasks
from escalation.task.setting import leader_of
from stream.kept import keep
from stream.post import Kind
from tests.escalation.office import FOUR, IN_LEAD, KEEPER, ON_DESK, UNIT, Office
from tests.escalation.station import Station, open_station
from tests.escalation.task.given import give
from tests.stream.said import POISONED, a_post

LEADER = Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER}))
SCHOOL_LEADER = Actor("school", "沈澄", frozenset({Role.SCHOOL_LEADER}))


def state(office: Office, kind: str) -> str:
    (row,) = office.rows(tasks, kind=kind)
    return str(row.state)


def reminded(office: Office, who: str) -> int:
    return sum(row.addressee == who and ":remind:" in row.step for row in office.rows(notices, kind="task"))


def do(office: Office, deed: Any, *given: Any, **more: Any) -> None:
    with office.store.write() as conn:
        deed(conn, *given, **more)


def own_post(office: Office, text: str) -> None:
    post = a_post(text, "weibo:own", kind=Kind.POST, by_school=True, at=office.now)
    with office.store.write() as conn:
        keep(conn, post)


def tidy(office: Office) -> None:
    """Whoever still owes a signature signs, and whoever was to be telephoned was."""
    for row in office.rows(notices):
        if row.needs_signature and row.signed_at is None:
            do(office, receipt.sign, row.id, row.addressee, office.now, via="desk")
    for call in office.rows(calls):
        if call.outcome is None:
            do(office, telephone.record_call, call.id, ON_DESK, office.now, "已接通")


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    """A station at which one grave comment was said and everybody has signed."""
    with open_station(tmp_path) as station:
        own_post(station.office, "今日二食堂照常供应")
        station.say(POISONED)
        office = station.office
        office.work()
        for who in FOUR:
            with office.store.write() as conn:
                receipt.sign(conn, office.notice(who).id, who, office.now, via="link")
        yield station


def test_from_the_comment_to_the_closing_and_what_is_left_to_persons(opened: Station) -> None:
    office = opened.office
    (incident,) = opened.incidents()
    assert state(office, "platform_contact") == "set"

    office.later(hours=4, minutes=1)
    assert reminded(office, "keeper") == 1, "nobody spoke to the platform for four hours"
    do(
        office,
        keeper.contact,
        incident.id,
        KEEPER,
        office.now,
        platform="微博",
        way="工单",
        asked="请核查",
        ticket="W-7",
    )
    assert state(office, "platform_contact") == "accepted"
    office.later(hours=4)
    assert reminded(office, "keeper") == 2, "the platform has not answered"
    (contact,) = office.rows(keeper.contacts)
    do(office, keeper.contact_answered, contact.id, KEEPER, office.now, "已按规则处理")
    assert state(office, "platform_contact") == "answered"

    facts = give(office, incident.id, TaskKind.FACTS, leader_of(UNIT), words="说明留样和就诊人数")
    office.later(hours=2, minutes=1)
    above = [row.addressee for row in office.rows(notices, kind="task_overdue")]
    assert above == ["school"], "the unit's silence is told upward once"
    do(office, deeds.answer, facts, LEADER, office.now, "六人就诊，留样已送检")
    told = len(office.rows(notices))
    office.later(hours=8)
    assert len([row for row in office.rows(notices) if row.kind in ("task", "task_overdue")]) <= told

    made = give(office, incident.id, TaskKind.CORRECTION, words="更正“照常供应”")
    do(office, correction.correct, made, KEEPER, office.now, post_id="weibo:own", act="corrected", words="已改为停业")
    office.now += timedelta(minutes=2)
    own_post(office, "今日二食堂停业检查")
    office.later(minutes=6)
    (seen,) = office.rows(corrections)
    assert (seen.state, seen.before_text, seen.after_text) == ("seen", "今日二食堂照常供应", "今日二食堂停业检查")

    for kind in ("platform_contact", "facts", "correction"):
        (task,) = office.rows(tasks, kind=kind)
        do(office, correction.confirm, task.id, ON_DESK, office.now)
    tidy(office)
    office.see_through(incident.id)
    tidy(office)
    with office.store.write() as conn:
        handling.close(conn, incident.id, IN_LEAD, office.now, "已道歉、整改", "已电话报告")
    assert office.one(incident.id).state == "closed"

    with office.store.write() as conn:
        row = office.one(incident.id)
        blame = proposing.propose_accountability(
            conn, row, IN_LEAD, office.now, grade=0, person_id="leader", whom="主管单位分管领导", reason="监管失职"
        )
    with office.store.write() as conn, pytest.raises(IllegalStep):
        deciding.act(conn, office.head, blame, "decide", IN_LEAD, office.now)
    do(office, deciding.act, office.head, blame, "decide", SCHOOL_LEADER, office.now, "同意")
    (decided,) = office.rows(measures)
    assert (decided.state, decided.basis, decided.decided_by) == ("decided", "第十四条", "school")
    with office.store.read() as conn:
        assert list(faults(conn)) == []


def test_a_killed_and_repeated_clock_reminds_once(opened: Station) -> None:
    office = opened.office
    office.later(hours=4, minutes=1)
    assert reminded(office, "keeper") == 1
    office.work()
    office.work()
    assert reminded(office, "keeper") == 1


def test_after_a_day_without_the_machine_one_reminder_leaves_and_not_six(opened: Station) -> None:
    office = opened.office
    office.now += timedelta(hours=25)
    office.work()
    assert reminded(office, "keeper") == 1
