"""What an ended matter says of what nobody did, and what runs again when it is opened once more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from escalation import handling, keeper, receipt, timer
from escalation.audit import audit_log
from escalation.channels import Fault, Message, Outcome, Permanent, Transient, Unknown
from escalation.handling import FalseAlarm
from escalation.incident import entries
from escalation.incident.state import IllegalStep
from escalation.notice import deliveries, notices
from escalation.notice.taking import take
from escalation.notice.wording import NoticeView, render_mail
from escalation.notify import Notify
from escalation.people import Held, Role
from escalation.task import deeds, tasks, turns
from escalation.timer import timers
from tests.escalation.office import FOUR, HELD, IN_LEAD, KEEPER, ON_DESK, Office, Scripted

WHERE = r"情况说明、与平台沟通 还没有登记已办.*与平台沟通在“任务”中代为登记答复，其余在“时限”中"
ALL = ["首报", "情况说明", "首次回应"]


def duties(office: Office) -> dict[str, tuple[str, str]]:
    """State and end of each of the incident's own clocks, by its word."""
    return {row.words: (row.state, row.data.get("ended", "")) for row in office.rows(timers, kind="duty")}


def dismiss(office: Office, one: int) -> None:
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, one, ON_DESK, office.now, FalseAlarm.DRILL)


def reopen(office: Office, one: int) -> None:
    with office.store.write() as conn:
        handling.reopen(conn, office.head, one, IN_LEAD, office.now, "核实属实")


def sign_all(office: Office) -> None:
    for who in FOUR:
        with office.store.write() as conn:
            receipt.sign(conn, office.notice(who).id, who, office.now, via="link")


def test_a_false_alarm_marks_no_duty_as_done(office: Office) -> None:
    one = office.open()
    dismiss(office, one)
    assert duties(office) == dict.fromkeys(ALL, ("stopped", "false_alarm"))
    assert "首报、情况说明、首次回应 误报时未办，时限已停" in office.headings()


def test_reopening_lets_undone_duties_run_for_their_whole_span_again(office: Office) -> None:
    one = office.open(level=2)
    before = {row.name: row.due_at - row.set_at for row in office.rows(timers, kind="duty")}
    with office.store.write() as conn:
        keeper.answer(conn, one, KEEPER, office.now, text="正在核实")
    office.now += timedelta(minutes=90)
    office.work()
    dismiss(office, one)
    office.now += timedelta(minutes=5)
    reopen(office, one)
    rows = {row.words: row for row in office.rows(timers, kind="duty")}
    assert (rows["首次回应"].state, rows["首次回应"].data) == ("stopped", {}), "it was answered"
    for word in ("首报", "情况说明"):
        assert (rows[word].state, rows[word].set_at, rows[word].data) == ("set", office.now, {})
        assert rows[word].due_at - office.now == before[rows[word].name]
    assert "首报、情况说明 重新计时" in office.headings()


def test_closing_names_open_duties_and_asks_why_they_were_not_done(office: Office) -> None:
    one = office.open()
    sign_all(office)
    with office.store.write() as conn:
        timer.fulfil(conn, one, "first_report", office.now)
    office.see_through(one)
    with office.store.write() as conn, pytest.raises(IllegalStep, match=WHERE):
        handling.close(conn, one, IN_LEAD, office.now, "已处置")
    with office.store.write() as conn:
        handling.close(conn, one, IN_LEAD, office.now, "已处置", "当面报告，未对外")
    ended = duties(office)
    assert ended == {"首报": ("stopped", ""), "情况说明": ("stopped", "closed"), "首次回应": ("stopped", "")}
    (line,) = office.rows(entries, heading="情况说明、与平台沟通 销号时未办")
    assert (line.text, line.actor) == ("当面报告，未对外", "何岚")
    (kept,) = office.rows(audit_log, action="incident.close")
    assert (kept.detail["undone"], kept.detail["why"]) == ("情况说明、与平台沟通", "当面报告，未对外")
    (task,) = office.rows(tasks)
    assert task.state == "withdrawn"
    assert office.rows(turns)[-1].text == "销号时未办：当面报告，未对外"


