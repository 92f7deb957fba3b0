"""The log of an incident: what was sent lies folded under its notice, by name; what was not stands by itself."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from escalation.channels import Accepted, Channel, Fault, Message, Outcome, Permanent
from escalation.notify import Notify
from tests.escalation.web.house import House

SENT = re.compile(r'<details class="sent">.*?</details>', re.DOTALL)


class Refusing(Channel):
    """A mail server that knows one mailbox no more, and sends the others on."""

    name, title = "mail", "邮件"

    def send(self, message: Message) -> Outcome:
        if message.to == "leader@school.test":
            return Permanent(Fault.CONTACT, "收件人不存在")
        return Accepted(message.delivery_id)

    def probe(self) -> Outcome:
        return Accepted("probe")


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def send_all(house: House, channel: Channel | None = None) -> None:
    channels = house.desk().channels
    if channel is not None:
        channels = {**channels, channel.name: channel}
    worker = Notify(house.store, house.letterhead, channels, lambda: house.now)
    while worker.step():
        pass


def lines(house: House, number: str, who: str = "monitor") -> list[str]:
    """The lines of the log, the newest first."""
    page = house.client(who).get(f"/incidents/{number}").text
    log = page.split('<ol class="log">', 1)[1].split("</ol>", 1)[0]
    return re.findall(r"<li.*?</li>", log, re.DOTALL)


def test_what_was_sent_is_one_sentence_under_its_notice_and_names_people(house: House) -> None:
    number = house.incident()
    house.now += timedelta(seconds=19)
    send_all(house)
    log = lines(house, number)
    (told,) = [one for one in log if "通知 4 人：" in one]
    (sent,) = SENT.findall(told)
    assert "已送出：邮件 4 人" in words(sent)
    assert "，19 秒内" in words(sent)
    for name in ("谢晓", "罗广平", "何岚", "沈澄"):
        assert f"{name}，邮件 {number}-" in words(sent)
    assert "企业微信群机器人" in words(sent), "and the group"
    assert not [one for one in log if "邮件已送出" in words(one)], "no line of its own for a mail that left"
    (asked,) = [words(one) for one in log if "暂停发声：告知" in one]
    assert "吴淑仪，邮件" in asked, "what was sent for another purpose lies under its own line"
    assert "沈澄，邮件" not in asked


def test_what_did_not_get_through_stands_by_itself_under_the_persons_name(house: House) -> None:
    number = house.incident()
    send_all(house, Refusing())
    log = [words(one) for one in lines(house, number)]
    (trouble,) = [one for one in log if "邮件送不到" in one]
    assert "罗广平：邮件送不到 收件人不存在" in trouble
    assert f"系统 · {number}-" in trouble
    (told,) = [one for one in log if "通知 4 人：" in one]
    assert "邮件 3 人" in told
    assert "罗广平，邮件" not in told


def test_each_notice_has_its_own_messages_though_written_in_one_instant(house: House) -> None:
    number = house.incident()
    send_all(house)
    house.now += timedelta(minutes=3)
    house.client("monitor").post(f"/incidents/{number}/remind", data={"csrf": "csrf-monitor"})
    house.now += timedelta(seconds=5)
    send_all(house)
    log = [words(one) for one in lines(house, number)]
    (chased,) = [one for one in log if "催签 4 人" in one]
    (told,) = [one for one in log if "通知 4 人：" in one]
    assert "邮件 4 人，5 秒内" in chased
    assert "5 秒内" not in told


def test_a_message_whose_telling_line_is_not_there_still_names_whom_it_reached(house: House) -> None:
    number = house.incident()
    with pytest.MonkeyPatch.context() as shown:
        shown.setattr("escalation.web.case_log.ENTRIES_SHOWN", 2)
        house.now += timedelta(seconds=1)
        send_all(house)
        alone = [words(one) for one in lines(house, number) if "is-next" not in one and f"{number}-" in one]
    (heading,) = [one.split(" ")[1] for one in alone]
    kind, _, names = heading.partition("：")
    assert (kind, set(names.split("、"))) == ("暂停发声已送出", {"谢晓", "吴淑仪"})
