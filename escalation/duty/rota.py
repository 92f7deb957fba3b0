"""Rota 值班表: the shifts that are to come, saved whole or refused. Where a clause demands 24 hours (JY 第十三条, ZG
第十四条) a rota that leaves a hole in the coming 30 days is refused with the holes named; elsewhere the holes are said.

An import replaces the coming shifts within the span it speaks of, monitors and 带班领导 each for themselves; a shift
that runs over into it ends where it begins. Each saving is an edition: who, when, how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, Row, Table, delete, func, insert, select, update

from escalation import audit
from escalation.clock_words import SHANGHAI, hours
from escalation.duty import calendar
from escalation.duty.calendar import SpecialDay
from escalation.duty.coverage import AHEAD, Span, Turn, holes, holes_ahead, say, turns
from escalation.duty.leave import EDITORS, known
from escalation.incident import Actor
from escalation.people import shifts
from escalation.procedure.desk_duty import DeskDuty
from escalation.state_table import IllegalStep
from stream.store import metadata
from stream.store.types import Moment, Serial, Word

LONGEST_TURN = timedelta(days=31)
NAME_MOST = 32
REFUSED = "未来 30 日的值班表还有空档：{holes}。{label}要求 24 小时监控，未作任何更改；请补齐空档后再{what}。"
WORSE = "这样改会留下空档：{holes}。{label}要求 24 小时监控，未作任何更改；请先安排接替的人。"

BY_ROSTER = "roster"
"""The source of shifts that the settings' own roster gave."""

