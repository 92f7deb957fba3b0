"""Sources: the rows of what is polled. Made from the routes and from what scans find; turned into jobs for spiders."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, insert, select, update

from crawlers import sighting, token
from crawlers.breaker import State
from crawlers.failure import Failure
from crawlers.routes import credential, first_sources, held_token
from crawlers.scan import Job, NewSource
from crawlers.schedule import HURRIED
from crawlers.scope import Scope
from crawlers.settings import CrawlSettings, RouteSettings, token_ends
from stream.account import Account
from stream.coverage import NO_ROUTE, SWITCHED_OFF, WHOLE_THREAD, gaps, said_since, sources
from stream.post import Kind
from stream.store import insert_new

MAPPED = "mapped"
"""In the cursor of a waiting article: the threads of its title that were mapped since."""
SAME_TITLE = (
    "有 {several} 篇《{title}》同名，其中 {seen} 篇的评论已可见，无法判断是哪一篇，"
    "请复制各篇完整链接（含 mid 与 idx），在“线索”页选该公众号粘贴（原文留空）"
)
OWN_POSTS = frozenset({"articles", "figures"})
"""Streams of the account's own posts that are compared with all that is known of them."""


def token_name(school: str, account_id: str) -> str:
    """Under which name an account's token and quota stand."""
    return f"{school}:{account_id}"


def enter_routes(conn: Connection, settings: CrawlSettings, book: dict[str, Account], now: datetime) -> list[str]:
    """Bring the sources in line with the routes; sentences (Chinese) for routes that cannot work.

    A changed credential wakes what had stopped. Every source of an account that is switched off, or has no route, is
    stopped; all that were stopped so wake when account and route are there again. May be repeated.
    """
    troubles, standing = [], set()
    for route in settings.routes:
        account = book.get(route.account_id)
        if account is None:
            troubles.append(f"账号 {route.account_id} 配置了采集接口，但不在账号登记册中")
            continue
        if account.platform != route.platform:
            troubles.append(f"账号 {route.account_id} 登记的平台是 {account.platform}，接口却是 {route.platform}")
            continue
        name = token_name(settings.school, account.id)
        changed = token.enter(conn, name, credential(route), held_token(route), token_ends(route))
        if account.active:
            standing.add(account.id)
            _go_on(conn, settings.school, account.id, route, changed=changed, now=now)
    _stop(conn, settings.school, standing, book, now)
    return troubles


def _go_on(
    conn: Connection, school: str, account_id: str, route: RouteSettings, *, changed: bool, now: datetime
) -> None:
    add(conn, school, account_id, route.platform, first_sources(route), now)
    mine = and_(sources.c.school == school, sources.c.account_id == account_id)
    conn.execute(update(sources).where(mine).values(token_until=token_ends(route)))
    awake = {"active": True, "stopped_at": None, "next_due": now, "note": ""}
    conn.execute(update(sources).where(mine, sources.c.stopped_at.is_not(None)).values(**awake))
    if changed:
        woken = {"breaker": State.CLOSED, "breaker_until": None, "failures": 0, "next_due": now}
        conn.execute(update(sources).where(mine, sources.c.breaker != State.CLOSED).values(**woken))


def _stop(conn: Connection, school: str, standing: set[str], book: dict[str, Account], now: datetime) -> None:
    """Stop what is polled of accounts that do not stand; a gap tells since when each whole account is not seen."""
    polled = and_(sources.c.school == school, sources.c.active, sources.c.account_id.not_in(standing))
    for row in conn.execute(select(sources).where(polled)).all():
        account = book.get(row.account_id)
        reason = said_since(NO_ROUTE if account is not None and account.active else SWITCHED_OFF, now)
        mine = and_(sources.c.school == school, sources.c.id == row.id)
        conn.execute(update(sources).where(mine).values(active=False, stopped_at=now, note=reason))
        still = and_(gaps.c.school == school, gaps.c.source_id == row.id, gaps.c.closed_at.is_(None))
        whole = row.essential and row.stream not in WHOLE_THREAD
        if whole and conn.execute(select(gaps.c.id).where(still)).first() is None:
            place = {"school": school, "account_id": row.account_id, "source_id": row.id}
            conn.execute(insert(gaps).values(**place, opened_at=row.last_full or now, reason=reason))


def source_id(account_id: str, entry: NewSource) -> str:
    """The id of a source: account, stream and, where there is one, target."""
    return f"{account_id}:{entry.stream}" + (f":{entry.target}" if entry.target else "")


def add(
    conn: Connection, school: str, account_id: str, platform: str, entries: Iterable[NewSource], now: datetime
) -> list[str]:
    """Enter sources that are new, due at once, and open their gaps; the ids of those that were new."""
    by_id = {source_id(account_id, entry): entry for entry in entries}
    rows = [
        {
            "school": school, "id": name, "account_id": account_id, "platform": platform,
            "stream": entry.stream, "promised_s": entry.promised_s, "interval_s": entry.promised_s, "next_due": now,
            "quiet_scans": 0, "cursor": json.dumps({"target": entry.target, **entry.cursor}),
            "active": not entry.dormant, "essential": entry.essential, "breaker": State.CLOSED, "failures": 0,
            "last_class": "", "last_reason": "", "seen": 0, "note": entry.gap,
        }
        for name, entry in by_id.items()
    ]  # fmt: skip
    new = [found[1] for found in insert_new(conn, sources, rows)]
    for name in new:
        if by_id[name].gap:
            place = {"school": school, "account_id": account_id, "source_id": name}
            conn.execute(insert(gaps).values(**place, opened_at=now, reason=by_id[name].gap))
    return new


