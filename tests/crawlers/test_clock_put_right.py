"""The machine's clock was hours ahead and is put right: the platforms are looked at as before, at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from crawlers import schedule
from crawlers.service import Crew
from crawlers.token import tokens
from stream.coverage import sources
from tests.crawlers.conftest import MakeRoom, Room

AHEAD = timedelta(hours=2)


class Machine:
    """Where a room's crawl runs; its clock is `off`, the platform's is right."""

    def __init__(self, room: Room) -> None:
        self.room, self.off = room, AHEAD
        room.crew = Crew(room.store, room.log, room.settings, self.now, room.sleep, (0.0, 0.01))
        room.crew.prepare()

    def now(self) -> datetime:
        return self.room.now() + self.off


def test_no_source_waits_for_the_hour_to_come_again(make_room: MakeRoom) -> None:
    room = make_room(spacing_s=2)
    machine = Machine(room)
    room.sandbox.post("食堂今天停水")
    assert "食堂今天停水" in [post.text for post in room.posts(room.tick(2))]
    with room.store.read() as conn:
        tried = conn.execute(select(sources.c.last_try).where(sources.c.last_try.is_not(None))).scalars().all()
    assert all(at > room.now() + AHEAD / 2 for at in tried)
    machine.off = timedelta(0)
    room.sandbox.post("教学楼恢复供水")
    room.slept.clear()
    assert "教学楼恢复供水" in [post.text for post in room.posts(room.tick(2))]
    assert max(room.slept, default=0.0) <= 2, "nobody stood at a door until the hour came again"
    with room.store.read() as conn:
        later = conn.execute(select(sources.c.id).where(sources.c.last_try > room.now() + timedelta(minutes=1))).all()
    assert later == []


def test_what_a_dead_crawl_held_by_a_fast_clock_is_free(room: Room) -> None:
    now = Machine(room).now()
    with room.store.write() as conn:
        (held,) = schedule.claim(conn, "FL", "elsewhere:1:1", now, now + timedelta(minutes=5), 1)
        conn.execute(tokens.update().values(renewing_by="elsewhere:1:1", renewing_until=now + timedelta(seconds=30)))
    now = room.now()
    with room.store.write() as conn:
        taken = schedule.claim(conn, "FL", "here:2:2", now, now + timedelta(minutes=5), 9)
    assert held.id in {row.id for row in taken}


def test_clocks_that_differ_by_seconds_take_nothing_from_each_other(room: Room) -> None:
    now = room.now() + timedelta(seconds=20)
    with room.store.write() as conn:
        (held,) = schedule.claim(conn, "FL", "elsewhere:1:1", now, now + timedelta(minutes=5), 1)
        now = room.now()
        taken = schedule.claim(conn, "FL", "here:2:2", now, now + timedelta(minutes=5), 9)
    assert held.id not in {row.id for row in taken}


def test_the_account_book_is_read_again(room: Room) -> None:
    machine = Machine(room)
    before = room.crew.prepared_at
    machine.off = timedelta(0)
    room.crew.claim()
    assert before is not None
    assert room.crew.prepared_at is not None
    assert room.crew.prepared_at < before
