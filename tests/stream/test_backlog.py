"""The backlog of a reader is told partition by partition, on SQLite and on a real Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from stream import metrics
from stream.backlog import Backlog, waiting
from stream.log import Log, open_log, partition_of
from stream.position import advance
from stream.store import Store

PARTITIONS = 18
READER = "backlog-test"


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.live)])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    url = f"sqlite:///{tmp_path}/log.db" if request.param == "sqlite" else request.getfixturevalue("kafka").url
    with closing(open_log(url)) as opened:
        yield opened


def told() -> dict[str, float]:
    labels = [*map(str, range(metrics.PARTITIONS)), metrics.OTHER_PARTITIONS]
    return {one: metrics.LAG.labels(reader=READER, partition=one)._value.get() for one in labels}


def test_what_waits_is_told_for_each_partition_and_for_the_last_ones_together(log: Log, kept_store: Store) -> None:
    topic = f"t{uuid4().hex[:10]}"
    log.ensure({topic: PARTITIONS})
    keys: dict[int, str] = {}
    for number in range(1000):
        keys.setdefault(partition_of(f"k{number}", PARTITIONS), f"k{number}")
    assert len(keys) == PARTITIONS
    log.append(topic, [(keys[partition], b"x") for partition in keys for _ in range(partition + 1)])
    backlog = Backlog(log, kept_store, topic, READER)
    assert backlog.measure(0.0) == ""
    assert told() == {str(one): one + 1 for one in range(16)} | {"16+": 17 + 18}
    with kept_store.write() as conn:
        advance(conn, READER, 4, None, 3)
        advance(conn, READER, 17, None, 18)
    backlog.measure(1.0)
    assert told() == {str(one): one + 1 for one in range(16)} | {"4": 2, "16+": 17}
    with kept_store.read() as conn:
        assert waiting(log, conn, topic, READER) == sum(range(1, 19)) - 3 - 18
