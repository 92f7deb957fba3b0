"""The contract of the port, held by every transport against real sockets."""

from __future__ import annotations

import logging
import socket
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from escalation.channels import (
    Accepted,
    Channel,
    Fault,
    Message,
    Outcome,
    Partial,
    Permanent,
    RateLimited,
    Transient,
    Unknown,
)
from escalation.channels.dingtalk import Dingtalk, DingtalkRobot
from escalation.channels.feishu import Feishu, FeishuRobot
from escalation.channels.mail import Mail, MailServer, Security
from escalation.channels.sandbox import Fault as Trouble
from escalation.channels.sandbox.aliyun import SIGNED_WITH as SMS_SECRET
from escalation.channels.sandbox.dingtalk import SIGNED_WITH
from escalation.channels.sandbox.hook import SIGNED_WITH as HOOK_SECRET
from escalation.channels.sms import Sms, SmsAccount
from escalation.channels.webhook import Hook, Webhook
from escalation.channels.wecom import Robot, RobotAddress
from escalation.channels.wecom_app import App, Application

NOTICE = Message(
    "FX-2026-0147-03", "d-77", "luo@example.edu.cn", 2, "【Ⅱ级·重大】请签收（FX-2026-0147 首报）", "请签收 http://x.cn/r/1",
    "<p>请签收</p>", "http://x.cn/r/1",
)  # fmt: skip
SECRETS = ("app-password-9f", "11111111-2222-3333", "app-secret-7c1d", "token-55aa66bb", "SEC-sandbox-not-a-secret",
           "hook-77cc88dd", "feishu-sandbox-not-a-secret", HOOK_SECRET, SMS_SECRET)  # fmt: skip
WAYS = ("mail", "robot", "app", "dingtalk", "feishu", "webhook", "sms")
PLACES = {"mail": "smtp"}
TO = {"app": "luowen", "sms": "138 0000 0000"}


def notice_for(way: str) -> Message:
    return replace(NOTICE, to=TO.get(way, NOTICE.to))


def kind_of(outcome: Outcome) -> type | tuple[type, Fault]:
    return (Permanent, outcome.kind) if isinstance(outcome, Permanent) else type(outcome)


@pytest.mark.parametrize("way", WAYS)
def test_a_notice_is_accepted_and_seen_once(house: Any, way: str) -> None:
    assert isinstance(getattr(house, way)().send(notice_for(way)), Accepted)
    demo = house.demo
    assert len(demo.mailbox.newest()) + len(demo.group.newest()) + len(demo.ledger.newest()) == 1


@pytest.mark.parametrize(
    ("way", "trouble", "expected"),
    [
        ("mail", "greylist", Transient),
        ("mail", "credential", (Permanent, Fault.CREDENTIAL)),
        ("mail", "refuse", (Permanent, Fault.CONTACT)),
        ("mail", "content", (Permanent, Fault.CONTENT)),
        ("mail", "hang", Unknown),
        ("mail", "drop", Unknown),
        ("robot", "45009", RateLimited),
        ("robot", "93000", (Permanent, Fault.CREDENTIAL)),
        ("robot", "-1", Transient),
        ("robot", "429", RateLimited),
        ("robot", "500", Transient),
        ("robot", "timeout", Unknown),
        ("robot", "garbage", Unknown),
        ("app", "42001", Accepted),
        ("app", "45009", RateLimited),
        ("app", "60020", (Permanent, Fault.CREDENTIAL)),
        ("app", "40001", (Permanent, Fault.CREDENTIAL)),
        ("app", "81013", (Permanent, Fault.CONTACT)),
        ("app", "invaliduser", Partial),
        ("app", "-1", Transient),
        ("app", "429", RateLimited),
        ("app", "500", Transient),
        ("webhook", "302", (Permanent, Fault.CREDENTIAL)),
        ("webhook", "401", (Permanent, Fault.CREDENTIAL)),
        ("webhook", "404", (Permanent, Fault.CREDENTIAL)),
        ("webhook", "422", (Permanent, Fault.CONTENT)),
        ("webhook", "503", Transient),
        ("webhook", "429", RateLimited),
        ("webhook", "500", Transient),
        ("webhook", "timeout", Unknown),
        ("sms", "isv.BUSINESS_LIMIT_CONTROL", RateLimited),
        ("sms", "isv.OUT_OF_SERVICE", (Permanent, Fault.QUOTA)),
        ("sms", "isv.MOBILE_NUMBER_ILLEGAL", (Permanent, Fault.CONTACT)),
        ("sms", "isv.SMS_TEMPLATE_ILLEGAL", (Permanent, Fault.CREDENTIAL)),
        ("sms", "isv.PARAM_NOT_SUPPORT_URL", (Permanent, Fault.CONTENT)),
        ("sms", "isp.SYSTEM_ERROR", Unknown),
        ("sms", "429", RateLimited),
        ("sms", "500", Unknown),
        ("sms", "timeout", Unknown),
        ("sms", "garbage", Unknown),
        ("feishu", "19021", (Permanent, Fault.CREDENTIAL)),
        ("feishu", "19024", (Permanent, Fault.CREDENTIAL)),
        ("feishu", "11232", RateLimited),
        ("feishu", "9499", (Permanent, Fault.CONTENT)),
        ("feishu", "429", RateLimited),
        ("feishu", "500", Transient),
        ("feishu", "timeout", Unknown),
        ("feishu", "garbage", Unknown),
        ("dingtalk", "310000", (Permanent, Fault.CREDENTIAL)),
        ("dingtalk", "300001", (Permanent, Fault.CREDENTIAL)),
        ("dingtalk", "430102", (Permanent, Fault.CONTENT)),
        ("dingtalk", "-1", Transient),
        ("dingtalk", "429", RateLimited),
        ("dingtalk", "500", Transient),
        ("dingtalk", "timeout", Unknown),
        ("dingtalk", "garbage", Unknown),
    ],
)
def test_each_fault_has_its_outcome_in_bounded_time(house: Any, way: str, trouble: str, expected: object) -> None:
    house.demo.faults.set(PLACES.get(way, way), Trouble(trouble, times=1))
    channel: Channel = getattr(house, way)()
    begun = time.monotonic()
    outcome = channel.send(notice_for(way))
    assert kind_of(outcome) == expected
    assert time.monotonic() - begun < 2
    assert isinstance(outcome, Accepted | Partial) or outcome.reason.endswith("。")
    assert not any(secret in repr(outcome) for secret in SECRETS)
    assert isinstance(channel.send(notice_for(way)), Accepted), "the fault was lifted: the next attempt goes through"


