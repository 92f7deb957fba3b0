"""Settling a scan: cursor, health, gaps and what to poll next, in the one transaction that follows the append."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, select, update

from crawlers import ledger, pace, schedule, sighting, source, token
from crawlers.breaker import Breaker, State
from crawlers.failure import HEALTHY, WORDS, Failure
from crawlers.haul import Haul
from crawlers.scan import Harvest, Job, NewSource, ScanResult
from crawlers.settings import CrawlSettings, WeiboRoute
from stream import appearance
from stream.appearance import Shown
from stream.coverage import CLOCK_OFF, SUSPECT, WHOLE_THREAD, gaps, scans, sources
from stream.post import Kind

GAP_AT_ONCE = frozenset(
    {
        Failure.QUOTA,
        Failure.TOKEN,
        Failure.PERMISSION,
        Failure.RISK,
        Failure.LOGIN,
        Failure.CHALLENGE,
        Failure.SHAPE,
        Failure.BAD_TARGET,
        Failure.BUG,
    }
)
FAILURES_TO_GAP = 3
GONE_AGAIN = timedelta(minutes=30)
LOST_AGAIN = 1.2
"""After how many times the span by which it counts as gone an account is looked at again of which the platform said
once that it is not there."""
GONE_SINCE = "gone_since"
QUOTA_EARLY = "今日接口额度在 18 点前已用完，次日零点恢复"
BACK_FILL = "show"
"""Has a small quota of its own, whose end nobody need be told."""
QUOTA_HOUR = "本小时接口额度已用完，{at} 恢复"

COUNTED = {"weibo": (Kind.COMMENT, Kind.REPLY), "wechat": (Kind.COMMENT,)}
"""What a platform counts in its total of a thread: WeChat leaves the account's own replies out."""


class LeaseLost(Exception):
    """Another process has taken this source meanwhile; nothing of this scan is committed, it reads it again."""


def settle(
    conn: Connection, job: Job, harvest: Harvest, haul: Haul, settings: CrawlSettings, me: str, now: datetime
) -> None:
    """Commit a scan. Raises LeaseLost."""
    result = harvest.result
    assert result is not None  # noqa: S101 (crawl() always gives one)
    mine = and_(sources.c.school == job.scope.school, sources.c.id == job.source_id, sources.c.taken_by == me)
    row = conn.execute(select(sources).where(mine)).first()
    if row is None:
        raise LeaseLost(job.source_id)
    sighting.keep(conn, haul.rows)
    lose_over = timedelta(minutes=settings.gone_after_minutes)
    unsure = _appear(conn, job, harvest, lose_over, now)
    met = Failure.BAD_TARGET if unsure else result.failure
    breaker = Breaker(State(row.breaker), row.breaker_until, row.failures).after(met, now)
    fresh = haul.fresh if row.last_full else 0
    quiet = 0 if haul.fresh else row.quiet_scans + 1
    cursor = cursor_after(job, row, result, now)
    over = _over(conn, job, result, cursor, now)
    if harvest.answered.get(Failure.THROTTLED):
        cursor[pace.SLOW_UNTIL] = (now + pace.SLOW_FOR).isoformat()
    due = pace.promise(job, json.loads(row.cursor), now)
    promised = due or schedule.BY_AGE[-1][1]
    slow = pace.slowed(conn, job, cursor, now)
    wanted, note = pace.next_look(conn, job, promised, settings, fresh=fresh, quiet=quiet, slow_until=slow, now=now)
    complete = result.complete and result.failure in HEALTHY
    values: dict[str, Any] = {
        "interval_s": max(1, int(wanted.total_seconds())),
        "promised_s": max(1, int(max(promised, wanted).total_seconds())),
        "next_due": due_after(result, breaker, wanted, now, schedule.draw()),
        "cursor": json.dumps(cursor),
        "quiet_scans": quiet,
        "breaker": breaker.state,
        "breaker_until": breaker.until,
        "failures": breaker.failures,
        "last_class": SUSPECT if haul.suspect else result.failure,
        "last_reason": "" if complete else result.note or WORDS[result.failure],
        "last_try": now,
        "seen": _seen(conn, job, row.seen + haul.fresh),
        "note": _note(job, result, haul, [note, _clock_note(harvest)], now),
        "taken_by": None,
        "taken_until": None,
        "active": row.active and due is not None and not over,
    }
    if GONE_SINCE in cursor and not over:
        values["next_due"] = max(values["next_due"], now + GONE_AGAIN)
    if unsure:
        values["next_due"] = now + lose_over * LOST_AGAIN
    if complete:
        values["last_full"] = now
    if result.shown is not None:
        values["shown"] = result.shown
    conn.execute(update(sources).where(mine).values(**values))
    ended = over or due is None
    _record(conn, job, row, harvest, haul, complete=complete, ended=ended, failures=breaker.failures, now=now)
    found = [one for one in [*result.follow, *back_fill(job, harvest, now)] if _young(one, now)]
    mapped = source.newly_mapped(conn, job.scope.school, job.account_id, found)
    source.add(conn, job.scope.school, job.account_id, job.platform, found, now)
    source.close_waiting(conn, job.scope.school, job.account_id, mapped, now)
    token.end_turn(conn, job.token, me)


