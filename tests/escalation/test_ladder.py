"""Silence is followed up for those who are silent, step by step, and every ladder ends."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation import handling, receipt, telephone
from escalation.incident import entries
from escalation.notice import calls, notices
from escalation.timer import timers
from tests.escalation.office import FOUR, HELD, ON_DESK, Office


def test_silence_reminds_at_half_phones_at_the_deadline_and_then_tells_the_next(office: Office) -> None:
    office.open(level=2)
    office.work()
    office.later(minutes=7)
    assert office.told("reminder") == []
    office.later(minutes=1)
    assert sorted(office.told("reminder")) == sorted(FOUR)
    office.later(minutes=8)
    assert set(office.phoned()) >= FOUR
    assert office.told("escalated") == [], "the telephone first"
    office.later(minutes=7)
    assert sorted(office.told("escalated")) == ["leader", "school"], "the keeper's leader, and above all 主管校领导"
    assert all(row.needs_signature for row in office.rows(notices, kind="escalated"))
    assert not any(row.needs_signature for row in office.rows(notices, kind="reminder"))


def test_who_is_told_of_silence_hears_of_everybody_who_is_silent_by_then(office: Office) -> None:
    office.open(level=2)
    office.work()
    office.later(minutes=23)
    (above,) = office.rows(notices, kind="escalated", addressee="school")
    for who in ("罗广平", "何岚"):
        assert who in above.reason, above.reason
    assert "沈澄" not in above.reason, "nobody is told of their own silence"


def test_above_the_leader_in_charge_is_nobody_and_the_desk_telephones_again(office: Office) -> None:
    office.open(level=2)
    office.work()
    for who in ("keeper", "leader", "publicity"):
        with office.store.write() as conn:
            receipt.sign(conn, office.notice(who).id, who, office.now, via="link")
        with office.store.write() as conn:
            handling.note(conn, 1, ON_DESK, office.now, "在办")
    office.later(minutes=16)
    told_by_phone(office, "school", "无人接听")
    office.later(minutes=15)
    assert office.told("escalated") == [], "nobody is told of 主管校领导's silence"
    assert "沈澄 未签收，已到最高一级" in office.headings()
    assert office.phoned().count("school") == 2


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 4), st.sets(st.sampled_from([held.person_id for held in HELD])))
def test_a_ladder_ends_whoever_is_away_or_signs(tmp_path: Path, level: int, gone: set[str]) -> None:
    office = Office.at(Path(mkdtemp(dir=tmp_path)), [held for held in HELD if held.person_id not in gone])
    office.open(level=level)
    office.later(days=2)
    before = len(office.rows(notices)), len(office.rows(calls)), len(office.rows(entries))
    assert office.rows(timers, state="set") == []
    office.later(days=30)
    assert (len(office.rows(notices)), len(office.rows(calls)), len(office.rows(entries))) == before
    escalated = office.told("escalated")
    assert len(escalated) == len(set(escalated)), "nobody is told of silence twice"


def test_who_signed_is_left_in_peace(office: Office) -> None:
    office.open(level=2)
    office.work()
    for who in ("school", "publicity"):
        with office.store.write() as conn:
            receipt.sign(conn, office.notice(who).id, who, office.now, via="link")
    office.later(minutes=16)
    assert sorted(office.told("reminder")) == ["keeper", "leader"]
    assert sorted(office.phoned()) == ["keeper", "leader"]
    assert not any(name in " ".join(office.headings()) for name in ("何岚 逾期", "沈澄 逾期"))


def test_an_ended_incident_demands_nothing_more(office: Office) -> None:
    incident_id = office.open(level=2)
    office.work()
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, incident_id, ON_DESK, office.now, handling.FalseAlarm.JOKE)
    before = len(office.rows(notices))
    office.later(days=1)
    assert len(office.rows(notices)) == before
    assert office.phoned() == []


def test_a_clock_found_run_out_after_an_outage_says_how_late_it_is(office: Office) -> None:
    office.open(level=2)
    office.work()
    office.now += (office.notice("leader").sign_by - office.now) * 3
    office.work()
    late = [row.text for row in office.rows(entries) if "逾期未签收" in row.heading]
    assert late
    assert set(late) == {"时钟到期后 30 分钟才处理"}
    assert len(office.rows(entries, heading="罗广平 逾期未签收 " + office.notice("leader").number)) == 1


def told_by_phone(office: Office, who: str, outcome: str) -> None:
    (task,) = [row for row in office.rows(calls, person_id=who) if row.outcome is None]
    with office.store.write() as conn:
        telephone.record_call(conn, task.id, ON_DESK, office.now, outcome)


def test_silence_after_a_call_that_reached_the_person_goes_up_the_ladder(tmp_path: Path) -> None:
    office = Office.at(tmp_path, leader={"email": ""})
    office.open(level=2)
    office.work()
    told_by_phone(office, "leader", "接通并转达")
    office.later(minutes=31)
    assert "leader" in office.told("reminder")
    assert any(heading.startswith("罗广平 逾期未签收") for heading in office.headings())
    above = [row for row in office.rows(notices, kind="escalated") if "罗广平" in row.reason]
    assert above
    assert "未在期限内签收" in above[0].reason
    assert not any("罗广平 未能送达" in heading for heading in office.headings())


def test_a_notice_that_reached_nobody_goes_up_at_its_last_rung_in_other_words(tmp_path: Path) -> None:
    office = Office.at(tmp_path, leader={"email": ""})
    office.open(level=2)
    office.work()
    for who in ("keeper", "publicity", "school"):
        with office.store.write() as conn:
            receipt.sign(conn, office.notice(who).id, who, office.now, via="link")
    office.later(minutes=29)
    assert office.told("escalated") == [], "nobody is blamed for what did not reach them"
    office.later(minutes=1)
    (above,) = office.rows(notices, kind="escalated")
    assert (above.addressee, above.needs_signature) == ("school", True)
    assert (
        above.reason
        == f"{office.notice('leader').number} 未能送达 罗广平（{office.notice('leader').office}），请设法转告"
    )
    assert "罗广平 未能送达，转告 沈澄" in office.headings()
    assert not any("罗广平 逾期未签收" in heading or "罗广平 未签收" in heading for heading in office.headings())


def test_a_call_of_before_tells_nobody_of_a_notice_written_since(tmp_path: Path) -> None:
    office = Office.at(tmp_path, leader={"email": ""})
    incident = office.open(level=3)
    office.work()
    told_by_phone(office, "leader", "接通并转达")
    office.later(minutes=1)
    office.add(incident, level=2)
    office.later(minutes=31)
    assert any(heading.startswith("罗广平 未能送达") for heading in office.headings())
    assert not any(heading.startswith("罗广平 未签收") for heading in office.headings())
