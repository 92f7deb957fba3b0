"""The clocks of an incident as faces: which run, which lapsed, which were answered, the nearest first.

A signature's clock is stopped by its signature, a duty's clock (首报, 情况说明, 首次回应) by what it asks for or by a
person who records that it was done. One that nobody did before the incident ended says so (销号时未办, 误报时未办),
and so does one that a lower level no longer asks for (不再要求).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from escalation.incident.acting import last_acts
from escalation.incident.state import OPEN, State
from escalation.notice import notices
from escalation.people import people, title_of
from escalation.procedure import Act, Source
from escalation.timer import ENDED, NO_LONGER, TimerKind, TimerState, timers
from escalation.web.face import Face, face
from escalation.web.frozen import Words

SHOWN = (TimerKind.SIGN, TimerKind.DUTY)
RUNNING_ONLY = (TimerKind.RUNG, TimerKind.IDLE, TimerKind.FOLLOW)
ENDED_WORDS = {State.CLOSED: "销号时未办", State.FALSE_ALARM: "误报时未办", State.MERGED: "随并入停止"}
NO_LONGER_WORDS = "不再要求"
DONE_WORDS = {"first_report": "已报", "first_answer": "已答"}


@dataclass(frozen=True, slots=True)
class Running:
    """One clock of an incident with its face; `names` are the people it waits for; `then` what follows."""

    kind: str
    name: str
    face: Face
    due_at: datetime
    source: str
    article: str
    names: tuple[str, ...] = ()
    then: str = ""
    done: bool = False

    @property
    def label(self) -> str:
        """The article that gives the figure, or 系统默认，非校规."""
        return self.article if self.source == Source.RULE else Source.DEFAULT.label


def clocks_of(
    conn: Connection, rows: Sequence[Row[Any]], now: datetime, frozen: Mapping[int, Words]
) -> dict[int, list[Running]]:
    """Every clock that runs or lapsed unanswered (and answered duties), by incident, the nearest first.

    `frozen` says for each incident whose silence is brought to whom, as its frozen pack has it.
    """
    ids = [row.id for row in rows]
    ended = [row.id for row in rows if State(row.state) not in OPEN]
    if not ids:
        return {}
    found = conn.execute(
        select(timers, notices.c.role, notices.c.signed_at, people.c.name.label("who"))
        .outerjoin(notices, notices.c.id == timers.c.notice_id)
        .outerjoin(people, (people.c.school == notices.c.school) & (people.c.id == notices.c.addressee))
        .where(timers.c.incident_id.in_(ids))
        .where(or_(timers.c.state != TimerState.STOPPED, timers.c.kind == TimerKind.DUTY))
        .where(or_(timers.c.kind.in_(SHOWN), timers.c.kind.in_(RUNNING_ONLY)))
        .where(or_(timers.c.incident_id.not_in(ended), timers.c.kind == TimerKind.DUTY))
        .order_by(timers.c.due_at, timers.c.id)
    ).all()
    acted = last_acts(conn, sorted({row.incident_id for row in found if row.kind == TimerKind.IDLE}))
    by_incident: dict[int, list[Row[Any]]] = {}
    for row in found:
        if not _answered(row, acted):
            by_incident.setdefault(row.incident_id, []).append(row)
    return {one: _running(own, now, frozen.get(one, Words())) for one, own in by_incident.items()}


def _answered(row: Row[Any], acted: Mapping[int, datetime]) -> bool:
    """Whether a clock that only runs has ended, or an act has answered it already."""
    if row.kind in RUNNING_ONLY and row.state != TimerState.SET:
        return True
    last = acted.get(row.incident_id)
    return row.kind == TimerKind.IDLE and last is not None and last >= datetime.fromisoformat(row.data["since"])


def _running(rows: Sequence[Row[Any]], now: datetime, words: Words) -> list[Running]:
    rungs = [row for row in rows if row.kind == TimerKind.RUNG and row.state == TimerState.SET and not row.signed_at]
    signs: dict[datetime, list[Row[Any]]] = {}
    clocks: list[Running] = []
    for row in rows:
        if row.kind == TimerKind.SIGN and row.signed_at is None:
            signs.setdefault(row.due_at.replace(microsecond=0), []).append(row)
        elif row.kind == TimerKind.DUTY:
            clocks.append(_duty(row, now))
        elif row.kind == TimerKind.FOLLOW or (row.kind == TimerKind.IDLE and "act" not in row.data):
            clocks.append(_alone(row, now))
    clocks += [_signature(together, rungs, now, words) for together in signs.values()]
    return sorted(clocks, key=lambda clock: (clock.done, clock.due_at))


def _duty(row: Row[Any], now: datetime) -> Running:
    done_at = row.ended_at if row.state == TimerState.STOPPED else None
    undone = NO_LONGER_WORDS if NO_LONGER in row.data else ENDED_WORDS.get(row.data.get(ENDED), "")
    shown = face(
        row.words, row.set_at, row.due_at, now, done_at=done_at, done_word=undone or DONE_WORDS.get(row.name, "已办"),
        note="" if done_at is None else "已停",
    )  # fmt: skip
    return Running(row.kind, row.name, shown, row.due_at, row.source, row.article, done=done_at is not None)


def _alone(row: Row[Any], now: datetime) -> Running:
    """To the next 情况报告, or after a signature that nobody followed up yet."""
    names = (row.who,) if row.kind == TimerKind.IDLE and row.who else ()
    then = "重新计时并催办" if row.kind == TimerKind.IDLE else "催办"
    shown = face(row.words, row.set_at, row.due_at, now)
    return Running(row.kind, row.name, shown, row.due_at, row.source, row.article, names, then)


def _signature(together: Sequence[Row[Any]], rungs: Sequence[Row[Any]], now: datetime, words: Words) -> Running:
    first = together[0]
    names = tuple(dict.fromkeys(row.who or "收件人" for row in together))
    own = {row.notice_id for row in together}
    after = [rung for rung in rungs if rung.notice_id in own and rung.due_at >= first.due_at]
    then = _then([rung for rung in after if rung.due_at == after[0].due_at], words)
    note = f"待 {'、'.join(names)}" if first.due_at <= now else ""
    shown = face("签收", first.set_at, first.due_at, now, note=note)
    return Running(first.kind, first.name, shown, first.due_at, first.source, first.article, names, then)


def _then(rungs: Sequence[Row[Any]], words: Words) -> str:
    """What follows on silence, in a few words: whom it is brought to, else the telephone."""
    acts = [(row.data.get("act"), row.data.get("role") or words.chain.get(row.role, "")) for row in rungs]
    above = {role for act, role in acts if act == Act.TELL and role}
    if len(above) == 1:
        return f"报{words.offices.get(one := above.pop()) or title_of(one)}"
    return "逐级上报" if above else "电话催办" if any(act == Act.PHONE for act, _ in acts) else ""


def nearest(clocks: Sequence[Running]) -> Running | None:
    """The clock that the queue is ordered by."""
    return next((clock for clock in clocks if not clock.done), None)
