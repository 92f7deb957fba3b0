"""What is a consultation and what is a complaint, a joke, or somebody else's business."""

from __future__ import annotations

import pytest

from escalation.consultation.question import examples, is_consultation
from sentiment.normalise import normalise
from stream.post import Kind
from tests.stream.said import POISONED, RAW_CHICKEN, a_post, assessed

MATCH, MISS = examples()


@pytest.mark.parametrize("text", MATCH)
def test_a_question_about_the_schools_business_is_found(text: str) -> None:
    assert is_consultation(assessed(a_post(text)))


@pytest.mark.parametrize("text", MISS)
def test_what_is_no_question_to_the_school_is_left_alone(text: str) -> None:
    assert not is_consultation(assessed(a_post(text)))


@pytest.mark.parametrize("text", [POISONED, RAW_CHICKEN, "请问食堂吃出虫子怎么办", "不想活了，请问心理中心在哪"])
def test_a_complaint_or_a_cry_for_help_goes_its_own_way(text: str) -> None:
    found = assessed(a_post(text))
    assert found.hits
    assert not is_consultation(found)


def test_the_school_itself_and_its_own_posts_ask_nothing() -> None:
    text = "请问几点收餐"
    assert not is_consultation(assessed(a_post(text, by_school=True)))
    assert not is_consultation(assessed(a_post(text, kind=Kind.POST)))


def test_a_private_message_that_asks_for_an_act_is_one_and_thanks_are_none() -> None:
    asked = a_post("我们宿舍的门锁坏了一周，恳请处理，盼复", kind=Kind.MESSAGE)
    assert is_consultation(assessed(asked))
    assert not is_consultation(assessed(a_post("谢谢老师，问题解决了", kind=Kind.MESSAGE)))


def test_a_disguised_question_is_read_as_it_is_meant() -> None:
    assert normalise("请 问 東 門 几 点 关").text.startswith("请问东门")
    assert is_consultation(assessed(a_post("请 问 東 門 几 点 关")))
