"""The whole course at a second school (ZG): from a comment to the archive, with all that silence brings about.

Its rules name other people than JY's (not the school's leader), and two approve a statement instead of one.
"""

from __future__ import annotations

import pytest

from tests.acceptance.hands import KEEPER, LEADER, OFFICE, UNIT
from tests.acceptance.standing import Standing
from tests.acceptance.whole_course import OURS, Course, brought_up, lived_in_silence, to_the_archive

pytestmark = pytest.mark.long
BY_ARTICLE = (
    "依据《郑州工商学院校园新媒体建设管理实施办法》第十四条：",
    "应及时向单位领导和党委宣传部报告",
    "第十四条要求“及时”；签收时限10秒：系统默认，非校规",
)
KEEPERS = "第十四条规定由其报告并与注册网站沟通；向其本人发通知是系统默认，非校规"
COURSE = Course(
    document="郑州工商学院校园新媒体建设管理实施办法",
    first=(
        (UNIT, "单位领导", BY_ARTICLE),
        (OFFICE, "党委宣传部", BY_ARTICLE),
        (KEEPER, "官方新媒体管理人员", (KEEPERS, BY_ARTICLE[2])),
    ),
    articles="第十四条；系统默认，非校规",
    above=((LEADER, "主管校领导", UNIT), (UNIT, "单位领导", KEEPER)),
    approvals=((UNIT, "第十一条"), (LEADER, OURS)),
    task=("与平台沟通", "与新媒体的注册网站及时沟通；妥善处理", "第十四条"),
    reported_to=(LEADER, UNIT, KEEPER),
    grade="追究责任 第十四条",
    not_here=("一票否决",),
)  # fmt: skip


@pytest.fixture(scope="module")
def incident(zhengzhou: Standing) -> str:
    return brought_up(zhengzhou, COURSE)


def test_who_is_told_by_which_article_on_which_channel_and_what_silence_brings_about(
    zhengzhou: Standing, incident: str
) -> None:
    lived_in_silence(zhengzhou, incident, COURSE)


def test_it_goes_on_to_the_archive_by_forms(zhengzhou: Standing, incident: str) -> None:
    to_the_archive(zhengzhou, incident, COURSE)
