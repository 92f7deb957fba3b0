"""The 飞书 robot: key and message of the signature are swapped, and full and half hours are avoided."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.channels import Accepted, Fault, Message, Permanent, RateLimited, Transient, Unknown
from escalation.channels.exchange import Answer
from escalation.channels.feishu import BUSY_FOR, SPREAD_SECONDS, FeishuRobot, busy, judge, sign

NOW = datetime(2026, 11, 20, 8, 32, 10, tzinfo=UTC)
URL = "https://fengxin.example.edu.cn/incidents/FX-2026-0001"


def note(text: str = "请处理", level: int = 2, delivery: str = "d-1") -> Message:
    return Message("FX-1-03", delivery, "飞书值班群", level, "", text, None, URL)


def test_the_signature_is_the_one_that_other_hands_computed() -> None:
    """By `openssl dgst -sha256 -mac HMAC -macopt hexkey:… -binary` of nothing; key: stamp, break, secret."""
    assert sign("feishu-secret-1", 1700000000) == "O+NhcBzGQTPcmDxsV+GPHkM1FmChG6fUDNuJCOKB2pM="


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"code": 0, "msg": "failed"}, 200, Accepted),
        ({"StatusCode": 0, "StatusMessage": "success"}, 200, Accepted),
        ({"code": 19021, "StatusCode": 0, "msg": "success"}, 200, Fault.CREDENTIAL),
        ({"code": 19001}, 200, Fault.CREDENTIAL),
        ({"code": 19022}, 200, Fault.CREDENTIAL),
        ({"code": 19024}, 400, Fault.CREDENTIAL),
        ({"code": 11232}, 200, RateLimited),
        ({"code": 230020}, 400, RateLimited),
        ({"code": 9499}, 400, Fault.CONTENT),
        ({"code": 987654}, 200, Fault.CONTENT),
        ({"msg": "success"}, 200, Unknown),
        ({"code": "0"}, 200, Unknown),
        ({"code": 0}, 502, Transient),
        ({"code": 0}, 429, RateLimited),
        ({}, 302, Fault.CREDENTIAL),
        ({}, 404, Fault.CREDENTIAL),
    ],
)
def test_the_code_decides_and_never_the_words(body: Any, status: int, expected: object) -> None:
    outcome = judge(Answer(status, json.dumps(body).encode(), {}))
    assert (outcome.kind if isinstance(outcome, Permanent) else type(outcome)) == expected


def test_the_code_and_the_log_id_of_the_vendor_are_kept() -> None:
    outcome = judge(Answer(200, b'{"code": 11232}', {"x-tt-logid": "0217-ab"}))
    assert outcome.answer == "11232 · 0217-ab"


def test_a_wrong_secret_or_a_clock_an_hour_off_is_a_credential_fault(house: Any) -> None:
    for robot in (house.feishu(secret="wrong-secret"), house.feishu(now=lambda: NOW)):
        outcome = robot.send(note())
        assert isinstance(outcome, Permanent)
        assert outcome.kind is Fault.CREDENTIAL
        assert outcome.answer.startswith("19021 · ")


@pytest.mark.parametrize("at", [(0, 0), (0, 29), (30, 0), (30, 12)])
def test_what_can_wait_avoids_the_full_and_half_hours(house: Any, at: tuple[int, int]) -> None:
    clock = [NOW.replace(minute=at[0], second=at[1])]
    house.demo.ledger.now = lambda: clock[0]
    robot = house.feishu(now=lambda: clock[0])
    held = robot.send(note(level=3))
    assert isinstance(held, RateLimited)
    assert held.retry_after <= BUSY_FOR + timedelta(seconds=SPREAD_SECONDS)
    assert isinstance(robot.send(note(level=2)), Accepted), "what is grave does not wait"
    clock[0] += held.retry_after
    assert isinstance(robot.send(note(level=3)), Accepted)


@given(st.integers(0, 3599), st.text(max_size=20))
def test_a_wait_always_ends_past_the_busy_half_minute(second: int, delivery: str) -> None:
    now = NOW.replace(minute=0, second=0) + timedelta(seconds=second)
    wait = busy(now, delivery)
    assert (wait is None) == (second % 1800 >= 30)
    if wait is not None:
        assert busy(now + wait, delivery) is None


def test_deliveries_held_at_an_hour_come_back_apart(house: Any) -> None:
    now = NOW.replace(minute=0, second=0)
    waits = {busy(now, f"d-{n}") for n in range(40)}
    assert len(waits) > 8


def test_four_a_second_and_a_reserve_for_grave_levels(house: Any) -> None:
    house.demo.ledger.now = lambda: NOW
    robot = house.feishu(now=lambda: NOW)
    light = [type(robot.send(note(f"{n}", level=3))) for n in range(4)]
    assert light == [Accepted, Accepted, Accepted, RateLimited]
    assert isinstance(robot.send(note(level=1)), Accepted)
    held = robot.send(note(level=1))
    assert isinstance(held, RateLimited)
    assert held.retry_after == timedelta(seconds=1)
    assert len(house.demo.ledger.newest("feishu")) == 4


@pytest.mark.parametrize("attack", ['<at user_id="all">所有人</at>', "@所有人", "[点我](http://evil.com)"])
def test_content_can_neither_call_nor_link(house: Any, attack: str) -> None:
    assert isinstance(house.feishu().send(replace(note(f"标题 {attack} {URL}"))), Accepted)
    shown = house.demo.ledger.newest("feishu")[0].content
    assert shown.count(URL) == 1
    assert not set("<>@[]") & set(shown)
    assert "://" not in shown.replace(URL, "")


@pytest.mark.parametrize(
    ("hook", "secret", "base"),
    [("https://x/y", "s" * 20, "https://a.cn"), ("h" * 20, "", "https://a.cn"), ("h" * 20, "s" * 20, "ftp://a.cn"),
     ("../../admin", "s" * 20, "https://a.cn")],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_without_the_secrets(hook: str, secret: str, base: str) -> None:
    with pytest.raises(ValueError, match="飞书") as refused:
        FeishuRobot("群", hook, secret, base)
    assert hook not in str(refused.value)
    assert not secret or secret not in str(refused.value)
