"""A noun with a course: its state table, what its rows are on a real store, and every deed that persons do to one.

A deed is made of what somebody has before their eyes (a row, or none yet) and then pressed: two who press at once have
seen the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Table

from escalation.audit import audit_log
from escalation.incident import Actor, entries
from escalation.people import Role
from escalation.state_table import IllegalStep, StateTable
from escalation.timer import timers
from tests.escalation.station import Station
from tests.escalation.walk import Press, at_once, press_by, take, taken_back

Seen = Callable[[Station, Any], Press]
Deed = Callable[[Connection, Station, Actor, Any], object]
Happens = Callable[[Station], object]
NOTHING = SimpleNamespace(id=0, number="0", state="", text_hash="", seal="")
"""What is on the screen where there is no row yet: an address that somebody typed."""


def rows_of(table: Table, **where: Any) -> Callable[[Station], Sequence[Any]]:
    """The rows of a table, the oldest first."""
    return lambda s: s.office.rows(table, **where)


def on(deed: Deed) -> Seen:
    """A deed on the row that is seen."""
    return lambda s, row: lambda conn, by: deed(conn, s, by, row)


def wait(**by: float) -> Happens:
    """Nobody does anything, and the clocks run."""
    return lambda s: s.office.later(**by)


@dataclass(frozen=True, slots=True)
class Noun:
    """`usual`: a course in which every deed is done and every state stands, with those who may not among it.

    `beside`: who else may do it at that moment. `happens`: what no person of it does. `also`: roles that somebody has
    by the rota or the roster. `rests`: states besides the ends in which nothing waits for a person. `log`: where each
    deed leaves a line. `clock`: how the clocks of a row are named (or their matter), with {} for its id; they are set
    in the states of `ticks`, and run in no other.
    """

    table: StateTable[Any, Any]
    prepare: Callable[[Station], object]
    rows: Callable[[Station], Sequence[Any]]
    deeds: Mapping[str, Seen]
    usual: Sequence[tuple[str, Actor]]
    beside: Mapping[str, Actor]
    happens: Mapping[str, Happens] = field(default_factory=lambda: {"wait": wait(hours=3)})
    also: frozenset[Role] = frozenset()
    rests: frozenset[Any] = frozenset()
    log: Table = entries
    clock: str = ""
    ticks: frozenset[Any] = frozenset()

    @property
    def actors(self) -> dict[str, Actor]:
        """Whoever takes part in the usual course, and at the second window."""
        return {by.id: by for by in [*(by for _, by in self.usual), *self.beside.values()]}

    def states(self, s: Station) -> dict[int, Any]:
        """The state of every row."""
        return {row.id: type(self.table.start)(row.state) for row in self.rows(s)}

    def seen(self, s: Station, nth: int) -> Any:
        """The `nth` row from the newest, counted around."""
        rows = self.rows(s)
        return rows[-1 - nth % len(rows)] if rows else NOTHING


def turn(s: Station, noun: Noun, what: str, by: Actor, nth: int = 0) -> bool:
    """One turn, a minute later; False where it was refused and changed nothing."""
    s.office.now += timedelta(minutes=1)
    before, lines = noun.states(s), _lines(s, noun)
    if what in noun.happens:
        noun.happens[what](s)
        _follows(s, noun, before, what, None)
        return True
    press = noun.deeds[what](s, noun.seen(s, nth))
    if not take(s.office.store, lambda conn: press(conn, by)):
        return False
    assert all(now > was for was, now in zip(lines, _lines(s, noun), strict=True)), f"{what} leaves a line"
    _follows(s, noun, before, what, by)
    return True


def _lines(s: Station, noun: Noun) -> tuple[int, int]:
    return len(s.office.rows(noun.log)), len(s.office.rows(audit_log))


def _follows(s: Station, noun: Noun, before: Mapping[int, Any], what: str, by: Actor | None) -> None:
    """Whatever moved did so by a row of the table: this person's (or the machine's), and the machine's that follow."""
    table = noun.table
    for one, state in noun.states(s).items():
        was = before.get(one, table.start)
        legal = {was, *_next(noun, was, by)}
        while more := {to for reached in legal for to in _next(noun, reached, None)} - legal:
            legal |= more
        assert state in legal, f"{table.noun}, {what}: {was} 到 {state}"
    _ticks(s, noun, what)


