"""The live queue over a broken connection (issue 3, "web"): a real browser without network, and back on."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.acceptance.standing import Standing, eventually
from tests.acceptance.window import SOON, Watched

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(420)]
CUT = "ERR_INTERNET_DISCONNECTED"


def test_what_came_while_the_line_was_cut_stands_there_once_without_a_reload(spare: Standing, window: Watched) -> None:
    page = window.sign_in(spare, "zheng.wanzhou")
    page.goto(f"{spare.url}/desk")
    page.evaluate("window.sameDocument = true")
    bar, row = page.locator("#stale"), page.locator("#queue .row", has_text="北门")
    expect(bar).to_be_hidden()
    window.context.set_offline(True)
    spare.lead("北门的广告牌塌了，砸伤两个同学，头上流血骨折，正在叫救护车")
    number = eventually("it opens without the browser", lambda: spare.incident("北门"), 90)
    expect(bar).to_contain_text("连接中断，数据停在", timeout=SOON)
    expect(row).to_have_count(0)
    window.context.set_offline(False)
    expect(row).to_be_visible(timeout=SOON)
    expect(bar).to_be_hidden(timeout=SOON)
    expect(page.locator(f"#queue [data-number='{number}']")).to_have_count(1)
    assert page.evaluate("window.sameDocument") is True, "no reload"
    spare.lead("南门有人持刀伤人，一个同学被捅伤流血倒地")
    expect(page.locator("#queue .row", has_text="南门")).to_have_count(1, timeout=SOON)
    assert page.evaluate("window.sameDocument") is True, "and the line goes on"
    assert [one for one in window.complaints if CUT in one], "the browser itself says that it had no network"
    window.complaints[:] = [one for one in window.complaints if CUT not in one]
