"""Two offices that may be one department: told apart until the school says they are one, then told once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from escalation.procedure import Answer, Role, Trigger, load, thaw

SMALL = load(Path(__file__).parent / "small.toml")
BOTH = [Trigger.MANAGER_CHANGE]


def told(answer: Answer) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.role, one.names) for one in answer.recipients]


def test_two_offices_are_told_apart_while_nobody_has_confirmed() -> None:
    assert told(SMALL.who(BOTH, 1)) == [("united_front", ("党委宣传统战部",)), ("publicity", ("党委宣传部",))]
    assert SMALL.merged([]) == SMALL


def test_a_confirmed_department_is_told_once_with_each_clause_own_word() -> None:
    answer = SMALL.merged(["united_front"]).who(BOTH, 1)
    assert told(answer) == [("publicity", ("党委宣传统战部", "党委宣传部"))]
    (one,) = answer.recipients
    assert one.articles == ("第四条", "第二章第二条")
    assert {(ground.office, ground.quote) for ground in one.grounds} == {
        ("党委宣传统战部", "变更的，7日内报党委宣传统战部备案"),
        ("党委宣传部", "重大事件要及时向主管校领导和党委宣传部汇报"),
    }


def test_a_merged_pack_is_another_version_and_freezes_as_merged() -> None:
    merged = SMALL.merged(["united_front"])
    assert merged.version != SMALL.version
    assert merged == SMALL.merged(["united_front", "united_front"])
    assert thaw(json.loads(json.dumps(merged.freeze()))) == merged


def test_the_ladder_has_no_key_of_the_office_that_is_gone() -> None:
    merged = SMALL.merged(["united_front"])
    assert "united_front" not in merged.offices
    assert merged.ladder.chain == {Role.PUBLICITY: Role.SCHOOL_LEADER, Role.KEEPER: Role.PUBLICITY}


@pytest.mark.parametrize("key", ["publicity", "keeper", "nobody"])
def test_offices_that_the_pack_keeps_apart_cannot_be_merged(key: str) -> None:
    with pytest.raises(ValueError, match=f"没有写“{key}”可能与别的单位是一家，不能合并；可以合并的：united_front"):
        SMALL.merged([key])
