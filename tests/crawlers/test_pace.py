"""Pace over whole days of the sandbox: an incident hurries as far as the day's quota carries, and nobody goes blind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select

from crawlers import schedule
from stream.coverage import sources, watch_closely

MIDNIGHT = datetime(2026, 11, 2, 16, 0, tzinfo=UTC)  # 00:00 on 3 November in Asia/Shanghai
NINE = MIDNIGHT + timedelta(hours=9)
NEXT_MIDNIGHT = MIDNIGHT + timedelta(hours=24)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _even_dice(monkeypatch: pytest.MonkeyPatch) -> None:
    """No jitter: a day's figures are the same at every run."""
    monkeypatch.setattr(schedule, "draw", lambda: 0.5)


def _until(room: Any, end: datetime) -> None:
    """Let the crew work through its plan until `end`, clock in hand."""
    while True:
        with room.store.read() as conn:
            due = conn.execute(select(func.min(sources.c.next_due)).where(sources.c.active)).scalar()
        if due is None or due >= end:
            break
        room.sandbox.clock.set(max(due, room.now()))
        room.run(room.crew.round())
    room.sandbox.clock.set(end)


def _looks(room: Any, path: str) -> list[datetime]:
    return [datetime.fromisoformat(row["at"]) for row in room.sandbox.served(path)]


def _closely(room: Any) -> None:
    with room.store.write() as conn:
        watch_closely(conn, "FL", "wb_main", room.now() + timedelta(hours=24), room.now())


def test_an_incident_at_nine_is_watched_until_midnight_on_a_hundred_calls(make_room: Any) -> None:
    room = make_room(MIDNIGHT, per_day=100, quota=100)
    room.sandbox.comment(str(room.sandbox.post()["thread"]), "食堂的饭有点凉")
    _until(room, NINE)
    before = len(room.sandbox.served("/2/"))
    _closely(room)
    _until(room, NEXT_MIDNIGHT)
    looks = [at for at in _looks(room, "to_me") if at >= NINE]
    assert looks[0] == NINE
    assert looks[-1] > NEXT_MIDNIGHT - 30 * MINUTE
    assert max(b - a for a, b in pairwise(looks)) < 16 * MINUTE, "never seldomer than promised"
    assert len(room.sandbox.served("/2/")) <= 100
    assert len(room.sandbox.served("/2/")) - before > 70, "the budget is used"
    own_posts = [at for at in _looks(room, "user_timeline") if at >= NINE]
    assert min(b - a for a, b in pairwise(own_posts)) > 60 * MINUTE, "not hurried"
    _until(room, NEXT_MIDNIGHT + timedelta(hours=24))
    looks = [at for at in _looks(room, "to_me") if at >= NEXT_MIDNIGHT]
    assert looks[-1] > NEXT_MIDNIGHT + timedelta(hours=24) - 30 * MINUTE, "the day after is not blind either"
    assert max(b - a for a, b in pairwise(looks)) < 30 * MINUTE
    assert "quota" not in room.outcomes("to_me") + room.outcomes("timeline")


def test_the_desk_is_told_how_often_the_quota_lets_an_incident_be_watched(make_room: Any) -> None:
    room = make_room(NINE, per_day=100, quota=100)
    _closely(room)
    room.look("to_me")
    source = room.source("to_me")
    assert "今日剩余额度只够约 11 分钟看一次" in source.note
    assert "放宽" not in source.note
    assert 11 * MINUTE < source.next_due - NINE < 13 * MINUTE
    room.look("timeline")
    assert room.source("timeline").note == ""


def test_an_incident_late_in_the_day_is_watched_every_two_minutes(make_room: Any) -> None:
    room = make_room(NEXT_MIDNIGHT - 60 * MINUTE, per_day=100, quota=100)
    _closely(room)
    room.look("to_me")
    assert room.source("to_me").next_due - room.now() == 2 * MINUTE
    assert room.source("to_me").note == ""


def test_a_common_day_keeps_its_promise_and_says_nothing(make_room: Any) -> None:
    room = make_room(MIDNIGHT, per_day=100, quota=100)
    said = set()
    for hour in range(1, 25):
        _until(room, MIDNIGHT + timedelta(hours=hour))
        said.add(room.source("to_me").note)
    assert said == {""}
    assert _looks(room, "to_me")[-1] > NEXT_MIDNIGHT - 30 * MINUTE
    assert len(room.sandbox.served("/2/")) <= 100


