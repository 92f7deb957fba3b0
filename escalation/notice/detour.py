"""Detour 改道: what waits for a channel that rests goes by the person's next one meanwhile, and the log says so.

A rest (`escalation/channels/breaker.py`) puts off the tries after which the next channel is used anyway; in a storm by
hours. So whoever is to be told does not wait for it: one failed row of messages speaks for all that wait behind it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from escalation.incident import EntryKind
from escalation.notice import GROUP, DeliveryState, deliveries, notices
from escalation.notice.docket import hold_of, tell
from escalation.notice.outbox import with_notice
from escalation.notice.ways import ON_THE_WAY, PERSONAL, next_way
from escalation.notice.withdrawal import why_gone
from stream.store import Store

RESTING = "前一通道连续送不出，不等其恢复，见“送达”页"


def around(store: Store, school: str, channel: str, ready: Collection[str], now: datetime) -> None:
    """Let nobody wait for `channel`, which has just begun to rest, who has another among the `ready` ones."""
    with store.read() as conn:
        left = waiting(conn, school, channel, ready, now)
    for one in left:
        store.run(lambda conn, one=one: go(conn, one, ready, now))  # type: ignore[misc]


def waiting(conn: Connection, school: str, channel: str, ready: Collection[str], now: datetime) -> list[int]:
    """The deliveries to persons that wait for `channel`, tried or due by now, the gravest first; without those whose
    notice another personal channel among the `ready` ones has brought or has in hand."""
    others = [one for one in PERSONAL if one in ready and one != channel]
    if not others:
        return []
    beside = deliveries.alias("beside")
    served = (
        select(beside.c.id)
        .where(beside.c.notice_id == deliveries.c.notice_id, beside.c.channel.in_(others))
        .where(beside.c.state.in_((DeliveryState.ACCEPTED, *ON_THE_WAY)))
        .exists()
    )
    found = conn.execute(
        select(deliveries.c.id)
        .join(notices, notices.c.id == deliveries.c.notice_id)
        .where(deliveries.c.school == school, deliveries.c.channel == channel, notices.c.addressee != GROUP)
        .where(deliveries.c.state == DeliveryState.WAITING, ~served)
        .where((deliveries.c.attempts > 0) | (deliveries.c.next_at <= now))
        .order_by(deliveries.c.level, deliveries.c.id)
    )
    return list(found.scalars())


def go(conn: Connection, delivery_id: int, ready: Collection[str], now: datetime) -> str:
    """Let the person's next channel among the `ready` ones carry the notice as well; gives its title, empty where
    there is none or nobody needs the notice any more. Its matter is held."""
    one = with_notice().where(deliveries.c.id == delivery_id, deliveries.c.state == DeliveryState.WAITING)
    row = conn.execute(one).first()
    if row is None:
        return ""
    hold_of(conn, row)
    row = conn.execute(one).first()
    if row is None or why_gone(conn, row):
        return ""
    title = next_way(conn, ready, delivery_id, now) or ""
    if title:
        tell(conn, row, now, EntryKind.DELIVERY, f"{row.number} 改由{title}送出", RESTING)
    return title
