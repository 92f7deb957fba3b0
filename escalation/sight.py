"""Sight: what the machine does not see rings by itself, until it is seen again (design §7): an account that is blind,
a quota used up before the evening, a scan that lost too much at once, a clock that is off (research/platforms.md §11,
§12; faults 11, 15 and 32 of §17).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select

from escalation import alert
from escalation.clock_words import SHANGHAI
from stream.account import Account, book
from stream.coverage import CLOCK_OFF, QUOTA, SUSPECT, Lamp, Sight, sights, sources
from stream.post import Route

LOOK_EVERY = timedelta(seconds=30)
PATIENCE = timedelta(minutes=10)
"""An account that was never seen is given so long after its start of watching before it counts as blind."""
CAUSE = "blind:"
WORDS = "“{name}”已看不见：{reason}；请到“账号”页按提示恢复采集，恢复前须人工巡查并补录线索。"
SILENT = "已超过约定间隔的 6 倍没有看全"
NEVER = "登记后从未看全"
EVENING = 18
"""A quota used up from this hour on (Asia/Shanghai) comes back soon and rings nothing."""
SPENT, DOUBTED, CLOCK = "quota:", "suspect:", "clock"
SPENT_WORDS = "“{name}”的接口额度已用完，{at} 恢复；此前须人工巡查并补录线索，并核对该账号的额度与采集间隔。"
DOUBTED_WORDS = "“{name}”一次采集中有大量内容同时消失，疑为平台返回不全，未按删除处理；请人工打开平台核对。"
CLOCK_WORDS = "{note}；时钟不准会使授权签名失效、额度与时限算错，请尽快校时。"


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


def troubles(polled: Sequence[Row[Any]], known: Mapping[str, Account], ringing: frozenset[str]) -> Change:
    """What single sources tell: rows of `sources` that are polled, of accounts that are active.

    A quota that was used up before the evening rings until it is back, a doubted scan until the source is read
    whole again, a clock until no source finds it off.
    """
    ring: dict[str, str] = {}
    still: set[str] = set()
    for row in polled:
        name = known[row.account_id].name
        if row.last_class == QUOTA and row.essential:
            still.add(SPENT + row.account_id)
            if row.last_try.astimezone(SHANGHAI).hour < EVENING:
                at = f"{row.next_due.astimezone(SHANGHAI):%m-%d %H:%M}"
                ring[SPENT + row.account_id] = SPENT_WORDS.format(name=name, at=at)
        if row.last_class == SUSPECT:
            ring[DOUBTED + row.account_id] = DOUBTED_WORDS.format(name=name)
        found = next((one for one in row.note.split("；") if one.startswith(CLOCK_OFF)), "")
        if found:
            ring[CLOCK] = CLOCK_WORDS.format(note=found)
    ours = frozenset(one for one in ringing if one == CLOCK or one.startswith((SPENT, DOUBTED)))
    return Change(ring, ours - still - set(ring))


def look(conn: Connection, school: str, now: datetime) -> None:
    """Ring for every account that is blind and for what else is not seen; hush what is over or watched no more."""
    said = {one.cause: one.words for one in alert.ringing(conn, school)}
    ringing = frozenset(said)
    known = book(conn, school)
    for change in (
        changes(sights(conn, school, now), known, ringing, now),
        troubles(_troubled(conn, school, known), known, ringing),
    ):
        for cause, words in change.ring.items():
            if said.get(cause) != words:
                alert.ring(conn, school, cause, words, now)
        for cause in change.hush:
            alert.hush(conn, school, cause, now)


_TROUBLED = (
    select(sources)
    .where(sources.c.school == bindparam("house"), sources.c.active)
    .where(or_(sources.c.last_class.in_((QUOTA, SUSPECT)), sources.c.note.contains(CLOCK_OFF)))
    .order_by(sources.c.id)
)


def _troubled(conn: Connection, school: str, known: Mapping[str, Account]) -> list[Row[Any]]:
    rows = conn.execute(_TROUBLED, {"house": school})
    return [row for row in rows if row.account_id in known and known[row.account_id].active]


def _blind(one: Sight, account: Account, now: datetime) -> bool:
    by_hand = account.route == Route.MANUAL
    return one.lamp is Lamp.BLIND and not by_hand and (one.age is not None or now - account.watch_from > PATIENCE)


def _words(one: Sight, known: Mapping[str, Account]) -> str:
    reason = one.reason or (NEVER if one.age is None else SILENT)
    return WORDS.format(name=known[one.account_id].name, reason=reason.rstrip("。；"))
