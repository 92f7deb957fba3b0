"""Docket 案卷: a matter that is no incident, about which letters go out and clocks run (`consultation:17`).

It gives the matter its number (`HF-2026-0003`), a row to hold so that deeds take turns, a log, and an end after which
nothing written before leaves any more. Whatever a notice belongs to, its log line is written by `tell`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Row, Table, Text, bindparam, insert, select, update

from escalation import numbering, timer
from escalation.deed import hold_incident
from escalation.incident import MACHINE, EntryKind, log
from escalation.incident.state import OPEN, State
from escalation.notice import calls, notices
from stream.store import insert_new, metadata
from stream.store.types import Moment, Serial, Word

NUMBER_LOCK = 730_045
"""Key of the advisory lock under which PostgreSQL's writers count dockets; on SQLite there is one writer anyway."""
SERIES, DAILY = "HF", "ZX"
"""A matter with a course of its own, which a consultation is; and what goes out once a day about several of them."""
ENDED = "事项已办结，不必再拨"

dockets = Table(
    "dockets",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("matter", Word(100), primary_key=True),
    Column("number", Word(32), nullable=False),
    Column("path", Text, nullable=False),
    Column("opened_at", Moment(), nullable=False),
    Column("ended_at", Moment()),
    Index("uq_dockets_number", "school", "number", unique=True),
)

docket_lines = Table(
    "docket_lines",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("matter", Word(100), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("heading", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("actor", Word(100), nullable=False),
    Column("article", Text, nullable=False),
    Index(None, "school", "matter", "id"),
)


_HELD = (
    select(dockets)
    .where(dockets.c.school == bindparam("owner"), dockets.c.matter == bindparam("about"))
    .with_for_update(key_share=True)
)
_LINE = insert(docket_lines)


def hold(conn: Connection, school: str, matter: str) -> Row[Any] | None:
    """The docket's row, held until the transaction ends: first statement of a deed on its matter. None before `enter`.

    The order of rows is that of an incident's deed: the docket, what belongs to it, the audit last.
    """
    return conn.execute(_HELD, {"owner": school, "about": matter}).first()


def enter(
    conn: Connection, school: str, matter: str, now: datetime, path: str = "", *, series: str = SERIES, number: str = ""
) -> Row[Any]:
    """The docket's row, held; made with the next number of its series where there is none.

    `path`: its page behind sign-in. `number`: the one that the matter has already (a permit's), so that its letters are
    found under it.
    """
    row = hold(conn, school, matter)
    if row is None:
        number = number or numbering.next_number(conn, dockets, series, school, now, lock=NUMBER_LOCK)
        made = {
            "school": school, "matter": matter, "number": number, "path": path, "opened_at": now, "ended_at": None,
        }  # fmt: skip
        insert_new(conn, dockets, [made])
        row = hold(conn, school, matter)
    if row is None:
        raise RuntimeError(f"docket {matter} was not kept")
    return row


def end(conn: Connection, school: str, matter: str, now: datetime) -> None:
    """The matter is over: its clocks stop, and letters written before now that have not left do not leave any more.

    A letter written at this moment or later still goes out. A docket may end again; the newest end counts.
    """
    timer.stop_matter(conn, school, matter, now)
    ours = select(notices.c.id).where(notices.c.school == school, notices.c.matter == matter)
    conn.execute(
        update(calls)
        .where(calls.c.notice_id.in_(ours), calls.c.outcome.is_(None))
        .values(outcome=ENDED, recorded_by=MACHINE.id, recorded_at=now)
    )
    mine = (dockets.c.school == school) & (dockets.c.matter == matter)
    conn.execute(update(dockets).where(mine).values(ended_at=now))


def line(
    conn: Connection, school: str, matter: str, now: datetime, kind: EntryKind, heading: str, text: str = "", *,
    actor: str = MACHINE.name, article: str = "",
) -> None:  # fmt: skip
    """One line of the docket's log; lines are never edited."""
    conn.execute(_LINE, {
        "school": school, "matter": matter, "at": now, "kind": kind, "heading": heading, "text": text, "actor": actor,
        "article": article,
    })  # fmt: skip


def lines_of(conn: Connection, school: str, matter: str) -> list[Row[Any]]:
    """The docket's log, the oldest first: `at`, `kind`, `heading`, `text`, `actor`, `article`."""
    mine = (docket_lines.c.school == school) & (docket_lines.c.matter == matter)
    return list(conn.execute(select(docket_lines).where(mine).order_by(docket_lines.c.id)))


def tell(
    conn: Connection, notice: Row[Any], now: datetime, kind: EntryKind, heading: str, text: str = "", *,
    actor: str = MACHINE.name, article: str = "",
) -> None:  # fmt: skip
    """One line into the log of what a notice belongs to; `notice`: a row with incident_id, school and matter."""
    if notice.incident_id is not None:
        log(conn, notice.incident_id, now, kind, heading, text, actor=actor, article=article)
    else:
        line(conn, notice.school, notice.matter, now, kind, heading, text, actor=actor, article=article)


def hold_of(conn: Connection, notice: Row[Any]) -> Row[Any]:
    """Hold what a notice belongs to: its incident's row, or its docket's. Both have `school` and `number`."""
    if notice.incident_id is not None:
        return hold_incident(conn, notice.incident_id)
    row = hold(conn, notice.school, notice.matter)
    if row is None:
        raise RuntimeError(f"letter without a docket: {notice.matter}")
    return row


def is_open(matter: Row[Any]) -> bool:
    """Whether what `hold_of` gave is still going on."""
    if "state" in matter._mapping:
        return State(matter.state) in OPEN
    return matter.ended_at is None
