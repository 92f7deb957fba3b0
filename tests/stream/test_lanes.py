"""Two lanes: what is fresh never waits for more than one small step of history, and history never stands still."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from stream.dead_letter import dead_letters
from stream.follow import Effects
from stream.lanes import MOVE_SECONDS, SMALL, TROUBLE_SECONDS, Lanes
from stream.log import Log, Record
from stream.log.sqlite import SqliteLog
from stream.position import advance, standing
from stream.topic import ASSESSED, ASSESSED_HISTORY, partitions
from tests.mould import pour

NOON = datetime(2026, 11, 3, 4, tzinfo=UTC)
HANDLED = "CREATE TABLE IF NOT EXISTS handled (value BLOB)"


class NotNow(Exception):
    """A known trouble."""


class Killed(BaseException):
    """The process ends here."""


class Bench:
    """A log with all topics, a store, and lanes that may be made anew; `refused` records are not to be had now."""

    def __init__(self, folder: Path, log: Log | None = None) -> None:
        self.store, self.log = pour(folder / "store.db"), log or SqliteLog(folder / "log.db")
        self.log.ensure(partitions(1))
        self.seconds = 1000.0
        self.takes = 0.0
        self.refused: set[bytes] = set()
        self.poison: set[bytes] = set()
        self.killed_by: set[bytes] = set()
        with self.store.write() as conn:
            conn.exec_driver_sql(HANDLED)

    def lanes(self) -> Lanes:
        return Lanes(
            self.log, self.store, "watch", clock=lambda: NOON, ordered=True, troubles=(NotNow,),
            monotonic=lambda: self.seconds,
        )  # fmt: skip

    def fresh(self, *values: bytes) -> None:
        self.log.append(ASSESSED, [("school", value) for value in values])

    def past(self, *values: bytes) -> None:
        self.log.append(ASSESSED_HISTORY, [("school", value) for value in values])

    def take(self, records: Sequence[Record]) -> Effects:
        values = [record.value for record in records]
        self.seconds += self.takes
        if self.killed_by & set(values):
            raise Killed
        if self.refused & set(values):
            raise NotNow("现在不行")

        def effects(conn: Connection) -> None:
            for value in values:
                conn.exec_driver_sql("INSERT INTO handled VALUES (?)", (value,))
                if value in self.poison:
                    raise ValueError

        return effects

    def handled(self) -> list[bytes]:
        with self.store.read() as conn:
            return [row[0] for row in conn.exec_driver_sql("SELECT value FROM handled ORDER BY rowid")]

    def positions(self) -> dict[str, int]:
        with self.store.read() as conn:
            return {name: sum(standing(conn, name).values()) for name in ("watch", "watch.history")}

    def close(self) -> None:
        self.log.close()
        self.store.close()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr("stream.follow.PAUSE_SECONDS", 0.0)
    made = Bench(tmp_path)
    yield made
    made.close()


def numbered(name: str, many: int) -> list[bytes]:
    return [f"{name}{number}".encode() for number in range(many)]


def test_a_fresh_record_waits_for_one_small_step_of_history_at_most(bench: Bench) -> None:
    lanes = bench.lanes()
    bench.past(*numbered("past", 5 * SMALL))
    assert lanes.step(bench.take, wait=0.0) == SMALL, "as much as one fresh record may have to wait for"
    bench.fresh(b"now")
    assert lanes.step(bench.take, wait=5.0) == 1 + SMALL
    assert bench.handled()[SMALL] == b"now", "the next thing taken, with 400 of history before it in time"
    while lanes.step(bench.take, wait=0.0):
        pass
    assert bench.handled() == [*numbered("past", SMALL), b"now", *numbered("past", 5 * SMALL)[SMALL:]]
    lanes.close()


def test_history_rests_as_long_as_its_step_took_and_what_is_fresh_does_not_wait_for_that(bench: Bench) -> None:
    lanes = bench.lanes()
    bench.past(*numbered("past", 3 * SMALL))
    bench.takes = 0.2  # each of the two transactions of a first step
    assert lanes.step(bench.take, wait=0.0) == SMALL
    assert lanes.step(bench.take, wait=0.0) == 0, "others have the store and the core now"
    bench.fresh(b"now")
    bench.takes = 0.0
    assert lanes.step(bench.take, wait=5.0) == 1
    assert bench.handled()[-1] == b"now"
    bench.seconds += 0.39
    assert lanes.step(bench.take, wait=0.0) == 0
    bench.seconds += 0.02
    assert lanes.step(bench.take, wait=0.0) == SMALL
    assert lanes.step(bench.take, wait=0.0) == SMALL, "a step that took no time needs no rest"


def test_history_moves_a_small_step_now_and_then_while_fresh_records_never_cease(bench: Bench) -> None:
    lanes = bench.lanes()
    lanes.step(bench.take, wait=0.0)
    bench.past(*numbered("past", 3 * SMALL))
    for turn in range(20):
        bench.seconds += MOVE_SECONDS / 10
        bench.fresh(*numbered(f"now{turn}.", SMALL))
        assert lanes.step(bench.take, wait=0.0) >= SMALL
    assert bench.positions() == {"watch": 20 * SMALL, "watch.history": 2 * SMALL}
    lanes.close()


def test_history_goes_on_beside_a_trickle_of_fresh_records(bench: Bench) -> None:
    """60 a second came to a store that takes a sixtieth of a second for each: history had all but stopped."""
    lanes = bench.lanes()
    lanes.step(bench.take, wait=0.0)
    bench.past(*numbered("past", 3 * SMALL))
    for turn in range(3):
        bench.fresh(f"now{turn}".encode())
        assert lanes.step(bench.take, wait=0.0) == 1 + SMALL
    assert bench.positions() == {"watch": 3, "watch.history": 3 * SMALL}
    lanes.close()


def test_history_that_cannot_be_taken_is_left_alone_for_a_while_and_said(bench: Bench) -> None:
    lanes = bench.lanes()
    bench.refused = {b"past0"}
    bench.past(*numbered("past", 3))
    assert lanes.step(bench.take, wait=0.0) == 0
    assert lanes.trouble == "现在不行"
    bench.refused = set()
    bench.fresh(b"now")
    assert lanes.step(bench.take, wait=0.0) == 1
    assert lanes.step(bench.take, wait=0.0) == 0, "not looked at again yet"
    bench.seconds += TROUBLE_SECONDS
    assert lanes.step(bench.take, wait=0.0) == 3
    assert (lanes.trouble, bench.handled()) == ("", [b"now", *numbered("past", 3)])
    lanes.close()


def test_a_dead_letter_of_history_rests_under_its_own_reader_and_comes_back_to_it(bench: Bench) -> None:
    lanes = bench.lanes()
    bench.poison = {b"past1"}
    bench.past(*numbered("past", 3))
    lanes.step(bench.take, wait=0.0)
    assert bench.handled() == [b"past0", b"past2"]
    bench.poison = set()
    with bench.store.write() as conn:
        (letter,) = conn.execute(select(dead_letters)).all()
        assert (letter.reader, letter.topic, bytes(letter.body)) == ("watch.history", ASSESSED_HISTORY, b"past1")
        conn.execute(dead_letters.update().values(asked_at=NOON))
    bench.seconds += 10.0
    lanes.step(bench.take, wait=0.0)
    assert bench.handled() == [b"past0", b"past2", b"past1"]
    lanes.close()


def test_a_standby_has_neither_lane(bench: Bench) -> None:
    first, standby = bench.lanes(), bench.lanes()
    bench.past(*numbered("past", 4))
    bench.fresh(b"now")
    first.step(bench.take, wait=0.0)
    assert standby.step(bench.take, wait=0.0) == 0
    first.step(bench.take, wait=0.0)
    assert standby.step(bench.take, wait=0.0) == 0
    assert bench.handled() == [b"now", *numbered("past", 4)]
    first.close()
    bench.past(b"later")
    bench.fresh(b"soon")
    while b"later" not in bench.handled():
        standby.step(bench.take, wait=0.05)
    assert bench.handled()[-2:] == [b"soon", b"later"]
    standby.close()


@pytest.mark.parametrize("lane", ["watch", "watch.history"])
def test_a_paused_reader_is_fenced_by_either_position(bench: Bench, lane: str) -> None:
    """Somebody else has moved one lane meanwhile: the transaction of the other is rolled back as well."""
    lanes = bench.lanes()
    bench.fresh(b"now0")
    lanes.step(bench.take, wait=0.0)
    bench.past(b"past0")
    lanes.step(bench.take, wait=0.0)
    assert bench.positions() == {"watch": 1, "watch.history": 1}
    bench.fresh(b"now1")
    bench.past(b"past1")
    with bench.store.write() as conn:  # as the reader that took over would, after its own effects
        advance(conn, lane, 0, 1, 2)
    assert lanes.step(bench.take, wait=0.0) == 0
    assert bench.handled() == [b"now0", b"past0"], "neither lane goes on before both positions are read again"
    bench.seconds += TROUBLE_SECONDS
    lanes.step(bench.take, wait=0.0)
    lanes.step(bench.take, wait=0.0)
    skipped = b"now1" if lane == "watch" else b"past1"
    assert sorted(bench.handled()) == sorted({b"now0", b"now1", b"past0", b"past1"} - {skipped})
    assert bench.positions() == {"watch": 2, "watch.history": 2}
    lanes.close()


WHAT = st.lists(st.sampled_from(["fresh", "past", "step", "kill", "again"]), max_size=30)


@settings(max_examples=25, deadline=None)
@given(deeds=WHAT)
def test_whenever_a_role_is_killed_nothing_is_lost_or_doubled_in_either_lane(deeds: list[str]) -> None:
    """Killed in the middle of a batch of either lane, made anew: each is handled once, each lane in its order."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr("stream.follow.PAUSE_SECONDS", 0.0)
        bench = Bench(Path(folder))
        lanes = bench.lanes()
        said: dict[str, list[bytes]] = {"fresh": [], "past": []}
        for deed in [*deeds, "step", "step"]:
            if deed in said:
                value = f"{deed}{len(said[deed]):03}".encode()
                said[deed].append(value)
                getattr(bench, deed)(value)
            elif deed == "kill":
                bench.killed_by = {values[-1] for values in said.values() if values}
            elif deed == "again":
                lanes.close()
                lanes = bench.lanes()
            else:
                try:
                    lanes.step(bench.take, wait=0.0)
                except Killed:
                    bench.killed_by = set()
                    lanes.close()
                    lanes = bench.lanes()
        bench.killed_by = set()
        while lanes.step(bench.take, wait=0.0):
            pass
        found = bench.handled()
        assert [value for value in found if value.startswith(b"fresh")] == said["fresh"]
        assert [value for value in found if value.startswith(b"past")] == said["past"]
        lanes.close()
        bench.close()
