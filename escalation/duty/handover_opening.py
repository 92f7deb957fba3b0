"""Which hand-overs there are: each change of shift in the rota opens one, and what the rota no longer says is void.

A hand-over that was taken over is overtaken where the rota is changed afterwards and names others: whoever is on by the
new rota is asked at once to take over, and the log says why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from escalation import audit, people, timer
from escalation.duty import absence, rota
from escalation.duty.coverage import Turn, turns
from escalation.duty.handover import AHEAD, ASKED, TAKE_OVER, TELL_LEAD, end, handovers, matter_of, stand_in
from escalation.duty.handover_state import DONE, HANDOVER, Event, State
from escalation.procedure.desk_duty import DeskDuty
from escalation.timer import TimerKind
from stream.store import insert_new

BACK = timedelta(hours=12)
"""A change of shift that passed while the service was off still gets its hand-over, if it is not older."""
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of shift: who leaves the desk and who comes to it, by id."""

    at: datetime
    outgoing: tuple[str, ...]
    incoming: tuple[str, ...]


Acting = Callable[[str, datetime], str]


def _themselves(person: str, _: datetime) -> str:
    return person


def changes(shifts: Collection[Turn], starts: datetime, ends: datetime, acting: Acting = _themselves) -> list[Change]:
    """The moments after starts, up to ends, at which somebody leaves the desk to others; pure. 带班领导 hand over to
    nobody. `acting`: who serves for somebody at a moment."""
    serving = [one for one in shifts if not one.leads]
    found = []
    for at in sorted({edge for one in serving for edge in (one.starts_at, one.ends_at) if starts < edge <= ends}):
        before = sorted({acting(one.person, at - MOMENT) for one in serving if one.starts_at < at <= one.ends_at})
        after = sorted({acting(one.person, at) for one in serving if one.starts_at <= at < one.ends_at})
        if before and set(before) != set(after):
            leave = [one for one in before if one not in after] or before
            found.append(Change(at, tuple(leave), tuple(one for one in after if one not in before) or tuple(after)))
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """The rota around now: its shifts, the changes in it, and who serves for somebody at a moment."""

    shifts: Sequence[Turn]
    changes: Sequence[Change]
    acting: Acting

    def on(self, at: datetime) -> tuple[str, ...]:
        """Who serves at the desk at this moment, substitutes in place of who is away."""
        return tuple(sorted({self.acting(one, at) for one in self._named(at)}))

    def knows(self, at: datetime) -> set[str]:
        """Whoever the rota puts at the desk at this moment, and who serves for them."""
        return set(self._named(at)) | set(self.on(at))

    def last(self, now: datetime) -> Change | None:
        """The change of shift that came last."""
        return next((one for one in reversed(self.changes) if one.at <= now), None)

    def changed_since(self, at: datetime, now: datetime) -> bool:
        """Whether a change of shift came after this moment."""
        return any(at < one.at <= now for one in self.changes)

    def _named(self, at: datetime) -> list[str]:
        return [one.person for one in self.shifts if not one.leads and one.starts_at <= at < one.ends_at]


def _plan(conn: Connection, school: str, now: datetime) -> Plan:
    shifts = turns(conn, school, now - BACK, now + AHEAD + timedelta(minutes=1))
    known = {one.id: one for one in people.everyone(conn, school)}
    absences = absence.between(conn, school, now - BACK - AHEAD, now + 2 * AHEAD)

    def acting(person: str, at: datetime) -> str:
        return stand_in({one.person: one for one in absences if one.covers(at)}, known.get, person)

    return Plan(shifts, changes(shifts, now - BACK, now + AHEAD, acting), acting)