def _appear(conn: Connection, job: Job, harvest: Harvest, lose_over: timedelta, now: datetime) -> bool:
    """Keep how the account was shown; True where the platform says that it is not there and has not said so enough.

    A look that failed for any other reason tells nothing of the account.
    """
    result = harvest.result
    assert result is not None  # noqa: S101
    lost = result.lost or (harvest.lost if result.failure not in HEALTHY else "")
    if job.stream in WHOLE_THREAD or not (lost or result.failure in HEALTHY):
        return False
    shown = Shown(gone=lost) if lost else harvest.shown or Shown()
    row = appearance.saw(conn, job.scope.school, job.account_id, shown, now, lose_over)
    return bool(row.gone) and not row.lost


def _seen(conn: Connection, job: Job, counted: int) -> int:
    """How many we have: of a thread all that are there, whichever stream brought them, as the platform counts them."""
    if job.stream not in WHOLE_THREAD:
        return counted
    thread = job.cursor.get("thread") or f"{job.platform}:{job.target}"
    return sighting.standing(conn, job.scope.school, thread, COUNTED[job.platform])


def _kept(row: Row[Any]) -> dict[str, Any]:
    """What of a cursor belongs to the source and not to its last scan."""
    old = json.loads(row.cursor)
    return {name: old[name] for name in ("target", "thread", "title", "url", "published") if name in old}


def cursor_after(job: Job, row: Row[Any], result: ScanResult, now: datetime) -> dict[str, Any]:
    """The cursor as the scan leaves it. A thread that was not found, without the platform's word that it is gone, is
    marked with the instant of the first such look; the mark goes with the next healthy scan."""
    old: dict[str, Any] = json.loads(row.cursor)
    cursor = {**dict(result.cursor), **_kept(row)} if result.cursor is not None else old
    if pace.SLOW_UNTIL in old and datetime.fromisoformat(old[pace.SLOW_UNTIL]) > now:
        cursor[pace.SLOW_UNTIL] = old[pace.SLOW_UNTIL]
    if result.failure == Failure.GONE and not result.final and job.stream in WHOLE_THREAD:
        cursor.setdefault(GONE_SINCE, now.isoformat())
    return cursor


def _over(conn: Connection, job: Job, result: ScanResult, cursor: dict[str, Any], now: datetime) -> bool:
    """Whether a thread is gone for good: the platform says so, or a second look half an hour later found it no more,
    and the account itself is found (a wrong address finds nothing at all)."""
    if result.failure != Failure.GONE or job.stream not in WHOLE_THREAD:
        return False
    if result.final:
        return True
    if now - datetime.fromisoformat(cursor[GONE_SINCE]) < GONE_AGAIN:
        return False
    lost = and_(
        sources.c.school == job.scope.school,
        sources.c.account_id == job.account_id,
        sources.c.last_class == Failure.GONE,
    )
    return conn.execute(select(sources.c.id).where(lost, sources.c.stream.not_in(WHOLE_THREAD))).first() is None


