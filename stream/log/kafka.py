"""The log on Kafka, for many machines: an idempotent producer that is replaced when it dies, topics checked by the
admin."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError, TopicAlreadyExistsError
from kafka.protocol.consumer import OffsetSpec
from kafka.structs import TopicPartition

from stream.log import (
    RECORD_LIMIT,
    Log,
    LogError,
    LogUnavailable,
    Positions,
    Reader,
    RecordTooLarge,
    check_sizes,
    key_bytes,
    partition_of,
)
from stream.log.kafka_reader import KafkaReader
from stream.log.kafka_settings import Brokers, read_address

PATIENCE = 15.0
"""Seconds after which an append that was not acknowledged raises LogUnavailable."""

APPEARS_SECONDS = 3.0
"""How long a topic that is being made may stay unknown before this is told."""

_PRODUCER: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "compression_type": "zstd",
    "linger_ms": 5,
    "batch_size": 128 * 1024,
    "max_block_ms": 5000,
    "request_timeout_ms": 5000,
    "delivery_timeout_ms": 12_000,
    "allow_auto_create_topics": False,
}
_BATCH_HEAD = 100  # bytes of a batch with one record besides key and value, at most
_UNKNOWN_TOPIC = 3  # Kafka's error code


class KafkaLog(Log):
    """Connects at the first use. `retention` is given to the topics that `ensure` makes; an existing topic keeps its
    own."""

    def __init__(self, brokers: Brokers, retention: timedelta) -> None:
        self._brokers = brokers
        self._retention = retention
        self._asking = threading.Lock()  # guards the admin client
        self._making = threading.Lock()  # guards the producer's place, never held while records are under way
        self._admin: KafkaAdminClient | None = None
        self._producer: KafkaProducer | None = None
        self._partitions: dict[str, int] = {}  # by the topic's name on the brokers

    def ensure(self, topics: Mapping[str, int]) -> None:
        configs = {
            "cleanup.policy": "delete",
            "retention.ms": str(self._retention // timedelta(milliseconds=1)),
            "message.timestamp.type": "LogAppendTime",
        }
        with self._asked():
            for topic, wanted in ((self._brokers.named(name), wanted) for name, wanted in topics.items()):
                if wanted < 1:
                    raise LogError(f"主题 {topic} 的分区数为 {wanted}；至少为 1。")
                fresh = NewTopic(topic, wanted, self._brokers.replicas, topic_configs=configs)
                with suppress(TopicAlreadyExistsError):
                    self._ask().create_topics([fresh], wait_for_metadata=True)
                there = self._made(topic)
                if there != wanted:
                    raise LogError(
                        f"主题 {topic} 已有 {there} 个分区，设置要求 {wanted} 个；分区数不可改，请把设置改回 {there}。"
                    )
                self._partitions[topic] = there

    def _made(self, topic: str) -> int:
        """How many partitions a topic has that is there, or that another process is making in this very moment: the
        brokers take a little while to tell each other of it. Raises LogUnavailable."""
        until = time.monotonic() + APPEARS_SECONDS
        while True:
            (found,) = self._ask().describe_topics([topic])
            if found["error_code"] != _UNKNOWN_TOPIC:
                return len(found["partitions"])
            if time.monotonic() >= until:
                raise LogUnavailable(f"Kafka（{self._brokers}）的主题 {topic} 正在建立，还不能用。")
            time.sleep(0.1)

    def append(self, topic: str, entries: Sequence[tuple[str, bytes]]) -> None:
        check_sizes(entries)
        if not entries:
            return
        until, topic = time.monotonic() + PATIENCE, self._brokers.named(topic)
        partitions = self._count(topic)
        with self._brokers.said():
            producer = self._produce()
            try:
                futures = []
                for key, value in entries:
                    partition = partition_of(key, partitions)
                    futures.append(producer.send(topic, value=value, key=key_bytes(key), partition=partition))
                for sent in reversed(futures):  # the last first: once it is done, nearly all are
                    if not sent.succeeded():
                        sent.get(timeout=max(0.001, until - time.monotonic()))
            except KafkaError as error:
                # After an expired or a refused batch this client's idempotent producer is of no further use: it never
                # acknowledges anything again, or refuses small records as too large.
                self._drop(producer)
                if isinstance(error, MessageSizeTooLargeError):
                    self._blame(topic, entries, error)
                self._partitions.pop(topic, None)  # one that was deleted is only waited for; the next append asks
                raise

    def _blame(self, topic: str, entries: Sequence[tuple[str, bytes]], error: MessageSizeTooLargeError) -> None:
        """Raise RecordTooLarge for the largest entry if it is above the topic's own limit (in bytes of a whole batch).

        The client fails all of a batch alike, so the future that failed first tells nothing about whose fault it was.
        """
        with self._asked():
            told = self._ask().describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        limit = int(told["topic"][topic].get("max.message.bytes", {"value": RECORD_LIMIT})["value"])
        sizes = [len(key_bytes(key)) + len(value) for key, value in entries]
        largest = max(range(len(sizes)), key=sizes.__getitem__)
        if sizes[largest] + _BATCH_HEAD > limit:
            raise RecordTooLarge(limit, sizes[largest], largest) from error

    def _produce(self) -> KafkaProducer:
        with self._making:
            if self._producer is None:
                self._producer = KafkaProducer(**self._brokers.client, **_PRODUCER)
            return self._producer

    def _drop(self, producer: KafkaProducer) -> None:
        with self._making:
            if self._producer is producer:
                self._producer = None
        with suppress(KafkaError):
            producer.close(timeout=0)
        # close() gives up at its flush when batches hang, and would leave the sender's thread and sockets behind.
        producer._sender.force_close()

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """One question at a time. An admin client that failed is replaced: after an outage it knows no broker any more
        and would call a sound one away."""
        with self._asking, self._brokers.said():
            try:
                yield
            except KafkaError:
                self._dismiss_admin()
                raise

    def _dismiss_admin(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            with suppress(KafkaError):
                admin.close()

    def _ask(self) -> KafkaAdminClient:
        if self._admin is None:
            self._admin = self._brokers.made(KafkaAdminClient, request_timeout_ms=4000)
        return self._admin

    def _describe(self, topics: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask().describe_topics(topics)
        for topic in found:
            if topic["error_code"] == _UNKNOWN_TOPIC:
                raise LogError(f"Kafka（{self._brokers}）中没有主题 {topic['name']}；请重启服务，启动时自动建立。")
        return found

    def _count(self, topic: str) -> int:
        if topic not in self._partitions:
            with self._asked():
                self._partitions[topic] = len(self._describe([topic])[0]["partitions"])
        return self._partitions[topic]

    def reader(self, topic: str, group: str, positions: Positions) -> Reader:
        self._count(self._brokers.named(topic))
        with self._brokers.said():
            return KafkaReader(self._brokers, topic, group, positions)

    def ends(self, topic: str) -> dict[int, int]:
        topic = self._brokers.named(topic)
        places = {TopicPartition(topic, p): OffsetSpec.LATEST for p in range(self._count(topic))}
        with self._asked():
            found = self._ask().list_partition_offsets(places, timeout_ms=5000)
            return {place.partition: info.offset for place, info in sorted(found.items())}

    def healthy(self) -> None:
        with self._asked():
            for topic in self._describe(sorted(self._partitions)):
                headless = [p["partition_index"] for p in topic["partitions"] if p["leader_id"] < 0]
                if headless:
                    raise LogUnavailable(f"Kafka（{self._brokers}）主题 {topic['name']} 的分区 {headless} 没有主副本。")

    def prune(self, now: datetime) -> int:
        return 0

    def close(self) -> None:
        with self._making:
            producer, self._producer = self._producer, None
        if producer is not None:
            try:
                producer.close(timeout=5)
            except KafkaTimeoutError:
                self._drop(producer)
        with self._asking:
            self._dismiss_admin()


def from_url(url: str, retention: timedelta) -> KafkaLog:
    """See `kafka_settings.read_address`. Raises LogError."""
    return KafkaLog(read_address(url), retention)
