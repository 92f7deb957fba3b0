"""What was not seen in a week, per account: from when to when and why. What cannot be seen is never estimated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.report.rows import AccountRow, SourceRow, WeekRows
from stream.coverage import BLIND_AFTER, Lamp, lamp

NO_SOURCE = "已登记，未接采集途径"
NEVER = "从未看全"
EXPIRED = "授权过期"
UNSAID = "长时间没有完整采集"
FEW = 5
FEW_PERCENT = 2
"""A shortage up to this (the larger of the two) is what platforms' own counters differ by anyway; ours, not a rule."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time within the week in which an account was not seen. `still`: it had not ended at the cut-off."""

    starts: datetime
    ends: datetime
    reason: str
    still: bool = False


@dataclass(frozen=True, slots=True)
class Unseen:
    """One account that was not seen whole. `missing`: shown by the platform and not seen, as it stands now."""

    account: AccountRow
    state: Lamp
    spans: tuple[Span, ...]
    total: timedelta
    missing: int
    reason: str


def cut_off(rows: WeekRows, now: datetime) -> datetime:
    """Until when the week can be spoken of."""
    return min(now, rows.week.ends)


def unseen(rows: WeekRows, now: datetime) -> tuple[Unseen, ...]:
    """Every active account that was blind for a time, is late, or shows clearly fewer comments; the worst first."""
    until = cut_off(rows, now)
    found = (_look(rows, account, until) for account in rows.accounts if account.active)
    order = {Lamp.BLIND: 0, Lamp.LATE: 1, Lamp.ON: 2, Lamp.OFF: 3}

    def gravity(one: Unseen) -> tuple[timedelta, int, str, str]:
        return (-one.total, order[one.state], one.account.unit, one.account.id)

    return tuple(sorted((one for one in found if one), key=gravity))


def _look(rows: WeekRows, account: AccountRow, until: datetime) -> Unseen | None:
    since = max(rows.week.starts, account.watch_from)
    if since >= until:
        return None
    polled = [source for source in rows.sources if source.account_id == account.id]
    spans = merged(_clipped(_spans(rows, account, polled, until), since, until))
    state = _state(polled, spans, until)
    missing = short(polled)
    if not spans and state is not Lamp.LATE and not missing:
        return None
    total = sum((span.ends - span.starts for span in spans), timedelta())
    said = [span.reason for span in spans] or [source.note for source in polled if source.essential]
    reasons = list(dict.fromkeys(part for one in said for part in one.split("；") if part))
    reason = "；".join([part for part in reasons if part != UNSAID] or reasons)
    return Unseen(account, state, spans, total, missing, reason)


def _spans(rows: WeekRows, account: AccountRow, polled: list[SourceRow], until: datetime) -> Iterable[Span]:
    for gap in rows.gaps:
        if gap.account_id == account.id:
            ended = gap.closed_at if gap.closed_at is not None and gap.closed_at <= until else until
            yield Span(gap.opened_at, ended, gap.reason or UNSAID, gap.closed_at is None or gap.closed_at > until)
    essential = [source for source in polled if source.essential and source.active]
    if not essential:
        yield Span(rows.week.starts, until, NO_SOURCE, still=True)
    for source in essential:
        if source.last_full is None:
            yield Span(rows.week.starts, until, source.note or NEVER, still=True)
        elif until - source.last_full > timedelta(seconds=source.promised) * BLIND_AFTER:
            yield Span(source.last_full, until, source.note or UNSAID, still=True)
        if source.token_until is not None and source.token_until < until:
            yield Span(source.token_until, until, EXPIRED, still=True)


def _clipped(spans: Iterable[Span], since: datetime, until: datetime) -> list[Span]:
    cut = [Span(max(s.starts, since), min(s.ends, until), s.reason, s.still) for s in spans]
    return [span for span in cut if span.starts < span.ends]


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Overlapping spans as one, with every reason once; an unnamed reason gives way to a named one."""
    out: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.starts, one.ends)):
        if out and span.starts <= out[-1].ends:
            last = out.pop()
            reasons = list(dict.fromkeys([*last.reason.split("；"), *span.reason.split("；")]))
            named = [reason for reason in reasons if reason != UNSAID] or reasons
            out.append(Span(last.starts, max(last.ends, span.ends), "；".join(named), last.still or span.still))
        else:
            out.append(span)
    return tuple(out)


def _state(polled: list[SourceRow], spans: tuple[Span, ...], until: datetime) -> Lamp:
    if any(span.still for span in spans):
        return Lamp.BLIND
    lamps = {
        lamp(
            until,
            active=True,
            promised=timedelta(seconds=source.promised),
            last_full=source.last_full,
            token_until=None,
        )
        for source in polled
        if source.essential and source.active
    }
    return Lamp.LATE if Lamp.LATE in lamps else Lamp.ON


def short(polled: Iterable[SourceRow]) -> int:
    """Comments that the platform shows and we have not, over all sources that can say so; 0 where it is but a few."""
    known = [source for source in polled if source.active and source.shown is not None]
    shown = sum(source.shown or 0 for source in known)
    missing = sum(max(0, (source.shown or 0) - source.seen) for source in known)
    return missing if missing > max(FEW, shown * FEW_PERCENT // 100) else 0
