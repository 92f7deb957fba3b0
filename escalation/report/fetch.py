"""Fetching the rows of a week from the store: a handful of questions, each bounded by the week."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, literal_column, or_, select

from escalation import audit, people, trial
from escalation.alert import alerts
from escalation.bulletin import BulletinKind, bulletins
from escalation.incident import EntryKind, entries, incidents, members
from escalation.incident.state import State
from escalation.keeper import answers
from escalation.keeper import reports as keeper_reports
from escalation.notice import DeliveryState, deliveries, notices
from escalation.people import Role
from escalation.procedure import Source
from escalation.report.chapters import CHAPTERS
from escalation.report.folded import folded
from escalation.report.rows import (
    AccountRow,
    AlertRow,
    ClockRow,
    DeliveryRow,
    GapRow,
    HourRow,
    IncidentRow,
    NoticeRow,
    Signature,
    SourceRow,
    ThemeRow,
    WeekRows,
)
from escalation.report.unseen import UNBEGUN
from escalation.report.week import Week
from escalation.timer import NO_LONGER, TimerKind, TimerState, timers
from stream.account import accounts
from stream.coverage import BLIND_AFTER, WHOLE_THREAD, gaps, scans, sources
from stream.kept import assessments, posts
from stream.line import marks

COMMENTS = ("comment", "reply")
LETTERS = ("message", "lead")
USUAL_DAYS = 14
SIGN = "report.sign"
CURRENT = and_(
    assessments.c.school == posts.c.school,
    assessments.c.post_id == posts.c.id,
    assessments.c.revision == posts.c.revision,
)
"""The assessment of a post's current revision."""


def week_rows(conn: Connection, school: str, school_name: str, week: Week) -> WeekRows:
    """All rows of one school and week. One consistent view where `conn` is one read block."""
    wanted = _touched(school, week)
    cases = tuple(_incidents(conn, wanted))
    return folded(WeekRows(
        school=school,
        school_name=school_name,
        publisher=_publisher(conn, school),
        week=week,
        head=audit.head(conn),
        incidents=cases,
        notices=tuple(_notices(conn, wanted)),
        clocks=tuple(_clocks(conn, wanted)),
        deliveries=tuple(_deliveries(conn, school, wanted, week)),
        accounts=tuple(_accounts(conn, school)),
        sources=tuple(_sources(conn, school)),
        gaps=(*_gaps(conn, school, week), *_silences(conn, school, week), *_beginnings(conn, school, week)),
        hours=tuple(_hours(conn, school, week.starts, week.ends)),
        usual=tuple(_hours(conn, school, week.starts - timedelta(days=USUAL_DAYS), week.starts)),
        themes=tuple(_themes(conn, school, week)),
        alerts=tuple(_alerts(conn, school, week)),
        letters=_letters(conn, school, week),
        engines=_engines(conn, school, week),
        chapters={one.name: one.fetch(conn, school, week) for one in CHAPTERS},
        on_trial=trial.on_trial(conn, school),
        signature=signature(conn, school, week),
    ))  # fmt: skip


def _touched(school: str, week: Week) -> ColumnElement[bool]:
    """Opened before the week's end and not ended before its start."""
    lasting = or_(incidents.c.closed_at.is_(None), incidents.c.closed_at >= week.starts)
    return and_(incidents.c.school == school, incidents.c.opened_at < week.ends, lasting)


def _publisher(conn: Connection, school: str) -> str:
    leads = people.holders(conn, school, Role.PUBLICITY)
    return leads[0].unit if leads and leads[0].unit else people.TITLES[Role.PUBLICITY]


def _firsts(conn: Connection, column: Any, at: Any, wanted: ColumnElement[bool], *more: Any) -> Mapping[int, datetime]:
    rows = conn.execute(
        select(column, func.min(at)).join(incidents, incidents.c.id == column).where(wanted, *more).group_by(column)
    )
    return {row[0]: row[1] for row in rows}