def _ticks(s: Station, noun: Noun, what: str) -> None:
    if not noun.clock:
        return
    clocks = s.office.rows(timers)
    for one, state in noun.states(s).items():
        name = noun.clock.format(one)
        own = [row for row in clocks if (row.name.startswith(name) if row.matter is None else row.matter == name)]
        if state in noun.ticks:
            assert own, f"{noun.table.noun}, {what}: {state} has no clock"
        else:
            assert all(row.state != "set" for row in own), f"{noun.table.noun}, {what}: a clock runs in {state}"


def _next(noun: Noun, state: Any, by: Actor | None) -> set[Any]:
    roles = frozenset() if by is None else (by.roles or frozenset()) | noun.also
    steps = noun.table.steps[state].values()
    return {step.to for step in steps if not step.by or (by and (roles & set(step.by) or set(step.by) - {*Role}))}


def contested(s: Station, noun: Noun, what: str, by: Actor, nth: int = 0) -> bool:
    """Two who both may do it press at once on what both see: one result and one refusal; False where not both may."""
    s.office.now += timedelta(minutes=1)
    press = noun.deeds[what](s, noun.seen(s, nth))
    if not all(may(s, press, who) for who in (by, noun.beside[what])):
        return False
    words = at_once(s.office.store, press, by, noun.beside[what])
    assert len(words) == 1, f"{noun.table.noun}, {what}: {words or 'both did it'}"
    assert "未作任何更改" in words[0], f"{what}: {words}"
    return True


class Enough(Exception):
    """It went well, and is taken back."""


def may(s: Station, press: Press, by: Actor) -> bool:
    """Whether the deed is done where nobody else presses; nothing of it stays."""
    try:
        with s.office.store.write() as conn:
            press(conn, by)
            raise Enough
    except Enough:
        return True
    except IllegalStep:
        return False


def led(s: Station, noun: Noun, begin: int, end: int) -> None:
    """These turns of the usual course, whoever is refused."""
    for what, by in noun.usual[begin:end]:
        s.office.now += timedelta(minutes=1)
        if what in noun.happens:
            noun.happens[what](s)
            continue
        press = noun.deeds[what](s, noun.seen(s, 0))
        with suppress(IllegalStep):
            press_by(s.office.store, press, by)


def led_out(s: Station, noun: Noun) -> None:
    """From wherever a row stands persons (or time) lead it to an end. Raises AssertionError where it is stuck."""
    over = noun.table.ends | noun.rests
    for one in noun.states(s):
        been = set[Any]()
        while (stands := noun.states(s)[one]) not in over:
            been.add(stands)
            assert any(_leads_on(s, noun, one, been) for _ in range(PATIENCE)), (
                f"{noun.table.noun}停在“{noun.table.state_words[stands]}”，没有出路"
            )


PATIENCE = 4


def _leads_on(s: Station, noun: Noun, one: int, been: set[Any]) -> bool:
    """A deed, or two, that bring this row where it has not been; where there are none time passes."""
    s.office.now += timedelta(minutes=1)
    for what, by in _way(s, noun, one, been, 1) or _way(s, noun, one, been, 2):
        press, before = noun.deeds[what](s, _the(s, noun, one)), noun.states(s)
        assert take(s.office.store, lambda conn, press=press, by=by: press(conn, by))  # type: ignore[misc]
        _follows(s, noun, before, what, by)
    if noun.states(s)[one] in been:
        noun.happens["wait"](s)
    return noun.states(s)[one] not in been


def _the(s: Station, noun: Noun, one: int) -> Any:
    return next(row for row in noun.rows(s) if row.id == one)


def _way(s: Station, noun: Noun, one: int, been: set[Any], most: int) -> list[tuple[str, Actor]]:
    """At most so many deeds (a single one makes no other row), the usual ones first; nothing of them stays."""
    anybody = [(what, by) for what in noun.deeds for by in noun.actors.values()]
    row, known = _the(s, noun, one), noun.states(s).keys()
    for what, by in dict.fromkeys([*(turn for turn in noun.usual if turn[0] in noun.deeds), *anybody]):
        press = noun.deeds[what](s, row)
        if not may(s, press, by):
            continue
        with taken_back(s.office.store):
            press_by(s.office.store, press, by)
            after = noun.states(s)
            if after[one] not in been and (most > 1 or after.keys() == known):
                return [(what, by)]
            if most > 1 and (more := _way(s, noun, one, been, most - 1)):
                return [(what, by), *more]
    return []
