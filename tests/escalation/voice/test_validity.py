"""有效期 of a released version: somebody hears of its end before it comes, and when it has come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation import handling, standing
from escalation.incident import Actor
from escalation.notice import notices
from escalation.people import Role
from escalation.timer import TimerKind, timers
from escalation.voice import release, validity
from tests.escalation.office import IN_LEAD, Office
from tests.escalation.voice.course import LEADER, do, put_out, released
from tests.escalation.voice.course import approved as approved_version
from tests.stream.said import SCHOOL

DAYS = timedelta(days=3)


def told(office: Office) -> list[tuple[str, str]]:
    """To whom letters about the end of a version went, and what they say."""
    rows = [row for row in office.rows(notices) if row.step.startswith("validity:")]
    return [(row.addressee, row.view["title"]) for row in rows]


def clocks(office: Office) -> list[tuple[str, str]]:
    return [(row.name.rpartition(":")[2], row.state) for row in office.rows(timers, kind=TimerKind.VALIDITY)]


def test_the_office_hears_a_day_before_the_end_and_at_the_end(office: Office) -> None:
    incident_id = office.open(level=2)
    made = released(office, incident_id, valid_until=office.now + DAYS)
    office.later(days=1, hours=23)
    assert told(office) == []
    office.later(hours=1)
    ((who, words),) = told(office)
    assert (who, "过有效期，请续发或撤回" in words, "将于" in words) == ("publicity", True, True)
    view = next(row.view for row in office.rows(notices) if row.step == f"validity:{made}:soon")
    assert "系统默认，非校规" in view["deadline_source"]
    office.later(days=1)
    assert ["将于" in one for _, one in told(office)] == [True, False]
    assert "已于" in told(office)[-1][1]
    assert any(one.startswith("口径第 1 版已于") for one in office.headings())


def test_of_a_short_validity_the_first_word_comes_halfway(office: Office) -> None:
    released(office, office.open(level=2), valid_until=office.now + timedelta(hours=4))
    office.later(hours=2)
    assert len(told(office)) == 1


def test_who_drafted_it_hears_of_it_as_well(office: Office) -> None:
    incident_id = office.open(level=2)
    drafter = Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER}))
    made = approved_version(office, incident_id, actor=drafter, valid_until=office.now + DAYS)
    put_out(office, made)
    office.later(days=2)
    assert {who for who, _ in told(office)} == {"publicity", LEADER.id}


def test_a_machine_that_was_off_says_it_once(office: Office) -> None:
    released(office, office.open(level=2), valid_until=office.now + DAYS)
    office.now += timedelta(days=4)
    office.work()
    ((_, words),) = told(office)
    assert "已于" in words
    assert {state for _, state in clocks(office)} == {"fired"}


@pytest.mark.parametrize("how", ["withdrawn", "replaced"])
def test_a_version_out_of_force_is_not_spoken_of(office: Office, how: str) -> None:
    incident_id = office.open(level=2)
    made = released(office, incident_id, valid_until=office.now + DAYS)
    if how == "withdrawn":
        do(office, lambda conn: release.withdraw(
            conn, office.head, made, IN_LEAD, office.now, "数字有误", again=False
        ))  # fmt: skip
    else:
        office.later(minutes=5)
        released(office, incident_id)
    assert clocks(office) == [("soon", "stopped"), ("over", "stopped")]
    office.later(days=4)
    assert told(office) == []


def test_a_version_without_an_end_has_no_clock(office: Office) -> None:
    released(office, office.open(level=2))
    assert clocks(office) == []


def test_a_reopened_matter_hears_of_the_end_of_what_it_said(office: Office) -> None:
    incident_id = office.open(level=2)
    released(office, incident_id, valid_until=office.now + DAYS)
    do(office, lambda conn: handling.dismiss(
        conn, office.head, incident_id, IN_LEAD, office.now, handling.FalseAlarm.JOKE, "玩笑"
    ))  # fmt: skip
    assert {state for _, state in clocks(office)} == {"stopped"}
    do(office, lambda conn: handling.reopen(conn, office.head, incident_id, IN_LEAD, office.now, "确有其事"))
    office.later(days=2)
    assert len(told(office)) == 1


def test_the_auditor_sees_the_clock_and_takes_it_for_nobodys_next_step(office: Office) -> None:
    incident_id = office.open(level=2)
    released(office, incident_id, valid_until=office.now + DAYS)
    with office.store.read() as conn:
        known = standing.facts(conn, SCHOOL, office.head.channels, {}, standing.Frozen(), office.now)
    (case,) = [one for one in known.cases if one.number == office.one(incident_id).number]
    own = [one for one in case.clocks if "有效期" in one.words]
    assert [(one.aside, one.due_at - office.now) for one in own] == [(True, DAYS - validity.BEFORE), (True, DAYS)]
    assert not any(one.aside for one in case.clocks if one not in own)