def _incidents(conn: Connection, wanted: ColumnElement[bool]) -> Iterator[IncidentRow]:
    comments = {
        row[0]: row[1]
        for row in conn.execute(
            select(members.c.incident_id, func.count())
            .join(incidents, incidents.c.id == members.c.incident_id)
            .join(posts, and_(posts.c.school == members.c.school, posts.c.id == members.c.post_id))
            .where(wanted, posts.c.by_school.is_(False))
            .group_by(members.c.incident_id)
        )
    }
    left = (bulletins.c.kind == BulletinKind.FIRST, bulletins.c.left_at.is_not(None))
    first = _firsts(conn, bulletins.c.incident_id, bulletins.c.left_at, wanted, *left)
    reported = _firsts(conn, keeper_reports.c.incident_id, keeper_reports.c.at, wanted)
    answered = _firsts(conn, answers.c.incident_id, answers.c.at, wanted)
    dismissals = _dismissals(conn, wanted)
    columns = [column for column in incidents.c if column.name not in ("frozen", "reasons")]
    for row in conn.execute(select(*columns).where(wanted).order_by(incidents.c.level, incidents.c.opened_at)):
        yield IncidentRow(
            row.id, row.number, row.title, row.theme, State(row.state), row.level, _unit(row),
            tuple(row.triggers), row.detected_at, row.opened_at, row.closed_at, row.late, row.trial, row.rehearsal,
            row.care, comments.get(row.id, 0), first.get(row.id), reported.get(row.id), answered.get(row.id),
            dismissals.get(row.id, ""),
        )  # fmt: skip


def _unit(row: Row[Any]) -> str:
    """Which unit it concerns: as a person said, else to whom it was handed; else only whose account it stood under."""
    return str(row.concerned or row.assignee or (f"{row.unit}（账号主办）" if row.unit else ""))


def _dismissals(conn: Connection, wanted: ColumnElement[bool]) -> dict[int, str]:
    """The newest line of the log that says why an incident was a false alarm."""
    rows = conn.execute(
        select(entries.c.incident_id, entries.c.heading)
        .join(incidents, incidents.c.id == entries.c.incident_id)
        .where(wanted, incidents.c.state == State.FALSE_ALARM, entries.c.kind == EntryKind.PERSON)
        .where(entries.c.heading.startswith("记为误报"))
        .order_by(entries.c.id)
    )
    return {row.incident_id: row.heading.partition("：")[2] for row in rows}


def _notices(conn: Connection, wanted: ColumnElement[bool]) -> Iterator[NoticeRow]:
    clock = and_(
        timers.c.incident_id == incidents.c.id, timers.c.notice_id == notices.c.id, timers.c.kind == TimerKind.SIGN
    )
    person = and_(people.people.c.school == notices.c.school, people.people.c.id == notices.c.addressee)
    later = notices.alias()  # what took a notice's place before its deadline took the deadline away
    rows = conn.execute(
        select(
            notices.c.id, notices.c.incident_id, notices.c.number, notices.c.addressee, notices.c.office,
            notices.c.basis, notices.c.created_at, notices.c.sign_by, notices.c.signed_at, people.people.c.name,
            notices.c.superseded_by,
            people.people.c.unit, timers.c.source, timers.c.article,
        )
        .join(incidents, incidents.c.id == notices.c.incident_id)
        .outerjoin(people.people, person)
        .outerjoin(timers, clock)
        .outerjoin(later, and_(later.c.school == notices.c.school, later.c.number == notices.c.superseded_by))
        .where(wanted, notices.c.needs_signature, notices.c.sign_by.is_not(None))
        .where(or_(later.c.id.is_(None), later.c.created_at > notices.c.sign_by))
        .order_by(notices.c.sign_by.nulls_last(), notices.c.id)
    )  # fmt: skip
    for row in rows:
        yield NoticeRow(
            row.id, row.incident_id, row.number, row.addressee, row.name or row.addressee, row.office,
            row.unit or "", row.basis, row.created_at, row.sign_by, row.signed_at,
            row.article or "", row.source != Source.RULE, row.superseded_by is not None,
        )  # fmt: skip


def _clocks(conn: Connection, wanted: ColumnElement[bool]) -> Iterator[ClockRow]:
    """The duties. One that the level no longer asked for before it was due is none; lapsed by then, it stays undone."""
    rows = conn.execute(
        select(timers)
        .join(incidents, incidents.c.id == timers.c.incident_id)
        .where(wanted, timers.c.kind == TimerKind.DUTY)
        .order_by(timers.c.due_at, timers.c.id)
    )
    for row in rows:
        dropped = NO_LONGER in row.data
        if dropped and row.ended_at <= row.due_at:
            continue
        stopped = row.ended_at if row.state == TimerState.STOPPED and not dropped else None
        yield ClockRow(
            row.id, row.incident_id, row.name, row.words, row.due_at, stopped, row.article, row.source != Source.RULE
        )


