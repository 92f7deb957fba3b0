"""A member of a Kafka consumer group whose positions live in the caller's store: nothing is ever committed to Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka.errors import (
    AuthorizationError,
    CorruptRecordError,
    KafkaError,
    KafkaTimeoutError,
    LogTruncationError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from kafka.structs import OffsetAndMetadata, TopicPartition

from stream.log import LostPosition, Positions, Reader, Record, key_text
from stream.log.kafka_settings import Brokers

_SLICE = 0.1  # seconds of one poll of the client: partitions taken in it wait for their stored position until it ends
_ASK_MS = 5000
_ALONE, _ALONE_LONGEST = 20.0, 600.0  # seconds without a partition until the member joins afresh
_CONSUMER: dict[str, Any] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "none",
    "heartbeat_interval_ms": 500,
    "session_timeout_ms": 10_000,
    "max_poll_interval_ms": 60_000,
    "request_timeout_ms": 15_000,
    "allow_auto_create_topics": False,
    "fetch_max_wait_ms": 100,
    "max_partition_fetch_bytes": 512 * 1024,
}


class _Taken(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python has no types
    def __init__(self, taken: Callable[[Iterable[TopicPartition]], None]) -> None:
        self._taken = taken

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Positions are the store's; a later assignment asks them again."""

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._taken(assigned)


