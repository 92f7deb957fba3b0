"""Setting a task in a test."""

from __future__ import annotations

from typing import Any

from escalation.deed import incident_of
from escalation.incident import Actor
from escalation.task import TaskKind
from escalation.task.setting import KEEPER, To, set_task
from tests.escalation.office import IN_LEAD, Office


def give(
    office: Office, incident: int, kind: TaskKind, to: To = KEEPER, actor: Actor = IN_LEAD, words: str = "请办理",
    **more: Any,
) -> int:  # fmt: skip
    """Set one now; gives its id."""
    with office.store.write() as conn:
        row = incident_of(conn, incident)
        return set_task(conn, office.head, row, kind, to, actor, office.now, words, **more)
