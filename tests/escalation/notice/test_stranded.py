"""A channel that was taken out of the settings: its deliveries say so, people are telephoned, and an alert rings."""

from __future__ import annotations

from datetime import timedelta

from escalation import alert, handling
from escalation.incident import entries
from escalation.notice import calls, deliveries
from escalation.notice.taking import take
from escalation.notify import Notify
from escalation.people import people
from tests.escalation.office import FOUR, ON_DESK, Office, Scripted
from tests.stream.said import SCHOOL


def without(office: Office, name: str) -> None:
    """The notify role after a start with one channel fewer."""
    left = {one.name: one for one in (office.mail, office.robot) if one.name != name}
    office.notify = Notify(office.store, office.head, left, lambda: office.now)


def again(office: Office) -> None:
    """The notify role after a start with both channels."""
    both = {one.name: one for one in (office.mail, office.robot)}
    office.notify = Notify(office.store, office.head, both, lambda: office.now)


def ringing(office: Office) -> dict[str, str]:
    with office.store.read() as conn:
        return {one.cause: one.words for one in alert.ringing(conn, SCHOOL)}


def test_mail_that_nobody_takes_names_cause_and_cure_and_is_telephoned(office: Office) -> None:
    office.open()
    without(office, "mail")
    office.work()
    rows = office.rows(deliveries, channel="mail")
    assert {row.state for row in rows} == {"waiting"}
    (reason,) = {row.reason for row in rows}
    assert "“邮件”通道已不在设置中" in reason
    assert "请管理员在设置文件中恢复该通道" in reason
    assert sorted(office.phoned()) == sorted(FOUR)
    assert all(row.number == "138" for row in office.rows(calls))
    assert "有 4 份通知在等“邮件”" in ringing(office)["unset:mail"]
    assert [one.notice for one in office.robot.sent] == ["FX-2026-0001-05"], "the other channel goes on"


def test_it_is_said_once_however_often_it_is_looked_at(office: Office) -> None:
    office.open(level=4)
    without(office, "mail")
    for _ in range(5):
        office.work()
        office.now += timedelta(minutes=1)
    assert len(office.rows(calls)) == 4
    assert len([h for h in office.headings() if h.startswith("邮件未送出")]) == 4
    assert len(ringing(office)) == 1


def test_a_group_message_without_its_robot_rings_and_calls_nobody(office: Office) -> None:
    office.open()
    without(office, "wecom_robot")
    office.work()
    assert list(ringing(office)) == ["unset:wecom_robot"]
    assert office.phoned() == []
    (row,) = office.rows(deliveries, channel="wecom_robot")
    assert "电话" not in row.reason


def test_what_waited_leaves_when_the_channel_is_set_again_and_the_alert_ends(office: Office) -> None:
    office.open(level=4)
    without(office, "mail")
    office.work()
    office.now += timedelta(minutes=30)
    again(office)
    office.work()
    assert sorted(one.to.partition("@")[0] for one in office.mail.sent) == sorted(FOUR)
    assert {row.state for row in office.rows(deliveries)} == {"accepted"}
    assert {row.reason for row in office.rows(deliveries)} == {""}
    assert ringing(office) == {}


def test_a_delivery_in_the_hands_of_a_killed_sender_waits_and_says_so_as_well(office: Office) -> None:
    office.open()
    with office.store.write() as conn:
        assert take(conn, office.now, frozenset({"mail"})) is not None
    without(office, "mail")
    office.work()
    assert sorted(row.state for row in office.rows(deliveries, channel="mail")) == ["sending"] + ["waiting"] * 3
    office.now += timedelta(seconds=31)
    office.work()
    assert {row.state for row in office.rows(deliveries, channel="mail")} == {"waiting"}
    assert sorted(office.phoned()) == sorted(FOUR)


def test_after_a_day_it_is_given_up_with_its_reason_and_the_alert_ends(office: Office) -> None:
    office.open(level=4)
    without(office, "mail")
    office.work()
    office.now += timedelta(hours=24)
    office.work()
    first = [row for row in office.rows(deliveries, channel="mail") if row.created_at < office.now]
    assert {(row.state, row.reason) for row in first} == {("dead", "“邮件”通道不在设置中，到期仍未恢复，不再发送")}
    assert "unset:mail" not in ringing(office)
    assert any(row.heading.startswith("邮件送不到") for row in office.rows(entries))


def test_a_false_alarm_that_waited_for_it_is_withdrawn_and_nobody_is_called(office: Office) -> None:
    one = office.open()
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, one, ON_DESK, office.now, handling.FalseAlarm.JOKE)
    without(office, "mail")
    office.work()
    assert {row.state for row in office.rows(deliveries, channel="mail")} == {"withdrawn"}
    assert office.phoned() == []
    assert ringing(office) == {}


def furnish(office: Office, *names: str) -> Scripted:
    """The notify role after a start with an application for 企业微信 in the place of mail; everybody is known to it."""
    app = Scripted("wecom_app", "企业微信应用消息")
    both = {one.name: one for one in (app, office.robot)}
    office.notify = Notify(office.store, office.head, both, lambda: office.now)
    with office.store.write() as conn:
        conn.execute(people.update().where(people.c.id.in_(names)).values(wecom=people.c.id))
    return app


def test_who_has_another_channel_is_told_on_it_and_only_the_others_are_telephoned(office: Office) -> None:
    office.open(level=4)
    app = furnish(office, "leader", "keeper")
    office.work()
    assert {one.to for one in app.sent} == {"leader", "keeper"}
    assert sorted(office.phoned()) == ["publicity", "school"]
    reasons = {row.address.partition("@")[0]: row.reason for row in office.rows(deliveries, channel="mail")}
    assert "已改由企业微信应用消息送出" in reasons["leader"]
    assert "电话" not in reasons["leader"]
    assert "已生成电话通知任务" in reasons["school"]
    for _ in range(3):
        office.now += timedelta(minutes=1)
        office.work()
    assert len(app.sent) == 2
    assert len([h for h in office.headings() if h.startswith("邮件未送出")]) == 4


def test_two_channels_gone_at_once_still_reach_by_telephone(office: Office) -> None:
    office.open(level=4)
    furnish(office, *FOUR)
    office.work()
    without(office, "mail")
    office.now += timedelta(minutes=1)
    with office.store.write() as conn:
        conn.execute(deliveries.update().where(deliveries.c.channel == "wecom_app").values(state="waiting", attempts=0))
        conn.execute(deliveries.update().where(deliveries.c.channel == "mail").values(reason=""))
    office.work()
    assert sorted(office.phoned()) == sorted(FOUR)


def test_the_word_of_a_false_alarm_never_claims_a_phone_task(office: Office) -> None:
    one = office.open()
    office.work()
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, one, ON_DESK, office.now, handling.FalseAlarm.JOKE)
    without(office, "mail")
    office.work()
    waiting = office.rows(deliveries, channel="mail", state="waiting")
    assert waiting
    assert not any("电话" in row.reason for row in waiting)
    assert office.phoned() == []
