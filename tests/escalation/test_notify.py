"""The notify role: one failing clock or refused message holds nothing else up, and what is wrong reaches a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Row

from escalation import alert, handling, receipt, telephone
from escalation.bulletin import clock as bulletin_clock
from escalation.channels import Fault, Permanent, RateLimited, Transient, Unknown
from escalation.incident import entries
from escalation.notice import attempts, calls, deliveries
from escalation.notify import Notify
from escalation.timer import timers
from stream.store import Store, StoreUnavailable
from tests.escalation.office import FOUR, ON_DESK, Office
from tests.stream.said import SCHOOL


def ringing(office: Office) -> dict[str, str]:
    with office.store.read() as conn:
        return {one.cause: one.words for one in alert.ringing(conn, SCHOOL)}


def mail_to(office: Office, who: str) -> list[str]:
    """The texts that were handed to the mail channel for somebody."""
    return [one.text for one in office.mail.sent if one.to == f"{who}@x.example"]


def delivery(office: Office, who: str) -> tuple[str, str]:
    """State and reason of somebody's first notice in the outbox."""
    (row,) = office.rows(deliveries, notice_id=office.notice(who).id)
    return row.state, row.reason


def spoil(office: Office, who: str) -> dict[str, object]:
    """Make the reminder's clock of somebody fail; gives what it held."""
    clock = office.rows(timers, notice_id=office.notice(who).id, kind="rung")[0]
    with office.store.write() as conn:
        conn.execute(timers.update().where(timers.c.id == clock.id).values(data={"act": "nothing known"}))
    return {"id": clock.id, "data": clock.data}


def test_a_failing_clock_is_put_off_and_the_others_go_on(office: Office) -> None:
    office.open(level=4)
    office.work()
    office.robot.answers = [Transient("断线")]
    bad = spoil(office, "leader")
    office.now += timedelta(hours=2)
    office.work()
    assert sorted(office.told("reminder")) == sorted(FOUR - {"leader"})
    assert "处理失败（ValueError）" in ringing(office)[f"timer:{bad['id']}"]
    (clock,) = office.rows(timers, id=bad["id"])
    assert (clock.state, clock.due_at) == ("set", office.now + timedelta(minutes=1))
    assert len([one for one in office.mail.sent if "催签" in one.subject]) == 3, "and the outbox is emptied"


def test_a_clock_that_was_put_off_fires_when_it_can_and_its_alert_ends(office: Office) -> None:
    office.open(level=4)
    office.work()
    bad = spoil(office, "leader")
    office.now += timedelta(hours=2)
    for _ in range(3):
        office.work()
        office.now += timedelta(minutes=1)
    with office.store.write() as conn:
        held = office.rows(timers, id=bad["id"])[0].data
        conn.execute(timers.update().where(timers.c.id == bad["id"]).values(data=held | bad["data"]))
    office.work()
    assert sorted(office.told("reminder")) == sorted(FOUR)
    office.now += timedelta(seconds=30)
    office.work()
    assert ringing(office) == {}


def test_a_failing_clock_that_a_signature_stops_rings_no_more(office: Office) -> None:
    office.open(level=4)
    office.work()
    bad = spoil(office, "leader")
    office.now += timedelta(hours=2)
    office.work()
    assert f"timer:{bad['id']}" in ringing(office)
    with office.store.write() as conn:
        receipt.sign(conn, office.notice("leader").id, "leader", office.now, via="link")
    office.now += timedelta(minutes=1)
    office.work()
    assert ringing(office) == {}


