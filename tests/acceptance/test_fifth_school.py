"""The whole course at a fifth school (NX): from a comment to the archive, with all that silence brings about.

Its article names the 党委宣传部 alone, another person's leave is asked for before a statement goes out, and no
account is ever ordered to close.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.elsewhere import NX
from tests.acceptance.hands import KEEPER, LEADER, OFFICE, UNIT
from tests.acceptance.standing import Standing
from tests.acceptance.whole_course import OURS, Course, alight, brought_up, lived_in_silence, to_the_archive

pytestmark = pytest.mark.long
BY_ARTICLE = (
    "依据《宁夏职业技术学院宁夏开放大学新媒体平台管理办法》第十八条：",
    "须第一时间处置，并及时向党委宣传部报告",
    "第十八条要求“及时”；签收时限10秒：系统默认，非校规",
)
COURSE = Course(
    document="宁夏职业技术学院宁夏开放大学新媒体平台管理办法",
    first=(
        (OFFICE, "党委宣传部", BY_ARTICLE),
        (KEEPER, "管理员", ("该账号的管理人员；向其本人发通知是系统默认，非校规。签收时限10秒：系统默认，非校规",)),
    ),
    articles="第十八条；系统默认，非校规",
    above=((LEADER, "主管校领导", OFFICE), (UNIT, "单位领导", KEEPER)),
    approvals=((UNIT, "第十七条"), (LEADER, OURS)),
    task=("处置", "第一时间处置", "第十八条"),
    reported_to=(LEADER, UNIT, KEEPER),
    grade="追究责任 第二十条",
    not_here=("一票否决", "提出责令关闭账号"),
)  # fmt: skip


@pytest.fixture(scope="module")
def fifth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The demo's people under the NX pack, in use, where level Ⅱ climbs in seconds."""
    with alight(tmp_path_factory.mktemp("fifth"), NX) as standing:
        yield standing


@pytest.fixture(scope="module")
def incident(fifth: Standing) -> str:
    return brought_up(fifth, COURSE)


def test_the_publicity_office_is_told_by_article_18_and_silence_climbs(fifth: Standing, incident: str) -> None:
    lived_in_silence(fifth, incident, COURSE)


def test_the_matter_goes_on_to_the_archive_by_forms(fifth: Standing, incident: str) -> None:
    to_the_archive(fifth, incident, COURSE)
