"""Tasks to the unit (issue 4): the keeper reports, contacts the platform and corrects a post; the unit answers."""

from __future__ import annotations

import re

import pytest
from parsel import Selector
from playwright.sync_api import Page, expect

from tests.acceptance.hands import opened
from tests.acceptance.standing import Standing, eventually
from tests.acceptance.window import Watched, picture

pytestmark = [pytest.mark.browser, pytest.mark.long]
WINDOWSILL = "连廊二层的窗台松了，掉过一块砖"
PLATFORMS = {
    "weibo:9000000001": (
        "微博上有人说", "微博", "微博客服中心提交工单", "本账号评论区出现", "按《微博社区公约》核查",
        "投诉类型按页面所列选择",
    ),
    "wechat:wxsandboxmain000": (
        "公众号留言说", "微信公众号", "公众平台后台“留言管理”", "本账号文章留言区出现",
        "按《微信公众平台运营规范》核查", "以本公众号主体提交",
    ),
}  # fmt: skip
"""Of each account: how the lead begins, then what the form says: platform, a way, where it stands, by what it is to be
looked at, and what the platform's own form wants."""


@pytest.fixture(scope="module")
def number(own_demo: Standing) -> str:
    """An incident under a post of the school's main account."""
    own_demo.matter("体育馆的吊顶塌了，砸伤两个同学，头破血流，正在等救护车")
    return eventually("the matter of the ceiling", lambda: own_demo.incident("体育馆"), 100)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_keeper_reports_contacts_the_platform_and_corrects_a_post_on_a_phone(
    own_demo: Standing, number: str, phone: Watched, window: Watched
) -> None:
    page = phone.sign_in(own_demo, "chen.siyuan")
    page.goto(f"{own_demo.url}/me")
    page.locator(".mine", has_text=number).get_by_role("link", name="查看并签收").click()
    page.get_by_role("button", name="签收").click()
    page.get_by_role("link", name=re.compile("上报")).first.click()

    page.get_by_label("看到的情况").fill("评论说体育馆吊顶塌了，已转后勤核实。")
    page.get_by_label("已做的事").fill("已私信询问地点。")
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("已上报")

    asked = page.get_by_label("沟通内容").input_value()
    assert number in asked
    assert "第十三条" in asked
    assert "头破血流" not in asked, "the words of a comment never leave"
    page.get_by_label("渠道").fill("微博客服中心提交工单")
    page.get_by_label("受理编号（工单号）").fill("WB-20261121-7")
    page.get_by_role("button", name="登记沟通").click()
    expect(page.get_by_role("status")).to_contain_text("已登记平台沟通")
    page.get_by_label("平台答复").fill("已受理，两小时内反馈")
    page.get_by_role("button", name="登记答复").click()
    expect(page.get_by_role("status")).to_contain_text("已登记平台答复")

    page.get_by_text("登记更正或删除").click()
    page.get_by_label("已更正").check()
    page.locator("#cwords").fill("配图有误，已更换")
    page.locator("#correct").get_by_role("button", name="登记").click()
    expect(page.get_by_role("status")).to_contain_text("系统将核对")
    expect(page.locator("#correct")).to_contain_text("尚未见到")
    expect(page.locator("#correct blockquote").first).to_contain_text("今日份校园随拍")
    picture(page, "keeper-390")
    assert fits(page)

    desk = window.sign_in(own_demo, "zheng.wanzhou")
    desk.goto(f"{own_demo.url}/incidents/{number}")
    block = desk.locator("#tasks")
    for words in ("与平台沟通", "WB-20261121-7", "更正或删除", "尚未见到", "第十三条"):
        expect(block).to_contain_text(words)
    desk.locator("#tasks .task", has_text="与平台沟通").get_by_role("button", name="确认办结").click()
    expect(desk.get_by_role("status").first).to_contain_text("已确认任务办结")
    picture(desk, "tasks-1440")


