"""How the platform shows an account is kept: its name and verification with what is fetched anyway, and its loss only
by the platform's own word, twice, minutes apart."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawlers.failure import account_gone, classify
from crawlers.weibo.reader import read_timeline
from stream import appearance
from stream.appearance import Shown
from tests.crawlers.test_reader import WEIBO

HOME = "风林职业技术学院"


def _course(room: Any, account: str = "wb_main") -> list[tuple[Any, ...]]:
    with room.store.read() as conn:
        shown = appearance.courses(conn, "FL").get(account, [])
    return [(one.name, one.verified, bool(one.gone), one.looks) for one in shown]


def _lost(room: Any, account: str = "wb_main") -> bool:
    with room.store.read() as conn:
        row = appearance.newest(conn, "FL", account)
    return row is not None and bool(row.lost)


def test_the_sample_timeline_tells_name_and_verification_of_the_account_alone(samples: Path) -> None:
    answer = json.loads((samples / "weibo_v2_user_timeline.json").read_text())
    assert read_timeline(answer, WEIBO).shown == Shown("岚屿示范学院", True)
    assert read_timeline(answer, replace(WEIBO, native_id="9000000099")).shown is None, "another account's name"


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ({"id": 9000000001, "screen_name": " 新名\u202e ", "verified": False}, Shown("新名", False)),
        ({"id": "9000000001", "screen_name": "", "verified": "yes"}, Shown(None, None)),
        ({"id": 9000000001, "screen_name": "长" * 101}, Shown(None, None)),
        ({"id": 9000000002, "screen_name": "别人", "verified": True}, None),
        (9000000001, None),
    ],
)
def test_what_an_answer_does_not_say_plainly_is_not_told(samples: Path, user: Any, told: Shown | None) -> None:
    answer = json.loads((samples / "weibo_v2_user_timeline.json").read_text())
    answer["statuses"] = [row | {"user": user} for row in answer["statuses"]]
    assert read_timeline(answer, WEIBO).shown == told


def test_an_answer_that_says_two_names_at_once_tells_none(samples: Path) -> None:
    answer = json.loads((samples / "weibo_v2_user_timeline.json").read_text())
    answer["statuses"][0]["user"] = answer["statuses"][0]["user"] | {"screen_name": "另一个名"}
    assert read_timeline(answer, WEIBO).shown is None


@pytest.mark.parametrize(
    ("platform", "answer", "gone"),
    [
        ("weibo", {"error_code": "20003"}, True),
        ("weibo", {"error_code": 10013}, True),
        ("weibo", {"error_code": 20101}, False),
        ("weibo", {"error_code": 21327}, False),
        ("wechat", {"errcode": 50002}, True),
        ("wechat", {"errcode": 40013}, True),
        ("wechat", {"errcode": 48001}, False),
        ("wechat", {"errcode": 88001}, False),
    ],
)
def test_only_the_platforms_own_codes_say_that_an_account_is_gone(
    platform: str, answer: dict[str, Any], gone: bool
) -> None:
    verdict = classify(platform, json.dumps(answer).encode(), 400, "application/json")
    assert bool(account_gone(platform, verdict)) == gone
    assert not account_gone(platform, classify(platform, b"", 404, "text/html"))


def test_a_new_name_and_a_lost_verification_are_kept_with_before_and_after(room: Any) -> None:
    room.sandbox.post()
    room.look("timeline")
    room.look("timeline")
    assert _course(room) == [(HOME, True, False, 2)]
    room.sandbox.fault("account_renamed", to="风林校园资讯")
    room.look("timeline")
    room.sandbox.fault("account_unverified")
    room.look("timeline")
    assert _course(room) == [
        (HOME, True, False, 2), ("风林校园资讯", True, False, 1), ("风林校园资讯", False, False, 1),
    ]  # fmt: skip


def test_a_look_that_fails_or_shows_nothing_tells_nothing_of_the_account(room: Any) -> None:
    room.sandbox.post()
    room.look("timeline")
    for fault in ("server_error", "empty_body", "captcha_html", "soft_empty_page1", "token_ended"):
        room.sandbox.fault(fault)
        room.look("timeline")
        room.sandbox.calm()
    assert _course(room) == [(HOME, True, False, 1)]


@pytest.mark.parametrize(("key", "stream"), [("wb_main", "timeline"), ("wx_main", "articles")])
def test_an_account_is_gone_only_after_two_looks_minutes_apart(make_room: Any, key: str, stream: str) -> None:
    room = make_room(accounts=(key,))
    room.sandbox.post(account=key, title="通知")
    room.look(stream)
    room.sandbox.fault("account_gone", account=key)
    for _ in range(2):  # two looks at once are one
        room.look(stream)
        assert not _lost(room, key)
    assert "已被封停、注销" in room.source(stream).note
    due = room.source(stream).next_due
    assert room.source(stream).breaker_until is None
    room.sandbox.clock.set(due)
    room.tick()
    assert _lost(room, key)
    room.sandbox.fault("account_gone", account=key, restore=True)
    room.look(stream)
    assert not _lost(room, key)
    assert _course(room, key)[-1][2] is False


def test_one_answer_that_an_account_is_gone_between_healthy_ones_is_no_loss(room: Any) -> None:
    room.sandbox.post()
    for _ in range(3):
        room.sandbox.fault("account_gone")
        room.look("timeline")
        room.sandbox.fault("account_gone", restore=True)
        room.look("timeline")
        room.sandbox.forward(minutes=30)
        assert not _lost(room)


def test_a_wechat_token_that_is_refused_because_the_account_is_gone_says_so(make_room: Any) -> None:
    room = make_room(accounts=("wx_main",))
    room.sandbox.fault("account_gone", account="wx_main")
    room.look("articles")
    assert _course(room, "wx_main")[-1][2] is True


def test_a_post_that_is_gone_is_no_lost_account(room: Any) -> None:
    thread = str(room.sandbox.post()["thread"])
    room.look("timeline")
    room.sandbox.control("delete", thread=thread)
    room.look("show")
    assert _course(room) == [(HOME, True, False, 1)]


def test_how_long_the_platform_must_say_so_is_a_setting(make_room: Any) -> None:
    room = make_room(gone_after_minutes=30)
    room.sandbox.post()
    room.look("timeline")
    room.sandbox.fault("account_gone")
    room.look("timeline")
    assert room.source("timeline").next_due - room.now() == timedelta(minutes=36)
    for minutes, lost in ((10, False), (15, False), (10, True)):
        room.sandbox.forward(minutes=minutes)
        room.look("timeline")
        assert _lost(room) is lost
