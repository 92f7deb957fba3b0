"""What follows when a consultation's clock runs out: overdue is told; a closed window or a gone text ends it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select, update

from escalation import people
from escalation.clock_words import SHANGHAI
from escalation.consultation import consultations, held, id_of, matter_of
from escalation.consultation.course import step
from escalation.consultation.state import WAITING, Event, State
from escalation.duty.proxy import Acting
from escalation.incident import MACHINE, EntryKind
from escalation.notice import docket, letter
from escalation.notice.letter import Letter
from escalation.people import Person, Role
from escalation.procedure import Source
from escalation.timer import Timer
from stream.account import accounts

if TYPE_CHECKING:
    from escalation.notice.issue import Letterhead


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """One clock of one consultation, by its name."""
    if clock.matter is None:
        return
    row = held(conn, clock.school, id_of(clock.matter))
    if row.state not in WAITING:
        return
    name = clock.name.partition(":")[0]
    if name in ("answer", "promise"):
        _overdue(conn, letterhead, row, name, now)
    elif name == "window":
        _window_closed(conn, row, now)
    else:
        step(conn, row, Event.LAPSE, MACHINE, now, "原文保存期满，仍未答复", "原文已清除，不再列为待答")


def _overdue(conn: Connection, letterhead: Letterhead, row: Row[Any], name: str, now: datetime) -> None:
    if name == "answer" and row.state == State.PROMISED:
        return
    conn.execute(
        update(consultations)
        .where(consultations.c.id == row.id)
        .values(overdue_at=row.overdue_at or now, late_at=row.late_at or now)
    )
    heading = "承诺的答复期限已过，仍未答复" if name == "promise" else "逾期未答复"
    matter = matter_of(row.id)
    docket.line(conn, row.school, matter, now, EntryKind.DEADLINE, heading, "已提醒账号管理人员", article=row.article)
    _remind(conn, letterhead, row, name, now)


def _remind(conn: Connection, letterhead: Letterhead, row: Row[Any], name: str, now: datetime) -> None:
    """One letter a day for each account and person, at the first that is overdue; the others stand on the page."""
    account = name_of(conn, row.school, row.account_id)
    day = now.astimezone(SHANGHAI).date()
    promised = name == "promise"
    for who in keepers(conn, letterhead, row.account_id, row.unit, now):
        letter.send(conn, letterhead, who.person, Letter(
            matter=f"consultations:overdue:{day}", step=f"{name}:{row.account_id}"[:64], kind="咨询催办",
            heading=f"{account} 有咨询{'承诺的期限已过' if promised else '逾期未答复'}",
            lines=(f"首件：{docket_number(conn, row)}，{'已承诺' if promised else '应于此前'}答复，仍未答复",
                   "当日同一账号其余逾期的不再逐件致函，请在“咨询”页一并处理", *([who.why] if who.why else ())),
            path=f"/consultations?account={row.account_id}", basis=basis_of(row),
            asked=("立即答复，并在“咨询”页登记", "不能即时答复的，告知提问人答复期限，并在“咨询”页登记"),
            office="账号管理人员", series=docket.DAILY,
        ), now)  # fmt: skip


def _window_closed(conn: Connection, row: Row[Any], now: datetime) -> None:
    """The platform takes no answer any more. What was promised stays to be kept by other means."""
    if row.state == State.PROMISED:
        words = "已承诺的答复请用其他方式告知提问人"
        docket.line(conn, row.school, matter_of(row.id), now, EntryKind.DEADLINE, "私信回复窗口已关闭", words)
        return
    words = "平台规定用户来信 48 小时后公众号不能再回复；另行答复的仍可登记"
    step(conn, row, Event.LAPSE, MACHINE, now, "私信回复窗口已关闭，未能答复", words, overdue_at=row.overdue_at or now)


def keepers(conn: Connection, letterhead: Letterhead, account_id: str, unit: str, now: datetime) -> list[Acting]:
    """Who answers for an account now: its keepers, or the substitutes of those away; where there is none the unit's
    leaders, else the 宣传部."""
    school = letterhead.school
    found: Iterator[list[Person]] = (
        people.holders(conn, school, role, unit=unit, account_id=account_id)
        for role in (Role.KEEPER, Role.UNIT_LEADER, Role.PUBLICITY)
    )
    held = next((some for some in found if some), [])
    return people.all_acting(conn, school, held, now, letterhead.channels) or [Acting(one) for one in held]


def name_of(conn: Connection, school: str, account_id: str) -> str:
    """The account's own name."""
    own = (accounts.c.school == school) & (accounts.c.id == account_id)
    return str(conn.execute(select(accounts.c.name).where(own)).scalar() or account_id)


def docket_number(conn: Connection, row: Row[Any]) -> str:
    """The number by which a consultation is known."""
    found = docket.hold(conn, row.school, matter_of(row.id))
    return str(found.number) if found is not None else f"咨询 {row.id}"


def basis_of(row: Row[Any]) -> str:
    """The clause with its own word, and our figure labelled beside it."""
    if not row.article:
        return Source.NONE.label
    figure = Source(row.source).label if row.source == Source.DEFAULT else ""
    return f"{row.article}要求“{row.clause}”答复" + (f"；时限数字为{figure}" if figure else "")
