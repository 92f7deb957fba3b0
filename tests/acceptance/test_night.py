"""It must show 7 (issue 4): a monitor's night at the desk, by the dark screen, and the next one's at 390 px: a wave
comes and is confirmed, a call is noted, the hand-over is written, refused while unread, read and taken over by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.standing import Standing, eventually
from tests.acceptance.window import SOON, Watched, picture

pytestmark = [pytest.mark.browser, pytest.mark.long]
WAVE = (
    "八号楼楼顶的广告牌掉下来砸中两个同学，满头是血，骨折了，救护车刚到",
    "八号楼那边围了好多人，广告牌砸到人了，地上都是血",
    "八号楼的广告牌晃了一个月没人管，今天真砸到人了",
)
REFUSED = "he.xiaolan@fenglin.example"
NOTE = "八号楼的事盯住评论增量；何晓岚邮箱退信，已电话告知"
MORE = "另：清晨六点前补一次首报"


@pytest.fixture(scope="module")
def demo(own_demo: Standing) -> Standing:
    """This file's own: its matters would be bundled with those of other files."""
    return own_demo


@pytest.fixture
def night(browser: Browser) -> Iterator[Watched]:
    """The dark window of whoever has the watch."""
    made = Watched(browser, dark=True)
    yield made
    made.context.close()
    assert made.complaints == []


@pytest.fixture
def next_one(browser: Browser) -> Iterator[Watched]:
    """The phone of whoever comes next."""
    made = Watched(browser, 390, 844, dark=True)
    yield made
    made.context.close()
    assert [one for one in made.complaints if "409" not in one] == []


def come(demo: Standing) -> None:
    """A wave under a fresh post of the 团委's account, whose leader's mailbox refuses the first mail."""
    demo.break_inbox(smtp={"name": "refuse", "address": REFUSED, "times": 1})
    demo.sandbox("post", account="wb_tw", key="night", text="今日份校园随拍，喜欢哪一张？")
    for text in WAVE:
        demo.sandbox("comment", thread="night", text=text)


def test_a_monitors_night_from_the_wave_to_the_hand_over_that_the_next_one_reads_and_takes(
    demo: Standing, night: Watched, next_one: Watched
) -> None:
    page = night.sign_in(demo, "zheng.wanzhou")
    page.goto(f"{demo.url}/desk")
    strip = page.locator(".watch").first
    shift = r"本班 郑晚舟 · 带班 许明德 .{5,12} 至 .{5,12}\s+接班 方静安 .*\d\d:\d\d"
    expect(strip).to_contain_text(re.compile(shift))
    expect(strip).to_contain_text("交接班 待交班")
    come(demo)
    row = page.locator(".row", has_text="八号楼")
    expect(row).to_be_visible(timeout=SOON)
    number = str(row.get_attribute("data-number"))
    row.locator(".row__title").click()
    expect(page.locator("#peek h2").first).to_contain_text("八号楼")
    picture(page, "night-desk-1440")
    page.get_by_role("button", name="确认研判").click()
    expect(page.locator(".saidbar, [role=status]").first).to_contain_text("已确认研判")

    call_is_noted(page, demo, number)
    sheet_is_written(page, demo, number)
    taken_by_the_next_one(page, next_one.sign_in(demo, "fang.jingan"), demo)


def call_is_noted(page: Page, demo: Standing, number: str) -> None:
    """The refused mail leaves a telephone task with the number and what to say; what the call came to is recorded."""
    eventually("the mail is refused", lambda: "何晓岚" in page.request.get(f"{demo.url}/deliveries").text(), 60)
    page.goto(f"{demo.url}/deliveries#calls")
    task = page.locator("#calls .phone", has_text=number).filter(has_text="何晓岚")
    expect(task.locator(".phone__n")).to_have_text("13900000004")
    task.get_by_text("通话要点").click()
    expect(task.locator(".pre")).to_contain_text("八号楼")
    picture(page, "night-telephone-1440")
    task.get_by_label("通话结果").select_option(label="接通并转达")
    task.get_by_label("情况").fill("本人接听，马上签收")
    task.get_by_role("button", name="登记").click()
    expect(page.get_by_role("status").first).to_have_text("电话通知已登记。")
    page.goto(f"{demo.url}/incidents/{number}")
    expect(page.locator("ol.log")).to_contain_text("电话通知 何晓岚：接通并转达")
    page.get_by_role("button", name="催签").first.click()
    page.get_by_role("dialog").get_by_role("button", name="催签").click()
    expect(page.get_by_role("status").first).to_be_visible()
    eventually("the next mail is taken", lambda: demo.mails("he.xiaolan", number), 30)


def sheet_is_written(page: Page, demo: Standing, number: str) -> None:
    """The sheet is filled from the store, with what the monitor adds."""
    page.goto(f"{demo.url}/desk")
    page.locator(".watch").first.get_by_role("link", name="交接班").click()
    expect(page.locator("h1")).to_contain_text("交接班")
    expect(page.locator("#sheet")).to_contain_text("还没有写")
    expect(page.get_by_role("button", name="已阅读，接班")).to_have_count(0)
    picture(page, "night-handover-open-1440")
    page.get_by_label("交班说明").fill(NOTE)
    page.get_by_role("button", name="写好，交班").click()
    expect(page.get_by_role("status").first).to_have_text("交接单已写好，请接班人阅读后接班。")
    sheet = page.locator("#sheet")
    for words in (NOTE, number, "八号楼", "何晓岚", "郑晚舟写", f"{number} 与平台沟通，周一鸣", "个账号未确认知悉"):
        expect(sheet).to_contain_text(words)
    expect(page.get_by_role("button", name="已阅读，接班")).to_have_count(0)
    picture(page, "night-handover-written-1440")


def taken_by_the_next_one(page: Page, phone: Page, demo: Standing) -> None:
    """The sheet is rewritten under the reader's hand: refused; read anew: taken over, to the minute, by name."""
    phone.goto(page.url.partition("?")[0])
    expect(phone.locator("#sheet")).to_contain_text(NOTE)
    picture(phone, "night-handover-390")
    page.get_by_label("交班说明").fill(f"{NOTE}。{MORE}")
    page.get_by_role("button", name="更新交接单").click()
    expect(page.locator("#sheet")).to_contain_text(MORE)
    phone.get_by_label("接班说明").fill("已看过")
    phone.get_by_role("button", name="已阅读，接班").click()
    expect(phone.get_by_role("alert").filter(has_text="未作任何更改，请重新阅读后再接班")).to_be_visible()
    expect(phone.locator("#sheet")).to_contain_text(MORE)
    picture(phone, "night-handover-refused-390")
    phone.get_by_role("button", name="已阅读，接班").click()
    expect(phone.get_by_role("status").first).to_have_text("已接班。")
    expect(phone.locator("main")).to_contain_text(re.compile(r"方静安 已于 \d\d:\d\d 接班"))
    picture(phone, "night-handover-taken-390")
    page.goto(f"{demo.url}/desk")
    expect(page.locator(".watch").first).to_contain_text(re.compile(r"当班 方静安 \d\d:\d\d 接"))
    expect(page.locator(".watch").first).not_to_contain_text("待接班")
    page.goto(f"{demo.url}/duty/handover")
    expect(page.locator("main")).to_contain_text(re.compile(r"郑晚舟交班；\d\d:\d\d 方静安接班"))
    picture(page, "night-handovers-1440")
