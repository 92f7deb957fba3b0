"""How a post speaks: it denies, tells of something that happened, or teaches and advises."""

from __future__ import annotations

import pytest

from escalation.voice.speech import denies, denies_of_the_school, field, tells
from escalation.voice.subject import Subject, touches


@pytest.mark.parametrize(
    "text",
    [
        "网传内容不实", "视频系摆拍", "纯属子虚乌有", "系普通感冒，与就餐无关", "图片为旧图",
        "网传我院有人受伤系谣言。我院将加强安全培训", "【提醒】网传我院停课系误传",
    ],
)  # fmt: skip
def test_a_denial_is_seen_whatever_follows_it(text: str) -> None:
    assert denies(text)


@pytest.mark.parametrize(
    "text",
    [
        "讲座预告：网络谣言的识别与应对。现场教大家辟谣", "【反诈提醒】网传充值返现系骗局。请勿相信谣言", "欢迎报名",
        "如遇不实信息请及时举报", "",
    ],
)  # fmt: skip
def test_a_lesson_on_rumours_and_advice_deny_nothing(text: str) -> None:
    assert not denies(text)


def test_who_advises_for_a_case_that_may_come_tells_of_none() -> None:
    assert tells("三名同学已送医，情况稳定")
    assert tells("关于宿舍起火一事，警方已介入")
    assert not tells("如有身体不适请及时送医就诊")
    assert not tells("消防演练中模拟伤员送医")
    assert denies_of_the_school("有关我院的消息纯属捏造")
    assert not denies_of_the_school("有关某明星的消息纯属捏造")


def test_an_everyday_word_of_the_field_counts_only_beside_a_name_or_a_denial() -> None:
    held = Subject(themes=("dorm",), cues=("冒烟",))
    assert field(held.themes, "宿舍今晚停电检修") == "宿舍"
    assert touches(held, "昨晚冒烟一事，系宿舍内电器短路") == ("含“冒烟”", "含“宿舍”", "讲述事件的说法")
    assert touches(held, "网上流传的宿舍视频系摆拍") == ("含“宿舍”", "否认的说法")
    assert touches(held, "宿舍今晚停电检修") == ()
    assert touches(held, "图书馆昨日冒烟一事系误报") == (), "a name of the matter, elsewhere"
    assert touches(held, "网上流传的招聘信息系谣言") == ()
    fall = Subject(themes=("safety",), cues=("晕倒", "急救"))
    assert touches(fall, "【辟谣】网传我院实训室“起火”系谣言，实为设备调试产生水汽") == (), (
        "another matter of the same theme"
    )