def test_a_matter_whose_duties_are_done_closes_without_a_further_question(office: Office) -> None:
    one = office.open()
    sign_all(office)
    with office.store.write() as conn:
        timer.fulfil(conn, one, "first_report", office.now)
    for name in ("facts", "first_answer"):
        with office.store.write() as conn:
            handling.fulfil(conn, one, ON_DESK, office.now, name)
    (task,) = office.rows(tasks)
    with office.store.write() as conn:
        deeds.answer(conn, task.id, KEEPER, office.now, "平台已删除")
    office.see_through(one)
    with office.store.write() as conn, pytest.raises(IllegalStep, match=r"“与平台沟通”（.*，已答复，待确认）"):
        handling.close(conn, one, IN_LEAD, office.now, "已处置")
    with office.store.write() as conn:
        deeds.confirm(conn, task.id, ON_DESK, office.now)
    with office.store.write() as conn:
        handling.close(conn, one, IN_LEAD, office.now, "已处置")
    assert office.one(one).state == "closed"


def test_a_duty_whose_time_ran_out_can_still_be_recorded_as_done(office: Office) -> None:
    one = office.open(level=2)
    sign_all(office)
    office.later(minutes=61)
    office.later(minutes=60)
    assert duties(office)["情况说明"] == ("fired", "")
    with office.store.write() as conn:
        handling.fulfil(conn, one, ON_DESK, office.now, "facts")
    assert duties(office)["情况说明"] == ("stopped", "")


def test_the_first_report_is_not_recorded_as_done_by_a_button(office: Office) -> None:
    one = office.open(level=2)
    with office.store.write() as conn, pytest.raises(IllegalStep, match=r"以送出的情况报告为准.*未作任何更改"):
        handling.fulfil(conn, one, ON_DESK, office.now, "first_report")
    assert duties(office)["首报"] == ("set", "")


