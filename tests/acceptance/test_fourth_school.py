"""The whole course at a fourth school (TF): from a comment to the archive, with all that silence brings about.

Its article names one office alone, neither the unit's head nor the 党委宣传部; five things are looked at before a
statement goes out, and nobody contacts a platform by an article.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.elsewhere import TEAM as OFFICE_OF_ARTICLE_16
from tests.acceptance.elsewhere import TF
from tests.acceptance.hands import KEEPER, LEADER, OFFICE, UNIT
from tests.acceptance.standing import Standing
from tests.acceptance.whole_course import OURS, TEAM, Course, alight, brought_up, lived_in_silence, to_the_archive

pytestmark = pytest.mark.long
BY_ARTICLE = (
    "依据《规范各级各类官方微博、微信及相关公众号等新媒体的管理办法》第十六条：",
    f"应及时报{OFFICE_OF_ARTICLE_16},并按要求进行妥善处理",
    "第十六条要求“及时”；签收时限10秒：系统默认，非校规",
)
CLOCK = "。签收时限10秒：系统默认，非校规"
COURSE = Course(
    document="规范各级各类官方微博、微信及相关公众号等新媒体的管理办法",
    first=(
        (TEAM, OFFICE_OF_ARTICLE_16, BY_ARTICLE),
        (KEEPER, "管理员", ("第十三条规定由其负责日常管理和维护；向其本人发通知是系统默认，非校规", CLOCK)),
        (OFFICE, "党委宣传部", ("校规未规定向谁报告，系统默认先告知审批新媒体的部门（系统默认，非校规）", CLOCK[1:])),
    ),
    articles="第十六条；系统默认，非校规",
    above=((LEADER, "主管校领导", TEAM), (UNIT, "主办单位党政主要负责人", KEEPER)),
    approvals=((UNIT, "第十四条"), (LEADER, OURS)),
    task=("处置", "按要求进行妥善处理", "第十六条"),
    reported_to=(TEAM, LEADER, UNIT, KEEPER),
    grade="追究相关责任 第十八条",
    not_here=("一票否决",),
)  # fmt: skip


@pytest.fixture(scope="module")
def fourth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The demo's people under the TF pack, in use, where level Ⅱ climbs in seconds."""
    with alight(tmp_path_factory.mktemp("fourth"), TF) as standing:
        yield standing


@pytest.fixture(scope="module")
def incident(fourth: Standing) -> str:
    return brought_up(fourth, COURSE)


def test_the_one_office_that_article_16_names_is_told_and_silence_climbs(fourth: Standing, incident: str) -> None:
    lived_in_silence(fourth, incident, COURSE)


def test_the_matter_goes_on_to_the_archive_by_forms(fourth: Standing, incident: str) -> None:
    to_the_archive(fourth, incident, COURSE)
