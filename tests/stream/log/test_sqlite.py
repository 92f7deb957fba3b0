from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.log import Log, LogError, LogUnavailable, open_log, partition_of
from stream.log.sqlite import SqliteLog
from stream.log.sqlite_file import LANE
from stream.log.sqlite_reader import alive, share
from tests.stream.log.contract import LogContract, Site, drain, nothing, numbered, reading, until, values
from tests.stream.log.ledger import Ledger

START = datetime(2026, 11, 1, tzinfo=UTC)


class SqliteSite(Site):
    session = 1.0

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    def open(self) -> Log:
        return SqliteLog(self.path, session=timedelta(seconds=self.session), patience=timedelta(seconds=1))

    def _change(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path, timeout=10)) as connection, connection:
            assert connection.execute(statement, values).rowcount > 0

    def lane(self, topic: str, partition: int) -> int:
        with closing(sqlite3.connect(self.path)) as connection:
            where = "SELECT id FROM lane WHERE topic = ? AND partition = ?"
            return int(connection.execute(where, (topic, partition)).fetchone()[0])

    def expire(self, topic: str, partition: int, before: int) -> None:
        start = self.lane(topic, partition) * LANE
        old = (START - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        age = "UPDATE record SET appended_at = ? WHERE place >= ? AND place < ?"
        self._change(age, old, start, start + before)
        with closing(self.open()) as log:
            log.prune(datetime.now(UTC))

    def damage(self, topic: str, partition: int, value: bytes) -> None:
        self._change("UPDATE record SET value = ? WHERE value = ?", b"X" + value[1:], value)

    def append_with_gap(self, topic: str, key: str, value: bytes) -> None:
        with closing(self.open()) as log:
            log.append(topic, [(key, value)])
        partition = partition_of(key, self.partitions)
        self._change("UPDATE lane SET next = next + 1 WHERE topic = ? AND partition = ?", topic, partition)

    @contextmanager
    def outage(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield


class TestSqliteLog(LogContract):
    @pytest.fixture
    def site(self, tmp_path: Path) -> Site:
        return SqliteSite(tmp_path / "log.db")

    def test_who_opens_the_file_twice_keeps_it_open_for_others(
        self, site: Site, log: Log, child: Callable[..., subprocess.Popen[str]]
    ) -> None:
        """Closing any descriptor of a file drops its process's locks on it; another would then end the -wal."""
        topic = site.topic()  # opens and closes the log of this process once more
        log.append(topic, [("a", b"1")])
        beside = Path(f"{site.url.removeprefix('sqlite:///')}-wal")
        before = beside.stat().st_ino
        assert child("append", topic, "one", 3).wait(60) == 0
        assert beside.exists(), "the other process left the file that this one still writes to"
        assert beside.stat().st_ino == before
        log.append(topic, [("a", b"2")])
        with reading(log, topic) as reader:
            assert len(drain(reader, 17)) == 17

    def test_a_silent_member_asks_the_store_again_before_it_reads_on(
        self, site: Site, log: Log, topic: str, ledger: Ledger
    ) -> None:
        paused, other = log.reader(topic, "g", ledger.positions), log.reader(topic, "g", nothing)
        until(lambda: paused.poll(9, 0.05) == [] and other.poll(9, 0.05) == [] and len(paused.assigned()) == 2, 5)
        held = paused.assigned()
        asked = len(ledger.asked)
        until(lambda: other.poll(9, 0.05) == [] and len(other.assigned()) == 4, 5)
        until(lambda: paused.poll(9, 0.05) == [] and other.poll(9, 0.05) == [] and paused.assigned() == held, 5)
        assert ledger.asked[asked:] == [set(held)]
        paused.close()
        other.close()

    def test_a_reader_whose_lease_ran_out_during_an_outage_gives_up_its_partitions(
        self, site: Site, log: Log, topic: str
    ) -> None:
        with reading(log, topic) as reader:
            until(lambda: reader.poll(9, 0.05) == [] and len(reader.assigned()) == 4, 5)
            with site.outage():
                until(lambda: reader.poll(9, 0.1) == [] and not reader.assigned(), 10)
            until(lambda: reader.poll(9, 0.1) == [] and len(reader.assigned()) == 4, 10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "log.db"


def test_the_file_is_readable_by_its_owner_only(path: Path) -> None:
    with closing(SqliteLog(path)) as log:
        log.ensure({"posts": 1})
        log.append("posts", [("k", b"v")])
        assert {oct(found.stat().st_mode & 0o777) for found in path.parent.iterdir()} == {"0o600"}


def test_every_commit_is_flushed_to_disk_and_writers_do_not_stop_readers(path: Path) -> None:
    with closing(SqliteLog(path)) as log:
        connection = log._connection
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_pruning_removes_the_oldest_and_keeps_what_is_young_enough(path: Path) -> None:
    now = START
    with closing(SqliteLog(path, retention=timedelta(days=7), clock=lambda: now)) as log:
        log.ensure({"posts": 2})
        for day in range(10):
            now = START + timedelta(days=day)
            log.append("posts", [(str(key), f"{day}".encode()) for key in range(6)])
        assert log.prune(START + timedelta(days=9)) == 12
        assert log.prune(START + timedelta(days=9)) == 0
        with reading(log, "posts") as reader:
            assert {r.value for r in drain(reader, 48)} == set(numbered(2, 10))
        assert log.prune(START + timedelta(days=99)) == 48
        ends = log.ends("posts")
        log.append("posts", [("k", b"new")])
        assert sum(log.ends("posts").values()) == sum(ends.values()) + 1


def test_pruning_in_pieces_stops_at_the_first_young_record_even_when_the_clock_went_back(path: Path) -> None:
    now = START + timedelta(days=8)
    with closing(SqliteLog(path, clock=lambda: now)) as log:
        log.ensure({"posts": 1})
        log.append("posts", [("k", b"young")] * 3)
        now = START
        log.append("posts", [("k", b"old by a wrong clock")] * 4500)
        assert log.prune(START + timedelta(days=9)) == 0
        assert log.prune(START + timedelta(days=99)) == 4503


def test_a_file_that_is_no_log_is_refused_with_its_name(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(LogError, match=r"log\.db.*已损坏或不是日志文件.*移走") as refused:
        SqliteLog(path)
    assert not isinstance(refused.value, LogUnavailable)


def test_a_file_of_a_later_version_is_refused(path: Path) -> None:
    SqliteLog(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=9")
    with pytest.raises(LogError, match="格式版本为 9"):
        SqliteLog(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LogError, match="无法建立"):
        SqliteLog(tmp_path / "log.db")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"无法建立.*请检查目录与权限"):
        SqliteLog(tmp_path)


def test_a_full_disk_is_trouble_that_passes(path: Path) -> None:
    with closing(SqliteLog(path)) as log:
        log.ensure({"posts": 1})
        pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
        log._connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(LogUnavailable, match="磁盘已满"):
            log.append("posts", [("k", b"x" * 100_000)])
        assert log.ends("posts") == {0: 0}
        log._connection.execute("PRAGMA max_page_count=1000000")
        log.append("posts", [("k", b"x" * 100_000)])
        assert log.ends("posts") == {0: 1}


def test_a_file_taken_away_under_the_service_is_told_and_goes_on_when_it_is_back(path: Path) -> None:
    with closing(SqliteLog(path)) as log:
        log.ensure({"posts": 1})
        log.append("posts", [("k", b"1")])
        aside = path.with_name("aside.db")
        path.rename(aside)
        for use in (
            log.healthy, lambda: log.append("posts", [("k", b"2")]), lambda: log.ends("posts"),
            lambda: log.prune(START), lambda: log.ensure({"posts": 1}), lambda: log.reader("posts", "g", nothing),
        ):  # fmt: skip
            with pytest.raises(LogUnavailable, match=r"log\.db 被移走或替换.*放回原处.*重新启动风信"):
                use()
        assert not path.exists(), "asking makes no new file"
        aside.rename(path)
        log.healthy()
        log.append("posts", [("k", b"2")])
        with reading(log, "posts") as reader:
            assert values(drain(reader, 2)) == [b"1", b"2"]


def test_a_file_replaced_under_the_service_takes_nothing_in(path: Path) -> None:
    with closing(SqliteLog(path)) as log:
        log.ensure({"posts": 1})
        path.unlink()
        with closing(SqliteLog(path)) as other:
            other.ensure({"posts": 1})
            with pytest.raises(LogUnavailable, match="被移走或替换"):
                log.append("posts", [("k", b"1")])
            with pytest.raises(LogUnavailable, match="被移走或替换"):
                log.healthy()
            assert other.ends("posts") == {0: 0}


def test_what_was_appended_before_the_file_was_taken_away_is_still_read(path: Path) -> None:
    with closing(SqliteLog(path)) as log:
        log.ensure({"posts": 1})
        with reading(log, "posts") as reader:
            assert reader.poll(10, 0.05) == []
            log.append("posts", [("k", b"1")])
            path.rename(path.with_name("aside.db"))
            assert values(drain(reader, 1)) == [b"1"]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///a.db?mode=ro"])
def test_an_address_without_a_plain_file_is_refused(url: str) -> None:
    with pytest.raises(LogError, match="应为 sqlite:///"):
        open_log(url)


@pytest.mark.parametrize("url", ["redis://localhost", "posts.db", ""])
def test_an_unknown_kind_of_log_is_refused_with_the_known_ones(url: str) -> None:
    with pytest.raises(LogError, match="sqlite://、kafka://"):
        open_log(url)


def test_an_idle_reader_costs_next_to_nothing(path: Path) -> None:
    with closing(SqliteLog(path)) as log:
        log.ensure({"posts": 4})
        with reading(log, "posts") as reader:
            reader.poll(10, 0.3)
            began = time.process_time()
            reader.poll(10, 1.0)
            assert time.process_time() - began < 0.1


@pytest.mark.parametrize(("key", "partition"), [("", 0), ("weibo:5012", 1), ("jy", 2), ("帖子", 0)])
def test_the_partition_of_a_key_never_changes(key: str, partition: int) -> None:
    assert partition_of(key, 4) == partition


@given(members=st.sets(st.text(min_size=1), min_size=1), partitions=st.integers(1, 64))
def test_shares_are_even_and_cover_every_partition_once(members: set[str], partitions: int) -> None:
    shares = [share(members, me, partitions) for me in members]
    assert sorted(p for part in shares for p in part) == list(range(partitions))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_lease_written_before_the_clock_was_set_back_is_void() -> None:
    assert alive(until=110, now=100, session=10)
    assert not alive(until=99, now=100, session=10)
    assert not alive(until=3700, now=100, session=10)


Batch = st.lists(st.tuples(st.sampled_from("abcde"), st.binary(max_size=40)), max_size=12)
Steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), Batch),
        st.tuples(st.just("poll"), st.integers(1, 20)),
        st.tuples(st.just("fail"), st.integers(1, 20)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(steps=Steps)
def test_whatever_happens_each_record_takes_effect_once_and_in_order(
    steps: list[tuple[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log")
    appended: dict[str, list[bytes]] = {key: [] for key in "abcde"}
    with closing(SqliteLog(folder / "log.db")) as log:
        log.ensure({"posts": 3})
        ledger = Ledger(folder / "ledger.db")
        reader = log.reader("posts", "g", ledger.positions)
        for what, given_ in steps:
            if what == "append" and isinstance(given_, list):
                log.append("posts", given_)
                for key, value in given_:
                    appended[key].append(value)
            elif what == "poll" and isinstance(given_, int):
                assert ledger.take(reader.poll(given_, 0)) == set()
            elif what == "fail" and isinstance(given_, int):
                for record in reader.poll(given_, 0):
                    reader.back(record.partition)
            else:
                reader.close()
                reader = log.reader("posts", "g", ledger.positions)
        while records := reader.poll(7, 0):
            assert ledger.take(records) == set()
        reader.close()
        assert {key: ledger.of_key(key) for key in "abcde"} == appended


def test_a_backlog_in_one_partition_does_not_hold_the_others_up(path: Path) -> None:
    with closing(SqliteLog(path)) as log:
        log.ensure({"posts": 2})
        busy, quiet = (next(k for k in map(str, range(99)) if partition_of(k, 2) == p) for p in (0, 1))
        log.append("posts", [(busy, b"old")] * 1000)
        log.append("posts", [(quiet, b"live")])
        with reading(log, "posts") as reader:
            assert b"live" in values(reader.poll(100, 1))
