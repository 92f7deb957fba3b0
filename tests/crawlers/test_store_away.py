"""The store is away while a crawl has sources in hand: they are read again as soon as it is back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from crawlers.service import Crew
from stream.store import FULL, Store, StoreUnavailable
from tests.crawlers.conftest import Room


class Flickering(Store):
    """A store whose disk is `full`, or whose answer to the next commit is lost."""

    def __init__(self, room: Room) -> None:
        super().__init__(f"sqlite:///{room.folder}/store.db")
        self.full = self.answer_lost = False

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.full:
            raise StoreUnavailable(FULL)
        with super().write() as conn:
            yield conn
        if self.answer_lost:
            self.answer_lost = False
            raise StoreUnavailable("连接中断")


@pytest.fixture
def store(room: Room) -> Iterator[Flickering]:
    made = Flickering(room)
    room.crew = Crew(made, room.log, room.settings, room.now, room.sleep, (0.0, 0.01))
    room.crew.prepare()
    yield made
    made.close()


def test_what_was_in_hand_when_the_disk_was_full_is_read_once_there_is_room(room: Room, store: Flickering) -> None:
    room.tick(3)
    room.sandbox.post("食堂今天停水")
    room.sandbox.forward(hours=2)
    (job,) = room.crew.claim()
    store.full = True
    with pytest.raises(StoreUnavailable):
        room.run(room.crew.read(job))
    assert room.source(job.stream).taken_by == room.crew.me
    store.full = False
    assert "食堂今天停水" in [post.text for post in room.posts(room.tick(3))]


def test_a_claim_whose_answer_was_lost_holds_nothing(room: Room, store: Flickering) -> None:
    room.sandbox.post("食堂今天停水")
    store.answer_lost = True
    with pytest.raises(StoreUnavailable):
        room.crew.claim()
    assert "食堂今天停水" in [post.text for post in room.posts(room.tick(3))]


def test_what_is_in_hand_is_not_given_back(room: Room, store: Flickering) -> None:
    (job,) = room.crew.claim()
    room.crew.may_hold_more = True
    assert room.crew.claim() == []
    assert room.source(job.stream).taken_by == room.crew.me
