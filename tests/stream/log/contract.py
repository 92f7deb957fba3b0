"""What every log promises, as tests. An adapter inherits `LogContract` and gives it a `site`, the place to break
things."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from select import select

import pytest

from stream.log import (
    RECORD_LIMIT,
    Log,
    LogError,
    LogUnavailable,
    LostPosition,
    Positions,
    Reader,
    Record,
    RecordTooLarge,
    partition_of,
)
from tests.stream.log.child import open_at
from tests.stream.log.ledger import Ledger

REPOSITORY = Path(__file__).resolve().parents[3]
JOINED = 60.0
"""Seconds: Kafka's client now and then stalls in a join, and the reader joins afresh after twenty."""


class Site(ABC):
    """Where one adapter's logs live, and how they are hurt."""

    url: str
    session: float  # seconds until a dead member's partitions are given to others
    partitions = 4

    def open(self) -> Log:
        return open_at(self.url, self.session)

    def topic(self) -> str:
        """A new topic with `partitions` partitions."""
        name = f"t{uuid.uuid4().hex[:12]}"
        log = self.open()
        log.ensure({name: self.partitions})
        log.close()
        return name

    def key_of(self, partition: int) -> str:
        """A key that goes to that partition."""
        return next(key for key in map(str, range(1000)) if partition_of(key, self.partitions) == partition)

    @abstractmethod
    def expire(self, topic: str, partition: int, before: int) -> None:
        """Retention removes what lies before that offset."""

    @abstractmethod
    def damage(self, topic: str, partition: int, value: bytes) -> None:
        """Flip a bit of the record with that value where it is stored."""

    @abstractmethod
    def append_with_gap(self, topic: str, key: str, value: bytes) -> None:
        """Append a record and use up the offset behind it without a record."""

    @abstractmethod
    def outage(self) -> AbstractContextManager[None]:
        """Nothing can be appended meanwhile."""


def numbered(first: int, after: int) -> list[bytes]:
    return [str(number).encode() for number in range(first, after)]


def values(records: list[Record]) -> list[bytes]:
    return [record.value for record in records]


def until(done: Callable[[], bool], limit: float = JOINED) -> None:
    """Wait for something, and fail when it does not come."""
    end = time.monotonic() + limit
    while not done():
        assert time.monotonic() < end, "did not happen in time"


def drain(reader: Reader, number: int, limit: float = JOINED, at_once: int = 1000) -> list[Record]:
    """Read until `number` records have come."""
    found: list[Record] = []

    def enough() -> bool:
        found.extend(reader.poll(at_once, 0.2))
        return len(found) >= number

    until(enough, limit)
    return found


def nothing(_: object) -> dict[int, int]:
    """The positions of a store without rows."""
    return {}


