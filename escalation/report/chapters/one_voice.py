"""The chapter on one voice 统一发声: holds and who confirmed them, statements, relays, and what followed a release."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from escalation.report import picks, words
from escalation.report.chapter import Chapter, Written
from escalation.report.items import Cell, Items
from escalation.report.rows import IncidentRow, WeekRows
from escalation.report.week import Week
from escalation.voice import hold
from escalation.voice.approval import approvals
from escalation.voice.effect import Said, effect_at, said_of
from escalation.voice.hold import hold_accounts, hold_confirmations, holds
from escalation.voice.relay import relays
from escalation.voice.release import releases
from escalation.voice.state import HOLD, RELAY, STATEMENT, HoldState, RelayState, StatementState
from escalation.voice.statement import Kind, statements
from escalation.voice.subject import read
from stream.account import book

EFFECTS = 6
"""Releases whose effect the paper prints; the rest is behind the figure."""


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold that stood in the week. `confirmed` of `accounts`: for its newest subject."""

    id: int
    incident_id: int
    said: str
    begun_at: datetime
    ended_at: datetime | None
    why: str
    state: HoldState
    accounts: int
    confirmed: int
    basis: str


@dataclass(frozen=True, slots=True)
class OutRow:
    """A version that was released in the week, or by which it was decided to say nothing, or that was withdrawn in it.

    `at`: when it was posted or decided. `ended_at`: when it was superseded or withdrawn. `said`: comments around it.
    """

    id: int
    incident_id: int
    n: int
    kind: Kind
    state: StatementState
    at: datetime
    ended_at: datetime | None
    why: str
    account: str
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class RelayRow:
    """One account's relay that was due in the week."""

    id: int
    incident_id: int
    n: int
    account: str
    unit: str
    due_at: datetime
    done_at: datetime | None
    state: RelayState


Rows = tuple[tuple[HoldRow, ...], tuple[OutRow, ...], tuple[RelayRow, ...]]


@dataclass(frozen=True, slots=True)
class EffectLine:
    """What followed one release, in sentences with their uncertainty."""

    number: str
    title: str
    n: int
    at: datetime
    volume: str
    polarity: str


def fetch(conn: Connection, school: str, week: Week) -> Rows:
    """What stood, went out or was due in the week."""
    return _holds(conn, school, week), _outs(conn, school, week), _relays(conn, school, week)


def _holds(conn: Connection, school: str, week: Week) -> tuple[HoldRow, ...]:
    lasting = or_(holds.c.ended_at.is_(None), holds.c.ended_at >= week.starts)
    rows = conn.execute(
        select(holds).where(holds.c.school == school, holds.c.begun_at < week.ends, lasting).order_by(holds.c.id)
    )
    return tuple(_hold(conn, row) for row in rows.all())


def _hold(conn: Connection, row: Row[Any]) -> HoldRow:
    newest = hold.current(conn, row.id)
    of = conn.execute(
        select(func.count(hold_accounts.c.account_id.distinct())).where(hold_accounts.c.hold_id == row.id)
    ).scalar_one()
    done = conn.execute(
        select(func.count(hold_confirmations.c.account_id.distinct()))
        .where(hold_confirmations.c.hold_id == row.id, hold_confirmations.c.n == newest.n)
    ).scalar_one()  # fmt: skip
    return HoldRow(
        row.id, row.incident_id, read(newest.subject).said(), row.begun_at, row.ended_at, row.ended_why or "",
        HoldState(row.state), int(of), int(done), row.basis,
    )  # fmt: skip


def _outs(conn: Connection, school: str, week: Week) -> tuple[OutRow, ...]:
    decided = (
        select(approvals.c.statement_id, func.max(approvals.c.decided_at).label("at"))
        .where(approvals.c.decision == "approved")
        .group_by(approvals.c.statement_id)
        .subquery()
    )
    rows = conn.execute(
        select(statements, releases.c.posted_at, releases.c.account_id, decided.c.at.label("decided_at"))
        .outerjoin(releases, releases.c.statement_id == statements.c.id)
        .outerjoin(decided, decided.c.statement_id == statements.c.id)
        .where(statements.c.school == school, decided.c.at < week.ends)
        .where(or_(releases.c.posted_at.is_not(None), statements.c.kind == Kind.SILENCE))
        .where(or_(statements.c.ended_at.is_(None), statements.c.ended_at >= week.starts))
        .order_by(statements.c.id)
    ).all()  # fmt: skip
    known = book(conn, school)
    found = []
    for row in rows:
        at = row.posted_at or row.decided_at
        if row.kind == Kind.SILENCE and row.state not in (StatementState.DECIDED, *_ENDED):
            continue
        said = said_of(conn, row.incident_id, at) if row.posted_at and week.holds(at) else ()
        name = known[row.account_id].name if row.account_id in known else ""
        found.append(
            OutRow(row.id, row.incident_id, row.n, Kind(row.kind), StatementState(row.state), at, row.ended_at,
                   row.ended_why or "", name, said)
        )  # fmt: skip
    return tuple(found)


_ENDED = (StatementState.SUPERSEDED, StatementState.WITHDRAWN)


