"""Dead letters: bounded, counted, handed back to their reader once, kept with the new reason if it fails again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

import stream.dead_letter
from stream import metrics
from stream.dead_letter import Kept, LetterKind, Room, ask, bury, bury_all, drop, kept, letter, letters
from stream.follow import Effects, Follower
from stream.log import LogUnavailable, Record
from stream.log.sqlite import SqliteLog
from tests.mould import pour
from tests.stream.handled import handle, handled

pytestmark = pytest.mark.usefixtures("no_pause")
TOPIC, READER = "assessed", "watch"
NOON = datetime(2026, 11, 3, 4, tzinfo=UTC)


class Poison(Exception):
    """What no column can hold."""


class Taker:
    """Writes a row for each record; those that are `poisoned` raise after that, those `unreadable` are buried."""

    def __init__(self) -> None:
        self.poisoned: dict[bytes, type[Exception]] = {}
        self.unreadable: dict[bytes, str] = {}

    def __call__(self, records: Sequence[Record]) -> Effects:
        def effects(conn: Connection) -> None:
            for record in records:
                if record.value in self.unreadable:
                    bury_all(conn, READER, [(record, self.unreadable[record.value])], NOON)
                    continue
                handle(conn, record.value)
                if error := self.poisoned.get(record.value):
                    raise error("什么人写的话")

        return effects


class Bench:
    """A log with two partitions, a store, and the seconds of its readers."""

    def __init__(self, folder: Path) -> None:
        self.log = SqliteLog(folder / "log.db", session=timedelta(seconds=60))
        self.log.ensure({TOPIC: 2})
        self.store = pour(folder / "store.db")
        self.seconds = 1000.0
        self.taker = Taker()
        self.committed = 0

    def follower(self) -> Follower:
        return Follower(
            self.log, self.store, TOPIC, READER, clock=lambda: NOON, monotonic=lambda: self.seconds,
            committed=self.count,
        )  # fmt: skip

    def count(self) -> None:
        self.committed += 1

    def append(self, values: Sequence[bytes]) -> None:
        for value in values:
            self.log.append(TOPIC, [(value.decode(), value)])

    def step(self, follower: Follower, times: int = 3) -> None:
        for _ in range(times):
            self.seconds += 3
            follower.step(self.taker, wait=0)

    def handled(self) -> list[bytes]:
        return handled(self.store)

    def ask(self, number: int | None = None) -> list[int]:
        with self.store.write() as conn:
            return ask(conn, number, NOON)

    def letters(self) -> list[tuple[int, str, int, bool]]:
        with self.store.read() as conn:
            return [(one.id, one.reason, one.tries, one.asked_at is not None) for one in letters(conn, 100)]

    def close(self) -> None:
        self.log.close()
        self.store.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def test_a_letter_that_was_mended_takes_effect_once_and_is_gone(bench: Bench) -> None:
    bench.taker.unreadable = {b"bad": "读不懂"}
    bench.append([b"one", b"bad", b"two"])
    follower = bench.follower()
    bench.step(follower)
    [(number, reason, tries, waits)] = bench.letters()
    assert (reason, tries, waits) == ("读不懂", 0, False)
    bench.step(follower)
    assert sorted(bench.handled()) == [b"one", b"two"], "nothing is taken again that nobody handed back"
    bench.taker.unreadable = {}
    assert bench.ask(number) == [number]
    assert bench.letters() == [(number, "读不懂", 0, True)]
    before = bench.committed
    bench.step(follower)
    assert sorted(bench.handled()) == [b"bad", b"one", b"two"]
    assert bench.committed == before + 1, "whoever writes down what was committed hears of it"
    assert bench.letters() == []
    bench.step(follower)
    assert sorted(bench.handled()) == [b"bad", b"one", b"two"]


@pytest.mark.parametrize("how", ["unreadable", "poisoned"])
def test_a_letter_that_fails_again_stays_under_its_number_with_the_new_reason(bench: Bench, how: str) -> None:
    bench.taker.unreadable = {b"bad": "读不懂"}
    bench.append([b"bad"])
    follower = bench.follower()
    bench.step(follower)
    [(number, *_)] = bench.letters()
    if how == "poisoned":
        bench.taker.unreadable, bench.taker.poisoned = {}, {b"bad": Poison}
    else:
        bench.taker.unreadable = {b"bad": "仍读不懂：字段 x"}
    again = "处理时出错：Poison" if how == "poisoned" else "仍读不懂：字段 x"
    for tries in (1, 2):
        bench.ask(number)
        bench.step(follower)
        assert bench.letters() == [(number, again, tries, False)]
    assert bench.handled() == []
    with bench.store.read() as conn:
        found = letter(conn, number)
    assert found is not None
    assert (found.body, found.at, found.kind) == (b"bad", NOON, LetterKind.RECORD)


def test_what_is_not_now_waits_and_is_taken_when_it_can_be(bench: Bench) -> None:
    bench.taker.unreadable = {b"bad": "读不懂"}
    bench.append([b"bad"])
    follower = bench.follower()
    bench.step(follower)
    bench.taker.unreadable, bench.taker.poisoned = {}, {b"bad": LogUnavailable}
    bench.ask()
    bench.step(follower)
    assert [(tries, waits) for _, _, tries, waits in bench.letters()] == [(0, True)]
    assert "什么人写的话" in follower.trouble
    bench.taker.poisoned = {}
    bench.step(follower)
    assert (bench.handled(), bench.letters()) == ([b"bad"], [])
    assert follower.trouble == ""


def test_a_letter_goes_to_who_has_its_partition_and_to_its_reader_only(bench: Bench) -> None:
    bench.taker.unreadable = {b"bad": "读不懂"}
    bench.append([b"bad"])
    follower = bench.follower()
    bench.step(follower)
    follower.close()
    bench.taker.unreadable = {}
    bench.ask()
    other = Follower(bench.log, bench.store, TOPIC, "index", clock=lambda: NOON, monotonic=lambda: bench.seconds)
    bench.step(other)
    assert bench.handled() == [b"bad"], "as a record of the topic, by the other group"
    assert len(bench.letters()) == 1
    bench.step(bench.follower())
    assert bench.handled() == [b"bad", b"bad"]
    assert bench.letters() == []


def test_a_reader_that_lost_its_partition_takes_no_letter(bench: Bench) -> None:
    """It was paused, and another member moved the position: its transaction with the letter is refused whole."""
    bench.taker.unreadable = {b"bad": "读不懂"}
    bench.append([b"bad"])
    follower = bench.follower()
    bench.step(follower)
    bench.taker.unreadable = {}
    bench.ask()
    with bench.store.write() as conn:
        conn.exec_driver_sql("UPDATE positions SET next = next + 1")
    bench.seconds += 3
    follower.step(bench.taker, wait=0)
    assert bench.handled() == []
    assert [waits for *_, waits in bench.letters()] == [True]


def test_a_lost_range_is_no_record_to_be_tried_again(bench: Bench) -> None:
    with bench.store.write() as conn:
        bury(
            conn, reader=READER, topic=TOPIC, partition=0, offset=4, body=b"{}", reason="缺失", now=NOON,
            kind=LetterKind.RANGE, many=7,
        )  # fmt: skip
    assert bench.ask() == []
    assert bench.ask(1) == []


def test_what_is_too_much_is_counted_and_said_and_never_silent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream.dead_letter, "MOST", 3)
    monkeypatch.setattr(stream.dead_letter, "MOST_BYTES", 10)
    counted = metrics.NOT_KEPT.labels(reader=READER)
    before = counted._value.get()
    bench.taker.unreadable = dict.fromkeys((b"12345", b"123456", b"1234", b"", b"12", b"x"), "读不懂")
    for value in bench.taker.unreadable:
        bench.append([value])
    bench.step(bench.follower(), 8)
    with bench.store.read() as conn:
        found = letters(conn, 10)
        total = kept(conn)
    held = [one for one in found if one.kind is LetterKind.RECORD]
    [spill] = [one for one in found if one.kind is LetterKind.OVERFLOW]
    assert len(held) == 3
    assert sum(one.size for one in held) <= 10
    assert len(held) + spill.many == len(bench.taker.unreadable)
    assert sum(one.size for one in held) + spill.size == sum(map(len, bench.taker.unreadable))
    assert "只计数、不留存" in spill.reason
    assert total == Kept(4, 0, spill.many, (READER,))
    assert counted._value.get() - before == spill.many
    with bench.store.write() as conn:
        assert drop(conn, held[0].id)
        assert not drop(conn, held[0].id)
        assert Room.of(conn).letters == 1


@settings(max_examples=25, deadline=None)
@given(
    data=st.data(),
    many=st.integers(1, 12),
    acts=st.lists(st.sampled_from(["ask", "mend", "step", "kill", "all", "drop", "fail"]), max_size=20),
)
def test_whatever_an_operator_and_a_kill_do_each_record_takes_effect_at_most_once(
    data: st.DataObject, many: int, acts: list[str]
) -> None:
    """In the end every record took effect once, is a letter, or was dropped: never two of these, never none."""
    values = [f"{number}".encode() for number in range(many)]
    bad = data.draw(st.sets(st.sampled_from(values)))
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        bench.taker.unreadable = dict.fromkeys(bad, "读不懂")
        bench.append(values)
        follower, dropped = bench.follower(), set[bytes]()
        bench.step(follower, 2)
        for act in acts:
            _act(bench, act, data, dropped)
            if act == "kill":
                follower.close()
                follower = bench.follower()
            if act == "step":
                bench.step(follower, 1)
        bench.step(follower)
        with bench.store.read() as conn:
            left = [one.body for one in (letter(conn, row.id) for row in letters(conn, 100)) if one is not None]
        assert sorted([*bench.handled(), *left, *dropped]) == sorted(values)
        follower.close()
        bench.close()


def _act(bench: Bench, act: str, data: st.DataObject, dropped: set[bytes]) -> None:
    there = bench.letters()
    taker = bench.taker
    if act == "mend" and taker.unreadable:
        taker.unreadable.pop(data.draw(st.sampled_from(sorted(taker.unreadable))))
    if act == "fail" and taker.unreadable:
        value = data.draw(st.sampled_from(sorted(taker.unreadable)))
        taker.unreadable.pop(value)
        taker.poisoned[value] = Poison
    if act == "all":
        bench.ask()
    if act in ("ask", "drop") and there:
        number = data.draw(st.sampled_from([one[0] for one in there]))
        if act == "ask":
            bench.ask(number)
            return
        with bench.store.write() as conn:
            found = letter(conn, number)
            assert found is not None
            assert drop(conn, number)
            dropped.add(found.body)
