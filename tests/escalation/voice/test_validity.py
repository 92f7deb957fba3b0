"""有效期 of a released version: somebody hears of its end before it comes, and when it has come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation import handling, merging, recap, receipt, reignition, standing
from escalation.incident import Actor, entries
from escalation.notice import notices
from escalation.notice.docket import dockets
from escalation.people import Role
from escalation.timer import TimerKind, timers
from escalation.voice import relay, release, validity
from escalation.voice.relay import relays
from escalation.voice.statement import statements
from tests.escalation.office import IN_LEAD, ON_DESK, RECAP, Office
from tests.escalation.voice.course import LEADER, do, put_out, released
from tests.escalation.voice.course import approved as approved_version
from tests.stream.said import SCHOOL

DAYS = timedelta(days=3)
TWENTY, FORTY = timedelta(days=20), timedelta(days=40)


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
    own = [row.state for row in office.rows(timers, kind=TimerKind.VALIDITY, incident_id=incident_id)]
    assert own == ["stopped", "stopped"]
    do(office, lambda conn: handling.reopen(conn, office.head, incident_id, IN_LEAD, office.now, "确有其事"))
    office.later(days=2)
    assert len(told(office)) == 1


def ended(office: Office, how: str) -> int:
    """A matter that ended this way after it had said something that is valid long after; gives its id."""
    incident_id, other = office.open(level=2), office.open(level=2, keys=("canteen|thread|weibo:t9",))
    for row in office.rows(notices, incident_id=incident_id, kind="first"):
        if row.needs_signature:
            do(office, lambda conn, n=row: receipt.sign(conn, n.id, n.addressee, office.now, via="link"))  # type: ignore[misc]
    drafter = Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER}))
    put_out(
        office,
        approved_version(
            office, incident_id, actor=drafter, valid_until=office.now + (TWENTY if how == "closed" else FORTY)
        ),
    )
    for row in office.rows(relays):
        do(office, lambda conn, n=row.id: relay.excuse(conn, n, IN_LEAD, office.now, "无需转发"))  # type: ignore[misc]
    head, number = office.head, office.one(other).number
    if how == "false_alarm":
        joke = handling.FalseAlarm.JOKE
        do(office, lambda conn: handling.dismiss(conn, head, incident_id, IN_LEAD, office.now, joke, "玩笑"))
    elif how == "merged":
        office.later(hours=3)
        do(office, lambda conn: merging.merge(conn, head, incident_id, number, ON_DESK, office.now, "同一件事"))
    else:
        do(office, lambda conn: recap.write(conn, incident_id, ON_DESK, office.now, RECAP))
        do(office, lambda conn: office.wind_up(conn, incident_id))
        do(office, lambda conn: reignition.begin(conn, incident_id, ON_DESK, office.now))
        office.later(days=14)
        do(office, lambda conn: handling.close(conn, incident_id, IN_LEAD, office.now, "已处置", "电话办理"))
    if how == "archived":
        office.later(days=15)
    office.work()
    assert office.one(incident_id).state == how
    return incident_id


def lines_of(office: Office, incident_id: int) -> int:
    return len(office.rows(entries, incident_id=incident_id))


@pytest.mark.parametrize("how", ["closed", "archived", "false_alarm", "merged"])
def test_the_end_of_what_stands_in_public_is_told_by_letter_after_its_incident_has_ended(
    office: Office, how: str
) -> None:
    incident_id = ended(office, how)
    lines = lines_of(office, incident_id)
    assert told(office) == []
    (over,) = [row.due_at for row in office.rows(timers, name=f"validity:{made_of(office)}:over") if row.matter]
    office.now = over - timedelta(hours=23)
    office.work()
    assert {who for who, _ in told(office)} == {"publicity", "leader"}
    office.now = over
    office.work()
    number = office.one(incident_id).number
    letters = [row for row in office.rows(notices) if row.step.endswith(":over")]
    assert {row.addressee for row in letters} == {"publicity", "leader"}
    assert all(row.view["title"].startswith(f"{number} 的口径第 1 版已于") for row in letters)
    assert all("系统默认，非校规" in row.view["deadline_source"] for row in letters)
    assert all(row.number.startswith("KJ-") for row in letters)
    assert (office.one(incident_id).state, lines_of(office, incident_id)) == (how, lines), (
        "nothing is opened or added to it"
    )
    (kept,) = office.rows(dockets, matter=validity.matter_of(made_of(office)))
    assert (kept.path, kept.ended_at) == (f"/statements/{number}", over)


def made_of(office: Office) -> int:
    return int(office.rows(statements)[-1].id)


@pytest.mark.parametrize("how", ["closed", "false_alarm", "merged"])
def test_what_is_withdrawn_after_the_end_is_spoken_of_no_more(office: Office, how: str) -> None:
    ended(office, how)
    do(office, lambda conn: release.withdraw(conn, office.head, made_of(office), IN_LEAD, office.now, "已过时"))
    office.later(days=40)
    assert told(office) == []


def test_of_what_was_withdrawn_before_the_end_no_clock_is_left(office: Office) -> None:
    incident_id = office.open(level=2)
    made = released(office, incident_id, valid_until=office.now + DAYS)
    do(office, lambda conn: release.withdraw(conn, office.head, made, IN_LEAD, office.now, "数字有误", again=False))
    joke = handling.FalseAlarm.JOKE
    do(office, lambda conn: handling.dismiss(conn, office.head, incident_id, IN_LEAD, office.now, joke, "玩笑"))
    assert [row for row in office.rows(timers, kind=TimerKind.VALIDITY) if row.matter] == []
    assert office.rows(dockets) == []


def test_a_matter_opened_again_hears_of_it_once_and_by_its_own_clock(office: Office) -> None:
    incident_id = ended(office, "closed")
    do(office, lambda conn: handling.reopen(conn, office.head, incident_id, IN_LEAD, office.now, "又有人问"))
    office.later(days=7)
    assert {row.incident_id for row in office.rows(notices) if row.step.startswith("validity:")} == {incident_id}


def test_the_auditor_sees_the_clock_and_takes_it_for_nobodys_next_step(office: Office) -> None:
    incident_id = office.open(level=2)
    released(office, incident_id, valid_until=office.now + DAYS)
    with office.store.read() as conn:
        known = standing.facts(conn, SCHOOL, office.head.channels, {}, standing.Frozen(), office.now)
    (case,) = [one for one in known.cases if one.number == office.one(incident_id).number]
    own = [one for one in case.clocks if "有效期" in one.words]
    assert [(one.aside, one.due_at - office.now) for one in own] == [(True, DAYS - validity.BEFORE), (True, DAYS)]
    assert not any(one.aside for one in case.clocks if one not in own)
