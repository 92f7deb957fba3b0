"""Likeness: which published text is the approved one, and a difference that a hostile text cannot make endless."""

from __future__ import annotations

import time

import pytest

from escalation.likeness import compare, difference, firm

REST = "请大家以学校官方发布为准，后续情况将由学校宣传部统一发布。我院已安排辅导员走访宿舍，陪同同学到校医院检查。"
HEAD = "今日上午我院第二食堂后厨发生设备故障，现场已经妥善处置。"


@pytest.mark.parametrize(
    ("denied", "said"),
    [
        ("经排查无人出现身体不适", "经排查有人出现身体不适"),
        ("经检测未发现异常", "经检测发现异常"),
        ("未发现异常", "发现异常"),
        ("此次故障没有造成人员伤亡", "此次故障造成人员伤亡"),
        ("没有造成人员伤亡", "造成人员伤亡"),
        ("有同学称二十三人不适", "三人不适"),
        ("网传有多名同学住院，消息不实", "网传有多名同学住院"),
        ("网传有多名同学住院。该消息不实", "网传有多名同学住院"),
    ],
)
@pytest.mark.parametrize("head", ["", HEAD])
@pytest.mark.parametrize("rest", [REST, REST * 6])
def test_a_text_that_lost_or_turned_its_denial_is_not_the_approved_one(
    denied: str, said: str, head: str, rest: str
) -> None:
    assert not compare(f"{head}{denied}。{rest}", f"{head}{said}。{rest}").fits


@pytest.mark.parametrize(
    ("approved", "turned"),
    [
        ("网传情况属实", "网传情况失实"),
        ("网传情况属实", "网传情况系谣言"),
        ("网传情况属实", "网传情况纯属误传"),
        ("网传视频真实", "网传视频虚假"),
        ("停业三天整改", "停业五天整改"),
        ("涉及三所学院", "涉及五所学院"),
        ("退还三万元", "退还五万元"),
        ("赔偿三百元", "赔偿八百元"),
        ("下午三点公布", "下午五点公布"),
        ("涉及两个班级", "涉及八个班级"),
        ("对其予以开除", "对其免予处分"),
        ("即日起暂停营业", "即日起恢复营业"),
        ("窗口已停止供餐", "窗口已正常供餐"),
        ("学校同意该申请", "学校拒绝该申请"),
        ("三名教师、五名学生在场", "五名教师、三名学生在场"),
        ("部分同学受影响", "全部同学受影响"),
    ],
)
@pytest.mark.parametrize("head", ["", HEAD])
def test_a_text_whose_verdict_or_figure_was_turned_is_not_the_approved_one(
    approved: str, turned: str, head: str
) -> None:
    found = compare(f"{head}{approved}。{REST * 2}", f"{head}{turned}。{REST * 2}")
    assert not found.fits
    assert "不同" in found.why


@pytest.mark.parametrize(
    ("approved", "edited"),
    [
        ("学校已安排人员", "学校已进一步安排人员"),
        ("相关情况将公布", "相关情况将第一时间统一公布"),
        ("涉及二人", "涉及两人"),
        ("请广大师生放心", "请师生放心"),
        ("三名教师在场。学校已停课一天。", "学校已停课一天。三名教师在场。"),
    ],
)
def test_an_edit_that_turns_no_figure_and_no_verdict_still_fits(approved: str, edited: str) -> None:
    found = compare(f"{HEAD}{approved}。{REST * 2}", f"{HEAD}{edited}。{REST * 2}")
    assert found.fits, found.why


def test_a_text_that_ends_before_its_denial_is_not_the_approved_one() -> None:
    assert not compare(f"{HEAD}{REST}有同学受伤的说法不属实。", f"{HEAD}{REST}有同学受伤的说法").fits


@pytest.mark.parametrize(
    "part",
    [
        HEAD,
        f"{HEAD}经排查无人出现身体不适。",
        f"{HEAD}{REST}",
        "经排查无人出现身体不适。请大家以学校官方发布为准，后续情况将由学校",
        f"{HEAD}经排查无人出现身体不适。请大家以学校……全文",
    ],
)
def test_a_piece_or_whole_sentences_of_the_approved_text_still_fit(part: str) -> None:
    found = compare(f"{HEAD}经排查无人出现身体不适。{REST}", part)
    assert (found.fits, found.exact) == (True, False), found.why


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("啊" * 3_000, "啊" * 2_999 + "呀"),
        ("啊哦" * 1_500, "哦啊" * 1_500),
        ("啊，" * 1_500, "哦，啊，" * 750),
        ("".join(chr(0x4E00 + n) for n in range(3_000)), "".join(chr(0x4E00 + n) for n in reversed(range(3_000)))),
        (("啊" * 40 + "，") * 73, ("啊" * 39 + "，") * 75),
        (
            "".join(f"{'啊' * (n % 50 + 20)}，" for n in range(65)),
            "".join(f"{'啊' * (n % 37 + 21)}，" for n in range(65)),
        ),
    ],
)
def test_a_hostile_text_does_not_make_the_difference_endless(one: str, other: str) -> None:
    begun = time.process_time()
    found = list(difference(one, other))
    assert time.process_time() - begun < 3
    assert "".join(text for kind, text in found if kind != "ins") == one
    assert "".join(text for kind, text in found if kind != "del") == other


def test_a_small_edit_of_a_long_text_is_shown_letter_by_letter() -> None:
    before = "".join(f"第{n}项工作由各单位按要求抓好落实，每日报告。" for n in range(120))
    found = list(difference(before, before.replace("第60项工作由各单位", "第60项工作请各单位")))
    assert [one for one in found if one[0] != "same"] == [("del", "由"), ("ins", "请")]


def test_a_long_run_of_numerals_is_read_in_one_go() -> None:
    begun = time.process_time()
    assert firm("一" * 20_000) == {}
    assert firm("二十三人受伤") == {"二十三": 1}
    assert time.process_time() - begun < 1