_GONE = (
    select(handovers.c.id)
    .where(handovers.c.school == bindparam("house"), handovers.c.at > bindparam("now"), handovers.c.state.not_in(DONE))
    .where(handovers.c.at.not_in(bindparam("still", expanding=True)))
)
_AGAIN = select(handovers).where(
    handovers.c.school == bindparam("house"), handovers.c.replaces.is_not(None), handovers.c.state.not_in(DONE)
)
_NEWEST = (
    select(handovers)
    .where(handovers.c.school == bindparam("house"), handovers.c.at <= bindparam("until"))
    .where(handovers.c.state.not_in([State.VOID, State.MOVED]))
    .order_by(handovers.c.at.desc(), handovers.c.nth.desc()).limit(5)
)  # fmt: skip


def open_due(conn: Connection, school: str, desk: DeskDuty, now: datetime) -> None:
    """Open the hand-over of the change that comes within half an hour and of the one that came last; repeating changes
    nothing. One that is not taken over follows the rota; where its change is gone from the rota it is void."""
    plan = _plan(conn, school, now)
    _overtake(conn, school, desk, plan, now)
    past = plan.last(now)
    wanted = [one for one in plan.changes if one.at > now or one is past]
    for one in wanted:
        nth = _overtaken(conn, school, one.at)
        if not nth or one.at > now:
            unforeseen = one.at <= now and _edited_since(conn, school, one.at - AHEAD)
            _open(conn, school, desk, one, now, nth=nth, at_once=unforeseen)
        _follow(conn, school, one.at, one.outgoing, one.incoming, plan.knows(one.at), now)
    _follow_again(conn, school, plan, now)
    for number in (
        conn.execute(_GONE, {"house": school, "now": now, "still": [one.at for one in wanted]}).scalars().all()
    ):
        _void(conn, school, number, now)


def _open(
    conn: Connection, school: str, desk: DeskDuty, one: Change, now: datetime, *, nth: int = 0, at_once: bool = False,
    replaces: int | None = None,
) -> None:  # fmt: skip
    row = {
        "school": school, "at": one.at, "nth": nth, "replaces": replaces, "outgoing": list(one.outgoing),
        "incoming": list(one.incoming), "state": State.OPEN, "sheet": {}, "words": "",
        "due_at": one.at + desk.take_over.after,
    }  # fmt: skip
    made = insert_new(conn, handovers, [row], key=["school", "at", "nth"], returning=["id"])
    if made:
        _set_clocks(conn, school, desk, int(made[0][0]), one.at, now, at_once=at_once)


def _overtaken(conn: Connection, school: str, at: datetime) -> int:
    """How many hand-overs of this moment were overtaken by another rota."""
    moved = handovers.c.state == State.MOVED
    found = select(func.count()).where(handovers.c.school == school, handovers.c.at == at, moved)
    return int(conn.execute(found).scalar_one())


def _follow(
    conn: Connection, school: str, at: datetime, outgoing: Sequence[str], incoming: Sequence[str], knows: set[str],
    now: datetime,
) -> None:  # fmt: skip
    """An open hand-over is of whom the rota names; a written one stands as long as the rota knows whom it is for."""
    here = (handovers.c.school == school) & (handovers.c.at == at)
    conn.execute(
        update(handovers).where(here, handovers.c.state == State.OPEN, handovers.c.replaces.is_(None))
        .values(outgoing=list(outgoing), incoming=list(incoming))
    )  # fmt: skip
    for row in conn.execute(select(handovers).where(here, handovers.c.state == State.WRITTEN)).all():
        _pass_on(conn, row, incoming, knows, now)


def _follow_again(conn: Connection, school: str, plan: Plan, now: datetime) -> None:
    """What is asked anew as the rota was changed follows the rota, too, until the next change of shift."""
    for row in conn.execute(_AGAIN, {"house": school}).all():
        if not plan.changed_since(row.at, now):
            _pass_on(conn, row, plan.on(now), plan.knows(now), now)


def _pass_on(conn: Connection, row: Row[Any], incoming: Sequence[str], knows: set[str], now: datetime) -> None:
    if not incoming or set(row.incoming) <= knows:
        return
    conn.execute(update(handovers).where(handovers.c.id == row.id).values(incoming=list(incoming)))
    audit.record(
        conn, school=row.school, now=now, actor="machine", action="duty.handover.passed", subject=str(row.id),
        detail={"from": list(row.incoming), "to": list(incoming)},
    )  # fmt: skip


