"""Each view of comment text is in the audit with its purpose; once for a person, a thing and an hour is enough."""

from __future__ import annotations

import threading
from datetime import datetime

from sqlalchemy import Connection

from escalation import audit
from escalation.web.gate import Visitor

KEPT = 20_000


class Viewed:
    """Which views of this hour are in the audit already."""

    def __init__(self) -> None:
        """None yet."""
        self._seen: set[tuple[str, str, str]] = set()
        self._lock = threading.Lock()

    def is_new(self, who: str, subject: str, now: datetime) -> bool:
        """Whether this view must be written down; marks it as written."""
        key = (who, subject, f"{now:%Y%m%d%H}")
        with self._lock:
            if key in self._seen:
                return False
            if len(self._seen) > KEPT:
                self._seen.clear()
            self._seen.add(key)
            return True


def record(conn: Connection, visitor: Visitor, subject: str, purpose: str) -> None:
    """Write a view of text into the audit."""
    audit.record(
        conn, school=visitor.user.school, now=visitor.now, actor=visitor.actor.id, action="text.view", subject=subject,
        detail={"purpose": purpose}, ip=visitor.ip,
    )  # fmt: skip
