"""Audit: an append-only record of who did what, chained by hashes; `fengxin audit verify` proves it.

Each row's hash covers the row before it, so a row that was altered, deleted from the middle or moved is named by the
verification. The newest row stands a second time in `audit_mark`, so rows deleted from the end are noticed as well.

What the store alone cannot tell: somebody who may write to the database and recomputes every later hash, or who deletes
the newest rows and sets the mark back, leaves a chain that is whole. Against that a head that was printed before (by
the verification, on every weekly report) is compared: `fengxin audit verify --head HASH`. What happened after the last
printed head can be cut off unnoticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Row, Table, Text, insert, select, text

from escalation.clock_words import second
from stream.store import metadata, put
from stream.store.types import Json, Moment, Word

GENESIS = "0" * 64
LOCK = 730_041
"""Key of the advisory lock under which PostgreSQL's writers take turns; on SQLite there is one writer anyway."""

audit_log = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("school", Word(32), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("actor", Word(100), nullable=False),
    Column("action", Word(64), nullable=False),
    Column("object", Word(200), nullable=False),
    Column("detail", Json, nullable=False),
    Column("ip", Text, nullable=False),
    Column("previous", Word(64), nullable=False),
    Column("hash", Word(64), nullable=False, unique=True),
)

audit_mark = Table(
    "audit_mark",
    metadata,
    Column("name", Word(16), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Word(64), nullable=False),
)
"""One row: the newest row of the audit, moved in the transaction that writes it."""
MARK = "head"
_HEAD = select(audit_log.c.seq, audit_log.c.hash).order_by(audit_log.c.seq.desc()).limit(1)
_MARKED = select(audit_mark.c.seq, audit_mark.c.hash).where(audit_mark.c.name == MARK)
_ADD = insert(audit_log)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row: printed in the weekly report."""

    seq: int
    hash: str


def digest(seq: int, fields: dict[str, Any], previous: str) -> str:
    """SHA-256 over the canonical text of a row and the hash before it."""
    canonical = json.dumps([seq, fields, previous], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _fields(school: str, at: datetime, actor: str, action: str, subject: str, detail: Any, ip: str) -> dict[str, Any]:
    instant = at.astimezone(UTC).isoformat(timespec="microseconds")
    return {
        "school": school, "at": instant, "actor": actor, "action": action, "object": subject, "detail": detail, "ip": ip
    }  # fmt: skip


def head(conn: Connection) -> Head:
    """The newest row's number and hash; (0, zeros) where nothing was written yet."""
    row = conn.execute(_HEAD).first()
    return Head(row.seq, row.hash) if row else Head(0, GENESIS)


def _marked(conn: Connection) -> Head:
    """Where the mark stands."""
    row = conn.execute(_MARKED).first()
    return Head(row.seq, row.hash) if row else Head(0, GENESIS)


def record(
    conn: Connection,
    *,
    school: str,
    now: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: dict[str, Any] | None = None,
    ip: str = "",
) -> Head:
    """Append one row in the caller's transaction. `detail` must be plain JSON."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    last = max(head(conn), _marked(conn), key=lambda one: one.seq)  # rows that were cut off stay missed for ever
    seq = last.seq + 1
    own = digest(seq, _fields(school, now, actor, action, subject, detail or {}, ip), last.hash)
    conn.execute(_ADD, {
        "seq": seq, "school": school, "at": now, "actor": actor, "action": action, "object": subject,
        "detail": detail or {}, "ip": ip, "previous": last.hash, "hash": own,
    })  # fmt: skip
    put(conn, audit_mark, [{"name": MARK, "seq": seq, "hash": own}])
    return Head(seq, own)


def faults(conn: Connection, printed: str = "") -> Iterator[str]:
    """Every broken link, as a sentence in Chinese that names the row; nothing where the chain is whole.

    `printed`: the hash of a head that was printed before, which has to be in the chain still; empty: none is known."""
    previous, expected, met = GENESIS, 1, printed in ("", GENESIS)
    for row in conn.execute(select(audit_log).order_by(audit_log.c.seq)):
        yield from _row_faults(row, previous, expected)
        previous, expected = row.hash, row.seq + 1
        met = met or row.hash == printed
    yield from _tail_faults(conn, Head(expected - 1, previous))
    if not met:
        yield f"此前打印的链头 {printed} 不在审计记录里：它或它之后的行被删除，或者整条记录被重写。"


def newest_faults(conn: Connection, rows: int = 200) -> Iterator[str]:
    """The broken links among the newest rows and at the mark: what a look every few seconds can afford."""
    newest = conn.execute(select(audit_log).order_by(audit_log.c.seq.desc()).limit(rows + 1)).all()[::-1]
    if not newest:
        yield from _tail_faults(conn, Head(0, GENESIS))
        return
    before = newest[0]
    if before.seq == 1:
        yield from _row_faults(before, GENESIS, 1)
    for row in newest[1:]:
        yield from _row_faults(row, before.hash, before.seq + 1)
        before = row
    yield from _tail_faults(conn, Head(before.seq, before.hash))


def _tail_faults(conn: Connection, last: Head) -> Iterator[str]:
    """Whether the mark stands at the last row."""
    marked = _marked(conn)
    if marked.seq > last.seq:
        yield f"第 {last.seq + 1} 行至第 {marked.seq} 行缺失：最新的记录被删除。"
    elif marked != last:
        yield f"链头标记在第 {marked.seq} 行，记录到第 {last.seq} 行，两者不符：标记或最新的行被改动。"


def _row_faults(row: Row[Any], previous: str, expected: int) -> Iterator[str]:
    if row.seq != expected:
        yield f"第 {expected} 行起缺失，下一行是第 {row.seq} 行。"
    if row.previous != previous:
        yield f"第 {row.seq} 行与上一行衔接不上：上一行可能被删除、插入或改动。"
    fields = _fields(row.school, row.at, row.actor, row.action, row.object, row.detail, row.ip)
    if digest(row.seq, fields, row.previous) != row.hash:
        yield f"第 {row.seq} 行内容与其指纹不符：{second(row.at)} {row.actor} {row.action} 可能被改动。"
