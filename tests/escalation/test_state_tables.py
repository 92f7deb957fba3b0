"""Every state table of the house, walked: an illegal step is refused with a sentence, and nobody is stuck."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.alteration.state import ALTERATION
from escalation.breach.state import BREACH
from escalation.bulletin.state import BULLETINS
from escalation.consultation.state import CONSULTATION
from escalation.duty.handover_state import HANDOVER
from escalation.incident.state import INCIDENT
from escalation.measure.state import BLAME, ORDER, REFERRAL
from escalation.permit.state import PERMIT
from escalation.silence import SILENCE
from escalation.state_table import IllegalStep, StateTable
from escalation.submission.state import SUBMISSION
from escalation.task.correction import CORRECTION
from escalation.task.state import TASK
from escalation.voice.state import HOLD, RELAY, STATEMENT

TABLES: tuple[StateTable[Any, Any], ...] = (
    INCIDENT, PERMIT, SUBMISSION, BREACH, HOLD, STATEMENT, RELAY, CONSULTATION, TASK, CORRECTION, HANDOVER,
    BULLETINS, SILENCE, ORDER, BLAME, REFERRAL, ALTERATION,
)  # fmt: skip
every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.noun)


def reachable(table: StateTable[Any, Any]) -> set[StrEnum]:
    found, look = {table.start}, [table.start]
    while look:
        for step in table.steps[look.pop()].values():
            if step.to not in found:
                found.add(step.to)
                look.append(step.to)
    return found


@every_table
def test_every_state_and_event_has_words_and_a_row(table: StateTable[Any, Any]) -> None:
    assert set(table.state_words) == {*table.start.__class__.__members__.values()} == set(table.steps)
    used = {event for events in table.steps.values() for event in events}
    assert used == set(table.event_words)
    assert all((*table.state_words.values(), *table.event_words.values()))


@every_table
def test_every_state_can_be_reached_and_has_a_way_out_or_is_an_end(table: StateTable[Any, Any]) -> None:
    assert reachable(table) == set(table.steps)
    for state, events in table.steps.items():
        leaves = any(step.to != state for step in events.values())
        assert leaves or state in table.ends, f"{table.noun} 停在“{table.state_words[state]}”，没有出路"


@every_table
def test_the_diagram_shows_every_row_once(table: StateTable[Any, Any]) -> None:
    lines = list(table.diagram())
    assert len(lines) == len(set(lines)) == 2 + sum(len(events) for events in table.steps.values())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.noun)
@given(data=st.data())
def test_a_walk_takes_legal_steps_only_and_refuses_the_others_with_a_cure(
    table: StateTable[Any, Any], data: st.DataObject
) -> None:
    state, roles = (
        table.start,
        sorted({role for events in table.steps.values() for s in events.values() for role in s.by}),
    )
    for _ in range(data.draw(st.integers(1, 12))):
        event = data.draw(st.sampled_from(sorted(table.event_words)))
        actor = data.draw(st.one_of(st.none(), st.frozensets(st.sampled_from(roles)) if roles else st.none()))
        found = table.steps[state].get(event)
        if found is not None and (actor is None or set(actor) & set(found.by)):
            state = table.step(state, event, actor)
            assert state == found.to
        else:
            with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
                table.step(state, event, actor)
            assert not (actor is not None and table.may(state, event, actor))


PRINTED = {
    **dict.fromkeys((BULLETINS.noun, SILENCE.noun), "."),
    HANDOVER.noun: "duty",
    **dict.fromkeys((PERMIT.noun, SUBMISSION.noun, BREACH.noun), "permit"),
    ALTERATION.noun: "alteration",
    **dict.fromkeys((HOLD.noun, STATEMENT.noun, RELAY.noun), "voice"),
    **dict.fromkeys((TASK.noun, CORRECTION.noun), "task"),
    **dict.fromkeys((ORDER.noun, BLAME.noun, REFERRAL.noun), "measure"),
}


@pytest.mark.parametrize("table", [one for one in TABLES if one.noun in PRINTED], ids=lambda table: table.noun)
def test_the_course_of_a_paper_is_printed_as_it_is(table: StateTable[Any, Any]) -> None:
    readme = Path(__file__).parents[2] / "escalation" / PRINTED[table.noun] / "README.md"
    assert "\n".join(table.diagram()) in readme.read_text("utf-8")
