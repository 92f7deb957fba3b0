"""Dead letters 死信: records that could not be taken, kept whole, so that nothing is lost and one stops nothing.

They rest in the store, in the transaction that moves the reader's position past them, and are bounded: what comes when
MOST or MOST_BYTES are there is counted, by reader and topic, in one letter of its own. An operator hands a letter back
(`ask`), its reader takes it again (`stream/handed_back.py`), or it is dropped with a reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    case,
    delete,
    func,
    select,
    update,
)

from stream import metrics
from stream.log import Record
from stream.store import insert_new, metadata
from stream.store.types import Moment, Serial, Word

MOST = 10_000
MOST_BYTES = 200_000_000
"""Bounds of all letters together; two readers that bury at the same instant may pass them by one batch."""
ANOTHER_SCHOOL = (
    "属于学校 {theirs}，本校代号是 {ours}：几所学校共用了一个 Kafka 而没有各写前缀，一校的评论会被另一校的进程取走。"
    "请停下各校的进程，除最早在用的一所外，给其余各校的 log.url 末尾写上自己的前缀（kafka://主机:端口/前缀）再启动。"
)
"""Why a reader of one school buries what it meets of another's: passed over, it would be missed without a word."""


class LetterKind(StrEnum):
    """A record as it was; a range that the log has lost; a count of those for which there was no room."""

    RECORD = "record"
    RANGE = "range"
    OVERFLOW = "overflow"


dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("reader", Word(64), nullable=False),
    Column("topic", Word(64), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("digest", Word(64), nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("many", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment(), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("asked_at", Moment()),
    Index("uq_dead_letters_place", "reader", "topic", "partition", "offset", "digest", unique=True),
)
_PLACE = ("reader", "topic", "partition", "offset", "digest")
FULL = (
    f"死信已满（上限 {MOST} 封或 {MOST_BYTES // 1_000_000} MB），此后读不懂的记录只计数、不留存；"
    "请尽快重试或了结已有死信，未留存的在日志流保存期内仍可从日志流查到。"
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter. `many`: records it stands for; `size`: their bytes, 0 where unknown; `at`: first buried, UTC;
    `tries`: how often it was taken again in vain; `asked_at`: handed back and not yet taken."""

    id: int
    reader: str
    topic: str
    partition: int
    offset: int
    kind: LetterKind
    many: int
    size: int
    reason: str
    at: datetime
    tries: int
    asked_at: datetime | None
    body: bytes = b""

    def record(self) -> Record:
        """The record as its reader gets it again."""
        return Record(self.topic, self.partition, self.offset, "", self.body, self.at)


@dataclass(slots=True)
class Room:
    """How many letters, and how many bytes of them, the store takes still."""

    letters: int
    size: int

    @classmethod
    def of(cls, conn: Connection) -> Room:
        """What is left of MOST and MOST_BYTES."""
        wanted = select(func.count(), func.coalesce(func.sum(dead_letters.c.size), 0))
        many, size = conn.execute(wanted.where(dead_letters.c.kind != LetterKind.OVERFLOW)).one()
        return cls(MOST - many, MOST_BYTES - int(size))

    def take(self, size: int) -> bool:
        """Take room for one more letter; False where there is none."""
        if self.letters < 1 or self.size < size:
            return False
        self.letters, self.size = self.letters - 1, self.size - size
        return True


def bury(
    conn: Connection, *, reader: str, topic: str, partition: int, offset: int, body: bytes, reason: str, now: datetime,
    kind: LetterKind = LetterKind.RECORD, many: int = 1, room: Room | None = None,
) -> bool:  # fmt: skip
    """Keep what nobody can take; True where it is new. Burying it again changes its reason only, and it is no longer
    handed back. `room`: what the caller knows of it from `Room.of`, in the same transaction."""
    place = {
        "reader": reader, "topic": topic, "partition": partition, "offset": offset,
        "digest": hashlib.sha256(body).hexdigest(),
    }  # fmt: skip
    if conn.execute(update(dead_letters).where(*_at(place)).values(reason=reason, asked_at=None)).rowcount:
        return False
    size = len(body)
    if not (room or Room.of(conn)).take(size):
        _count(conn, reader, topic, many, size, now)
        return True
    return bool(insert_new(conn, dead_letters, [_row(place, kind, many, size, body, reason, now)], key=_PLACE))


def _at(place: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [dead_letters.c[name] == value for name, value in place.items()]


def _row(
    place: Mapping[str, Any], kind: LetterKind, many: int, size: int, body: bytes, reason: str, now: datetime
) -> dict[str, Any]:
    return {
        **place, "kind": kind, "many": many, "size": size, "body": body, "reason": reason, "at": now, "tries": 0,
        "asked_at": None,
    }  # fmt: skip


def _count(conn: Connection, reader: str, topic: str, many: int, size: int, now: datetime) -> None:
    """There is no room: one letter a reader and topic counts records and bytes that were not kept."""
    place = {"reader": reader, "topic": topic, "partition": -1, "offset": -1, "digest": LetterKind.OVERFLOW.value}
    row = _row(place, LetterKind.OVERFLOW, 0, 0, b"", FULL, now)
    insert_new(conn, dead_letters, [row], key=_PLACE)
    more = {"many": dead_letters.c.many + many, "size": dead_letters.c.size + size, "at": now}
    conn.execute(update(dead_letters).where(*_at(place)).values(more))
    metrics.NOT_KEPT.labels(reader=reader).inc(many)


def bury_all(conn: Connection, reader: str, bad: Sequence[tuple[Record, str]], now: datetime) -> None:
    """Keep unreadable records as dead letters, each whole and with its reason."""
    room = Room.of(conn) if bad else None
    for record, reason in bad:
        if bury(
            conn, reader=reader, topic=record.topic, partition=record.partition, offset=record.offset,
            body=record.value, reason=reason, now=now, room=room,
        ):  # fmt: skip
            metrics.DEAD_LETTERS.labels(reader=reader).inc()


_HEAD = tuple(column for column in dead_letters.c if column.name not in ("digest", "body"))


def letters(conn: Connection, most: int, after: int = 0) -> list[Letter]:
    """The letters with a number above `after`, the oldest first, at most so many, without their bodies."""
    wanted = select(*_HEAD).where(dead_letters.c.id > after).order_by(dead_letters.c.id).limit(most)
    return [_letter(row) for row in conn.execute(wanted)]


def letter(conn: Connection, number: int) -> Letter | None:
    """One letter, whole; None where there is none of this number."""
    row = conn.execute(select(*_HEAD, dead_letters.c.body).where(dead_letters.c.id == number)).first()
    return _letter(row) if row else None


def _letter(row: Any) -> Letter:
    return Letter(**{**row._mapping, "kind": LetterKind(row.kind)})


@dataclass(frozen=True, slots=True)
class Kept:
    """What rests: letters, handed back among them, records that found no room, the readers concerned."""

    letters: int
    asked: int
    not_kept: int
    readers: tuple[str, ...] = ()


NONE_KEPT = Kept(0, 0, 0)


def kept(conn: Connection) -> Kept:
    """How much there is."""
    none = dead_letters.c.kind == LetterKind.OVERFLOW
    row = conn.execute(
        select(
            func.count().label("all"),
            func.count(dead_letters.c.asked_at).label("asked"),
            func.coalesce(func.sum(case((none, dead_letters.c.many), else_=0)), 0).label("lost"),
        )
    ).one()
    readers = conn.execute(select(dead_letters.c.reader).distinct().order_by(dead_letters.c.reader)).scalars().all()
    return Kept(row.all, row.asked, int(row.lost), tuple(readers))


def ask(conn: Connection, number: int | None, now: datetime) -> list[int]:
    """Hand a record back to its reader (None: every one); gives the numbers. A range or a count is no record."""
    wanted = update(dead_letters).where(dead_letters.c.kind == LetterKind.RECORD)
    if number is not None:
        wanted = wanted.where(dead_letters.c.id == number)
    return sorted(conn.execute(wanted.values(asked_at=now).returning(dead_letters.c.id)).scalars())


def asked(conn: Connection, reader: str, partitions: Collection[int], most: int) -> list[Letter]:
    """What was handed back to this reader of these partitions, whole, the oldest first."""
    wanted = select(*_HEAD, dead_letters.c.body).where(
        dead_letters.c.reader == reader, dead_letters.c.asked_at.is_not(None),
        dead_letters.c.partition.in_(list(partitions)),
    )  # fmt: skip
    return [_letter(row) for row in conn.execute(wanted.order_by(dead_letters.c.id).limit(most))]


def drop(conn: Connection, number: int) -> bool:
    """Take a letter out for ever; False where it is not there."""
    return bool(conn.execute(delete(dead_letters).where(dead_letters.c.id == number)).rowcount)