def _deliveries(conn: Connection, school: str, wanted: ColumnElement[bool], week: Week) -> Iterator[DeliveryRow]:
    person = people.people
    rows = conn.execute(
        select(
            deliveries.c.id, notices.c.incident_id, notices.c.number, deliveries.c.channel, notices.c.office,
            notices.c.addressee, person.c.name, deliveries.c.created_at, deliveries.c.attempts, deliveries.c.reason,
            notices.c.sent_at,
        )
        .join(notices, notices.c.id == deliveries.c.notice_id)
        .outerjoin(incidents, incidents.c.id == notices.c.incident_id)
        .outerjoin(person, and_(person.c.school == notices.c.school, person.c.id == notices.c.addressee))
        .where(or_(wanted, and_(deliveries.c.school == school, notices.c.matter.is_not(None))))
        .where(deliveries.c.state == DeliveryState.DEAD)
        .where(deliveries.c.created_at >= week.starts, deliveries.c.created_at < week.ends)
        .order_by(deliveries.c.created_at, deliveries.c.id)
    )  # fmt: skip
    for row in rows:
        yield DeliveryRow(
            row.id, row.incident_id, row.number, row.channel, row.office or "工作群", row.name or "", row.created_at,
            row.attempts, row.reason, row.sent_at is not None,
        )  # fmt: skip


def _accounts(conn: Connection, school: str) -> Iterator[AccountRow]:
    order = (accounts.c.unit, accounts.c.main.desc(), accounts.c.name, accounts.c.id)
    for row in conn.execute(select(accounts).where(accounts.c.school == school).order_by(*order)):
        yield AccountRow(row.id, row.name, row.platform, row.unit, row.route, row.active, row.watch_from)


def _sources(conn: Connection, school: str) -> Iterator[SourceRow]:
    for row in conn.execute(select(sources).where(sources.c.school == school).order_by(sources.c.id)):
        yield SourceRow(
            row.account_id, row.stream, row.essential, row.active, row.promised_s, row.last_full, row.token_until,
            row.stopped_at, row.seen, row.shown, row.note, row.last_reason,
        )  # fmt: skip


def _gaps(conn: Connection, school: str, week: Week) -> Iterator[GapRow]:
    rows = conn.execute(
        select(gaps)
        .where(gaps.c.school == school, gaps.c.opened_at < week.ends)
        .where(or_(gaps.c.closed_at.is_(None), gaps.c.closed_at > week.starts))
        .order_by(gaps.c.opened_at, gaps.c.id)
    )
    for row in rows:
        yield GapRow(row.account_id, row.opened_at, row.closed_at, row.reason)


def _silences(conn: Connection, school: str, week: Week) -> Iterator[GapRow]:
    """Times between two full scans of an essential source that are long enough to be blind, though nothing said so.

    This is how a machine that was switched off shows: it records no gap of its own.
    """
    promised = {
        row.id: (row.account_id, timedelta(seconds=row.promised_s))
        for row in conn.execute(select(sources).where(sources.c.school == school, sources.c.essential))
    }
    longest = max((span for _, span in promised.values()), default=timedelta()) * BLIND_AFTER
    rows = conn.execute(
        select(scans.c.source_id, scans.c.at)
        .where(scans.c.school == school, scans.c.full, scans.c.source_id.in_(sorted(promised)))
        .where(scans.c.at >= week.starts - longest, scans.c.at <= week.ends + longest)
        .order_by(scans.c.source_id, scans.c.at)
    )
    last: tuple[str, datetime] | None = None
    for row in rows:
        account, span = promised[row.source_id]
        if last and last[0] == row.source_id and row.at - last[1] > span * BLIND_AFTER and row.at > week.starts:
            yield GapRow(account, last[1], row.at, "", recorded=False)
        last = (row.source_id, row.at)


def _beginnings(conn: Connection, school: str, week: Week) -> Iterator[GapRow]:
    """Times from the start of an account's watching to its first full scan ever, long enough to be blind.

    A thread is read only once it is found, so that its first scan says nothing of the account.
    """
    first = func.min(scans.c.at).label("first")
    rows = conn.execute(
        select(sources.c.account_id, sources.c.promised_s, accounts.c.watch_from, first)
        .join(accounts, and_(accounts.c.school == sources.c.school, accounts.c.id == sources.c.account_id))
        .join(scans, and_(scans.c.school == sources.c.school, scans.c.source_id == sources.c.id, scans.c.full))
        .where(sources.c.school == school, sources.c.essential, sources.c.stream.not_in(sorted(WHOLE_THREAD)))
        .group_by(sources.c.id, sources.c.account_id, sources.c.promised_s, accounts.c.watch_from)
        .having(first > week.starts)
        .order_by(sources.c.id)
    )
    for row in rows:
        if row.first - row.watch_from > timedelta(seconds=row.promised_s) * BLIND_AFTER:
            yield GapRow(row.account_id, row.watch_from, row.first, UNBEGUN, recorded=False)