def _overtake(conn: Connection, school: str, desk: DeskDuty, plan: Plan, now: datetime) -> None:
    """Where the rota was changed after a hand-over was taken over, and names nobody any more who came by it: the log
    says so, and who is on now is asked to take over from whoever has the desk."""
    row = _standing(conn, school, now)
    if row is None or plan.changed_since(row.at, now) or not _edited_since(conn, school, row.taken_at):
        return
    then = max(row.at, now)
    came = {row.taken_by} if row.taken_by in row.incoming else set(row.incoming)
    on = plan.on(now) or plan.on(then)
    if not on or came & (plan.knows(now) | plan.knows(then)):
        return
    state = HANDOVER.step(State.TAKEN, Event.MOVE, None)
    moved = conn.execute(
        update(handovers).where(handovers.c.id == row.id, handovers.c.state == State.TAKEN)
        .values(state=state, moved_at=now)
    )  # fmt: skip
    if moved.rowcount == 1:
        audit.record(
            conn, school=school, now=now, actor="machine", action="duty.handover.moved", subject=str(row.id),
            detail={"taken_by": row.taken_by, "on": list(on)},
        )  # fmt: skip
        if not _asked(conn, school, plan.last(now)):
            _open(conn, school, desk, Change(now, (row.taken_by,), on), now, at_once=True, replaces=row.id)


def _asked(conn: Connection, school: str, change: Change | None) -> bool:
    """Whether the changed rota has a change of shift by which somebody is asked to take over anyway."""
    if change is None:
        return False
    states = select(handovers.c.state).where(handovers.c.school == school, handovers.c.at == change.at)
    known = conn.execute(states).scalars().all()
    return not known or any(one not in DONE for one in known)


def _standing(conn: Connection, school: str, now: datetime) -> Row[Any] | None:
    """The hand-over by which somebody has the desk; None where a newer one waits to be taken over."""
    rows = conn.execute(_NEWEST, {"house": school, "until": now + AHEAD})
    for row in rows:
        if State(row.state) is State.TAKEN:
            return row
        if row.at <= now:
            return None
    return None


def _edited_since(conn: Connection, school: str, at: datetime) -> bool:
    edition = rota.newest(conn, school)
    return edition is not None and bool(edition.at >= at)


def _set_clocks(
    conn: Connection, school: str, desk: DeskDuty, number: int, at: datetime, now: datetime, *, at_once: bool
) -> None:
    """Not taken over in time: the incoming are reminded; longer: the 带班领导 is told. `at_once`: asked by letter now,
    as nobody expects a hand-over that a changed rota makes."""
    clocks = [
        (TAKE_OVER, "接班", desk.take_over, desk.take_over.after),
        (TELL_LEAD, "未接班报带班领导", desk.tell_lead, desk.tell_lead.after),
    ]
    clocks += [(ASKED, "值班表改动后接班", desk.take_over, timedelta())] if at_once else []
    timer.set_timers(conn, [
        {
            "school": school, "matter": matter_of(number), "kind": TimerKind.HANDOVER, "name": name, "words": words,
            "source": clock.source, "article": clock.article, "set_at": now, "due_at": at + after,
        }
        for name, words, clock, after in clocks
    ])  # fmt: skip


def _void(conn: Connection, school: str, number: int, now: datetime) -> None:
    held = conn.execute(
        select(handovers.c.state).where(handovers.c.id == number, handovers.c.state.not_in(DONE)).with_for_update()
    ).scalar_one_or_none()
    if held is None:
        return
    state = HANDOVER.step(State(held), Event.CANCEL, None)
    conn.execute(update(handovers).where(handovers.c.id == number).values(state=state))
    end(conn, school, number, now)
    audit.record(conn, school=school, now=now, actor="machine", action="duty.handover.void", subject=str(number))
