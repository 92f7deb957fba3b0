"""Which rows a figure stands for. A figure is the length of what its pick gives, so figure and list cannot differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.incident.state import OPEN, State
from escalation.procedure import Trigger
from escalation.report.rows import ClockRow, DeliveryRow, IncidentRow, NoticeRow, WeekRows

DONE = frozenset({State.CLOSED, State.ARCHIVED})
TABLED = 3
"""Ⅲ and graver stand in the table of incidents; the rest is counted and listed behind its figure."""


@dataclass(frozen=True, slots=True)
class LateItem:
    """Something that was done late or is not done yet: `done_at` None and `late` None while it is still open."""

    incident: IncidentRow
    what: str
    unit: str
    due_at: datetime
    done_at: datetime | None
    late: timedelta | None
    article: str
    default: bool
    notice_id: int | None = None


def by_id(rows: WeekRows) -> dict[int, IncidentRow]:
    """The incidents that count, by id."""
    return {one.id: one for one in rows.incidents if one.counted}


def opened(rows: WeekRows, level: int | None = None) -> list[IncidentRow]:
    """Opened in the week; of one level, where one is given."""
    held = [one for one in rows.incidents if one.counted and rows.week.holds(one.opened_at)]
    return [one for one in held if level in (None, one.level)]


def closed(rows: WeekRows) -> list[IncidentRow]:
    """Closed (销号) in the week."""
    return [one for one in rows.incidents if one.counted and one.state in DONE and rows.week.holds(one.closed_at)]


def dismissed(rows: WeekRows) -> list[IncidentRow]:
    """Found to be a false alarm in the week."""
    found = (one for one in rows.incidents if one.counted and one.state is State.FALSE_ALARM)
    return [one for one in found if rows.week.holds(one.closed_at)]


def ongoing(rows: WeekRows) -> list[IncidentRow]:
    """Not ended, whenever it was opened: what the next week begins with."""
    return [one for one in rows.incidents if one.counted and one.state in OPEN]


def tabled(rows: WeekRows) -> list[IncidentRow]:
    """What the table of incidents shows: Ⅲ and graver, no care case, the gravest first."""
    found = [one for one in opened(rows) if one.level <= TABLED and not one.care]
    return sorted(found, key=lambda one: (one.level, one.opened_at, one.id))


def care(rows: WeekRows) -> list[IncidentRow]:
    """Care cases of the week: counted, never described."""
    return [one for one in opened(rows) if one.care]


def unauthorised(rows: WeekRows) -> list[IncidentRow]:
    """擅自发声: posts of own accounts that nobody had permitted."""
    what = Trigger.UNAUTHORISED_PUBLICATION
    return [one for one in opened(rows) if what in one.triggers or one.theme == "unauthorised_post"]


def answered(rows: WeekRows) -> list[IncidentRow]:
    """Opened in the week and answered in public."""
    return [one for one in opened(rows) if one.answered_at is not None]


def set_apart(rows: WeekRows) -> list[IncidentRow]:
    """Rehearsals and trial incidents opened in the week: shown apart, counted nowhere."""
    return [one for one in rows.incidents if not one.counted and rows.week.holds(one.opened_at)]


def must_sign(rows: WeekRows) -> list[NoticeRow]:
    """Notices that were settled in the week, by a signature or by their deadline, whichever came first, and whose
    deadline was not taken away by the incident's end. Each stands in one week, and in the same one ever after.
    """
    held = by_id(rows)
    return [
        one
        for one in rows.notices
        if one.incident_id in held and rows.week.holds(_settled(one)) and not _withdrawn(one, held[one.incident_id])
    ]


def _settled(notice: NoticeRow) -> datetime:
    return min(notice.signed_at or notice.sign_by, notice.sign_by)


def _withdrawn(notice: NoticeRow, incident: IncidentRow) -> bool:
    return notice.signed_at is None and incident.closed_at is not None and incident.closed_at <= notice.sign_by


def in_time(rows: WeekRows) -> list[NoticeRow]:
    """Signed by the deadline."""
    return [one for one in must_sign(rows) if one.signed_at is not None and one.signed_at <= one.sign_by]


def signed_late(rows: WeekRows, now: datetime) -> list[NoticeRow]:
    """Signed after the deadline, or not signed although it has passed."""
    return [one for one in must_sign(rows) if one.sign_by < (one.signed_at or now)]


def not_due(rows: WeekRows, now: datetime) -> list[NoticeRow]:
    """Unsigned and still within the deadline."""
    return [one for one in must_sign(rows) if one.signed_at is None and one.sign_by >= now]


def done_at(clock: ClockRow, incident: IncidentRow) -> datetime | None:
    """When the duty of a clock was done: by what was done for it, else by the incident's end."""
    kept = {
        "first_report": incident.first_report_at,
        "facts": incident.reported_at,
        "first_answer": incident.answered_at,
    }
    known = [at for at in (kept.get(clock.name), clock.stopped_at) if at is not None]
    return min(known, default=None)


def late_items(rows: WeekRows, now: datetime) -> list[LateItem]:
    """Everything late of the week, the longest first; what is still open stands on top."""
    held = by_id(rows)
    found = [_late_notice(one, held[one.incident_id]) for one in signed_late(rows, now)]
    for clock in rows.clocks:
        incident = held.get(clock.incident_id)
        if incident is None or not rows.week.holds(clock.due_at):
            continue
        done = done_at(clock, incident)
        if clock.due_at < (done or now):
            late = done - clock.due_at if done else None
            found.append(
                LateItem(incident, clock.words, incident.unit, clock.due_at, done, late, clock.article, clock.default)
            )
    return sorted(found, key=lambda one: (one.late is not None, -(one.late or timedelta()), one.due_at))


def _late_notice(notice: NoticeRow, incident: IncidentRow) -> LateItem:
    late = notice.signed_at - notice.sign_by if notice.signed_at else None
    unit = f"{notice.unit} {notice.person}".strip()
    return LateItem(
        incident, "签收", unit, notice.sign_by, notice.signed_at, late, notice.article, notice.default, notice.id
    )


def failed(rows: WeekRows) -> list[DeliveryRow]:
    """Deliveries that were given up, of incidents that count and of letters."""
    held = by_id(rows)
    return [one for one in rows.deliveries if one.incident_id is None or one.incident_id in held]


def title_of(incident: IncidentRow) -> str:
    """The title, or for a care case a fixed phrase."""
    return "关爱个案（不列详情）" if incident.care else incident.title