def _hour(conn: Connection) -> ColumnElement[str]:
    """`2026-11-16T08`, the UTC hour of publication, on either dialect; written out, for it is grouped by."""
    if conn.dialect.name == "sqlite":
        return func.strftime(literal_column("'%Y-%m-%dT%H'"), posts.c.published_at)
    utc = func.timezone(literal_column("'UTC'"), posts.c.published_at)
    return func.to_char(utc, literal_column("'YYYY-MM-DD\"T\"HH24'"))


NEGATIVE = func.sum(case((assessments.c.polarity == "negative", 1), else_=0))


def commented(school: str, starts: datetime, ends: datetime) -> ColumnElement[bool]:
    """The comments of other people that were published in a span."""
    return and_(
        posts.c.school == school,
        posts.c.published_at >= starts,
        posts.c.published_at < ends,
        posts.c.kind.in_(COMMENTS),
        posts.c.by_school.is_(False),
    )


def _hours(conn: Connection, school: str, starts: datetime, ends: datetime) -> Iterator[HourRow]:
    hour = _hour(conn).label("hour")
    rows = conn.execute(
        select(hour, posts.c.account_id, posts.c.platform, func.count().label("lines"), NEGATIVE.label("negative"))
        .select_from(posts)
        .outerjoin(assessments, CURRENT)
        .where(commented(school, starts, ends))
        .group_by(hour, posts.c.account_id, posts.c.platform)
        .order_by(hour, posts.c.account_id)
    )
    for row in rows:
        at = datetime.fromisoformat(f"{row.hour}:00:00").replace(tzinfo=UTC)
        yield HourRow(at, row.account_id, row.platform, row.lines, int(row.negative or 0))


def _themes(conn: Connection, school: str, week: Week) -> Iterator[ThemeRow]:
    rows = conn.execute(
        select(marks.c.theme, func.count().label("lines"), NEGATIVE.label("negative"))
        .select_from(marks)
        .join(posts, and_(posts.c.school == marks.c.school, posts.c.id == marks.c.post_id))
        .outerjoin(assessments, CURRENT)
        .where(commented(school, week.starts, week.ends), marks.c.theme != "any")
        .group_by(marks.c.theme)
        .order_by(func.count().desc(), marks.c.theme)
    )
    for row in rows:
        yield ThemeRow(row.theme, row.lines, int(row.negative or 0))


def _letters(conn: Connection, school: str, week: Week) -> dict[str, int]:
    rows: Iterable[Row[Any]] = conn.execute(
        select(posts.c.kind, func.count().label("lines"))
        .where(posts.c.school == school, posts.c.published_at >= week.starts, posts.c.published_at < week.ends)
        .where(posts.c.kind.in_(LETTERS))
        .group_by(posts.c.kind)
    )
    return {row.kind: row.lines for row in rows}


def _engines(conn: Connection, school: str, week: Week) -> tuple[str, ...]:
    rows = conn.execute(
        select(assessments.c.engine)
        .join(posts, CURRENT)
        .where(commented(school, week.starts, week.ends))
        .distinct()
        .order_by(assessments.c.engine)
    )
    return tuple(row.engine for row in rows)


def _alerts(conn: Connection, school: str, week: Week) -> Iterator[AlertRow]:
    rows = conn.execute(
        select(alerts)
        .where(alerts.c.school == school, alerts.c.opened_at < week.ends)
        .where(or_(alerts.c.closed_at.is_(None), alerts.c.closed_at >= week.starts))
        .order_by(alerts.c.opened_at)
    )
    for row in rows:
        yield AlertRow(row.words, row.opened_at, row.closed_at)


def signature(conn: Connection, school: str, week: Week) -> Signature | None:
    """Who signed this week's report last: a row of the audit is the signature, nothing else."""
    log = audit.audit_log
    row = conn.execute(
        select(log.c.at, log.c.detail)
        .where(log.c.school == school, log.c.action == SIGN, log.c.object == str(week))
        .order_by(log.c.seq.desc())
        .limit(1)
    ).first()
    return Signature(row.detail["name"], row.at, row.detail["fingerprint"]) if row else None
