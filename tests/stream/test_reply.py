"""What is told of a person in reply to a cry for help is of that person; what may be another matter stays one."""

from __future__ import annotations

import pytest

from stream.assessment import Assessment, Hit
from stream.danger import DANGERS
from stream.impression import DANGER
from stream.matter import CARE
from stream.post import Kind
from stream.reply import OF_A_PERSON, TOLD, may_reply, replying
from tests.stream.said import a_post, assessed

UNCONSCIOUS = "她晕倒了没有反应，快来人"
BURNING = "三号楼着火了，好多人困在里面"
GUESS = Hit(
    rule=DANGER, version=1, title="疑似险情", theme="dorm", category="incident", grave=True, level_floor=2, weight=90,
    spans=((0, 1),), words=("她",), kinds=("poisoning",),
)  # fmt: skip


def said(text: str, *more: Hit, **of_post: object) -> Assessment:
    found = assessed(a_post(text, **({"parent": "weibo:9", "kind": Kind.REPLY} | of_post)))  # type: ignore[arg-type]
    return found.model_copy(update={"hits": (*found.hits, *more)})


def test_help_called_in_reply_to_a_cry_is_of_the_cry_and_keeps_what_it_tells_of() -> None:
    found = said(UNCONSCIOUS, GUESS)
    assert may_reply(found)
    left = [hit for hit in replying(found).hits if hit.kinds]
    assert {(hit.theme, hit.kinds) for hit in left if hit.rule != DANGER} == {(CARE, (CARE, "emergency"))}
    assert [(hit.theme, hit.kinds) for hit in left if hit.rule == DANGER] == [(CARE, (CARE,))]
    assert all(hit.title.endswith(TOLD) for hit in left), "a reader is told why"


@pytest.mark.parametrize("kind", DANGERS)
def test_only_what_may_have_become_of_the_same_person_is_taken_so(kind: str) -> None:
    hit = GUESS.model_copy(update={"rule": "XX-01", "kinds": (kind,)})
    found = said("快来").model_copy(update={"hits": (hit,)})
    assert may_reply(found) == (kind in OF_A_PERSON)
    assert not may_reply(found.model_copy(update={"hits": (hit, hit.model_copy(update={"kinds": ("fire",)}))}))


@pytest.mark.parametrize(
    "found",
    [
        said(BURNING),
        said("快点过去", GUESS),
        said(UNCONSCIOUS + "，食堂着火了"),
        said("真的活不下去了，活着好累，猫留给室友了"),
        said(UNCONSCIOUS, parent=None),
        said(UNCONSCIOUS, parent="weibo:t1", kind=Kind.COMMENT),
        said(UNCONSCIOUS, by_school=True),
        said(UNCONSCIOUS, kind=Kind.LEAD),
        said("食堂的菜太咸了"),
    ],
)
def test_a_matter_of_its_own_a_guess_a_first_comment_and_the_schools_own_answer_are_no_replies(
    found: Assessment,
) -> None:
    assert not may_reply(found)


def test_no_weight_nor_gravity_is_lost() -> None:
    found = said(UNCONSCIOUS, GUESS)
    for before, after in zip(found.hits, replying(found).hits, strict=True):
        assert (after.weight, after.grave, after.level_floor) == (before.weight, before.grave, before.level_floor)
