"""A notice is written once per person and step; a later one that says it all again takes the place of the earlier."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from escalation import alert, handling, people, receipt
from escalation.incident import entries, incidents
from escalation.incident.state import IllegalStep
from escalation.notice import NoticeKind, calls, deliveries, notices
from escalation.notice.addressee import Addressee, address
from escalation.notice.issue import issue
from escalation.people import Held, Role
from escalation.procedure import Channel, Trigger, load
from escalation.receipt import Tally
from escalation.report.fetch import week_rows
from escalation.report.picks import must_sign
from escalation.report.week import Week
from escalation.timer import timers
from escalation.web.receipts import receipts_of
from tests.escalation.office import FOUR, HELD, IN_LEAD, ON_DESK, UNIT, Office
from tests.stream.said import SCHOOL


def sign(office: Office, who: str, kind: str = "first") -> None:
    with office.store.write() as conn:
        receipt.sign(conn, office.notice(who, kind).id, who, office.now, via="link")


def raised(office: Office) -> int:
    """An incident of level Ⅳ that has become one of level Ⅱ ten minutes later; nobody has signed."""
    one = office.open(level=4)
    office.work()
    office.later(minutes=10)
    office.add(one, level=2)
    office.work()
    return one


def tally(office: Office, incident_id: int) -> Tally:
    with office.store.read() as conn:
        return receipt.tally(conn, incident_id)


def test_repeating_a_step_tells_nobody_twice(office: Office) -> None:
    one = office.open()
    tables = (notices, deliveries, timers, entries, calls)
    before = [len(office.rows(table)) for table in tables]
    answer = load("JY").who((Trigger.DAMAGING_COMMENT,), 2)
    with office.store.write() as conn:
        told = address(
            conn, SCHOOL, answer.recipients, unit=UNIT, account_id="canteen", trial=False, now=office.now
        ).addressees
        row = conn.execute(select(incidents).where(incidents.c.id == one)).one()
        assert issue(conn, office.head, row, told, NoticeKind.FIRST, "first", office.now) == []
    assert [len(office.rows(table)) for table in tables] == before


def test_each_notice_has_its_own_number_deadline_and_clocks(office: Office) -> None:
    office.open(level=2)
    numbers = [row.number for row in office.rows(notices)]
    assert numbers == [f"FX-2026-0001-{n:02d}" for n in range(1, 6)]
    for who in FOUR:
        notice = office.notice(who)
        (clock,) = office.rows(timers, notice_id=notice.id, kind="sign")
        assert clock.due_at == notice.sign_by
        assert clock.source == "default", "no article gives minutes"
        assert len(office.rows(timers, notice_id=notice.id, kind="rung")) == 4
    assert office.rows(timers, notice_id=office.rows(notices, addressee="robot")[0].id) == []


def test_one_person_with_two_offices_gets_one_notice_with_both_articles(tmp_path: Path) -> None:
    held = [h for h in HELD if h.person_id != "leader"] + [Held(Role.UNIT_LEADER, UNIT, "school")]
    office = Office.at(tmp_path, held)
    office.open()
    office.work()
    (notice,) = office.rows(notices, addressee="school")
    assert notice.office == "主管校领导、单位领导"
    assert notice.basis == "第十三条；第十四条"
    (mail,) = [one for one in office.mail.sent if one.to == "school@x.example"]
    flat = "".join(mail.text.split())
    assert "（主管校领导、单位领导）" in flat
    assert "第十三条：“" in flat
    assert "第十四条：“" in flat
    assert len(office.rows(timers, notice_id=notice.id, kind="sign")) == 1
    office.store.close()


def test_a_person_without_mail_is_a_phone_task_at_once(tmp_path: Path) -> None:
    office = Office.at(tmp_path, leader={"email": "", "mobile": "139"})
    office.open()
    (task,) = office.rows(calls)
    assert (task.person_id, task.number, task.created_at) == ("leader", "139", office.now)
    assert office.notice("leader").number.rpartition("-")[0] in task.words
    assert office.rows(deliveries, notice_id=office.notice("leader").id) == []
    office.store.close()


def wanting(office: Office, *channels: Channel) -> None:
    """Let every level of the pack ask for these channels."""
    pack = office.ground.pack
    levels = tuple(one.model_copy(update={"channels": channels}) for one in pack.level)
    office.ground = replace(office.ground, pack=pack.model_copy(update={"level": levels}))


def test_a_level_that_wants_telephone_has_everybody_called_beside_the_mail(office: Office) -> None:
    wanting(office, Channel.MAIL, Channel.PHONE)
    office.open(level=1)
    office.work()
    assert sorted(office.phoned()) == sorted(FOUR)
    assert sorted(one.to.partition("@")[0] for one in office.mail.sent) == sorted(FOUR)
    assert office.robot.sent == []
    office.later(minutes=2, seconds=31)
    assert sorted(office.told("reminder")) == sorted(FOUR)
    assert len(office.phoned()) == 4, "a reminder goes by mail"


def test_a_level_that_wants_no_mail_has_everybody_called_instead(office: Office) -> None:
    wanting(office, Channel.WECOM_ROBOT)
    office.open()
    office.work()
    assert office.mail.sent == []
    assert len(office.robot.sent) == 1
    assert sorted(office.phoned()) == sorted(FOUR)


def test_an_office_that_nobody_reachable_holds_goes_to_the_desk_and_rings(tmp_path: Path) -> None:
    office = Office.at(tmp_path, leader={"email": "", "mobile": ""})
    office.open()
    office.work()
    stood_in = office.notice("monitor")
    assert "“单位领导”没有可联系的人员" in stood_in.reason
    (mail,) = [one for one in office.mail.sent if one.to == "monitor@x.example"]
    assert "本应通知：单位领导" in "".join(mail.text.split())
    assert office.rows(notices, addressee="leader") == []
    with office.store.read() as conn:
        (ring,) = alert.ringing(conn, SCHOOL)
    assert ring.cause == "vacant:单位领导"
    assert "FX-2026-0001" in ring.words
    office.store.close()


def test_a_raised_notice_takes_the_place_of_the_unsigned_one(office: Office) -> None:
    raised(office)
    for who in FOUR:
        assert office.notice(who).superseded_by == office.notice(who, "raised").number
        assert office.notice(who, "raised").superseded_by is None
    kinds = {row.id: row.kind for row in office.rows(notices)}
    assert {kinds[row.notice_id] for row in office.rows(timers, state="set") if row.notice_id} == {"raised"}
    (line,) = office.rows(entries, heading="4 份未签通知由新通知取代")
    assert f"{office.notice('leader').number} 由 {office.notice('leader', 'raised').number} 取代" in line.text


def test_a_matter_that_was_raised_reminds_and_telephones_no_more_than_one_that_began_so(
    office: Office, tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()
    plain = Office.at(tmp_path / "plain")
    plain.open(level=2)
    plain.work()
    raised(office)
    for each in (office, plain):
        each.later(days=1)
    assert Counter(office.phoned()) == Counter(plain.phoned())
    assert Counter(office.told("reminder")) == Counter(plain.told("reminder"))
    assert sorted(office.told("escalated")) == sorted(plain.told("escalated")) == ["leader", "school"]
    assert sorted(office.phoned()) == sorted(FOUR), "who is silent twice has one open phone task"
    kinds = {row.id: row.kind for row in office.rows(notices)}
    assert {kinds[row.notice_id] for row in office.rows(calls)} == {"raised"}
    plain.store.close()


@pytest.mark.parametrize("by", ["first", "raised"])
def test_who_was_told_anew_counts_as_one_person_until_one_signature(office: Office, by: str) -> None:
    one = raised(office)
    assert tally(office, one) == Tally(0, 4)
    sign(office, "leader", by)
    assert tally(office, one) == Tally(1, 4)
    for who in FOUR - {"leader"}:
        sign(office, who, "raised")
    assert tally(office, one) == Tally(4, 4)
    assert office.one(one).state == "acknowledged"
    office.see_through(one)
    with office.store.write() as conn:
        handling.close(conn, one, IN_LEAD, office.now, "已处置", "电话办理")
    assert office.one(one).state == "closed"


def test_closing_names_the_offices_of_the_notices_that_stand(office: Office) -> None:
    one = raised(office)
    with office.store.write() as conn:
        conn.execute(notices.update().where(notices.c.kind == "first").values(office="前任职务"))
    with office.store.write() as conn, pytest.raises(IllegalStep) as refused:
        handling.close(conn, one, IN_LEAD, office.now, "已处置", "电话办理")
    assert "4 人未签收" in str(refused.value)
    assert "主管校领导" in str(refused.value)
    assert "前任职务" not in str(refused.value)


def due(office: Office) -> list[str]:
    """The deadlines of signatures that the weekly report counts, by the kind of notice."""
    with office.store.read() as conn:
        rows = must_sign(week_rows(conn, SCHOOL, "青禾职院", Week.of(office.now)))
    kinds = {row.id: row.kind for row in office.rows(notices)}
    return sorted(kinds[row.id] for row in rows)


def test_the_report_counts_a_deadline_only_where_nothing_took_its_place_in_time(office: Office) -> None:
    raised(office)
    assert due(office) == ["raised"] * 4
    late = office.open(level=2, keys=("b",))
    office.work()
    office.now += timedelta(minutes=20)
    office.add(late, level=1, keys=("b",))
    assert due(office) == ["first"] * 4 + ["raised"] * 8, "a deadline that had passed stays missed"


def test_what_was_signed_before_stays_signed_and_is_not_superseded(office: Office) -> None:
    one = office.open(level=4)
    office.work()
    sign(office, "school")
    office.add(one, level=2)
    assert office.notice("school").superseded_by is None
    assert office.notice("school", "raised").signed_at is None
    assert tally(office, one) == Tally(0, 4), "the graver level has to be signed as well"


def test_a_silence_brought_to_somebody_leaves_his_own_clock_running(office: Office) -> None:
    office.open(level=2)
    office.work()
    office.later(minutes=22)
    assert office.told("escalated") == [], "the telephone comes before anybody above"
    office.later(seconds=30)
    assert sorted(office.told("escalated")) == ["leader", "school"]
    assert office.running() >= {"leader", "school"}
    assert [row.superseded_by for row in office.rows(notices)] == [None] * len(office.rows(notices))


@pytest.mark.parametrize("by", ["first", "escalated"])
def test_signing_answers_every_notice_that_the_person_holds_of_that_incident(office: Office, by: str) -> None:
    one, other = office.open(keys=("a",)), office.open(keys=("b",))
    office.work()
    office.later(minutes=22, seconds=30)
    mine = [row for row in office.rows(notices, incident_id=one, addressee="leader") if row.needs_signature]
    assert [row.kind for row in mine] == ["first", "escalated"], "his own, and the keeper's silence"
    with office.store.write() as conn:
        chosen = next(row for row in mine if row.kind == by)
        assert receipt.sign(conn, chosen.id, "leader", office.now, via="link") is receipt.Signed.NOW
    signed = {row.id for row in office.rows(notices, signed_by="leader")}
    assert signed == {row.id for row in mine}
    left = [clock for clock in office.rows(timers, incident_id=one, state="set") if clock.notice_id in signed]
    assert [clock.kind for clock in left] == ["idle"], "signed; what runs now, once, is the span to act in"
    assert any(row.addressee == "leader" and not row.signed_at for row in office.rows(notices, incident_id=other))


def test_the_receipt_of_a_person_says_which_notice_took_whose_place(office: Office) -> None:
    one = raised(office)
    before, after = office.notice("leader").number, office.notice("leader", "raised").number
    with office.store.read() as conn:
        (row,) = [seen for seen in receipts_of(conn, one, office.now) if seen.person_id == "leader"]
    assert row.words.endswith(f" · {before} 已由 {after} 取代")
    sign(office, "leader", "raised")
    with office.store.read() as conn:
        (row,) = [seen for seen in receipts_of(conn, one, office.now) if seen.person_id == "leader"]
    assert row.words.endswith("签"), "once it is signed, that is what matters"


def test_reminding_by_hand_is_about_the_notice_that_stands(office: Office) -> None:
    one = raised(office)
    with office.store.write() as conn:
        assert handling.remind(conn, office.head, one, ON_DESK, office.now) == 4
    about = {int(row.step.split(":")[1]) for row in office.rows(notices, kind="reminder")}
    assert about == {office.notice(who, "raised").id for who in FOUR}


def test_who_has_no_contact_of_a_channel_that_is_set_up_is_stood_in_for_and_it_rings(tmp_path: Path) -> None:
    office = Office.at(tmp_path, leader={"email": "", "mobile": ""})
    with office.store.write() as conn:
        conn.execute(people.people.update().where(people.people.c.id == "leader").values(wecom="luo"))
    incident_id = office.open()
    with office.store.write() as conn:
        luo = people.person(conn, SCHOOL, "leader")
        assert luo is not None
        one = Addressee(luo, "unit_leader", ("单位领导",), (), "", "交您办理")
        issue(conn, office.head, office.one(incident_id), [one], NoticeKind.ASSIGNED, "assign:x", office.now)
    office.work()
    assert office.rows(notices, addressee="leader") == []
    assert office.phoned() == []
    assert "“单位领导”没有可联系的人员" in office.notice("monitor", "assigned").reason
    assert "monitor@x.example" in {one.to for one in office.mail.sent}
    with office.store.read() as conn:
        assert "vacant:单位领导" in {one.cause for one in alert.ringing(conn, SCHOOL)}
    office.store.close()


def test_who_has_no_number_is_mailed_where_the_level_wants_the_group_alone(tmp_path: Path) -> None:
    office = Office.at(tmp_path, leader={"mobile": ""})
    wanting(office, Channel.WECOM_ROBOT)
    office.open()
    office.work()
    assert [one.to for one in office.mail.sent] == ["leader@x.example"]
    assert sorted(office.phoned()) == sorted(FOUR - {"leader"})
    office.store.close()


@pytest.mark.parametrize(("set_up", "who"), [((), "lead"), (("wecom_app",), "leader")])
def test_an_opening_tells_the_first_holder_whom_a_channel_that_is_set_up_reaches(
    tmp_path: Path, set_up: tuple[str, ...], who: str
) -> None:
    held = [*HELD, Held(Role.UNIT_LEADER, UNIT, "lead", 1)]
    office = Office.at(tmp_path, held, leader={"email": "", "mobile": ""})
    office.head = replace(office.head, channels=office.head.channels | set(set_up))
    office.ground = replace(office.ground, letterhead=office.head)
    with office.store.write() as conn:
        conn.execute(people.people.update().where(people.people.c.id == "leader").values(wecom="luo"))
    office.open()
    assert sorted(office.told("first")) == sorted({"keeper", "publicity", "school", who})
    office.store.close()
