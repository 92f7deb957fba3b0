"""What the consultation pages show: rows with their question, clock and place; never a writer. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, false, func, or_, select, true

from escalation.consultation import consultations, matter_of
from escalation.consultation.clock import basis_of
from escalation.consultation.course import words_of
from escalation.consultation.state import WAITING, State
from escalation.notice.docket import docket_lines, dockets
from escalation.retention import GONE
from escalation.web.face import Face, face
from escalation.web.scope import Scope
from stream.account import accounts
from stream.kept import current_text, posts

PAGE = 50
QUOTE = 60
TABS: dict[str, str] = {
    "waiting": "待答", "overdue": "逾期", "promised": "已承诺", "answered": "已答复", "lapsed": "已失效",
    "not_one": "不是咨询", "all": "全部",
}  # fmt: skip
PRIVATE = "私信，原文不在列表显示"


@dataclass(frozen=True, slots=True)
class Shown:
    """One consultation as pages show it. `quote`: the question, empty where it is folded (private) or gone."""

    row: Row[Any]
    number: str
    account: str
    words: str
    quote: str
    clock: Face | None
    window: Face | None
    basis: str
    url: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list. `counts` by tab; `accounts`: id to name, those that a person may choose from."""

    rows: tuple[Shown, ...]
    counts: dict[str, int]
    accounts: dict[str, str]
    total: int
    owed: bool


def within(scope: Scope) -> ColumnElement[bool]:
    """The row policy: all, or those of one's units and accounts."""
    if scope.everything:
        return true()
    parts: list[ColumnElement[bool]] = []
    if scope.units:
        parts.append(consultations.c.unit.in_(sorted(scope.units)))
    if scope.accounts:
        parts.append(consultations.c.account_id.in_(sorted(scope.accounts)))
    return or_(*parts) if parts else false()


def tab_of(tab: str) -> ColumnElement[bool]:
    """The condition of a tab."""
    waits = consultations.c.state.in_(WAITING)
    if tab == "waiting":
        return waits
    if tab == "overdue":
        return and_(waits, consultations.c.overdue_at.is_not(None))
    return consultations.c.state == tab if tab in set(State) else true()


def listing(
    conn: Connection, school: str, scope: Scope, tab: str, account_id: str, page: int, now: datetime
) -> Listing:
    """The list: who waits longest against the clock first, what is settled newest first."""
    mine = and_(consultations.c.school == school, within(scope))
    chosen = and_(mine, consultations.c.account_id == account_id) if account_id else mine
    counts = {
        name: int(
            conn.execute(select(func.count()).select_from(consultations).where(chosen, tab_of(name))).scalar_one()
        )
        for name in TABS
    }
    due = func.coalesce(consultations.c.promised_for, consultations.c.due_at, consultations.c.asked_at)
    order = due if tab in ("waiting", "overdue", "promised") else consultations.c.asked_at.desc()
    rows = conn.execute(
        select(consultations).where(chosen, tab_of(tab)).order_by(order, consultations.c.id)
        .limit(PAGE).offset((page - 1) * PAGE)
    ).all()  # fmt: skip
    named = conn.execute(
        select(accounts.c.id, accounts.c.name).where(accounts.c.school == school)
        .where(accounts.c.id.in_(select(consultations.c.account_id).where(mine))).order_by(accounts.c.name)
    )  # fmt: skip
    owed = conn.execute(select(consultations.c.id).where(mine, consultations.c.article != "").limit(1)).first()
    names = {row.id: row.name for row in named}
    return Listing(tuple(_shown(conn, rows, names, now)), counts, names, counts[tab], owed is not None)


def one(conn: Connection, school: str, scope: Scope, number: int, now: datetime) -> Shown | None:
    """One consultation, where it exists for this person. A private question stays folded."""
    row = conn.execute(
        select(consultations).where(consultations.c.school == school, consultations.c.id == number, within(scope))
    ).first()
    if row is None:
        return None
    own = (accounts.c.school == school) & (accounts.c.id == row.account_id)
    names = {row.account_id: str(conn.execute(select(accounts.c.name).where(own)).scalar() or row.account_id)}
    return _shown(conn, [row], names, now)[0]


def text_of(conn: Connection, row: Row[Any]) -> str:
    """The question in its writer's words, empty where they are kept no longer."""
    text = current_text(conn, row.school, row.post_id) or ""
    return "" if text == GONE else text


def log_of(conn: Connection, row: Row[Any]) -> list[Row[Any]]:
    """The consultation's log, the newest first."""
    own = (docket_lines.c.school == row.school) & (docket_lines.c.matter == matter_of(row.id))
    return list(conn.execute(select(docket_lines).where(own).order_by(docket_lines.c.id.desc())))


def _shown(conn: Connection, rows: Sequence[Row[Any]], names: dict[str, str], now: datetime) -> list[Shown]:
    if not rows:
        return []
    matters = [matter_of(row.id) for row in rows]
    numbered = select(dockets.c.matter, dockets.c.number)
    numbers = {
        row.matter: row.number
        for row in conn.execute(numbered.where(dockets.c.school == rows[0].school, dockets.c.matter.in_(matters)))
    }
    return [
        Shown(
            row, numbers.get(matter_of(row.id), ""), names.get(row.account_id, row.account_id), words_of(row),
            "" if row.private else _cut(text_of(conn, row)), _clock(row, now), _window(row, now), basis_of(row),
            _url(conn, row),
        )
        for row in rows
    ]  # fmt: skip


def _clock(row: Row[Any], now: datetime) -> Face | None:
    if row.state == State.PROMISED and row.promised_for is not None:
        return face("承诺", row.promised_at, row.promised_for, now)
    if row.due_at is None:
        return None
    done = row.answered_at if row.state == State.ANSWERED else None
    if row.state not in WAITING and done is None:
        return None
    return face("答复", row.found_at, row.due_at, now, done_at=done, done_word="已答")


def _window(row: Row[Any], now: datetime) -> Face | None:
    """How long the platform still takes an answer to a private message."""
    if row.window_until is None or row.state not in (*WAITING, State.LAPSED):
        return None
    return face("私信回复窗口", row.asked_at, row.window_until, now)


def _url(conn: Connection, row: Row[Any]) -> str:
    own = (posts.c.school == row.school) & (posts.c.id == row.post_id)
    return str(conn.execute(select(posts.c.url).where(own)).scalar() or "")


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTE else line[:QUOTE] + "…"
