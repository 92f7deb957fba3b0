"""A matter that is opened again asks again for what its end withdrew."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from escalation import handling
from escalation.handling import FalseAlarm
from escalation.task import TaskKind, deeds, tasks
from escalation.task.setting import leader_of
from escalation.timer import timers
from tests.escalation.office import IN_LEAD, ON_DESK, UNIT, Office
from tests.escalation.task.given import give


@pytest.fixture
def office(tmp_path: Path) -> Any:
    made = Office.at(tmp_path)
    yield made
    made.store.close()


def dismissed_and_reopened(office: Office, incident: int) -> None:
    office.now += timedelta(minutes=3)
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, incident, ON_DESK, office.now, FalseAlarm.MISREAD)
    office.work()
    office.now += timedelta(minutes=3)
    with office.store.write() as conn:
        handling.reopen(conn, office.head, incident, ON_DESK, office.now, "确有其事")


def test_what_a_clause_demands_is_asked_again_when_a_false_alarm_is_taken_back(office: Office) -> None:
    incident = office.open()
    (task,) = office.rows(tasks)
    dismissed_and_reopened(office, incident)
    (again,) = office.rows(tasks)
    assert (again.state, again.round, again.ended_at) == ("set", 2, None)
    assert again.due_at == (office.now + timedelta(seconds=task.span) if task.span else None)
    mine = {clock.name for clock in office.rows(timers, state="set") if clock.kind == "task"}
    assert f"task:{task.id}:remind:2:1" in mine
    assert "任务“与平台沟通”随事件重新打开" in office.headings()
    with office.store.read() as conn:
        assert [one.id for one in deeds.undone(conn, incident)] == [task.id]


def test_the_holder_of_a_task_that_a_person_set_is_told_that_it_runs_again(office: Office) -> None:
    incident = office.open()
    task = give(office, incident, TaskKind.OTHER, leader_of(UNIT), words="查看后厨")
    office.work()
    dismissed_and_reopened(office, incident)
    before = len(office.mail.sent)
    office.work()
    told = [one.text for one in office.mail.sent[before:] if one.to == "leader@x.example" and "查看后厨" in one.text]
    assert len(told) == 1
    assert "随事件重新打开" in told[0]
    assert {row.id: row.state for row in office.rows(tasks)}[task] == "set"


def test_what_a_person_withdrew_before_the_end_stays_withdrawn(office: Office) -> None:
    incident = office.open()
    task = give(office, incident, TaskKind.OTHER, leader_of(UNIT))
    office.now += timedelta(minutes=1)
    with office.store.write() as conn:
        deeds.withdraw(conn, task, IN_LEAD, office.now, "不再需要")
    dismissed_and_reopened(office, incident)
    assert {row.id: row.state for row in office.rows(tasks)}[task] == "withdrawn"
