"""Sight: an account that the machine no longer sees is an alert of its own, until it is seen again (design §7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from escalation import alert
from stream.account import Account, book
from stream.coverage import Lamp, Sight, sights
from stream.post import Route

LOOK_EVERY = timedelta(seconds=30)
PATIENCE = timedelta(minutes=10)
"""An account that was never seen is given so long after its start of watching before it counts as blind."""
CAUSE = "blind:"
WORDS = "“{name}”已看不见：{reason}；请到“账号”页按提示恢复采集，恢复前须人工巡查并补录线索。"
SILENT = "已超过约定间隔的 6 倍没有看全"
NEVER = "登记后从未看全"


@dataclass(frozen=True, slots=True)
class Change:
    """What to ring (cause to words) and what to hush."""

    ring: Mapping[str, str]
    hush: frozenset[str]


def changes(seen: Sequence[Sight], known: Mapping[str, Account], ringing: frozenset[str], now: datetime) -> Change:
    """Which accounts are blind, for which reason now, and which are seen again; `ringing`: causes that are open.

    An account without an interface (route "manual") is patrolled by people and rings nothing.
    """
    blind = {CAUSE + one.account_id: _words(one, known) for one in seen if _blind(one, known[one.account_id], now)}
    still = {CAUSE + one.account_id for one in seen if one.lamp in (Lamp.BLIND, Lamp.LATE)}
    over = frozenset(cause for cause in ringing if cause.startswith(CAUSE) and cause not in still)
    return Change(blind, over)


def look(conn: Connection, school: str, now: datetime) -> None:
    """Ring for every account that is blind, hush for every one that is seen again or watched no more."""
    ringing = frozenset(one.cause for one in alert.ringing(conn, school))
    change = changes(sights(conn, school, now), book(conn, school), ringing, now)
    for cause, words in change.ring.items():
        alert.ring(conn, school, cause, words, now)
    for cause in change.hush:
        alert.hush(conn, school, cause, now)


def _blind(one: Sight, account: Account, now: datetime) -> bool:
    by_hand = account.route == Route.MANUAL
    return one.lamp is Lamp.BLIND and not by_hand and (one.age is not None or now - account.watch_from > PATIENCE)


def _words(one: Sight, known: Mapping[str, Account]) -> str:
    reason = one.reason or (NEVER if one.age is None else SILENT)
    return WORDS.format(name=known[one.account_id].name, reason=reason.rstrip("。；"))
