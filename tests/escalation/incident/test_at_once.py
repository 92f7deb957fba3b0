"""Two persons press the same button of one incident at the same moment: one result, and one polite refusal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection

from escalation import merging, receipt, telephone
from escalation.bulletin import BulletinKind
from escalation.bulletin.write import Draft, write
from escalation.channels.phone import OUTCOMES, CallOutcome
from escalation.incident import Actor
from escalation.measure import deciding, measures
from escalation.notice import calls, notices
from escalation.people import Role
from escalation.state_table import IllegalStep
from escalation.voice import hold
from escalation.voice.hold import holds
from tests.escalation.incident.deeds import DEEDS, WAITS, another, prepared
from tests.escalation.incident.test_walk import COURSE, LAST
from tests.escalation.office import Office
from tests.escalation.walk import Press, at_once, press_by

OTHER = Actor("deputy", "宋微", frozenset({Role.PUBLICITY, Role.SCHOOL_LEADER}))


def _sign(office: Office, one: int) -> Press:
    owed = next(row for row in office.rows(notices, incident_id=one) if row.needs_signature and not row.signed_at)

    def press(conn: Connection, by: Actor) -> None:
        del by
        if receipt.sign(conn, owed.id, owed.addressee, office.now, via="link") is not receipt.Signed.NOW:
            raise IllegalStep("您已签收。未作任何更改。")  # as the page says it

    return press


def _call(office: Office, one: int) -> Press:
    call_id = next(row.id for row in office.rows(calls, outcome=None))
    return lambda conn, by: telephone.record_call(conn, call_id, by, office.now, OUTCOMES[CallOutcome.TOLD].title)


def _write(office: Office, one: int, kind: BulletinKind, after: int) -> Press:
    said = Draft(kind, "已核实", "已整改", "继续核实", after)
    return lambda conn, by: write(conn, office.head, one, by, office.now, said, ())


def _lift(office: Office, one: int) -> Press:
    held = office.rows(holds, incident_id=one)[-1].id
    return lambda conn, by: hold.lift(conn, office.head, held, by, office.now, "已当面答复")


def _hand_over(office: Office, one: int) -> Press:
    asked = office.rows(measures, incident_id=one)[-1]
    event = "decide" if asked.state == "proposed" else "finish"
    return lambda conn, by: deciding.act(conn, office.head, asked.id, event, by, office.now, "已送达")


def _take_in(office: Office, one: int) -> Press:
    other, number = another(office, one), office.one(one).number
    return lambda conn, by: merging.merge(conn, office.head, other, number, by, office.now, "同一件事")


SEEN: dict[str, Callable[[Office, int], Press]] = {
    "sign": _sign, "call": _call, "lift": _lift, "hand_over": _hand_over, "take_in": _take_in,
    "report": lambda o, i: _write(o, i, BulletinKind.FIRST, 0),
    "conclude": lambda o, i: _write(o, i, BulletinKind.FINAL, 1),
}  # fmt: skip
"""Deeds on something of the incident: what both had before their eyes when they pressed."""


def _deed(office: Office, one: int, what: str) -> Press:
    return lambda conn, by: DEEDS[what](conn, office, one, by)


def _pressed(office: Office, one: int, what: str) -> Press:
    """The deed as both of them would do it now. Raises StopIteration where there is nothing to do it on."""
    return SEEN[what](office, one) if what in SEEN else _deed(office, one, what)


def test_two_who_press_at_once_get_one_result_and_one_polite_refusal_whatever_they_press(tmp_path: Path) -> None:
    office, one = prepared(tmp_path)
    tried, store = set(), office.store
    for what, by in (*COURSE, *LAST):
        if what in WAITS:
            office.later(seconds=WAITS[what].total_seconds())
            continue
        with suppress(IllegalStep, StopIteration):
            if what not in tried:
                words = at_once(store, _pressed(office, one, what), by, OTHER)
                assert len(words) == 1, f"{what}: {words or 'both did it'}"
                assert "未作任何更改" in words[0], f"{what}: {words}"
                assert "另立" not in words[0], "nobody opened another incident"
                tried.add(what)
            press_by(store, _deed(office, one, what), by)
    assert tried == set(DEEDS)
    store.close()
