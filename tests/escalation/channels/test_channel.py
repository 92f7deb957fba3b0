"""The contract of the port, held by every transport against real sockets."""

from __future__ import annotations

import logging
import socket
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from escalation.channels import Accepted, Channel, Fault, Message, Outcome, Permanent, RateLimited, Transient, Unknown
from escalation.channels.mail import Mail, MailServer, Security
from escalation.channels.sandbox import Fault as Trouble
from escalation.channels.wecom import Robot, RobotAddress

NOTICE = Message(
    "FX-2026-0147-03", "d-77", "luo@example.edu.cn", 2, "【Ⅱ级·重大】请签收（FX-2026-0147 首报）", "请签收 http://x.cn/r/1",
    "<p>请签收</p>", "http://x.cn/r/1",
)  # fmt: skip
SECRETS = ("app-password-9f", "11111111-2222-3333")
WAYS = ("mail", "robot")


def kind_of(outcome: Outcome) -> type | tuple[type, Fault]:
    return (Permanent, outcome.kind) if isinstance(outcome, Permanent) else type(outcome)


@pytest.mark.parametrize("way", WAYS)
def test_a_notice_is_accepted_and_seen_once(house: Any, way: str) -> None:
    assert isinstance(getattr(house, way)().send(NOTICE), Accepted)
    assert len(house.demo.mailbox.newest()) + len(house.demo.group.newest()) == 1


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
    ],
)
def test_each_fault_has_its_outcome_in_bounded_time(house: Any, way: str, trouble: str, expected: object) -> None:
    house.demo.faults.set("smtp" if way == "mail" else "robot", Trouble(trouble, times=1))
    channel: Channel = getattr(house, way)()
    begun = time.monotonic()
    outcome = channel.send(NOTICE)
    assert kind_of(outcome) == expected
    assert time.monotonic() - begun < 2
    assert outcome.reason.endswith("。")  # type: ignore[union-attr]
    assert not any(secret in repr(outcome) for secret in SECRETS)
    assert isinstance(channel.send(NOTICE), Accepted), "the fault was lifted, so the next attempt goes through"


def channel_to(way: str, port: int) -> Channel:
    if way == "mail":
        return Mail(MailServer("127.0.0.1", port, Security.PLAIN, "f@example.edu.cn", total_seconds=0.5))
    return Robot(RobotAddress("值班群", "11111111-2222-3333", f"http://127.0.0.1:{port}", total_seconds=0.5))


@pytest.mark.parametrize("way", WAYS)
def test_nobody_listening_is_transient(way: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert isinstance(channel_to(way, port).send(NOTICE), Transient)


@pytest.mark.parametrize(("way", "expected"), [("mail", Transient), ("robot", Unknown)])
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
        assert isinstance(channel_to(way, server.getsockname()[1]).send(NOTICE), expected)
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_reaches_a_log_line_or_repr(house: Any, way: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    channel = getattr(house, way)()
    channel.send(NOTICE)
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
    channel = house.mail(total_seconds=8.0) if way == "mail" else house.robot(total=8.0)
    for text in ("", "\ud800", "\x00\x1b[31m", "\r\n.\r\nMAIL FROM:<x@y.cn>\r\n", "长" * 300_000):
        outcome = channel.send(replace(NOTICE, text=text, html=text))
        assert isinstance(outcome, Accepted | Permanent)
