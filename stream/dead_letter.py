"""Dead letters: records that could not be taken, kept whole, so that nothing is lost and nothing is stopped by one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, Table, Text

from stream import metrics
from stream.log import Record
from stream.store import insert_new, metadata
from stream.store.types import Moment, Serial, Word

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("reader", Word(64), nullable=False),
    Column("topic", Word(64), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("digest", Word(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment(), nullable=False),
    Index("uq_dead_letters_place", "reader", "topic", "partition", "offset", "digest", unique=True),
)


def bury(
    conn: Connection, *, reader: str, topic: str, partition: int, offset: int, body: bytes, reason: str, now: datetime
) -> bool:
    """Keep a record that nobody can take. Burying it again changes nothing; True where it is new."""
    row = {
        "reader": reader,
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "digest": hashlib.sha256(body).hexdigest(),
        "body": body,
        "reason": reason,
        "at": now,
    }
    return bool(insert_new(conn, dead_letters, [row], key=["reader", "topic", "partition", "offset", "digest"]))


def bury_all(conn: Connection, reader: str, bad: Sequence[tuple[Record, str]], now: datetime) -> None:
    """Keep unreadable records as dead letters, each whole and with its reason."""
    for record, reason in bad:
        if bury(
            conn, reader=reader, topic=record.topic, partition=record.partition, offset=record.offset,
            body=record.value, reason=reason, now=now,
        ):  # fmt: skip
            metrics.DEAD_LETTERS.labels(reader=reader).inc()
