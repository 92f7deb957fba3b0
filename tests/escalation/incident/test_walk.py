"""The state table walked over a real store: whoever does whatever, in any order, to one incident.

Each legal step is one transaction that leaves its line in the log, its row in the audit, the clocks of its state and
messages for whom it tells; a refused one ends with a cure and changes no row at all, nor does one that is cut off.
Every walk, wherever it went, is led to its end: closed, opened again, on again, closed again and archived.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation.incident import Actor
from escalation.incident.state import State
from tests.escalation.incident.deeds import DEEDS, WAITS, lead, must, prepared, turn
from tests.escalation.office import IN_LEAD, KEEPER, ON_DESK, Office
from tests.escalation.voice.course import HEAD
from tests.escalation.walk import refused, whole

Turns = list[tuple[str, Actor]]
ANYBODY = st.sampled_from([ON_DESK, IN_LEAD, KEEPER, HEAD])
TURNS = st.lists(
    st.tuples(st.sampled_from(sorted([*DEEDS, *WAITS])), ANYBODY), min_size=4, max_size=10
)  # fmt: skip
BETWEEN = st.lists(st.tuples(st.sampled_from(sorted({*DEEDS} - {"archive"} | {"an hour"})), ANYBODY), max_size=3)
"""What happens to a closed incident before it is opened again: nothing that ends it for good."""
COURSE = (
    ("archive", IN_LEAD),
    ("confirm", ON_DESK),
    ("assign", IN_LEAD),
    ("lower", IN_LEAD),
    ("raise", IN_LEAD),
    ("hold", IN_LEAD),
    ("lift", IN_LEAD),
    ("renew", IN_LEAD),
    ("merge", ON_DESK),
    ("unmerge", ON_DESK),
    ("dismiss", ON_DESK),
    ("reopen", IN_LEAD),
    ("split", KEEPER),
    ("split", IN_LEAD),
    ("sign", ON_DESK),
    ("answer", KEEPER),
    ("no_answer", IN_LEAD),
    ("watch", ON_DESK),
    ("rekindle", ON_DESK),
    ("no_answer", IN_LEAD),
    ("watch", ON_DESK),
    ("take_in", ON_DESK),
    ("refer", IN_LEAD),
    ("hand_over", HEAD),
    ("hand_over", IN_LEAD),
    ("recap", ON_DESK),
    ("close", IN_LEAD),
    ("no_answer", IN_LEAD),
    ("conclude", ON_DESK),
    ("report", ON_DESK),
    ("conclude", ON_DESK),
    ("watch", ON_DESK),
    ("close", IN_LEAD),
    ("fifteen days", ON_DESK),
    ("sign", ON_DESK),
    ("call", ON_DESK),
    ("archive", IN_LEAD),
    ("close", ON_DESK),
    ("close", IN_LEAD),
    ("rekindle", ON_DESK),
    ("archive", ON_DESK),
    ("reopen", ON_DESK),
    ("reopen", IN_LEAD),
)
"""The usual course of an incident, with what else may happen on the way, to its closing and opening again."""


LAST = (
    ("no_answer", IN_LEAD),
    ("watch", ON_DESK),
    ("report", ON_DESK),
    ("conclude", ON_DESK),
    ("fifteen days", ON_DESK),
    ("sign", ON_DESK),
    ("call", ON_DESK),
    ("close", IN_LEAD),
    ("archive", IN_LEAD),
)
"""What leads from there to the archive."""


def test_every_deed_of_the_usual_course_is_whole_or_nothing(tmp_path: Path) -> None:
    office, one = prepared(tmp_path)
    done = {what for what, by in COURSE if turn(office, one, what, by)}
    assert State(office.one(one).state) is State.HANDLING, (
        "closed, and opened again although a part of it was split off"
    )
    done |= {what for what, by in LAST if turn(office, one, what, by)}
    assert done - {*WAITS} == set(DEEDS)
    assert State(office.one(one).state) is State.ARCHIVED
    office.store.close()


def led_to_its_end(office: Office, one: int, between: Turns | None = None) -> None:
    """Wherever it stands: closed, opened again, on again, closed again, archived; after that nobody changes a row."""
    lead(office, one, State.CLOSED)
    for what, by in between or []:
        turn(office, one, what, by)
    lead(office, one, State.CLOSED)
    must(office, one, "reopen", IN_LEAD)
    lead(office, one, State.WATCHING)
    must(office, one, "rekindle", ON_DESK)
    assert State(office.one(one).state) is State.HANDLING
    lead(office, one, State.CLOSED)
    must(office, one, "archive", IN_LEAD)
    assert State(office.one(one).state) is State.ARCHIVED
    sealed = whole(office.store)
    for deed in DEEDS.values():
        refused(office.store, lambda conn, deed=deed: deed(conn, office, one, IN_LEAD))  # type: ignore[misc]
    assert whole(office.store) == sealed


@pytest.mark.parametrize("examples", [2, pytest.param(6, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_every_step_is_whole_every_refusal_changes_nothing_and_every_walk_ends_in_the_archive(
    tmp_path_factory: pytest.TempPathFactory, examples: int
) -> None:
    ended = []

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(turns=TURNS, between=BETWEEN)
    def walk(turns: Turns, between: Turns) -> None:
        office, one = prepared(tmp_path_factory.mktemp("walk"))
        for what, by in turns:
            turn(office, one, what, by)
        if State(office.one(one).state) is not State.ARCHIVED:  # by the machine, after fifteen days
            led_to_its_end(office, one, between)
            ended.append(one)
        office.store.close()

    walk()
    assert len(ended) >= examples / 2
