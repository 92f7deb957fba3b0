"""What the notify role does for the desk every half minute: departures and absences that came, hand-overs that come.

Each part is a transaction of its own; repeating any of them changes nothing.
"""

from __future__ import annotations

from datetime import datetime

from escalation.duty import departing, handover_opening
from escalation.notice.issue import Letterhead
from escalation.procedure.desk_duty import DeskDuty
from stream.store import Store


def look(store: Store, letterhead: Letterhead, desk: DeskDuty, now: datetime) -> None:
    """Do all that is due now. Raises StoreUnavailable."""
    with store.read() as conn:
        came = departing.due(conn, letterhead.school, now)
    if came:
        store.run(lambda conn: departing.take_effect(conn, letterhead, now))
    store.run(lambda conn: handover_opening.open_due(conn, letterhead.school, desk, now))
