"""An account change 账号变动: the platform shows a registered account under another name, without its verification, or
not at all.

One row per change, from the look that saw it to the look, the import or the person that ended it. It is no incident:
whom the pack names are written to by letter and sign, the duty desk has an alert. Nothing is changed at the platform.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Column, Connection, Index, Row, Table, Text, select, text, update

from escalation import alert, breach, paper, timer
from escalation.alteration.compare import KIND_WORDS, Difference, Kind
from escalation.alteration.state import ALTERATION, STATE_WORDS, Event, State
from escalation.clock_words import SHANGHAI
from escalation.incident import Actor
from escalation.notice import docket
from escalation.paper import Noun
from escalation.procedure import Deadline
from escalation.state_table import IllegalStep
from escalation.timer import TimerKind
from stream.account import Account
from stream.store import insert_new, metadata
from stream.store.types import Json, Moment, Serial, Word

CAUSE = "account:"
CLOCK = "file:"
AFTER_MOST = 200

alterations = Table(
    "alterations",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("number", Word(32), nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("account_id", Word(100), nullable=False),
    Column("unit", Word(100), nullable=False),
    Column("platform", Word(32), nullable=False),
    Column("registered", Word(100), nullable=False),
    Column("before", Word(AFTER_MOST), nullable=False),
    Column("after", Word(AFTER_MOST), nullable=False),
    Column("before_at", Moment()),
    Column("seen_at", Moment(), nullable=False),
    Column("basis", Text, nullable=False),
    Column("deadline", Json, nullable=False),
    Column("state", Word(16), nullable=False),
    Column("changed_on", Word(10)),
    Column("dated_by", Word(64)),
    Column("due_at", Moment()),
    Column("settled_by", Word(64)),
    Column("settled_at", Moment()),
    Column("settled_why", Text),
    Column("ended_at", Moment()),
    Column("ended_why", Text),
    Index(
        "uq_alterations_standing", "school", "account_id", "kind", "after", unique=True,
        sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
    ),
    Index("uq_alterations_number", "school", "number", unique=True),
)  # fmt: skip
"""`registered`: the name of the book when it was seen. `basis`: the articles that name whom it is told, or
系统默认，非校规. `deadline`: the clause's own, frozen. `changed_on`: the day as the unit says it (ISO, Asia/Shanghai).
`ended_at`: book and platform agree again; a change that a person explained stands until then, told no second time."""
STANDING = alterations.c.ended_at.is_(None)


def record(
    conn: Connection, account: Account, found: Difference, basis: str, deadline: Deadline, now: datetime
) -> Row[Any] | None:
    """Write a change down once; None where it stands already."""
    number = paper.next_number(conn, alterations, Noun.ALTERATION, account.school, now)
    values = {
        "school": account.school, "number": number, "kind": found.kind, "account_id": account.id,
        "unit": account.unit, "platform": account.platform, "registered": account.name, "before": found.before,
        "after": found.after[:AFTER_MOST], "before_at": found.before_at, "seen_at": found.seen_at, "basis": basis,
        "deadline": deadline.model_dump(mode="json"), "state": State.SEEN,
    }  # fmt: skip
    key = ["school", "account_id", "kind", "after"]
    new = insert_new(conn, alterations, [values], key=key, where=STANDING, returning=["id"])
    if not new:
        return None
    paper.enter(conn, Noun.ALTERATION, account.school, new[0][0], number, now)
    row = conn.execute(select(alterations).where(alterations.c.id == new[0][0])).one()
    paper.note(conn, Noun.ALTERATION, row.school, row.id, now, KIND_WORDS[found.kind], shown(row))
    return _clocked(conn, row, now)


def shown(row: Row[Any]) -> str:
    """What the platform showed before and shows now, as one sentence."""
    return (
        f"原显示“{row.before}”，现显示“{row.after}”" if row.before_at else f"登记“{row.before}”，平台显示“{row.after}”"
    )


def agree(conn: Connection, row: Row[Any], why: str, now: datetime) -> bool:
    """Book and platform agree again, or nobody watches the account any more: it is over, whoever had explained it.

    False where another worker ended it meanwhile.
    """
    held = paper.held(conn, alterations, Noun.ALTERATION, row.school, row.number)
    if held.ended_at is not None:
        return False
    state = ALTERATION.step(State(held.state), Event.AGREE, None)
    paper.move(conn, alterations, held, state=state, ended_at=now, ended_why=why)
    paper.note(conn, Noun.ALTERATION, held.school, held.id, now, STATE_WORDS[state], why)
    _quiet(conn, held, now)
    return True


def again(conn: Connection, row: Row[Any], now: datetime) -> Row[Any]:
    """What had just ended is shown once more: the same change, told to nobody a second time."""
    held = paper.held(conn, alterations, Noun.ALTERATION, row.school, row.number)
    if held.ended_at is None:
        return held
    state = ALTERATION.step(State(held.state), Event.AGAIN, None)
    paper.move(conn, alterations, held, state=state, ended_at=None, ended_why=None)
    paper.note(conn, Noun.ALTERATION, held.school, held.id, now, "再次看到同一变动", shown(held))
    return _clocked(conn, held, now)


def set_date(conn: Connection, school: str, number: str, actor: Actor, now: datetime, on: str) -> None:
    """The unit says on which day the name was changed; the clause's span counts from there."""
    row = paper.held(conn, alterations, Noun.ALTERATION, school, number)
    state = ALTERATION.step(State(row.state), Event.DATE, breach.standing(conn, row, actor))
    if row.kind != Kind.RENAMED:
        raise IllegalStep("只有改名需要填写变更日期。未作任何更改。")
    try:
        day = date.fromisoformat(paper.must_say(on, 10, "变更日期"))
    except ValueError:
        raise IllegalStep("变更日期请写成“2026-11-03”这样的形式。未作任何更改。") from None
    if day > row.seen_at.astimezone(SHANGHAI).date():
        raise IllegalStep("变更日期不能晚于系统看到新名称的那一天，请核对。未作任何更改。")
    if row.changed_on == day.isoformat():
        raise IllegalStep(f"变更日期已填写为 {day.isoformat()}。未作任何更改。")
    paper.move(conn, alterations, row, state=state, changed_on=day.isoformat(), dated_by=actor.id)
    paper.note(conn, Noun.ALTERATION, school, row.id, now, "填写变更日期", day.isoformat(), actor.name)
    _clocked(conn, row, now, day)
    paper.write_down(conn, Noun.ALTERATION, school, number, actor, "date", now, on=day.isoformat())