def newly_mapped(conn: Connection, school: str, account_id: str, found: Iterable[NewSource]) -> list[NewSource]:
    """Of what a scan found (not entered yet): the articles whose comments, or whose title, were not known before.

    An article that was mapped long ago is found again by every scan, and says nothing of a new one of the same title.
    """
    mapped = {source_id(account_id, one): one for one in found if one.stream == "comments"}
    held = and_(sources.c.school == school, sources.c.id.in_(sorted(mapped)))
    for row in conn.execute(select(sources.c.id, sources.c.cursor).where(held)).all():
        cursor, title = json.loads(row.cursor), mapped[row.id].cursor.get("title", "")
        if cursor.get("title") or not title:
            del mapped[row.id]
        else:
            _keep_cursor(conn, school, row.id, cursor | {"title": title})
    return list(mapped.values())


def close_waiting(conn: Connection, school: str, account_id: str, mapped: Iterable[NewSource], now: datetime) -> None:
    """The comments of these articles can be read now: the gap of each, open because they could not, is closed.

    An article is found by its thread; by its title where one alone waits under it. Of several, nobody knows which one
    it was: their gaps stay open and say so, until as many are mapped as wait.
    """
    for one in mapped:
        thread, title = str(one.cursor["thread"]), str(one.cursor.get("title", ""))
        waiting = _waiting(conn, school, account_id)
        own = [name for name, cursor in waiting.items() if cursor.get("thread") == thread]
        same = {name: cursor for name, cursor in waiting.items() if title and cursor.get("title") == title}
        seen = sorted({thread}.union(*(cursor.get(MAPPED, ()) for cursor in same.values())))
        if own or len(seen) >= len(same):
            for name in own or same:
                _say_of_gap(conn, school, name, closed_at=now)
                conn.execute(update(sources).where(sources.c.school == school, sources.c.id == name).values(note=""))
            continue
        for name, cursor in same.items():
            _keep_cursor(conn, school, name, cursor | {MAPPED: seen})
            _say_of_gap(conn, school, name, reason=SAME_TITLE.format(title=title, several=len(same), seen=len(seen)))


def _waiting(conn: Connection, school: str, account_id: str) -> dict[str, dict[str, Any]]:
    """The cursors of the articles whose comments are not visible yet, by source."""
    open_gap = and_(gaps.c.school == sources.c.school, gaps.c.source_id == sources.c.id, gaps.c.closed_at.is_(None))
    mine = and_(sources.c.school == school, sources.c.account_id == account_id, sources.c.stream == "unmapped")
    rows = conn.execute(select(sources.c.id, sources.c.cursor).where(mine, exists().where(open_gap)))
    return {row.id: json.loads(row.cursor) for row in rows}


def _say_of_gap(conn: Connection, school: str, name: str, **values: object) -> None:
    still = and_(gaps.c.school == school, gaps.c.source_id == name, gaps.c.closed_at.is_(None))
    conn.execute(update(gaps).where(still).values(**values))


def _keep_cursor(conn: Connection, school: str, name: str, cursor: dict[str, Any]) -> None:
    mine = and_(sources.c.school == school, sources.c.id == name)
    conn.execute(update(sources).where(mine).values(cursor=json.dumps(cursor)))


def job_of(
    conn: Connection, row: Row[Any], settings: CrawlSettings, book: dict[str, Account], now: datetime
) -> Job | None:
    """The job of a source; None where its account or route is off or gone."""
    account, route = book.get(row.account_id), settings.of(row.account_id)
    if account is None or not account.active or route is None:
        return None
    cursor = json.loads(row.cursor)
    target = cursor.pop("target", "")
    names = frozenset(one.name for one in book.values())
    scope = Scope(
        settings.school,
        account.id,
        account.platform,
        account.native_id,
        names,
        settings.pseudonym_key,
        now,
        route.route,
    )
    known, thread = frozenset[str](), ""
    if row.stream in OWN_POSTS:
        known = sighting.of_account(conn, settings.school, account.id, Kind.POST)
    elif row.stream in WHOLE_THREAD:
        thread = cursor.get("thread") or f"{row.platform}:{target}"
        under = sighting.under(conn, settings.school, thread)
        known = frozenset(one for one, seen in under.items() if seen.presence != sighting.Presence.VANISHED)
    soft = row.failures if row.last_class == Failure.SOFT_EMPTY else 0
    closely = bool(row.closely_until and row.closely_until > now)
    return Job(
        row.id, account.id, row.platform, row.stream, target, cursor, scope, route,
        token_name(settings.school, account.id), now - settings.history, known, soft,
        closely and row.stream in HURRIED, thread, row.last_full, closely and row.essential,
    )  # fmt: skip


def rows_of(conn: Connection, school: str, account_id: str) -> list[Row[Any]]:
    """All sources of an account."""
    mine = and_(sources.c.school == school, sources.c.account_id == account_id)
    return list(conn.execute(select(sources).where(mine).order_by(sources.c.id)))
