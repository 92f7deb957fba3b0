"""The whole course at a third school (LG): from a comment to the archive, with all that silence brings about.

Its 党委组宣部 is told and approves; its two grades of accountability are its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.elsewhere import LG
from tests.acceptance.hands import KEEPER, LEADER, OFFICE, UNIT
from tests.acceptance.standing import Standing
from tests.acceptance.whole_course import OURS, Course, alight, brought_up, lived_in_silence, to_the_archive

pytestmark = pytest.mark.long
BY_ARTICLE = (
    "依据《中国劳动关系学院新媒体建设与管理工作实施办法（试行）》第十四条：",
    "应及时向单位领导和党委组宣部汇报",
    "第十四条要求“及时”；签收时限10秒：系统默认，非校规",
)
KEEPERS = "第十四条规定由其汇报并与注册网站沟通；向其本人发通知是系统默认，非校规"
COURSE = Course(
    document="中国劳动关系学院新媒体建设与管理工作实施办法（试行）",
    first=(
        (UNIT, "单位领导", BY_ARTICLE),
        (OFFICE, "党委组宣部", BY_ARTICLE),
        (KEEPER, "官方新媒体管理人员", (KEEPERS, BY_ARTICLE[2])),
    ),
    articles="第十四条；系统默认，非校规",
    above=((LEADER, "主管校领导", UNIT), (UNIT, "单位领导", KEEPER)),
    approvals=((UNIT, "第七条"), (LEADER, OURS)),
    task=("与平台沟通", "与新媒体的注册网站及时沟通；妥善处理", "第十四条"),
    reported_to=(LEADER, UNIT, KEEPER),
    grade="追究责任 第十四条",
    not_here=("一票否决", "通报批评"),
)  # fmt: skip


@pytest.fixture(scope="module")
def third(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The demo's people under the LG pack, in use, where level Ⅱ climbs in seconds."""
    with alight(tmp_path_factory.mktemp("third"), LG) as standing:
        yield standing


@pytest.fixture(scope="module")
def incident(third: Standing) -> str:
    return brought_up(third, COURSE)


def test_the_unit_and_the_publicity_office_are_told_by_article_14_and_silence_climbs(
    third: Standing, incident: str
) -> None:
    lived_in_silence(third, incident, COURSE)


def test_the_matter_goes_on_to_the_archive_by_forms(third: Standing, incident: str) -> None:
    to_the_archive(third, incident, COURSE)