def contact_form(own_demo: Standing, number: str) -> Selector:
    """The keeper's form of a contact with the platform, reached as after signing."""
    keeper = own_demo.signed_in("chen.siyuan")

    def waiting() -> list[str]:
        rows = [row for row in keeper.page("/me").css(".mine") if number in "".join(row.css("::text").getall())]
        return [path for row in rows for path in row.css("a[href^='/r/']::attr(href)").getall()]

    signed = keeper.client.post(eventually("the keeper has it", waiting, 90)[0])
    assert signed.status_code == 200, signed.text[:300]
    return keeper.page(Selector(signed.text).css("a[href*='/k/']::attr(href)").get("")).css("#contact form")[-1]


def test_of_the_same_matter_each_platform_is_told_in_its_own_words(own_demo: Standing) -> None:
    """The same words about a windowsill, under the school's Weibo account and under its WeChat account."""
    desk, said = own_demo.signed_in("zheng.wanzhou"), {}
    for account, (begins, *_) in PLATFORMS.items():
        taken = desk.send("/leads", "/leads", text=f"{begins}：{WINDOWSILL}", account=account)
        assert "已录入 1 条线索" in taken.text
    for account, (begins, platform, *words) in PLATFORMS.items():
        form = contact_form(own_demo, opened(own_demo, f"{begins}：{WINDOWSILL}", 3, "连廊：窗台松动"))
        said[account] = "".join(form.css("::text").getall())
        assert form.css("#platform::attr(value)").get() == platform
        assert words[0] in form.css("#ways option::attr(value)").getall()
        assert [one for one in words if one not in said[account]] == []
        asked = form.css("#asked::text").get("")
        assert ("连廊：窗台松动" in asked, "掉过一块砖" in asked, words[-1] in asked) == (True, False, False)
    (weibo, wechat), (of_weibo, of_wechat) = said.values(), PLATFORMS.values()
    assert [one for one in of_wechat[2:] if one in weibo] + [one for one in of_weibo[2:] if one in wechat] == []


def test_a_task_to_the_units_leader_is_answered_on_a_phone_and_confirmed(
    own_demo: Standing, number: str, phone: Watched, window: Watched
) -> None:
    desk = window.sign_in(own_demo, "ye.chuqing")
    desk.goto(f"{own_demo.url}/incidents/{number}")
    desk.get_by_text("布置任务", exact=True).first.click()
    desk.get_by_label("种类").select_option(label="情况说明")
    desk.get_by_label("由谁办理").select_option(value="unit:后勤管理处")
    desk.locator("#twords").fill("说明伤者人数和送医情况")
    desk.get_by_role("button", name="布置任务").click()
    expect(desk.get_by_role("status").first).to_contain_text("已布置任务")

    page = phone.sign_in(own_demo, "sun.jianguo")
    page.goto(f"{own_demo.url}/me")
    page.locator(".mine", has_text="说明伤者人数").get_by_role("link", name="打开并办理").click()
    expect(page.locator("main")).to_contain_text("说明伤者人数和送医情况")
    clock = page.locator("main .clock")
    expect(clock).to_contain_text("答复")
    expect(clock).to_contain_text("系统默认，非校规")
    given = int(clock.get_attribute("data-due") or 0) - int(clock.get_attribute("data-set") or 0)
    assert given == 2 * 3_600_000, "the pack's own deadline of the level for 情况说明, in milliseconds"
    page.get_by_role("button", name="接受任务").click()
    page.get_by_label("答复", exact=True).fill("两人轻伤，已送校医院")
    page.get_by_role("button", name="答复").click()
    expect(page.get_by_role("status")).to_contain_text("已答复")
    picture(page, "task-390")
    assert fits(page)

    desk = window.context.new_page()  # a tab of its own: the other one shows the news by reloading itself
    desk.goto(f"{own_demo.url}/incidents/{number}")
    task = desk.locator("#tasks .task", has_text="说明伤者人数")
    expect(task).to_contain_text("两人轻伤，已送校医院")
    task.get_by_role("button", name="确认办结").click()
    expect(desk.locator("#tasks .task", has_text="说明伤者人数")).to_contain_text("已办结")
