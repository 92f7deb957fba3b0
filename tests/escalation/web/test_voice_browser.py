"""It must show 7: 宣传部 takes a statement to release in a real browser; approver and keeper on a phone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from escalation.notice import notices
from escalation.web.voice_slip import path_of
from tests.escalation.voice.course import TEXT
from tests.escalation.web.house import House
from tests.escalation.web.test_browser import opened, served, sign_in

pytestmark = pytest.mark.browser
__all__ = ["served"]
PICTURES = Path(__file__).resolve().parents[3] / "build" / "pictures"


def errand(house: House, kind: str, who: str) -> str:
    """The address of somebody's newest errand."""
    with house.store.read() as conn:
        row = conn.execute(
            select(notices).where(notices.c.kind == kind, notices.c.addressee == who).order_by(notices.c.id.desc())
        ).first()
    assert row is not None
    made = path_of(house.letterhead.link_key, row, datetime.now(UTC) + timedelta(hours=2))
    return f"{house.letterhead.public_url}{made}"


def fits(page: Page) -> None:
    """Nothing hangs over the side."""
    wide, inner = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= inner, f"{page.url}: {wide} > {inner}"


def write(page: Page) -> None:
    page.get_by_label("口径全文").fill(TEXT)
    page.get_by_label("要点").fill("已接诊、停餐、送检")
    page.get_by_label("不可以说").fill("人数、病因")
    page.get_by_label("答问").fill("有多少人就医｜以学校公布为准")
    page.get_by_role("button", name="存为第一版").click()
    expect(page.get_by_role("status")).to_have_text("已保存为新的一版。")


def test_the_publicity_office_takes_a_statement_to_release(browser: Browser, served: House) -> None:
    number = served.incident()
    desk = sign_in(opened(browser, served), served, "publicity")
    phone = opened(browser, served, 390, 844)
    phone.goto(errand(served, "hold", "keeper"))
    fits(phone)
    phone.get_by_role("button", name="确认知悉").click()
    expect(phone.get_by_role("status")).to_have_text("已确认知悉，谢谢。")

    desk.goto(f"{served.letterhead.public_url}/incidents/{number}")
    expect(desk.locator(".hold__t").first).to_contain_text("统一发声管控中")
    desk.get_by_role("link", name="口径与管控").click()
    write(desk)
    expect(desk.locator("#work")).to_contain_text("还不能送审")
    for item in ("不涉及国家秘密", "不含学校内部", "不含个人信息", "不含禁止发布"):
        desk.locator(".checks__i", has_text=item).get_by_role("button", name="通过", exact=False).first.click()
        expect(desk.get_by_role("status")).to_have_text("已登记核对。")
    fits(desk)
    desk.get_by_role("button", name="送审").click()
    expect(desk.locator("#work")).to_contain_text("待审批")

    phone.goto(errand(served, "approval", "school"))
    fits(phone)
    phone.get_by_role("button", name="退回").click()
    expect(phone.get_by_role("alert")).to_contain_text("退回须写明意见")
    phone.get_by_role("button", name="同意").click()
    expect(phone.get_by_role("status")).to_have_text("已同意。")

    desk.reload()
    desk.get_by_label("链接").fill("https://weibo.com/1/abc")
    desk.get_by_role("button", name="登记发布").click()
    expect(desk.locator("#force")).to_contain_text("现行口径")
    expect(desk.locator("#relays")).to_contain_text("已转发 0 / 1")
    expect(desk.locator("#effect")).to_contain_text("不足以判断")
    fits(desk)

    phone.goto(errand(served, "relay", "keeper"))
    fits(phone)
    phone.get_by_role("button", name="已阅看口径卡").click()
    phone.get_by_label("转发链接").fill("https://mp.weixin.qq.com/s/x")
    phone.get_by_role("button", name="登记转发").click()
    expect(phone.get_by_role("status")).to_have_text("已登记，谢谢。")
    desk.reload()
    expect(desk.locator("#relays")).to_contain_text("已转发 1 / 1")


@pytest.mark.parametrize("width", [390, 720, 1024, 1440])
def test_the_pages_fit_at_every_width(browser: Browser, served: House, width: int) -> None:
    number = served.incident()
    page = sign_in(opened(browser, served, width), served, "publicity")
    for path in ("/statements", f"/statements/{number}", f"/incidents/{number}", "/me"):
        page.goto(f"{served.letterhead.public_url}{path}")
        fits(page)


@pytest.mark.parametrize("width", [390, 1440])
def test_a_hold_without_words_leads_to_where_they_are_added_and_a_care_case_is_folded(
    browser: Browser, served: House, width: int
) -> None:
    bare, care = served.incident(theme="any"), served.incident("我就走到这里啦", care=True, level=1)
    page = sign_in(opened(browser, served, width), served, "publicity")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.goto(f"{served.letterhead.public_url}/incidents/{bare}")
    expect(page.locator(".hold__lack")).to_contain_text("请补充管控用语")
    fits(page)
    page.screenshot(path=PICTURES / f"hold-wordless-incident-{width}.png")
    page.get_by_role("link", name="口径与管控").click()
    expect(page.get_by_label("词（含任一即涉及）")).to_be_visible()
    fits(page)
    page.screenshot(path=PICTURES / f"hold-wordless-{width}.png", full_page=True)
    page.goto(f"{served.letterhead.public_url}/statements/{care}")
    expect(page.locator(".hold--care")).to_contain_text("一般不起草口径、不暂停发声")
    expect(page.get_by_label("口径全文")).to_be_hidden()
    fits(page)
    page.screenshot(path=PICTURES / f"statement-care-{width}.png", full_page=True)
