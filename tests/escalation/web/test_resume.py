"""The live line over a real connection: who comes back with `Last-Event-ID` hears what was missed, nothing twice."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from escalation.incident import entries, incidents
from escalation.web.app import build
from escalation.web.serve import Harbour
from tests.escalation.web.house import House

Event = tuple[str, Any, str]


@pytest.fixture
def address(house: House) -> Iterator[str]:
    """The desk on a port, served as the web role serves it."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = int(held.getsockname()[1])
    app = build(house.desk())
    app.state.lookout.poll = 0.05
    server = Harbour(app, "127.0.0.1", port)
    thread = threading.Thread(target=server.run)
    thread.start()
    end = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < end
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


@contextmanager
def listening(address: str, session: str, mark: str = "", after: str = "") -> Iterator[Iterator[Event]]:
    """A browser's EventSource: the events as they come; leaving the block breaks the connection."""
    headers = {"accept": "text/event-stream", "cookie": f"fengxin={session}"}
    headers |= {"last-event-id": mark} if mark else {}
    asked = {"after": after}
    with httpx.stream("GET", f"{address}/events", params=asked, headers=headers, timeout=10, trust_env=False) as answer:
        assert answer.status_code == 200
        yield _events(answer.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[Event]:
    block: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            block[name] = value
        elif block:
            yield block["event"], json.loads(block["data"]), block.get("id", "")
            block = {}


def hear(stream: Iterator[Event], number: str) -> tuple[Counter[str], str]:
    """What is told of incidents until one is named, lines by number, and the last mark."""
    heard, mark = Counter[str](), ""
    for name, said, at in stream:
        mark = at or mark
        if name == "incidents":
            heard.update(one["number"] for one in said)
            if number in heard:
                return heard, mark
    raise AssertionError("the stream ended")


def lines_of(house: House, number: str) -> int:
    with house.store.read() as conn:
        return int(
            conn.execute(
                select(func.count())
                .select_from(entries.join(incidents, incidents.c.id == entries.c.incident_id))
                .where(incidents.c.number == number)
            ).scalar_one()
        )


def opened(house: House, title: str) -> tuple[str, Counter[str]]:
    """Open an incident; its number, and what is to be told of it."""
    number = house.incident(title)
    return number, Counter({number: lines_of(house, number)})


def test_a_broken_connection_hears_what_it_missed_and_nothing_twice(house: House, address: str) -> None:
    session = house.session("monitor")
    house.incident("在此之前")
    with listening(address, session) as stream:
        assert next(stream)[0] == "beat"
        number, told = opened(house, "第一件")
        heard, mark = hear(stream, number)
        assert heard == told
    second, missed = opened(house, "断线时的一件")
    third, more = opened(house, "断线时的又一件")
    with listening(address, session, mark) as stream:
        heard, mark = hear(stream, third)
        assert heard == missed + more, "both that were missed, and neither what was heard nor what lay before"
        number, told = opened(house, "回来以后的一件")
        heard, mark = hear(stream, number)
        assert heard == told
    with listening(address, session, mark) as stream:
        number, told = opened(house, "再回来以后的一件")
        assert hear(stream, number)[0] == told, "nothing was missed, so nothing is told again"
    assert second != third


@pytest.mark.parametrize("mark", ["", "nonsense", "999999999.1", "0x1.2", "1.1;1-999999"])
def test_without_a_mark_of_ours_only_what_comes_is_told(house: House, address: str, mark: str) -> None:
    house.incident("在此之前")
    with listening(address, house.session("monitor"), mark) as stream:
        assert next(stream)[0] == "beat"
        number, told = opened(house, "在此之后")
        assert hear(stream, number)[0] == told


def test_a_page_hears_what_came_between_its_reading_and_its_line(house: House, address: str) -> None:
    session = house.session("monitor")
    number = house.incident("在此之前")
    for path in ("/desk", f"/incidents/{number}"):
        page = httpx.get(f"{address}{path}", headers={"cookie": f"fengxin={session}"}, timeout=20, trust_env=False)
        found = re.search(r'data-mark="([^"]+)"', page.text)
        assert found is not None, path
        between, told = opened(house, "页面读完以后的一件")
        with listening(address, session, after=found[1]) as stream:
            assert hear(stream, between)[0] == told
            last, told = opened(house, "连上以后的一件")
            heard, mark = hear(stream, last)
            assert heard == told
        number, told = opened(house, "断线时的一件")
        with listening(address, session, mark, after=found[1]) as stream:
            assert hear(stream, number)[0] == told, "a line that comes back stands where it was, not where the page was"


def test_several_who_come_back_with_different_marks_hear_each_what_they_missed(house: House, address: str) -> None:
    house.incident("在此之前")
    marks, told, number = list[str](), list[Counter[str]](), ""
    for title in ("第一件", "第二件", "第三件"):
        with listening(address, house.session("monitor")) as stream:
            marks.append(next(stream)[2])
        number, lines = opened(house, title)
        told.append(lines)
    for back, mark in enumerate(marks):
        with listening(address, house.session("monitor"), mark) as stream:
            assert hear(stream, number)[0] == sum(told[back:], Counter[str]())
