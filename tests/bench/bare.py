"""The bare-clients loop: what a worker on the real engines costs that only reads, wraps and hands on.

Consume in a group → JSON, NFKC and two word tests → produce, acknowledged by all → position in a transaction of its
own, fenced by its former value; sought in `on_partitions_assigned`. The clients' settings are the product's, nothing
else is: no wire records, no checks, no dead letters, no metrics.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from typing import Any

import psycopg
from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

from stream.log.kafka import _PRODUCER
from stream.log.kafka_reader import _CONSUMER
from stream.log.kafka_settings import read_address
from stream.topic import ASSESSED, POSTS
from tests.bench.footing import Place

READER = "bare"
AT_ONCE = 500
_NOW = "2026-11-20T04:00:00.000000Z"


class Bare(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python has no types
    """One worker; `step` takes at most AT_ONCE records of what has come."""

    def __init__(self, place: Place) -> None:
        brokers = read_address(place.urls["log"])
        self._store = psycopg.connect(place.urls["store"].replace("+psycopg", ""), autocommit=True)
        self._onward = brokers.named(ASSESSED)
        self._next: dict[int, int] = {}
        self._producer = KafkaProducer(**brokers.client, **_PRODUCER)
        self._consumer = KafkaConsumer(group_id=brokers.named(READER), **brokers.client, **_CONSUMER)
        self._consumer.subscribe([brokers.named(POSTS)], listener=self)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Positions are the store's."""

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Go on where the store says."""
        asked = "SELECT next FROM positions WHERE reader = %s AND partition = %s"
        for place in assigned:
            row = self._store.execute(asked, (READER, place.partition)).fetchone()
            if row is None:
                first = "INSERT INTO positions (reader, partition, next) VALUES (%s, %s, 0)"
                self._store.execute(first, (READER, place.partition))
            self._next[place.partition] = row[0] if row else 0
            self._consumer.seek(place, self._next[place.partition])

    def step(self) -> int:
        """How many records were taken."""
        taken = 0
        for place, records in self._consumer.poll(timeout_ms=100, max_records=AT_ONCE).items():
            futures = [self._sent(record.value) for record in records]
            for future in futures:
                future.get(15)
            self._move(place.partition, records[-1].offset + 1)
            taken += len(records)
        return taken

    def _sent(self, raw: bytes) -> Any:
        post = json.loads(raw)
        text = unicodedata.normalize("NFKC", post["text"])
        bad = "差" in text or "举报" in text
        onward = {"v": 3, "type": "assessment", "post": post, "bad": bad, "normal": text, "assessed_at": _NOW}
        said = json.dumps(onward, ensure_ascii=False, separators=(",", ":")).encode()
        return self._producer.send(self._onward, value=said, key=post["school"].encode(), partition=0)

    def _move(self, partition: int, end: int) -> None:
        moved = "UPDATE positions SET next = %s WHERE reader = %s AND partition = %s AND next = %s"
        with self._store.transaction():
            done = self._store.execute(moved, (end, READER, partition, self._next[partition]))
        if done.rowcount != 1:
            raise RuntimeError("another worker has this partition")
        self._next[partition] = end

    def close(self) -> None:
        """Give the connections back."""
        self._consumer.close(autocommit=False)
        self._producer.close()
        self._store.close()
