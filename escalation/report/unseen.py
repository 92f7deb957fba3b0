"""What was not seen in a week, per account: from when to when and why. What cannot be seen is never estimated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from escalation.report.rows import AccountRow, SourceRow, WeekRows
from stream.coverage import (
    WHOLE_THREAD,
    Lamp,
    Polled,
    blind_since,
    lamp_of,
    reason_of,
    standing,
    why_unpolled,
    worst_of,
)

UNBEGUN = "尚未开始采集"
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
    """One account that was not seen whole. `missing`: shown by the platform and not seen, as it stands now.

    `since`: its watching began only then, after the week's start; `spans` and `total` lie after it.
    """

    account: AccountRow
    state: Lamp
    spans: tuple[Span, ...]
    total: timedelta
    missing: int
    reason: str
    since: datetime | None = None


def cut_off(rows: WeekRows, now: datetime) -> datetime:
    """Until when the week can be spoken of."""
    return min(now, rows.week.ends)


def unseen(rows: WeekRows, now: datetime) -> tuple[Unseen, ...]:
    """Every watched account that was not seen whole, the worst first.

    It was blind for a time, is late, shows clearly fewer comments, or its watching began within the week.
    """
    until = cut_off(rows, now)
    found = (_look(rows, account, until) for account in watched(rows, now))
    order = {Lamp.BLIND: 0, Lamp.LATE: 1, Lamp.ON: 2, Lamp.OFF: 3}

    def gravity(one: Unseen) -> tuple[timedelta, int, str, str]:
        return (-one.total, order[one.state], one.account.unit, one.account.id)

    return tuple(sorted((one for one in found if one), key=gravity))


def watched(rows: WeekRows, now: datetime) -> tuple[AccountRow, ...]:
    """The active accounts whose watching began before the cut-off."""
    until = cut_off(rows, now)
    return tuple(one for one in rows.accounts if one.active and one.watch_from < until)


def began(rows: WeekRows) -> datetime | None:
    """Since when the first of the active accounts is watched, also where that is after the week; None without any."""
    return min((one.watch_from for one in rows.accounts if one.active), default=None)


def _look(rows: WeekRows, account: AccountRow, until: datetime) -> Unseen | None:
    since = max(rows.week.starts, account.watch_from)
    polled = [_as_of(source, until) for source in rows.sources if source.account_id == account.id]
    spans = merged(_clipped(_spans(rows, account, polled, until), since, until))
    state = _state(polled, spans, until)
    missing = short(polled)
    young = account.watch_from if account.watch_from > rows.week.starts else None
    if not spans and state is not Lamp.LATE and not missing and young is None:
        return None
    total = sum((span.ends - span.starts for span in spans), timedelta())
    said = [span.reason for span in spans]
    if not said and state is Lamp.LATE:
        said = [reason_of(source) for source in standing(polled) if lamp_of(source, until) is Lamp.LATE]
    reasons = list(dict.fromkeys(part for one in said for part in one.split("；") if part))
    reason = "；".join([part for part in reasons if part != UNSAID] or reasons)
    return Unseen(account, state, spans, total, missing, reason, young)


def _as_of(source: SourceRow, until: datetime) -> SourceRow:
    """The source at the cut-off: one that was switched off or over only later was polled then."""
    ended = source.stopped_at or source.last_full
    return replace(source, active=source.active or (ended is not None and ended > until))


def _spans(rows: WeekRows, account: AccountRow, polled: list[SourceRow], until: datetime) -> Iterable[Span]:
    for gap in rows.gaps:
        if gap.account_id == account.id:
            ended = gap.closed_at if gap.closed_at is not None and gap.closed_at <= until else until
            yield Span(gap.opened_at, ended, gap.reason or UNSAID, gap.closed_at is None or gap.closed_at > until)
    if worst_of(polled, until)[1] is None:
        last = [one.last_full for one in polled if one.last_full and one.stream not in WHOLE_THREAD]
        since = max(last, default=rows.week.starts)
        yield Span(since, until, why_unpolled(account.route, polled), still=True)
    for source in standing(polled):
        if lamp_of(source, until) is Lamp.BLIND:
            since = blind_since(source, until) or rows.week.starts
            yield Span(since, until, _why(source, until), still=True)


def _why(source: Polled, until: datetime) -> str:
    said = [reason_of(source)]
    if source.last_full is None and not said[0]:
        said = [NEVER]
    if source.token_until is not None and source.token_until <= until:
        said.append(EXPIRED)
    return "；".join(dict.fromkeys(part for part in said if part)) or UNSAID


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
    return Lamp.BLIND if any(span.still for span in spans) else worst_of(polled, until)[0]


def short(polled: Iterable[SourceRow]) -> int:
    """Comments that the platform shows and we have not, over all sources that can say so; 0 where it is but a few."""
    known = [source for source in polled if source.active and source.shown is not None]
    shown = sum(source.shown or 0 for source in known)
    missing = sum(max(0, (source.shown or 0) - source.seen) for source in known)
    return missing if missing > max(FEW, shown * FEW_PERCENT // 100) else 0
