"""Deliveries whose channel is no longer in the settings: nobody would ever take them, so a person must hear of it.

Each says in the delivery log what is wrong and what to do. Its addressee is told on that person's next channel, else
telephoned (of a false alarm nobody is). One alert per channel rings until it is back or nothing waits for it any more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, or_, update

from escalation import alert
from escalation.incident import EntryKind
from escalation.notice import GROUP, DeliveryState, deliveries
from escalation.notice.calling import call_of
from escalation.notice.docket import tell
from escalation.notice.outbox import with_notice
from escalation.notice.ways import TITLES, next_way
from escalation.notice.withdrawal import why_gone, withdraw
from escalation.procedure import Channel

CAUSE = "unset:"
MISSING = "“{title}”通道已不在设置中，未送出。请管理员在设置文件中恢复该通道并重启，恢复后自动补发"
ELSEWHERE = "；已改由{title}送出"
TELEPHONED = "；已生成电话通知任务，请先电话转告"
OVER = "“{title}”通道不在设置中，到期仍未恢复，不再发送"
ALERT = (
    "有 {count} 份通知在等“{title}”，而这一通道已不在设置中，无法送出。"
    "请管理员在设置文件中恢复该通道并重启；恢复前改由收件人的其他通道送出；没有其他通道的，请按“送达”页的电话通知任务逐一转告。"
)


_WAITS = (
    with_notice()
    .where(or_(
        deliveries.c.state == DeliveryState.WAITING,
        and_(deliveries.c.state == DeliveryState.SENDING, deliveries.c.taken_until <= bindparam("now")),
    ))
    .where(deliveries.c.school == bindparam("house"))
    .where(deliveries.c.channel.not_in(bindparam("set_up", expanding=True)))
    .order_by(deliveries.c.level, deliveries.c.id)
)  # fmt: skip


def look(conn: Connection, school: str, channels: frozenset[str], now: datetime) -> None:
    """Settle what waits for a channel that is not among `channels`, and ring or hush for each such channel."""
    rows = conn.execute(_WAITS, {"house": school, "set_up": sorted(channels), "now": now}).all()
    left: dict[str, int] = {}
    for row in rows:
        if why := why_gone(conn, row):
            withdraw(conn, row, why, now)
        elif row.give_up_at <= now:
            _give_up(conn, row, channels, now)
        else:
            _say(conn, row, channels, now)
            left[row.channel] = left.get(row.channel, 0) + 1
    for name, count in left.items():
        alert.ring(conn, school, CAUSE + name, ALERT.format(count=count, title=title_of(name)), now)
    for one in alert.ringing(conn, school):
        if one.cause.startswith(CAUSE) and one.cause.removeprefix(CAUSE) not in left:
            alert.hush(conn, school, one.cause, now)


def title_of(channel: str) -> str:
    """What people call a channel that is not there to be asked."""
    return TITLES[Channel(channel)] if channel in set(Channel) else channel


def _say(conn: Connection, row: Row[Any], channels: frozenset[str], now: datetime) -> None:
    """Name cause and cure in the delivery's row, once, and have the addressee told otherwise."""
    words = MISSING.format(title=title_of(row.channel))
    if row.state == DeliveryState.WAITING and str(row.reason).startswith(words):
        return
    if not _settle(conn, row, DeliveryState.WAITING, words):
        return
    words += _otherwise(conn, row, channels, now)
    conn.execute(update(deliveries).where(deliveries.c.id == row.id).values(reason=words))
    tell(conn, row, now, EntryKind.DELIVERY, f"{title_of(row.channel)}未送出 {row.number}", words)


def _give_up(conn: Connection, row: Row[Any], channels: frozenset[str], now: datetime) -> None:
    words = OVER.format(title=title_of(row.channel))
    if _settle(conn, row, DeliveryState.DEAD, words):
        tell(conn, row, now, EntryKind.DELIVERY, f"{title_of(row.channel)}送不到 {row.number}", words)
        _otherwise(conn, row, channels, now)


def _otherwise(conn: Connection, row: Row[Any], channels: frozenset[str], now: datetime) -> str:
    """Let the person's next channel tell them, else a phone task; gives the words of what was done."""
    if row.addressee == GROUP:
        return ""
    title = next_way(conn, channels, row.id, now)
    if title is None:
        return TELEPHONED if call_of(conn, row.notice_id, f"channel:{row.id}", now) else ""
    return ELSEWHERE.format(title=title) if title else ""


def _settle(conn: Connection, row: Row[Any], state: DeliveryState, words: str) -> bool:
    """Write what is said of a delivery; False where it is said already, or a sender was quicker."""
    moved = conn.execute(
        update(deliveries)
        .where(deliveries.c.id == row.id, deliveries.c.attempts == row.attempts, deliveries.c.state == row.state)
        .where(or_(deliveries.c.reason != words, deliveries.c.state != state))
        .values(state=state, reason=words, taken_until=None)
    )
    return moved.rowcount == 1
