"""Operations alerts: what is wrong with the service itself. One open alert per cause; the desk shows them in red."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Index, Table, Text, bindparam, select, text, update

from stream.store import insert_new, metadata
from stream.store.types import Moment, Serial, Word

alerts = Table(
    "alerts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("cause", Word(200), nullable=False),
    Column("words", Text, nullable=False),
    Column("opened_at", Moment(), nullable=False),
    Column("closed_at", Moment()),
    Index("uq_alerts_open", "school", "cause", unique=True, sqlite_where=text("closed_at IS NULL"),
          postgresql_where=text("closed_at IS NULL")),
)  # fmt: skip


KINDS = (
    "account", "auditor", "auditor:silent", "blind", "channel", "chore", "clock", "delivery", "handover", "heartbeat",
    "hung", "jump", "quota", "record", "rota", "search:damaged", "search:full", "suspect", "timer", "unheld", "unset",
    "vacant", "other",
)  # fmt: skip
"""What alerts are about: a cause without what it names. A closed list, because metrics are kept by it."""
OPEN = alerts.c.closed_at.is_(None)
_ONE = (alerts.c.school == bindparam("house"), alerts.c.cause == bindparam("why"), OPEN)
_SAY = update(alerts).where(*_ONE, alerts.c.words != bindparam("words")).values(words=bindparam("words"))
_HUSH = update(alerts).where(*_ONE).values(closed_at=bindparam("now"))
_RINGING = (
    select(alerts.c.cause, alerts.c.words, alerts.c.opened_at)
    .where(alerts.c.school == bindparam("house"), OPEN)
    .order_by(alerts.c.opened_at)
)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something about the service that a person must mend; `words` say what and how."""

    cause: str
    words: str
    opened_at: datetime


def kind_of(cause: str) -> str:
    """What an alert is about: one of KINDS; a cause that is not listed there is `other`."""
    return next((kind for kind in (cause, cause.partition(":")[0]) if kind in KINDS), "other")


def ring(conn: Connection, school: str, cause: str, words: str, now: datetime) -> bool:
    """Open an alert; True where it is new. One that is open gets the newest words and keeps its time."""
    row = {"school": school, "cause": cause[:200], "words": words, "opened_at": now, "closed_at": None}
    if insert_new(conn, alerts, [row], key=["school", "cause"], where=OPEN):
        return True
    conn.execute(_SAY, {"house": school, "why": cause[:200], "words": words})
    return False


def hush(conn: Connection, school: str, cause: str, now: datetime) -> None:
    """Close the alert of a cause that is mended."""
    conn.execute(_HUSH, {"house": school, "why": cause[:200], "now": now})


def ringing(conn: Connection, school: str) -> list[Alert]:
    """Every open alert, the oldest first."""
    return [Alert(*row) for row in conn.execute(_RINGING, {"house": school})]


def hush_after(conn: Connection, school: str, begins: str, span: timedelta, now: datetime) -> None:
    """Close the alerts whose cause begins so and that have rung for longer than `span`: they only told something."""
    for one in ringing(conn, school):
        if one.cause.startswith(begins) and abs(now - one.opened_at) > span:
            hush(conn, school, one.cause, now)
