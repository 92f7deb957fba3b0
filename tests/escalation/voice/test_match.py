"""Whether a crawled post carries a statement: wrapped, cut a little, altered, or something else."""

from __future__ import annotations

import pytest

from escalation.voice.match import Match, match
from tests.escalation.voice.course import TEXT


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        (TEXT, Match.EXACT),
        (f"【转发学校声明】{TEXT} @青禾职院", Match.EXACT),
        (TEXT.replace("，", "\n").replace("。", "！"), Match.EXACT),
        (TEXT.replace("相关窗口", "有关窗口"), Match.CARRIES),
        (TEXT.replace("部分同学", "3名同学"), Match.CARRIES),
        (TEXT.replace("出现身体不适", "没有出现身体不适")[:40], Match.ALTERED),
        ("关于二食堂：一切正常，没有同学不适，请勿传谣", Match.NONE),
        ("", Match.NONE),
    ],
)
def test_a_post_is_laid_beside_the_statement(post: str, expected: Match) -> None:
    assert match(TEXT, post) is expected


def test_a_changed_figure_or_a_lost_denial_is_another_text() -> None:
    said = (
        "截至目前共有3名同学就诊，无人住院，学校已封存当日全部食材留样并送市疾控中心检测，"
        "相关窗口暂停供餐，结果将及时公布。"
    )
    assert match(said, said.replace("3名", "5名")) is Match.ALTERED
    assert match(said, said.replace("无人住院", "有人住院")) is Match.ALTERED
    assert match("已送检", "已送检") is Match.EXACT
