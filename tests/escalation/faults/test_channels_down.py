"""Mail and robot are down for an hour, vendors refuse and limit: nothing is lost, nobody is told twice on one channel
for one reason, and all of it stands on the desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from escalation.alert import alerts
from escalation.channels import (
    Accepted,
    Fault,
    Message,
    Outcome,
    Partial,
    Permanent,
    RateLimited,
    Transient,
    Unknown,
)
from escalation.channels.breaker import FAILURES, REST, Breaker
from escalation.notice import attempts, calls, deliveries, notices
from escalation.notify import Notify
from tests.escalation.office import FOUR, Office, Scripted
from tests.stream.said import START


class Down(Scripted):
    """A channel that answers `says` until a moment, and takes everything afterwards; `took` is what it took."""

    def __init__(self, name: str, title: str, clock: Callable[[], datetime], until: datetime, says: Outcome) -> None:
        super().__init__(name, title)
        self._clock, self._until, self._says = clock, until, says
        self.took: list[Message] = []
        self.asked = 0

    def send(self, message: Message) -> Outcome:
        self.asked += 1
        if self._clock() < self._until:
            return self._says
        self.took.append(message)
        return Accepted(message.delivery_id)


def out_of_order(office: Office, says: Outcome, minutes: float = 60) -> tuple[Down, Down]:
    until = office.now + timedelta(minutes=minutes)
    mail = Down("mail", "邮件", lambda: office.now, until, says)
    robot = Down("wecom_robot", "企业微信群机器人", lambda: office.now, until, says)
    office.notify = Notify(office.store, office.head, {"mail": mail, "wecom_robot": robot}, lambda: office.now)
    return mail, robot


def pass_time(office: Office, minutes: int) -> None:
    for _ in range(minutes * 2):
        office.now += timedelta(seconds=30)
        office.work()


@pytest.mark.parametrize("says", [Transient("没有答复"), Unknown("答复中断")], ids=["refused", "lost"])
def test_an_hour_without_mail_and_robot_loses_nothing_and_tells_nobody_twice(office: Office, says: Outcome) -> None:
    mail, robot = out_of_order(office, says)
    office.open(level=2)
    office.work()
    pass_time(office, 20)
    assert set(office.phoned()) == FOUR, "the telephone is the next way, and it is on the desk"
    assert any(row.cause == "channel:mail" for row in office.rows(alerts, closed_at=None))
    pass_time(office, 50)
    reached = {row.addressee for row in office.rows(notices, kind="first") if row.sent_at is not None}
    assert reached == FOUR | {"robot"}
    told = Counter((message.to, message.notice) for message in (*mail.took, *robot.took))
    assert set(told.values()) == {1}
    assert office.rows(alerts, closed_at=None, cause="channel:mail") == [], "it rings no longer"
    dead = [row for row in office.rows(deliveries) if row.state in ("waiting", "sending", "dead")]
    assert dead == []
    assert any("迟发" in message.subject for message in mail.took), "and who was told late reads so"


def test_a_channel_that_fails_rests_and_others_are_not_kept_waiting(office: Office) -> None:
    mail, _ = out_of_order(office, Transient("没有答复"))
    for n in range(20):
        office.open(level=2, keys=(f"k{n}",))
    before = mail.asked
    office.work()
    assert mail.asked - before <= FAILURES, "the time-outs of a dead server are not waited for twenty times"
    office.now += timedelta(seconds=10)
    office.work()
    assert mail.asked - before <= FAILURES
    office.now += REST
    asked = mail.asked
    office.work()
    assert mail.asked == asked + 1, "one message tries it again"


def test_a_breaker_opens_at_the_fifth_failure_and_any_answer_closes_it() -> None:
    breaker = Breaker()
    for n in range(FAILURES):
        assert not breaker.rests(START), n
        breaker = breaker.after(Transient("没有答复"), START)
    assert breaker.rests(START)
    assert breaker.rests(START + REST - timedelta(seconds=1))
    assert not breaker.rests(START + REST)
    assert not breaker.rests(START - timedelta(days=1)), "a clock set back closes no channel"
    assert breaker.after(Unknown("中断"), START + REST).rests(START + REST)
    for answer in (Accepted(""), RateLimited(REST, "频"), Permanent(Fault.QUOTA, "额"), Partial("", {"a": "b"})):
        assert not breaker.after(answer, START).rests(START)


ANSWERS: dict[str, tuple[Outcome, bool]] = {
    "limit of a minute": (RateLimited(timedelta(seconds=60), "45009 频率"), True),
    "punished ten minutes": (RateLimited(timedelta(minutes=10), "130101 罚停"), True),
    "server error": (Transient("503"), True),
    "answer lost": (Unknown("中断"), True),
    "wrong credentials": (Permanent(Fault.CREDENTIAL, "535 授权码不对"), False),
    "balance used up": (Permanent(Fault.QUOTA, "余额不足"), False),
    "words refused": (Permanent(Fault.CONTENT, "内容不合要求"), True),
    "contact refused": (Permanent(Fault.CONTACT, "没有这一邮箱"), False),
    "taken for others only": (Partial("1", {"leader@x.example": "不在可见范围"}), False),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_kind_of_refusal_ends_with_the_person_told_or_telephoned_and_shown(office: Office, answer: str) -> None:
    says, brings = ANSWERS[answer]

    class Refusing(Scripted):
        refused = 0

        def send(self, message: Message) -> Outcome:
            self.sent.append(message)
            if message.to == "leader@x.example" and self.refused < 1:
                self.refused += 1
                return says
            return Accepted("taken") if brings or message.to != "leader@x.example" else says

    mail = Refusing()
    office.notify = Notify(office.store, office.head, {"mail": mail, "wecom_robot": office.robot}, lambda: office.now)
    office.open(level=2)
    office.work()
    pass_time(office, 12)
    notice = office.notice("leader")
    assert notice.sent_at is not None or "leader" in office.phoned()
    assert (notice.sent_at is not None) == brings
    tries = [row for row in office.rows(attempts) if row.reason]
    assert tries, "the log says what the channel answered"
    accepted = Counter(
        row.delivery_id for row in office.rows(attempts) if row.outcome == "accepted"
    )  # fmt: skip
    assert set(accepted.values()) <= {1}
    assert {row.addressee for row in office.rows(notices, kind="first") if row.sent_at} >= FOUR - {"leader"}


def test_with_every_channel_down_everybody_is_on_the_desk_to_be_telephoned(office: Office) -> None:
    out_of_order(office, Transient("没有答复"), minutes=24 * 60)
    office.open(level=1)
    office.work()
    pass_time(office, 6)
    open_tasks = {row.person_id for row in office.rows(calls, outcome=None)}
    assert open_tasks == FOUR
    assert len(office.rows(calls)) == len(FOUR), "one task a person, not one a failure"
    assert {row.cause for row in office.rows(alerts, closed_at=None)} >= {"channel:mail"}
