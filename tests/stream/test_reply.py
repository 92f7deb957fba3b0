"""What somebody names in reply is about the line before, where it may be; a matter of its own stays one."""

from __future__ import annotations

import pytest

from stream.assessment import Assessment, Hit
from stream.danger import matters
from stream.impression import DANGER
from stream.matter import CARE
from stream.post import Kind
from stream.reply import may_reply, replying
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


def themes(found: Assessment) -> set[tuple[str, tuple[str, ...]]]:
    return {(hit.theme, hit.kinds) for hit in found.hits if hit.kinds or hit.rule == DANGER}


def test_help_called_in_reply_to_a_cry_is_of_the_cry_and_keeps_what_it_tells_of() -> None:
    found = said(UNCONSCIOUS)
    assert may_reply(found)
    assert {kind for hit in found.hits for kind in hit.kinds} == {"emergency"}
    assert themes(replying(found, CARE)) == {(CARE, (CARE, "emergency"))}
    assert replying(found, "dorm") is found, "a rule knows what it is"


def test_what_only_the_model_fears_is_of_the_matter_that_it_replies_to() -> None:
    found = said("快点过去", GUESS)
    assert may_reply(found)
    assert themes(replying(found, "teacher")) == {("teacher", ())}
    assert themes(replying(found, CARE)) == {(CARE, (CARE,))}


@pytest.mark.parametrize(
    "found",
    [
        said(BURNING),
        said(BURNING, GUESS),
        said("真的活不下去了，活着好累，猫留给室友了"),
        said(UNCONSCIOUS, parent=None),
        said(UNCONSCIOUS, parent="weibo:t1", kind=Kind.COMMENT),
        said(UNCONSCIOUS, by_school=True),
        said(UNCONSCIOUS, kind=Kind.LEAD),
        said("食堂的菜太咸了"),
    ],
)
def test_a_matter_of_its_own_a_first_comment_and_the_schools_own_answer_are_no_replies(found: Assessment) -> None:
    assert not may_reply(found)


def test_replying_twice_is_replying_once_and_no_weight_is_lost() -> None:
    found = said(UNCONSCIOUS, GUESS)
    once = replying(found, CARE)
    assert replying(once, CARE) == once
    assert [hit.weight for hit in once.hits] == [hit.weight for hit in found.hits]
    assert not any(matters(hit.kinds) - {CARE} for hit in once.hits)
