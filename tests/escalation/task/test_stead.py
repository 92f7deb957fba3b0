"""A leave entered after a task was set: reminders go to the substitute, who may act; the task stays the holder's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation import people
from escalation.duty import leave
from escalation.incident import Actor, entries
from escalation.incident.state import IllegalStep
from escalation.people import Person, Role
from escalation.task import deeds, turns
from tests.escalation.office import IN_LEAD, UNIT, Office
from tests.escalation.task.test_task import LEADER, do, give, task, told
from tests.stream.said import SCHOOL

DEPUTY = Actor("deputy", "曹卫东", frozenset({Role.UNIT_LEADER}))
INSTEAD = Actor("deputy", "曹卫东", frozenset({Role.UNIT_LEADER}), stead="leader")


@pytest.fixture
def staffed(office: Office) -> Office:
    """The office with a deputy, who holds nothing."""
    with office.store.write() as conn:
        people.enter(conn, [Person(SCHOOL, "deputy", "曹卫东", "", UNIT, "deputy@x.example", "139")], [])
    return office


def goes(office: Office, substitute: str = "deputy", hours: float = 48) -> None:
    """The unit's leader is away from now."""
    ends = office.now + timedelta(hours=hours)
    do(office, leave.enter, SCHOOL, IN_LEAD, office.now, "leader", "leave", office.now, ends, substitute)


def reminded(office: Office, made: int) -> list[tuple[str, str]]:
    """Whom each reminder went to, and under which office."""
    return [(row.addressee, row.office) for row in told(office, made) if ":remind:" in row.step]


def test_reminders_go_to_the_substitute_while_the_holder_is_away_and_back_again_after(staffed: Office) -> None:
    made = give(staffed, staffed.open(), within=timedelta(hours=9))
    staffed.later(hours=1)
    goes(staffed, hours=1.5)
    staffed.later(hours=2)
    own, instead = ("leader", "后勤处负责人"), ("deputy", "后勤处负责人，代罗广平")
    assert reminded(staffed, made) == [own, instead, own]
    (fact,) = [one for one in told(staffed, made)[2].view["facts"] if "罗广平请假至" in one]
    assert fact.endswith("由代理人代收")
    lines = [row for row in staffed.rows(entries) if row.heading == "提醒 曹卫东（代罗广平） 办理“情况说明”"]
    assert [row.text.partition("；")[0] for row in lines] == ["第 2 次"]
    assert "罗广平请假至" in lines[0].text
    assert task(staffed, made).person_id == "leader", "the task stays where it was set"


def test_where_nobody_stands_in_the_holder_is_reminded_and_the_log_says_so(staffed: Office) -> None:
    made = give(staffed, staffed.open())
    goes(staffed, substitute="")
    staffed.later(hours=1)
    assert [who for who, _ in reminded(staffed, made)] == ["leader"]
    (line,) = [row for row in staffed.rows(entries) if row.heading == "提醒 罗广平 办理“情况说明”"]
    assert "没有代理人，仍发本人，请值班员电话核实" in line.text


def test_the_substitute_answers_in_the_holders_stead_and_the_log_names_both(staffed: Office) -> None:
    made = give(staffed, staffed.open())
    with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
        do(staffed, deeds.answer, made, DEPUTY, staffed.now, "我来答")
    do(staffed, deeds.accept, made, INSTEAD, staffed.now)
    do(staffed, deeds.answer, made, INSTEAD, staffed.now, "三人就诊")
    assert [row.name for row in staffed.rows(turns, task_id=made)][1:] == ["曹卫东", "曹卫东"]
    heads = {row.heading for row in staffed.rows(entries) if row.actor == "曹卫东"}
    assert heads == {"接受任务“情况说明”（代罗广平）", "答复任务“情况说明”（代罗广平）"}
    do(staffed, deeds.answer, made, LEADER, staffed.now, "另有一人")
    assert "答复任务“情况说明”" in staffed.headings(), "the holder's own answer names nobody else"


def test_who_stands_in_for_whom_follows_chains_and_leaves_that_end(staffed: Office) -> None:
    def stood(who: str) -> list[str]:
        with staffed.store.read() as conn:
            return people.stood_in_for(conn, SCHOOL, who, staffed.now)

    goes(staffed)
    assert (stood("deputy"), stood("keeper"), stood("leader")) == (["leader"], [], [])
    staffed.later(hours=49)
    assert stood("deputy") == []
