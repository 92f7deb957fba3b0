"""The daily letter: what waits for an answer, one letter to each keeper and one to the 宣传部 (系统默认，非校规).

A clock that sets itself anew while anything waits. Counts and numbers only: no words of anybody leave by it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from escalation import people, timer
from escalation.clock_words import SHANGHAI
from escalation.consultation import consultations
from escalation.consultation.clock import basis_of, keepers, name_of
from escalation.consultation.state import WAITING, State
from escalation.notice import docket, letter
from escalation.notice.letter import Letter
from escalation.people import Person, Role
from escalation.procedure import Source
from escalation.timer import Timer, TimerKind

if TYPE_CHECKING:
    from escalation.notice.issue import Letterhead

AT = time(8, 30)
"""In Shanghai, every day (系统默认，非校规)."""
MATTER = "consultations:daily"


def set_next(conn: Connection, school: str, now: datetime) -> None:
    """The next daily letter's clock; one a day, however often it is set."""
    local = now.astimezone(SHANGHAI)
    day = local.date() if local.time() < AT else local.date() + timedelta(days=1)
    due = datetime.combine(day, AT, SHANGHAI)
    timer.set_timers(conn, [{
        "school": school, "matter": MATTER, "kind": TimerKind.DIGEST, "name": str(day), "words": "咨询每日提示",
        "source": Source.DEFAULT, "set_at": now, "due_at": due,
    }])  # fmt: skip


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """Write the letters of this day; where nothing waits the clock rests until something does."""
    own = (consultations.c.school == clock.school) & consultations.c.state.in_(WAITING)
    rows = conn.execute(select(consultations).where(own).order_by(consultations.c.id)).all()
    if not rows:
        return
    by_account: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_account[row.account_id, row.unit].append(row)
    lines: dict[str, list[str]] = defaultdict(list)
    persons: dict[str, Person] = {}
    every: list[str] = []
    for (account_id, unit), some in by_account.items():
        words = f"{name_of(conn, clock.school, account_id)}：{counted(some, now)}"
        every.append(words)
        for who in keepers(conn, letterhead, account_id, unit, now):
            persons[who.person.id] = who.person
            lines[who.person.id].append(words + (f"（{who.why}）" if who.why else ""))
    held = people.holders(conn, clock.school, Role.PUBLICITY)
    office = people.acting(conn, clock.school, held, now, letterhead.channels) if held else None
    if office is not None:
        persons[office.person.id] = office.person
        lines[office.person.id] = [*every, *([office.why] if office.why else ())]
    owed = next((basis_of(row) for row in rows if row.due_at is not None), "")
    for person in persons.values():
        _send(conn, letterhead, person, lines[person.id], clock.name, owed, now)
    set_next(conn, clock.school, now)


def counted(rows: list[Row[Any]], now: datetime) -> str:
    """`待答 3 件，其中逾期 1 件、今日到期 1 件，已承诺 1 件`."""
    overdue = sum(row.overdue_at is not None for row in rows)
    ends = now + timedelta(hours=24)
    soon = [row.promised_for or row.due_at for row in rows if row.overdue_at is None]
    today = sum(at is not None and at <= ends for at in soon)
    closing = sum(row.window_until is not None and now < row.window_until <= ends for row in rows)
    promised = sum(row.state == State.PROMISED for row in rows)
    named = (("逾期", overdue), ("24 小时内到期", today), ("已承诺", promised), ("私信回复窗口 24 小时内关闭", closing))
    parts = [f"{word} {count} 件" for word, count in named if count]
    return f"待答 {len(rows)} 件" + (f"，其中{'、'.join(parts)}" if parts else "")


def _send(
    conn: Connection, letterhead: Letterhead, person: Person, lines: list[str], day: str, owed: str, now: datetime
) -> None:
    letter.send(conn, letterhead, person, Letter(
        matter=f"consultations:{day}", step="daily", kind="咨询待办", heading=f"{day} 待答咨询", lines=tuple(lines),
        path="/consultations", basis=owed or Source.NONE.label,
        source="每日一函为系统默认，非校规", series=docket.DAILY,
        asked=("在“咨询”页逐件答复并登记；不能即时答复的，承诺答复期限",) if owed else ("在“咨询”页查看",),
    ), now)  # fmt: skip
