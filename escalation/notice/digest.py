"""Digest 合并发送: in a storm one person gets one message with a number and a list, not one for each incident.

Every notice keeps its own row, clock and receipt; a digest is one message that carries the deliveries of several, of
one channel to one addressee. It never takes anybody from a list of recipients; level Ⅰ leaves alone and at once.
What a digest carries, it carries until it was accepted or given up: a repetition after a crash is the same message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, or_, select, update

from escalation.notice import DeliveryState, deliveries, notices
from escalation.notice.wording import render_neutral
from escalation.procedure import Channel

WINDOW = timedelta(minutes=2)
SOON = timedelta(seconds=30)
"""The same for level Ⅱ, whose clocks are short."""
GRAVE = 2
ALONE = 3
LABEL = (
    "同一收件人同一通道 2 分钟内超过 3 起事件的，Ⅱ级及以下合并为一条发送，"
    "其后有Ⅱ级的每 30 秒、只有Ⅲ级及以下的每 2 分钟至多一条；Ⅰ级逐条立即发送（系统默认，非校规）"
)
"""Shown on the 送达 page."""
HELD = "短时间内通知较多，与其他通知合并发送"
NEVER = frozenset({Channel.WEBHOOK})
"""A system of the school's own reads each notice by itself."""
ON_THE_WAY = (DeliveryState.WAITING, DeliveryState.SENDING)


class Way(StrEnum):
    """How a delivery that is due leaves: alone, together with what else waits, or later."""

    ALONE = "alone"
    TOGETHER = "together"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now; `until` where it leaves later."""

    way: Way
    until: datetime | None = None


def plan(due: Sequence[tuple[int, int]], left: Sequence[tuple[datetime, int]], now: datetime, *, stormy: bool) -> Plan:
    """Pure. `due`: incident and level of each delivery that is due for this addressee on this channel; `left`: when a
    message left lately, and its incident. Incidents are counted, not messages: one matter alone makes no storm.

    `stormy`: one was held back, or a digest left within the window.
    """
    recent = [(at, incident) for at, incident in left if now - WINDOW < at <= now]
    if not stormy and len({incident for _, incident in recent} | {incident for incident, _ in due}) <= ALONE:
        return Plan(Way.ALONE)
    window = SOON if any(level <= GRAVE for _, level in due) else WINDOW
    if recent and (until := max(at for at, _ in recent) + window) > now:
        return Plan(Way.LATER, until)
    return Plan(Way.TOGETHER if len(due) > 1 else Way.ALONE)


def may_join(row: Row[Any]) -> bool:
    """Whether a delivery may leave with others. Not at level Ⅰ, no letter, nor bare number and link; an SMS that may
    have left is looked up by its own number, and what was in a sender's hands leaves again as the same message."""
    if row.incident_id is None or row.level == 1 or row.channel in NEVER or row.state == DeliveryState.SENDING:
        return False
    if row.text == render_neutral(row.number, row.url):
        return False
    return bool(row.channel != Channel.SMS or row.attempts == 0)


SAME_READER = and_(
    deliveries.c.school == bindparam("house"), deliveries.c.channel == bindparam("way"),
    deliveries.c.address == bindparam("to"), notices.c.addressee == bindparam("who"),
)  # fmt: skip
"""The condition on `deliveries` and `notices` for the same channel, address and addressee (`reader_of`)."""
IN_THE_AIR = and_(deliveries.c.state == DeliveryState.SENDING, deliveries.c.taken_until > bindparam("now"))
"""The condition for what a sender has in hand at the parameter `now`: this worker's or another's."""
_LATELY = (
    select(deliveries.c.accepted_at, deliveries.c.carried_by, notices.c.incident_id)
    .join(notices, notices.c.id == deliveries.c.notice_id)
    .where(SAME_READER, or_(deliveries.c.accepted_at > bindparam("since"), IN_THE_AIR))
)


def reader_of(row: Row[Any]) -> dict[str, Any]:
    """The parameters of `SAME_READER` for a delivery with its notice."""
    return {"house": row.school, "way": row.channel, "to": row.address, "who": row.addressee}


def planned(conn: Connection, row: Row[Any], due: Sequence[Row[Any]], now: datetime) -> Plan:
    """The plan for a delivery that is due, beside the others that are (`due`, itself included)."""
    lately = conn.execute(_LATELY, reader_of(row) | {"since": now - WINDOW, "now": now}).all()
    left = {(one.accepted_at or now, one.incident_id or 0) for one in lately if one.carried_by is None}
    stormy = any(one.carried_by is not None for one in lately) or any(one.reason == HELD for one in due)
    return plan([(one.incident_id, one.level) for one in due], sorted(left), now, stormy=stormy)


def companions(wanted: Select[Any], ready: ColumnElement[bool]) -> Select[Any]:
    """Deliveries to one reader (`reader_of`) that are due and belong to no digest yet, as `wanted` selects them."""
    return wanted.where(SAME_READER, ready, deliveries.c.carried_by.is_(None), deliveries.c.level > 1)


def hold(conn: Connection, rows: Sequence[Row[Any]], until: datetime) -> None:
    """Let these leave later, and with them what was to leave to the same reader later still."""
    longer = (
        select(deliveries.c.id)
        .join(notices, notices.c.id == deliveries.c.notice_id)
        .where(SAME_READER, deliveries.c.reason == HELD, deliveries.c.next_at > until)
    )
    conn.execute(
        update(deliveries)
        .where(or_(deliveries.c.id.in_([row.id for row in rows]), deliveries.c.id.in_(longer)))
        .where(deliveries.c.state == DeliveryState.WAITING)
        .values(next_at=until, reason=HELD),
        reader_of(rows[0]),
    )


def bind(conn: Connection, lead: Row[Any], others: Sequence[Row[Any]]) -> None:
    """Let one delivery carry others."""
    conn.execute(update(deliveries).where(deliveries.c.id.in_([row.id for row in others])).values(carried_by=lead.id))


def carried(wanted: Select[Any]) -> Select[Any]:
    """What a delivery (the parameter `lead`) carries and is still on the way."""
    return wanted.where(deliveries.c.carried_by == bindparam("lead"), deliveries.c.state.in_(ON_THE_WAY)).order_by(
        deliveries.c.level, deliveries.c.id
    )


def follow(conn: Connection, row: Row[Any], lead: Row[Any]) -> None:
    """Come due again when what carries it does."""
    at = lead.next_at if lead.state == DeliveryState.WAITING else lead.taken_until
    conn.execute(
        update(deliveries)
        .where(deliveries.c.id == row.id)
        .values(state=DeliveryState.WAITING, next_at=at, taken_until=None)
    )


def release(conn: Connection, lead_id: int) -> None:
    """What is left on the way of a digest that is no more goes on by itself."""
    conn.execute(
        update(deliveries)
        .where(deliveries.c.carried_by == lead_id, deliveries.c.state.in_(ON_THE_WAY))
        .values(carried_by=None)
    )
