"""Findings 稽核发现: rows of what the auditor found, from when it was first seen until it was mended.

One open row per matter found, whoever finds it: two auditors write one row, one audit line and one alert.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Index, Row, Table, Text, func, select, text, update

from escalation import alert, audit
from escalation.inspection import TITLES, Finding, What
from stream.store import insert_new, metadata
from stream.store.types import Moment, Serial, Word

findings = Table(
    "findings",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("what", Word(16), nullable=False),
    Column("about", Word(200), nullable=False),
    Column("incident", Word(32), nullable=False),
    Column("words", Text, nullable=False),
    Column("first_seen", Moment(), nullable=False),
    Column("last_seen", Moment(), nullable=False),
    Column("ended", Moment()),
    Index("uq_findings_open", "school", "what", "about", unique=True, sqlite_where=text("ended IS NULL"),
          postgresql_where=text("ended IS NULL")),
    Index(None, "school", "first_seen"),
)  # fmt: skip
marks = Table(
    "auditor_marks",
    metadata,
    Column("reader", Word(64), primary_key=True),
    Column("stood", Text, nullable=False),
    Column("moved_at", Moment(), nullable=False),
)
"""Where a reader of the log stood while records waited for it, and since when: shared by all auditors."""
SAID_EVERY = timedelta(seconds=60)
"""How old `last_seen` of a finding may grow."""
NEW_AT_ONCE = 200
"""So many findings begin in one transaction; the others with the next look."""
ACTOR = "auditor"
CAUSE = "auditor:"
ALERT = "稽核：{title} {count} 项。{first}{more}"
MORE = "其余见“稽核”页。"


def keep(
    conn: Connection, school: str, found: Sequence[Finding], now: datetime, *, begin: bool = True,
    unseen: Collection[What] = (),
) -> bool:  # fmt: skip
    """Bring the rows to what was found: open what is new (where `begin`), end what is mended; True where one did.

    `unseen`: kinds that this look could not look at, whose rows stay as they are.
    """
    known = {(row.what, row.about): row for row in standing(conn, school) if row.what not in unseen}
    seen = {(one.what.value, one.about[:200]): one for one in found}
    fresh = [one for key, one in seen.items() if key not in known][:NEW_AT_ONCE]
    changed = [_begin(conn, school, one, now) for one in fresh if begin]
    changed += [_end(conn, row, now) for key, row in known.items() if key not in seen]
    for key in known.keys() & seen.keys():
        row, one = known[key], seen[key]
        if row.words != one.words or said_long_ago(row, now):
            conn.execute(
                update(findings).where(findings.c.id == row.id, findings.c.ended.is_(None))
                .values(words=one.words, last_seen=now)
            )  # fmt: skip
    _ring(conn, school, now, sorted({What(what) for what, _ in known.keys() | seen.keys()}))
    return any(changed)


def said_long_ago(row: Row[Any], now: datetime) -> bool:
    """Whether a row should be told again that it was seen; also where the clock was set back."""
    return not timedelta(0) <= now - row.last_seen < SAID_EVERY


def _begin(conn: Connection, school: str, one: Finding, now: datetime) -> bool:
    row = {
        "school": school, "what": one.what, "about": one.about[:200], "incident": one.incident, "words": one.words,
        "first_seen": now, "last_seen": now, "ended": None,
    }  # fmt: skip
    if not insert_new(conn, findings, [row], key=["school", "what", "about"], where=findings.c.ended.is_(None)):
        return False
    _write_down(conn, school, "auditor.found", one.what, one.about, now)
    return True


def _end(conn: Connection, row: Row[Any], now: datetime) -> bool:
    moved = conn.execute(
        update(findings)
        .where(findings.c.id == row.id, findings.c.ended.is_(None))
        .values(ended=max(now, row.first_seen))
    )
    if moved.rowcount == 1:
        _write_down(conn, row.school, "auditor.ended", row.what, row.about, now)
    return moved.rowcount == 1


def _write_down(conn: Connection, school: str, action: str, what: str, about: str, now: datetime) -> None:
    audit.record(
        conn, school=school, now=now, actor=ACTOR, action=action, subject=about, detail={"what": str(what)}
    )  # fmt: skip


def _ring(conn: Connection, school: str, now: datetime, concerned: Collection[What]) -> None:
    """One alert per kind of finding, with their number and the oldest; quiet once none of the kind is left."""
    left: dict[str, list[Row[Any]]] = {}
    for row in standing(conn, school):
        left.setdefault(row.what, []).append(row)
    for what in dict.fromkeys(concerned):
        rows = left.get(what, [])
        if rows:
            more = MORE if len(rows) > 1 else ""
            words = ALERT.format(title=TITLES[what], count=len(rows), first=rows[0].words, more=more)
            alert.ring(conn, school, CAUSE + what, words, now)
        else:
            alert.hush(conn, school, CAUSE + what, now)


def standing(conn: Connection, school: str) -> list[Row[Any]]:
    """Every finding that is not mended, the oldest first."""
    wanted = select(findings).where(findings.c.school == school, findings.c.ended.is_(None))
    return list(conn.execute(wanted.order_by(findings.c.first_seen, findings.c.id)))


def count(conn: Connection, school: str) -> int:
    """How many findings are not mended."""
    wanted = select(func.count()).select_from(findings).where(findings.c.school == school, findings.c.ended.is_(None))
    return int(conn.execute(wanted).scalar_one())


def mended(conn: Connection, school: str, limit: int = 100) -> list[Row[Any]]:
    """The findings that ended, the newest first."""
    wanted = select(findings).where(findings.c.school == school, findings.c.ended.is_not(None))
    return list(conn.execute(wanted.order_by(findings.c.ended.desc().nulls_last(), findings.c.id.desc()).limit(limit)))
