"""The two lanes on a real broker: who has the fresh partition reads history too, and what is fresh goes before it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stream.lanes import SMALL, Lanes
from stream.log import open_log
from tests.live.engines import Kafka
from tests.stream.test_lanes import Bench, numbered

pytestmark = pytest.mark.live
PATIENCE_S = 60.0
MANY = 80 * SMALL
"""Seconds of work, so that a busy broker has time to give the fresh record meanwhile."""


def test_a_fresh_record_goes_before_waiting_history_and_a_standby_takes_both_lanes_over(
    kafka: Kafka, tmp_path: Path
) -> None:
    bench = Bench(tmp_path, open_log(f"{kafka.url}/lanes"))
    past = numbered("past", MANY)
    bench.past(*past)
    lanes = bench.lanes()
    _until(bench, lanes, 1)
    before = len(bench.handled())
    assert before <= SMALL < len(past)
    bench.fresh(b"now")
    _until(bench, lanes, before + 1)
    while b"now" not in bench.handled():
        lanes.step(bench.take, wait=0.0)
    assert bench.handled().index(b"now") < len(past), "history went on after it"
    standby = bench.lanes()
    lanes.close()
    bench.fresh(b"soon")
    _until(bench, standby, len(past) + 2)
    found = bench.handled()
    assert [value for value in found if value.startswith(b"past")] == past
    assert sorted(set(found) - set(past)) == [b"now", b"soon"]
    assert bench.positions() == {"watch": 2, "watch.history": len(past)}
    standby.close()
    bench.close()


def _until(bench: Bench, lanes: Lanes, many: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while len(bench.handled()) < many:
        assert time.monotonic() < until, f"{lanes.trouble}: {len(bench.handled())} of {many}"
        lanes.step(bench.take, wait=0.1)
