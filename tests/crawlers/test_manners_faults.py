"""Faults 13 to 20, 23 and 34: holds, spacing, quotas, tokens, codes, hostile answers, breakers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from crawlers import source, token
from crawlers.crawl import crawl
from crawlers.service import Crew
from stream import account
from stream.coverage import sources


def _ready(room: Any) -> str:
    thread = str(room.sandbox.post()["thread"])
    room.sandbox.comment(thread, "第一条")
    for stream in ("timeline", "to_me"):
        room.look(stream)
    return thread


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_short_retry_after_is_waited_out_within_the_crawl(room: Any, form: str) -> None:
    thread = _ready(room)
    room.sandbox.comment(thread, "等一等再取")
    room.sandbox.fault("throttle", form=form, seconds=7, times=1)
    start = room.now()
    assert len(room.posts(room.look("to_me"))) == 1
    assert timedelta(seconds=6) <= room.now() - start <= timedelta(seconds=9)


def test_without_retry_after_the_host_is_left_alone_for_a_minute_then_two(room: Any) -> None:
    _ready(room)
    room.sandbox.fault("throttle", form="none")
    start, calls = room.now(), len(room.sandbox.served("to_me"))
    room.look("to_me")
    assert len(room.sandbox.served("to_me")) == calls + 1, "no second try into a closed door"
    due = room.source("to_me").next_due
    assert due - start >= timedelta(seconds=60)
    room.sandbox.clock.set(due)
    room.look("to_me")
    assert room.source("to_me").next_due - room.now() >= timedelta(seconds=120)
    assert room.outcomes("to_me")[-2:] == ["throttled", "throttled"]


def test_two_sources_on_one_host_keep_the_spacing_together(make_room: Any) -> None:
    room = make_room(accounts=("wb_main", "wb_tw"), spacing_s=0.5)
    room.sandbox.clock.run_at(1.0)
    room.crew = Crew(room.store, room.log, room.settings, room.now)
    room.crew.prepare()
    room.run(room.crew.round())
    first, second = sorted(datetime.fromisoformat(row["at"]) for row in room.sandbox.served("/2/"))
    assert second - first >= timedelta(seconds=0.4)


def test_quota_reached_at_17_stops_tells_and_resumes_at_midnight(make_room: Any) -> None:
    start = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)  # 17:00 in Asia/Shanghai
    room = make_room(start, quota=100)
    thread = _ready(room)
    room.sandbox.fault("quota_spent", times=1)
    room.look("to_me")
    source = room.source("to_me")
    midnight = datetime(2026, 11, 3, 16, 0, tzinfo=UTC)
    assert midnight <= source.next_due <= midnight + timedelta(minutes=1)
    assert "18 点前" in source.note
    assert any(gap.closed_at is None for gap in room.gaps())
    room.sandbox.comment(thread, "额度用完以后的评论")
    calls = len(room.sandbox.served("/2/"))
    room.look("to_me")
    assert len(room.sandbox.served("/2/")) == calls, "the ledger knows; nothing is sent"
    room.sandbox.clock.set(midnight + timedelta(seconds=61))
    assert len(room.posts(room.look("to_me"))) == 1
    assert all(gap.closed_at is not None for gap in room.gaps())


def test_own_budget_keeps_a_tenth_for_incidents(make_room: Any) -> None:
    room = make_room(per_day=10)
    room.sandbox.post()
    for _ in range(15):
        room.look("to_me")
    assert len(room.sandbox.served("/2/")) == 9
    assert room.outcomes("to_me")[-1] == "quota"


def test_wechat_token_ending_mid_scan_is_renewed_once_and_the_scan_goes_on(make_room: Any) -> None:
    room = make_room(accounts=("wx_main",))
    for n in range(25):
        room.sandbox.post(f"第{n}篇文章的正文", account="wx_main", title=f"第{n}篇")
    room.sandbox.fault("token_ended", after=1)
    room.look("articles")
    assert len({post.id for post in room.posts()}) == 25
    assert room.outcomes("articles") == ["ok"]
    assert len(room.sandbox.served("stable_token")) == 2, "the first token and one renewal"


def test_two_workers_with_an_ended_token_renew_it_once(make_room: Any) -> None:
    room = make_room(accounts=("wx_main",))
    room.sandbox.post("正文", account="wx_main", title="标题")
    room.look("articles")
    room.sandbox.http.request("DELETE", "/control/log")
    room.sandbox.fault("token_ended", after=0)
    with room.store.write() as conn:
        conn.execute(update(sources).values(next_due=room.now()))
        (job,) = [_job(room, conn, row) for row in conn.execute(select(sources)).all() if row.stream == "articles"]
        held = token.current(conn, job.token)
    other = Crew(room.store, room.log, room.settings, room.now, room.sleep, (0.0, 0.01))

    async def both() -> list[Any]:
        return list(await asyncio.gather(crawl(job, room.crew.manners), crawl(job, other.manners)))

    found = room.run(both())
    assert [one.result.failure for one in found] == ["ok", "ok"]
    assert len(room.sandbox.served("stable_token")) == 1
    with room.store.read() as conn:
        assert token.current(conn, job.token).generation == held.generation + 1


def _job(room: Any, conn: Any, row: Any) -> Any:
    return source.job_of(conn, row, room.settings, account.book(conn, "FL"), room.now())


def test_ended_weibo_token_stops_and_asks_for_a_person(room: Any) -> None:
    _ready(room)
    room.sandbox.fault("token_ended")
    room.look("to_me")
    source = room.source("to_me")
    assert source.last_class == "token"
    assert source.breaker == "open"
    assert "重新授权" in source.last_reason
    calls = len(room.sandbox.served("to_me"))
    room.sandbox.forward(hours=1)
    room.run(room.crew.round())
    assert len(room.sandbox.served("to_me")) == calls


@pytest.mark.parametrize("fault", ["code_as_string", "code_as_int", "errors_with_200"])
def test_code_as_string_or_number_is_the_same_class(room: Any, fault: str) -> None:
    _ready(room)
    room.sandbox.fault("token_ended")
    room.sandbox.fault(fault)
    room.look("to_me")
    assert room.outcomes("to_me")[-1] == "token"


@pytest.mark.parametrize(
    ("fault", "outcome"), [("captcha_html", "challenge"), ("empty_body", "challenge"), ("cut_json", "transient")]
)
def test_answers_that_are_no_answers_have_their_class(room: Any, fault: str, outcome: str) -> None:
    _ready(room)
    before = room.source("to_me").cursor
    room.sandbox.fault(fault)
    room.look("to_me")
    assert room.outcomes("to_me")[-1] == outcome
    assert room.source("to_me").cursor == before


def test_new_field_changes_nothing(room: Any) -> None:
    thread = _ready(room)
    room.sandbox.fault("new_field")
    room.sandbox.comment(thread, "平台加了新字段")
    assert len(room.posts(room.look("to_me"))) == 1


def test_changed_type_is_told_with_a_fingerprint_and_no_value(room: Any) -> None:
    thread = _ready(room)
    room.sandbox.comment(thread, "不应写进健康记录的话")
    before = room.source("to_me").cursor
    room.sandbox.fault("type_change")
    room.look("to_me")
    source = room.source("to_me")
    assert source.last_class == "shape"
    assert "结构指纹" in source.last_reason
    assert "不应写进" not in source.last_reason
    assert source.cursor == before
    room.sandbox.calm()
    assert len(room.posts(room.look("to_me"))) == 1


def test_open_breaker_survives_a_restart(room: Any) -> None:
    _ready(room)
    room.sandbox.fault("captcha_html")
    room.look("to_me")
    room.sandbox.calm()
    room.sandbox.forward(hours=1)
    room.crew = room.new_crew()
    calls = len(room.sandbox.served("to_me"))
    room.run(room.crew.round())
    assert len(room.sandbox.served("to_me")) == calls
    room.sandbox.forward(hours=6)
    for _ in range(4):
        room.run(room.crew.round())
    assert len(room.sandbox.served("to_me")) == calls + 1, "one probe"
    assert room.source("to_me").breaker == "closed"
