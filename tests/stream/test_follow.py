"""Following a topic: what goes wrong is said, what is lost is kept by name, one bad record stops nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Row, select

from stream import metrics
from stream.dead_letter import dead_letters
from stream.follow import AT_ONCE, BURIED_IN_A_ROW, HELD_SECONDS, Effects, Follower, paced
from stream.log import LogError, LogUnavailable, LostPosition, Positions, Reader, Record
from stream.log.sqlite import SqliteLog
from stream.position import stored
from tests.mould import opened, pour
from tests.stream.handled import handle, handled

pytestmark = pytest.mark.usefixtures("no_pause")
TOPIC, GROUP = "assessed", "watch"
NOON = datetime(2026, 11, 3, 4, tzinfo=UTC)


class Poison(Exception):
    """What no column can hold."""


class NotNow(Exception):
    """A known trouble."""


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class FlakyLog(SqliteLog):
    """A log whose broker a test switches off, and which counts how often it is asked."""

    away = ""
    asked = 0

    def healthy(self) -> None:
        self.asked += 1
        if self.away:
            raise LogUnavailable(self.away)
        super().healthy()


class DeafReader(Reader):
    """Reads nothing and says nothing."""

    def poll(self, limit: int, wait: float) -> list[Record]:
        return []

    def assigned(self) -> frozenset[int]:
        return frozenset()

    def back(self, partition: int) -> None: ...

    def lost(self) -> list[LostPosition]:
        return []

    def close(self) -> None: ...


class StalledLog(SqliteLog):
    """A log whose reader stalls."""

    def reader(self, topic: str, group: str, positions: Positions) -> Reader:
        return DeafReader()


class Taker:
    """Effects in the store: one row per record that was handled; `poisoned` records raise `error` there."""

    def __init__(self, poisoned: Sequence[bytes] = (), error: type[Exception] = Poison) -> None:
        self.poisoned, self.error = set(poisoned), error

    def __call__(self, records: Sequence[Record]) -> Effects:
        def effects(conn: Connection) -> None:
            for record in records:
                handle(conn, record.value)
                if record.value in self.poisoned:
                    raise self.error("什么人写的话")

        return effects


class Bench:
    """One log with one partition, one store, and followers on them."""

    def __init__(self, folder: Path, make: type[SqliteLog] = FlakyLog) -> None:
        self.file = folder / "log.db"
        self.log = make(self.file, retention=timedelta(hours=1), clock=lambda: datetime.now(UTC))
        self.log.ensure({TOPIC: 1})
        path = folder / "store.db"
        self.store = opened(f"sqlite:///{path}") if path.exists() else pour(path)
        self.clock = Clock()

    def follower(self) -> Follower:
        return Follower(
            self.log, self.store, TOPIC, GROUP, clock=lambda: NOON, troubles=(NotNow,), monotonic=self.clock
        )

    def append(self, values: Sequence[bytes]) -> None:
        self.log.append(TOPIC, [("k", value) for value in values])

    def handled(self) -> list[bytes]:
        return handled(self.store)

    def buried(self) -> list[Row[Any, Any, Any]]:
        with self.store.read() as conn:
            wanted = select(dead_letters.c.offset, dead_letters.c.body, dead_letters.c.reason)
            return list(conn.execute(wanted.order_by(dead_letters.c.id)).all())

    def position(self) -> int | None:
        with self.store.read() as conn:
            return stored(conn, GROUP, [0]).get(0)

    def change(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.file, timeout=10)) as conn, conn:
            assert conn.execute(statement, values).rowcount > 0

    def close(self) -> None:
        self.log.close()
        self.store.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def drain(follower: Follower, handle: Callable[[Sequence[Record]], Effects], steps: int = 3) -> None:
    for _ in range(steps):
        follower.step(handle, wait=0)


def test_a_log_that_is_away_is_said_until_it_is_well_again(bench: Bench) -> None:
    bench.log.away = "日志流连不上"  # type: ignore[attr-defined]
    follower = bench.follower()
    follower.step(Taker(), wait=0)
    assert follower.trouble == ""
    bench.clock.seconds += 5
    drain(follower, Taker())
    assert follower.trouble == "日志流连不上"
    bench.log.away = ""  # type: ignore[attr-defined]
    bench.clock.seconds += 5
    follower.step(Taker(), wait=0)
    assert follower.trouble == ""


def test_the_log_is_not_asked_at_every_step_nor_while_records_come(bench: Bench) -> None:
    follower = bench.follower()
    for _ in range(60):
        bench.clock.seconds += 0.5
        follower.step(Taker(), wait=0)
    assert bench.log.asked == 6  # type: ignore[attr-defined]
    for _ in range(20):
        bench.clock.seconds += 0.5
        bench.append([b"x"])
        assert follower.step(Taker(), wait=0) == 1
    assert bench.log.asked == 6  # type: ignore[attr-defined]


def test_the_backlog_is_measured_from_the_stored_position(bench: Bench) -> None:
    bench.append([b"0", b"1", b"2", b"3"])
    follower = bench.follower()
    gauge = metrics.LAG.labels(reader=GROUP, partition="0")
    follower.step(Taker(), limit=1, wait=0)
    assert gauge._value.get() == 4
    bench.clock.seconds += 9
    follower.step(Taker(), limit=1, wait=0)
    assert gauge._value.get() == 4
    bench.clock.seconds += 1
    follower.step(Taker(), limit=1, wait=0)
    assert gauge._value.get() == 2


def test_a_reader_that_stalls_is_said(tmp_path: Path) -> None:
    bench = Bench(tmp_path, StalledLog)
    follower = bench.follower()
    follower.step(Taker(), wait=0)
    bench.append([b"0", b"1"])
    said = []
    for _ in range(30):
        bench.clock.seconds += 5
        follower.step(Taker(), wait=0)
        said.append(follower.trouble)
    bench.close()
    assert said[10] == ""
    assert "有 2 条记录待取" in said[-1]


def test_nothing_to_take_is_no_stall_even_after_days(bench: Bench) -> None:
    bench.append([b"0"])
    follower = bench.follower()
    for _ in range(40):
        bench.clock.seconds += 5
        follower.step(Taker(), wait=0)
    assert follower.trouble == ""


def test_what_expired_unread_is_kept_as_a_dead_letter_that_names_the_range(bench: Bench) -> None:
    bench.append([b"0", b"1", b"2", b"3"])
    follower = bench.follower()
    follower.step(Taker(), limit=1, wait=0)
    follower.close()
    bench.change("UPDATE record SET appended_at = 0 WHERE place % 1024 < 3")
    bench.log.prune(datetime.now(UTC))
    drain(bench.follower(), Taker())
    [letter] = bench.buried()
    found = {"lost": "expired", "topic": TOPIC, "partition": 0, "from": 1, "to": 3}
    assert (letter.offset, json.loads(letter.body)) == (1, found)
    assert "第 1 至 2 条已超过日志流的保存期" in letter.reason
    assert bench.handled() == [b"0", b"3"]


def test_damage_is_kept_once_and_the_reader_goes_on_behind_it(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.append([b"0", b"1", b"2", b"3", b"4"])
    for bad in (b"1", b"3", b"4"):
        bench.change("UPDATE record SET value = X'58' WHERE value = ?", bad)
    for _ in range(2):
        follower = bench.follower()
        drain(follower, Taker())
        follower.close()
    assert [(one.offset, json.loads(one.body)["to"]) for one in bench.buried()] == [(1, 2), (3, 4), (4, 5)]
    assert bench.handled() == [b"0", b"2"]
    assert bench.position() == 5
    assert "第 1 至 1 条校验不符" in caplog.text


def test_a_log_that_was_replaced_is_read_from_its_start_and_said(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.append([b"0", b"1", b"2"])
    drain(bench.follower(), Taker())
    bench.log.close()
    for file in tmp_path.glob("log.db*"):
        file.unlink()
    again = Bench(tmp_path)
    again.append([b"new"])
    drain(again.follower(), Taker())
    assert again.handled() == [b"0", b"1", b"2", b"new"]
    [letter] = again.buried()
    assert json.loads(letter.body)["lost"] == "ahead"
    assert again.position() == 1
    again.close()
    bench.store.close()


@settings(max_examples=15, deadline=None)
@given(data=st.data(), many=st.integers(1, 40))
def test_one_poisoned_record_is_buried_and_every_other_handled_once_in_order(data: st.DataObject, many: int) -> None:
    bad = data.draw(st.integers(0, many - 1))
    values = [str(number).encode() for number in range(many)]
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        bench.append(values)
        follower = bench.follower()
        drain(follower, Taker([values[bad]]), 2)
        assert follower.trouble == ""
        assert bench.handled() == values[:bad] + values[bad + 1 :]
        [letter] = bench.buried()
        assert (letter.offset, letter.body, letter.reason) == (bad, values[bad], "处理时出错：Poison")
        assert bench.position() == many
        bench.close()


def test_an_error_that_passes_buries_nothing(bench: Bench) -> None:
    bench.append([b"0"])
    taker = Taker([b"0"])

    def handle(records: Sequence[Record]) -> Effects:
        effects = taker(records)

        def once(conn: Connection) -> None:
            try:
                effects(conn)
            finally:
                taker.poisoned = set()

        return once

    drain(bench.follower(), handle)
    assert bench.handled() == [b"0"]
    assert bench.buried() == []


def test_a_known_trouble_is_never_buried_and_the_batch_comes_again(bench: Bench) -> None:
    bench.append([b"0", b"1", b"2"])
    follower = bench.follower()
    taker = Taker([b"1"], NotNow)
    drain(follower, taker)
    assert (bench.handled(), bench.buried(), follower.trouble) == ([], [], "什么人写的话")
    taker.poisoned = set()
    drain(follower, taker)
    assert (bench.handled(), follower.trouble) == ([b"0", b"1", b"2"], "")


def test_a_log_that_cannot_be_appended_to_is_not_the_records_fault(bench: Bench) -> None:
    bench.append([b"0"])
    with pytest.raises(LogError):
        drain(bench.follower(), Taker([b"0"], LogError))
    assert bench.buried() == []


def test_an_error_of_every_record_ends_the_role_instead_of_burying_all(bench: Bench) -> None:
    values = [str(number).encode() for number in range(100)]
    bench.append(values)
    with pytest.raises(Poison):
        drain(bench.follower(), Taker(values))
    assert len(bench.buried()) == BURIED_IN_A_ROW


def test_the_log_line_of_a_burial_holds_no_words_of_anybody(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.append([b"0"])
    drain(bench.follower(), Taker([b"0"]))
    assert "Poison" in caplog.text
    assert "什么人写的话" not in caplog.text


class Slow(Taker):
    """Effects that take their time for every record; notes how long each transaction held the store."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__()
        self.clock, self.seconds = clock, seconds
        self.held: list[float] = []

    def __call__(self, records: Sequence[Record]) -> Effects:
        inner = super().__call__(records)

        def effects(conn: Connection) -> None:
            inner(conn)
            self.clock.seconds += self.seconds * len(records)
            self.held.append(self.seconds * len(records))

        return effects


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.19, 5.0])
def test_slow_records_hold_the_store_for_two_seconds_at_most_once_their_pace_is_known(
    bench: Bench, seconds: float
) -> None:
    values = [b"%d" % n for n in range(400)]
    bench.append(values)
    slow = Slow(bench.clock, seconds)
    assert bench.follower().step(slow, wait=0) == 400
    assert bench.handled() == values, "in order, each once"
    assert bench.position() == 400
    assert max(slow.held[1:]) <= max(HELD_SECONDS, seconds)
    assert slow.held[0] == AT_ONCE * seconds


@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(0, 1000))
def test_the_next_transaction_is_never_empty_and_fits_the_pace(at_once: int, taken: int, seconds: float) -> None:
    following = paced(at_once, taken, seconds)
    assert following >= 1
    if seconds > HELD_SECONDS:
        assert following == 1 or following * seconds / taken <= HELD_SECONDS
