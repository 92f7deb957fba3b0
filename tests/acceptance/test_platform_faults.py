"""What a platform does to a crawler, as the desk reads it: what is said, and what goes on
(issue 3, "crawlers": faults by name; those of the shape and of the whole account are in `test_outage` and
`test_account_changes`)."""

from __future__ import annotations

import re
from functools import partial

import pytest

from tests.acceptance.standing import Standing, eventually, words_of

pytestmark = pytest.mark.long
STOPPED = "平台返回验证页面，已暂停；系统不会自动识别验证码，请人工核实"
ENDED = "授权已失效，请由账号管理人员重新授权（平台代码 21327）"


def line_of(standing: Standing, unit: str, platform: str) -> str:
    """What the coverage page says of the account of a unit on a platform."""
    seen = ""
    for row in standing.signed_in("zheng.wanzhou").page("/accounts").css("table.cover__t tbody tr"):
        words = words_of(row)
        if "unit" in row.attrib.get("class", ""):
            seen = words
        elif seen.startswith(unit) and platform in words:
            return words
    raise AssertionError(f"{unit} has no line")


def says(standing: Standing, unit: str, words: str) -> bool:
    """Whether the line of the unit's Weibo account has these words."""
    return words in line_of(standing, unit, "微博")


def whole(standing: Standing, unit: str) -> bool:
    """Whether the unit's 公众号 is read, without a gap."""
    return "缺口" not in line_of(standing, unit, "微信公众号")


def test_an_authority_that_ended_and_a_challenge_stop_their_accounts_alone_with_the_cure(own_demo: Standing) -> None:
    desk = own_demo.signed_in("zheng.wanzhou")
    own_demo.sandbox("faults", name="token_ended", account="wb_main")
    own_demo.sandbox("faults", name="captcha_html", account="wb_tw")
    for unit, words in (("党委宣传部", ENDED), ("校团委", STOPPED)):
        eventually("the account says why", partial(says, own_demo, unit, words), 150)
        assert re.search(r"缺口始于 \d\d:\d\d", line_of(own_demo, unit, "微博")), (
            "it is a gap, and not taken for silence"
        )
    for unit in ("党委宣传部", "后勤管理处"):
        eventually("the others are seen whole", partial(whole, own_demo, unit), 150)
    own_demo.lead("三号摊位旁边的柳树也发芽了")
    eventually("leads are taken in meanwhile", lambda: desk.found("三号摊位旁边的柳树"), 60)
    assert own_demo.health()[0] == 200, "no role stops for it"
