"""What left is written down before anything else leaves; what reached nobody rings truly, and no longer than needed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from escalation import alert, handling, receipt
from escalation.channels import Accepted, Fault, Message, Outcome, Permanent, Transient
from escalation.notice import attempts, deliveries
from escalation.notify import Notify
from tests.escalation.office import FOUR, IN_LEAD, ON_DESK, Office, Scripted
from tests.escalation.shaky import Shaky
from tests.stream.said import SCHOOL


class Cutting(Scripted):
    """A mail server that takes the first message in the moment in which the store goes away."""

    def __init__(self, store: Shaky, away: int) -> None:
        super().__init__()
        self.store, self.away = store, away

    def send(self, message: Message) -> Outcome:
        self.store.away, self.away = self.away, 0
        return super().send(message)


@pytest.mark.parametrize("away", [1, 2, 7])
def test_a_mail_that_left_while_the_store_was_away_never_leaves_twice(office: Office, away: int) -> None:
    store = Shaky(str(office.store.engine.url))
    mail = Cutting(store, away)
    worker = Notify(store, office.head, {"mail": mail, "wecom_robot": office.robot}, lambda: office.now)
    office.open()
    began = office.now
    assert worker.step() == 0
    assert "database is locked" in worker.trouble
    for _ in range(away + 2):
        office.now += timedelta(seconds=31)
        worker.step()
    assert Counter(one.to.partition("@")[0] for one in mail.sent) == Counter(sorted(FOUR))
    assert len(office.rows(attempts)) == len(office.rows(deliveries)) == 5
    (first,) = [row for row in office.rows(deliveries) if row.address == mail.sent[0].to]
    assert (first.state, first.accepted_at) == ("accepted", began), "it is dated when it left"
    store.close()


def ringing(office: Office) -> list[str]:
    with office.store.read() as conn:
        return [one.words for one in alert.ringing(conn, SCHOOL) if one.cause.startswith("delivery:")]


class NoLeader(Scripted):
    """A mail server that knows no mailbox of the leader."""

    def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        gone = message.to.startswith("leader")
        return Permanent(Fault.CONTACT, "没有这一邮箱") if gone else Accepted("taken")


def test_without_a_telephone_no_phone_task_is_claimed_and_the_alert_ends_with_the_signature(tmp_path: Path) -> None:
    office = Office.at(tmp_path, leader={"mobile": ""})
    channels = {"mail": NoLeader(), "wecom_robot": office.robot}
    office.notify = Notify(office.store, office.head, channels, lambda: office.now)
    office.open(level=3)
    office.work()
    (words,) = ringing(office)
    assert "已生成电话通知任务" not in words
    assert words.endswith(
        "没有其他通道，名册中也没有电话号码，无法生成电话任务。"
        "请立即当面转达，并在人员表中补上联系方式后重新导入。"
    )  # fmt: skip
    assert office.phoned() == []
    with office.store.write() as conn:
        receipt.sign(conn, office.notice("leader").id, "leader", office.now, via="desk")
    office.now += timedelta(seconds=31)
    office.work()
    assert ringing(office) == []
    office.store.close()


def test_the_alert_of_a_dead_group_message_ends_when_the_group_takes_a_later_one(office: Office) -> None:
    office.robot.answers = [Permanent(Fault.CONTACT, "机器人已被移出群")]
    office.open(level=3)
    office.work()
    assert len(ringing(office)) == 1
    office.now += timedelta(minutes=10)
    office.work()
    assert len(ringing(office)) == 1, "nothing has changed"
    office.open(level=3, keys=("other",), title="另一件")
    office.work()
    office.now += timedelta(seconds=31)
    office.work()
    assert ringing(office) == []


def test_the_alert_of_a_dead_message_ends_with_its_incident(office: Office) -> None:
    office.robot.answers = [Permanent(Fault.CONTACT, "机器人已被移出群")]
    incident = office.open(level=3)
    office.work()
    with office.store.write() as conn:
        handling.confirm(conn, incident, ON_DESK, office.now)
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, incident, IN_LEAD, office.now, handling.FalseAlarm.MISREAD)
    office.now += timedelta(seconds=31)
    office.notify.step()
    assert ringing(office) == []


def test_how_long_a_notice_took_counts_from_its_writing_and_only_once_a_channel_took_it(office: Office) -> None:
    def told(part: str) -> float:
        return REGISTRY.get_sample_value(f"fengxin_delivery_seconds_{part}", {"level": "2"}) or 0.0

    office.mail.answers = [Transient("邮件服务器没有回应")] * 4
    office.open(level=2)
    count, total = told("count"), told("sum")
    office.notify.step()
    tried = told("count") - count
    assert (tried, told("sum") - total) == (len(office.robot.sent), 0), "what was refused has not arrived"
    office.now += timedelta(seconds=40)
    office.work()
    late = told("count") - count - tried
    assert late >= 4
    assert told("sum") - total == pytest.approx(40 * late, rel=0.1)
