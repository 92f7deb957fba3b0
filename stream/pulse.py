"""Pulses: each role says every few seconds that it lives and what troubles it; `/healthz` and the desk read it.

Clocks of processes differ, and a clock may have been wrong and set right: a pulse from more than AHEAD in the future is
no sign of life. A beat removes those of its role, and those of processes that have not beaten for FORGOTTEN.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Table, Text, delete, or_, select

from stream.store import metadata, put
from stream.store.types import Moment, Word

SILENT_AFTER = timedelta(seconds=20)
AHEAD = timedelta(seconds=60)
FORGOTTEN = timedelta(hours=1)

pulses = Table(
    "pulses",
    metadata,
    Column("role", Word(16), primary_key=True),
    Column("instance", Word(100), primary_key=True),
    Column("at", Moment(), nullable=False),
    Column("trouble", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Pulse:
    """The freshest sign of life of a role; `trouble` is a sentence in Chinese where it lives but cannot work.

    `at` lies in the future by more than AHEAD only where the role has left no other pulse.
    """

    role: str
    at: datetime
    trouble: str

    def alive(self, now: datetime, silent_after: timedelta = SILENT_AFTER) -> bool:
        """Whether it was heard of within `silent_after`."""
        return not self.ahead(now) and now - self.at <= silent_after

    def ahead(self, now: datetime) -> bool:
        """Whether it comes from a clock that is wrong, or ours is."""
        return self.at - now > AHEAD


def beat(conn: Connection, role: str, now: datetime, trouble: str = "") -> None:
    """Say that this process lives, and remove what others of its role left long ago or from the future."""
    instance = _instance()
    left = or_(pulses.c.at < now - FORGOTTEN, pulses.c.at > now + AHEAD)
    old = select(pulses.c.instance).where(pulses.c.role == role, pulses.c.instance != instance, left)
    names = conn.execute(old.with_for_update(skip_locked=True)).scalars().all()
    if names:
        conn.execute(delete(pulses).where(pulses.c.role == role, pulses.c.instance.in_(names)))
    put(conn, pulses, [{"role": role, "instance": instance, "at": now, "trouble": trouble}])


def another(conn: Connection, role: str, now: datetime) -> bool:
    """Whether some other process of this role lives, on this machine or another."""
    there = (pulses.c.role == role, pulses.c.instance != _instance())
    fresh = (pulses.c.at >= now - SILENT_AFTER, pulses.c.at <= now + AHEAD)
    return conn.execute(select(pulses.c.at).where(*there, *fresh).limit(1)).first() is not None


def _instance() -> str:
    """This process among those of its role."""
    return f"{socket.gethostname()}:{os.getpid()}"[:100]


def freshest(conn: Connection, now: datetime) -> dict[str, Pulse]:
    """The freshest pulse of every role; one from the future only where there is no other, and that one is not alive."""
    found: dict[str, Pulse] = {}
    for row in conn.execute(select(pulses).order_by(pulses.c.at)):
        one = Pulse(row.role, row.at, row.trouble)
        if row.role not in found or not one.ahead(now):
            found[row.role] = one
    return found