class KafkaReader(Reader):
    """See `stream.log.Reader`. Raises KafkaError where the brokers cannot be reached at the start."""

    def __init__(self, brokers: Brokers, topic: str, group: str, positions: Positions) -> None:
        self._brokers = brokers
        self._topic = topic
        self._there = brokers.named(topic)
        self._group = brokers.named(group)
        self._positions = positions
        self._unplaced: set[TopicPartition] = set()
        self._lost: list[LostPosition] = []
        self._damaged = False
        self._patience = _ALONE
        self._joined = time.monotonic()
        self._consumer = self._join()

    def _join(self) -> KafkaConsumer:
        consumer = self._brokers.made(KafkaConsumer, group_id=self._group, **_CONSUMER)
        consumer.subscribe([self._there], listener=_Taken(self._hold))
        # A member that joins before it knows the topic's partitions may be elected to share them out, and shares none.
        consumer.partitions_for_topic(self._there)
        return consumer

    def _hold(self, places: Iterable[TopicPartition]) -> None:
        """Paused at 0 until the store has been asked: a partition without a position would make the client raise."""
        for place in places:
            self._consumer.seek(place, 0)
            self._consumer.pause(place)
            self._unplaced.add(place)

    def poll(self, limit: int, wait: float) -> list[Record]:
        until = time.monotonic() + wait
        while True:
            left = until - time.monotonic()
            records = self._poll_slice(limit, min(max(left, 0.01), _SLICE))
            if records or left <= _SLICE:
                return records

    def _poll_slice(self, limit: int, wait: float) -> list[Record]:
        began = time.monotonic()
        try:
            if self._damaged:
                self._pass_over_damage()
            self._mind_being_alone()
            self._place()
            found = self._consumer.poll(timeout_ms=int(wait * 1000), max_records=limit)
            return [_record(self._topic, raw) for stretch in found.values() for raw in stretch]
        except OffsetOutOfRangeError as error:
            self._send_back(error.args[0])
        except LogTruncationError as error:
            self._rewind(error.divergent_offsets)
        except CorruptRecordError:
            self._damaged = True
        except (AuthorizationError, NoOffsetForPartitionError):
            with self._brokers.said():
                raise
        except KafkaError:
            time.sleep(max(0.0, wait - (time.monotonic() - began)))  # the brokers are away; healthy() tells
        return []

    def _mind_being_alone(self) -> None:
        """Join afresh when no partition has come for long: this client has been seen to stall in a join for ever.

        A member too many waits rightly, so the patience doubles each time, up to ten minutes.
        """
        if self._consumer.assignment():
            self._joined, self._patience = time.monotonic(), _ALONE
        elif time.monotonic() - self._joined > self._patience:
            self._patience = min(self._patience * 2, _ALONE_LONGEST)
            self._join_afresh()

    def _join_afresh(self) -> None:
        self._joined = time.monotonic()  # first: where the brokers are away, joining takes seconds and fails
        former, self._consumer = self._consumer, self._join()
        self._unplaced = set()
        with suppress(KafkaError):
            former.close(autocommit=False, timeout_ms=2000)

    def _send_back(self, places: Iterable[TopicPartition]) -> None:
        """Let these partitions wait until the store has been asked for their position."""
        for place in places:
            if self._has(place):
                self._consumer.pause(place)
                self._unplaced.add(place)

    def _rewind(self, kept: Mapping[TopicPartition, OffsetAndMetadata | None]) -> None:
        """A broker without the newest records has become the leader: go on where its log differs from what was read."""
        for place, at in kept.items():
            if at is None:
                self._send_back([place])
            elif self._has(place):
                self._give_up(place, self._consumer.position(place), at.offset, "ahead")

    def _has(self, place: TopicPartition) -> bool:
        return place in self._consumer.assignment()

    def _place(self) -> None:
        """Ask the store for the positions of partitions just taken or sent back, and let them run."""
        self._unplaced = {place for place in self._unplaced if self._has(place)}
        if self._unplaced:
            stored = self._positions(frozenset(place.partition for place in self._unplaced))
            self._put({place: stored.get(place.partition) for place in self._unplaced})

    def _put(self, wanted: dict[TopicPartition, int | None]) -> None:
        """Go on from the wanted offsets; from the oldest kept record where there is none or it is out of range."""
        if not wanted:
            return
        firsts = self._consumer.beginning_offsets(list(wanted), timeout_ms=_ASK_MS)
        ends = self._consumer.end_offsets(list(wanted), timeout_ms=_ASK_MS)
        for place, offset in wanted.items():
            first = firsts[place]
            if offset is None:
                self._consumer.seek(place, first)
            elif first <= offset <= ends[place]:
                self._consumer.seek(place, offset)
            else:
                self._give_up(place, offset, first, "expired" if offset < first else "ahead")
            self._consumer.resume(place)
            self._unplaced.discard(place)

    def _give_up(
        self, place: TopicPartition, wanted: int, kept: int, why: Literal["expired", "damaged", "ahead"]
    ) -> None:
        self._lost.append(LostPosition(place.partition, wanted, kept, why))
        self._consumer.seek(place, kept)

    def _pass_over_damage(self) -> None:
        """A batch failed its checksum: find where sound records go on, report the stretch, read on from there.

        The client names no offsets, and polling it again would never return: it keeps a fetch that has raised until the
        position moves. So this comes before any other poll.
        """
        found = False
        for place in [place for place in self._consumer.assignment() if place not in self._unplaced]:
            position: int = self._consumer.position(place, timeout_ms=_ASK_MS)
            after = self._sound_after(place, position)
            if after != position:
                self._give_up(place, position, after, "damaged")
                found = True
        if not found:  # damaged on the way only: join afresh, as nothing else clears the client's fetch
            self._join_afresh()
        self._damaged = False

    def _sound_after(self, place: TopicPartition, position: int) -> int:
        """The first readable offset from `position` on. Sound batches between two damaged ones may be passed over
        too."""
        end: int = self._consumer.end_offsets([place], timeout_ms=_ASK_MS)[place]
        if position >= end or self._sound(place, position):
            return position
        damaged, step = position, 1
        while (reach := min(damaged + step, end)) < end and not self._sound(place, reach):
            damaged, step = reach, step * 2
        while reach - damaged > 1:
            middle = (damaged + reach) // 2
            damaged, reach = (damaged, middle) if self._sound(place, middle) else (middle, reach)
        return reach

    def _sound(self, place: TopicPartition, offset: int) -> bool:
        """Whether the batch at an offset below the end can be read, asked with a client of its own outside the group.

        Raises KafkaTimeoutError where the brokers do not answer, which says nothing about the batch.
        """
        one_batch = {**_CONSUMER, "max_partition_fetch_bytes": 1}
        probe = KafkaConsumer(**self._brokers.client, **one_batch)
        try:
            probe.assign([place])
            probe.seek(place, offset)
            if not probe.poll(timeout_ms=_ASK_MS, max_records=1):
                raise KafkaTimeoutError(f"no answer for {place} at {offset}")
        except CorruptRecordError:
            return False
        finally:
            with suppress(KafkaError):
                probe.close(autocommit=False, timeout_ms=1000)
        return True

    def assigned(self) -> frozenset[int]:
        return frozenset(place.partition for place in self._consumer.assignment())

    def back(self, partition: int) -> None:
        self._send_back([TopicPartition(self._there, partition)])

    def lost(self) -> list[LostPosition]:
        lost, self._lost = self._lost, []
        return lost

    def close(self) -> None:
        with suppress(KafkaError):
            self._consumer.close(autocommit=False, timeout_ms=2000)


def _record(topic: str, raw: Any) -> Record:
    """A record of a foreign producer may have no key or no value; it is for the reader's wire check to refuse it."""
    moment = datetime.fromtimestamp(max(raw.timestamp, 0) / 1000, UTC)
    return Record(topic, raw.partition, raw.offset, key_text(raw.key or b""), raw.value or b"", moment)
