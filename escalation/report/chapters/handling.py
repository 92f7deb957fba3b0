"""The chapter on handling 告知与签收: who was told, who signed in time, by role; reports and their times; silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from escalation import people
from escalation.duty import proxy
from escalation.incident import incidents
from escalation.notice import GROUP, KIND_WORDS, NoticeKind, calls, notices
from escalation.notice.withdrawal import ANSWERED_BY_AN_ACT
from escalation.people import DUTY_LEAD, HANDLER, TITLES
from escalation.report import picks, words
from escalation.report.chapter import Chapter, Written
from escalation.report.folded import NOTHING
from escalation.report.items import Cell, Items, notice_items
from escalation.report.rows import ClockRow, NoticeRow, WeekRows
from escalation.report.week import Week
from escalation.telephone import REACHED

ANEW = frozenset({NoticeKind.FIRST, NoticeKind.RAISED, NoticeKind.DANGER, NoticeKind.REOPENED, NoticeKind.ASSIGNED})
"""Kinds by which somebody is told of the matter itself; a reminder and the word of a silence are counted apart."""
HEAD = ("通知", "事件", "收件人", "职务", "何事", "写于", "送达")
CLOCK_HEAD = ("事项", "事件", "责任单位", "应于", "办于", "用时", "依据")
OTHERS = "其他职务"
ROLES = {str(role): title for role, title in TITLES.items()} | {DUTY_LEAD: "带班领导", HANDLER: "受托办理人"}


@dataclass(frozen=True, slots=True)
class Telling:
    """A notice to a person, of the week's incidents. `reached_at`: a channel took it or a call reached; else None.

    `idle`: nobody handled the matter after a signature. `silent`: for a notice of kind 逐级上报 the role of whoever was
    silent or could not be reached.
    """

    id: int
    incident_id: int
    number: str
    kind: NoticeKind
    role: str
    person: str
    office: str
    created_at: datetime
    reached_at: datetime | None
    silent: str = ""
    idle: bool = False


@dataclass(frozen=True, slots=True)
class RoleLine:
    """One line of the table by role; the figures are keys of the chapter's lists."""

    title: str
    key: str
    in_time: int
    signed: int
    took: timedelta | None


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of the table of reports and duties (首报, 情况说明, …): `took` is the median from opening to done."""

    title: str
    key: str
    took: timedelta | None
    default: bool


def fetch(conn: Connection, school: str, week: Week) -> tuple[Telling, ...]:
    """The notices to persons whose incident was not over before the week, written before its end."""
    mine = _of(school, week)
    called = _calls(conn, mine)
    person = people.people
    rows = conn.execute(
        select(notices, person.c.name)
        .join(incidents, incidents.c.id == notices.c.incident_id)
        .outerjoin(person, and_(person.c.school == notices.c.school, person.c.id == notices.c.addressee))
        .where(mine, notices.c.addressee != GROUP, notices.c.created_at < week.ends)
        .order_by(notices.c.created_at, notices.c.id)
    ).all()
    role_of = {row.id: row.role for row in rows}
    return tuple(
        Telling(
            row.id, row.incident_id, row.number, NoticeKind(row.kind), row.role, row.name or row.addressee, row.office,
            row.created_at, _reached(row.sent_at, called.get((row.incident_id, row.addressee), ()), row.created_at),
            role_of.get(_original(row.step), "") if row.kind == NoticeKind.ESCALATED else "",
            row.step.startswith(ANSWERED_BY_AN_ACT),
        )
        for row in rows
    )  # fmt: skip


def _of(school: str, week: Week) -> ColumnElement[bool]:
    lasting = or_(incidents.c.closed_at.is_(None), incidents.c.closed_at >= week.starts)
    return and_(incidents.c.school == school, incidents.c.opened_at < week.ends, lasting)


def _calls(conn: Connection, mine: ColumnElement[bool]) -> dict[tuple[int, str], list[datetime]]:
    """When a telephone call reached somebody, by incident and person."""
    found: dict[tuple[int, str], list[datetime]] = {}
    rows = conn.execute(
        select(notices.c.incident_id, calls.c.person_id, calls.c.recorded_at)
        .join(notices, notices.c.id == calls.c.notice_id)
        .join(incidents, incidents.c.id == notices.c.incident_id)
        .where(mine, calls.c.outcome.in_(sorted(REACHED)), calls.c.recorded_at.is_not(None))
    )
    for row in rows:
        found.setdefault((row.incident_id, row.person_id), []).append(row.recorded_at)
    return found


def _reached(sent_at: datetime | None, called: Sequence[datetime], since: datetime) -> datetime | None:
    """When the addressee was first reached: by a channel, or by a call since the notice was written."""
    known = [at for at in (sent_at, *(at for at in called if at >= since)) if at is not None]
    return min(known, default=None)


def _original(step: str) -> int:
    """The notice whose silence a step is about (`tell:17:rung:2`); 0 where it names none."""
    number = step.split(":")[1] if step.startswith("tell:") else ""
    return int(number) if number.isdigit() else 0


def write(found: Sequence[Telling], rows: WeekRows, now: datetime) -> Written:
    """The chapter of one week."""
    held = picks.by_id(rows)
    week = [one for one in found if one.incident_id in held and rows.week.holds(one.created_at)]
    told = [one for one in week if one.kind in ANEW]
    lists = {
        "told": _tellings("本周告知", rows, told),
        "reached": _tellings("本周告知并已送达", rows, [one for one in told if one.reached_at]),
        "unreached": _tellings("本周告知尚未送达", rows, [one for one in told if not one.reached_at]),
        "reminded": _tellings("本周催签", rows, _kind(week, NoticeKind.REMINDER)),
        "escalated": _tellings("本周逐级上报", rows, _kind(week, NoticeKind.ESCALATED)),
        "idle": _tellings("本周签收后无人办理而重新计时", rows, [one for one in week if one.idle]),
        "bulletins": _tellings("本周情况报告（首报、续报、终报）", rows, _kind(week, NoticeKind.REPORT)),
    }
    roles = _by_role(week, told, found, rows, now, lists)
    reports = _by_report(rows, now, lists)
    first = [one.reached_at - held[one.incident_id].detected_at for one in _firsts(told) if one.reached_at]
    said = {"roles": roles, "reports": reports, "first_told": words.middle(first)}
    return Written(lists, said, frozenset({"told", "reminded", "escalated"}))


def _kind(found: Sequence[Telling], kind: NoticeKind) -> list[Telling]:
    return [one for one in found if one.kind is kind]


def _firsts(told: Sequence[Telling]) -> Iterator[Telling]:
    """Per incident, the first notice of its opening that reached anybody."""
    done: set[int] = set()
    reached = [one for one in told if one.kind is NoticeKind.FIRST and one.reached_at is not None]
    for one in sorted(reached, key=lambda one: (one.reached_at or one.created_at, one.id)):
        if one.incident_id not in done:
            done.add(one.incident_id)
            yield one


def _by_role(
    week: Sequence[Telling], told: Sequence[Telling], found: Sequence[Telling], rows: WeekRows, now: datetime,
    lists: dict[str, Items],
) -> list[RoleLine]:  # fmt: skip
    """The lines of the table by role; their lists are put among the chapter's. An office that only the school's
    document has (TF 16) stands under its own name; who has no role joins the rest.
    """
    role_of = {one.id: one.role for one in found}
    late = picks.signed_late(rows, now)
    lines = []
    further = sorted(({*role_of.values()} | {one.silent for one in week}) - {*ROLES, ""})
    for role, title in (*ROLES.items(), *((one, OTHERS) for one in further), ("", OTHERS)):
        own = [one for one in told if role_of[one.id] == role]
        must = [one for one in picks.must_sign(rows) if role_of.get(one.id, "") == role]
        in_time = [one for one in picks.in_time(rows) if role_of.get(one.id, "") == role]
        overdue = [one for one in late if role_of.get(one.id, "") == role]
        reminded = [one for one in week if one.kind is NoticeKind.REMINDER and role_of[one.id] == role]
        escalated = [one for one in week if one.kind is NoticeKind.ESCALATED and one.silent == role]
        if not (own or must or reminded or escalated):
            continue
        spoken = [one for one in (own or week) if role and role_of[one.id] == role]
        key = role or "others"
        title = _called(title, [one.office for one in spoken if one.kind is not NoticeKind.ASSIGNED])
        lists |= {
            f"told-{key}": _tellings(f"本周告知：{title}", rows, own),
            f"must-{key}": notice_items(f"应签收：{title}", rows, must),
            f"in-time-{key}": notice_items(f"按时签收：{title}", rows, in_time),
            f"late-{key}": notice_items(f"逾期签收或未签收：{title}", rows, overdue),
            f"reminded-{key}": _tellings(f"本周催签：{title}", rows, reminded),
            f"escalated-{key}": _tellings(f"因{title}未签或未能送达而逐级上报", rows, escalated),
        }
        lines.append(RoleLine(title, key, len(in_time), len(in_time) + len(overdue), _took(must)))
    return lines


def _called(title: str, offices: Sequence[str]) -> str:
    """A role under the school's own name for it, as most of the week's notices told it; else its plain title."""
    named = Counter(proxy.office_of(one) for one in offices if one)
    return max(named, key=lambda name: (named[name], name), default=title)


def _took(must: Sequence[NoticeRow]) -> timedelta | None:
    return words.middle(one.signed_at - one.created_at for one in must if one.signed_at is not None)


def _by_report(rows: WeekRows, now: datetime, lists: dict[str, Items]) -> list[ReportLine]:
    """The clocks that were due in the week, by what they ask for, the first due first."""
    held = picks.by_id(rows)
    due = [one for one in rows.clocks if one.incident_id in held and rows.week.holds(one.due_at)]
    lines = []
    for n, title in enumerate(dict.fromkeys(one.words for one in due), start=1):
        own = [one for one in due if one.words == title]
        done = {one.id: picks.done_at(one, held[one.incident_id]) for one in own}
        in_time = [one for one in own if (at := done[one.id]) is not None and at <= one.due_at]
        late = [one for one in own if one.due_at < (done[one.id] or now)]
        lists |= {
            f"due-{n}": _clocks(f"应办：{title}", rows, own, done),
            f"done-{n}": _clocks(f"按时办：{title}", rows, in_time, done),
            f"overdue-{n}": _clocks(f"逾期：{title}", rows, late, done),
        }
        spans = [at - held[one.incident_id].opened_at for one in own if (at := done[one.id]) is not None]
        lines.append(ReportLine(title, str(n), words.middle(spans), any(one.default for one in own)))
    return lines


def _clocks(title: str, rows: WeekRows, found: Sequence[ClockRow], done: dict[int, datetime | None]) -> Items:
    held = picks.by_id(rows)
    lines = []
    for one in found:
        case, at = held[one.incident_id], done[one.id]
        lines.append(
            (
                Cell(one.words),
                Cell(picks.title_of(case), "" if case.care else f"/incidents/{case.number}"),
                Cell(case.unit),
                Cell(words.month_day_time(one.due_at)),
                Cell(words.month_day_time(at) if at else "未办"),
                Cell(words.span(at - case.opened_at) if at else "—"),
                Cell(one.article or ("系统默认，非校规" if one.default else "")),
            )
        )
    return Items(title, CLOCK_HEAD, tuple(lines), len(lines))


def _tellings(title: str, rows: WeekRows, found: Sequence[Telling]) -> Items:
    held = picks.by_id(rows)
    lines = []
    for one in found:
        case = held[one.incident_id]
        lines.append(
            (
                Cell(NOTHING) if case.care else Cell(one.number, f"/incidents/{case.number}"),
                Cell(picks.title_of(case)),
                Cell(NOTHING if case.care else one.person),
                Cell(NOTHING if case.care else one.office),
                Cell(KIND_WORDS[one.kind]),
                Cell(words.day_time(one.created_at)),
                Cell(words.month_day_time(one.reached_at) if one.reached_at else "未送达"),
            )
        )
    return Items(title, HEAD, tuple(lines), len(lines))


CHAPTER = Chapter("handling", fetch, write)
