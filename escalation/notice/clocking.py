"""The clocks of a notice (signature, ladder) and of its incident (首报, 情况说明, 首次回应), by the frozen pack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from escalation import timer
from escalation.incident import EntryKind, log
from escalation.procedure import Clock, DutyKind, Pack, Source, Step, Trigger, thaw

SPEAKS = frozenset({DutyKind.POSITIVE_RESPONSE, DutyKind.ONE_VOICE, DutyKind.ANSWER})
"""What a clause demands that is said in public."""


def set_signature_clocks(
    conn: Connection, incident: Row[Any], clock: Clock, steps: Sequence[Step], notice_id: int, now: datetime
) -> None:
    """The signature's clock and every rung of the ladder for one notice, all at once."""
    sign = {
        "school": incident.school, "incident_id": incident.id, "notice_id": notice_id, "kind": timer.TimerKind.SIGN,
        "name": f"sign:{notice_id}", "words": "签收", "source": clock.source, "article": clock.article,
        "set_at": now, "due_at": now + clock.after, "data": {},
    }  # fmt: skip
    rungs = [(str(n), rung, now + rung.clock.after) for n, rung in enumerate(steps)]
    timer.set_timers(conn, [sign, *rung_rows(incident, notice_id, rungs, now)])


def rung_rows(
    incident: Row[Any], notice_id: int, rungs: Iterable[tuple[str, Step, datetime]], now: datetime
) -> list[dict[str, Any]]:
    """Rows of rungs (name, what happens, when due) of one notice's ladder."""
    return [
        {
            "school": incident.school, "incident_id": incident.id, "notice_id": notice_id,
            "kind": timer.TimerKind.RUNG, "name": f"rung:{notice_id}:{name}", "words": rung.act,
            "source": rung.clock.source, "article": rung.clock.article, "set_at": now, "due_at": due,
            "data": {"act": rung.act, "role": rung.role},
        }
        for name, rung, due in rungs
    ]  # fmt: skip


def rungs_set(conn: Connection, notice_id: int) -> int:
    """How many rungs a notice's ladder has ever had: the number that names its next one. Two changes at one moment
    thus name different rungs."""
    own = (timer.timers.c.notice_id == notice_id) & (timer.timers.c.kind == timer.TimerKind.RUNG)
    own &= timer.timers.c.name.startswith(f"rung:{notice_id}:", autoescape=True)
    return int(conn.execute(select(func.count()).where(own)).scalar_one())


def duties_of(pack: Pack, incident: Row[Any]) -> list[tuple[str, str, Clock]]:
    """The deadlines that a pack sets for this incident at its level: name, word and clock.

    To a cry for help nobody answers in public (首次回应) unless an article of the pack demands it.
    """
    grade = pack.grade(incident.level)
    answer = grade.first_answer if _answers(pack, incident) else None
    named = (("first_report", "首报", grade.first_report), ("facts", "情况说明", grade.facts),
             ("first_answer", "首次回应", answer))  # fmt: skip
    return [(name, words, clock) for name, words, clock in named if clock is not None]


def _answers(pack: Pack, incident: Row[Any]) -> bool:
    """Whether a public answer is due at all: of a care case only by a clause of its triggers, or where the rules give
    the time themselves."""
    clock = pack.grade(incident.level).first_answer
    if not incident.care or clock is None or clock.source is Source.RULE:
        return clock is not None
    duties = pack.who([Trigger(one) for one in incident.triggers], incident.level).duties
    return any(one.kind in SPEAKS for one in duties)


def _asked(incident: Row[Any]) -> list[tuple[str, str, Clock]]:
    return duties_of(thaw(incident.frozen["pack"]), incident)


def answers_in_public(incident: Row[Any]) -> bool:
    """Whether the frozen pack sets this incident a time for a public answer."""
    return any(name == "first_answer" for name, _, _ in _asked(incident))


def drop_unasked(conn: Connection, incident: Row[Any], now: datetime) -> None:
    """End the duties that nobody asks of this incident any more, done by nobody: it turned out a cry for help."""
    asked = {name for name, _, _ in _asked(incident)}
    for row in timer.undone(conn, incident.id):
        if row.name not in asked:
            timer.drop(conn, row, now)
            log(conn, incident.id, now, EntryKind.MACHINE, f"关爱个案，{row.words}不再要求")


def run_duties_again(conn: Connection, incident: Row[Any], now: datetime) -> list[str]:
    """The duties that were undone when the incident ended run anew, by its frozen pack; gives their words."""
    return timer.run_again(conn, incident.id, {name: clock.after for name, _, clock in _asked(incident)}, now)


def restart_duties(conn: Connection, incident: Row[Any], now: datetime) -> list[str]:
    """Every duty of the level runs anew for its whole span; one that was done stays, under a further name."""
    asked = _asked(incident)
    for name, _, clock in asked:
        timer.restart(conn, incident.id, name, now, now + clock.after)
    set_duty_clocks(conn, incident, now)
    return [words for _, words, _ in asked]


def set_duty_clocks(conn: Connection, incident: Row[Any], now: datetime) -> None:
    """The incident's own deadlines, each with its source; shown, logged on lapse.

    One that is there stays; one that a lower level had dropped runs anew for its whole span.
    """
    rows: list[dict[str, Any]] = [
        {
            "school": incident.school, "incident_id": incident.id, "kind": timer.TimerKind.DUTY, "name": name,
            "words": words, "source": clock.source, "article": clock.article, "set_at": now,
            "due_at": now + clock.after,
        }
        for name, words, clock in _asked(incident)
    ]  # fmt: skip
    timer.set_timers(conn, rows)
    timer.ask_again(conn, incident.id, rows)
