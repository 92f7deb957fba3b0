"""What stands in the form before anybody types: what is known, what was done, what is still to do. Reads only.

Every line is taken from the incident's own rows; the writer changes what they know better. Nothing here is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from escalation import timer
from escalation.bulletin import Figure, bulletins_of, last_number, since_last
from escalation.bulletin.state import Series, series_after
from escalation.clock_words import moment
from escalation.incident import EntryKind, entries
from escalation.incident.acting import ACTS
from escalation.keeper import contacts
from escalation.place import found_words
from escalation.receipt import tally

LINES = 12
"""So many acts are listed; the newest ones where there are more."""


@dataclass(frozen=True, slots=True)
class Prefilled:
    """The form's first content; `last` is the number of the newest bulletin, `series` how far they are."""

    facts: str
    done: str
    next_step: str
    last: int
    series: Series


def prefilled(conn: Connection, incident: Row[Any], now: datetime) -> Prefilled:
    """Facts from what the incident froze (first) or what was reported last; handling from its log since then."""
    before = bulletins_of(conn, incident.id)
    since = before[-1].written_at if before else incident.opened_at
    first = [*found_words(incident, now), *(() if incident.care else incident.frozen.get("facts", []))]
    facts = [since_last(before[-1].number)] if before else [f"{one.rstrip('。')}。" for one in first]
    return Prefilled(
        "\n".join(facts), "\n".join(_acts(conn, incident, since, now)), "\n".join(_ahead(conn, incident, now)),
        last_number(before), series_after([one.kind for one in before]),
    )  # fmt: skip


def _acts(conn: Connection, incident: Row[Any], since: datetime, now: datetime) -> list[str]:
    rows = conn.execute(
        select(entries)
        .where(entries.c.incident_id == incident.id, entries.c.at >= since, entries.c.kind.in_(ACTS))
        .order_by(entries.c.id.desc())
        .limit(LINES)
    ).all()
    return [
        f"{moment(row.at, now)} {row.actor} {row.heading}{_short(row) if row.text else ''}"
        for row in reversed(rows) if row.kind != EntryKind.LEVEL and "情况报告第" not in row.heading
    ]  # fmt: skip


def _short(row: Row[Any]) -> str:
    text = " ".join(str(row.text).split())
    return f"：{text if len(text) <= 80 else text[:79] + '…'}"


def _ahead(conn: Connection, incident: Row[Any], now: datetime) -> list[str]:
    found = [f"由{incident.assignee}办理" if incident.assignee else ""]
    found += [
        f"{row.words}（{moment(row.due_at, now)} 到期）" for row in timer.undone(conn, incident.id)
        if row.name != "first_report"
    ]  # fmt: skip
    return [one for one in found if one]


def own_figures(conn: Connection, incident: Row[Any], now: datetime) -> list[Figure]:
    """Signatures and contacts with the platform, as the service recorded them."""
    signed = tally(conn, incident.id)
    asked = select(func.count(), func.count(contacts.c.answer)).where(contacts.c.incident_id == incident.id)
    all_contacts, answered = conn.execute(asked).one()
    source = f"本系统记录，截至 {moment(now, now)}"
    found = [Figure("签收", f"{signed.signed} / {signed.needed} 人", source)]
    if all_contacts:
        found.append(Figure("与平台沟通", f"{all_contacts} 次，已答复 {answered} 次", source))
    return found
