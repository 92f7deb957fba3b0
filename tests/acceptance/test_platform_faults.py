"""What a platform does to a crawler, as the desk reads it: what is said, what goes on, what comes back by itself
(issue 3, "crawlers": faults by name; those of the shape and of the whole account are in `test_outage` and
`test_account_changes`)."""

from __future__ import annotations

import re
from functools import partial

import pytest

from tests.acceptance.standing import Standing, eventually, words_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(420)]
EMPTY = "平台返回空列表，但此前有内容；不视为删除，稍后重试"
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


def asks(standing: Standing, account: str, key: str, text: str) -> None:
    """A comment under a fresh post of the account."""
    standing.sandbox("post", account=account, key=key, text=f"{key}：今天有活动", title=f"{key}：今天有活动")
    standing.sandbox("comment", thread=key, text=text)


def test_an_empty_list_is_no_deletion_and_is_read_again_by_itself(own_demo: Standing) -> None:
    desk = own_demo.signed_in("zheng.wanzhou")
    own_demo.sandbox("faults", name="soft_empty_page1", account="wb_tw")
    try:
        asks(own_demo, "wb_tw", "one", "一号摊位旁边的柳树发芽了")
        eventually("the account says why", lambda: EMPTY in line_of(own_demo, "校团委", "微博"), 150)
        assert desk.found("一号摊位旁边的柳树") == []
    finally:
        own_demo.sandbox("faults", name="soft_empty_page1", on=False)
    eventually("read again by itself", lambda: desk.found("一号摊位旁边的柳树"), 150)
    eventually("and nothing is said of it any more", lambda: EMPTY not in line_of(own_demo, "校团委", "微博"), 150)
    assert own_demo.health()[0] == 200


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
        assert "缺口" not in line_of(own_demo, unit, "微信公众号"), "the others are seen whole"
    own_demo.lead("三号摊位旁边的柳树也发芽了")
    eventually("leads are taken in meanwhile", lambda: desk.found("三号摊位旁边的柳树"), 60)
    assert own_demo.health()[0] == 200, "no role stops for it"
