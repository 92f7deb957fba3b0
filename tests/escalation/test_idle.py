"""Signed and then idle: the clock opens again, and an act of a person answers it, not another signature."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation import handling, keeper, receipt
from escalation.assigning import assign
from escalation.channels import Transient
from escalation.incident import EntryKind, log
from escalation.incident.acting import ACTS, acted_since
from escalation.notice import deliveries, notices
from escalation.timer import timers
from tests.escalation.office import FOUR, IN_LEAD, KEEPER, ON_DESK, Office


def signed(office: Office, level: int = 2) -> int:
    one = office.open(level=level)
    office.work()
    for who in sorted(FOUR):
        with office.store.write() as conn:
            receipt.sign(conn, office.notice(who).id, who, office.now, via="link")
    return one


def chased(office: Office) -> list[str]:
    return sorted(row.addressee for row in office.rows(notices, kind="chased"))


def test_a_signature_that_nobody_follows_up_is_reminded_phoned_and_brought_up(office: Office) -> None:
    signed(office)
    office.later(minutes=29)
    assert chased(office) == []
    office.later(minutes=1)
    assert chased(office) == sorted(FOUR)
    (mail,) = [one for one in office.mail.sent if one.to == "leader@x.example" and "催办" in one.subject]
    assert "您已签收" in mail.text
    assert "30 分钟内无人办理" in mail.text.replace("\n", "")
    assert "前签收" not in mail.subject, "nothing is to be signed"
    assert office.phoned() == []
    office.later(minutes=15)
    assert set(office.phoned()) == FOUR
    office.later(minutes=8)
    told = office.rows(notices, kind="escalated")
    assert {row.addressee for row in told} == {"leader", "school"}
    assert all("此后30 分钟内无人办理" in row.reason for row in told)


ACTS_OF_PERSONS = {
    "confirm": lambda conn, office, one: handling.confirm(conn, one, ON_DESK, office.now),
    "note": lambda conn, office, one: handling.note(conn, one, ON_DESK, office.now, "已到现场"),
    "assign": lambda conn, office, one: assign(conn, office.head, one, IN_LEAD, office.now, "后勤处"),
    "report": lambda conn, office, one: keeper.report(conn, one, KEEPER, office.now, seen="三人", done="留样"),
    "contact": lambda conn, office, one: keeper.contact(
        conn, one, KEEPER, office.now, platform="微博", way="客服", asked="核实"
    ),
}


@pytest.mark.parametrize("act", ACTS_OF_PERSONS)
def test_any_act_of_a_person_answers_the_clock(office: Office, act: str) -> None:
    one = signed(office)
    office.later(minutes=10)
    with office.store.write() as conn:
        ACTS_OF_PERSONS[act](conn, office, one)
    office.later(minutes=45)
    assert (
        {row.addressee for row in office.rows(notices, kind="chased")} <= {"leader"}
        if act == "assign"
        else (chased(office) == [])
    )


def test_chasing_signatures_is_no_act(office: Office) -> None:
    one = signed(office)
    with office.store.write() as conn:
        handling.remind(conn, office.head, one, ON_DESK, office.now)
        log(conn, one, office.now, EntryKind.PERSON, "系统所写")
    with office.store.read() as conn:
        assert not acted_since(conn, one, office.now), "what the machine wrote is no act either"
    office.later(minutes=31)
    assert chased(office) == sorted(FOUR)
    assert EntryKind.CHASE not in ACTS
    assert EntryKind.RECEIPT not in ACTS


def test_an_act_after_the_reminder_ends_what_follows(office: Office) -> None:
    one = signed(office)
    office.later(minutes=31)
    with office.store.write() as conn:
        handling.note(conn, one, ON_DESK, office.now, "后勤处已到场")
    office.later(days=1)
    assert office.phoned() == []
    assert office.told("escalated") == []


def test_a_light_level_and_a_report_to_read_have_no_such_clock(office: Office) -> None:
    signed(office, level=3)
    assert office.rows(timers, kind="idle") == []


def test_only_the_newest_signature_of_a_person_counts(office: Office) -> None:
    one = signed(office)
    office.add(one, level=1, risk=95)
    office.work()
    for who in sorted(FOUR):
        with office.store.write() as conn:
            receipt.sign(conn, office.notice(who, "raised").id, who, office.now, via="link")
    running = office.rows(timers, kind="idle", state="set")
    assert len(running) == len(FOUR)
    office.later(minutes=31)
    assert chased(office) == sorted(FOUR), "once each, not once for each signature"


def test_an_ended_matter_asks_for_no_act(office: Office) -> None:
    one = signed(office)
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, one, ON_DESK, office.now, handling.FalseAlarm.JOKE)
    office.later(days=1)
    assert chased(office) == []


def test_the_ladder_after_a_signature_ends(tmp_path: Path) -> None:
    office = Office.at(tmp_path)
    signed(office, level=1)
    office.later(days=2)
    before = len(chased(office)), office.told("escalated")
    office.later(days=20)
    assert (len(chased(office)), office.told("escalated")) == before
    assert office.rows(timers, state="set", kind="idle") == []
    office.store.close()


def test_a_reminder_that_waits_does_not_leave_once_somebody_acted(office: Office) -> None:
    one = signed(office)
    office.mail.answers += [Transient("邮件服务器没有答复")] * 40
    office.later(minutes=30)
    waiting = [row for row in office.rows(deliveries, state="waiting") if "催办" in row.subject]
    assert waiting
    with office.store.write() as conn:
        handling.note(conn, one, ON_DESK, office.now, "后勤处已到场")
    office.later(minutes=10)
    assert {row.reason for row in office.rows(deliveries) if "催办" in row.subject} == {"已有人办理，不必再催"}