def test_a_plan_beyond_the_quota_is_stretched_over_the_day_and_says_so(make_room: Any) -> None:
    room = make_room(MIDNIGHT, per_day=50, quota=50)
    _until(room, NEXT_MIDNIGHT)
    assert "接口额度不足以按约定频率查看，间隔已放宽至" in room.source("to_me").note
    assert _looks(room, "to_me")[-1] > NEXT_MIDNIGHT - 60 * MINUTE
    assert "quota" not in room.outcomes("to_me")


def test_own_posts_of_an_incident_may_use_the_reserve_and_its_back_fill_may_not(make_room: Any) -> None:
    room = make_room(NINE, per_day=20)
    room.sandbox.comment(str(room.sandbox.post()["thread"]), "食堂的饭有点凉")
    while room.outcomes("to_me")[-1:] != ["quota"]:
        room.look("to_me")
    room.look("timeline")
    assert room.outcomes("timeline") == ["quota"]
    _closely(room)
    room.look("timeline")
    room.look("show")
    assert room.outcomes("timeline") == ["quota", "ok"]
    assert room.outcomes("show")[-1] == "quota"
    assert len(room.sandbox.served("/2/")) == 19, "18 without the reserve, then one of it"


def test_the_articles_of_an_incident_share_what_is_left(make_room: Any) -> None:
    room = make_room(NINE, accounts=("wx_main",))
    for n in range(12):
        room.sandbox.post(f"第{n}篇文章", account="wx_main", title=f"第{n}篇")
    room.look("articles")
    with room.store.write() as conn:
        watch_closely(conn, "FL", "wx_main", NINE + timedelta(hours=24), NINE)
    room.look("comments")
    source = room.source("comments")
    # 12 articles for 15 hours from about 4,490 calls: every two and a half minutes, and not all every two
    assert timedelta(seconds=140) < source.next_due - room.now() < timedelta(seconds=150)


def test_an_hour_that_the_platform_calls_used_up_ends_with_the_hour(make_room: Any) -> None:
    start = NINE + 12 * MINUTE
    room = make_room(start, per_day=100, quota=100)
    thread = str(room.sandbox.post()["thread"])
    room.sandbox.fault("quota_hour", times=1)
    room.look("to_me")
    calls = len(room.sandbox.served("/2/"))
    room.sandbox.comment(thread, "这一小时里的评论")
    next_hour = NINE + 60 * MINUTE
    for stream in ("to_me", "timeline"):
        room.look(stream)
        assert next_hour <= room.source(stream).next_due <= next_hour + MINUTE
        assert "本小时接口额度已用完，10:00 恢复" in room.source(stream).note
    assert len(room.sandbox.served("/2/")) == calls, "the ledger knows of the hour; nothing more is sent"
    room.sandbox.clock.set(next_hour + MINUTE)
    assert "这一小时里的评论" in [one.text for one in room.posts(room.look("to_me"))]
    assert room.source("to_me").last_class == "ok"


def test_a_day_that_is_used_up_as_well_waits_until_midnight(make_room: Any) -> None:
    room = make_room(NINE, per_day=100, quota=100)
    room.sandbox.fault("quota_hour", times=1)
    room.look("to_me")
    room.sandbox.clock.set(NINE + 61 * MINUTE)
    room.sandbox.fault("quota_spent", times=1)
    room.look("to_me")
    assert room.source("to_me").next_due >= NEXT_MIDNIGHT
    assert "18 点前" in room.source("to_me").note


@pytest.mark.parametrize(("slower", "stream", "comments"), [(4, 4 * MINUTE, 2 * MINUTE), (1, MINUTE, MINUTE)])
def test_an_installation_says_how_much_seldomer_it_looks_by_night(
    slower: int, stream: timedelta, comments: timedelta
) -> None:
    pace = schedule.Pace(MINUTE, MINUTE, night_slower=slower)
    assert schedule.interval(pace, MIDNIGHT) == stream
    assert schedule.interval(pace, NINE) == MINUTE
    of_a_post = schedule.Pace(MINUTE, MINUTE, adaptive=True, night_slower=slower)
    assert schedule.interval(of_a_post, MIDNIGHT) == comments


@pytest.mark.parametrize(("slower", "hours"), [(4, 19.5), (1, 24.0)])
def test_a_day_has_as_many_calls_as_its_night_is_looked_at(slower: int, hours: float) -> None:
    assert schedule.rest_of_day(MIDNIGHT, slower) == timedelta(hours=hours)
    assert schedule.rest_of_day(NINE, slower) == timedelta(hours=15)
