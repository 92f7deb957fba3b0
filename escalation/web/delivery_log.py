"""送达: every message that left or did not, with its attempts; what each channel's last test said; open phone tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from escalation import audit
from escalation.alert import ringing
from escalation.channels import Accepted, Channel, Outcome, Partial, Permanent, Unknown
from escalation.incident import incidents
from escalation.notice import DeliveryState, attempts, deliveries, notices
from escalation.notice.docket import dockets
from escalation.people import people
from escalation.web.desk import Desk

PAGE = 50
PROBE = "channel.probe"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of the page, as they stand in the URL; empty means: all."""

    state: str = ""
    channel: str = ""
    words: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery with its attempts, the newest last. `address` is shortened: enough to recognise, not to copy."""

    row: Any
    address: str
    attempts: tuple[Row[Any], ...]


@dataclass(frozen=True, slots=True)
class Way:
    """One channel: its last test and what is wrong with it."""

    name: str
    title: str
    tested_at: datetime | None
    good: bool
    said: str
    trouble: str


@dataclass(frozen=True, slots=True)
class Log:
    """What the page shows. `count` by state over everything that the other filters leave."""

    lines: tuple[Line, ...]
    total: int
    count: Mapping[str, int]


def verdict(outcome: Outcome) -> tuple[str, str]:
    """What a test showed: `good`, `bad` or `unsure`, and the channel's own sentence."""
    if isinstance(outcome, Accepted):
        return "good", ""
    if isinstance(outcome, Partial):
        return "bad", "；".join(f"{who}：{why}" for who, why in outcome.bad.items())
    return ("unsure" if isinstance(outcome, Unknown) else "bad"), outcome.reason


def stops(outcome: Outcome) -> str:
    """Which of our own things a refusal blames (credential, quota …); empty where none."""
    return str(outcome.kind) if isinstance(outcome, Permanent) else ""


def shortened(address: str) -> str:
    """`k…r@school.test`, `138…00`, a robot's name as it is."""
    name, at, host = address.partition("@")
    if at:
        return f"{name[:1]}…{name[-1:]}@{host}" if len(name) > 2 else f"…@{host}"
    return f"{address[:3]}…{address[-2:]}" if address.isdecimal() and len(address) > 6 else address


def log_of(conn: Connection, school: str, wanted: Wanted) -> Log:
    """One page of the log, the newest first."""
    joined = (
        deliveries.join(notices, notices.c.id == deliveries.c.notice_id)
        .outerjoin(incidents, incidents.c.id == notices.c.incident_id)
        .outerjoin(dockets, and_(dockets.c.school == notices.c.school, dockets.c.matter == notices.c.matter))
        .outerjoin(people, and_(people.c.school == notices.c.school, people.c.id == notices.c.addressee))
    )
    where = _where(school, wanted)
    counted = conn.execute(
        select(deliveries.c.state, func.count()).select_from(joined).where(where).group_by(deliveries.c.state)
    )
    count = {row[0]: row[1] for row in counted}
    chosen = and_(where, deliveries.c.state == wanted.state) if wanted.state else where
    rows = conn.execute(
        select(
            deliveries.c.id, deliveries.c.channel, deliveries.c.address, deliveries.c.level, deliveries.c.state,
            deliveries.c.attempts, deliveries.c.next_at, deliveries.c.reason, deliveries.c.vendor_id,
            deliveries.c.created_at, deliveries.c.accepted_at, notices.c.number, notices.c.kind, notices.c.office,
            notices.c.opened_at, notices.c.signed_at, people.c.name, incidents.c.number.label("incident"),
            dockets.c.path, notices.c.view["kind"].as_string().label("said_kind"),
        )
        .select_from(joined)
        .where(chosen)
        .order_by(deliveries.c.created_at.desc(), deliveries.c.id.desc())
        .limit(PAGE)
        .offset((wanted.page - 1) * PAGE)
    ).all()  # fmt: skip
    tried = defaultdict(list)
    ids = [row.id for row in rows]
    for one in conn.execute(
        select(attempts).where(attempts.c.delivery_id.in_(ids)).order_by(attempts.c.delivery_id, attempts.c.n)
    ):
        tried[one.delivery_id].append(one)
    lines = tuple(Line(row, shortened(row.address), tuple(tried[row.id])) for row in rows)
    return Log(lines, count.get(wanted.state, 0) if wanted.state else sum(count.values()), count)


def _where(school: str, wanted: Wanted) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [deliveries.c.school == school]
    if wanted.channel:
        parts.append(deliveries.c.channel == wanted.channel)
    if wanted.words:
        words = wanted.words
        parts.append(
            or_(
                notices.c.number.icontains(words, autoescape=True),
                people.c.name.icontains(words, autoescape=True),
                notices.c.office.icontains(words, autoescape=True),
            )
        )
    return and_(*parts)


def ways_of(conn: Connection, desk: Desk) -> tuple[Way, ...]:
    """Every channel that is set up, with its last test from the audit."""
    broken = {one.cause: one.words for one in ringing(conn, desk.school)}
    return tuple(_way(conn, desk.school, name, channel, broken) for name, channel in desk.channels.items())


def _way(conn: Connection, school: str, name: str, channel: Channel, broken: Mapping[str, str]) -> Way:
    log = audit.audit_log
    row = conn.execute(
        select(log.c.at, log.c.detail)
        .where(log.c.school == school, log.c.action == PROBE, log.c.object == name)
        .order_by(log.c.seq.desc())
        .limit(1)
    ).first()
    good = row is not None and row.detail["outcome"] == "good"
    said = row.detail["said"] if row is not None else ""
    return Way(name, channel.title, row.at if row is not None else None, good, said, broken.get(f"channel:{name}", ""))


STATES = (
    DeliveryState.DEAD,
    DeliveryState.WAITING,
    DeliveryState.SENDING,
    DeliveryState.ACCEPTED,
    DeliveryState.WITHDRAWN,
)
