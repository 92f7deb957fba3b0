"""Leases: what a killed crawl held is free for the next process at once; what the living hold is theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crawlers import lease, schedule
from crawlers.token import tokens
from stream.coverage import sources

HOLD = "import sys; from crawlers import lease; print(lease.holder(), flush=True); sys.stdin.read()"


class Other:
    """Another process of the crawl role on this machine."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.name = self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def other() -> Iterator[Other]:
    made = Other()
    yield made
    made.close()


def _take(room: Any, name: str) -> None:
    """The other process has one source of the account, its token and the lease to renew it, for five minutes."""
    now, until = room.now(), room.now() + timedelta(minutes=5)
    with room.store.write() as conn:
        assert len(schedule.claim(conn, "FL", name, now, until, 1)) == 1
        conn.execute(tokens.update().values(renewing_by=name, renewing_until=until))


def _held(room: Any) -> list[str]:
    with room.store.read() as conn:
        columns = (sources.c.taken_by, tokens.c.taken_by, tokens.c.renewing_by)
        return [one for column in columns for one in conn.execute(select(column).where(column.is_not(None))).scalars()]


def test_what_a_killed_crawl_held_is_read_at_once_by_the_next(room: Any, other: Other) -> None:
    room.sandbox.post("食堂今天停水")
    _take(room, other.name)
    other.kill()
    assert _held(room) == [other.name] * 3
    room.crew = room.new_crew()
    assert _held(room) == []
    assert [post.text for post in room.posts(room.tick(2))] == ["食堂今天停水"]


def test_what_a_living_crawl_holds_is_left_to_it(room: Any, other: Other) -> None:
    room.sandbox.post()
    _take(room, other.name)
    room.crew = room.new_crew()
    assert _held(room) == [other.name] * 3
    assert room.tick(2) == []


def test_a_crawl_killed_beside_a_running_one_is_noticed_within_a_minute(room: Any, other: Other) -> None:
    room.sandbox.post("图书馆闭馆")
    _take(room, other.name)
    other.kill()
    assert room.tick(2) == []
    room.sandbox.forward(minutes=1)
    assert [post.text for post in room.posts(room.tick(2))] == ["图书馆闭馆"]


def test_a_holder_of_another_machine_or_unknown_form_is_never_called_dead() -> None:
    mine = lease.holder()
    place, pid, since, _ = mine.split(":")
    gone = str(2**22 + 1)
    assert not lease.dead(mine)
    assert lease.dead(f"{place}:{gone}:5:x"), "no such process"
    assert lease.dead(f"{place}:{pid}:{int(since) + 1}:x"), "the number was given to a later process"
    assert not lease.dead(f"{'0' * 12}:{gone}:5:x")
    for odd in ("", "4711:abc", f"{place}:{gone}", f"{place}:x:5:x", f"{place}:{'9' * 30}:5"):
        assert not lease.dead(odd)
    assert lease.started(os.getpid()) == int(since)


def test_of_two_machines_of_one_name_neither_calls_the_others_crawl_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hosts whose name nobody has set; the numbers of their processes mean nothing to each other."""
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"{name}\n")
    monkeypatch.setattr(lease, "MACHINE_ID", tmp_path / "one")
    place = lease.machine()
    gone = f"{place}:{2**22 + 1}:5:x"
    assert lease.dead(gone)
    monkeypatch.setattr(lease, "MACHINE_ID", tmp_path / "two")
    assert not lease.dead(gone)
    monkeypatch.setattr(lease, "MACHINE_ID", tmp_path / "none")
    assert len({place, lease.machine()}) == 2, "one that has no id is still itself"


def test_a_name_fits_the_column_and_is_never_given_twice() -> None:
    assert len({lease.holder() for _ in range(100)}) == 100
    assert max(len(lease.holder()) for _ in range(10)) <= 64
