"""The course of a rehearsal: what was opened and why, who was told what, when, by which article, on which channel.

What belongs to no incident is told too: findings on the school's own posts, consultations, and the letters about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from deploy import course_matters
from deploy.course_matters import Asked, Found
from deploy.scenario import Scenario
from escalation import people
from escalation.incident import incidents, members
from escalation.notice import GROUP, KIND_WORDS, NoticeKind, calls, deliveries, notices, ways
from escalation.procedure import Channel, Source
from escalation.timer import TimerKind, TimerState, timers

PHONE = ways.TITLES[Channel.PHONE]
LAPSED = "逾期"
CALLED = "未签收 {number}"
BY_DESK = f"{PHONE}，由值班员拨打并登记"


@dataclass(frozen=True, slots=True)
class Telling:
    """Who was told what, when, as whom, by which article, on which channels and to be signed by when.

    `incident`: the number of the incident, or of the paper or matter that a letter is about. A deadline of the
    incident itself that nobody met is one, too: of the kind 逾期, without person and channel.
    """

    at: datetime
    incident: str
    kind: str
    person: str
    office: str
    basis: str
    reason: str
    channel: str = ""
    sign_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """One incident of a rehearsal. `level` is the one it was opened with."""

    number: str
    title: str
    level: int
    theme: str
    opened_at: datetime
    opened_at_id: str
    threads: tuple[str, ...]
    members: tuple[str, ...]
    reasons: tuple[dict[str, Any], ...]

    def as_row(self, scenario: str) -> dict[str, Any]:
        """The form that the scenarios' score reads."""
        return {
            "scenario": scenario, "threads": list(self.threads), "members": list(self.members), "level": self.level,
            "opened_at_id": self.opened_at_id,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a scenario led to. `found`: on the school's own posts; `asked`: what somebody wanted to know."""

    scenario: str
    lines: int
    opened: tuple[Opened, ...]
    told: tuple[Telling, ...]
    found: tuple[Found, ...] = ()
    asked: tuple[Asked, ...] = ()


def course(conn: Connection, school: str, scenario: Scenario, levels: Mapping[str, int]) -> Outcomes:
    """What the store says of a scenario that was played. `levels`: with which level each incident was opened."""
    found = conn.execute(select(incidents).order_by(incidents.c.id)).all()
    joined = conn.execute(select(members.c.incident_id, members.c.post_id)).all()
    told = conn.execute(
        select(notices, incidents.c.number.label("incident"))
        .outerjoin(incidents, incidents.c.id == notices.c.incident_id)
        .order_by(notices.c.created_at, notices.c.id)
    ).all()
    about = course_matters.numbers(conn, school)
    rung = conn.execute(
        select(calls.c.created_at, calls.c.person_id, notices, incidents.c.number.label("incident"))
        .join(notices, notices.c.id == calls.c.notice_id)
        .join(incidents, incidents.c.id == notices.c.incident_id)
        .order_by(calls.c.id)
    ).all()
    names = {person.id: person.name for person in people.everyone(conn, school)} | {GROUP: "群机器人"}
    used = conn.execute(select(deliveries.c.notice_id, deliveries.c.channel).order_by(deliveries.c.id)).all()
    lapsed = conn.execute(
        select(timers, incidents.c.number.label("incident"))
        .join(incidents, incidents.c.id == timers.c.incident_id)
        .where(timers.c.kind == TimerKind.DUTY, timers.c.state == TimerState.FIRED)
    ).all()
    thread_of = {line.id: line.thread for line in scenario.lines}
    opened = []
    for row in found:
        ids = [line.post_id for line in joined if line.incident_id == row.id]
        ordered = tuple(line.id for line in scenario.lines if line.id in set(ids))
        threads = tuple(dict.fromkeys(thread_of[one] for one in ordered))
        opened.append(
            Opened(
                row.number, row.title, levels[row.number], row.theme, row.opened_at,
                row.opening_post_id, threads, ordered, tuple(row.reasons),
            )
        )  # fmt: skip
    tellings = tuple(
        Telling(
            n.created_at, n.incident or about[n.matter], _kind(n), names.get(n.addressee, n.addressee), n.office,
            n.basis, n.reason, _channels(row.channel for row in used if row.notice_id == n.id), n.sign_by,
        )
        for n in told
    )  # fmt: skip
    phoned = tuple(
        Telling(
            n[0], n.incident, PHONE, names.get(n.person_id, n.person_id), n.office,
            CALLED.format(number=n.number), n.reason, BY_DESK,
        )
        for n in rung
    )  # fmt: skip
    late = tuple(
        Telling(row.due_at, row.incident, LAPSED, f"{row.words}未办", "", row.article or Source.DEFAULT.label, "")
        for row in lapsed
    )
    told_all = tuple(sorted(tellings + phoned + late, key=lambda one: one.at))
    return Outcomes(
        scenario.name, len(scenario.lines), tuple(opened), told_all, course_matters.found(conn, school),
        course_matters.asked(conn, school),
    )  # fmt: skip


def _kind(notice: Row[Any]) -> str:
    """What sort of word it is; a letter says it itself."""
    return str(notice.view["kind"]) if notice.kind == NoticeKind.LETTER else KIND_WORDS[NoticeKind(notice.kind)]


def _channels(names: Iterable[str]) -> str:
    """The channels of one notice in words."""
    return "、".join(dict.fromkeys(ways.TITLES[Channel(name)] for name in names))
