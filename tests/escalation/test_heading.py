"""What an incident is called where there is little room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.heading import brief, heading
from stream.doubt import BELOW, WORDS, doubted
from stream.evidence import Ledger
from stream.rules import Slot
from tests.stream.said import a_post, assessed


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("风林职业技术学院：严重伤害事故", "严重伤害事故"),
        ("风林职业技术学院：有人带刀、持械在校内外走动", "有人带刀、持…"),
        ("二食堂：疑似食物中毒", "二食堂：疑似…"),
        ("五号楼：着火", "五号楼：着火"),
        ("评论集中压过原帖多日", "评论集中压过…"),
    ],
)
def test_the_matter_is_named_where_its_place_leaves_it_no_room(title: str, shown: str) -> None:
    assert brief(title, 7) == shown


@given(st.text(max_size=40), st.integers(2, 12))
def test_no_more_than_there_is_room_for_and_nothing_that_was_not_said(title: str, length: int) -> None:
    said = brief(title, length)
    assert len(said) <= length
    assert said.removesuffix("…") in title


def test_a_danger_that_the_model_doubted_is_called_what_it_is_once_others_open_it() -> None:
    line = assessed(a_post("三号楼着火了"))
    (hit,) = line.hits
    calm = line.model_copy(update={"hits": doubted(line.hits, Slot.COMMENT, BELOW / 2)})
    assert all(WORDS in one.title for one in calm.hits)
    called = heading(calm, Ledger({}).note(calm), hit.theme, "风林职业技术学院", care=False)
    assert called.partition("：")[2] == hit.title
