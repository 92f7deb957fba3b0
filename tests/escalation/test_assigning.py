"""交办: only to a unit of the roster, and who it is handed to is told with what is required."""

from __future__ import annotations

import pytest

from escalation import assigning, people, receipt
from escalation.incident import Actor
from escalation.incident.state import IllegalStep
from escalation.notice import notices
from escalation.notice.wording import NoticeView
from escalation.people import Person
from escalation.timer import timers
from tests.escalation.office import ON_DESK, UNIT, Office
from tests.stream.said import SCHOOL


def assign(office: Office, one: int, unit: str = UNIT, note: str = "17 点前报送医人数") -> None:
    with office.store.write() as conn:
        assigning.assign(conn, office.head, one, ON_DESK, office.now, unit, note)


def test_a_unit_that_the_roster_does_not_know_is_refused(office: Office) -> None:
    one = office.open()
    with pytest.raises(IllegalStep, match=f"名册中没有单位“不存在的单位”。可选：{UNIT}。"):
        assign(office, one, "不存在的单位")
    assert (office.one(one).assignee, office.told("assigned")) == (None, [])


def test_the_leader_of_the_unit_is_mailed_the_requirement_with_a_link_to_sign(office: Office) -> None:
    one = office.open()
    office.work()
    before = len(office.mail.sent)
    assign(office, one)
    office.work()
    (message,) = office.mail.sent[before:]
    assert (message.to, office.one(one).assignee) == ("leader@x.example", UNIT)
    assert "陈屿 交后勤处办理，要求：17 点前报送医人数" in message.text.replace("\n", "").replace("　", "")
    assert "前签收" in message.subject
    assert "/r/" in message.url
    made = office.notice("leader", "assigned")
    assert NoticeView.model_validate(made.view).asks[0] == "签收本通知。"
    assert office.notice("leader").superseded_by == made.number


def test_assigning_twice_in_a_minute_tells_the_leader_once(office: Office) -> None:
    one = office.open()
    assign(office, one)
    assign(office, one)
    assert office.told("assigned") == ["leader"]


def test_a_unit_without_a_leader_who_can_be_reached_goes_to_the_desk(office: Office) -> None:
    one = office.open()
    with office.store.write() as conn:
        people.enter(conn, [Person(SCHOOL, "clerk", "余青", "科员", "图书馆")], [])
    assign(office, one, "图书馆")
    assert office.told("assigned") == ["monitor"]


def test_a_requirement_longer_than_can_be_told_is_refused_with_the_figure(office: Office) -> None:
    one = office.open()
    with pytest.raises(IllegalStep, match="至多 300 字，现为 301 字"):
        assign(office, one, note="急" * 301)


def test_the_colleague_to_whom_a_signer_hands_the_work_gets_a_notice(office: Office) -> None:
    one = office.open()
    with office.store.write() as conn:
        receipt.sign(conn, office.notice("leader").id, "leader", office.now, via="link")
        mate = people.person(conn, SCHOOL, "lead")
        assert mate is not None
        signer = Actor("leader", "罗广平", None)
        assigning.hand_over(conn, office.head, one, signer, office.now, mate)
    (row,) = office.rows(notices, kind="assigned")
    assert (row.addressee, row.office, row.needs_signature) == ("lead", "承办人", True)
    assert row.reason == "罗广平 交您办理，签收人仍为第一责任人"


def test_the_unsigned_notice_that_is_handed_on_keeps_its_articles(office: Office) -> None:
    one = office.open()
    assign(office, one)
    first, made = office.notice("leader"), office.notice("leader", "assigned")
    assert first.grounds
    assert (made.grounds, made.basis) == (first.grounds, "第十四条")
    view = NoticeView.model_validate(made.view)
    assert view.articles == NoticeView.model_validate(first.view).articles
    assert "陈屿 交后勤处办理，要求：17 点前报送医人数" in view.facts


def test_what_was_signed_lends_no_articles_to_what_is_handed_on(office: Office) -> None:
    one = office.open()
    with office.store.write() as conn:
        receipt.sign(conn, office.notice("leader").id, "leader", office.now, via="link")
    assign(office, one)
    made = office.notice("leader", "assigned")
    assert (made.grounds, made.basis) == ([], "系统默认，非校规")


def test_who_was_told_of_anothers_silence_still_owes_that_answer_after_being_handed_the_matter(office: Office) -> None:
    one = office.open()
    office.work()
    office.later(hours=4)
    told = office.notice("leader", "escalated")
    running = {row.notice_id for row in office.rows(timers, state="set")}
    assign(office, one)
    assert office.notice("leader", "escalated").superseded_by is None
    assert office.notice("leader").superseded_by == office.notice("leader", "assigned").number
    still = {row.notice_id for row in office.rows(timers, state="set")}
    assert (told.id in running) == (told.id in still)