def test_whoever_was_mailed_hears_once_that_it_was_a_false_alarm(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    before = len(office.mail.sent)
    dismiss(office, one)
    office.later(days=1)
    said = office.mail.sent[before:]
    assert sorted(message.to for message in said) == sorted(f"{who}@x.example" for who in FOUR)
    for message in said:
        assert "误报，无需签收" in message.subject
        assert "已由值班台核对后记为误报（演练或测试）" in message.text
        assert "请您" not in message.text
        assert len(message.text) < 600
    assert "误报，此事已了结" in office.robot.sent[-1].text
    assert {row.needs_signature for row in office.rows(notices, kind="dismissed")} == {False}
    assert office.phoned() == []


def test_who_was_not_mailed_yet_hears_neither_alarm_nor_false_alarm(office: Office) -> None:
    one = office.open(level=2)
    dismiss(office, one)
    assert {row.state for row in office.rows(deliveries)} == {"withdrawn"}, "at once, not when they would have left"
    assert "致 4 人的通知尚未发出，已撤回" in office.headings(), office.headings()
    office.later(days=1)
    assert (office.mail.sent, office.robot.sent, office.told("dismissed")) == ([], [], [])


def test_who_may_have_got_the_alarm_hears_that_it_was_false(office: Office) -> None:
    office.mail.answers = [*(Unknown("连接中断，对方可能已收到") for _ in range(3)), Transient("连不上")]
    one = office.open(level=2)
    office.work()
    (missed,) = (message.to for message in office.mail.sent[3:4])
    dismiss(office, one)
    office.later(days=1)
    said = [message.to for message in office.mail.sent if "误报，无需签收" in message.subject]
    assert sorted([*said, missed]) == sorted(f"{who}@x.example" for who in FOUR)


def test_what_a_dead_sender_had_in_hand_may_have_arrived_too(office: Office) -> None:
    one = office.open(level=2)
    for _ in range(4):
        with office.store.write() as conn:
            assert take(conn, office.now, frozenset({"mail"})) is not None
    office.now += timedelta(seconds=31)
    office.mail.answers = [Transient("连不上")] * 4
    office.work()
    dismiss(office, one)
    assert sorted(office.told("dismissed")) == sorted(FOUR)


def test_word_of_a_false_alarm_does_not_leave_after_the_matter_was_reopened(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    before = len(office.mail.sent)
    dismiss(office, one)
    reopen(office, one)
    office.work()
    assert all("误报" not in message.subject for message in office.mail.sent[before:])


def test_whoever_heard_of_a_false_alarm_hears_that_the_matter_is_on_again(tmp_path: Path) -> None:
    office = Office.at(tmp_path, (*HELD, Held(Role.SCHOOL_LEADER, "", "lead", 1)))
    one = office.open(level=2)
    office.work()
    office.later(hours=6)
    assert set(office.told("escalated")) - FOUR, "somebody was told of silence alone"
    before = len(office.mail.sent)
    dismiss(office, one)
    office.work()
    heard = {message.to for message in office.mail.sent[before:]}
    assert heard > {f"{who}@x.example" for who in FOUR}
    before, said = len(office.mail.sent), len(office.robot.sent)
    office.now += timedelta(minutes=1)
    reopen(office, one)
    office.work()
    again = office.mail.sent[before:]
    assert sorted(message.to for message in again) == sorted(heard)
    assert all("重新打开" in message.subject for message in again)
    assert ["重新打开" in message.text for message in office.robot.sent[said:]] == [True]


def test_a_group_that_was_told_nothing_is_not_told_of_the_reopening(office: Office) -> None:
    office.head = replace(office.head, channels=frozenset({"mail"}))
    office.ground = replace(office.ground, letterhead=office.head)
    one = office.open(level=2)
    office.work()
    dismiss(office, one)
    office.head = replace(office.head, channels=frozenset({"mail", "wecom_robot"}))
    reopen(office, one)
    office.work()
    assert office.robot.sent == []


def test_a_reminder_asks_to_sign_and_names_the_time(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    with office.store.write() as conn:
        handling.remind(conn, office.head, one, ON_DESK, office.now)
    office.work()
    assert "请于 12:15 前签收" in office.mail.sent[-1].subject
    assert office.mail.sent[-1].subject.endswith("催签）")
    office.now += timedelta(minutes=20)
    with office.store.write() as conn:
        handling.remind(conn, office.head, one, ON_DESK, office.now)
    office.work()
    late = next(m for m in office.mail.sent if "已到期" in m.subject)
    assert "请即签收（12:15 已到期）" in late.subject


def test_who_is_settled_for_is_neither_reminded_nor_waited_for(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    with office.store.write() as conn:
        handling.settle(conn, one, "school", IN_LEAD, office.now, "出国")
    assert office.running() == FOUR - {"school"}
    with office.store.write() as conn:
        handling.remind(conn, office.head, one, ON_DESK, office.now)
    assert sorted(office.told("reminder")) == sorted(FOUR - {"school"})
    (kept,) = office.rows(audit_log, action="incident.settle")
    assert (kept.actor, kept.detail["person"], kept.detail["why"]) == ("publicity", "school", "出国")


def test_who_is_settled_for_is_neither_written_to_nor_telephoned(office: Office) -> None:
    office.mail.answers = [Transient("断")] * 4000
    one = office.open(level=3)
    office.work()
    with office.store.write() as conn:
        handling.settle(conn, one, "leader", IN_LEAD, office.now, "出国，已电话告知")
    for who in FOUR - {"leader"}:
        with office.store.write() as conn:
            receipt.sign(conn, office.notice(who).id, who, office.now, via="desk")
    number = office.notice("leader").number
    tried = [message.notice for message in office.mail.sent].count(number)
    office.later(hours=30)
    assert [message.notice for message in office.mail.sent].count(number) == tried
    assert office.told("reminder").count("leader") == 0
    assert "leader" not in office.phoned()
    own = office.rows(deliveries, notice_id=office.notice("leader").id)
    assert [(row.state, row.reason) for row in own] == [("withdrawn", "已代为了结，不再发送")]


def test_a_mail_that_fails_after_its_addressee_was_settled_for_leaves_no_phone_task(office: Office) -> None:
    one = office.open(level=3)

    class Slow(Scripted):
        def send(self, message: Message) -> Outcome:
            if message.to == "leader@x.example":
                with office.store.write() as conn:
                    handling.settle(conn, one, "leader", IN_LEAD, office.now, "出国")
            return Permanent(Fault.CONTACT, "收件地址不可用")

    Notify(office.store, office.head, {"mail": Slow()}, lambda: office.now).step()
    assert sorted(set(office.phoned())) == sorted(set(office.told("first")) - {"leader", "robot"})


def test_nobody_settles_for_oneself_nor_without_the_office(office: Office) -> None:
    one = office.open()
    for who, by, why in (("publicity", IN_LEAD, "本人请本人"), ("school", ON_DESK, "宣传部或带班领导")):
        with office.store.write() as conn, pytest.raises(IllegalStep):
            handling.settle(conn, one, who, by, office.now, why)
    assert office.running() == FOUR


def test_a_letter_to_a_leader_names_the_office_once(office: Office) -> None:
    office.open(level=2)
    view = office.notice("school").view | {"person_title": "主管校领导", "office": "主管校领导"}
    body = render_mail(NoticeView.model_validate(view))[1]
    assert "沈澄主管校领导：" in body
    assert not any("在签收页写明" in ask for ask in view["asks"])
