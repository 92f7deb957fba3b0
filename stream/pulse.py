"""Pulses: each role says every few seconds that it lives and what troubles it; `/healthz` and the desk read it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Table, Text, select

from stream.store import metadata, put
from stream.store.types import Moment, Word

SILENT_AFTER = timedelta(seconds=20)

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
    """The freshest sign of life of a role; `trouble` is a sentence in Chinese where it lives but cannot work."""

    role: str
    at: datetime
    trouble: str

    def alive(self, now: datetime) -> bool:
        """Whether it was heard of within SILENT_AFTER."""
        return now - self.at <= SILENT_AFTER


def beat(conn: Connection, role: str, now: datetime, trouble: str = "") -> None:
    """Say that this process lives."""
    instance = f"{socket.gethostname()}:{os.getpid()}"[:100]
    put(conn, pulses, [{"role": role, "instance": instance, "at": now, "trouble": trouble}])


def freshest(conn: Connection) -> dict[str, Pulse]:
    """The freshest pulse of every role."""
    found: dict[str, Pulse] = {}
    for row in conn.execute(select(pulses).order_by(pulses.c.at)):
        found[row.role] = Pulse(row.role, row.at, row.trouble)
    return found
