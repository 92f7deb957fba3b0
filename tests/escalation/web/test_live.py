"""The live line: nothing missed after a broken connection, nothing shown that is out of scope, one poller for all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import update

from escalation import people, user
from escalation.people import Role
from escalation.web.gate import NotAllowed
from escalation.web.live import PER_USER, Lookout, Reader, event, flow, told
from escalation.web.news import Mark, News, newest, since
from escalation.web.scope import Scope
from stream.store import StoreUnavailable
from tests.escalation.web.house import OTHER_UNIT, SCHOOL, UNIT, House

ALL = Scope(everything=True)


def events(text: str) -> list[tuple[str, object, str]]:
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"]), fields.get("id", "")))
    return found


def reader(house: House, scope: Scope = ALL, who: str = "monitor") -> Reader:
    return Reader(who, house.session("monitor"), scope, True)


def news(house: House, mark: Mark) -> News:
    with house.store.read() as conn:
        found = since(conn, SCHOOL, mark)
    assert found is not None
    return found


async def until(stream: AsyncIterator[str], name: str) -> tuple[str, object, str]:
    async def wait() -> tuple[str, object, str]:
        async for text in stream:
            for one in events(text):
                if one[0] == name:
                    return one
        raise AssertionError("the stream ended")

    return await asyncio.wait_for(wait(), 5)


def test_what_was_missed_is_told_after_a_broken_connection(house: House) -> None:
    house.incident()
    with house.store.read() as conn:
        mark = newest(conn, SCHOOL)
        assert since(conn, SCHOOL, mark) is None
    missed = house.incident("第二件", level=1)
    found = news(house, mark)
    said = [change.said for change in found.changes]
    assert {one["number"] for one in said} == {missed}
    assert any(one["opened"] and one["level"] == 1 for one in said)
    assert found.posts == 3
    with house.store.read() as conn:
        assert since(conn, SCHOOL, found.mark) is None


def test_a_mark_that_is_none_of_ours_is_passed_over() -> None:
    assert Mark.read("12.7") == Mark(12, 7)
    assert str(Mark(12, 7)) == "12.7"
    for odd in ("", "12", "a.b", "1.2.3", "-1.2", "9" * 60 + ".1", "1.2\r\nevent: x"):
        assert Mark.read(odd) is None


def test_each_reader_hears_only_of_what_they_may_see(house: House) -> None:
    house.incident()
    found = news(house, Mark(0, 0))
    own = Scope(everything=False, units=frozenset({UNIT}))
    other = Scope(everything=False, units=frozenset({OTHER_UNIT}))
    quiet = Reader("leader", "t", own, hears_posts=False)
    assert [one[0] for one in events(told(quiet, found))] == ["incidents"]
    stranger = Reader("other", "t", other, hears_posts=False)
    assert events(told(stranger, found)) == [("mark", {}, str(found.mark))]


def test_who_was_told_of_one_incident_hears_of_that_one_and_of_no_other(house: House) -> None:
    """Two incidents whose log lines bear each other's ids: an incident is told by its own id, never by a line's."""
    first, second = house.incident("第一件"), house.incident("第二件")
    found = news(house, Mark(0, 0))
    ids = {str(one.said["number"]): one.incident_id for one in found.changes}
    lines = {one.entry_id for one in found.changes}
    assert set(ids) == {first, second}
    assert set(ids.values()) <= lines, "the story needs ids that mean a line as well as an incident"
    for number, incident in ids.items():
        holder = Reader("holder", "t", Scope(everything=False, told=frozenset({incident})), hears_posts=False)
        ((_, said, _),) = events(told(holder, found))
        assert {one["number"] for one in said} == {number}  # type: ignore[attr-defined]
    unknown = frozenset(lines - set(ids.values()))
    holder = Reader("holder", "t", Scope(everything=False, told=unknown), hears_posts=False)
    assert unknown
    assert events(told(holder, found)) == [("mark", {}, str(found.mark))]


def test_a_care_case_is_announced_without_its_title(house: House) -> None:
    house.incident("我就走到这里啦", care=True, text="晚安")
    assert "走到这里" not in told(reader(house), news(house, Mark(0, 0)))


def test_an_event_never_breaks_out_of_its_line() -> None:
    text = event("x", {"title": "a\nb\r\n\r\nevent: evil\ndata: 1"})
    assert text.count("\n") == 3
    assert len(events(text)) == 1


def test_one_look_at_the_store_serves_every_reader(house: House) -> None:
    async def story() -> None:
        looks = 0
        began = asyncio.Event()
        loop = asyncio.get_running_loop()

        class Counting(Lookout):
            def _look(self, start: Mark | None) -> News | None:
                nonlocal looks
                looks += 1
                found = super()._look(start)
                loop.call_soon_threadsafe(began.set)
                return found

        lookout = Counting(house.desk(), poll=0.02)
        readers = [reader(house, who=f"u{n}") for n in range(20)]
        for one in readers:
            lookout.enter(one)
        streams = [flow(lookout, one, "") for one in readers]
        await began.wait()
        number = await asyncio.to_thread(house.incident)
        got = await asyncio.gather(*(until(stream, "incidents") for stream in streams))
        assert all(said[0]["number"] == number for _, said, _ in got)  # type: ignore[index]
        assert looks < 60
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]
        assert lookout._readers == set()

    asyncio.run(story())


def test_a_beat_comes_when_nothing_happens_and_ends_with_the_session(house: House) -> None:
    async def story() -> None:
        lookout = Lookout(house.desk(), poll=5, beat=0.03)
        one = reader(house)
        lookout.enter(one)
        stream = flow(lookout, one, "")
        _, said, _ = await until(stream, "beat")
        assert said == {"now": int(house.now.timestamp() * 1000)}
        with house.store.write() as conn:
            user.leave(conn, one.token)
        assert (await until(stream, "gone"))[1] == {}
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(story())


def test_on_a_busy_day_beats_come_and_a_session_that_ends_is_told_no_more(house: House) -> None:
    async def busy(one: Reader) -> None:
        for n in count(1):
            one.waiting.put_nowait(News(Mark(n, n), (), 1))
            await asyncio.sleep(0.005)

    async def story() -> None:
        lookout = Lookout(house.desk(), poll=60, beat=0.05)
        one = reader(house)
        stream = flow(lookout, one, "")
        feeding = asyncio.create_task(busy(one))
        assert (await until(stream, "posts"))[1] == {"new": 1}
        await until(stream, "beat")
        await until(stream, "beat")
        with house.store.write() as conn:
            user.leave(conn, one.token)
        await until(stream, "gone")
        assert [text async for text in stream] == []
        feeding.cancel()

    asyncio.run(story())


@pytest.mark.parametrize("values", [{"active": False}, {"roles": [Role.ADMINISTRATOR]}])
def test_who_left_or_may_no_longer_listen_is_told_no_more(house: House, values: dict[str, object]) -> None:
    async def story() -> None:
        lookout = Lookout(house.desk(), poll=60, beat=0.02)
        one = reader(house)
        stream = flow(lookout, one, "")
        await until(stream, "beat")
        with house.store.write() as conn:
            table = people.people if "active" in values else user.users
            mine = table.c.id if "active" in values else table.c.name
            conn.execute(update(table).where(mine == "monitor").values(values))
        await until(stream, "gone")

    asyncio.run(story())


def test_who_is_told_of_an_incident_while_listening_hears_of_it_at_once(house: House) -> None:
    """The scope is that of this moment, not of the moment at which the stream was opened."""

    async def story() -> None:
        lookout = Lookout(house.desk(), poll=60, beat=60)
        nothing = Scope(everything=False)
        keeper = Reader("keeper", house.session("keeper"), nothing, hears_posts=False)
        other = Reader("other", house.session("other"), nothing, hears_posts=False)
        number = await asyncio.to_thread(house.incident)
        found = news(house, Mark(0, 0))
        for one in (keeper, other):
            one.waiting.put_nowait(found)
        _, said, _ = await until(flow(lookout, keeper, ""), "incidents")
        assert {item["number"] for item in said} == {number}  # type: ignore[attr-defined]
        assert await until(flow(lookout, other, ""), "mark") == ("mark", {}, str(found.mark))

    asyncio.run(story())


def test_news_waits_while_nobody_can_say_who_may_hear_it(house: House) -> None:
    async def story() -> None:
        refusals = 0

        class Away(Lookout):
            def admit(self, reader: Reader) -> bool:
                nonlocal refusals
                refusals += 1
                if refusals < 3:
                    raise StoreUnavailable
                return super().admit(reader)

        lookout = Away(house.desk(), poll=0.01, beat=60)
        keeper = Reader("keeper", house.session("keeper"), Scope(everything=False), hears_posts=False)
        await asyncio.to_thread(house.incident)
        keeper.waiting.put_nowait(news(house, Mark(0, 0)))
        await until(flow(lookout, keeper, ""), "incidents")
        assert refusals == 3

    asyncio.run(story())


def test_one_person_may_hold_only_so_many_streams(house: House) -> None:
    async def story() -> None:
        lookout = Lookout(house.desk(), poll=5)
        held = [reader(house) for _ in range(PER_USER)]
        for one in held:
            lookout.enter(one)
        with pytest.raises(NotAllowed, match="最多同时打开"):
            lookout.enter(reader(house))
        lookout.enter(reader(house, who="publicity"))
        lookout.leave(held[0])
        lookout.leave(held[0])
        lookout.enter(reader(house))
        async with lookout.lifespan(None):  # type: ignore[arg-type]
            pass

    asyncio.run(story())


def test_a_reader_that_does_not_keep_up_is_not_a_leak(house: House) -> None:
    async def story() -> None:
        lookout = Lookout(house.desk(), poll=0.001)
        slow = reader(house)
        slow.waiting = asyncio.Queue(2)
        lookout.enter(slow)
        await asyncio.sleep(0.1)
        for _ in range(4):
            await asyncio.to_thread(house.post, "又一条", minutes=0)
            await asyncio.sleep(0.05)
        assert slow.waiting.qsize() == 2
        async with lookout.lifespan(None):  # type: ignore[arg-type]
            pass

    asyncio.run(story())


def test_a_session_that_is_over_hears_nothing(house: House) -> None:
    client = house.client("monitor")
    house.now += timedelta(hours=13)
    assert client.get("/events", headers={"accept": "text/event-stream"}).status_code == 401


def test_a_reader_is_not_told_again_what_it_has_heard(house: House) -> None:
    house.incident()
    one = reader(house)
    found = news(house, Mark(0, 0))
    assert [name for name, _, _ in events(told(one, found))] == ["incidents", "posts"]
    assert events(told(one, found)) == [("mark", {}, str(found.mark))]


def test_what_happens_while_a_reader_is_being_let_in_is_told(house: House) -> None:
    """The first look of the poller comes after the reader was told where it stands; what lies between is not lost."""
    house.incident()

    async def story() -> None:
        lookout = Lookout(house.desk(), poll=0.01)
        one = reader(house)
        lookout.enter(one)
        one.mark, first = lookout.missed(None)
        assert first is None
        number = house.incident("第二件")
        lookout.reach_back(one.mark)
        stream = flow(lookout, one, "")
        _, said, _ = await until(stream, "incidents")
        assert {item["number"] for item in said} == {number}  # type: ignore[attr-defined]
        await stream.aclose()  # type: ignore[attr-defined]
        async with lookout.lifespan(None):  # type: ignore[arg-type]
            pass

    asyncio.run(story())


def test_a_mark_ahead_of_the_store_is_taken_for_none(house: House) -> None:
    house.incident()
    lookout = Lookout(house.desk())
    with house.store.read() as conn:
        stands = newest(conn, SCHOOL)
    for odd in (Mark(stands.entry + 1, 0), Mark(0, stands.post + 1), Mark(2**62, 2**62)):
        assert lookout.missed(odd) == (stands, None)
    mark, first = lookout.missed(Mark(0, 0))
    assert mark == Mark(0, 0)
    assert first is not None
    assert first.mark == stands
