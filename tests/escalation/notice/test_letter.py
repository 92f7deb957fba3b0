"""Letters 函: a notice to a person that belongs to no incident, carried, logged and receipted like any other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, insert
from sqlalchemy.exc import IntegrityError

from escalation import alert, audit, inspection, people, standing, telephone, timer, trial
from escalation.channels import Fault, Permanent
from escalation.link import Link, Purpose, read, token
from escalation.notice import attempts, calls, deliveries, docket, letter, notices
from escalation.notice.docket import docket_lines, dockets
from escalation.notice.letter import Letter
from escalation.notice.taking import take
from escalation.people import Held, Person, Role
from escalation.receipt import Signed
from escalation.timer import TimerKind, timers
from tests.escalation.office import ON_DESK, Office
from tests.stream.said import SCHOOL


def a_letter(**changes: Any) -> Letter:
    values: dict[str, Any] = {
        "matter": "permit:17", "step": "asked", "kind": "授权申请", "heading": "后勤处申请发布开学公告",
        "lines": ("申请人 罗广平，拟发布账号 青禾后勤",), "path": "/permits/17", "basis": "第七条",
        "asked": ("在申请页批准或退回",),
    }  # fmt: skip
    return Letter(**values | changes)


def send(office: Office, who: str = "publicity", /, **changes: Any) -> int | None:
    with office.store.write() as conn:
        to = people.person(conn, SCHOOL, who)
        assert to is not None
        return letter.send(conn, office.head, to, a_letter(**changes), office.now)


def headings(office: Office) -> list[str]:
    return [row.heading for row in office.rows(docket_lines)]


def one(office: Office, who: str = "publicity") -> Row[Any]:
    return office.rows(notices, addressee=who)[-1]


def test_a_letter_is_carried_by_the_persons_mail_with_its_own_number(office: Office) -> None:
    send(office)
    office.work()
    (mail,) = office.mail.sent
    assert (mail.to, mail.notice) == ("publicity@x.example", "HF-2026-0001-01")
    assert mail.subject == "【授权申请】后勤处申请发布开学公告（HF-2026-0001-01）"
    assert "依　　据　第七条。" in mail.text
    assert "1. 在申请页批准或退回。" in mail.text
    assert mail.url.startswith("https://fx.example/r/")
    assert mail.url in mail.text
    row = one(office)
    assert (row.incident_id, row.matter, row.kind, row.sent_at) == (None, "permit:17", "letter", office.now)
    assert headings(office) == ["致函 何岚：后勤处申请发布开学公告", "邮件已送出 HF-2026-0001-01"]


def test_a_step_is_told_once_and_a_further_step_has_the_next_number(office: Office) -> None:
    assert send(office) is not None
    assert send(office) is None
    assert send(office, step="reminded") is not None
    assert send(office, matter="permit:18") is not None
    assert [row.number for row in office.rows(notices)] == ["HF-2026-0001-01", "HF-2026-0001-02", "HF-2026-0002-01"]
    office.work()
    assert len(office.mail.sent) == 3


def test_a_letter_that_no_channel_brings_becomes_a_phone_task_that_is_recorded(office: Office) -> None:
    office.mail.answers = [Permanent(Fault.CONTACT, "邮箱不存在")]
    send(office)
    office.work()
    (task,) = office.rows(calls)
    assert (task.person_id, task.number) == ("publicity", "138")
    assert "函号 HF-2026-0001-01：后勤处申请发布开学公告。" in task.words
    with office.store.read() as conn:
        assert [a.cause for a in alert.ringing(conn, SCHOOL)] == ["delivery:1"]
    with office.store.write() as conn:
        telephone.record_call(conn, task.id, ON_DESK, office.now, "接通并转达")
    with office.store.read() as conn:
        assert alert.ringing(conn, SCHOOL) == []
        assert list(audit.faults(conn)) == []
    assert headings(office)[1:] == [
        "邮件送不到 HF-2026-0001-01", "电话通知 何岚", "电话通知 何岚：接通并转达",
    ]  # fmt: skip
    assert office.rows(audit.audit_log)[-1].action == "letter.call"


def test_a_call_that_reached_nobody_is_dialled_again_until_the_matter_is_over(office: Office) -> None:
    send(office, by_phone=True)
    for _ in range(2):
        task = office.rows(calls)[-1]
        with office.store.write() as conn:
            telephone.record_call(conn, task.id, ON_DESK, office.now, "无人接听")
        office.later(minutes=30)
    assert len(office.rows(calls)) == 3
    with office.store.write() as conn:
        docket.end(conn, SCHOOL, "permit:17", office.now)
    assert [row.outcome for row in office.rows(calls)] == ["无人接听", "无人接听", "事项已办结，不必再拨"]
    office.later(hours=2)
    assert len(office.rows(calls)) == 3


def test_a_receipt_that_is_asked_for_stops_its_clock_and_else_the_desk_telephones(office: Office) -> None:
    due = office.now + timedelta(hours=2)
    send(office, signs=True, answer_by=due)
    send(office, "leader", signs=True, answer_by=due)
    office.work()
    with office.store.write() as conn:
        assert letter.sign(conn, one(office), office.now, via="link") is Signed.NOW
        assert letter.sign(conn, one(office), office.now, via="link") is Signed.ALREADY
    office.later(hours=2)
    assert [row.person_id for row in office.rows(calls)] == ["leader"]
    assert "罗广平 逾期未签收 HF-2026-0001-02" in headings(office)
    assert one(office).signed_at is not None
    assert one(office, "leader").signed_at is None


def test_a_letter_that_asks_for_no_receipt_cannot_be_signed(office: Office) -> None:
    send(office)
    with office.store.write() as conn:
        assert letter.sign(conn, one(office), office.now, via="link") is Signed.UNKNOWN


def test_what_was_written_before_the_end_does_not_leave_and_the_last_word_does(office: Office) -> None:
    send(office)
    office.now += timedelta(seconds=30)
    with office.store.write() as conn:
        docket.end(conn, SCHOOL, "permit:17", office.now)
    send(office, step="decided", heading="申请已批准")
    office.work()
    assert [mail.subject for mail in office.mail.sent] == ["【授权申请】申请已批准（HF-2026-0001-02）"]
    assert [row.state for row in office.rows(deliveries)] == ["withdrawn", "accepted"]
    assert "HF-2026-0001-01 不再发送" in headings(office)


def test_in_a_trial_the_desk_gets_the_letter_and_is_told_whose_it_is(office: Office) -> None:
    with office.store.write() as conn:
        trial.begin(conn, SCHOOL, office.now)
    send(office)
    send(office, "leader")
    office.work()
    assert {mail.to for mail in office.mail.sent} == {"monitor@x.example"}
    assert ["【试运行】" in mail.subject for mail in office.mail.sent] == [True, True]
    assert "本应致函：何岚" in office.mail.sent[0].text.replace("\n", "")
    assert "本应致函：罗广平" in office.mail.sent[1].text.replace("\n", "")


def test_for_somebody_whom_nothing_reaches_the_desk_stands_in_and_an_alert_rings(tmp_path: Path) -> None:
    office = Office.at(tmp_path, publicity={"email": "", "mobile": ""})
    send(office, office="宣传部")
    office.work()
    assert [mail.to for mail in office.mail.sent] == ["monitor@x.example"]
    with office.store.read() as conn:
        (rings,) = alert.ringing(conn, SCHOOL)
    assert (rings.cause, "HF-2026-0001" in rings.words) == ("vacant:宣传部", True)
    office.store.close()


def test_a_personal_page_is_reached_by_a_link_of_its_own_purpose(office: Office) -> None:
    send(office, personal="/c/{link}")
    path = one(office).view["personal"]
    given = read(office.head.link_key, Purpose.LETTER, path.removeprefix("/c/"), office.now)
    with office.store.read() as conn:
        found = letter.holder(conn, SCHOOL, given)
        assert found is not None
        assert found[1].name == "何岚"
        assert letter.holder(conn, SCHOOL, Link(given.notice_id, "leader", given.expires_at)) is None
    office.open()
    office_notice = office.notice("keeper")
    with office.store.read() as conn:
        assert letter.holder(conn, SCHOOL, Link(office_notice.id, "keeper", given.expires_at)) is None
    assert token(office.head.link_key, Purpose.SIGN, given) != path.removeprefix("/c/")


def test_a_notice_belongs_to_an_incident_or_to_a_matter_and_never_to_both(office: Office) -> None:
    incident = office.open()
    send(office)
    row = dict(one(office)._mapping) | {"id": 999, "number": "X", "step": "x"}
    for wrong in ({"incident_id": incident}, {"matter": None}):
        with pytest.raises(IntegrityError), office.store.write() as conn:
            conn.execute(insert(notices).values(**row | wrong))


def test_the_clocks_of_matters_and_incidents_live_side_by_side(office: Office) -> None:
    row = {
        "school": SCHOOL, "kind": TimerKind.LETTER, "name": "answer", "words": "答复", "source": "default",
        "set_at": office.now, "due_at": office.now + timedelta(hours=1),
    }  # fmt: skip
    with office.store.write() as conn:
        for matter in ("a:1", "a:1", "a:2"):
            timer.set_timers(conn, [row | {"matter": matter}])
        timer.stop_matter(conn, SCHOOL, "a:1", office.now, "answer")
    assert [(one.matter, one.state) for one in office.rows(timers)] == [("a:1", "stopped"), ("a:2", "set")]


def test_the_auditor_finds_a_letter_that_nobody_tried_and_a_clock_that_did_not_fire(office: Office) -> None:
    send(office, signs=True, answer_by=office.now + timedelta(minutes=1))
    later = office.now + timedelta(minutes=10)
    with office.store.read() as conn:
        facts = standing.facts(conn, SCHOOL, frozenset({"mail"}), {}, standing.Frozen(), later)
    found = {(one.what, one.incident) for one in inspection.inspect(facts, later)}
    wanted = {inspection.What.CLOCK, inspection.What.UNTRIED, inspection.What.WAITING}
    assert found == {(what, "HF-2026-0001") for what in wanted}
    office.work()
    with office.store.read() as conn:
        facts = standing.facts(conn, SCHOOL, frozenset({"mail"}), {}, standing.Frozen(), office.now)
    assert inspection.inspect(facts, office.now) == []


def test_a_killed_sender_sends_it_again_under_the_same_number(office: Office) -> None:
    send(office)
    with office.store.write() as conn:
        assert take(conn, office.now, frozenset({"mail"})) is not None
    office.work()
    assert office.mail.sent == []
    office.now += timedelta(seconds=31)
    office.work()
    assert [mail.notice for mail in office.mail.sent] == ["HF-2026-0001-01"]
    assert [(row.n, row.outcome) for row in office.rows(attempts)] == [(1, "unknown"), (2, "accepted")]


def test_numbers_are_counted_by_school_and_year(office: Office) -> None:
    with office.store.write() as conn:
        people.enter(conn, [Person("TF", "x", "某人", "", "", "x@x.example", "")], [Held(Role.PUBLICITY, "", "x")])
        assert docket.enter(conn, SCHOOL, "a:1", office.now).number == "HF-2026-0001"
        assert docket.enter(conn, "TF", "a:1", office.now).number == "HF-2026-0001"
        assert docket.enter(conn, SCHOOL, "a:2", office.now + timedelta(days=60)).number == "HF-2027-0001"
        assert docket.enter(conn, SCHOOL, "a:1", office.now).number == "HF-2026-0001"
    assert len(office.rows(dockets)) == 3
