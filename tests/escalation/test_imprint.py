"""What platforms and editors put around an approved text: left out of the comparison, unless it says something."""

from __future__ import annotations

import time

import pytest

from escalation.imprint import body, undated
from escalation.likeness import compare

TEXT = (
    "关于网传我院食堂学生食物中毒的情况说明：经了解，涉事窗口已停业整改，学院已安排校医院接诊，相关同学情况稳定，"
    "后续将及时公布检测结果，感谢关心。"
)


@pytest.mark.parametrize(
    "added",
    [
        " http://t.cn/A6abc123",
        " @青禾职院 #2026开学季# https://t.cn/A6abc123?x=15",
        " #青禾职院# 网页链接",
        "\n（2026年11月20日）",
        "（2026年11月20日）",
        " 2026-11-20",
        "\n二〇二六年十一月二十日",
        "\n编辑：张三 2026-11-20",
        "\n编辑：张三　审核：李四　2026年11月20日",
        "\n初审：张三丨复审：李四丨终审：王五",
        "\n文字：王五\n图片：赵六\n审核：钱七 孙八",
        "\n来源：党委宣传部\n发布时间：2026-11-20 10:30",
        "\n青禾职业技术学院\n2026年11月20日",
    ],
)
def test_the_approved_text_with_a_link_a_byline_or_a_date_still_is_it(added: str) -> None:
    found = compare(TEXT, TEXT + added)
    assert (found.fits, found.exact) == (True, False), found.why
    assert compare(TEXT, f"发布时间：2026-11-20\n{TEXT}{added}").fits


@pytest.mark.parametrize(
    "added",
    [
        "，送医15人。",
        " #15人送医#",
        " @实际15人送医",
        "\n来源：网传五人中毒",
        "\n编辑：情况失实",
        "\n实际送医15人 2026-11-20",
        "\n2026年11月20日起停业三天",
    ],
)
def test_what_says_something_counts_wherever_it_is_put(added: str) -> None:
    assert not compare(TEXT, TEXT + added).fits


def test_a_date_that_was_approved_may_not_be_another_one() -> None:
    dated = f"{TEXT}\n2026年11月20日"
    assert compare(dated, dated).exact
    assert not compare(dated, dated.replace("20日", "25日")).fits
    within = f"请于2026年11月20日前到校。{TEXT}"
    assert not compare(within, within.replace("20日", "25日")).fits


def test_a_hostile_text_is_read_in_one_go() -> None:
    begun = time.process_time()
    for text in (
        "编辑：张三 " * 4_000,
        "#" * 20_000,
        "@" * 20_000,
        "2026-11-20 " * 2_000,
        "http://" * 3_000,
        " " * 20_000,
    ):
        assert len(body(text)) <= len(text)
        undated(text)
    assert time.process_time() - begun < 2
