"""The figures of the weekly report: pure. Rows in, figures out; every figure names the list of items behind it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from escalation.audit import Head
from escalation.clock_words import SHANGHAI
from escalation.incident.state import STATE_WORDS
from escalation.report import picks, words
from escalation.report.chapter import Section, section
from escalation.report.chapters import CHAPTERS
from escalation.report.items import Fig
from escalation.report.picks import LateItem
from escalation.report.rows import AlertRow, DeliveryRow, HourRow, IncidentRow, Signature, ThemeRow, WeekRows
from escalation.report.trend import Trend, trend_of
from escalation.report.unseen import Unseen, began, unseen, watched
from escalation.report.week import Week
from stream.coverage import Lamp

CASES = 30
LATE = 30
DELIVERIES = 20
PARTS = 10
"""How many lines a table of the report shows; the rest is behind the figure."""
APART_THEMES = frozenset({"self_harm"})
"""Stands in no table: it is told in the care line only."""


@dataclass(frozen=True, slots=True)
class Case:
    """An incident as a line of a table; `took` is the median time to sign.

    `signed` of `needed` persons have signed all that they must, as on the incident's page.
    """

    number: str
    title: str
    level: int
    unit: str
    opened_at: datetime
    ended_at: datetime | None
    state: str
    comments: int
    signed: int
    needed: int
    took: timedelta | None
    slowest: timedelta | None
    late: bool
    mark: str = ""
    note: str = ""
    care: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the whole week: an account, a platform, a theme. `share` is a whole percentage, they sum to 100."""

    name: str
    note: str
    lines: Fig
    negative: int
    share: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the weekly report says. All instants are aware UTC; `as_of` is the data cut-off.

    `since`: watching as a whole began only then, within the week; `compared`: the whole week before was watched, too.
    """

    week: Week
    school_name: str
    publisher: str
    as_of: datetime
    whole: bool
    on_trial: bool
    head: Head
    signature: Signature | None
    fingerprint: str
    comments: Fig
    comments_before: int
    negative: Fig
    messages: Fig
    leads: Fig
    opened: Fig
    levels: tuple[tuple[int, Fig], ...]
    closed: Fig
    dismissed: Fig
    ongoing: Fig
    care: Fig
    set_apart: Fig
    must_sign: Fig
    in_time: Fig
    signed_late: Fig
    not_due: Fig
    sign_median: timedelta | None
    answered: Fig
    answer_median: timedelta | None
    unauthorised: Fig
    accounts: Fig
    seen_whole: Fig
    unseen: tuple[Unseen, ...]
    since: datetime | None
    compared: bool
    trend: Trend
    cases: tuple[Case, ...]
    cases_all: Fig
    late: tuple[LateItem, ...]
    late_all: Fig
    failed: tuple[DeliveryRow, ...]
    failed_all: Fig
    false_alarms: tuple[Case, ...]
    unfinished: tuple[Case, ...]
    apart: tuple[Case, ...]
    platforms: tuple[Part, ...]
    busiest: tuple[Part, ...]
    themes: tuple[Part, ...]
    alerts: tuple[AlertRow, ...]
    engines: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def since_then(self) -> tuple[Unseen, ...]:
        """The accounts that were seen whole since their watching began within the week."""
        return tuple(
            one for one in self.unseen if one.since and one.state is Lamp.ON and not (one.spans or one.missing)
        )

    @property
    def told(self) -> tuple[Unseen, ...]:
        """What page 1 names: every account not seen whole but those that just began with the whole."""
        return tuple(one for one in self.unseen if one not in self.since_then or one.since != self.since)

    @property
    def still_signed(self) -> bool:
        """Whether the figures are the ones that were signed."""
        return self.signature is not None and self.signature.fingerprint == self.fingerprint


def figures(rows: WeekRows, now: datetime) -> Figures:
    """The figures of one week as they stand at `now` (aware)."""
    late = picks.late_items(rows, now)
    failed = picks.failed(rows)
    blind = unseen(rows, now)
    active = len(watched(rows, now))
    since = began(rows)
    signed = [one for one in picks.must_sign(rows) if one.signed_at is not None]
    answers = picks.answered(rows)
    made = Figures(
        week=rows.week,
        school_name=rows.school_name,
        publisher=rows.publisher,
        as_of=now,
        whole=now >= rows.week.ends,
        on_trial=rows.on_trial,
        head=rows.head,
        signature=rows.signature,
        fingerprint="",
        comments=Fig(sum(row.lines for row in rows.hours), "comments"),
        comments_before=sum(row.lines for row in rows.usual if rows.week.before.holds(row.at)),
        negative=Fig(sum(row.negative for row in rows.hours), "negative"),
        messages=Fig(rows.letters.get("message", 0), "messages"),
        leads=Fig(rows.letters.get("lead", 0), "leads"),
        opened=_fig(picks.opened(rows), "opened"),
        levels=tuple((level, _fig(picks.opened(rows, level), f"level-{level}")) for level in range(1, 5)),
        closed=_fig(picks.closed(rows), "closed"),
        dismissed=_fig(picks.dismissed(rows), "false-alarms"),
        ongoing=_fig(picks.ongoing(rows), "ongoing"),
        care=_fig(picks.care(rows), "care"),
        set_apart=_fig(picks.set_apart(rows), "apart"),
        must_sign=_fig(picks.must_sign(rows), "must-sign"),
        in_time=_fig(picks.in_time(rows), "signed-in-time"),
        signed_late=_fig(picks.signed_late(rows, now), "signed-late"),
        not_due=_fig(picks.not_due(rows, now), "not-due"),
        sign_median=words.middle(one.signed_at - one.created_at for one in signed if one.signed_at),
        answered=_fig(answers, "answered"),
        answer_median=words.middle(one.answered_at - one.opened_at for one in answers if one.answered_at),
        unauthorised=_fig(picks.unauthorised(rows), "unauthorised"),
        accounts=Fig(active, "accounts"),
        seen_whole=Fig(active - len(blind), "seen-whole"),
        unseen=blind,
        since=since if since is not None and since > rows.week.starts else None,
        compared=since is not None and since <= rows.week.before.starts,
        trend=trend_of(rows, now),
        cases=_cases(rows, picks.tabled(rows)[:CASES]),
        cases_all=_fig(picks.tabled(rows), "tabled"),
        late=tuple(late[:LATE]),
        late_all=_fig(late, "late"),
        failed=tuple(failed[:DELIVERIES]),
        failed_all=_fig(failed, "failed-deliveries"),
        false_alarms=_cases(rows, picks.dismissed(rows)[:CASES]),
        unfinished=_cases(rows, picks.ongoing(rows)[:CASES]),
        apart=_cases(rows, picks.set_apart(rows)[:CASES]),
        platforms=_by_platform(rows.hours),
        busiest=_by_account(rows),
        themes=_by_theme(rows.themes),
        alerts=rows.alerts,
        engines=rows.engines,
        sections=tuple(section(one, rows, now) for one in CHAPTERS if one.name in rows.chapters),
    )
    return replace(made, fingerprint=fingerprint(made))


def _fig(found: Sequence[object], what: str) -> Fig:
    return Fig(len(found), what)


def _cases(rows: WeekRows, found: Sequence[IncidentRow]) -> tuple[Case, ...]:
    notices = defaultdict(list)
    wanted = {one.id for one in found}
    for notice in rows.notices:
        if notice.incident_id in wanted:
            notices[notice.incident_id].append(notice)
    out = []
    for one in found:
        own = notices[one.id]
        spans = [notice.signed_at - notice.created_at for notice in own if notice.signed_at is not None]
        everybody = {notice.person_id for notice in own}
        waited = {notice.person_id for notice in own if notice.signed_at is None and not notice.replaced}
        out.append(
            Case(
                number=one.number,
                title=picks.title_of(one),
                level=one.level,
                unit=one.unit,
                opened_at=one.opened_at,
                ended_at=one.closed_at,
                state=STATE_WORDS[one.state],
                comments=0 if one.care else one.comments,
                signed=len(everybody - waited),
                needed=len(everybody),
                took=words.middle(spans),
                slowest=max(spans, default=None),
                late=one.late,
                mark=one.mark,
                note=one.dismissal,
                care=one.care,
            )
        )
    return tuple(out)


def _parts(
    counted: dict[str, tuple[int, int]], names: dict[str, tuple[str, str]], prefix: str, most: int = PARTS
) -> tuple[Part, ...]:
    """The largest parts of a whole and the rest as one, with shares that add up to 100."""
    order = sorted(counted, key=lambda key: (-counted[key][0], key))
    shown, rest = order[:most], order[most:]
    lines = [counted[key][0] for key in shown] + ([sum(counted[key][0] for key in rest)] if rest else [])
    shares = words.shares(lines)
    parts = [
        Part(*names[key], Fig(counted[key][0], f"{prefix}-{key}"), counted[key][1], share)
        for key, share in zip(shown, shares, strict=False)
    ]
    if rest:
        negative = sum(counted[key][1] for key in rest)
        parts.append(Part(f"其余 {len(rest)} 个", "", Fig(lines[-1], f"{prefix}s-rest"), negative, shares[-1]))
    return tuple(parts)


def _added(pairs: Iterable[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
    out: dict[str, tuple[int, int]] = {}
    for key, lines, negative in pairs:
        known = out.get(key, (0, 0))
        out[key] = (known[0] + lines, known[1] + negative)
    return out


def _by_platform(hours: Sequence[HourRow]) -> tuple[Part, ...]:
    counted = _added((row.platform, row.lines, row.negative) for row in hours)
    return _parts(counted, {key: (words.platform(key), "") for key in counted}, "platform")


def _by_account(rows: WeekRows) -> tuple[Part, ...]:
    book = {one.id: one for one in rows.accounts}
    counted = _added((row.account_id, row.lines, row.negative) for row in rows.hours)
    names = {
        key: (book[key].name, f"{words.platform(book[key].platform)} · {book[key].unit}") if key in book else (key, "")
        for key in counted
    }
    return _parts(counted, names, "account")


def _by_theme(themes: Sequence[ThemeRow]) -> tuple[Part, ...]:
    counted = {row.theme: (row.lines, row.negative) for row in themes if row.theme not in APART_THEMES}
    return _parts(counted, {key: (words.theme(key), "") for key in counted}, "theme", len(words.THEMES))


def fingerprint(made: Figures) -> str:
    """SHA-256 of what a signature answers for: the counts and tables, not the hour at which they were looked up."""
    flags = [(flag.hour, flag.level) for flag in made.trend.flags]
    late = [(one.incident.number, one.what, one.due_at, one.done_at) for one in made.late]
    counts = [
        (fig.what, fig.value)
        for fig in (
            made.comments, made.negative, made.opened, *(fig for _, fig in made.levels), made.must_sign, made.in_time,
            made.signed_late, made.answered, made.unauthorised, made.accounts, made.late_all, made.failed_all,
        )
    ]  # fmt: skip
    blind = [(one.account.id, one.total, *filter(None, [one.since])) for one in made.unseen if one.spans or one.since]
    said: list[object] = [
        str(made.week),
        counts,
        made.answer_median,
        flags,
        [hour.lines for hour in made.trend.hours],
        late,
        blind,
    ]
    said += [one.signed_for for one in made.sections if one.signed_for]
    canonical = json.dumps(said, ensure_ascii=False, default=str, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()


def issue_date(week: Week) -> datetime:
    """The day on which the issue is printed: the Monday after, in Beijing time."""
    return week.ends.astimezone(SHANGHAI)