def due_after(result: ScanResult, breaker: Breaker, wanted: timedelta, now: datetime, draw: float) -> datetime:
    """When the source is due again. Never before what the platform or the breaker asked for."""
    if result.unfinished and result.failure in HEALTHY:
        return now
    soon = now + schedule.jittered(wanted, draw)
    if breaker.until is not None:
        return breaker.until
    if result.failure == Failure.QUOTA:
        back = result.until or ledger.window_end(now, ledger.Window.DAY)
        return back + timedelta(seconds=60 * draw)
    if result.failure == Failure.THROTTLED:
        return result.until or soon
    if result.failure == Failure.TRANSIENT:
        return min(soon, now + schedule.jittered(schedule.RETRY_FROM * 2 ** min(breaker.failures - 1, 6), draw))
    if result.failure in (Failure.SHAPE, Failure.BAD_TARGET):
        return now + schedule.jittered(wanted * 4, draw)
    return soon


def _note(job: Job, result: ScanResult, haul: Haul, others: list[str], now: datetime) -> str:
    ends = job.route.token_until if isinstance(job.route, WeiboRoute) else None
    said = [haul.suspect, result.note, token.reminder(ends, now), *others]
    if result.failure == Failure.QUOTA and job.stream != BACK_FILL:
        said[1] = _quota_note(result, now)
    return "；".join(one for one in said if one)


def _clock_note(harvest: Harvest) -> str:
    """What is said of a clock that is off; empty where it is not."""
    if not harvest.clock_off:
        return ""
    seconds = round(abs(harvest.clock_off).total_seconds())
    return f"{CLOCK_OFF} {seconds} 秒（本机偏{'慢' if harvest.clock_off > timedelta(0) else '快'}），请校准服务器时钟"


def _quota_note(result: ScanResult, now: datetime) -> str:
    if result.until is not None and result.until < ledger.window_end(now, ledger.Window.DAY):
        return QUOTA_HOUR.format(at=f"{result.until.astimezone(ledger.SHANGHAI):%H:%M}")
    early = now.astimezone(ledger.SHANGHAI).hour < ledger.EARLY_HOUR
    return QUOTA_EARLY if early else result.note


def _record(
    conn: Connection,
    job: Job,
    row: Row[Any],
    harvest: Harvest,
    haul: Haul,
    *,
    complete: bool,
    ended: bool,
    failures: int,
    now: datetime,
) -> None:
    result = harvest.result
    assert result is not None  # noqa: S101
    school = job.scope.school
    place = {"school": school, "source_id": job.source_id, "account_id": job.account_id}
    scan = {
        "at": now, "outcome": result.failure, "full": complete, "requests": harvest.requests,
        "rows": len(harvest.posts), "new": haul.fresh,
    }  # fmt: skip
    conn.execute(insert(scans).values(**place, **scan))
    still = and_(gaps.c.school == school, gaps.c.source_id == job.source_id, gaps.c.closed_at.is_(None))
    if ended or (complete and not result.gap_open):
        conn.execute(update(gaps).where(still).values(closed_at=now))
    lost = result.failure == Failure.GONE and job.stream not in WHOLE_THREAD
    lasting = lost or result.failure in GAP_AT_ONCE or failures >= FAILURES_TO_GAP
    blind = lasting and not complete and not ended and (row.essential or result.failure == Failure.BAD_TARGET)
    reason = result.gap or haul.suspect or (result.note or WORDS[result.failure] if blind else "")
    if reason and conn.execute(select(gaps.c.id).where(still)).first() is None:
        closed = None if blind or result.gap_open else now
        opened = row.last_full or row.last_try or now
        conn.execute(insert(gaps).values(**place, opened_at=opened, closed_at=closed, reason=reason))


def _young(one: NewSource, now: datetime) -> bool:
    published = one.cursor.get("published")
    return not published or now - datetime.fromisoformat(published) < schedule.OLDEST


def back_fill(job: Job, harvest: Harvest, now: datetime) -> list[NewSource]:
    """Own posts of the last thirty days whose comments are to be read by themselves (Weibo's `comments/show`)."""
    if job.platform != "weibo" or job.stream not in ("timeline", "to_me"):
        return []
    found = []
    for post in [*harvest.posts.values(), *harvest.quoted.values()]:
        every = schedule.by_age(now - post.published_at) if post.kind == Kind.POST else None
        if every is not None:
            native = post.id.partition(":")[2]
            cursor = {"published": post.published_at.isoformat()}
            found.append(NewSource("show", native, int(every.total_seconds()), cursor=cursor))
    return found