def _relays(conn: Connection, school: str, week: Week) -> tuple[RelayRow, ...]:
    known = book(conn, school)
    rows = conn.execute(
        select(relays, statements.c.incident_id, statements.c.n)
        .join(statements, statements.c.id == relays.c.statement_id)
        .where(statements.c.school == school, relays.c.due_at >= week.starts, relays.c.due_at < week.ends)
        .order_by(relays.c.due_at, relays.c.id)
    )
    return tuple(
        RelayRow(
            row.id, row.incident_id, row.n, known[row.account_id].name if row.account_id in known else row.account_id,
            known[row.account_id].unit if row.account_id in known else "", row.due_at, row.done_at,
            RelayState(row.state),
        )
        for row in rows
    )  # fmt: skip


def write(found: Rows, rows: WeekRows, now: datetime) -> Written:
    """The chapter of one week."""
    held_by = picks.by_id(rows)
    stood = [one for one in found[0] if one.incident_id in held_by]
    outs = [one for one in found[1] if one.incident_id in held_by]
    asked = [one for one in found[2] if one.incident_id in held_by]
    week = rows.week
    begun = [one for one in stood if week.holds(one.begun_at)]
    ended = [one for one in stood if one.ended_at is not None and week.holds(one.ended_at)]
    out = [one for one in outs if one.kind is Kind.STATEMENT and week.holds(one.at)]
    silent = [one for one in outs if one.kind is Kind.SILENCE and week.holds(one.at)]
    back = [one for one in outs if one.state is StatementState.WITHDRAWN and one.ended_at and week.holds(one.ended_at)]
    wanted = [one for one in asked if one.state not in (RelayState.EXCUSED, RelayState.CALLED_OFF)]
    in_time = [one for one in wanted if one.done_at is not None and one.done_at <= one.due_at]
    late = [one for one in wanted if one not in in_time and one.due_at < (one.done_at or now)]
    lists = {
        "begun": _hold_items("本周开始的暂停发声", rows, begun),
        "ended": _hold_items("本周结束的暂停发声", rows, ended),
        "standing": _hold_items("仍在暂停发声的", rows, [one for one in stood if one.state is HoldState.STANDING]),
        "unconfirmed": _hold_items("账号未全部确认的", rows, [one for one in begun if one.confirmed < one.accounts]),
        "released": _out_items("本周发布的口径", rows, out),
        "silent": _out_items("本周决定不公开回应的", rows, silent),
        "withdrawn": _out_items("本周撤回的口径", rows, back),
        "relays": _relay_items("本周应转发", rows, wanted),
        "relayed": _relay_items("按时转发", rows, in_time),
        "relays-late": _relay_items("逾期转发或未转发", rows, late),
    }
    effects = [_effect(one, held_by[one.incident_id], now) for one in out]
    said = {"effects": effects[:EFFECTS], "relayed": len(in_time), "due": len(in_time) + len(late)}
    return Written(lists, said, frozenset({"begun"}))


def _effect(one: OutRow, case: IncidentRow, now: datetime) -> EffectLine:
    made = effect_at(one.said, one.at, now)
    return EffectLine(case.number, picks.title_of(case), one.n, one.at, made.volume, made.polarity)


def _place(case: IncidentRow) -> tuple[Cell, Cell]:
    return Cell(case.number, "" if case.care else f"/statements/{case.number}"), Cell(picks.title_of(case))


def _items(title: str, head: Sequence[str], lines: Sequence[tuple[Cell, ...]]) -> Items:
    return Items(title, ("编号", "事件", *head), tuple(lines), len(lines))


def _when(at: datetime | None, none: str) -> str:
    return words.month_day_time(at) if at is not None else none


def _hold_items(title: str, rows: WeekRows, found: Sequence[HoldRow]) -> Items:
    held: Callable[[int], IncidentRow] = picks.by_id(rows).__getitem__
    lines = [
        (*_place(held(one.incident_id)), Cell("不列" if held(one.incident_id).care else one.said),
         Cell(words.month_day_time(one.begun_at)), Cell(_when(one.ended_at, HOLD.state_words[one.state])),
         Cell(one.why or "—"), Cell(f"{one.confirmed} / {one.accounts}"), Cell(one.basis))
        for one in found
    ]  # fmt: skip
    return _items(title, ("内容", "开始", "结束", "原因", "确认账号", "依据"), lines)


def _out_items(title: str, rows: WeekRows, found: Sequence[OutRow]) -> Items:
    held = picks.by_id(rows)
    lines = [
        (*_place(held[one.incident_id]), Cell(f"第 {one.n} 版"), Cell(words.month_day_time(one.at)),
         Cell(one.account or "—"), Cell(STATEMENT.state_words[one.state]), Cell(one.why or "—"))
        for one in found
    ]  # fmt: skip
    return _items(title, ("版次", "时间", "账号", "现状", "原因"), lines)


def _relay_items(title: str, rows: WeekRows, found: Sequence[RelayRow]) -> Items:
    held = picks.by_id(rows)
    lines = [
        (*_place(held[one.incident_id]), Cell(f"第 {one.n} 版"), Cell(one.account), Cell(one.unit),
         Cell(words.month_day_time(one.due_at)), Cell(_when(one.done_at, "未转发")), Cell(RELAY.state_words[one.state]))
        for one in found
    ]  # fmt: skip
    return _items(title, ("版次", "账号", "单位", "应于", "转于", "现状"), lines)


CHAPTER = Chapter("one_voice", fetch, write)
