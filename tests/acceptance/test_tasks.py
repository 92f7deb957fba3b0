"""Tasks to the unit (issue 4): the keeper reports, contacts the platform and corrects a post; the unit answers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.standing import Standing, eventually
from tests.acceptance.window import Watched, picture

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def number(demo: Standing) -> str:
    """An incident under a post of the school's main account."""
    demo.matter("体育馆的吊顶塌了，砸伤两个同学，头破血流，正在等救护车")
    return eventually("the matter of the ceiling", lambda: demo.incident("体育馆"), 100)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_keeper_reports_contacts_the_platform_and_corrects_a_post_on_a_phone(
    demo: Standing, number: str, phone: Watched, window: Watched
) -> None:
    page = phone.sign_in(demo, "chen.siyuan")
    page.goto(f"{demo.url}/me")
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

    desk = window.sign_in(demo, "zheng.wanzhou")
    desk.goto(f"{demo.url}/incidents/{number}")
    block = desk.locator("#tasks")
    for words in ("与平台沟通", "WB-20261121-7", "更正或删除", "尚未见到", "第十三条"):
        expect(block).to_contain_text(words)
    desk.locator("#tasks .task", has_text="与平台沟通").get_by_role("button", name="确认办结").click()
    expect(desk.get_by_role("status").first).to_contain_text("已确认任务办结")
    picture(desk, "tasks-1440")


def test_a_task_to_the_units_leader_is_answered_on_a_phone_and_confirmed(
    demo: Standing, number: str, phone: Watched, window: Watched
) -> None:
    desk = window.sign_in(demo, "ye.chuqing")
    desk.goto(f"{demo.url}/incidents/{number}")
    desk.get_by_text("布置任务", exact=True).first.click()
    desk.get_by_label("种类").select_option(label="情况说明")
    desk.get_by_label("由谁办理").select_option(value="unit:后勤管理处")
    desk.locator("#twords").fill("说明伤者人数和送医情况")
    desk.get_by_role("button", name="布置任务").click()
    expect(desk.get_by_role("status").first).to_contain_text("已布置任务")

    page = phone.sign_in(demo, "sun.jianguo")
    page.goto(f"{demo.url}/me")
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
    desk.goto(f"{demo.url}/incidents/{number}")
    task = desk.locator("#tasks .task", has_text="说明伤者人数")
    expect(task).to_contain_text("两人轻伤，已送校医院")
    task.get_by_role("button", name="确认办结").click()
    expect(desk.locator("#tasks .task", has_text="说明伤者人数")).to_contain_text("已办结")
