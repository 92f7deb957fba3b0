"""Contacts that a channel refused for good: nobody of that address, a member who left the contact book.

Kept with the address, so that a corrected roster mends it by itself; a message that is taken takes the mark away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, Table, Text, bindparam, delete, select

from stream.store import metadata, put
from stream.store.types import Moment, Word

refused_contacts = Table(
    "refused_contacts",
    metadata,
    Column("school", Word(32), primary_key=True),
    Column("person_id", Word(64), primary_key=True),
    Column("channel", Word(32), primary_key=True),
    Column("title", Word(32), nullable=False),
    Column("address", Word(254), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment(), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A contact that was refused, by which channel, when and why."""

    person: str
    channel: str
    title: str
    address: str
    reason: str
    at: datetime


_WORKS = delete(refused_contacts).where(
    refused_contacts.c.school == bindparam("house"), refused_contacts.c.person_id == bindparam("who"),
    refused_contacts.c.channel == bindparam("way"), refused_contacts.c.address == bindparam("to"),
)  # fmt: skip


def note(conn: Connection, school: str, one: Refused) -> None:
    """Write down that a contact was refused for good."""
    row = {
        "school": school, "person_id": one.person, "channel": one.channel, "title": one.title[:32],
        "address": one.address, "reason": one.reason, "at": one.at,
    }  # fmt: skip
    put(conn, refused_contacts, [row])


def works_again(conn: Connection, school: str, person_id: str, channel: str, address: str) -> None:
    """A message to this contact was taken."""
    conn.execute(_WORKS, {"house": school, "who": person_id, "way": channel, "to": address})


def refused(conn: Connection, school: str) -> list[Refused]:
    """Every contact that stands refused, by person."""
    rows = conn.execute(
        select(refused_contacts).where(refused_contacts.c.school == school)
        .order_by(refused_contacts.c.person_id, refused_contacts.c.channel)
    )  # fmt: skip
    return [Refused(row.person_id, row.channel, row.title, row.address, row.reason, row.at) for row in rows]
