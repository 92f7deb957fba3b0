"""Every state table of the house walked over a real store, one noun at a time; the incident has walks of its own
(`incident/test_walk.py`, `incident/test_at_once.py`).

Each deed is whole, refused, or cut off without a trace; whatever moves moves by a row of its table; from wherever a
walk got there is a way out; of two who press at once one does it and one is refused politely.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from escalation.incident.state import INCIDENT
from tests.escalation.station import open_station
from tests.escalation.walks.every import NOUNS, SOURCES, TABLES
from tests.escalation.walks.noun import Noun, contested, led, led_out, turn

every_noun = pytest.mark.parametrize("noun", NOUNS)
FEW = settings(
    deadline=None, max_examples=2, phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def test_every_table_of_the_house_is_walked_over_a_store() -> None:
    assert len(TABLES) == sum(SOURCES.values()) >= 17, "a table that has no name in its module is not found"
    walked = {one.table.noun: one.table for one in NOUNS.values()} | {INCIDENT.noun: INCIDENT}
    missing = {one.noun for one in TABLES if walked.get(one.noun) is not one}
    assert not missing, f"give {missing} a `Noun` in tests/escalation/walks"
    assert len(walked) == len(TABLES)


@every_noun
def test_in_the_usual_course_every_deed_is_whole_or_nothing_every_state_stands_and_of_two_at_once_one_is_refused(
    tmp_path: Path, noun: str
) -> None:
    one = NOUNS[noun]
    with open_station(tmp_path) as s:
        one.prepare(s)
        done, tried, stood = set[str](), set[str](), {one.table.start, *one.states(s).values()}
        for what, by in one.usual:
            if what in one.beside and what not in tried and contested(s, one, what, by):
                tried.add(what)
            if turn(s, one, what, by):
                done.add(what)
            stood |= {*one.states(s).values()}
    assert {*one.deeds} <= done, "what is refused everywhere shows nothing"
    assert {*one.beside} == tried, "what two never press at once shows nothing"
    assert stood == {*one.table.steps}, f"never { ({*one.table.steps} - stood) }"


def walked(folder: Path, noun: Noun, data: st.DataObject) -> None:
    """Led to a drawn point of the usual course, then whoever does whatever to whichever row; and led out."""
    begun = data.draw(st.integers(0, len(noun.usual)), "turns of the usual course")
    drawn = st.tuples(
        st.sampled_from([*noun.deeds, *noun.happens]), st.sampled_from([*noun.actors]), st.integers(0, 2), st.booleans()
    )
    with open_station(folder) as s:
        noun.prepare(s)
        led(s, noun, 0, begun)
        for what, who, nth, both in data.draw(st.lists(drawn, min_size=4, max_size=8), "turns"):
            by = noun.actors[who]
            if both and what in noun.beside:
                contested(s, noun, what, by, nth)
            turn(s, noun, what, by, nth)
        led_out(s, noun)


@every_noun
@FEW
@given(data=st.data())
def test_wherever_a_drawn_walk_goes_every_step_is_the_tables_and_there_is_a_way_out(
    tmp_path_factory: pytest.TempPathFactory, noun: str, data: st.DataObject
) -> None:
    walked(tmp_path_factory.mktemp("walk"), NOUNS[noun], data)


@pytest.mark.long
@pytest.mark.timeout(300)
@every_noun
@settings(FEW, max_examples=12)
@given(data=st.data())
def test_many_drawn_walks_keep_to_their_tables_and_have_a_way_out(
    tmp_path_factory: pytest.TempPathFactory, noun: str, data: st.DataObject
) -> None:
    walked(tmp_path_factory.mktemp("walk"), NOUNS[noun], data)
