"""The monitor says and corrects a verdict on the incident's page, at a desk and on a phone. In a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.escalation.web.house import House
from tests.escalation.web.test_browser import opened, served, sign_in, tidy

pytestmark = pytest.mark.browser
__all__ = ["served", "tidy"]
PICTURES = Path(__file__).resolve().parents[3] / "build" / "pictures"


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_a_verdict_follows_the_confirmation_and_is_corrected_in_place(
    browser: Browser, served: House, width: int, height: int
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    number = served.incident()
    page = sign_in(opened(browser, served, width, height), served)
    page.goto(f"{served.letterhead.public_url}/incidents/{number}")
    panel = page.locator("#verdict")
    expect(panel).to_contain_text("待确认研判或记为误报")
    panel.screenshot(path=PICTURES / f"verdict-none-{width}.png")
    page.locator("[data-key=a]").click()
    expect(panel).to_contain_text("属实，级别恰当")
    page.screenshot(path=PICTURES / f"verdict-incident-{width}.png", full_page=True)
    panel.locator("summary").click()
    panel.get_by_label("属实，级别不当").check()
    panel.get_by_label("级别不当的，应为").select_option(index=3)
    panel.get_by_label("理由（级别恰当的可不填）").fill("只有一人抱怨，未见扩散")
    panel.screenshot(path=PICTURES / f"verdict-form-{width}.png")
    panel.get_by_role("button", name="保存结论").click()
    expect(page.get_by_role("status")).to_contain_text("已保存研判结论")
    expect(panel).to_contain_text("属实，级别应为")
    panel.screenshot(path=PICTURES / f"verdict-said-{width}.png")
    page.locator("#level summary").click()
    page.locator("#level").screenshot(path=PICTURES / f"verdict-level-{width}.png")
    assert fits(page)
