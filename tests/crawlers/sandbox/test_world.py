"""The world is the same for the same seed and epoch, lives by its own clock, and tells its story."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from crawlers.sandbox.clock import SHANGHAI, Clock, instant
from crawlers.sandbox.thread import Comment

if TYPE_CHECKING:
    from tests.crawlers.sandbox.conftest import Sandbox


def _state(sandbox: Sandbox) -> list[Any]:
    now = sandbox.world.catch_up()
    return [
        (c.id, c.thread.id, c.number, c.text, c.author, c.at, c.answers.id if c.answers else 0)
        for c in sandbox.world.comments.values()
        if c.stands(now)
    ]


def test_restart_at_the_same_epoch_shows_the_same_past(make: type[Sandbox]) -> None:
    first = make(live_interval=4, story=True)
    for _ in range(20):
        first.clock.advance(33)
        first.world.catch_up()
    again = make(live_interval=4, story=True, start="2026-11-20T12:11:00+08:00", epoch=first.world.epoch)
    assert len(_state(first)) > 700
    assert _state(first) == _state(again)


def test_another_seed_shows_another_past(make: type[Sandbox]) -> None:
    assert _state(make(seed=1)) != _state(make(seed=2))


def test_history_has_the_rhythm_of_a_fortnight(make: type[Sandbox]) -> None:
    for seed in range(1, 6):
        sandbox = make(seed=seed)
        sandbox.world.catch_up()
        comments = list(sandbox.world.comments.values())
        assert 500 <= len(comments) <= 1_000
        assert min(c.at for c in comments) > sandbox.world.epoch - timedelta(days=15)
        hours = Counter(c.at.astimezone(SHANGHAI).hour for c in comments)
        assert sum(hours[h] for h in range(1, 7)) < 0.1 * len(comments)
        per_day = Counter(t.at.astimezone(SHANGHAI).date() for t in sandbox.world.threads.values())
        assert 2 <= sum(per_day.values()) / 15 <= 6


def test_history_holds_false_numbers_and_own_answers(sandbox: Sandbox) -> None:
    sandbox.world.catch_up()
    comments = list(sandbox.world.comments.values())
    assert any("138 0000 0000" in c.text for c in comments)
    assert any(c.author is None and c.answers for c in comments)


def test_ids_rise_with_time_and_fit_into_53_bits(make: type[Sandbox]) -> None:
    sandbox = make(live_interval=1)
    sandbox.clock.advance(300)
    sandbox.world.catch_up()
    comments = sorted(sandbox.world.comments.values(), key=lambda c: c.id)
    assert all(one.at <= other.at for one, other in itertools.pairwise(comments))
    assert comments[-1].id < 2**53


def test_live_comments_come_at_the_interval(make: type[Sandbox]) -> None:
    sandbox = make(live_interval=4)
    sandbox.world.catch_up()
    before = len(sandbox.world.comments)
    sandbox.clock.advance(400)
    sandbox.world.catch_up()
    assert len(sandbox.world.comments) - before == 100
    live = [c for c in sandbox.world.comments.values() if c.at > sandbox.world.epoch]
    assert {c.thread.account.platform for c in live} == {"weibo", "wechat"}


def _told(sandbox: Sandbox, key: str) -> list[Comment]:
    return sandbox.world.threads[key].comments


def test_story_begins_within_half_a_minute_and_grows(make: type[Sandbox]) -> None:
    sandbox = make(story=True)
    sandbox.clock.advance(19)
    sandbox.world.catch_up()
    assert not any("上吐下泻" in c.text for c in _told(sandbox, "story-canteen"))
    sandbox.clock.advance(2)
    sandbox.world.catch_up()
    assert "上吐下泻" in _told(sandbox, "story-canteen")[-1].text
    sandbox.clock.advance(240)
    sandbox.world.catch_up()
    texts = [c.text for c in _told(sandbox, "story-canteen")]
    assert len(texts) >= 35
    assert sum("扩散" in text for text in texts) >= 5
    assert any("<script>" in text and "\u202e" in text for text in texts)
    body = sandbox.weibo("comments/to_me", count=50).json()["comments"]
    assert any("<script>" in row["text"] for row in body)


def test_second_matter_comes_later_on_wechat(make: type[Sandbox]) -> None:
    sandbox = make(story=True)
    sandbox.clock.advance(355)
    sandbox.world.catch_up()
    before = len(_told(sandbox, "story-hotwater"))
    sandbox.clock.advance(125)
    sandbox.world.catch_up()
    assert len(_told(sandbox, "story-hotwater")) - before >= 8


def test_clock_follows_the_wall_until_it_is_told_otherwise() -> None:
    wall = [1000.0]
    clock = Clock(wall=lambda: wall[0])
    assert clock.now().timestamp() == 1000
    wall[0] += 5
    assert clock.now().timestamp() == 1005
    clock.run_at(60)
    wall[0] += 1
    assert clock.now().timestamp() == 1065
    clock.advance(-65)
    assert clock.now().timestamp() == 1000
    clock.set(instant("2026-11-20T12:00:00"))
    assert clock.now().isoformat() == "2026-11-20T04:00:00+00:00"


def test_clock_is_set_and_read_over_http(sandbox: Sandbox) -> None:
    assert sandbox.control("clock", now="2026-12-31T23:59:59+08:00")["now"] == "2026-12-31T15:59:59+00:00"
    assert sandbox.control("clock", advance_s=1)["now"] == "2026-12-31T16:00:00+00:00"
    assert sandbox.control("clock", rate=2)["rate"] == 2
    for wrong in ({}, {"rate": -1}, {"now": "gestern"}, {"tomorrow": 1}):
        assert sandbox.call("POST", "/control/clock", json=wrong).status_code == 400


def test_clock_moved_back_hides_what_is_not_yet_written(sandbox: Sandbox) -> None:
    sandbox.clock.advance(60)
    sandbox.control("post", account="wb_main", text="一分钟后的微博", key="later")
    sandbox.clock.advance(-1)
    texts = [row["text"] for row in sandbox.weibo("statuses/user_timeline").json()["statuses"]]
    assert "一分钟后的微博" not in texts


def test_weibo_time_is_english_with_its_zone(sandbox: Sandbox) -> None:
    sandbox.control("post", account="wb_main", text="现在")
    row = sandbox.weibo("statuses/user_timeline").json()["statuses"][0]
    assert row["created_at"] == "Fri Nov 20 12:00:00 +0800 2026"


def test_comments_by_hand_are_written_edited_and_deleted(sandbox: Sandbox) -> None:
    made = sandbox.control("comment", platform="wechat", text="手写", author=12)
    named = f"{made['thread']}/{made['number']}"
    thread = sandbox.world.threads[made["thread"]]
    token = sandbox.token(**_keys(sandbox, thread.account.key)).json()["access_token"]
    assert sandbox.comments(thread.id, token, index=thread.index).json()["comment"][0]["content"] == "手写"
    sandbox.control("edit", comment=named, text="改写")
    assert sandbox.comments(thread.id, token, index=thread.index).json()["comment"][0]["content"] == "改写"
    sandbox.control("delete", comment=named)
    assert sandbox.comments(thread.id, token, index=thread.index).json()["comment"][0]["content"] != "改写"


def _keys(sandbox: Sandbox, account: str) -> dict[str, str]:
    owner = sandbox.world.account(account)
    return {"appid": owner.native_id, "secret": owner.secret}


def test_million_characters_and_lone_surrogates_are_served(sandbox: Sandbox) -> None:
    sandbox.control("comment", text="饭" * 1_000_000)
    raw = b'{"text": "\\ud83d alone"}'
    assert sandbox.call("POST", "/control/comment", content=raw).status_code == 200
    rows = json.loads(sandbox.weibo("comments/to_me").content)["comments"]
    assert max(len(row["text"]) for row in rows) == 1_000_000
    assert any(row["text"] == "\ud83d alone" for row in rows)


def test_process_serves_over_a_real_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "crawlers.sandbox", "--port", str(port), "--start", "2026-11-20T12:00:00+08:00"]
    with subprocess.Popen(command, env=os.environ | {"PYTHONWARNINGS": "error"}) as process:
        try:
            answer = _when_up(f"http://127.0.0.1:{port}/control/clock")
            assert answer.json()["epoch"] == "2026-11-20T04:00:00+00:00"
            url = f"http://127.0.0.1:{port}/sim/weibo/2/comments/to_me.json"
            got = httpx.get(url, params={"access_token": "2.00SANDBOXwbmainNOTASECRET"})
            assert got.status_code == 200
            assert got.headers.get_list("date") == [got.headers["date"]]
            assert got.headers["date"].startswith("Fri, 20 Nov 2026 04:")
        finally:
            process.terminate()


def _when_up(url: str) -> httpx.Response:
    for _ in range(150):
        try:
            return httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the sandbox did not answer within 15 s")
