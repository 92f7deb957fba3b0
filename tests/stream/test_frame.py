"""A frame takes the danger out of jokes under a drill or a play, and out of nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.assessment import Hit
from stream.frame import WEIGHT, framed, frames, may_be_framed
from stream.impression import COMPLAINT
from stream.post import Kind
from tests.stream.said import a_post, assessed

DRILL = "今天下午三点，消防演练，烟雾是演习用的发烟罐"
PLAY = "推理社本周六晚举办剧本杀专场，欢迎报名"
NOTICE = "本周六晚操场放电影，欢迎大家"


@pytest.mark.parametrize(
    ("root", "line"),
    [(DRILL, "三号楼着火了，好多人困在里面"), (PLAY, "三号楼着火了，好多人困在里面")],
)
def test_a_joke_under_a_drill_or_a_play_is_no_danger(root: str, line: str) -> None:
    found = assessed(a_post(line))
    assert any(hit.grave for hit in found.hits)
    assert may_be_framed(found)
    left = framed(found, root)
    assert [hit.rule for hit in left.hits] == [hit.rule for hit in found.hits], "what was found stays to be read"
    assert not any(hit.grave or hit.kinds or hit.level_floor for hit in left.hits if "原帖说的是" in hit.title)
    assert not any(hit.grave for hit in left.hits)
    assert all(hit.weight <= WEIGHT for hit in left.hits if "原帖说的是" in hit.title)


@pytest.mark.parametrize(
    ("root", "line"),
    [
        (NOTICE, "三号楼着火了，好多人困在里面"),
        (DRILL, "不是演练，三号楼真着火了，好多人困在里面"),
        ("剧本杀社团活动室里有人受伤了", "三号楼着火了，好多人困在里面"),
        (PLAY, "三号楼着火了，好多人困在里面，已经打120了"),
        ("情况说明：昨日消防演练中一名同学受伤", "三号楼着火了，好多人困在里面"),
        ("", "三号楼着火了，好多人困在里面"),
        (PLAY, "真的活不下去了，活着好累，猫留给室友了"),
    ],
)
def test_what_is_real_stays_as_it_is(root: str, line: str) -> None:
    found = assessed(a_post(line))
    assert any(hit.grave for hit in found.hits)
    assert framed(found, root) is found


def test_a_reply_under_a_drill_is_read_as_it_stands_since_what_it_replies_to_may_be_real() -> None:
    found = assessed(a_post("三号楼着火了，好多人困在里面", kind=Kind.REPLY, parent="weibo:9"))
    assert framed(found, DRILL) is found


@pytest.mark.parametrize(("weight", "left"), [(50, WEIGHT), (69, WEIGHT), (70, 70)])
def test_what_the_model_alone_complains_of_under_a_drill_is_of_the_drill_unless_it_is_sure(
    weight: int, left: int
) -> None:
    felt = Hit(
        rule=COMPLAINT, version=1, title="疑似投诉", theme="admin", category="grievance", weight=weight,
        spans=((0, 1),), words=("又",),
    )  # fmt: skip
    found = assessed(a_post("又要走一遍")).model_copy(update={"hits": (felt,)})
    assert [hit.weight for hit in framed(found, DRILL).hits] == [left]
    assert [hit.weight for hit in framed(found, PLAY).hits] == [weight]


@given(st.sampled_from([DRILL, PLAY, NOTICE]), st.text(max_size=40))
def test_framing_twice_is_framing_once(root: str, said: str) -> None:
    once = framed(assessed(a_post(f"三号楼着火了，好多人困在里面{said}")), root)
    assert framed(once, root) == once


def test_every_word_is_written_once_and_breaks_no_frame_of_its_own() -> None:
    for frame in frames():
        for words in (frame.post, frame.unless, frame.real):
            assert len(words) == len(set(words))
            assert all(words)
        assert not set(frame.post) & set(frame.unless)
