"""What the report is made from: plain rows of one school and one week, without any judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from escalation.audit import Head
from escalation.incident.state import State
from escalation.report.week import Week


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident that was opened, open or ended in the week. `first_report_at`: when its 首报 left.

    `dismissal` is the reason of a false alarm; `comments` the members that are not the school's own words.
    """

    id: int
    number: str
    title: str
    theme: str
    state: State
    level: int
    unit: str
    triggers: tuple[str, ...]
    detected_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    late: bool
    trial: bool
    rehearsal: bool
    care: bool
    comments: int = 0
    first_report_at: datetime | None = None
    reported_at: datetime | None = None
    answered_at: datetime | None = None
    dismissal: str = ""

    @property
    def counted(self) -> bool:
        """Rehearsals and trial incidents are shown and never counted; one that was merged counts with the other."""
        return not self.mark

    @property
    def mark(self) -> str:
        """Why it is not counted, in a word; empty where it is."""
        if self.rehearsal or self.trial:
            return "演练" if self.rehearsal else "试运行"
        return "已并入" if self.state is State.MERGED else ""


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice that must be signed, and the clock it runs under. `default`: the figure is ours, not the school's.

    `replaced`: a later notice asks for the signature in its stead.
    """

    id: int
    incident_id: int
    number: str
    person_id: str
    person: str
    office: str
    unit: str
    basis: str
    created_at: datetime
    sign_by: datetime
    signed_at: datetime | None
    article: str = ""
    default: bool = True
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A deadline of the incident itself (首报, 情况说明, 首次回应). `stopped_at`: when its incident ended."""

    id: int
    incident_id: int
    name: str
    words: str
    due_at: datetime
    stopped_at: datetime | None
    article: str
    default: bool


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery that was given up. `reached`: the same notice left by another way. Without an incident: a letter's."""

    id: int
    incident_id: int | None
    notice: str
    channel: str
    office: str
    person: str
    created_at: datetime
    attempts: int
    reason: str
    reached: bool


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A registered account of the book."""

    id: str
    name: str
    platform: str
    unit: str
    route: str
    active: bool
    watch_from: datetime


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One thing that is polled for an account, as it stands when the rows are fetched: fields as in `sources`."""

    account_id: str
    stream: str
    essential: bool
    active: bool
    promised_s: int
    last_full: datetime | None
    token_until: datetime | None
    stopped_at: datetime | None
    seen: int
    shown: int | None
    note: str
    last_reason: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """A time in which an account was not seen. `recorded`: by the crawl itself; else found between two full scans."""

    account_id: str
    opened_at: datetime
    closed_at: datetime | None
    reason: str
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class HourRow:
    """Comments of one account published in one hour. `at` is its start, aware UTC."""

    at: datetime
    account_id: str
    platform: str
    lines: int
    negative: int


@dataclass(frozen=True, slots=True)
class ThemeRow:
    """How many comments rules put under a theme; one comment may have several."""

    theme: str
    lines: int
    negative: int


@dataclass(frozen=True, slots=True)
class AlertRow:
    """Something about the service itself that was wrong."""

    words: str
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Signature:
    """Who let the report go out, when, and the fingerprint of the figures at that moment."""

    name: str
    at: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class WeekRows:
    """Everything of one school and one week. `usual` are the hours of the fourteen days before, `letters` by kind.

    `chapters`: the rows of each chapter by its name.
    """

    school: str
    school_name: str
    publisher: str
    week: Week
    head: Head
    incidents: tuple[IncidentRow, ...] = ()
    notices: tuple[NoticeRow, ...] = ()
    clocks: tuple[ClockRow, ...] = ()
    deliveries: tuple[DeliveryRow, ...] = ()
    accounts: tuple[AccountRow, ...] = ()
    sources: tuple[SourceRow, ...] = ()
    gaps: tuple[GapRow, ...] = ()
    hours: tuple[HourRow, ...] = ()
    usual: tuple[HourRow, ...] = ()
    themes: tuple[ThemeRow, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    letters: Mapping[str, int] = field(default_factory=dict)
    engines: tuple[str, ...] = ()
    chapters: Mapping[str, Any] = field(default_factory=dict)
    on_trial: bool = False
    signature: Signature | None = None
