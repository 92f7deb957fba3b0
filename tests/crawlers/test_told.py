"""What the crawls meet is told: alerts of quota, doubt and clock; slower after "too often"; figures without history."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from crawlers import schedule
from crawlers.crawl import CLOCK, QUOTA_LEFT, TOKEN_LEFT
from crawlers.downloading import clock_off
from escalation import alert, sight

MINUTE = timedelta(minutes=1)


def _ringing(room: Any) -> dict[str, str]:
    with room.store.write() as conn:
        sight.look(conn, "FL", room.now())
        found = {one.cause: one.words for one in alert.ringing(conn, "FL")}
    return {cause: words for cause, words in found.items() if not cause.startswith("blind:")}


def _ready(room: Any, comments: int = 3) -> str:
    thread = str(room.sandbox.post()["thread"])
    for n in range(comments):
        room.sandbox.comment(thread, f"第{n}条评论，谢谢")
    for stream in ("timeline", "to_me", "show"):
        room.look(stream)
    return thread


def test_forty_percent_vanishing_at_once_ring_at_the_desk(room: Any) -> None:
    _ready(room, 40)
    assert _ringing(room) == {}
    room.sandbox.fault("mass_vanish", path="show", share=0.4)
    room.look("show")
    assert "疑为平台返回不全" in _ringing(room)["suspect:wb_main"]
    room.sandbox.calm()
    room.sandbox.forward(minutes=20)
    room.look("show")
    assert _ringing(room) == {}


@pytest.mark.parametrize("fault", ["quota_spent", "quota_hour"])
def test_a_quota_that_ends_at_noon_rings_at_the_desk_until_it_is_back(make_room: Any, fault: str) -> None:
    room = make_room(per_day=100, quota=100)
    _ready(room)
    room.sandbox.fault(fault, times=1)
    room.look("to_me")
    assert "接口额度已用完" in _ringing(room)["quota:wb_main"]
    room.sandbox.clock.set(room.source("to_me").next_due + MINUTE)
    room.look("to_me")
    assert _ringing(room) == {}


@pytest.mark.parametrize(("seconds", "words"), [(180, "相差 180 秒（本机偏慢）"), (-90, "相差 90 秒（本机偏快）")])
def test_a_clock_that_is_off_is_noted_rung_and_shown(room: Any, seconds: int, words: str) -> None:
    _ready(room)
    assert _ringing(room) == {}
    room.sandbox.fault("clock_off", seconds=seconds)
    room.look("to_me")
    assert words in room.source("to_me").note
    assert words in _ringing(room)["clock"]
    shown = REGISTRY.get_sample_value("fengxin_crawl_clock_off_seconds", {"platform": "weibo"})
    assert shown == pytest.approx(seconds, abs=2)
    room.sandbox.fault("clock_off", seconds=50)
    room.look("to_me")
    assert room.source("to_me").note == ""
    assert _ringing(room) == {}


@pytest.mark.parametrize("date", [None, b"", b"now", b"\xff\xfe", b"Tue, 99 Nov 2026 04:00:30 GMT"])
def test_a_date_that_can_not_be_read_is_no_clock(date: bytes | None) -> None:
    assert clock_off(date, datetime.fromisoformat("2026-11-03T04:00:00+00:00")) is None


def test_after_too_often_the_whole_account_is_looked_at_half_as_often_for_a_day(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "draw", lambda: 0.5)
    _ready(room)
    usual = {stream: room.source(stream).interval_s for stream in ("timeline", "to_me")}
    room.sandbox.fault("throttle", form="seconds", seconds=2, times=1)
    room.look("to_me")
    assert room.outcomes("to_me")[-1] == "ok", "the wait was short enough for one crawl"
    until = room.now() + timedelta(days=1)
    for _ in range(2):
        for stream in ("timeline", "to_me"):
            room.look(stream)
            assert room.source(stream).interval_s == 2 * usual[stream]
            assert "平台提示请求过密，11-04 12:00 前按一半频率查看" in room.source(stream).note
        room.crew = room.new_crew()  # a restart forgets nothing
    room.sandbox.clock.set(until + MINUTE)
    for stream in ("timeline", "to_me"):
        room.look(stream)
        assert room.source(stream).interval_s == usual[stream]
        assert room.source(stream).note == ""


def _delays(platform: str) -> float:
    return REGISTRY.get_sample_value("fengxin_crawl_seen_after_seconds_count", {"platform": platform}) or 0.0


@pytest.mark.parametrize("key", ["wb_main", "wx_main"])
def test_how_soon_lines_are_seen_counts_live_ones_and_no_history(make_room: Any, key: str) -> None:
    room = make_room(accounts=(key,), history=True)
    platform = "weibo" if key == "wb_main" else "wechat"
    before = _delays(platform)
    for _ in range(6):
        room.tick()
    assert len(room.posts()) > 20, "the fortnight was taken in"
    assert _delays(platform) == before
    whole = room.now()
    room.sandbox.forward(minutes=5)
    room.sandbox.post("刚刚发布的通知", account=key, title="通知")
    room.sandbox.forward(minutes=1)
    found = room.posts(room.look("timeline" if platform == "weibo" else "articles"))
    live = [post.text for post in found if post.published_at > whole]
    assert any("刚刚发布的通知" in text for text in live)
    assert _delays(platform) == before + len(live)


def test_a_figure_of_the_account_is_the_newest_one_and_no_dead_process_keeps_its_own() -> None:
    assert {one._multiprocess_mode for one in (QUOTA_LEFT, TOKEN_LEFT, CLOCK)} == {"mostrecent"}
