"""Taking: which delivery leaves next, alone or as one message with others, and in whose hands it is meanwhile.

Several workers take at once and none waits for another: on PostgreSQL a row that another transaction holds is passed
over, and what goes to one reader is decided by one worker at a time, as digests and the pace of SMS ask; on SQLite
writers have turns anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, or_, select, update

from escalation.channels import Message
from escalation.notice import DeliveryState, attempts, deliveries, digest, notices
from escalation.notice.digest_words import message_of
from escalation.notice.lateness import sent_late, words_now
from escalation.notice.outbox import CUT_OFF, Taken, first_due, with_notice
from escalation.notice.withdrawal import why_gone, withdraw
from escalation.procedure import Channel
from stream.store import hold_name

if TYPE_CHECKING:
    from escalation.notice.issue import Letterhead

LEASE = timedelta(seconds=30)
SMS_APART = timedelta(seconds=60)
"""Two SMS of one incident to one number are at least so far apart."""


_READY = or_(
    and_(deliveries.c.state == DeliveryState.WAITING, deliveries.c.next_at <= bindparam("now")),
    and_(deliveries.c.state == DeliveryState.SENDING, deliveries.c.taken_until <= bindparam("now")),
)
"""What is due, at the parameter `now`."""
_ONE = with_notice().where(deliveries.c.id == bindparam("one"))
_ONE_READY = select(deliveries.c.id).where(deliveries.c.id == bindparam("one"), _READY)
_TAKE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("one"), deliveries.c.attempts == bindparam("before"), _READY)
    .values(state=DeliveryState.SENDING, attempts=bindparam("nth"), taken_until=bindparam("until"))
)
_FIRST = (
    with_notice().where(_READY, deliveries.c.channel.in_(bindparam("channels", expanding=True)))
    .where(deliveries.c.id.not_in(bindparam("seen", expanding=True)))
    .where(deliveries.c.address.not_in(bindparam("busy", expanding=True)))
    .order_by(deliveries.c.level, deliveries.c.next_at, deliveries.c.id).limit(1)
    .with_for_update(of=deliveries, key_share=True, skip_locked=True)
)  # fmt: skip
_CARRIED = digest.carried(with_notice())
_COMPANIONS = digest.companions(with_notice(), _READY).with_for_update(of=deliveries, key_share=True, skip_locked=True)
_SAME_SMS = (
    (deliveries.c.channel == bindparam("way")) & (deliveries.c.address == bindparam("to"))
    & (deliveries.c.id != bindparam("one"))
    & (notices.c.incident_id == bindparam("incident")) & (notices.c.addressee == bindparam("who"))
)  # fmt: skip
_LAST_SMS = (
    select(func.max(attempts.c.at))
    .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
    .join(notices, notices.c.id == deliveries.c.notice_id)
    .where(_SAME_SMS, attempts.c.outcome.in_(("accepted", "partial", "unknown")))
)
_SMS_LEAVING = (
    select(deliveries.c.id).join(notices, notices.c.id == deliveries.c.notice_id).where(_SAME_SMS, digest.IN_THE_AIR)
)


def take(
    conn: Connection, now: datetime, channels: frozenset[str], lease: timedelta = LEASE, *,
    letterhead: Letterhead | None = None,
) -> Taken | None:  # fmt: skip
    """Take one delivery that is due, the gravest level first; None where nothing is due. What nobody needs, ends.

    `letterhead`: with it, what many get in a storm leaves as one message (`escalation/notice/digest.py`).
    """
    seen: list[int] = []  # what stays ready though it was put off waits for the next call: this one comes to an end
    busy: list[str] = []
    asked = {"now": now, "channels": sorted(channels), "seen": seen, "busy": busy}
    while (row := conn.execute(_FIRST, asked).first()) is not None:
        seen.append(row.id)
        if not hold_name(conn, f"reader {row.school} {row.channel} {row.address} {row.addressee}"):
            busy.append(row.address)
            continue
        if why := why_gone(conn, row):
            if not withdraw(conn, row, why, now):
                return None
            continue
        if row.channel == Channel.SMS and _too_soon(conn, row, now):
            continue
        leaving = [row] if letterhead is None else _leaving(conn, row, now)
        if leaving:
            return _in_hand(conn, leaving, now, lease, letterhead)
    return None


def _too_soon(conn: Connection, row: Row[Any], now: datetime) -> bool:
    """Put an SMS off that would follow another of the same incident to the same number within a minute; one just
    leaving counts.
    """
    same = {
        "way": row.channel, "to": row.address, "one": row.id, "incident": row.incident_id, "who": row.addressee,
    }  # fmt: skip
    leaving = conn.execute(_SMS_LEAVING, same | {"now": now}).first() is not None
    last = now if leaving else conn.execute(_LAST_SMS, same).scalar()
    if last is None or not last <= now < last + SMS_APART:
        return False
    conn.execute(update(deliveries).where(deliveries.c.id == row.id).values(
        state=DeliveryState.WAITING, next_at=last + SMS_APART, taken_until=None,
    ))  # fmt: skip
    return True


def _leaving(conn: Connection, row: Row[Any], now: datetime) -> list[Row[Any]]:
    """What leaves as one message with this delivery, itself first; empty where it leaves later, which is written."""
    if row.carried_by is not None:
        lead = conn.execute(_ONE, {"one": row.carried_by}).first()
        if lead is None or lead.state not in digest.ON_THE_WAY or why_gone(conn, lead):
            digest.release(conn, row.carried_by)
            return _leaving(conn, conn.execute(_ONE, {"one": row.id}).one(), now)
        if conn.execute(_ONE_READY, {"one": lead.id, "now": now}).first() is None:
            digest.follow(conn, row, lead)
            return []
        row = lead
    bound = conn.execute(_CARRIED, {"lead": row.id}).all()
    if bound:
        return [row, *_still_needed(conn, bound, now)]
    if not digest.may_join(row):
        return [row]
    due = [one for one in conn.execute(_COMPANIONS, digest.reader_of(row) | {"now": now}) if digest.may_join(one)]
    plan = digest.planned(conn, row, due, now)
    if plan.until is not None:
        digest.hold(conn, due, plan.until)
        return []
    if plan.way is digest.Way.ALONE:
        return [row]
    others = _still_needed(conn, [one for one in due if one.id != row.id], now)
    digest.bind(conn, row, others)
    return [row, *others]


def _still_needed(conn: Connection, rows: Sequence[Row[Any]], now: datetime) -> list[Row[Any]]:
    kept = []
    for row in rows:
        if why := why_gone(conn, row):
            withdraw(conn, row, why, now)
        else:
            kept.append(row)
    return kept


def _in_hand(
    conn: Connection, rows: Sequence[Row[Any]], now: datetime, lease: timedelta, letterhead: Letterhead | None
) -> Taken | None:  # fmt: skip
    """Mark deliveries as in our hands; those that somebody else was quicker to take stay behind. The try of a sender
    who died with it is written down.
    """
    ours = []
    for row in rows:
        turn = {"one": row.id, "before": row.attempts, "nth": row.attempts + 1, "now": now, "until": now + lease}
        if conn.execute(_TAKE, turn).rowcount == 1:
            ours.append(row)
            if row.state == DeliveryState.SENDING:
                conn.execute(insert(attempts).values(
                    delivery_id=row.id, n=row.attempts, at=row.taken_until - lease, outcome="unknown", reason=CUT_OFF,
                    vendor_id="",
                ))  # fmt: skip
    if not ours or ours[0] is not rows[0]:
        return None
    taken = [
        Taken(
            row.id, row.notice_id, row.channel, row.attempts + 1, row.give_up_at, _message(row, now),
            sent_late(first_due(row), now),
        )
        for row in ours
    ]  # fmt: skip
    if letterhead is None or len(ours) == 1:
        return taken[0]
    return replace(taken[0], carries=tuple(taken[1:]), joint=message_of(letterhead, ours, now))


def _message(row: Row[Any], now: datetime) -> Message:
    subject, text, html = words_now(row, now, first_due(row))
    return Message(
        notice=row.number, delivery_id=f"{row.number}.{row.id}", to=row.address, level=row.level, subject=subject,
        text=text, html=html, url=row.url, attempt=row.attempts + 1,
    )  # fmt: skip