def settle(conn: Connection, school: str, number: str, actor: Actor, now: datetime, why: str) -> None:
    """A person says why nothing is left to do; the alert and the clock end, the course stays."""
    row = paper.held(conn, alterations, Noun.ALTERATION, school, number)
    state = ALTERATION.step(State(row.state), Event.SETTLE, actor.roles)
    why = paper.must_say(why, paper.WHY_MOST, "说明")
    paper.move(conn, alterations, row, state=state, settled_by=actor.id, settled_at=now, settled_why=why)
    paper.note(conn, Noun.ALTERATION, school, row.id, now, STATE_WORDS[state], why, actor.name)
    _quiet(conn, row, now)
    paper.write_down(conn, Noun.ALTERATION, school, number, actor, "settle", now, why=why)


def due(row: Row[Any], day: date | None = None) -> datetime | None:
    """The end of the last day of the clause's span, counted from the day of the change; until somebody says which day
    that was, from the last day on which the former name was seen. None where no clause gives a figure.
    """
    deadline = Deadline.model_validate_json(json.dumps(row.deadline))
    anchor = day or (row.before_at.astimezone(SHANGHAI).date() if row.before_at else None)
    last = deadline.last_day(anchor) if anchor is not None and row.kind == Kind.RENAMED else None
    return datetime.combine(last, time(23, 59, 59), SHANGHAI) if last is not None else None


def _clocked(conn: Connection, row: Row[Any], now: datetime, day: date | None = None) -> Row[Any]:
    """The row with its clock set anew."""
    day = day or (date.fromisoformat(row.changed_on) if row.changed_on else None)
    until, matter = due(row, day), paper.matter_of(Noun.ALTERATION, row.id)
    timer.stop_matter(conn, row.school, matter, now, CLOCK)
    if until is not None:
        count = timer.count_matter(conn, row.school, matter, CLOCK)
        timer.set_timers(conn, [{
            "school": row.school, "matter": matter, "kind": TimerKind.ALTERATION, "name": f"{CLOCK}{count + 1}",
            "words": "账号名变更备案", "source": "rule", "article": row.deadline["article"], "set_at": now,
            "due_at": until,
        }])  # fmt: skip
    conn.execute(update(alterations).where(alterations.c.id == row.id).values(due_at=until))
    return conn.execute(select(alterations).where(alterations.c.id == row.id)).one()


def _quiet(conn: Connection, row: Row[Any], now: datetime) -> None:
    alert.hush(conn, row.school, CAUSE + row.number, now)
    docket.end(conn, row.school, paper.matter_of(Noun.ALTERATION, row.id), now)


def listed(conn: Connection, school: str, accounts: Sequence[str] | None, limit: int = 200) -> Sequence[Row[Any]]:
    """Changes, those that wait first, then the newest; of these accounts only where they are given."""
    query = select(alterations).where(alterations.c.school == school)
    if accounts is not None:
        query = query.where(alterations.c.account_id.in_(list(accounts)))
    waits = (alterations.c.state == State.SEEN).desc()
    return conn.execute(query.order_by(waits, alterations.c.id.desc()).limit(limit)).all()


def waiting(conn: Connection, school: str) -> dict[str, list[Row[Any]]]:
    """What nobody has explained yet, by account, the oldest first."""
    found: dict[str, list[Row[Any]]] = {}
    mine = (alterations.c.school == school, alterations.c.state == State.SEEN)
    for row in conn.execute(select(alterations).where(*mine).order_by(alterations.c.id)):
        found.setdefault(row.account_id, []).append(row)
    return found
