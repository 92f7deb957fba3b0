"""The group robot: errcodes, its own allowance, and text that calls nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.channels import Accepted, Fault, Message, Permanent, RateLimited, Transient, Unknown
from escalation.channels.bucket import LIMIT, RESERVE, Bucket, Hold
from escalation.channels.robot_answer import judge
from escalation.channels.robot_text import TEXT_BYTES, payload
from escalation.channels.wecom import RobotAddress

NOW = datetime(2026, 11, 20, 8, 32, tzinfo=UTC)
URL = "https://fengxin.example.edu.cn/r/7Qm2"


def note(text: str, mention: tuple[str, ...] = (), level: int = 2, url: str = URL) -> Message:
    return Message("FX-1-03", "d-1", "值班群", level, "", text, None, url, mention)


def content(message: Message) -> str:
    body: Any = payload(message)
    return str(body["text"]["content"])


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"errcode": 0, "errmsg": "anything"}, Accepted),
        (200, {"errcode": 45009, "errmsg": "ok"}, RateLimited),
        (200, {"errcode": 93000, "errmsg": "ok"}, Fault.CREDENTIAL),
        (200, {"errcode": 40058, "errmsg": "ok"}, Fault.CONTENT),
        (200, {"errcode": -1, "errmsg": "ok"}, Transient),
        (200, {"errcode": 123456}, Fault.CONTENT),
        (200, {"errmsg": "ok"}, Unknown),
        (200, {"errcode": "0"}, Unknown),
        (200, {"errcode": False}, Unknown),
        (200, [0], Unknown),
        (429, {}, RateLimited),
        (502, {"errcode": 0}, Transient),
        (302, {}, Fault.CREDENTIAL),
        (404, {}, Fault.CREDENTIAL),
    ],
)
def test_the_errcode_decides_and_never_the_errmsg(status: int, body: Any, expected: object) -> None:
    outcome = judge(status, json.dumps(body).encode())
    assert (outcome.kind if isinstance(outcome, Permanent) else type(outcome)) == expected


def test_an_answer_nested_too_deep_is_unknown() -> None:
    assert isinstance(judge(200, b"[" * 100_000), Unknown)


@pytest.mark.parametrize(
    "attack",
    ["<@all>", "<@userid>", "@所有人", "@all", "[点我](http://evil.com)", '<font color="warning">红</font>',
     "http://evil.com/x", "HTTPS://EVIL.COM", "www.evil.com", "evil.com", "javascript:alert(1)", "&lt;@all&gt;"],
)  # fmt: skip
def test_content_can_neither_call_nor_link_nor_colour(attack: str) -> None:
    """A2."""
    body: Any = payload(note(f"标题 {attack}\n{URL}"))
    shown = body["text"]["content"].replace(URL, "")
    assert not set("<>@[]&") & set(shown)
    assert "://" not in shown
    assert "javascript:" not in shown
    assert ".com" not in shown.lower()
    assert body["text"]["content"].count(URL) == 1
    assert "mentioned_list" not in body["text"]


@given(st.text(max_size=3000))
def test_any_text_fits_and_keeps_its_link(text: str) -> None:
    shown = content(note(text))
    assert len(shown.encode("utf-8")) <= TEXT_BYTES
    assert URL in shown
    assert "@" not in shown


def test_a_long_text_is_cut_on_a_character_with_a_mark() -> None:
    shown = content(note("一" * 500_000 + URL))
    assert shown.endswith(f"（已截断）\n{URL}")
    assert TEXT_BYTES - 6 < len(shown.encode("utf-8")) <= TEXT_BYTES


def test_mentions_stand_in_their_own_lists() -> None:
    body: Any = payload(note("a", ("luo", "13800000000")))
    assert body["text"]["mentioned_list"] == ["luo"]
    assert body["text"]["mentioned_mobile_list"] == ["13800000000"]


def test_the_last_places_of_a_minute_are_kept_for_grave_levels() -> None:
    bucket = Bucket()
    for _ in range(LIMIT - RESERVE):
        bucket, wait = bucket.take(NOW, 4)
        assert wait is None
    _, wait = bucket.take(NOW + timedelta(seconds=10), 3)
    assert wait == Hold(timedelta(seconds=50))
    for _ in range(RESERVE):
        bucket, wait = bucket.take(NOW + timedelta(seconds=20), 1)
        assert wait is None
    _, wait = bucket.take(NOW + timedelta(seconds=20), 1)
    assert wait == Hold(timedelta(seconds=40))


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 4)), max_size=120))
def test_no_minute_ever_carries_more_than_the_allowance(asked: list[tuple[int, int]]) -> None:
    bucket, sent = Bucket(), []
    for second, level in sorted(asked):
        at = NOW + timedelta(seconds=second)
        bucket, wait = bucket.take(at, level)
        if wait is None:
            sent.append(at)
        else:
            assert timedelta(0) < wait.wait <= timedelta(seconds=60)
    assert all(sum(at <= one < at + timedelta(seconds=60) for one in sent) <= LIMIT for at in sent)


def test_a_clock_set_back_does_not_close_the_robot() -> None:
    assert Bucket((NOW,) * LIMIT).take(NOW - timedelta(hours=1), 1)[1] is None


def test_the_own_allowance_stops_before_the_vendor_does(house: Any) -> None:
    robot = house.robot()
    outcomes = [robot.send(note(f"第 {n} 条", level=1)) for n in range(LIMIT + 1)]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes[:-1])
    last = outcomes[-1]
    assert isinstance(last, RateLimited)
    assert timedelta(0) < last.retry_after <= timedelta(seconds=60)
    assert len(house.demo.group.newest()) == LIMIT


@pytest.mark.parametrize(
    ("key", "base"),
    [("", "https://qyapi.weixin.qq.com"), ("短", "https://qyapi.weixin.qq.com"), ("a" * 20 + "&x=1", "https://a.cn"),
     ("a" * 20, "http://qyapi.weixin.qq.com"), ("a" * 20, "file:///etc/passwd"), ("a" * 20, "https://")],
)  # fmt: skip
def test_an_address_that_cannot_work_is_refused_with_a_sentence(key: str, base: str) -> None:
    with pytest.raises(ValueError, match="企业微信") as refused:
        RobotAddress("值班群", key, base)
    assert not key or key not in str(refused.value)
