"""What a person does to an incident: done whole and written down, or refused with a sentence and nothing changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from escalation import alert, assigning, handling, keeper, receipt, telephone
from escalation.audit import audit_log
from escalation.channels import Fault, Permanent
from escalation.handling import FalseAlarm
from escalation.incident import Actor, MatterTaken, entries, open_keys
from escalation.incident.state import IllegalStep
from escalation.notice import calls, notices
from escalation.timer import timers
from tests.escalation.office import FOUR, IN_LEAD, KEEPER, ON_DESK, Office
from tests.stream.said import SCHOOL

Do = Callable[[Connection], object]


def do(office: Office, act: Do) -> None:
    with office.store.write() as conn:
        act(conn)


def refused(office: Office, act: Do) -> str:
    before = [len(office.rows(table)) for table in (entries, audit_log, notices, calls)]
    with pytest.raises(IllegalStep) as found:
        do(office, act)
    assert [len(office.rows(table)) for table in (entries, audit_log, notices, calls)] == before
    assert str(found.value).endswith("未作任何更改。")
    return str(found.value)


def sign_all(office: Office) -> None:
    for who in FOUR:
        do(office, lambda conn, who=who: receipt.sign(conn, office.notice(who).id, who, office.now, via="link"))  # type: ignore[misc]


def test_the_first_confirmation_stands_and_is_audited(office: Office) -> None:
    one = office.open()
    do(office, lambda conn: handling.confirm(conn, one, ON_DESK, office.now, "属实"))
    assert "已有人确认" in refused(office, lambda conn: handling.confirm(conn, one, IN_LEAD, office.now))
    assert office.one(one).confirmed_by == "monitor"
    assert [row.actor for row in office.rows(audit_log, action="incident.confirm")] == ["monitor"]


def test_the_gravest_level_needs_two_people_to_be_a_false_alarm(office: Office) -> None:
    one = office.open(level=1)

    def dismiss(by: Actor) -> Do:
        return lambda conn: handling.dismiss(conn, office.head, one, by, office.now, FalseAlarm.MISREAD)

    refused(office, dismiss(ON_DESK))
    do(office, lambda conn: handling.confirm(conn, one, ON_DESK, office.now))
    refused(office, dismiss(ON_DESK))
    do(office, dismiss(IN_LEAD))
    assert office.one(one).state == "false_alarm"
    assert office.rows(timers, state="set") == []
    assert office.rows(open_keys) == []


def test_closing_waits_for_signatures_for_calls_and_for_words(office: Office) -> None:
    one = office.open(level=2)

    def close(note: str = "已处置", by: Actor = IN_LEAD, why: str = "电话办理") -> Do:
        return lambda conn: handling.close(conn, one, by, office.now, note, why)

    assert "4 人未签收" in refused(office, close())
    assert "须写明" in refused(office, close("  "))
    office.work()
    office.later(minutes=16)
    sign_all(office)
    assert "电话通知未登记" in refused(office, close())
    for row in office.rows(calls):
        do(office, lambda conn, n=row.id: telephone.record_call(conn, n, ON_DESK, office.now, "已接通"))  # type: ignore[misc]
    for row in office.rows(notices, kind="escalated"):
        do(office, lambda conn, r=row: receipt.sign(conn, r.id, r.addressee, office.now, via="link"))  # type: ignore[misc]
    assert "复燃观察" in refused(office, close())
    office.see_through(one)
    refused(office, close(by=ON_DESK))
    do(office, close())
    assert (office.one(one).state, office.one(one).closed_at) == ("closed", office.now)
    assert office.running() == set()


def test_a_call_is_recorded_once_by_a_named_person(office: Office) -> None:
    office.open(level=2)
    office.work()
    office.later(minutes=16)
    first = office.rows(calls)[0].id
    refused(office, lambda conn: telephone.record_call(conn, first, KEEPER, office.now, "已接通"))
    do(office, lambda conn: telephone.record_call(conn, first, ON_DESK, office.now, "无人接听", "再打"))
    refused(office, lambda conn: telephone.record_call(conn, first, IN_LEAD, office.now, "已接通"))
    refused(office, lambda conn: telephone.record_call(conn, 9999, IN_LEAD, office.now, "已接通"))
    row = office.rows(calls)[0]
    assert (row.outcome, row.recorded_by) == ("无人接听", "monitor")


def test_reopening_tells_everybody_again_and_takes_the_matter_back(office: Office) -> None:
    one = office.open()
    do(office, lambda conn: handling.dismiss(conn, office.head, one, ON_DESK, office.now, FalseAlarm.JOKE))
    office.now = office.now.replace(hour=9)
    refused(office, lambda conn: handling.reopen(conn, office.head, one, ON_DESK, office.now, " "))
    do(office, lambda conn: handling.reopen(conn, office.head, one, ON_DESK, office.now, "并非玩笑"))
    assert sorted(office.told("reopened")) == sorted(FOUR)
    assert office.running() == FOUR
    assert [row.incident_id for row in office.rows(open_keys)] == [one]
    assert office.one(one).closed_at is None


def test_a_matter_that_was_opened_anew_meanwhile_is_not_opened_twice(office: Office) -> None:
    one = office.open()
    do(office, lambda conn: handling.dismiss(conn, office.head, one, ON_DESK, office.now, FalseAlarm.JOKE))
    again = office.open()
    assert again != one
    said = refused(office, lambda conn: handling.reopen(conn, office.head, one, ON_DESK, office.now, "并非玩笑"))
    assert "已另立事件" in said
    assert {row.incident_id for row in office.rows(open_keys)} == {again}


def test_reminding_reaches_only_those_who_have_not_signed(office: Office) -> None:
    one = office.open()
    do(office, lambda conn: receipt.sign(conn, office.notice("school").id, "school", office.now, via="link"))
    do(office, lambda conn: handling.remind(conn, office.head, one, ON_DESK, office.now))
    do(office, lambda conn: handling.remind(conn, office.head, one, ON_DESK, office.now))
    assert sorted(office.told("reminder")) == sorted(FOUR - {"school"})


def test_an_ended_incident_can_only_be_opened_again(office: Office) -> None:
    one = office.open()
    do(office, lambda conn: handling.dismiss(conn, office.head, one, ON_DESK, office.now, FalseAlarm.JOKE))
    for act in (
        lambda conn: handling.confirm(conn, one, ON_DESK, office.now),
        lambda conn: handling.remind(conn, office.head, one, ON_DESK, office.now),
        lambda conn: assigning.assign(conn, office.head, one, ON_DESK, office.now, "后勤处"),
        lambda conn: handling.close(conn, one, IN_LEAD, office.now, "办结"),
    ):
        refused(office, act)


def test_an_office_may_answer_in_public_again_and_both_answers_stand(office: Office) -> None:
    one = office.open()
    for said in ("正在核实", "核实结果：未发现异物"):
        do(office, lambda conn, said=said: keeper.answer(conn, one, KEEPER, office.now, text=said))  # type: ignore[misc]
        assert office.one(one).state == "responded"
    assert [row.text for row in office.rows(keeper.answers)] == ["正在核实", "核实结果：未发现异物"]


def test_reopening_takes_back_the_keys_that_joined_after_the_opening_too(office: Office) -> None:
    one = office.open(keys=("a",))
    office.add(one, keys=("b", "c"), level=4)
    do(office, lambda conn: handling.dismiss(conn, office.head, one, ON_DESK, office.now, FalseAlarm.JOKE))
    assert office.rows(open_keys) == []
    do(office, lambda conn: handling.reopen(conn, office.head, one, ON_DESK, office.now, "并非玩笑"))
    assert {row.key for row in office.rows(open_keys, incident_id=one)} == {"a", "b", "c"}
    with pytest.raises(MatterTaken):
        office.open(keys=("c",))


def test_a_key_that_joined_and_has_a_new_incident_meanwhile_keeps_the_old_one_ended(office: Office) -> None:
    one = office.open(keys=("a",))
    office.add(one, keys=("b",), level=4)
    do(office, lambda conn: handling.dismiss(conn, office.head, one, ON_DESK, office.now, FalseAlarm.JOKE))
    again = office.open(keys=("b",))
    said = refused(office, lambda conn: handling.reopen(conn, office.head, one, ON_DESK, office.now, "并非玩笑"))
    assert "已另立事件" in said
    assert {row.incident_id for row in office.rows(open_keys)} == {again}


def test_nobody_is_telephoned_about_a_false_alarm(office: Office) -> None:
    office.mail.answers = [Permanent(Fault.CONTACT, "收件地址不可用")]
    one, other = office.open(keys=("a",), level=2), office.open(keys=("b",), level=2)
    office.work()
    office.later(minutes=16)
    theirs = {row.id: row.incident_id for row in office.rows(notices)}
    do(office, lambda conn: handling.dismiss(conn, office.head, one, ON_DESK, office.now, FalseAlarm.JOKE))
    outcomes = {(theirs[row.notice_id], row.outcome, row.recorded_by) for row in office.rows(calls)}
    assert outcomes == {(one, "误报，不必再拨", "monitor"), (other, None, None)}
    with office.store.read() as conn:
        assert alert.ringing(conn, SCHOOL) == []
