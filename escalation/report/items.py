"""The items behind a figure: which list, which columns, which lines. Comments are listed without their words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from escalation.incident.state import STATE_WORDS
from escalation.report import picks, words
from escalation.report.folded import NOTHING
from escalation.report.picks import title_of
from escalation.report.rows import DeliveryRow, IncidentRow, NoticeRow, WeekRows
from escalation.report.unseen import Unseen, unseen, watched
from escalation.report.words import ROMAN, day_time, span


@dataclass(frozen=True, slots=True)
class Fig:
    """One figure and the name of the list behind it (`/reports/{week}/items/{what}`)."""

    value: int
    what: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, and a path of this site where it leads somewhere."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list behind a figure. `total` is the figure, also where `lines` are one page of it."""

    title: str
    head: tuple[str, ...]
    lines: tuple[tuple[Cell, ...], ...]
    total: int
    note: str = ""


Lister = Callable[[WeekRows, datetime], Items]
CASE_HEAD = ("级别", "编号", "事件", "责任单位", "立事件", "状态", "评论")
NOTICE_HEAD = ("通知", "收件人", "职务", "应签", "实签", "用时", "依据")


def _case(one: IncidentRow) -> tuple[Cell, ...]:
    mark = f"（{one.mark}）" if one.mark else ""
    state = STATE_WORDS[one.state] + (f"：{one.dismissal}" if one.dismissal else "")
    return (
        Cell(f"{ROMAN[one.level]}级"),
        Cell(one.number, "" if one.care else f"/incidents/{one.number}"),
        Cell(title_of(one) + mark),
        Cell(one.unit),
        Cell(day_time(one.opened_at)),
        Cell(state),
        Cell("—" if one.care else words.thousands(one.comments)),
    )


def _cases(title: str, found: Sequence[IncidentRow], note: str = "") -> Items:
    return Items(title, CASE_HEAD, tuple(_case(one) for one in found), len(found), note)


def notice_items(title: str, rows: WeekRows, found: Sequence[NoticeRow]) -> Items:
    """Notices to be signed, as a list."""
    held = picks.by_id(rows)
    lines = []
    for one in found:
        case = held[one.incident_id]
        basis = one.article or ("系统默认，非校规" if one.default else one.basis)
        took = span(one.signed_at - one.created_at) if one.signed_at else "—"
        lines.append(
            (
                Cell(one.number, "" if case.care else f"/incidents/{case.number}"),
                Cell(one.person),
                Cell(one.office),
                Cell(day_time(one.sign_by)),
                Cell(day_time(one.signed_at) if one.signed_at else "未签"),
                Cell(took),
                Cell(basis),
            )
        )
    return Items(title, NOTICE_HEAD, tuple(lines), len(found))


def _late(rows: WeekRows, now: datetime) -> Items:
    found = picks.late_items(rows, now)
    lines = tuple(
        (
            Cell(one.what),
            Cell(title_of(one.incident), "" if one.incident.care else f"/incidents/{one.incident.number}"),
            Cell(one.unit),
            Cell(day_time(one.due_at)),
            Cell(day_time(one.done_at) if one.done_at else "未办"),
            Cell(span(one.late) if one.late is not None else f"已逾 {span(now - one.due_at)}"),
            Cell(one.article or ("系统默认，非校规" if one.default else "")),
        )
        for one in found
    )
    return Items("逾期事项", ("事项", "事件", "责任单位", "应于", "实于", "迟", "依据"), lines, len(found))


def _delivery(one: DeliveryRow) -> tuple[Cell, ...]:
    return (
        Cell(one.notice, "" if one.notice == NOTHING else f"/deliveries?q={one.notice}"),
        Cell(f"{one.office} {one.person}".strip()),
        Cell(words.channel(one.channel)),
        Cell(day_time(one.created_at)),
        Cell(str(one.attempts)),
        Cell(one.reason or "未说明"),
        Cell("已由其他途径送达" if one.reached else "未送达"),
    )


def _failed(rows: WeekRows) -> Items:
    found = picks.failed(rows)
    head = ("通知", "收件人", "通道", "时间", "次数", "原因", "结果")
    return Items("未送达的通知", head, tuple(_delivery(one) for one in found), len(found))


def _state(blind: Unseen | None) -> str:
    if blind is None:
        return "全程看全"
    said = [f"自 {day_time(blind.since)} 起采集"] if blind.since else []
    said.append(f"盲 {span(blind.total)}" if blind.spans else words.LAMPS[blind.state])
    if blind.missing:
        said.append(f"少见 {words.thousands(blind.missing)} 条")
    return "，".join(said)


def _accounts(rows: WeekRows, now: datetime, *, whole_only: bool) -> Items:
    worst = {one.account.id: one for one in unseen(rows, now)}
    shown = [one for one in watched(rows, now) if not (whole_only and one.id in worst)]
    lines = []
    for one in shown:
        blind = worst.get(one.id)
        route = words.ROUTES.get(one.route, one.route)
        lines.append(
            (
                Cell(one.name, f"/accounts?unit={quote(one.unit, safe='')}"),
                Cell(words.platform(one.platform)),
                Cell(one.unit),
                Cell(route),
                Cell(_state(blind)),
                Cell(blind.reason if blind else ""),
            )
        )
    title = "全程看全的账号" if whole_only else "在册账号"
    head = ("账号", "平台", "主办单位", "途径", "本周", "原因")
    return Items(title, head, tuple(lines), len(shown))


CASES: dict[str, tuple[str, Callable[[WeekRows], Sequence[IncidentRow]], str]] = {
    "opened": ("本周立事件", picks.opened, ""),
    "closed": ("本周销号", picks.closed, ""),
    "false-alarms": ("本周记为误报", picks.dismissed, ""),
    "ongoing": ("尚未了结的事件", picks.ongoing, ""),
    "tabled": ("Ⅲ级以上事件", picks.tabled, ""),
    "care": ("关爱个案", picks.care, "只列数目与时间，不列详情。"),
    "apart": ("演练与试运行", picks.set_apart, "只作记录，不计入任何数字。"),
    "unauthorised": ("擅自发声", picks.unauthorised, ""),
    "answered": ("已对外回应的事件", picks.answered, ""),
}
"""Lists of incidents: title, which, and a note."""
LISTS: dict[str, Lister] = {
    "must-sign": lambda rows, _: notice_items("应签收的通知", rows, picks.must_sign(rows)),
    "signed-in-time": lambda rows, _: notice_items("按时签收的通知", rows, picks.in_time(rows)),
    "signed-late": lambda rows, now: notice_items("逾期签收或未签收的通知", rows, picks.signed_late(rows, now)),
    "not-due": lambda rows, now: notice_items("未到期的通知", rows, picks.not_due(rows, now)),
    "late": _late,
    "failed-deliveries": lambda rows, _: _failed(rows),
    "accounts": lambda rows, now: _accounts(rows, now, whole_only=False),
    "seen-whole": lambda rows, now: _accounts(rows, now, whole_only=True),
}
"""Every other list that is made from the rows of the week; lists of comments come from `behind`."""


def items(rows: WeekRows, what: str, now: datetime) -> Items | None:
    """The list of this name; None where there is none."""
    if what.startswith("level-") and what[6:] in ("1", "2", "3", "4"):
        level = int(what[6:])
        return _cases(f"本周立事件：{ROMAN[level]}级", picks.opened(rows, level))
    if what in CASES:
        title, pick, note = CASES[what]
        return _cases(title, pick(rows), note)
    lister = LISTS.get(what)
    return lister(rows, now) if lister else None