editions = Table(
    "rota_editions",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("source", Word(16), nullable=False),
    Column("name", Word(120), nullable=False),
    Column("digest", Word(64), nullable=False),
    Column("by", Word(64), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("shifts", Integer, nullable=False),
    Index(None, "school", "id"),
)
"""What was entered last: by the settings' file (`roster`), a file at the desk (`import`), or by hand (`change`)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Shifts to come and special days, as a file gives them."""

    turns: tuple[Turn, ...] = ()
    days: tuple[SpecialDay, ...] = ()


def may_keep(actor: Actor) -> bool:
    """Whether the actor keeps the rota."""
    return actor.roles is None or bool(actor.roles & EDITORS)


def _must(actor: Actor) -> None:
    if not may_keep(actor):
        raise IllegalStep("值班表由系统管理员或宣传部维护。未作任何更改。")


def save(
    conn: Connection, school: str, desk: DeskDuty, actor: Actor, now: datetime, plan: Plan, name: str, digest: str = ""
) -> list[Span]:
    """Take a plan in; gives the holes it leaves where no clause forbids them. Raises IllegalStep."""
    _must(actor)
    coming = [one for one in plan.turns if one.ends_at > now]
    if not coming and not plan.days:
        raise IllegalStep("文件里没有尚未结束的班次。未作任何更改。")
    _take_turns(conn, school)
    kept = _outside(conn, school, coming, now)
    left = holes_ahead(conn, school, now, [*kept, *coming])
    if left and desk.around_the_clock:
        raise IllegalStep(REFUSED.format(holes=say(left, now), label=desk.label, what="导入"))
    calendar.enter(conn, school, plan.days)
    if coming:
        for leads, (first, last) in _reach(coming).items():
            over = (shifts.c.starts_at < first) & (shifts.c.ends_at > first) & (shifts.c.leads == leads)
            conn.execute(update(shifts).where(shifts.c.school == school, over).values(ends_at=first))
            conn.execute(
                delete(shifts).where(
                    shifts.c.school == school, shifts.c.ends_at > now, shifts.c.starts_at >= first,
                    shifts.c.starts_at < last, shifts.c.leads == leads,
                )
            )  # fmt: skip
        insert_turns(conn, school, coming)
    _written(conn, school, "import", name, digest, actor, now, len(coming))
    return left


def _take_turns(conn: Connection, school: str) -> None:
    """Two who save at once take turns: the newest edition is held until the transaction ends."""
    conn.execute(
        select(editions.c.id).where(editions.c.school == school).order_by(editions.c.id.desc()).limit(1)
        .with_for_update()
    )  # fmt: skip


def _reach(planned: Sequence[Turn]) -> dict[bool, Span]:
    """The span that a plan speaks of, apart for monitors (False) and for 带班领导 (True)."""
    kinds = {leads: [one for one in planned if one.leads == leads] for leads in (False, True)}
    return {
        leads: (min(one.starts_at for one in some), max(one.ends_at for one in some))
        for leads, some in kinds.items() if some
    }  # fmt: skip


def _outside(conn: Connection, school: str, planned: Sequence[Turn], now: datetime) -> list[Turn]:
    """The coming shifts that the plan does not replace; one that runs over into its span ends there."""
    standing = turns(conn, school, now, now + AHEAD)
    if not planned:
        return standing
    spans = _reach(planned)
    kept = []
    for one in standing:
        first, last = spans.get(one.leads, (one.ends_at, one.ends_at))
        if one.starts_at < first:
            kept.append(replace(one, ends_at=min(one.ends_at, first)))
        elif one.starts_at >= last:
            kept.append(one)
    return kept


def insert_turns(conn: Connection, school: str, planned: Sequence[Turn]) -> None:
    """Put shifts in, as they are."""
    conn.execute(
        insert(shifts),
        [
            {"school": school, "person_id": one.person, "starts_at": one.starts_at, "ends_at": one.ends_at,
             "leads": one.leads}
            for one in planned
        ],
    )  # fmt: skip


def add(conn: Connection, school: str, actor: Actor, now: datetime, turn: Turn) -> None:
    """Add one shift. Raises IllegalStep."""
    _must(actor)
    who = known(conn, school, turn.person)
    if turn.ends_at <= turn.starts_at:
        raise IllegalStep("结束不晚于开始。未作任何更改，请更正。")
    if turn.ends_at <= now:
        raise IllegalStep("这一班已经过去。未作任何更改。")
    if turn.ends_at - turn.starts_at > LONGEST_TURN:
        raise IllegalStep(f"一班至多 {LONGEST_TURN.days} 天。未作任何更改，请分成几班。")
    _take_turns(conn, school)
    other = next((one for one in turns(conn, school, turn.starts_at, turn.ends_at) if one.person == turn.person), None)
    if other is not None:
        raise IllegalStep(
            f"{who.name}在 {hours(other.starts_at, other.ends_at, now)} 已有一班，与此重叠。未作任何更改。"
        )
    insert_turns(conn, school, [turn])
    _written(conn, school, "change", f"加班次 {who.name} {hours(turn.starts_at, turn.ends_at, now)}", "", actor, now, 1)


def remove(conn: Connection, school: str, desk: DeskDuty, actor: Actor, now: datetime, shift_id: int) -> None:
    """Take one shift out; refused where a clause demands 24 hours and this leaves a hole. Raises IllegalStep."""
    _must(actor)
    _take_turns(conn, school)
    row = _shift(conn, school, shift_id, now)
    before = holes_ahead(conn, school, now)
    conn.execute(delete(shifts).where(shifts.c.id == shift_id))
    _must_not_be_worse(conn, school, desk, before, now)
    words = f"删班次 {hours(row.starts_at, row.ends_at, now)}"
    _written(conn, school, "change", words, "", actor, now, 0, person=row.person_id)


def _must_not_be_worse(conn: Connection, school: str, desk: DeskDuty, before: Sequence[Span], now: datetime) -> None:
    """Raises IllegalStep where a clause demands 24 hours and there is a hole that was not there before."""
    worse = [one for one in holes_ahead(conn, school, now) if one not in before] if desk.around_the_clock else []
    if worse:
        raise IllegalStep(WORSE.format(holes=say(worse, now), label=desk.label))


def give(
    conn: Connection, school: str, desk: DeskDuty, actor: Actor, now: datetime, shift_id: int, person_id: str
) -> None:
    """换班: let another person serve a shift. Raises IllegalStep."""
    _must(actor)
    who = known(conn, school, person_id)
    _take_turns(conn, school)
    row = _shift(conn, school, shift_id, now)
    clash = [one for one in turns(conn, school, row.starts_at, row.ends_at) if one.person == person_id]
    if clash:
        raise IllegalStep(f"{who.name}在这段时间已有一班。未作任何更改，请另选。")
    before = holes_ahead(conn, school, now)
    conn.execute(shifts.update().where(shifts.c.id == shift_id).values(person_id=person_id))
    _must_not_be_worse(conn, school, desk, before, now)
    words = f"换班 {hours(row.starts_at, row.ends_at, now)} 改由 {who.name}"
    _written(conn, school, "change", words, "", actor, now, 1, person=row.person_id, to=person_id)


def set_day(conn: Connection, school: str, actor: Actor, now: datetime, day: SpecialDay) -> None:
    """Enter one holiday or swapped working day; it wins over the State Council's arrangement. Shifts that are placed
    stay. Raises IllegalStep."""
    _must(actor)
    _must_come(day.day, now)
    if len(day.name) > NAME_MOST:
        raise IllegalStep(f"“名称”至多 {NAME_MOST} 字，现为 {len(day.name)} 字。未作任何更改。")
    calendar.enter(conn, school, [day])
    words = f"{day.day} 登记为{'上班' if day.working else '放假'} {day.name}".strip()
    _written(conn, school, "change", words, "", actor, now, 0)


def unset_day(conn: Connection, school: str, actor: Actor, now: datetime, day: date) -> None:
    """Take back what the school entered for a day: the arrangement, else the weekday, counts. Raises IllegalStep."""
    _must(actor)
    _must_come(day, now)
    if not calendar.forget(conn, school, day):
        raise IllegalStep(f"{day} 没有本校登记的安排，可能刚被撤销。未作任何更改，请刷新后再看。")
    _written(conn, school, "change", f"{day} 撤销本校登记的安排", "", actor, now, 0)


def _must_come(day: date, now: datetime) -> None:
    if day < now.astimezone(SHANGHAI).date():
        raise IllegalStep(f"{day} 已经过去。未作任何更改。")


def _shift(conn: Connection, school: str, shift_id: int, now: datetime) -> Row[Any]:
    row = conn.execute(select(shifts).where(shifts.c.school == school, shifts.c.id == shift_id)).first()
    if row is None:
        raise IllegalStep("没有这一班，可能刚被改动。未作任何更改，请刷新后再看。")
    if row.ends_at <= now:
        raise IllegalStep("这一班已经结束，不能改动。未作任何更改。")
    return row


def _written(
    conn: Connection, school: str, source: str, name: str, digest: str, actor: Actor, now: datetime, count: int,
    **more: str,
) -> None:  # fmt: skip
    note_edition(conn, school, source, name, digest, actor.id, now, count)
    audit.record(
        conn, school=school, now=now, actor=actor.id, action=f"duty.rota.{source}", subject=name[:60], ip=actor.ip,
        detail={"shifts": count} | more,
    )  # fmt: skip


def note_edition(
    conn: Connection, school: str, source: str, name: str, digest: str, by: str, now: datetime, count: int
) -> None:
    """Write down that shifts were entered."""
    conn.execute(
        insert(editions).values(
            school=school, source=source, name=name[:120], digest=digest, by=by, at=now, shifts=count
        )
    )


def scheduled(conn: Connection, school: str) -> bool:
    """Whether the school keeps a rota at all: shifts were entered at some time."""
    return conn.execute(select(shifts.c.id).where(shifts.c.school == school).limit(1)).first() is not None


def mark(conn: Connection, school: str) -> tuple[int, ...]:
    """What is another after the rota was changed: its newest edition and its shifts, counted."""
    row = conn.execute(
        select(func.count(), func.coalesce(func.max(shifts.c.id), 0),
               select(func.coalesce(func.max(editions.c.id), 0)).where(editions.c.school == school).scalar_subquery())
        .where(shifts.c.school == school)
    ).one()  # fmt: skip
    return tuple(map(int, row))


def newest(conn: Connection, school: str, source: str = "") -> Row[Any] | None:
    """The newest edition, of one source where it is named."""
    wanted = select(editions).where(editions.c.school == school).order_by(editions.c.id.desc()).limit(1)
    return conn.execute(wanted.where(editions.c.source == source) if source else wanted).first()


def leads_missing(conn: Connection, school: str, now: datetime) -> list[Span]:
    """Where the rota names 带班领导 at all: the holes in their line, over the days for which it names them."""
    leading = [one for one in turns(conn, school, now, now + AHEAD) if one.leads]
    if not leading:
        return []
    return holes([(one.starts_at, one.ends_at) for one in leading], now, max(one.ends_at for one in leading))
