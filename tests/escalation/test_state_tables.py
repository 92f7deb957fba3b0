"""Every state table of the house, walked: an illegal step is refused with a sentence, and nobody is stuck."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.state_table import IllegalStep, StateTable
from tests.escalation.walks.every import TABLES

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
    **dict.fromkeys(("情况报告", "静默"), "."),
    "交接班": "duty",
    **dict.fromkeys(("授权", "送审单", "发布核对"), "permit"),
    "账号变动": "alteration",
    **dict.fromkeys(("暂停发声", "口径", "转发任务"), "voice"),
    **dict.fromkeys(("任务", "更正登记"), "task"),
    **dict.fromkeys(("责令关闭", "追责", "移交材料"), "measure"),
}


IN_PAPERS = [one for one in TABLES if one.noun not in ("事件", "咨询")]


@pytest.mark.parametrize("table", IN_PAPERS, ids=lambda table: table.noun)
def test_the_course_of_a_paper_is_printed_as_it_is(table: StateTable[Any, Any]) -> None:
    assert table.noun in PRINTED, "a new table is printed in the README of its room"
    readme = Path(__file__).parents[2] / "escalation" / PRINTED[table.noun] / "README.md"
    assert "\n".join(table.diagram()) in readme.read_text("utf-8")
