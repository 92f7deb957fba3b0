"""Acting: what counts as somebody handling a matter. Said here alone.

A line of the log in which a person did something about the matter counts (confirmed, handed on, noted, reported, spoke
with the platform, answered, changed the level). What only chases signatures does not: a signature itself (`RECEIPT`),
催签, a telephone call about a notice, 代为了结 (`CHASE`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, select

from escalation.incident import MACHINE, EntryKind, entries

ACTS = frozenset({EntryKind.PERSON, EntryKind.PLATFORM, EntryKind.LEVEL})
"""The kinds of log lines that count, where a person wrote them."""


def acted_since(conn: Connection, incident_id: int, since: datetime) -> bool:
    """Whether a person handled the matter at or after this moment."""
    found = conn.execute(
        select(entries.c.id)
        .where(entries.c.incident_id == incident_id, entries.c.at >= since, entries.c.kind.in_(ACTS))
        .where(entries.c.actor != MACHINE.name)
        .limit(1)
    ).first()
    return found is not None


def last_acts(conn: Connection, incident_ids: Collection[int]) -> dict[int, datetime]:
    """When somebody last handled each of these; those that nobody handled are missing."""
    rows = conn.execute(
        select(entries.c.incident_id, func.max(entries.c.at).label("at"))
        .where(entries.c.incident_id.in_(incident_ids), entries.c.kind.in_(ACTS), entries.c.actor != MACHINE.name)
        .group_by(entries.c.incident_id)
    )
    return {row.incident_id: row.at for row in rows}
