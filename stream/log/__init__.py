"""The log 日志流: what crawlers append and workers read. Transport only: the store is the record, the log keeps seven
days.

A topic has a fixed number of partitions. A key always goes to the same partition (`partition_of`), and the records of
one key keep the order in which they were appended. A group shares the partitions of a topic among its readers.
Positions (the next offset to read, per group and partition) live in the caller's store, in the same transaction as
the effects; the log keeps none.

Topics of Fengxin: `posts` and `history` (keyed by thread), `assessed` and `assessed_history` (keyed by school).
"""

from __future__ import annotations

import importlib
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal, Protocol, cast

RECORD_LIMIT = 1_000_000
"""Largest record, in bytes of key and value together, on every log. Below the 1 MiB at which Kafka's own default
stops."""

RETENTION = timedelta(days=7)
"""How long a record is kept when the settings say nothing else."""

Positions = Callable[[Collection[int]], Mapping[int, int]]
"""Partitions -> the next offset to read, from the caller's store. A partition without a row is left out."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was appended. `appended_at` is aware UTC, set by the log (SQLite) or by the broker (Kafka)."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    appended_at: datetime


@dataclass(frozen=True, slots=True)
class LostPosition:
    """Records in `[wanted, first_kept)` that this reader will never see; it goes on from `first_kept`.

    `why`: `expired`, retention has overtaken the stored position; `damaged`, the records fail their checksum and were
    passed over; `ahead`, the stored position lies behind the end of the log (the log was replaced or restored), so
    the reader starts again from the oldest kept record, and `first_kept` is below `wanted`."""

    partition: int
    wanted: int
    first_kept: int
    why: Literal["expired", "damaged", "ahead"]


class LogError(Exception):
    """The log cannot do what was asked, and asking again will not help. The text is a Chinese sentence with the
    cure."""


class LogUnavailable(LogError):
    """The log cannot be reached or written at the moment. Try the same call again."""


class LogRefused(LogUnavailable):
    """The log is there and does not take our password, or we do not trust it: it waits for a person, not for time. Who
    is at work tries again all the same; who is only starting need not."""


class PartlyAppended(LogUnavailable):
    """The log went away between two appends of one matter: the first `done` of `of` records are there."""

    def __init__(self, done: int, of: int, why: LogUnavailable) -> None:
        super().__init__(f"共 {of} 条，已收 {done} 条，其余未收；请原样再传一次，已收的不会重复。{why}")
        self.done = done
        self.of = of


class RecordTooLarge(LogError):
    """A record is larger than the log takes, now and for ever: put it among the dead letters.

    `limit` and `size` in bytes; `index` is its place in the `entries` given to `append`.
    """

    def __init__(self, limit: int, size: int, index: int) -> None:
        super().__init__(f"第 {index + 1} 条记录共 {size} 字节，超过日志单条上限 {limit} 字节；请转入死信，不要重试。")
        self.limit = limit
        self.size = size
        self.index = index


class Log(ABC):
    """A log. May be shared by the threads of one process; never carried over a fork."""

    whole: ClassVar[bool] = False
    """Whether an `append` that raises has appended nothing, however many entries it was given."""

    @abstractmethod
    def ensure(self, topics: Mapping[str, int]) -> None:
        """Make each topic with so many partitions; one that exists alike is left as it is.

        Raises LogError when a topic exists with another number (keys would change their partition), LogUnavailable.
        """

    @abstractmethod
    def append(self, topic: str, entries: Sequence[tuple[str, bytes]]) -> None:
        """Append (key, value) entries; when this returns they are durable and acknowledged.

        Entries of one key keep their order. Hand over many at once: on SQLite a call is one commit, on Kafka one flush.

        Raises LogUnavailable: none, some or all of the entries may be there; append all of them again, readers bear
        duplicates. Raises RecordTooLarge: nothing of this call was appended, unless a broker's own smaller limit
        refused the record (then others may be there; append the rest again). Raises LogError when the topic does not
        exist."""

    @abstractmethod
    def reader(self, topic: str, group: str, positions: Positions) -> Reader:
        """A new member of `group`, to be used by one thread.

        `positions` is asked at each assignment of partitions (inside `poll`) and after `back`. A partition that it
        leaves out starts at the oldest kept record, never at the end. What it raises comes out of `poll`, and it is
        asked again next time. Raises LogError when the topic does not exist, LogUnavailable."""

    @abstractmethod
    def ends(self, topic: str) -> dict[int, int]:
        """The next offset to be given, per partition; minus the stored position this is a group's lag.

        Raises LogError when the topic does not exist, LogUnavailable.
        """

    @abstractmethod
    def healthy(self) -> None:
        """Return when an append would be taken now; raises LogUnavailable with the reason in Chinese. Takes 5 s at
        most."""

    @abstractmethod
    def prune(self, now: datetime) -> int:
        """Remove what is older than the retention at `now` (aware UTC); the number removed. 0 where the engine does
        it itself.

        To be called about once an hour by one process; others may append and read meanwhile. Raises LogUnavailable.
        """

    @abstractmethod
    def close(self) -> None:
        """Give everything back. Close the readers first. A second call does nothing."""


class Reader(ABC):
    """One member of a group. Positions live in the caller's store; see `Log.reader`."""

    @abstractmethod
    def poll(self, limit: int, wait: float) -> list[Record]:
        """At most `limit` records of the partitions assigned now, per partition in order; [] after `wait` seconds
        without any.

        Partitions are given up and taken only inside this call, so finish (commit or roll back) one batch before the
        next call, and call at least every session (10 s): a reader that is silent longer loses its partitions and may
        read the same records as their new owner, which the store's fence must refuse. After such a change records may
        come twice. Gaps in the offsets are legal: the next position is the last offset + 1. While the log cannot be
        reached this returns [] after `wait`, raises nothing, and goes on by itself afterwards; `Log.healthy` tells.
        """

    @abstractmethod
    def assigned(self) -> frozenset[int]:
        """The partitions this member has read from since the last `poll`. No I/O."""

    @abstractmethod
    def back(self, partition: int) -> None:
        """Read that partition from its stored position again (the next `poll` asks `positions`): after a failed or
        fenced transaction. A partition that is not assigned is ignored."""

    @abstractmethod
    def lost(self) -> list[LostPosition]:
        """What this reader had to pass over since the last call: raise an operations alert for each. No I/O."""

    @abstractmethod
    def close(self) -> None:
        """Leave the group; the others take the partitions at once. A second call does nothing. Raises nothing."""


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key, alike on every log, every machine and for ever: CRC-32 of its UTF-8, modulo the
    number."""
    return zlib.crc32(key_bytes(key)) % partitions


def key_bytes(key: str) -> bytes:
    """The stored form of a key; a lone surrogate from a platform must not stop the log."""
    return key.encode("utf-8", "surrogatepass")


def key_text(stored: bytes) -> str:
    """The key again from its stored form."""
    return stored.decode("utf-8", "surrogatepass")


def check_sizes(entries: Sequence[tuple[str, bytes]]) -> None:
    """Raises RecordTooLarge for the first entry above RECORD_LIMIT."""
    for index, (key, value) in enumerate(entries):
        size = len(key_bytes(key)) + len(value)
        if size > RECORD_LIMIT:
            raise RecordTooLarge(RECORD_LIMIT, size, index)


class _Adapter(Protocol):
    def from_url(self, url: str, retention: timedelta) -> Log: ...


_ADAPTERS = {"sqlite": "stream.log.sqlite", "kafka": "stream.log.kafka"}


def open_log(url: str, retention: timedelta = RETENTION) -> Log:
    """The log at `url`: `sqlite:///relative.db`, `sqlite:////absolute.db` or
    `kafka://host:port[,host:port]?security=…&user=…`.

    Raises LogError (a setting is wrong), LogUnavailable (nobody answers there).
    """
    scheme = url.partition("://")[0]
    if "://" not in url or scheme not in _ADAPTERS:
        known = "、".join(f"{name}://" for name in _ADAPTERS)
        raise LogError(f"日志地址“{scheme}”的类型无法识别；请在设置中改用以下开头之一：{known}")
    adapter = cast(_Adapter, importlib.import_module(_ADAPTERS[scheme]))
    return adapter.from_url(url, retention)
