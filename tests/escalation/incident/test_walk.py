"""The state table walked over a real store: whoever does whatever, in any order, to one incident.

Each legal step is one transaction that leaves its line in the log, its row in the audit and the clocks of its state; a
refused one ends with a cure and changes no row at all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from escalation import archive, assigning, handling, keeper, level, recap, receipt, reignition
from escalation.audit import audit_log
from escalation.handling import FalseAlarm
from escalation.incident import Actor, StateMoved, entries, incidents, open_keys
from escalation.incident.state import ENDED, INCIDENT, OPEN, IllegalStep, State
from escalation.loose_end import loose_ends
from escalation.notice import deliveries, notices
from escalation.timer import timers
from tests.escalation.office import IN_LEAD, KEEPER, ON_DESK, RECAP, Office

Deed = Callable[[Connection, Office, int, Actor], object]


def _sign(conn: Connection, office: Office, one: int, by: Actor) -> None:
    del by
    for row in office.rows(notices, incident_id=one):
        if row.needs_signature and row.signed_at is None:
            receipt.sign(conn, row.id, row.addressee, office.now, via="link")


DEEDS: dict[str, Deed] = {
    "confirm": lambda c, o, i, by: handling.confirm(c, i, by, o.now),
    "assign": lambda c, o, i, by: assigning.assign(c, o.head, i, by, o.now, "后勤处"),
    "answer": lambda c, o, i, by: keeper.answer(c, i, by, o.now, text="已回应"),
    "no_answer": lambda c, o, i, by: handling.no_answer(c, i, by, o.now, "已当面答复", "沈澄"),
    "watch": lambda c, o, i, by: reignition.begin(c, i, by, o.now),
    "rekindle": lambda c, o, i, by: reignition.rekindle(c, o.head, i, by, o.now, "又来了"),
    "recap": lambda c, o, i, by: recap.write(c, i, by, o.now, RECAP),
    "raise": lambda c, o, i, by: level.change(c, o.head, i, by, o.now, 2, "家长到校"),
    "lower": lambda c, o, i, by: level.change(c, o.head, i, by, o.now, 4, "查实无事"),
    "dismiss": lambda c, o, i, by: handling.dismiss(c, o.head, i, by, o.now, FalseAlarm.JOKE),
    "close": lambda c, o, i, by: handling.close(c, i, by, o.now, "已处置", "电话办理"),
    "reopen": lambda c, o, i, by: handling.reopen(c, o.head, i, by, o.now, "又来了"),
    "archive": lambda c, o, i, by: archive.archive(c, i, by, o.now),
    "wind_up": lambda c, o, i, _by: o.wind_up(c, i),
    "sign": _sign,
}
WAITS = {"an hour": timedelta(hours=1), "fifteen days": timedelta(days=15)}
TURNS = st.lists(
    st.tuples(st.sampled_from(sorted([*DEEDS, *WAITS])), st.sampled_from([ON_DESK, IN_LEAD, KEEPER])),
    min_size=4, max_size=10,
)  # fmt: skip
TABLES = (incidents, entries, notices, timers, deliveries, open_keys, audit_log)


def whole(office: Office) -> list[list[tuple[Any, ...]]]:
    return [[tuple(row) for row in office.rows(table)] for table in TABLES]


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(turns=TURNS)
def test_every_step_is_whole_and_every_refusal_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, turns: list[tuple[str, Actor]]
) -> None:
    office = Office.at(tmp_path_factory.mktemp("walk"))
    one = office.open(level=3)
    office.work()
    for what, by in turns:
        before, stood = whole(office), State(office.one(one).state)
        if what in WAITS:
            office.later(seconds=WAITS[what].total_seconds())
        else:
            try:
                with office.store.write() as conn:
                    DEEDS[what](conn, office, one, by)
            except (IllegalStep, StateMoved) as refused:
                said = str(refused)
                assert ("未作任何更改" in said, whole(office)) == (True, before)
                continue
            after = whole(office)
            if what not in ("sign", "wind_up"):
                assert len(after[1]) > len(before[1]), "a line in the log"
                assert len(after[-1]) > len(before[-1]), "a row in the audit"
        stands = State(office.one(one).state)
        _follows(office, one, stood, stands, waited=what in WAITS)
    office.store.close()


def _follows(office: Office, one: int, stood: State, stands: State, *, waited: bool) -> None:
    """What must hold in whatever state it now is."""
    steps = {step.to for step in INCIDENT.steps[stood].values()}
    further = {step.to for state in steps for step in INCIDENT.steps[state].values()}
    assert stands == stood or stands in steps or (waited or stands in further), f"{stood} 到 {stands}"
    running = office.rows(timers, state="set", incident_id=one)
    held = {row.incident_id for row in office.rows(open_keys)}
    if stands in ENDED:
        assert {row.kind for row in running} <= {"archive"}, "no clock of an ended incident runs"
        assert held == set()
        assert office.one(one).closed_at is not None
    if stands in OPEN:
        assert held == {one}
        assert office.one(one).closed_at is None
    watches = [row for row in running if row.kind == "watch"]
    assert len(watches) <= (stands is State.WATCHING), "a watch runs only while it is watched"
    if stands is State.CLOSED:
        assert [row.kind for row in running] == ["archive"]
        with office.store.read() as conn:
            assert all("复燃观察" in words for words in loose_ends(conn, one)), "nothing was open when it was closed"
    assert (stands is State.ARCHIVED) == bool(office.rows(archive.archives))
