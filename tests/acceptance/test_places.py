"""A place that every campus has is known to a running school by itself: two posts that name it are one matter."""

from __future__ import annotations

import pytest

from tests.acceptance.hands import MONITOR, body
from tests.acceptance.standing import Standing, eventually

pytestmark = pytest.mark.long
FIRST = "报告厅的吊灯掉下来砸伤三名同学，满头是血，在等救护车"
AGAIN = "报告厅门口又有同学满头是血，救护车还没到"


def test_what_is_said_of_one_hall_under_two_posts_is_one_incident(demo: Standing) -> None:
    assert "报告厅" not in (demo.data / "fengxin.toml").read_text("utf-8"), "the settings do not name it"
    demo.matter(FIRST, under="【校园随拍】雨后的银杏")
    number = eventually("the matter of the hall", lambda: demo.incident("报告厅"), 100)
    demo.matter(AGAIN, under="【校园随拍】一桌棋")
    desk = demo.signed_in(MONITOR)
    eventually("what was said under the other post belongs to it", lambda: "又有同学" in body(desk, number), 100)
    assert demo.incident("报告厅") == number
