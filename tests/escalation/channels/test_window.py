"""The windows that several processes share: together they stay under what the vendor allows. On both dialects."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from escalation.channels import Accepted, Message, RateLimited
from escalation.channels.bucket import LIMIT, ROBOT, Hold
from escalation.channels.dingtalk import PUNISHED, Dingtalk, DingtalkRobot
from escalation.channels.sandbox.dingtalk import SIGNED_WITH
from escalation.channels.wecom import Robot, RobotAddress
from escalation.channels.window import KEPT_FOR, StoredWindows, forget, place, sending_windows
from stream.store import Store, metadata
from tests.escalation.channels.conftest import KEY, House
from tests.mould import lay

NOW = datetime(2026, 11, 20, 8, 32, tzinfo=UTC)
HERE = place("wecom_robot", "a-key")


def note(number: int) -> Message:
    return Message(f"FX-1-{number}", f"d-{number}", "值班群", 1, "", "请速阅", None, "")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.live)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store with every table."""
    if request.param == "sqlite":
        return lay(tmp_path / "store.db")
    given = str(request.getfixturevalue("postgres").database())
    made = Store(given)
    metadata.create_all(made.engine)
    made.close()
    return given


@pytest.fixture
def pair(url: str) -> Iterator[tuple[Store, Store]]:
    """Two processes' worth of one store: nothing is shared but the database."""
    stores = Store(url, patience=10), Store(url, patience=10)
    yield stores
    for one in stores:
        one.close()


def test_two_processes_together_send_no_more_than_one_may(pair: tuple[Store, Store], house: House) -> None:
    address = RobotAddress("值班群", KEY, house.base, connect_seconds=2.0, total_seconds=5.0)
    notify, web = (Robot(address, lambda: NOW, windows=StoredWindows(one)) for one in pair)
    sent = [(notify if n % 2 else web).send(note(n)) for n in range(LIMIT + 2)]
    assert sum(isinstance(one, Accepted) for one in sent) == LIMIT == len(house.demo.group.newest())
    assert all(isinstance(one, RateLimited) and one.retry_after == timedelta(seconds=60) for one in sent[LIMIT:])
    assert isinstance(web.probe(), RateLimited), "the test button is a sender like the others"


def test_the_mails_of_two_processes_are_counted_together(pair: tuple[Store, Store], house: House) -> None:
    notify, web = (
        house.mail(lambda: NOW, StoredWindows(one), per_minute=8, connect_seconds=2.0, total_seconds=5.0)
        for one in pair
    )
    mails = [Message(f"FX-1-{n}", f"d-{n}", f"m{n}@example.edu.cn", 1, "首报", "请速阅", None, "") for n in range(9)]
    sent = [(notify if n % 2 else web).send(one) for n, one in enumerate(mails)]
    assert [type(one) for one in sent] == [Accepted] * 8 + [RateLimited]
    assert len(house.demo.mailbox.newest()) == 8
    other = house.mail(lambda: NOW, StoredWindows(pair[0]), per_minute=8, user="another", total_seconds=5.0)
    assert isinstance(other.send(mails[8]), Accepted), "each mailbox has its own"


def test_who_takes_at_the_same_moment_takes_no_place_twice(pair: tuple[Store, Store]) -> None:
    senders = [StoredWindows(one) for one in pair for _ in range(2)]
    begin = threading.Barrier(len(senders))

    def hurry(which: int) -> int:
        begin.wait()
        taken = 0
        for n in range(LIMIT):
            # The clocks of the four differ by less than a second, and none waits for another's.
            now = NOW + timedelta(milliseconds=n * 10 + which * 200)
            taken += senders[which].take(HERE, ROBOT, now, 1) is None
        return taken

    with ThreadPoolExecutor(len(senders)) as pool:
        assert sum(pool.map(hurry, range(len(senders)))) == LIMIT


def test_a_punishment_that_one_process_saw_holds_the_other(pair: tuple[Store, Store], house: House) -> None:
    now = NOW
    robot = DingtalkRobot("钉钉值班群", "token-55aa66bb", SIGNED_WITH, house.base, None, 2.0, 5.0)
    windows = [StoredWindows(one) for one in pair]
    windows[0].close(place(Dingtalk.name, robot.token), now, PUNISHED)
    other = Dingtalk(robot, lambda: now + timedelta(minutes=4), windows=windows[1])
    held = other.send(note(1))
    assert isinstance(held, RateLimited)
    assert held.retry_after == timedelta(minutes=6)
    assert "罚停" in held.reason
    assert windows[1].take(place(Dingtalk.name, robot.token), ROBOT, now + PUNISHED, 4) is None


def test_without_the_store_a_process_goes_on_with_what_it_saw(tmp_path: Path) -> None:
    url = lay(tmp_path / "store.db")
    opened, blocker = Store(url, patience=0.05), Store(url)
    windows = StoredWindows(opened)
    for _ in range(LIMIT - 1):
        assert windows.take(HERE, ROBOT, NOW, 1) is None
    with blocker.write() as conn:
        forget(conn, NOW)  # the store is somebody else's now, and stays it
        assert windows.take(HERE, ROBOT, NOW, 1) is None, "an alarm is not held up by the store"
        assert windows.take(HERE, ROBOT, NOW, 1) == Hold(timedelta(seconds=60)), "nor does it pass the limit"
    opened.close()
    blocker.close()


def test_a_store_without_its_tables_holds_nobody_up(pair: tuple[Store, Store]) -> None:
    metadata.drop_all(pair[0].engine)
    windows = StoredWindows(pair[1])
    assert [windows.take(HERE, ROBOT, NOW, 1) for _ in range(LIMIT)] == [None] * LIMIT
    assert windows.take(HERE, ROBOT, NOW, 1) is not None


def test_places_that_nobody_wrote_to_for_long_are_forgotten(pair: tuple[Store, Store]) -> None:
    windows = StoredWindows(pair[0])
    windows.take(place("sms", "key 13800000000"), ROBOT, NOW, 1)
    windows.take(HERE, ROBOT, NOW + KEPT_FOR, 1)
    with pair[1].write() as conn:
        forget(conn, NOW + KEPT_FOR + timedelta(hours=1))
        left = conn.execute(select(sending_windows.c.place)).scalars().all()
        count = conn.execute(select(func.count()).select_from(sending_windows)).scalar_one()
    assert (left, count) == ([HERE], 1)


def test_no_key_and_no_number_stands_in_the_store() -> None:
    said = place("sms", "LTAI-key 13800000000")
    assert "13800000000" not in said
    assert "LTAI" not in said
    assert said != place("sms", "LTAI-key 13800000001")
