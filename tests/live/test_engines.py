from __future__ import annotations

import time
from contextlib import closing

import psycopg
import pytest

from stream.log import LogUnavailable, open_log
from tests.live.engines import Kafka, Postgres, free_ports

pytestmark = pytest.mark.live


def test_a_killed_kafka_comes_back_with_its_records(kafka: Kafka) -> None:
    with closing(open_log(kafka.url)) as log:
        log.ensure({"kept": 1})
        log.append("kept", [("k", b"v")])
        kafka.kill()
        kafka.again()
        end = time.monotonic() + 60
        while True:
            try:
                assert log.ends("kept") == {0: 1}
                break
            except LogUnavailable:  # the client is still in its pause between two attempts to connect
                assert time.monotonic() < end


def test_a_killed_postgres_comes_back_with_its_rows(postgres: Postgres) -> None:
    url = postgres.database().replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT '风信' AS word")
    postgres.kill()
    postgres.again()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT word FROM kept").fetchone() == ("风信",)


def test_free_ports_are_all_different() -> None:
    assert len(set(free_ports(20))) == 20
