"""Lessons: what a verdict teaches, as labelled texts for `fengxin train`: should somebody look at such words, or not.

Only what the law of the house lets out (design §8): public comments whose words are still kept; no cry for help, no
private message, nothing of the school's own, nothing that vanished, no writer, no handle. A false alarm teaches only
where its reason is the words themselves; that a matter was old, or that somebody drilled, is no reason to overlook it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation.incident import incidents
from escalation.incident.state import State
from escalation.retention import GONE
from escalation.verdict import FalseAlarm, Verdict, newest
from stream.kept import assessments, chunks, posts, revisions
from stream.matter import CARE
from stream.post import Kind, Visibility

OF_WORDS = frozenset({FalseAlarm.JOKE, FalseAlarm.ELSEWHERE, FalseAlarm.MISREAD, FalseAlarm.ADVERT})
"""Reasons of a false alarm that the words themselves show."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One text: `look` says whether somebody should look at it; `number`: of the incident that says so."""

    text: str
    look: bool
    number: str


def lessons(conn: Connection, school: str) -> list[Lesson]:
    """All that is known of this school, each text once, as the newest verdict on it says; by incident."""
    rows = conn.execute(
        select(incidents)
        .where(incidents.c.school == school, incidents.c.rehearsal.is_(False), incidents.c.care.is_(False))
        .order_by(incidents.c.id)
    ).all()
    said = newest(conn, [row.id for row in rows])
    found: dict[str, Lesson] = {}
    for row in sorted(rows, key=lambda row: said[row.id].id if row.id in said else 0):
        if (taught := _of(row, said.get(row.id))) is None:
            continue
        look, lines = taught
        for text in _texts(conn, school, lines):
            found.pop(text, None)
            found[text] = Lesson(text, look, row.number)
    return list(found.values())


def _of(row: Row[Any], said: Row[Any] | None) -> tuple[bool, Sequence[str]] | None:
    """Which label an incident gives to which lines; None where it teaches nothing."""
    if said is None:
        by_hand = bool(row.frozen.get("by_hand")) and row.state != State.FALSE_ALARM
        return (True, [row.opening_post_id]) if by_hand else None
    if said.verdict in (Verdict.CONFIRMED, Verdict.WRONG_LEVEL):
        return True, said.lines
    if said.verdict == Verdict.FALSE_ALARM and said.reason in OF_WORDS:
        return False, said.lines
    return None


def _texts(conn: Connection, school: str, lines: Sequence[str]) -> Iterator[str]:
    for some in chunks(lines):
        asked = (
            select(revisions.c.text, assessments.c.themes)
            .join(posts, (posts.c.school == revisions.c.school) & (posts.c.id == revisions.c.post_id))
            .outerjoin(
                assessments,
                (assessments.c.school == posts.c.school)
                & (assessments.c.post_id == posts.c.id)
                & (assessments.c.revision == posts.c.revision),
            )
            .where(posts.c.school == school, posts.c.id.in_(some), revisions.c.revision == posts.c.revision)
            .where(posts.c.kind != Kind.MESSAGE, posts.c.by_school.is_(False))
            .where(posts.c.visibility == Visibility.PUBLIC, revisions.c.text != GONE)
            .order_by(posts.c.id)
        )
        yield from (row.text for row in conn.execute(asked) if CARE not in (row.themes or ()))
