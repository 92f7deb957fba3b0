"""The incident's state table."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.incident.state import (
    EVENT_WORDS,
    OPEN,
    STATE_WORDS,
    TABLE,
    Event,
    IllegalStep,
    State,
    diagram,
    step,
    way,
)
from escalation.people import Role

EVENTS = st.lists(st.sampled_from(Event), max_size=30)


def test_every_state_and_event_has_its_word() -> None:
    assert set(STATE_WORDS) == set(State) == set(TABLE)
    assert set(EVENT_WORDS) == set(Event)


@given(EVENTS)
def test_walking_the_table_never_leaves_it(events: list[Event]) -> None:
    state = State.TRIAGED
    for event in events:
        if event in TABLE[state]:
            state = step(state, event, None)
        else:
            with pytest.raises(IllegalStep, match="未作任何更改"):
                step(state, event, None)
    assert state in TABLE


@given(st.sampled_from(State), st.sampled_from(Event), st.sets(st.sampled_from(Role), min_size=1))
def test_a_person_may_do_only_what_a_role_allows(state: State, event: Event, roles: set[Role]) -> None:
    found = TABLE[state].get(event)
    if found is not None and roles & set(found.by):
        assert step(state, event, frozenset(roles)) is found.to
    else:
        with pytest.raises(IllegalStep):
            step(state, event, frozenset(roles))


def test_every_open_state_can_be_ended_and_every_end_reopened() -> None:
    for state in OPEN - {State.TRIAGED}:
        assert way(state, State.WATCHING)[-1:] in ([Event.WATCH], []), "closing is reached through the watch"
    assert TABLE[State.WATCHING][Event.CLOSE].to is State.CLOSED
    for state in (State.CLOSED, State.FALSE_ALARM):
        assert TABLE[state][Event.REOPEN].to in OPEN
    assert TABLE[State.MERGED][Event.UNMERGE].to in OPEN
    assert TABLE[State.ARCHIVED] == {}


def test_only_a_watched_matter_is_closed() -> None:
    closing = {state for state, events in TABLE.items() if any(found.to is State.CLOSED for found in events.values())}
    assert closing == {State.WATCHING}


def test_the_way_back_to_any_open_state_is_made_of_legal_steps() -> None:
    for state in OPEN - {State.TRIAGED}:
        at = State.NOTIFIED
        for event in way(State.NOTIFIED, state):
            at = step(at, event, None)
            assert at in OPEN
        assert at is state
    with pytest.raises(IllegalStep, match="未作任何更改"):
        way(State.NOTIFIED, State.TRIAGED)


def test_the_documented_diagram_is_the_table() -> None:
    readme = Path(__file__).parents[3] / "escalation" / "README.md"
    assert "\n".join(diagram()) in readme.read_text("utf-8")
