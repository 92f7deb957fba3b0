"""Cases: what one look of the auditor sees, as plain rows; the checks of `inspection` are functions of these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from escalation.duty.readiness import Wanting
from stream.dead_letter import NONE_KEPT, Kept


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that runs. `due_at`: its next try; `was_due`: when it ran out first. `aside`: it is no next step of its
    incident, which stands still though it runs."""

    words: str
    due_at: datetime
    was_due: datetime
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery of a notice."""

    channel: str
    state: str
    attempts: int
    next_at: datetime
    taken_until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """One notice. `reached`: sent, opened or signed; `over`: superseded or settled; `called`: a phone task was made."""

    number: str
    person: str
    name: str
    kind: str
    created_at: datetime
    reached: bool
    over: bool
    called: bool
    sent: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """A person who was named when the incident was decided, and the office they were named for."""

    person: str
    name: str
    office: str


@dataclass(frozen=True, slots=True)
class Case:
    """An open incident with all that the checks ask of it.

    `touched_at`: its newest log line; `owed`: signatures waited for; `unasked`: those of them for which no
    clock runs and nobody telephones; `lapsed`: its own duties that ran out undone;
    `missing`: offices that the frozen procedure names at its triggers and level and that no notice covers.
    """

    number: str
    state: str
    opened_at: datetime
    touched_at: datetime
    assignee: str = ""
    owed: int = 0
    unasked: int = 0
    open_calls: int = 0
    lapsed: int = 0
    clocks: tuple[Clock, ...] = ()
    told: tuple[Told, ...] = ()
    named: tuple[Named, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a reader of the log has come: records that wait, and when it moved last."""

    reader: str
    waiting: int
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that one look sees. `stray`: deliveries of ended incidents, by the incident's number. `letters`:
    matters that are no incident, with their clocks and letters; they have no state that the checks could ask for.

    `channels`: those that are set up; `held`: roles that an active person holds; `broken`: sentences of the chain;
    `wanting`: what is wrong in the coming days (`duty.readiness`); `buried`: dead letters.
    """

    cases: tuple[Case, ...] = ()
    letters: tuple[Case, ...] = ()
    stray: tuple[tuple[str, Sent], ...] = ()
    channels: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    readings: tuple[Reading, ...] = ()
    broken: tuple[str, ...] = ()
    wanting: tuple[Wanting, ...] = ()
    buried: Kept = NONE_KEPT
