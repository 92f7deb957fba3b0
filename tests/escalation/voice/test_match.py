"""Whether a crawled post carries a statement: wrapped, cut a little, altered, or something else."""

from __future__ import annotations

import pytest

from escalation.voice.match import Match, beside, match
from tests.escalation.voice.course import TEXT


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        (TEXT, Match.EXACT),
        (f"【转发学校声明】{TEXT} @青禾职院", Match.EXACT),
        (TEXT.replace("，", "\n").replace("。", "！"), Match.EXACT),
        (TEXT.replace("相关窗口", "有关窗口"), Match.CARRIES),
        (TEXT.replace("部分同学", "3名同学"), Match.ALTERED),
        (TEXT.replace("出现身体不适", "没有出现身体不适")[:40], Match.ALTERED),
        ("关于二食堂：一切正常，没有同学不适，请勿传谣", Match.NONE),
        ("", Match.NONE),
    ],
)
def test_a_post_is_laid_beside_the_statement(post: str, expected: Match) -> None:
    assert match(TEXT, post) is expected


@pytest.mark.parametrize(
    "added",
    [
        "\n网传我院食堂有学生上吐下泻，经了解系谣言",
        "\n另据我院了解，实际送医十五人",
        "\n学校通报有意隐瞒，请大家转发扩散",
        "\n涉事窗口已恢复供餐",
        "\n" + "我院师生对此十分关注，后勤部门也将继续听取意见。" * 4,
    ],
)
def test_what_is_put_beside_the_statement_is_read_too(added: str) -> None:
    assert match(TEXT, TEXT + added) is Match.ADDED
    assert match(TEXT, added + "\n" + TEXT) is Match.ADDED


@pytest.mark.parametrize(
    "around",
    [
        "转发学校声明：{} 请以学校通报为准，不信谣、不传谣。",
        "【第二食堂公众号转发】{}",
        "【情况通报】2026年11月20日\n{}\n编辑：张三　审核：李四\n2026年11月20日",
        "{} #青禾职院# http://t.cn/A6abc15",
    ],
)
def test_who_passes_it_on_and_what_platforms_add_are_nothing_more(around: str) -> None:
    assert match(TEXT, around.format(TEXT)) is Match.EXACT
    assert beside(TEXT, TEXT) == ""


@pytest.mark.parametrize(
    ("before", "after"), [("属实", "不属实"), ("属实", "不实"), ("属实", "失实"), ("已发生", "未发生")]
)
def test_a_denial_that_was_written_in_is_another_text(before: str, after: str) -> None:
    said = f"关于网传我校二食堂食品安全问题，经核查，网传情况{before}，学校将依法依规处理，并及时向社会公布进展，感谢。"
    assert match(said, said) is Match.EXACT
    assert match(said, said.replace(before, after)) is Match.ALTERED
    assert match(said, said.replace("及时向社会公布进展", "及时公布进展")) is Match.CARRIES


def test_a_changed_figure_or_a_lost_denial_is_another_text() -> None:
    said = (
        "截至目前共有3名同学就诊，无人住院，学校已封存当日全部食材留样并送市疾控中心检测，"
        "相关窗口暂停供餐，结果将及时公布。"
    )
    assert match(said, said.replace("3名", "5名")) is Match.ALTERED
    assert match(said, said.replace("无人住院", "有人住院")) is Match.ALTERED
    assert match("已送检", "已送检") is Match.EXACT
