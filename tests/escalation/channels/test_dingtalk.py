"""The 钉钉 robot: its signature, its minute, the ten minutes of punishment, and text that calls nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.channels import Accepted, Fault, Message, Permanent, RateLimited, Transient, Unknown
from escalation.channels.dingtalk import PUNISHED, TEXT_BYTES, DingtalkRobot, judge, payload, sign
from escalation.channels.exchange import Answer, encoded
from escalation.channels.sandbox import Fault as Trouble

NOW = datetime(2026, 11, 20, 8, 32, tzinfo=UTC)
URL = "https://fengxin.example.edu.cn/incidents/FX-2026-0001"


def note(text: str, mention: tuple[str, ...] = (), level: int = 2) -> Message:
    return Message("FX-1-03", "d-1", "钉钉值班群", level, "", text, None, URL, mention)


def test_the_signature_is_the_one_that_other_hands_computed() -> None:
    """By `printf '%s\\n%s' 1700000000000 SECtest0001 | openssl dgst -sha256 -hmac SECtest0001 -binary | base64`."""
    assert sign("SECtest0001", 1700000000000) == "iK9eW9jtGBT4TttaiEbfCz5U5QFsyS/Rb/r8GW+V/x4="
    assert sign("SECtest0001", 1700000000001) != sign("SECtest0001", 1700000000000)


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"errcode": 0, "errmsg": "send too fast"}, 200, Accepted),
        ({"errcode": 130101, "status": 1111, "wait": 5, "errmsg": "ok"}, 200, RateLimited),
        ({"errcode": 90030, "errmsg": "ok"}, 200, RateLimited),
        ({"errcode": 310000, "errmsg": "ok"}, 200, Fault.CREDENTIAL),
        ({"errcode": 300001, "errmsg": "ok"}, 200, Fault.CREDENTIAL),
        ({"errcode": 430102, "errmsg": "ok"}, 200, Fault.CONTENT),
        ({"errcode": 777777, "errmsg": "ok"}, 200, Fault.CONTENT),
        ({"errcode": -1}, 200, Transient),
        ({"errmsg": "ok"}, 200, Unknown),
        ({"errcode": "0"}, 200, Unknown),
        ({"errcode": 0}, 503, Transient),
        ({"errcode": 0}, 302, Fault.CREDENTIAL),
        ({}, 429, RateLimited),
    ],
)
def test_the_errcode_decides_and_stands_in_the_answer(body: Any, status: int, expected: object) -> None:
    outcome = judge(Answer(status, json.dumps(body).encode(), {}))
    assert (outcome.kind if isinstance(outcome, Permanent) else type(outcome)) == expected
    code = body.get("errcode")
    wanted = str(code) if status == 200 and isinstance(code, int) else f"HTTP {status}"
    assert outcome.answer == wanted


def test_a_wrong_secret_or_a_clock_an_hour_off_is_a_credential_fault(house: Any) -> None:
    for robot in (house.dingtalk(secret="SECwrong-0001"), house.dingtalk(now=lambda: NOW)):
        outcome = robot.send(note("请处理"))
        assert isinstance(outcome, Permanent)
        assert outcome.kind is Fault.CREDENTIAL
        assert "加签密钥与本机时间" in outcome.reason


def test_the_own_allowance_ends_before_the_vendor_punishes(house: Any) -> None:
    clock = [NOW]
    house.demo.ledger.now = lambda: clock[0]
    robot = house.dingtalk(now=lambda: clock[0])
    outcomes = [robot.send(note(f"第 {n} 条", level=1)) for n in range(25)]
    assert sum(isinstance(one, Accepted) for one in outcomes) == 18
    assert house.demo.dingtalk.punished is None
    clock[0] += timedelta(seconds=61)
    grades = [type(robot.send(note(f"轻 {n}", level=3))) for n in range(15)]
    assert grades == [Accepted] * 14 + [RateLimited]
    assert isinstance(robot.send(note("重大", level=2)), Accepted), "four places are kept for grave levels"


def test_who_is_punished_keeps_still_for_ten_minutes(house: Any) -> None:
    clock = [NOW]
    house.demo.ledger.now = lambda: clock[0]
    robot = house.dingtalk(now=lambda: clock[0])
    house.demo.faults.set("dingtalk", Trouble("130101", times=1))
    outcome = robot.send(note("一"))
    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after == PUNISHED
    clock[0] += timedelta(minutes=4)
    held = robot.send(note("二", level=1))
    assert isinstance(held, RateLimited)
    assert held.retry_after == timedelta(minutes=6)
    assert house.demo.ledger.newest("dingtalk") == [], "nothing was even tried"
    clock[0] += timedelta(minutes=6)
    assert isinstance(robot.send(note("三")), Accepted)


def test_the_demo_punishes_who_sends_twenty_one(house: Any) -> None:
    """The fake is as strict as the vendor: two processes with an allowance each would be caught here."""
    clock = [NOW]
    house.demo.ledger.now = lambda: clock[0]
    first, second = house.dingtalk(now=lambda: clock[0]), house.dingtalk(now=lambda: clock[0])
    outcomes = [robot.send(note("多", level=1)) for robot in (first, second) for _ in range(15)]
    assert sum(isinstance(one, Accepted) for one in outcomes) == 20
    assert house.demo.dingtalk.punished == NOW


def test_mentions_stand_in_their_lists_and_in_the_text(house: Any) -> None:
    body: Any = payload(note("请处理", ("13800000000", "luo")))
    assert body["at"] == {"atMobiles": ["13800000000"], "atUserIds": ["luo"], "isAtAll": False}
    assert body["text"]["content"].endswith("\n@13800000000\n@luo")
    assert isinstance(house.dingtalk().send(note("请处理", ("13800000000",))), Accepted)
    assert house.demo.ledger.newest("dingtalk")[0].to == "13800000000"


@pytest.mark.parametrize(
    "attack", ["@所有人", "@all", "@13800000000", "[点我](http://evil.com)", "![](http://evil.com/a)"]
)
def test_content_can_neither_call_nor_link(attack: str) -> None:
    body: Any = payload(note(f"标题 {attack}"))
    shown = body["text"]["content"].replace(URL, "")
    assert not set("@[]<>") & set(shown)
    assert "://" not in shown
    assert body["at"] == {"atMobiles": [], "atUserIds": [], "isAtAll": False}


@given(st.text(max_size=6000))
def test_any_text_fits_the_body_and_keeps_its_link(text: str) -> None:
    body: Any = payload(note(text))
    assert len(body["text"]["content"].encode()) <= TEXT_BYTES
    assert len(encoded(body)) < 20_000
    assert URL in body["text"]["content"]


@pytest.mark.parametrize(
    ("token", "secret", "base"),
    [("", "SECabcdefgh", "https://a.cn"), ("t" * 20, "no-sec-here", "https://a.cn"),
     ("t" * 20, "SECabcdefgh", "http://a.cn"), ("t&x=1" * 4, "SECabcdefgh", "https://a.cn")],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_without_the_secrets(token: str, secret: str, base: str) -> None:
    with pytest.raises(ValueError, match="钉钉") as refused:
        DingtalkRobot("群", token, secret, base)
    assert secret not in str(refused.value)
    assert not token or token not in str(refused.value)
