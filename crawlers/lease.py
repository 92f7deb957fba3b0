"""Leases 占用: who has a source and its token now. A holder's name tells the next process of the same machine whether
it still lives, so that a killed crawl leaves nothing taken until its lease runs out."""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, select, update

from crawlers.token import tokens
from stream.coverage import sources

PROC = Path("/proc")
MACHINE_ID = Path("/etc/machine-id")


def machine() -> str:
    """Where process ids mean the same: this host and this namespace of processes (a container has its own). Several
    hosts may go by one name (`localhost`), and each calls its outermost namespace the same: its machine id tells."""
    own = space = ""
    with suppress(OSError):
        own = MACHINE_ID.read_text("ascii", "replace").strip()
    with suppress(OSError):
        space = os.readlink(PROC / "self/ns/pid")
    return hashlib.sha256("\x00".join((socket.gethostname(), own, space)).encode()).hexdigest()[:12]


def holder() -> str:
    """A new name for this process: machine, process id, when it was started, and something unique."""
    return f"{machine()}:{os.getpid()}:{started(os.getpid()) or 0}:{uuid.uuid4().hex[:12]}"


def started(pid: int) -> int | None:
    """When a process was started, in ticks since the machine's start; None where it is there no more."""
    try:
        fields = (PROC / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return None if fields[0] in ("Z", "X") else int(fields[19])
    except (FileNotFoundError, ProcessLookupError):
        return None


def dead(name: str) -> bool:
    """Whether the holder of this name was a process of this machine that has ended. Of others nothing is known."""
    place, *rest = name.split(":")
    if place != machine() or len(rest) != 3 or not all(one.isdigit() for one in rest[:2]):
        return False
    try:
        since = started(int(rest[0]))
    except (OSError, ValueError, IndexError):
        return False
    return since is None or (rest[1] != "0" and since != int(rest[1]))


def free_dead(conn: Connection) -> int:
    """Give back what processes of this machine held that have ended; the number of sources."""
    freed = 0
    for table, held, until in (
        (sources, sources.c.taken_by, sources.c.taken_until),
        (tokens, tokens.c.taken_by, tokens.c.taken_until),
        (tokens, tokens.c.renewing_by, tokens.c.renewing_until),
    ):
        holders = conn.execute(select(held).where(held.is_not(None)).distinct()).scalars()
        gone = [one for one in holders if dead(one)]
        if gone:
            done = conn.execute(update(table).where(held.in_(gone)).values({held.name: None, until.name: None}))
            freed += done.rowcount if table is sources else 0
    return freed