def test_a_clock_that_was_put_off_is_late_since_it_ran_out(office: Office) -> None:
    office.open(level=4)
    office.work()
    (clock,) = office.rows(timers, notice_id=office.notice("leader").id, kind="sign")
    office.now = clock.due_at
    with office.store.write() as conn:
        conn.execute(timers.update().where(timers.c.kind != "sign").values(state="stopped"))
        conn.execute(timers.update().where(timers.c.id == clock.id).values(notice_id=99_999))
    for _ in range(5):
        office.work()
        office.now += timedelta(minutes=1)
    with office.store.write() as conn:
        conn.execute(timers.update().where(timers.c.id == clock.id).values(notice_id=clock.notice_id))
    office.work()
    (line,) = [row for row in office.rows(entries) if row.heading.startswith("罗广平 逾期未签收")]
    assert line.text == "时钟到期后 5 分钟才处理"


def test_a_message_whose_record_fails_never_leaves_again_and_is_written_down_later(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = {"on": True}
    left = bulletin_clock.left

    def fails(conn: Connection, notice: Row[Any], now: datetime) -> None:
        if failing["on"] and notice.addressee == "leader":
            raise ValueError("nothing known")
        left(conn, notice, now)

    monkeypatch.setattr(bulletin_clock, "left", fails)
    office.open(level=4)
    for _ in range(4):
        office.work()
        office.now += timedelta(seconds=31)
    assert [len(mail_to(office, who)) for who in sorted(FOUR)] == [1, 1, 1, 1], "the others went on, nobody twice"
    assert delivery(office, "leader")[0] == "accepted"
    cause = f"record:{office.rows(deliveries, notice_id=office.notice('leader').id)[0].id}"
    assert "登记失败（ValueError）" in ringing(office)[cause]
    failing["on"] = False
    office.work()
    assert cause not in ringing(office)
    assert office.headings().count(f"邮件已送出 {office.notice('leader').number}") == 1


def test_refused_words_go_out_again_at_once_with_number_and_link_only(office: Office) -> None:
    office.open()
    office.mail.answers = [Permanent(Fault.CONTENT, "邮件服务器拒收信件内容，将改发简短通知。")]
    office.work()
    whole, short = mail_to(office, "school")
    number = office.notice("school").number
    assert "二食堂" in whole
    assert "二食堂" not in short
    assert number in short
    assert "https://fx.example/r/" in short
    assert [one.subject for one in office.mail.sent if one.to == "school@x.example"][1] == number
    assert delivery(office, "school")[0] == "accepted"
    assert [len(mail_to(office, who)) for who in sorted(FOUR - {"school"})] == [1, 1, 1], "nobody else's was touched"
    assert office.phoned() == []


def test_refused_words_that_are_refused_again_become_a_call(office: Office) -> None:
    office.open()
    office.mail.answers = [Permanent(Fault.CONTENT, "拒收")] * 2
    office.work()
    assert len(mail_to(office, "school")) == 2
    assert delivery(office, "school")[0] == "dead"
    assert office.phoned() == ["school"]


@pytest.mark.parametrize("fault", [Fault.CREDENTIAL, Fault.QUOTA])
def test_a_fault_of_the_channel_waits_for_a_person_and_has_everybody_called(office: Office, fault: Fault) -> None:
    office.mail.answers = [Permanent(fault, "请核对授权码")] * 4
    office.open(level=4)
    office.work()
    assert {delivery(office, who) for who in FOUR} == {("waiting", "请核对授权码")}
    assert sorted(office.phoned()) == sorted(FOUR)
    assert "邮件连续送不出：请核对授权码" in ringing(office)["channel:mail"]
    office.now += timedelta(minutes=5)
    office.work()
    assert {delivery(office, who)[0] for who in FOUR} == {"accepted"}
    assert ringing(office) == {}
    assert len(office.phoned()) == 4, "a call is asked for once"


def test_a_refused_contact_is_final_rings_and_ends_with_the_recorded_call(office: Office) -> None:
    office.mail.answers = [Permanent(Fault.CONTACT, "收件地址不可用")]
    office.open()
    office.work()
    assert delivery(office, "school")[0] == "dead"
    (words,) = ringing(office).values()
    assert f"通知 {office.notice('school').number} 经邮件送不到：收件地址不可用" in words
    assert "已生成电话通知任务" in words
    (task,) = office.rows(calls)
    with office.store.write() as conn:
        telephone.record_call(conn, task.id, ON_DESK, office.now, "接通并转达")
    assert ringing(office) == {}


def test_a_lost_answer_is_sent_again_under_the_same_number(office: Office) -> None:
    office.mail.answers = [Unknown("没有等到回执")]
    office.open()
    office.work()
    office.now += timedelta(seconds=10)
    office.work()
    school = [one for one in office.mail.sent if one.to == "school@x.example"]
    assert len(school) == 2
    assert len({(one.delivery_id, one.notice, one.text) for one in school}) == 1


def test_a_channel_that_asks_for_patience_is_left_alone_so_long(office: Office) -> None:
    office.robot.answers = [RateLimited(timedelta(minutes=1), "限频")]
    office.open()
    office.work()
    office.now += timedelta(seconds=59)
    office.work()
    assert len(office.robot.sent) == 1
    office.now += timedelta(seconds=1)
    office.work()
    assert len(office.robot.sent) == 2


def test_who_waits_for_a_turn_is_not_told_that_the_channel_is_broken(office: Office) -> None:
    office.robot.answers = [RateLimited(timedelta(minutes=1), "一分钟内已发 18 条，稍后自动重发。")] * 3
    office.open()
    for _ in range(3):
        office.work()
        office.now += timedelta(minutes=1)
    said = ringing(office)["channel:wecom_robot"]
    assert "发送已到上限：一分钟内已发 18 条，稍后自动重发。通道没有坏" in said
    assert "送不出" not in said
    office.work()
    assert "channel:wecom_robot" not in ringing(office), "it left when its turn came"


def test_two_workers_send_each_message_once(office: Office) -> None:
    other = Notify(
        office.store, office.head, {"mail": office.mail, "wecom_robot": office.robot}, lambda: office.now
    )  # fmt: skip
    office.open()
    while office.notify.step(limit=1) + other.step(limit=1):
        pass
    assert sorted(one.to.partition("@")[0] for one in office.mail.sent) == sorted(FOUR)
    assert len(office.robot.sent) == 1
    assert len(office.rows(attempts)) == 5


def test_a_deadline_of_the_incident_itself_is_written_down_when_it_passes(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    for who in FOUR:
        with office.store.write() as conn:
            receipt.sign(conn, office.notice(who).id, who, office.now, via="link")
    with office.store.write() as conn:
        handling.fulfil(conn, one, ON_DESK, office.now, "facts")
    office.later(hours=5)
    assert [h for h in office.headings() if h.endswith("逾期")] == ["首报逾期", "首次回应逾期"]


def test_a_notice_that_nobody_got_blames_nobody_and_is_telephoned(office: Office) -> None:
    office.mail.answers = [Transient("断线")] * 500
    office.open(level=2)
    office.later(minutes=15)
    assert office.told("reminder") == []
    assert office.told("escalated") == []
    assert not any("逾期未签收" in heading for heading in office.headings())
    assert sorted(office.phoned()) == sorted(FOUR)
    assert f"给 罗广平 的通知 {office.notice('leader').number} 尚未送出" in office.headings()


class Away(Store):
    """A store that cannot be reached while `away`."""

    away = True

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.away:
            raise StoreUnavailable("数据库暂时连不上")
        with super().write() as conn:
            yield conn


def test_without_the_store_it_says_so_and_goes_on_when_it_is_back(office: Office) -> None:
    office.open()
    away = Away(str(office.store.engine.url))
    worker = Notify(away, office.head, {"mail": office.mail, "wecom_robot": office.robot}, lambda: office.now)
    step: Callable[[], int] = worker.step
    assert (step(), worker.trouble) == (0, "数据库暂时连不上")
    assert office.mail.sent == []
    away.away = False
    assert step() == 5
    assert worker.trouble == ""
    assert len(office.mail.sent) == 4
    away.close()
