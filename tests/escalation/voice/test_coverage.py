"""What was approved is not released when a fact was taken back, its time is over or the level asks other approvers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation import level
from escalation.audit import audit_log
from escalation.incident import entries
from escalation.incident.state import IllegalStep
from escalation.procedure import Approver
from escalation.voice import fact, statement
from escalation.voice.approval import approvals
from escalation.voice.coverage import uncovered
from escalation.voice.release import releases
from escalation.voice.statement import Kind, statements
from tests.escalation.office import IN_LEAD, ON_DESK, Office
from tests.escalation.voice.course import (
    HEAD,
    LEADER,
    approved,
    checked,
    decide,
    do,
    drafted,
    put_out,
    released,
    submitted,
    version,
)

TABLES = (statements, approvals, releases, entries, audit_log)


def a_fact(office: Office, incident_id: int) -> int:
    return int(do(office, lambda conn: fact.add(
        conn, incident_id, IN_LEAD, office.now, text="留样合格", source="检验报告", confirmed_by="罗广平"
    )))  # fmt: skip


def retract(office: Office, one: int) -> None:
    do(office, lambda conn: fact.retract(conn, one, IN_LEAD, office.now, "检验弄错了"))


def raise_to(office: Office, incident_id: int, number: int) -> None:
    do(office, lambda conn: level.change(conn, office.head, incident_id, ON_DESK, office.now, number, "重"))


def traces(office: Office) -> list[list[tuple[object, ...]]]:
    return [[tuple(row) for row in office.rows(one)] for one in TABLES]


def test_what_rests_on_a_retracted_fact_is_not_released(office: Office) -> None:
    incident_id = office.open(level=2)
    one = a_fact(office, incident_id)
    made = approved(office, incident_id, facts=(one,))
    retract(office, one)
    before = traces(office)
    with pytest.raises(IllegalStep, match=r"“留样合格”已撤销。请改写后重新送审。未作任何更改。$"):
        put_out(office, made)
    assert traces(office) == before
    again = released(office, incident_id)
    assert [version(office, each).state for each in (made, again)] == ["revised", "released"]


def test_what_rests_on_a_retracted_fact_is_not_approved_but_may_be_returned(office: Office) -> None:
    incident_id = office.open(level=2)
    one = a_fact(office, incident_id)
    step = submitted(office, checked(office, drafted(office, incident_id, facts=(one,))))
    retract(office, one)
    before = traces(office)
    with pytest.raises(IllegalStep, match=r"已不能批准：“留样合格”已撤销"):
        decide(office, step)
    assert traces(office) == before
    decide(office, step, approve=False, comment="事实已撤销")
    assert version(office, step.statement_id).state == "returned"


def test_words_that_are_no_longer_valid_are_not_released(office: Office) -> None:
    incident_id = office.open(level=2)
    made = approved(office, incident_id, valid_until=office.now + timedelta(hours=1))
    office.now += timedelta(hours=1)
    with pytest.raises(IllegalStep, match=r"已不能发布：有效期已于 .* 届满。请改写后重新送审。未作任何更改。$"):
        put_out(office, made)
    assert not office.rows(releases)


def test_what_was_posted_while_it_was_valid_may_be_recorded_later(office: Office) -> None:
    incident_id = office.open(level=2)
    made = approved(office, incident_id, valid_until=office.now + timedelta(hours=1))
    posted = office.now + timedelta(minutes=59)
    office.now += timedelta(hours=3)
    put_out(office, made, posted_at=posted)
    assert version(office, made).state == "released"


@pytest.mark.parametrize("kind", Kind)
def test_words_that_are_no_longer_valid_are_not_approved(office: Office, kind: Kind) -> None:
    made = drafted(office, office.open(level=2), kind=kind, valid_until=office.now + timedelta(hours=1))
    step = submitted(office, checked(office, made))
    office.now += timedelta(hours=2)
    with pytest.raises(IllegalStep, match="已不能批准：有效期已于"):
        decide(office, step)
    assert office.rows(approvals)[-1].decision is None


def test_a_version_that_ran_out_before_it_was_sent_is_not_sent(office: Office) -> None:
    made = checked(office, drafted(office, office.open(level=2), valid_until=office.now + timedelta(hours=1)))
    office.now += timedelta(hours=2)
    with pytest.raises(IllegalStep, match="已不能送审：有效期已于"):
        submitted(office, made)
    assert version(office, made).state == "draft"


def light(office: Office) -> tuple[int, int]:
    """An incident of level Ⅲ and a version of it that waits for the 宣传部 alone."""
    incident_id = office.open(level=3)
    return incident_id, checked(office, drafted(office, incident_id, LEADER), LEADER)


def test_after_the_level_was_raised_the_approver_of_the_old_level_is_not_enough(office: Office) -> None:
    incident_id, made = light(office)
    decide(office, submitted(office, made), IN_LEAD)
    raise_to(office, incident_id, 1)
    before = traces(office)
    with pytest.raises(
        IllegalStep, match=r"事件级别已调整，口径第 1 版尚缺主管校领导的审批，不能发布。.*未作任何更改。$"
    ):
        put_out(office, made)
    assert traces(office) == before


def test_the_same_words_may_be_sent_to_the_approver_of_the_new_level(office: Office) -> None:
    """The cure that the refusal names."""
    incident_id, made = light(office)
    decide(office, submitted(office, made), IN_LEAD)
    raise_to(office, incident_id, 1)
    do(office, lambda conn: statement.drop(conn, made, IN_LEAD, office.now, "级别已调整，重新送审"))
    put_out(office, approved(office, incident_id))
    assert [row.state for row in office.rows(statements)] == ["dropped", "released"]


def test_an_approval_under_way_does_not_become_final_after_the_level_was_raised(office: Office) -> None:
    incident_id, made = light(office)
    step = submitted(office, made)
    raise_to(office, incident_id, 1)
    with pytest.raises(IllegalStep, match=r"尚缺主管校领导的审批，不能批准"):
        decide(office, step, IN_LEAD)
    assert office.rows(approvals)[-1].decision is None
    decide(office, step, IN_LEAD, approve=False, comment="级别已调整")
    assert version(office, made).state == "returned"


def test_what_the_leader_of_the_school_approved_stands_when_the_level_is_raised(office: Office) -> None:
    incident_id = office.open(level=3)
    made = checked(office, drafted(office, incident_id))  # the 宣传部 drafts, so the leader is asked
    decide(office, submitted(office, made), HEAD)
    raise_to(office, incident_id, 1)
    put_out(office, made)
    assert version(office, made).state == "released"


@pytest.mark.parametrize(
    ("chain", "given", "lacking"),
    [
        (["publicity"], ["publicity"], []),
        (["publicity"], ["school_leader"], []),
        (["publicity", "school_leader"], ["publicity"], ["school_leader"]),
        (["publicity", "school_leader"], ["school_leader"], ["publicity"]),
        (["publicity", "school_leader"], ["school_leader", "school_leader"], []),
        (["reviewer", "school_leader"], ["reviewer", "publicity"], ["school_leader"]),
        (["reviewer", "publicity"], ["reviewer", "school_leader"], []),
        (["reviewer", "publicity"], ["publicity", "publicity"], []),
        (["reviewer"], ["unit_leader"], ["reviewer"]),
        (["school_leader"], [], ["school_leader"]),
    ],
)
def test_each_approval_counts_for_one_step_its_own_or_a_lower_one(
    chain: list[str], given: list[str], lacking: list[str]
) -> None:
    steps = [Approver(office=one, levels=(1, 2, 3, 4)) for one in chain]
    assert [one.office for one in uncovered(steps, given)] == lacking
