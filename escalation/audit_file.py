"""The audit as a file: JSON lines with the chain's hashes, which prove themselves without the store.

The first line says what the file is and the hash before its first row; the last says how many rows there are and the
hash of the newest. Between them each row stands as it is stored, its hash covering the row before: altered, missing
and moved lines are named by the verification, and so is an end that was cut off.

Rows hold what the audit holds: who did what to which incident, with the words that persons wrote into forms. The text
of comments is not among them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from escalation.audit import GENESIS, Head, audit_log, digest

KIND, VERSION = "fengxin-audit", 1
FIELDS = ("school", "at", "actor", "action", "object", "detail", "ip")
NOT_OURS = "第 1 行不是风信导出的审计文件的开头；请选择 fengxin audit export 写出的文件。"
NO_END = "文件没有结尾一行：末尾可能被截去，或导出没有完成。"


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows: from the first at or after `since` to the last before `until`, without a gap between."""

    first: int
    last: int

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return max(0, self.last - self.first + 1)


def span_of(conn: Connection, since: datetime | None, until: datetime | None) -> Span:
    """The rows of a time; aware instants. A clock that was set back in between leaves no row out."""
    wanted = select(func.min(audit_log.c.seq), func.max(audit_log.c.seq))
    if since is not None:
        wanted = wanted.where(audit_log.c.at >= since)
    if until is not None:
        wanted = wanted.where(audit_log.c.at < until)
    first, last = conn.execute(wanted).one()
    return Span(first, last) if first is not None else Span(1, 0)


def lines(conn: Connection, span: Span, now: datetime) -> Iterator[str]:
    """The file's lines, without their ends."""
    before = conn.execute(select(audit_log.c.hash).where(audit_log.c.seq == span.first - 1)).scalar()
    yield _line({
        "kind": KIND, "version": VERSION, "exported_at": _instant(now), "first": span.first,
        "previous": before or GENESIS,
    })  # fmt: skip
    newest, count = before or GENESIS, 0
    wanted = select(audit_log).where(audit_log.c.seq.between(span.first, span.last)).order_by(audit_log.c.seq)
    for row in conn.execute(wanted.execution_options(yield_per=1000)):
        newest, count = row.hash, count + 1
        yield _line(_row(row))
    yield _line({"kind": f"{KIND}-end", "rows": count, "last": span.first + count - 1, "hash": newest})


def _row(row: Row[Any]) -> dict[str, Any]:
    return {
        "seq": row.seq, "school": row.school, "at": _instant(row.at), "actor": row.actor, "action": row.action,
        "object": row.object, "detail": row.detail, "ip": row.ip, "previous": row.previous, "hash": row.hash,
    }  # fmt: skip


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


class Proof:
    """The verification of one file. Once `faults` was read to its end, `head`, `rows`, `first` say what it holds."""

    def __init__(self) -> None:
        """Nothing read yet."""
        self.first, self.rows = 1, 0
        self.head = Head(0, GENESIS)

    def faults(self, given: Iterable[str], printed: str = "") -> Iterator[str]:
        """Every broken link, in Chinese, by line and row; nothing where the file proves itself.

        `printed`: the hash of a head that was printed in the time of the file and has to be in it; empty: none.
        """
        ended, met, started = False, printed == "", False
        for number, line in enumerate(given, 1):
            content = _read(line)
            if number == 1:
                if content is None or not self._begins(content):
                    yield NOT_OURS
                    return
                started, met = True, met or self.head.hash == printed
            elif content is None:
                yield f"第 {number} 行不是一条审计记录（不是 JSON 对象）：这一行被改动或截断。"
            elif content.get("kind") == f"{KIND}-end":
                ended = True
                yield from self._end(content)
            elif ended:
                yield f"第 {number} 行在结尾之后：文件被添加了内容。"
            else:
                yield from self._row(content, number)
                met = met or content.get("hash") == printed
        if not started:
            yield NOT_OURS
        elif not ended:
            yield NO_END
        if started and not met:
            yield f"此前打印的链头 {printed} 不在这份文件里：它不属于这段时间，或者记录被删除、重写。"

    def _begins(self, content: dict[str, Any]) -> bool:
        first, before = content.get("first"), content.get("previous")
        if content.get("kind") != KIND or content.get("version") != VERSION:
            return False
        if not isinstance(first, int) or not isinstance(before, str):
            return False
        self.first, self.head = first, Head(first - 1, before)
        return True

    def _row(self, content: dict[str, Any], number: int) -> Iterator[str]:
        seq = content.get("seq")
        if not isinstance(seq, int) or not all(field in content for field in (*FIELDS, "previous", "hash")):
            yield f"第 {number} 行不是一条完整的审计记录：缺少字段。"
            return
        if seq != self.head.seq + 1:
            yield f"第 {number} 行：应为记录 {self.head.seq + 1}，却是记录 {seq}，其间有缺失或次序被改。"
        if content["previous"] != self.head.hash:
            yield f"记录 {seq} 与上一条衔接不上：上一条可能被删除、插入或改动。"
        if _digest(content, seq) != content["hash"]:
            yield f"记录 {seq} 内容与其指纹不符：这一条被改动。"
        self.head, self.rows = Head(seq, str(content["hash"])), self.rows + 1

    def _end(self, content: dict[str, Any]) -> Iterator[str]:
        if (content.get("rows"), content.get("hash")) != (self.rows, self.head.hash):
            yield f"结尾一行写明 {content.get('rows')} 条，文件里有 {self.rows} 条，或末条指纹不符：文件被增删。"


def _digest(content: dict[str, Any], seq: int) -> str:
    try:
        return digest(seq, {field: content[field] for field in FIELDS}, str(content["previous"]))
    except (ValueError, UnicodeEncodeError, RecursionError):
        return ""


def _read(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
