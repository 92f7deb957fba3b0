"""Two persons press at once on a permit, a submission, a finding, an account change, a task, a question, a statement, a
silence or a closing order: one of them does it, the other is refused politely and nothing of theirs stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from escalation import people
from escalation.incident import Actor
from escalation.people import Held, Person, Role
from escalation.state_table import IllegalStep
from escalation.voice import statement
from escalation.voice.statement import Draft, statements
from tests.escalation.office import ON_DESK
from tests.escalation.papers import DEPUTY, KEEPER, LEADER, PUBLICITY
from tests.escalation.station import Station, open_station
from tests.escalation.test_paper_walks import NOUNS, USUAL, Deed, prepared
from tests.escalation.voice.course import CARD, TEXT
from tests.escalation.walk import Press, at_once, press_by
from tests.stream.said import SCHOOL

GIVER_TOO = Actor("giver2", "田力", frozenset({Role.SCHOOL_LEADER}))
BESIDE = {
    "permit": {"ask": LEADER, "grant": GIVER_TOO, "refuse": GIVER_TOO, "withdraw": KEEPER},
    "submission": {
        "hand_in": PUBLICITY, "sign": LEADER, "return": LEADER, "again": KEEPER, "approve": DEPUTY, "withdraw": KEEPER,
    },
    "finding": {"explain": LEADER, "confirm": DEPUTY, "dismiss": DEPUTY, "reconsider": DEPUTY},
    "account change": {"date": LEADER, "settle": PUBLICITY},
    "task": {"accept": KEEPER, "answer": ON_DESK, "return": ON_DESK, "confirm": ON_DESK, "withdraw": ON_DESK},
    "consultation": {"promise": LEADER, "answer": LEADER, "dismiss": LEADER, "reopen": LEADER},
    "statement": {
        "draft": DEPUTY, "submit": DEPUTY, "return": DEPUTY, "approve": DEPUTY, "release": DEPUTY, "withdraw": DEPUTY,
        "drop": DEPUTY,
    },
    "silence": {"begin": DEPUTY, "lift": ON_DESK},
    "order": {
        "propose": DEPUTY, "decide": GIVER_TOO, "refuse": GIVER_TOO, "withdraw": DEPUTY, "finish": DEPUTY,
        "lift": GIVER_TOO,
    },
}  # fmt: skip
"""Who else may do it at that moment: another person, or the same one at a second window where nobody else may."""
TOGETHER = {"task": {"set"}, "statement": {"check"}}
"""The same task set by two in one minute is one task; each look at an item of the list counts, whoever looks."""


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


@pytest.mark.parametrize("noun", NOUNS)
def test_of_two_who_press_at_once_one_does_it_and_one_is_refused_politely(station: Station, noun: str) -> None:
    prepared(station, noun)
    office, given, tried = station.office, NOUNS[noun][3], set[str]()
    if noun == "permit":
        _a_second_giver(station)
    for what, by in USUAL[noun]:
        office.now += timedelta(minutes=1)
        also = BESIDE[noun].get(what)
        press = _by(station, _seen(station) if what == "draft" else given[what])
        with suppress(IllegalStep):
            if also is not None and what not in tried:
                words = at_once(office.store, press, by, also)
                assert len(words) == 1, f"{what}: {words or 'both did it'}"
                assert "未作任何更改" in words[0], f"{what}: {words}"
                tried.add(what)
            press_by(office.store, press, by)
    assert tried == set(given) - TOGETHER.get(noun, set())


def _by(station: Station, deed: Deed) -> Press:
    return lambda conn, by: deed(conn, station, by)


def _seen(station: Station) -> Deed:
    """Both typed the same."""
    said = Draft(f"{TEXT}第 {len(station.office.rows(statements)) + 1} 稿。", CARD)
    return lambda conn, s, by: statement.draft(conn, 1, by, s.office.now, said)


def _a_second_giver(station: Station) -> None:
    role = station.office.ground.pack.role_of(station.office.ground.pack.permit.office)
    person = Person(SCHOOL, "giver2", GIVER_TOO.name, "", "校办", "giver2@x.example", "139")
    with station.office.store.write() as conn:
        people.enter(conn, [person], [Held(role, "", "giver"), Held(role, "", "giver2", 1)])
