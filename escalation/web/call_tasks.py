"""Phone tasks as shown: what to say at this moment, and how many wait. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from escalation.incident import incidents
from escalation.notice import calls, is_owed, notices
from escalation.notice.calling import words_now
from escalation.notice.docket import dockets
from escalation.people import people
from escalation.web.words import CARE_TITLE

SHOWN = 50
LETTER_LEVEL = 4
"""A letter has no level; its calls come after those of incidents."""


@dataclass(frozen=True, slots=True)
class Task:
    """One phone task. `words` are what to say now; `may_again`: recorded, the newest, and nobody's open task.

    Of a letter `incident` is the number of its docket and `title` its heading.
    """

    id: int
    person_id: str
    who: str
    office: str
    number: str
    words: str
    created_at: datetime
    outcome: str | None
    remark: str | None
    recorded_at: datetime | None
    incident: str
    title: str
    level: int
    may_again: bool = False
    letter: bool = False


_ALL = (
    select(
        calls, people.c.name, notices.c.office, notices.c.view, notices.c.sign_by, notices.c.incident_id,
        notices.c.matter, dockets.c.number.label("docket"),
        incidents.c.number.label("incident"), incidents.c.title, incidents.c.level, incidents.c.care,
    )
    .join(notices, notices.c.id == calls.c.notice_id)
    .outerjoin(incidents, incidents.c.id == notices.c.incident_id)
    .outerjoin(dockets, and_(dockets.c.school == notices.c.school, dockets.c.matter == notices.c.matter))
    .outerjoin(people, and_(people.c.school == calls.c.school, people.c.id == calls.c.person_id))
)  # fmt: skip


def _tasks(conn: Connection, rows: Sequence[Row[Any]], now: datetime) -> list[Task]:
    seen: set[tuple[int | str, str]] = set()
    owed, tasks = _owed(conn, [row for row in rows if row.outcome is None]), []
    for row in rows:
        own = (row.incident_id or row.matter, row.person_id)
        words = row.words if row.outcome else _words(owed.get(own, row), now)
        tasks.append(_task(row, words, newest=own not in seen))
        seen.add(own)
    return tasks


def _task(row: Row[Any], words: str, *, newest: bool) -> Task:
    if row.matter is not None:
        return Task(
            row.id, row.person_id, row.name or row.person_id, row.office, row.number, words, row.created_at,
            row.outcome, row.remark, row.recorded_at, row.docket, row.view["title"], LETTER_LEVEL, letter=True,
        )  # fmt: skip
    title = CARE_TITLE if row.care else row.title
    return Task(
        row.id, row.person_id, row.name or row.person_id, row.office, row.number, words, row.created_at, row.outcome,
        row.remark, row.recorded_at, row.incident, title, row.level, may_again=newest and row.outcome is not None,
    )  # fmt: skip


def _owed(conn: Connection, rows: Sequence[Row[Any]]) -> dict[tuple[int | str, str], Any]:
    """By matter and person: the newest notice that waits for this person."""
    if not rows:
        return {}
    matters = and_(
        notices.c.school.in_(sorted({row.school for row in rows})),
        notices.c.matter.in_(sorted({row.matter for row in rows if row.matter is not None})),
    )
    theirs = or_(notices.c.incident_id.in_({row.incident_id for row in rows if row.incident_id is not None}), matters)
    found = conn.execute(
        select(notices.c.incident_id, notices.c.matter, notices.c.addressee, notices.c.view, notices.c.sign_by)
        .where(theirs, notices.c.addressee.in_(sorted({row.person_id for row in rows})), is_owed())
        .order_by(notices.c.id)
    ).all()
    return {(row.incident_id or row.matter, row.addressee): row for row in found}


def _words(stands: Row[Any], now: datetime) -> str:
    """What to say now: of the notice that waits for this person, with its deadline as it stands."""
    return words_now(stands.view, stands.sign_by, now)


def tasks_of(conn: Connection, incident_id: int, now: datetime) -> list[Task]:
    """The phone tasks of one incident, the open ones first."""
    mine = _ALL.where(notices.c.incident_id == incident_id)
    return _tasks(conn, conn.execute(mine.order_by(calls.c.outcome.is_not(None), calls.c.id.desc())).all(), now)


def open_tasks(conn: Connection, school: str, now: datetime) -> list[Task]:
    """What is still to be dialled in the whole school, the gravest first, at most SHOWN (`count_open` counts all)."""
    waits = _ALL.where(calls.c.school == school, calls.c.outcome.is_(None))
    first = (func.coalesce(incidents.c.level, LETTER_LEVEL), calls.c.created_at, calls.c.id)
    return _tasks(conn, conn.execute(waits.order_by(*first).limit(SHOWN)).all(), now)


def open_by_incident(conn: Connection, ids: Sequence[int]) -> dict[int, int]:
    """How many phone tasks wait, by incident."""
    rows = conn.execute(
        select(notices.c.incident_id, func.count())
        .join(calls, calls.c.notice_id == notices.c.id)
        .where(notices.c.incident_id.in_(ids), calls.c.outcome.is_(None))
        .group_by(notices.c.incident_id)
    )
    return {row[0]: row[1] for row in rows}


def count_open(conn: Connection, school: str) -> int:
    """How many phone tasks wait in the whole school."""
    wanted = select(func.count()).select_from(calls).where(calls.c.school == school, calls.c.outcome.is_(None))
    return int(conn.execute(wanted).scalar_one())
