"""In a storm one person gets one message with a number and a list; every notice keeps its row, clock and receipt."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation import handling
from escalation.channels import Fault, Message, Permanent, Transient
from escalation.notice import attempts, deliveries, notices
from escalation.notice.digest import ALONE, SOON, WINDOW, Way, plan
from escalation.notice.issue import Letterhead
from escalation.notice.taking import take
from escalation.notify import Notify
from escalation.task import TaskKind
from escalation.task.setting import leader_of
from escalation.timer import timers
from tests.escalation.office import FOUR, ON_DESK, UNIT, Office, Scripted
from tests.escalation.task.given import give
from tests.stream.said import START


def storm(office: Office, count: int, level: int = 3) -> list[int]:
    return [office.open(level=level, keys=(f"storm|{n}",), title=f"事由之{n}") for n in range(count)]


def mails(office: Office, who: str) -> list[Message]:
    return [one for one in office.mail.sent if one.to == f"{who}@x.example"]


@given(
    due=st.lists(st.tuples(st.integers(1, 9), st.integers(2, 4)), min_size=1, max_size=9),
    ago=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 9)), max_size=6),
    stormy=st.booleans(),
)
def test_in_a_storm_never_more_than_one_message_in_a_window(
    due: list[tuple[int, int]], ago: list[tuple[int, int]], stormy: bool
) -> None:
    left = [(START - timedelta(seconds=one), incident) for one, incident in ago]
    recent = [(at, incident) for at, incident in left if at > START - WINDOW]
    matters = {incident for _, incident in recent} | {incident for incident, _ in due}
    window = SOON if any(level == 2 for _, level in due) else WINDOW
    made = plan(due, left, START, stormy=stormy)
    if made.way is Way.LATER:
        assert made.until is not None
        assert START < made.until <= START + window
    elif made.way is Way.TOGETHER:
        assert not any(at > START - window for at, _ in recent)
        assert len(due) > 1
    else:
        fresh = any(at > START - window for at, _ in recent)
        assert len(matters) <= ALONE or not fresh
        assert not (stormy and fresh)


def test_several_messages_of_few_incidents_leave_at_once(office: Office) -> None:
    for n in range(3):
        incident = office.open(level=2, keys=(f"k{n}",), title=f"事由之{n}")
        give(office, incident, TaskKind.FACTS, leader_of(UNIT))
    office.work()
    assert len(mails(office, "leader")) == 6
    assert not any("起事件" in one.subject for one in office.mail.sent)
    assert all(row.sent_at == office.now for row in office.rows(notices))


def test_many_incidents_at_once_are_one_mail_with_a_number_and_one_page(office: Office) -> None:
    storm(office, 9)
    office.work()
    (mail,) = mails(office, "leader")
    assert "9 起事件，9 份通知" in mail.subject
    assert all(f"事由之{n}" in mail.text and f"事由之{n}" in (mail.html or "") for n in range(9))
    assert "/b/" in mail.url
    assert mail.url in mail.text
    own = office.rows(notices, addressee="leader")
    assert len(own) == 9
    assert all(row.sent_at == office.now and row.sign_by and row.needs_signature for row in own), "each its own clock"
    assert len({row.notice_id for row in office.rows(timers, kind="sign")} & {row.id for row in own}) == 9
    sent = [row for row in office.rows(deliveries) if row.address == "leader@x.example"]
    assert {row.state for row in sent} == {"accepted"}
    assert len({row.carried_by for row in sent}) == 2, "one leads, the others are carried"
    assert all("9 份合并为一条发送" in row.reason for row in sent)
    assert len(office.rows(attempts)) == len(office.rows(deliveries)), "each has its attempt in the log"
    assert {row.addressee for row in own} | {row.addressee for row in office.rows(notices)} >= FOUR


def test_nobody_whom_an_article_names_is_missing_from_a_storm(office: Office) -> None:
    storm(office, 12)
    office.work()
    for one in office.rows(notices):
        assert one.sent_at is not None, one.addressee


def test_level_one_leaves_alone_and_at_once_in_the_middle_of_a_storm(office: Office) -> None:
    storm(office, 9)
    office.work()
    grave = office.open(level=1, keys=("grave",), title="十万火急")
    office.work()
    number = office.one(grave).number
    for who in FOUR:
        last = mails(office, who)[-1]
        assert number in last.subject
        assert "起事件" not in last.subject
    assert all(row.sent_at == office.now for row in office.rows(notices, incident_id=grave))


def test_a_few_leave_alone_and_what_follows_them_waits_for_the_window(office: Office) -> None:
    for n in range(3):
        office.open(level=3, keys=(f"k{n}",))
        office.work()
        office.now += timedelta(seconds=10)
    assert len(mails(office, "leader")) == 3
    for n in range(3, 6):
        office.open(level=3, keys=(f"k{n}",))
        office.work()
        office.now += timedelta(seconds=10)
    assert len(mails(office, "leader")) == 3
    waiting = [row for row in office.rows(deliveries, state="waiting") if row.address == "leader@x.example"]
    assert len(waiting) == 3
    assert {row.reason for row in waiting} == {"短时间内通知较多，与其他通知合并发送"}
    office.now += WINDOW
    office.work()
    assert len(mails(office, "leader")) == 4
    assert "3 起事件，3 份通知" in mails(office, "leader")[-1].subject


def test_a_grave_one_waits_half_a_minute_at_most_and_takes_along_what_waits(office: Office) -> None:
    storm(office, 5)
    office.work()
    office.open(level=3, keys=("milder",), title="较轻的一件")
    office.work()
    office.open(level=2, keys=("graver",), title="较重的一件")
    office.work()
    assert len(mails(office, "leader")) == 1
    office.now += SOON
    office.work()
    (_, second) = mails(office, "leader")
    assert "较轻的一件" in second.text
    assert "较重的一件" in second.text


def test_what_is_needed_no_more_falls_out_of_the_list(office: Office) -> None:
    ids = storm(office, 6)
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, ids[2], ON_DESK, office.now, handling.FalseAlarm.JOKE)
    office.work()
    (mail,) = mails(office, "leader")
    assert "5 起事件，5 份通知" in mail.subject
    assert "事由之2" not in mail.text


def test_killed_after_sending_the_same_message_leaves_again_with_the_same_number(office: Office) -> None:
    storm(office, 6)
    with office.store.write() as conn:
        taken = take(conn, office.now, frozenset({"mail"}), letterhead=office.head)
    assert taken is not None
    assert taken.joint is not None
    office.open(level=3, keys=("late comer",), title="后来的")
    office.now += timedelta(seconds=31)
    with office.store.write() as conn:
        again = take(conn, office.now, frozenset({"mail"}), letterhead=office.head)
    assert again is not None
    assert again.joint is not None
    assert (again.joint.delivery_id, again.joint.notice) == (taken.joint.delivery_id, taken.joint.notice)
    assert [one.id for one in again.everything] == [one.id for one in taken.everything]
    assert "后来的" not in again.joint.text


def test_a_digest_that_the_channel_refuses_for_the_moment_is_tried_again_whole(office: Office) -> None:
    storm(office, 6)
    office.mail.answers += [Transient("邮件服务器没有答复")] * 4
    office.work()
    assert [row.state for row in office.rows(deliveries, channel="mail")] == ["waiting"] * 24
    office.later(minutes=5)
    assert {row.state for row in office.rows(deliveries, channel="mail")} == {"accepted"}
    assert [len(mails(office, who)) for who in sorted(FOUR)] == [len(mails(office, "leader"))] * 4
    assert {one.subject for one in mails(office, "leader")} == {mails(office, "leader")[0].subject}


def test_a_refused_contact_leaves_a_phone_task_for_each_matter(office: Office) -> None:
    storm(office, 5)
    office.mail.answers += [Permanent(Fault.CONTACT, "没有这一邮箱")]
    office.work()
    dead = office.rows(deliveries, state="dead")
    assert len(dead) == 5
    assert len(office.phoned()) == 5


def test_words_that_a_channel_refuses_leave_as_numbers_and_links(office: Office) -> None:
    storm(office, 5)
    office.mail.answers += [Permanent(Fault.CONTENT, "内容不合要求")]
    office.work()
    refused = office.mail.sent[0].to
    plain = [one for one in office.mail.sent[1:] if one.to == refused]
    assert len(plain) == 5
    assert all("事由之" not in one.text and "/r/" in one.text for one in plain)


def test_a_care_case_is_in_the_list_without_what_it_is_about(office: Office) -> None:
    storm(office, 5)
    office.open(level=2, care=True, theme="self_harm", keys=("care",), title="某同学想不开")
    office.work()
    (mail,) = mails(office, "leader")
    assert "某同学" not in f"{mail.subject}{mail.text}{mail.html}"
    assert "疑似心理求助" in mail.text


def test_the_group_is_told_once_as_well_and_its_link_signs_nothing(office: Office) -> None:
    storm(office, 9)
    office.work()
    (robot,) = office.robot.sent
    assert "9 起事件，9 份通知" in robot.text
    assert robot.url == "https://fx.example/incidents"


def test_a_digest_of_tasks_asks_for_answers_and_not_for_signatures(office: Office) -> None:
    ids = storm(office, 5)
    office.work()
    office.now += timedelta(minutes=5)
    for one in ids:
        give(office, one, TaskKind.FACTS, leader_of(UNIT))
    office.work()
    tasks = mails(office, "leader")[-1]
    assert tasks.text.count("任务，须答复") == 5
    assert "请逐份办理" in tasks.text
    assert "逐份查看并办理：" in tasks.text
    assert "签收" not in f"{tasks.subject}{tasks.text}{tasks.html}"


def test_a_digest_of_notices_asks_for_signatures(office: Office) -> None:
    storm(office, 5)
    office.work()
    (mail,) = mails(office, "leader")
    assert "每份各有编号、时限和签收，请逐份签收。" in mail.text.replace("\n", "")
    assert "逐份查看并签收：" in mail.text
    assert "请逐份查看签收" in mail.subject


@pytest.mark.parametrize("seconds", [0, 30, 59])
def test_no_second_sms_of_one_incident_leaves_within_a_minute(tmp_path: Path, seconds: int) -> None:
    office = Office.at(tmp_path)
    sms = Scripted("sms", "短信")
    office.head = Letterhead("JY", "青禾职院", "https://fx.example", b"k" * 32, frozenset({"sms"}), "", "8071")
    office.ground = type(office.ground)(office.ground.pack, office.head, {"engine": "said"})
    office.notify = Notify(office.store, office.head, {"sms": sms}, lambda: office.now)
    one = office.open(level=1)
    office.work()
    first = len(sms.sent)
    assert first == len(FOUR)
    office.now += timedelta(seconds=seconds)
    with office.store.write() as conn:
        handling.remind(conn, office.head, one, ON_DESK, office.now)
    office.work()
    assert len(sms.sent) == first, "a minute has not passed"
    office.now += timedelta(seconds=61 - seconds)
    office.work()
    assert len(sms.sent) > first
    office.store.close()
