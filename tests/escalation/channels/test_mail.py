"""Mail: the letter on the wire, and what a server's answer means by the step."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.headerregistry import Address
from typing import Any

import pytest

from escalation.channels import Fault, Message, Permanent, Transient, Unknown
from escalation.channels.letter import compose, is_address, message_id
from escalation.channels.mail import MailServer, Security
from escalation.channels.mail_answer import Step, judge

AT = datetime(2026, 11, 20, 8, 32, tzinfo=UTC)
FROM = Address("风信 风林职业技术学院", addr_spec="fengxin@example.edu.cn")
NOTICE = Message(
    "FX-1-03", "d-77", "luo@example.edu.cn", 2, "【Ⅱ级·重大】请签收" * 8, "正文", "<p>正文</p>", "http://x.cn/"
)


def read(raw: bytes) -> Any:
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_a_letter_reads_back_as_it_was_written() -> None:
    letter = read(compose(NOTICE, FROM, AT))
    assert letter["subject"] == NOTICE.subject
    assert letter["auto-submitted"] == "auto-generated"
    assert letter["to"] == NOTICE.to
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert letter.get_body(("plain",)).get_content().strip() == "正文"


def test_a_retry_carries_the_same_message_id_and_another_delivery_another() -> None:
    first, second = (read(compose(NOTICE, FROM, at)) for at in (AT, AT.replace(hour=9)))
    assert first["message-id"] == second["message-id"] == "<d-77@example.edu.cn>"
    odd = {message_id(name, "x.cn") for name in ("a b", "a\nb", "甲", "a" * 200, "a" * 201)}
    assert len(odd) == 5
    assert all(" " not in name and "\n" not in name for name in odd)


@pytest.mark.parametrize("subject", ["a\nBcc: x@y.cn", "a\rb", "a\x00b", "a\u2028b", "a\x85b"])
def test_a_line_break_in_a_header_is_refused(house: Any, subject: str) -> None:
    outcome = house.mail().send(replace(NOTICE, subject=subject))
    assert isinstance(outcome, Permanent)
    assert outcome.kind is Fault.CONTENT
    assert house.demo.mailbox.newest() == []


@pytest.mark.parametrize(
    "to", ["", "a", "a@b\r\nRCPT TO:<x@y.cn>", "a@b.cn,c@d.cn", "A <a@b.cn>", "罗@b.cn", "a b@c.cn"]
)
def test_what_is_no_single_address_is_a_bad_contact(house: Any, to: str) -> None:
    outcome = house.mail().send(replace(NOTICE, to=to))
    assert isinstance(outcome, Permanent)
    assert outcome.kind is Fault.CONTACT
    assert not is_address(to)


def test_a_repeated_mail_stands_once_with_its_count(house: Any) -> None:
    for _ in range(2):
        house.mail().send(NOTICE)
    [letter] = house.demo.mailbox.newest()
    assert letter.times == 2


def test_line_endings_in_the_body_start_no_second_mail(house: Any) -> None:
    """A15: neither a lone LF nor a lone CR around a dot ends the body early."""
    house.mail().send(replace(NOTICE, text="a\n.\nMAIL FROM:<x@y.cn>\r.\rb\r\n.\r\nRCPT TO:<x@y.cn>\n", html=None))
    [letter] = house.demo.mailbox.newest()
    assert letter.to == NOTICE.to
    assert "RCPT TO" in house.demo.mailbox.part(letter.id, "plain")


@pytest.mark.parametrize(
    ("step", "code", "text", "expected"),
    [
        (Step.RECIPIENT, 450, "4.2.0 greylisted", Transient),
        (Step.BODY, 452, "4.3.1 full", Transient),
        (Step.CONNECT, 421, "busy", Transient),
        (Step.BODY, 421, "closing", Transient),
        (Step.LOGIN, 454, "4.7.0 later", Transient),
        (Step.LOGIN, 535, "5.7.8 bad", Fault.CREDENTIAL),
        (Step.SENDER, 530, "5.7.0 login first", Fault.CREDENTIAL),
        (Step.SENDER, 553, "must equal authorized user", Fault.CREDENTIAL),
        (Step.SENDER, 552, "too big", Fault.CONTENT),
        (Step.RECIPIENT, 550, "5.1.1 unknown", Fault.CONTACT),
        (Step.RECIPIENT, 552, "5.2.2 mailbox full", Fault.CONTACT),
        (Step.RECIPIENT, 550, "5.7.1 relaying denied", Fault.CREDENTIAL),
        (Step.RECIPIENT, 554, "5.7.1 <a@b.cn>: Relay access denied", Fault.CREDENTIAL),
        (Step.RECIPIENT, 550, "5.7.1 Client was not authenticated", Fault.CREDENTIAL),
        (Step.RECIPIENT, 550, "5.7.1 recipient takes internal mail only", Fault.CONTACT),
        (Step.RECIPIENT, 550, "5.7.1 拒收：收件人不接收外部邮件", Fault.CONTACT),
        (Step.RECIPIENT, 550, "5.7.133 sender not in the list of the group", Fault.CONTACT),
        (Step.RECIPIENT, 550, "5.4.5 daily quota", Fault.QUOTA),
        (Step.BODY, 552, "too big", Fault.CONTENT),
        (Step.BODY, 554, "DT:SPM", Fault.CONTENT),
        (Step.CONNECT, 554, "no service for you", Fault.CREDENTIAL),
        (Step.BODY, -1, "garbage", Unknown),
        (Step.DATA, -1, "garbage", Transient),
    ],
)
def test_an_answer_means_what_its_step_says(step: Step, code: int, text: str, expected: object) -> None:
    outcome = judge(step, code, text)
    assert (outcome.kind if isinstance(outcome, Permanent) else type(outcome)) == expected
    assert str(code) in outcome.reason or code == -1  # type: ignore[union-attr]


def test_a_server_cannot_write_control_characters_into_a_reason() -> None:
    outcome = judge(Step.BODY, 554, "\x1b[31mred\r\nfake line \u202e" + "x" * 1000)
    assert isinstance(outcome, Permanent)
    assert outcome.reason.isprintable()
    assert len(outcome.reason) < 300


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "mail.example.edu.cn"},
        {"sender": "nobody"},
        {"user": "u", "password": ""},
        {"password": "授权码"},
        {"sender_name": "a\nb"},
    ],
)
def test_a_server_that_cannot_work_is_refused_with_a_sentence(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"host": "127.0.0.1", "port": 25, "security": Security.PLAIN, "sender": "f@example.edu.cn"}
    with pytest.raises(ValueError, match=r"请|不能"):
        MailServer(**(right | wrong))
    MailServer(**right)
