"""The service from the sandbox's page to the log and the store."""

from __future__ import annotations

from typing import Any

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
