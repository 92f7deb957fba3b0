"""The service from the sandbox's page to the log and the store."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from crawlers.service import Crew
from stream.post import Kind


def test_a_new_installation_takes_in_the_whole_fortnight(make_room: Any) -> None:
    room = make_room(history=True)
    for _ in range(60):
        if not room.run(room.crew.round()):
            break
    room.drain()
    world = room.sandbox.world
    world.catch_up()
    mine = [t for t in world.threads.values() if t.account.key == "wb_main"]
    wanted = {f"weibo:{t.id}" for t in mine} | {f"weibo:c{c.id}" for t in mine for c in t.comments}
    got = [post.id for post in room.posts()]
    assert set(got) == wanted
    assert len(got) == len(wanted), "nothing twice"


def test_a_live_comment_is_on_the_log_after_the_next_look(room: Any) -> None:
    thread = room.sandbox.post()["thread"]
    room.tick(3)
    room.sandbox.comment(thread, "食堂的面里有虫子")
    found = room.posts(room.look("to_me"))
    assert [(post.kind, post.text, post.by_school) for post in found] == [(Kind.COMMENT, "食堂的面里有虫子", False)]
    assert room.look("to_me") == []


def test_a_crawl_that_waits_for_its_next_try_ends_with_the_service_and_holds_nothing(room: Any) -> None:
    room.sandbox.fault("server_error")
    crew = Crew(room.store, room.log, room.settings, room.now, asyncio.sleep, (60.0, 60.0))

    async def begin_and_stop() -> float:
        await crew.step()
        while not room.sandbox.served("user_timeline"):  # noqa: ASYNC110 (the sandbox tells nobody)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        begun = time.monotonic()
        await crew.finish()
        return time.monotonic() - begun

    assert room.run(begin_and_stop()) < 4
    assert room.source("timeline").taken_by is None
    assert room.source("timeline").last_try is None


def test_a_crawl_that_waits_for_a_slow_answer_ends_within_two_seconds_and_is_read_by_the_next(room: Any) -> None:
    room.sandbox.post()
    room.sandbox.fault("slow", delay_s=4.0)
    crew = room.crew

    async def begin_and_stop() -> float:
        await crew.step()
        while not room.sandbox.served("user_timeline"):  # noqa: ASYNC110 (the sandbox tells nobody)
            await asyncio.sleep(0.01)
        begun = time.monotonic()
        await crew.finish()
        return time.monotonic() - begun

    assert room.run(begin_and_stop()) < 2
    assert room.source("timeline").taken_by is None
    assert room.source("timeline").last_full is None
    room.sandbox.calm()
    room.crew = room.new_crew()
    assert len(room.posts(room.look("timeline"))) == 1
