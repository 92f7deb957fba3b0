"""The relay list walked over a real store: each deed whole, refused, or cut off; of two at once one does it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from escalation.incident import Actor
from escalation.state_table import IllegalStep
from escalation.voice import relay, release
from escalation.voice.relay import relays
from escalation.voice.state import RELAY, RelayState
from escalation.voice.statement import statements
from tests.escalation.office import IN_LEAD, ON_DESK
from tests.escalation.papers import DEPUTY, KEEPER, LEADER, school
from tests.escalation.station import Station, open_station
from tests.escalation.voice.course import URL, released
from tests.escalation.walk import at_once, press_by, take

Deed = Callable[[Connection, Station, Actor], object]
WAITING, DONE, RECALLED = RelayState.WAITING, RelayState.DONE, RelayState.RECALLED
SEEDS = [pytest.param(seed, marks=[pytest.mark.long] if seed else [], id=f"walk-{seed}") for seed in range(6)]
USUAL = (
    ("relay", LEADER), ("relay", KEEPER), ("excuse", KEEPER), ("excuse", IN_LEAD), ("take_down", KEEPER),
    ("withdraw", KEEPER), ("withdraw", IN_LEAD), ("take_down", LEADER), ("take_down", KEEPER), ("relay", KEEPER),
)  # fmt: skip
"""A list of two accounts: one relays, one is excused, the statement is withdrawn and taken down; and who may not."""
BESIDE = {"relay": KEEPER, "excuse": DEPUTY, "take_down": KEEPER, "withdraw": DEPUTY}


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        school(made)
        released(made.office, made.office.open(level=2))
        assert {row.state for row in made.office.rows(relays)} == {WAITING}
        yield made


def one_in(station: Station, *states: RelayState) -> int:
    """The first relay in one of these states, or else the first of all: then the deed is tried where it is illegal."""
    rows = station.office.rows(relays)
    return int(next((row.id for row in rows if row.state in states), rows[0].id))


def register(*states: RelayState) -> Deed:
    return lambda c, s, by: relay.register(c, one_in(s, *states), by.id, by, s.office.now, URL, "desk")


DEEDS: dict[str, Deed] = {
    "relay": register(WAITING, RelayState.OVERDUE),
    "take_down": register(RECALLED),
    "excuse": lambda c, s, by: relay.excuse(c, one_in(s, WAITING, RelayState.OVERDUE), by, s.office.now, "账号停更"),
    "withdraw": lambda c, s, by: release.withdraw(
        c, s.office.head, s.office.rows(statements)[-1].id, by, s.office.now, "数字有误", again=False
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_deed_on_the_list_is_whole_or_nothing(station: Station, seed: int) -> None:
    office, done, chance = station.office, set[str](), random.Random(seed)
    by_chance = [(chance.choice([*DEEDS, "wait"]), chance.choice([KEEPER, IN_LEAD, LEADER])) for _ in range(6)]
    for what, by in [*by_chance, *USUAL] if seed else USUAL:
        office.now += timedelta(minutes=1)
        before = {row.id: row.state for row in office.rows(relays)}
        if what == "wait":
            office.later(hours=3)
            continue
        if not take(office.store, lambda conn, what=what, by=by: DEEDS[what](conn, station, by)):  # type: ignore[misc]
            continue
        done.add(what)
        for row in office.rows(relays):
            was = before.get(row.id, DONE)  # the first publisher's own post joins the list when it is to be taken down
            legal = {step.to for step in RELAY.steps[RelayState(was)].values()}
            assert row.state == was or row.state in legal, f"{what}: {was} 到 {row.state}"
    assert seed or done == set(DEEDS), "what is refused everywhere shows nothing"


def test_of_two_who_press_at_once_one_does_it_and_one_is_refused_politely(station: Station) -> None:
    office, tried = station.office, set[str]()
    for what, by in USUAL:
        office.now += timedelta(minutes=1)
        fixed = pinned(station, what)
        with suppress(IllegalStep):
            if what not in tried and may(station, fixed, by):
                words = at_once(office.store, fixed, by, BESIDE[what])
                assert len(words) == 1, f"{what}: {words or 'both did it'}"
                assert "未作任何更改" in words[0], f"{what}: {words}"
                tried.add(what)
            press_by(office.store, fixed, by)
    assert tried == set(DEEDS)


def pinned(station: Station, what: str) -> Callable[[Connection, Actor], object]:
    """The deed on the very row that both have on their screens."""
    office = station.office
    wanted = (RECALLED,) if what == "take_down" else (WAITING, RelayState.OVERDUE)
    row, text = one_in(station, *wanted), office.rows(statements)[-1].id
    if what == "withdraw":
        return lambda c, by: release.withdraw(c, office.head, text, by, office.now, "数字有误", again=False)
    if what == "excuse":
        return lambda c, by: relay.excuse(c, row, by, office.now, "账号停更")
    return lambda c, by: relay.register(c, row, by.id, by, office.now, URL, "desk")


def may(station: Station, press: Callable[[Connection, Actor], object], by: Actor) -> bool:
    """Whether the deed is done where nobody else presses; nothing of it stays."""
    try:
        with station.office.store.write() as conn:
            press(conn, by)
            raise Enough
    except Enough:
        return True
    except IllegalStep:
        return False


class Enough(Exception):
    """It went well, and is taken back."""


def test_a_person_of_the_desk_registers_no_relay_for_others(station: Station) -> None:
    office = station.office
    assert not take(office.store, lambda conn: DEEDS["relay"](conn, station, ON_DESK))
    assert {row.state for row in office.rows(relays)} == {WAITING}
