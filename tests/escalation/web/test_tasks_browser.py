"""The keeper reports, contacts the platform and corrects a post on a phone; the desk sees it. In a real browser."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.escalation.web.house import UNIT, House
from tests.escalation.web.test_browser import opened, served, sign_in, tidy

pytestmark = pytest.mark.browser
__all__ = ["served", "tidy"]
PICTURES = Path(__file__).resolve().parents[3] / "build" / "pictures"


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_keeper_reports_contacts_the_platform_and_corrects_a_post(browser: Browser, served: House) -> None:
    served.post("二食堂今日照常供应，欢迎就餐", by_school=True, minutes=40)
    number = served.incident()
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = opened(browser, served, 390, 844)
    page.goto(served.letterhead.public_url + served.link(number, "keeper"))
    page.get_by_role("button", name="签收").click()
    page.get_by_role("link", name="上报情况").click()

    page.get_by_label("看到的情况").fill("三人说拉肚子，已留样")
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("已上报")

    asked = page.get_by_label("沟通内容")
    assert number in asked.input_value()
    assert "香锅" not in asked.input_value(), "the words of a comment never leave"
    page.get_by_label("渠道").fill("公众平台“侵权投诉”")
    page.get_by_label("受理编号（工单号）").fill("W-88")
    page.get_by_role("button", name="登记沟通").click()
    expect(page.locator("#contact")).to_contain_text("受理编号 W-88")
    page.get_by_label("平台答复").fill("已受理")
    page.get_by_role("button", name="登记答复").click()
    expect(page.get_by_role("status")).to_contain_text("已登记平台答复")

    page.get_by_text("登记更正或删除").click()
    page.get_by_label("已更正").check()
    page.locator("#cwords").fill("改为停业检查")
    page.locator("#correct").get_by_role("button", name="登记").click()
    expect(page.locator("#correct")).to_contain_text("尚未见到")
    expect(page.locator("#correct blockquote")).to_contain_text("今日照常供应")
    assert fits(page)
    page.screenshot(path=PICTURES / "keeper-page-390.png", full_page=True)

    desk = sign_in(opened(browser, served), served)
    desk.goto(f"{served.letterhead.public_url}/incidents/{number}")
    for words in ("与平台沟通", "W-88", "更正或删除", "尚未见到"):
        expect(desk.locator("#tasks")).to_contain_text(words)
    desk.screenshot(path=PICTURES / "incident-tasks-1440.png", full_page=True)


def test_a_task_is_set_answered_on_a_phone_and_confirmed(browser: Browser, served: House) -> None:
    number = served.incident()
    desk = sign_in(opened(browser, served), served, "publicity")
    desk.goto(f"{served.letterhead.public_url}/incidents/{number}")
    desk.locator("#tasks summary", has_text="布置任务").click()
    desk.get_by_label("由谁办理").select_option(value=f"unit:{UNIT}")
    desk.locator("#twords").fill("说明留样情况")
    desk.get_by_role("button", name="布置任务").click()
    expect(desk.get_by_role("status").first).to_contain_text("已布置任务")

    served.now = datetime.now(UTC)
    phone = sign_in(opened(browser, served, 390, 844), served, "leader")
    phone.goto(f"{served.letterhead.public_url}/me")
    phone.get_by_role("link", name="打开并办理").click()
    phone.get_by_role("button", name="接受任务").click()
    phone.get_by_label("答复", exact=True).fill("已留样两份，送检一份")
    phone.get_by_role("button", name="答复").click()
    expect(phone.get_by_role("status")).to_contain_text("已答复")
    assert fits(phone)

    task = desk.locator("#tasks .task", has_text="说明留样情况")
    expect(task).to_contain_text("已留样两份", timeout=30_000)  # the page reloads itself when there is news
    task.get_by_role("button", name="确认办结").click()
    expect(desk.locator("#tasks .task", has_text="说明留样情况")).to_contain_text("已办结")
