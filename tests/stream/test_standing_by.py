"""Of several processes of one role each says what it reads, or that it stands by; who is fenced says so."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from stream import standing_by
from stream.follow import FENCED, Follower
from stream.log import Record
from stream.log.sqlite import SqliteLog
from stream.position import positions
from stream.store import Store
from tests.mould import pour

pytestmark = pytest.mark.usefixtures("no_pause")
TOPIC, GROUP = "assessed", "watch"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(pour(tmp_path / "store.db")) as made:
        yield made


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    with closing(SqliteLog(tmp_path / "log.db")) as made:
        made.ensure({TOPIC: 2})
        yield made


@pytest.fixture(autouse=True)
def _nobody_reads_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Followers that other tests left open read in this process, too."""
    monkeypatch.setattr(standing_by, "_read", {})


def taken(_records: Sequence[Record]) -> None:
    """Nothing follows from them."""


def follower(log: SqliteLog, store: Store) -> Follower:
    return Follower(log, store, TOPIC, GROUP, clock=lambda: datetime.now(UTC))


def test_who_reads_names_its_partitions_and_who_ends_says_no_more(log: SqliteLog, store: Store) -> None:
    with closing(follower(log, store)) as one:
        one.step(taken, wait=0)
        assert standing_by.words() == "watch：正在读分区 0、1。"
    assert not standing_by.words()


def test_a_second_one_stands_by_until_the_first_has_ended(log: SqliteLog, store: Store) -> None:
    with closing(follower(log, store)) as second:
        with closing(follower(log, store)) as first:
            while standing_by.words() != "watch：正在读分区 0、1。":
                first.step(taken, wait=0)
            second.step(taken, wait=0)
            assert "watch：待命" in standing_by.words()
        while "待命" in standing_by.words() or not standing_by.words():
            second.step(taken, wait=0)


def test_who_was_fenced_writes_it_down_and_goes_on_from_the_stored_position(
    log: SqliteLog, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    log.append(TOPIC, [("school", b"1"), ("school", b"2")])
    with closing(follower(log, store)) as one:
        assert one.step(taken, limit=1, wait=0) == 1
        with store.write() as conn:  # another process has gone on meanwhile
            conn.execute(update(positions).values(next=positions.c.next + 1))
        assert one.step(taken, wait=0) == 0
        assert FENCED in caplog.text
        assert not one.trouble
        log.append(TOPIC, [("school", b"3")])
        assert one.step(taken, wait=0) == 1