def channel_to(way: str, port: int) -> Channel:
    if way == "mail":
        return Mail(MailServer("127.0.0.1", port, Security.PLAIN, "f@example.edu.cn", total_seconds=0.5))
    base = f"http://127.0.0.1:{port}"
    if way == "dingtalk":
        return Dingtalk(DingtalkRobot("群", "token-55aa66bb", SIGNED_WITH, base, total_seconds=0.5))
    if way == "webhook":
        return Webhook(Hook("校内系统", f"{base}/hook", HOOK_SECRET, True, total_seconds=0.5))
    if way == "sms":
        return Sms(SmsAccount("key-id-0001", SMS_SECRET, "风林学院", "SMS_1", base=base, total_seconds=0.5))
    if way == "feishu":
        return Feishu(FeishuRobot("群", "hook-77cc88dd", "secret-of-feishu", base, total_seconds=0.5))
    if way == "app":
        return App(Application("ww-corp-1", 1000002, "app-secret-7c1d", base, total_seconds=0.5))
    return Robot(RobotAddress("值班群", "11111111-2222-3333", base, total_seconds=0.5))


@pytest.mark.parametrize("way", WAYS)
def test_nobody_listening_is_transient(way: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert isinstance(channel_to(way, port).send(notice_for(way)), Transient)


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("mail", Transient),
        ("robot", Unknown),
        ("dingtalk", Unknown),
        ("feishu", Unknown),
        ("webhook", Unknown),
        ("sms", Unknown),
        ("app", Transient),
    ],
)
def test_a_peer_that_drips_bytes_cannot_hold_the_sender(way: str, expected: type) -> None:
    """Each byte renews a socket's own time limit; only the cutoff ends this."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            line, _ = server.accept()
            with line:
                try:
                    for letter in b"220-" + b"x" * 400 if way == "mail" else b"HTTP/1.1 200 OK\r\nX: " + b"x" * 400:
                        line.sendall(bytes([letter]))
                        time.sleep(0.02)
                except OSError:
                    return

        threading.Thread(target=drip, daemon=True).start()
        begun = time.monotonic()
        assert isinstance(channel_to(way, server.getsockname()[1]).send(notice_for(way)), expected)
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_reaches_a_log_line_or_repr(house: Any, way: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    channel = getattr(house, way)()
    channel.send(notice_for(way))
    channel.probe()
    shown = caplog.text + repr(vars(channel))
    assert not any(secret in shown for secret in SECRETS)


def test_a_mail_probe_tells_nobody_and_a_robot_probe_is_marked(house: Any) -> None:
    assert house.mail().probe() == Accepted("")
    assert house.demo.mailbox.newest() == []
    assert house.robot().probe() == Accepted("")
    assert "测试" in house.demo.group.newest()[0].content


@pytest.mark.parametrize("way", WAYS)
def test_odd_text_never_raises(house: Any, way: str) -> None:
    for text in ("", "\ud800", "\x00\x1b[31m", "\r\n.\r\nMAIL FROM:<x@y.cn>\r\n", "长" * 300_000):
        channel = house.mail(total_seconds=8.0) if way == "mail" else getattr(house, way)(total=8.0)
        outcome = channel.send(replace(notice_for(way), text=text, html=text))
        assert isinstance(outcome, Accepted | Permanent)


@pytest.mark.parametrize("way", WAYS)
def test_what_the_vendor_said_is_kept_for_the_log(house: Any, way: str) -> None:
    outcome = getattr(house, way)().send(notice_for(way))
    assert outcome.answer
    assert outcome.answer.partition(" ")[0] in ("250", "0", "OK", "200")