class LogContract:
    """Inherit, and define the fixture `site`."""

    @pytest.fixture
    def log(self, site: Site) -> Iterator[Log]:
        log = site.open()
        yield log
        log.close()

    @pytest.fixture
    def topic(self, site: Site) -> str:
        return site.topic()

    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Ledger:
        return Ledger(tmp_path / "ledger.db")

    @pytest.fixture
    def child(self, site: Site) -> Iterator[Callable[..., subprocess.Popen[str]]]:
        running: list[subprocess.Popen[str]] = []

        def start(what: str, *args: object) -> subprocess.Popen[str]:
            command = [
                sys.executable,
                "-m",
                "tests.stream.log.child",
                what,
                site.url,
                str(site.session),
                *map(str, args),
            ]
            pipe = subprocess.PIPE
            running.append(subprocess.Popen(command, cwd=REPOSITORY, stdin=pipe, stdout=pipe, text=True))
            return running[-1]

        yield start
        for process in running:
            process.kill()
            process.wait()
            assert process.stdout is not None
            assert process.stdin is not None
            process.stdout.close()
            with suppress(OSError):
                process.stdin.close()

    # Appending

    def test_records_of_one_key_keep_their_order_and_partition(self, site: Site, log: Log, topic: str) -> None:
        keys = [f"thread-{number}" for number in range(9)]
        for number in range(20):
            log.append(topic, [(key, f"{key}/{number}".encode()) for key in keys])
        with reading(log, topic) as reader:
            records = drain(reader, 180)
        for key in keys:
            mine = [record for record in records if record.key == key]
            assert values(mine) == [f"{key}/{number}".encode() for number in range(20)]
            assert {record.partition for record in mine} == {partition_of(key, site.partitions)}
            assert [record.offset for record in mine] == sorted({record.offset for record in mine})

    def test_a_record_carries_topic_key_and_the_time_of_its_append(self, log: Log, topic: str) -> None:
        before = datetime.now(UTC) - timedelta(seconds=1)  # the broker counts in milliseconds
        log.append(topic, [("键", b"\x00\xff")])
        with reading(log, topic) as reader:
            (record,) = drain(reader, 1)
        assert (record.topic, record.key, record.value, record.offset) == (topic, "键", b"\x00\xff", 0)
        assert record.appended_at.tzinfo is UTC
        assert before <= record.appended_at <= datetime.now(UTC) + timedelta(seconds=1)

    def test_a_key_with_a_lone_surrogate_comes_back_unchanged(self, log: Log, topic: str) -> None:
        log.append(topic, [("weibo:\ud800", b"x")])
        with reading(log, topic) as reader:
            assert drain(reader, 1)[0].key == "weibo:\ud800"

    def test_appending_nothing_is_no_error(self, log: Log, topic: str) -> None:
        log.append(topic, [])
        assert sum(log.ends(topic).values()) == 0

    def test_ends_are_the_next_offsets_of_every_partition(self, site: Site, log: Log, topic: str) -> None:
        assert log.ends(topic) == dict.fromkeys(range(site.partitions), 0)
        log.append(topic, [(site.key_of(2), value) for value in numbered(0, 7)])
        assert log.ends(topic) == dict.fromkeys(range(site.partitions), 0) | {2: 7}

    def test_a_record_above_the_limit_is_refused_whole_and_named(self, log: Log, topic: str) -> None:
        entries = [("a", b"1"), ("b", b"x" * RECORD_LIMIT), ("a", b"2")]
        with pytest.raises(RecordTooLarge, match="第 2 条记录") as refused:
            log.append(topic, entries)
        assert (refused.value.index, refused.value.limit, refused.value.size) == (1, RECORD_LIMIT, RECORD_LIMIT + 1)
        assert sum(log.ends(topic).values()) == 0
        log.append(topic, [entries[0], entries[2]])
        assert sum(log.ends(topic).values()) == 2

    def test_the_largest_record_and_a_batch_of_many_megabytes_pass(self, log: Log, topic: str) -> None:
        largest = b"\xe9\xa3\x8e" * ((RECORD_LIMIT - 1) // 3)
        noise = [os.urandom(RECORD_LIMIT - 1) for _ in range(4)]
        log.append(topic, [("k", largest), *(("k", part) for part in noise)])
        with reading(log, topic) as reader:
            assert values(drain(reader, 5)) == [largest, *noise]

    def test_ensuring_a_topic_again_changes_nothing(self, site: Site, log: Log, topic: str) -> None:
        log.append(topic, [("k", b"1")])
        log.ensure({topic: site.partitions})
        assert sum(log.ends(topic).values()) == 1

    def test_another_number_of_partitions_is_refused_with_the_cure(self, site: Site, log: Log, topic: str) -> None:
        with pytest.raises(LogError, match=f"已有 {site.partitions} 个分区.*改回 {site.partitions}"):
            log.ensure({topic: site.partitions + 1})

    def test_a_topic_that_is_missing_is_named_at_once(self, log: Log) -> None:
        for attempt in (
            lambda: log.append("absent", [("k", b"v")]),
            lambda: log.ends("absent"),
            lambda: log.reader("absent", "g", nothing),
        ):
            with pytest.raises(LogError, match="没有主题 absent"):
                attempt()

    # Durability and several processes

    def test_what_a_process_appended_is_there_after_its_end(
        self, site: Site, topic: str, child: Callable[..., subprocess.Popen[str]]
    ) -> None:
        assert child("append", topic, "one", 6).wait(30) == 0
        log = site.open()
        with reading(log, topic) as reader:
            assert len(drain(reader, 30)) == 30
        log.close()

    @pytest.mark.kills
    def test_every_acknowledged_record_survives_a_killed_appender(
        self, log: Log, topic: str, child: Callable[..., subprocess.Popen[str]]
    ) -> None:
        process = child("append", topic, "one", 1_000_000)
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(25)][-1]
        process.kill()
        acknowledged = max([acknowledged, *(int(line) for line in process.stdout.read().splitlines()[:-1])])
        with reading(log, topic) as reader:
            found = drain(reader, (acknowledged + 1) * 5)
        for key in range(5):
            mine = [r.value for r in found if r.key == f"one-{key}"]
            assert mine[: acknowledged + 1] == [f"one-{number}".encode() for number in range(acknowledged + 1)]

    def test_two_processes_append_at_once_and_keep_their_orders(
        self, log: Log, topic: str, child: Callable[..., subprocess.Popen[str]]
    ) -> None:
        processes = [child("append", topic, name, 40) for name in ("one", "two")]
        assert [process.wait(60) for process in processes] == [0, 0]
        with reading(log, topic) as reader:
            records = drain(reader, 400)
        assert len({(r.partition, r.offset) for r in records}) == len(records) == 400
        for name in ("one", "two"):
            for key in range(5):
                mine = [r.value for r in records if r.key == f"{name}-{key}"]
                assert mine == [f"{name}-{number}".encode() for number in range(40)]

    # Reading and positions

    def test_an_empty_topic_answers_after_the_wait(self, log: Log, topic: str) -> None:
        with reading(log, topic) as reader:
            until(lambda: len(reader.poll(10, 0.1)) == 0 and len(reader.assigned()) == 4)
            began = time.monotonic()
            assert reader.poll(10, 0.5) == []
            assert 0.3 <= time.monotonic() - began <= 1.5

    def test_poll_returns_no_more_than_its_limit(self, log: Log, topic: str) -> None:
        log.append(topic, [(str(number), b"v") for number in range(100)])
        with reading(log, topic) as reader:
            sizes: list[int] = []
            while sum(sizes) < 100:
                sizes.append(len(reader.poll(9, 5)))
        assert max(sizes) <= 9

    def test_a_waiting_reader_gets_a_new_record_quickly(self, log: Log, topic: str) -> None:
        with reading(log, topic) as reader:
            until(lambda: reader.poll(10, 0.1) == [] and len(reader.assigned()) == 4)
            log.append(topic, [("k", b"news")])
            began = time.monotonic()
            assert values(reader.poll(10, 5)) == [b"news"]
            assert time.monotonic() - began < 1

    def test_a_group_without_positions_starts_at_the_oldest_record(self, log: Log, topic: str) -> None:
        log.append(topic, [("k", value) for value in numbered(0, 10)])
        for _ in range(2):  # nothing is remembered by the log
            with reading(log, topic) as reader:
                assert values(drain(reader, 10)) == numbered(0, 10)

    def test_reading_goes_on_at_the_stored_position(self, site: Site, log: Log, topic: str) -> None:
        log.append(topic, [(site.key_of(1), value) for value in numbered(0, 10)])
        with reading(log, topic, lambda _: {1: 6}) as reader:
            assert values(drain(reader, 4)) == numbered(6, 10)
            assert reader.poll(10, 0.3) == []

    def test_two_groups_each_read_everything(self, log: Log, topic: str) -> None:
        log.append(topic, [("k", value) for value in numbered(0, 10)])
        with reading(log, topic) as one, reading(log, topic) as two:
            assert values(drain(one, 10)) == values(drain(two, 10)) == numbered(0, 10)

    def test_going_back_reads_from_the_stored_position_again(self, site: Site, log: Log, topic: str) -> None:
        stored = {0: 0}
        key = site.key_of(0)
        log.append(topic, [(key, value) for value in numbered(0, 10)])
        with reading(log, topic, lambda _: stored) as reader:
            assert values(drain(reader, 10, at_once=4)) == numbered(0, 10)
            stored[0] = 4
            reader.back(0)
            assert values(drain(reader, 6)) == numbered(4, 10)
            reader.back(99)  # not assigned: nothing happens
            log.append(topic, [(key, b"10")])
            assert values(drain(reader, 1)) == [b"10"]

    def test_a_store_that_fails_is_asked_again_and_nothing_is_skipped(self, log: Log, topic: str) -> None:
        log.append(topic, [("k", value) for value in numbered(0, 5)])
        failing = [OSError("store down"), OSError("store down")]

        def positions(_: object) -> dict[int, int]:
            if failing:
                raise failing.pop()
            return {}

        with reading(log, topic, positions) as reader:
            raised = 0
            found: list[Record] = []
            while not found:
                try:
                    found = reader.poll(10, 5)
                except OSError:
                    raised += 1
            assert (raised, values(found)) == (2, numbered(0, 5))

    def test_a_gap_in_the_offsets_is_passed_in_silence(self, site: Site, log: Log, topic: str) -> None:
        key = site.key_of(0)
        site.append_with_gap(topic, key, b"before")
        log.append(topic, [(key, b"after")])
        with reading(log, topic) as reader:
            one, two = drain(reader, 2)
            assert (one.value, two.value) == (b"before", b"after")
            assert two.offset > one.offset + 1
            assert reader.lost() == []
        with reading(log, topic, lambda _: {0: one.offset + 1}) as reader:
            assert values(drain(reader, 1)) == [b"after"]
            assert reader.lost() == []

    # Lost positions

    def test_a_position_that_retention_has_overtaken_is_reported(self, site: Site, log: Log, topic: str) -> None:
        for value in numbered(0, 10):
            log.append(topic, [(site.key_of(3), value)])
        site.expire(topic, 3, 6)
        with reading(log, topic, lambda _: {3: 2}) as reader:
            assert values(drain(reader, 4)) == numbered(6, 10)
            assert reader.lost() == [LostPosition(3, 2, 6, "expired")]
            assert reader.lost() == []

    def test_retention_that_overtakes_a_reader_at_work_is_reported(self, site: Site, log: Log, topic: str) -> None:
        stored = {3: 0}
        with reading(log, topic, lambda _: stored) as reader:
            for value in numbered(0, 10):
                log.append(topic, [(site.key_of(3), value)])
            stored[3] = drain(reader, 1, at_once=1)[-1].offset + 1
            site.expire(topic, 3, 8)
            reader.back(3)
            assert values(drain(reader, 2)) == numbered(8, 10)
            assert reader.lost() == [LostPosition(3, 1, 8, "expired")]

    def test_a_position_behind_the_end_starts_from_the_oldest(self, site: Site, log: Log, topic: str) -> None:
        log.append(topic, [(site.key_of(1), value) for value in numbered(0, 3)])
        with reading(log, topic, lambda _: {1: 500}) as reader:
            assert values(drain(reader, 3)) == numbered(0, 3)
            assert reader.lost() == [LostPosition(1, 500, 0, "ahead")]

    def test_a_damaged_record_is_reported_and_passed_over(self, site: Site, log: Log, topic: str) -> None:
        key, other = site.key_of(2), site.key_of(1)
        marked = [f"record-{number}-{uuid.uuid4()}".encode() for number in range(6)]
        for value in marked:
            log.append(topic, [(key, value)])
        log.append(topic, [(other, b"elsewhere")])
        site.damage(topic, 2, marked[3])
        with reading(log, topic) as reader:
            found = drain(reader, 6)
            assert [r.value for r in found if r.partition == 2] == marked[:3] + marked[4:]
            assert [r.value for r in found if r.partition == 1] == [b"elsewhere"]
            assert reader.lost() == [LostPosition(2, 3, 4, "damaged")]
            log.append(topic, [(key, b"later")])
            assert values(drain(reader, 1)) == [b"later"]

    # Groups

    def test_two_members_share_and_the_leaver_is_succeeded(self, log: Log, topic: str, ledger: Ledger) -> None:
        group = uuid.uuid4().hex
        one = log.reader(topic, group, ledger.positions)
        try:
            until(lambda: commit(one, ledger) and len(one.assigned()) == 4)
            two = log.reader(topic, group, ledger.positions)
            until(lambda: commit(one, ledger) and commit(two, ledger) and shared(one, two))
            assert one.assigned() | two.assigned() == frozenset(range(4))
            log.append(topic, [(str(number), str(number).encode()) for number in range(200)])
            until(lambda: commit(one, ledger) and commit(two, ledger) and len(ledger.values()) >= 200)
            log.append(topic, [(str(number), str(number).encode()) for number in range(200, 300)])
            two.close()
            until(lambda: commit(one, ledger) and len(ledger.values()) >= 300)
            assert one.assigned() == frozenset(range(4))
            assert sorted(ledger.values()) == sorted(numbered(0, 300))
        finally:
            one.close()

    @pytest.mark.kills
    def test_a_killed_member_is_succeeded_and_nothing_is_lost_or_doubled(
        self,
        site: Site,
        log: Log,
        topic: str,
        tmp_path: Path,
        ledger: Ledger,
        child: Callable[..., subprocess.Popen[str]],
    ) -> None:
        group = uuid.uuid4().hex
        process = child("read", topic, group, ledger.path)
        assert process.stdout is not None
        while int(process.stdout.readline()) < 4:
            pass
        one = log.reader(topic, group, ledger.positions)
        try:
            until(lambda: commit(one, ledger) and len(one.assigned()) == 2)
            log.append(topic, [(str(number), str(number).encode()) for number in range(100)])
            until(lambda: commit(one, ledger) and len(ledger.values()) > 20)
            process.kill()
            log.append(topic, [(str(number), str(number).encode()) for number in range(100, 200)])
            until(lambda: commit(one, ledger) and len(one.assigned()) == 4, site.session * 2 + 20)
            until(lambda: commit(one, ledger) and len(ledger.values()) >= 200)
            assert sorted(ledger.values()) == sorted(numbered(0, 200))
        finally:
            one.close()

    @pytest.mark.kills
    def test_a_member_paused_in_mid_batch_past_its_session_is_fenced_when_it_comes_back(
        self, site: Site, log: Log, topic: str, ledger: Ledger, child: Callable[..., subprocess.Popen[str]]
    ) -> None:
        """It is stopped with a batch in hand, is given up, and wakes when another has committed what it holds."""
        group = uuid.uuid4().hex
        log.append(topic, [(str(number), str(number).encode()) for number in range(40)])
        paused = child("hold", topic, group, ledger.path)
        said, tell = paused.stdout, paused.stdin
        assert said is not None
        assert tell is not None
        assert int(said.readline()) > 0
        os.kill(paused.pid, signal.SIGSTOP)
        one = log.reader(topic, group, ledger.positions)
        try:
            until(lambda: commit(one, ledger) and len(ledger.values()) >= 40, site.session * 2 + 20)
            os.kill(paused.pid, signal.SIGCONT)
            tell.write("go on\n")
            tell.flush()
            until(lambda: commit(one, ledger) and bool(select([said], [], [], 0)[0]))
            assert said.readline() == "fenced\n"
            log.append(topic, [(str(number), str(number).encode()) for number in range(40, 80)])
            until(lambda: commit(one, ledger) and len(ledger.values()) >= 80)
            assert sorted(ledger.values()) == sorted(numbered(0, 80))
        finally:
            one.close()

    def test_members_joining_and_leaving_under_load_lose_nothing(self, log: Log, topic: str, ledger: Ledger) -> None:
        group, keys, total = uuid.uuid4().hex, 11, 0
        crew = [log.reader(topic, group, ledger.positions)]
        for turn in range(6):
            log.append(topic, [(str(n % keys), str(n).encode()) for n in range(total, total + 100)])
            total += 100
            if turn % 2 == 0:
                crew.append(log.reader(topic, group, ledger.positions))
            else:
                crew.pop(0).close()
            for reader in crew * 3:
                commit(reader, ledger)
        until(lambda: all(commit(reader, ledger) for reader in crew) and len(ledger.values()) >= total)
        for reader in crew:
            reader.close()
        for key in range(keys):
            assert ledger.of_key(str(key)) == [str(n).encode() for n in range(total) if n % keys == key]

    # Trouble

    def test_an_outage_is_told_and_everything_resumes_by_itself(self, site: Site, log: Log, topic: str) -> None:
        log.append(topic, [("k", b"before")])
        log.healthy()
        with reading(log, topic) as reader:
            assert values(drain(reader, 1)) == [b"before"]
            with site.outage():
                began = time.monotonic()
                with pytest.raises(LogUnavailable, match="暂不可用"):
                    log.append(topic, [("k", b"after")])
                assert time.monotonic() - began < 20
                with pytest.raises(LogUnavailable, match="暂不可用"):
                    log.healthy()
                assert reader.poll(10, 0.5) == []

            def again() -> bool:
                with suppress(LogUnavailable):
                    log.append(topic, [("k", b"after")])
                    return True
                return False

            until(again)
            log.healthy()
            # "before" may come again, as the assignment may have been lost meanwhile
            until(lambda: b"after" in values(reader.poll(10, 0.2)))

    def test_closing_twice_is_no_error(self, site: Site, topic: str) -> None:
        log = site.open()
        reader = log.reader(topic, "g", nothing)
        reader.poll(1, 0.1)
        for _ in range(2):
            reader.close()
        for _ in range(2):
            log.close()


@contextmanager
def reading(log: Log, topic: str, positions: Positions = nothing) -> Iterator[Reader]:
    """A reader in a group of its own."""
    reader = log.reader(topic, uuid.uuid4().hex, positions)
    try:
        yield reader
    finally:
        reader.close()


def shared(one: Reader, two: Reader) -> bool:
    """Whether two members have two partitions each; in the midst of a redistribution one has none for a moment."""
    return len(one.assigned()) == len(two.assigned()) == 2


def commit(reader: Reader, ledger: Ledger) -> bool:
    """One poll and its transaction."""
    for partition in ledger.take(reader.poll(50, 0.05)):
        reader.back(partition)
    return True
