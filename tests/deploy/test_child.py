from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.child import FIRST_PAUSE, LONGEST_PAUSE, TABLE, Event, IllegalStep, State, pause, step


@given(st.lists(st.sampled_from(Event), max_size=20))
def test_no_walk_of_events_leaves_the_table(events: list[Event]) -> None:
    state = State.WAITING
    for event in events:
        try:
            state = step(state, event)
        except IllegalStep:
            assert event not in TABLE[state]
    assert state in TABLE


def test_a_stopped_child_is_never_started_again() -> None:
    assert step(step(State.RUNNING, Event.STOP), Event.DIED) is State.ENDED
    with pytest.raises(IllegalStep):
        step(State.ENDED, Event.START)


def test_the_pause_doubles_from_half_a_second_to_half_a_minute() -> None:
    assert [pause(deaths) for deaths in (1, 2, 3, 4)] == [FIRST_PAUSE, 1.0, 2.0, 4.0]
    assert pause(7) == LONGEST_PAUSE
    assert pause(100_000) == LONGEST_PAUSE
