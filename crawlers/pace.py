"""Pace 节奏: how often a source is looked at from now on, and what the desk is told where that is not as promised.

By the route's promise, the post's age, what the day's quota still carries, an open incident, and a platform that asked
for fewer calls.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, select

from crawlers import ledger, schedule
from crawlers.routes import allowances, spider_of
from crawlers.scan import Job
from crawlers.settings import CrawlSettings, WechatRoute, WeiboRoute
from crawlers.wechat.spiders import FIGURES_EVERY_S
from stream.coverage import WHOLE_THREAD, sources

STRETCHED = "接口额度不足以按约定频率查看，间隔已放宽至 {factor:.1f} 倍"
TELL_FROM = 1.05
"""Below this factor a plan counts as kept: what is said is rounded to a tenth."""
AS_QUOTA_ALLOWS = "事件期间加密查看，今日剩余额度只够约 {minutes} 分钟看一次"
SLOWED = "平台提示请求过密，{at} 前按一半频率查看"
SLOW_FOR = timedelta(days=1)
SLOW_UNTIL = "slow_until"
"""In the cursor of the source that met it; it slows every source of the account."""


def promise(job: Job, cursor: Mapping[str, Any], now: datetime) -> timedelta | None:
    """How often a source is to be looked at by day; None where its post is so old that only the stream watches it."""
    route = job.route
    if job.stream in WHOLE_THREAD:
        published = cursor.get("published")
        by_age = schedule.by_age(now - datetime.fromisoformat(published)) if published else schedule.BY_AGE[-1][1]
        least = timedelta(minutes=route.comments_minutes) if isinstance(route, WechatRoute) else timedelta(0)
        return max(by_age, least) if by_age else None
    if isinstance(route, WeiboRoute):
        return timedelta(minutes=route.to_me_minutes if job.stream == "to_me" else route.timeline_minutes)
    return timedelta(minutes=route.articles_minutes) if job.stream == "articles" else timedelta(seconds=FIGURES_EVERY_S)


def next_look(
    conn: Connection,
    job: Job,
    promised: timedelta,
    settings: CrawlSettings,
    *,
    fresh: int,
    quiet: int,
    slow_until: datetime | None,
    now: datetime,
) -> tuple[timedelta, str]:
    """How long until the next look, without jitter, and what to tell of it (Chinese; empty where all is as promised).

    `fresh`: rows that were never seen; `quiet`: scans in a row without any; `slow_until` as `slowed` gives it.
    """
    floor = min(timedelta(seconds=settings.floor_s), promised)
    adaptive = job.stream in WHOLE_THREAD
    factor, share = 1.0, timedelta(0)
    if job.incident:
        share = _share(conn, job, promised, settings.night_slower, now)
    elif isinstance(job.route, WeiboRoute) and not adaptive:
        allowed = _left(conn, job, now) - ledger.reserve(job.route.per_day)
        factor = schedule.stretch(_plan(job.route), allowed, schedule.rest_of_day(now, settings.night_slower))
    rest = ledger.window_end(now, ledger.Window.DAY) - now
    pace = schedule.Pace(
        promised, floor, quiet, fresh, job.incident, adaptive, factor, share, rest,
        slow=slow_until is not None, night_slower=settings.night_slower,
    )  # fmt: skip
    wanted = schedule.interval(pace, now)
    return wanted, "；".join(_said(job, wanted, factor, share, slow_until))


def _said(job: Job, wanted: timedelta, factor: float, share: timedelta, slow_until: datetime | None) -> list[str]:
    said = []
    if job.incident and share >= wanted and share > schedule.INCIDENT:
        said.append(AS_QUOTA_ALLOWS.format(minutes=round(share.total_seconds() / 60)))
    if factor >= TELL_FROM:
        said.append(STRETCHED.format(factor=factor))
    if slow_until is not None:
        said.append(SLOWED.format(at=f"{slow_until.astimezone(schedule.SHANGHAI):%m-%d %H:%M}"))
    return said


def _plan(route: WeiboRoute) -> list[timedelta]:
    return [timedelta(minutes=route.to_me_minutes), timedelta(minutes=route.timeline_minutes)]


def _left(conn: Connection, job: Job, now: datetime) -> int:
    """What is left today of the quota that a look at this source is taken from."""
    whole = allowances(job.route, spider_of(job).group)[0]
    return ledger.left(conn, job.token, whole, now)


def _share(conn: Connection, job: Job, promised: timedelta, night_slower: int, now: datetime) -> timedelta:
    """The interval that the rest of the day's quota carries for this source, while an incident is open.

    What the account's other streams need is left to them. The reserve (pages of a long walk, a second incident) is
    spent only as far as the promise could not be kept without it, and by half once little else is left.
    """
    rest = ledger.window_end(now, ledger.Window.DAY) - now
    left = spare = float(_left(conn, job, now))
    if isinstance(job.route, WeiboRoute):
        left_today = schedule.rest_of_day(now, night_slower)
        spare -= schedule.calls([timedelta(minutes=job.route.timeline_minutes)], left_today)
    alike = and_(
        sources.c.school == job.scope.school, sources.c.account_id == job.account_id, sources.c.stream == job.stream,
        sources.c.active, sources.c.closely_until > now,
    )  # fmt: skip
    sharing = conn.execute(select(func.count()).select_from(sources).where(alike)).scalar() or 1
    as_promised = rest * sharing / promised
    calls = max(spare - ledger.reserve(job.route.per_day), min(spare, as_promised), left / 2, 1.0)
    return rest * sharing / calls


def slowed(conn: Connection, job: Job, cursor: Mapping[str, Any], now: datetime) -> datetime | None:
    """Until when the account is looked at half as often; None where it is not. `cursor`: of this source, as it will be
    written; a mark at any other source of the account counts as well."""
    marked = and_(
        sources.c.school == job.scope.school, sources.c.account_id == job.account_id, sources.c.id != job.source_id,
        sources.c.cursor.contains(f'"{SLOW_UNTIL}"'),
    )  # fmt: skip
    others = [json.loads(one) for one in conn.execute(select(sources.c.cursor).where(marked)).scalars()]
    marks = [datetime.fromisoformat(one[SLOW_UNTIL]) for one in [*others, cursor] if one.get(SLOW_UNTIL)]
    return max((one for one in marks if one > now), default=None)
