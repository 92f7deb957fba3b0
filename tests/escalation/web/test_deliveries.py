"""The delivery log: what left, what did not and why; a test per channel; phone tasks recorded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from escalation import alert, audit
from escalation.channels import Channel, Fault, Message, Outcome, Permanent
from escalation.notice import calls, deliveries
from escalation.people import people
from escalation.web.app import build
from escalation.web.delivery_log import shortened
from tests.escalation.web.house import PASSWORD, SCHOOL, House, Robot, csrf
from tests.escalation.web.records import sent


class Refusing(Channel):
    """A channel whose credentials are wrong."""

    name, title = "mail", "邮件"

    def send(self, message: Message) -> Outcome:
        return self.probe()

    def probe(self) -> Outcome:
        return Permanent(Fault.CREDENTIAL, "邮件服务器拒绝登录（535）：请核对授权码<b>")


def probes(house: House) -> list[tuple[str, Mapping[str, str]]]:
    log = audit.audit_log
    with house.store.read() as conn:
        rows = conn.execute(select(log.c.object, log.c.detail).where(log.c.action == "channel.probe")).all()
    return [(row.object, row.detail) for row in rows]


def test_dead_deliveries_are_red_and_every_attempt_is_folded_in(house: House) -> None:
    sent(house, house.incident())
    said = house.client("monitor").get("/deliveries").text
    assert said.count('<tr class="is-blind">') == 1
    for words in ("未送达", "对方邮箱不存在（550）", "2 次尝试", "邮件服务器忙（451）", "回执 &lt;1@school.test&gt;"):
        assert words in said, words
    assert "publicity@school.test" not in said


def test_a_withdrawn_delivery_says_so_in_words_and_can_be_filtered(house: House) -> None:
    number = house.incident()
    sent(house, number)
    why = "事件已了结（误报），不再发送"
    with house.store.write() as conn:
        conn.execute(deliveries.update().values(state="withdrawn", reason=why))
    said = house.client("monitor").get("/deliveries?state=withdrawn").text
    assert "已撤回" in said
    assert why in said
    with house.store.read() as conn:
        assert said.count('data-k="通知"') == conn.execute(select(func.count()).select_from(deliveries)).scalar_one()


def test_the_filters_of_the_url_choose_state_channel_and_words(house: House) -> None:
    number = house.incident()
    sent(house, number)
    client = house.client("monitor")
    assert client.get("/deliveries?state=dead").text.count('data-k="通知"') == 1
    assert client.get("/deliveries?channel=wecom_robot").text.count('data-k="通知"') == 1
    assert client.get(f"/deliveries?q={number}-02").text.count('data-k="通知"') == 1
    assert client.get("/deliveries?q=罗广平").text.count('data-k="通知"') == 1
    nothing = client.get("/deliveries?q=%25_%00&state=dead&page=-9").text
    assert "没有这样的记录" in nothing


def test_the_newest_delivery_stands_first_and_pages_follow(house: House) -> None:
    for n in range(13):
        house.incident(minutes=n)
    said = house.client("publicity").get("/deliveries").text
    assert said.count('data-k="通知"') == 50
    assert "第 1 / 2 页" in said
    rest = house.client("publicity").get("/deliveries?page=2").text
    assert rest.count('data-k="通知"') == 13 * 7 - 50, "four first notices, the robot's and two of the hold"


def test_a_test_that_passes_is_shown_audited_and_ends_the_alert(house: House) -> None:
    with house.store.write() as conn:
        alert.ring(conn, SCHOOL, "channel:mail", "邮件连续送不出", house.now)
    client = house.client("admin")
    page = client.get("/deliveries").text
    assert "邮件连续送不出" in page
    answer = client.post("/deliveries/probe/mail", data={"csrf": csrf(page)})
    assert answer.status_code == 303
    after = client.get("/deliveries?tested=mail").text
    assert "测试通过" in after
    assert [(name, detail["outcome"]) for name, detail in probes(house)] == [("mail", "good")]
    with house.store.read() as conn:
        assert alert.ringing(conn, SCHOOL) == []


class Post(Robot):
    """A channel that remembers what it was asked to send."""

    def __init__(self, name: str = "mail") -> None:
        super().__init__(name, "邮件")
        self.sent: list[Message] = []

    def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        return super().send(message)


def after_test(house: House, channel: Channel, who: str = "monitor") -> str:
    client = TestClient(build(replace(house.desk(), channels={channel.name: channel})), follow_redirects=False)
    client.post("/sign-in", data={"name": who, "password": PASSWORD})
    client.post(f"/deliveries/probe/{channel.name}", data={"csrf": csrf(client.get("/deliveries").text)})
    return str(client.get("/deliveries").text)


def test_the_mail_test_sends_one_marked_mail_to_who_pressed_the_button(house: House) -> None:
    channel = Post()
    said = after_test(house, channel)
    (mail,) = channel.sent
    assert (mail.to, "【测试】" in mail.subject, "【测试】" in mail.text) == ("monitor@school.test", True, True)
    assert "测试邮件已交出，收件人 m…r@school.test，请查收。" in said
    assert "对方已收下" not in said


def test_a_mail_test_by_a_person_without_an_address_claims_no_mail(house: House) -> None:
    with house.store.write() as conn:
        conn.execute(people.update().where(people.c.id == "monitor").values(email=""))
    channel = Post()
    said = after_test(house, channel)
    assert channel.sent == []
    assert "已连上并登录，未发测试消息：名册里没有您的邮箱。" in said


def test_an_application_test_goes_to_the_account_of_who_pressed_the_button(house: House) -> None:
    with house.store.write() as conn:
        conn.execute(people.update().where(people.c.id == "monitor").values(wecom="chenyu"))
    channel = Post("wecom_app")
    said = after_test(house, channel)
    assert [one.to for one in channel.sent] == ["chenyu"]
    assert "测试邮件已交出，收件人 chenyu，请查收。" in said, "under the channel's own title"
    with house.store.write() as conn:
        conn.execute(people.update().where(people.c.id == "monitor").values(wecom=""))
    assert "名册里没有您的企业微信账号。" in after_test(house, channel)
    assert len(channel.sent) == 1


def test_a_robot_test_says_where_its_line_went(house: House) -> None:
    channel = Post("wecom_robot")
    assert "测试消息已发出，请到群里查看。" in after_test(house, channel)
    assert channel.sent == [], "a robot's probe is its own marked line"


def test_a_test_of_the_webhook_says_that_a_system_has_it_and_no_group(house: House) -> None:
    said = after_test(house, Post("webhook"))
    assert "测试消息已交给对方系统，请到该系统查看。" in said
    assert "请到群里查看" not in said


def test_a_test_that_fails_shows_the_channels_own_sentence_escaped(house: House) -> None:
    desk = replace(house.desk(), channels={"mail": Refusing()})
    client = TestClient(build(desk), follow_redirects=False)
    client.post("/sign-in", data={"name": "monitor", "password": PASSWORD})
    client.post("/deliveries/probe/mail", data={"csrf": csrf(client.get("/deliveries").text)})
    said = client.get("/deliveries").text
    assert "测试未通过" in said
    assert "请核对授权码&lt;b&gt;" in said
    assert probes(house)[0][1]["outcome"] == "bad"


def test_an_unknown_channel_and_a_forged_form_change_nothing(house: House) -> None:
    client = house.client("admin")
    token = csrf(client.get("/deliveries").text)
    assert client.post("/deliveries/probe/fax", data={"csrf": token}).status_code == 404
    assert client.post("/deliveries/probe/mail", data={"csrf": "x"}).status_code == 403
    assert probes(house) == []


def test_a_phone_task_is_recorded_with_its_outcome_and_closes_its_alert(house: House) -> None:
    _, dead = sent(house, house.incident())
    with house.store.write() as conn:
        alert.ring(conn, SCHOOL, f"delivery:{dead}", "送不到", house.now)
        task = conn.execute(select(calls.c.id)).scalar_one()
    client = house.client("monitor")
    page = client.get("/deliveries").text
    assert "13800000000" in page
    answer = client.post(f"/deliveries/calls/{task}", data={"csrf": csrf(page), "outcome": "told"})
    assert answer.status_code == 303
    with house.store.read() as conn:
        row = conn.execute(select(calls)).one()
        assert (row.outcome, row.recorded_by) == ("接通并转达", "monitor")
        assert alert.ringing(conn, SCHOOL) == []
    again = client.post(f"/deliveries/calls/{task}", data={"csrf": csrf(page), "outcome": "busy"})
    assert again.status_code == 409
    assert "已有人登记" in again.text


def test_an_outcome_that_needs_words_is_refused_and_keeps_what_was_chosen(house: House) -> None:
    sent(house, house.incident())
    client = house.client("monitor")
    with house.store.read() as conn:
        task = conn.execute(select(calls.c.id)).scalar_one()
    page = client.get("/deliveries").text
    answer = client.post(f"/deliveries/calls/{task}", data={"csrf": csrf(page), "outcome": "proxy"})
    assert answer.status_code == 409
    assert "代接人姓名" in answer.text
    assert '<option value="proxy" selected>' in answer.text
    with house.store.read() as conn:
        assert conn.execute(select(func.count()).where(calls.c.outcome.is_not(None))).scalar_one() == 0


def test_an_administrator_tests_channels_but_records_no_calls(house: House) -> None:
    sent(house, house.incident())
    client = house.client("admin")
    page = client.get("/deliveries").text
    assert "/incidents/FX" not in page
    assert client.post("/deliveries/calls/1", data={"csrf": csrf(page), "outcome": "told"}).status_code == 403


@pytest.mark.parametrize("name", ["keeper", "leader", "school"])
def test_other_roles_have_no_delivery_log(house: House, name: str) -> None:
    assert house.client(name).get("/deliveries").status_code == 403


def test_an_address_is_shortened_enough_to_recognise_it() -> None:
    assert shortened("keeper@school.test") == "k…r@school.test"
    assert shortened("ab@school.test") == "…@school.test"
    assert shortened("13800001234") == "138…34"
    assert shortened("值班群") == "值班群"
