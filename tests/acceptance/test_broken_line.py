"""The live queue over a broken connection (issue 3, "web"): a real browser, a line that is cut, and whole again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.acceptance.standing import Standing, eventually
from tests.acceptance.window import SOON, Watched
from tests.acceptance.wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.long]


def test_what_came_while_the_line_was_cut_stands_there_once_without_a_reload(
    own_demo: Standing, window: Watched
) -> None:
    page = window.sign_in(own_demo, "zheng.wanzhou")
    wire = Wire(own_demo.port)
    page.goto(f"{wire.url}/desk")
    page.evaluate("window.sameDocument = true")
    bar, row = page.locator("#stale"), page.locator("#queue .row", has_text="北门")
    expect(bar).to_be_hidden()
    window.context.set_offline(True)
    wire.cut()
    own_demo.lead("北门的广告牌塌了，砸伤两个同学，头上流血骨折，正在叫救护车")
    number = eventually("it opens without the browser", lambda: own_demo.incident("北门"), 90)
    expect(bar).to_be_visible(timeout=SOON)
    expect(bar).to_contain_text("连接中断，数据停在")
    expect(row).to_have_count(0)
    wire.mend()
    window.context.set_offline(False)
    expect(row).to_be_visible(timeout=SOON)
    expect(bar).to_be_hidden(timeout=SOON)
    expect(page.locator(f"#queue [data-number='{number}']")).to_have_count(1)
    own_demo.lead("南门有人持刀伤人，一个同学被捅伤流血倒地")
    expect(page.locator("#queue .row", has_text="南门")).to_have_count(1, timeout=SOON)
    assert page.evaluate("window.sameDocument") is True, "no reload, and the line goes on"
    cut = [one for one in window.complaints if "net::ERR_" in one]
    assert cut, "the browser itself says that it had no connection"
    window.complaints[:] = [one for one in window.complaints if one not in cut]
    page.goto("about:blank")
    wire.close()
