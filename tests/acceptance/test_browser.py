"""It must show 3 (issue 3): the desk in a real browser, at a desk's and a phone's width, by mouse and by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.standing import Standing, eventually
from tests.acceptance.window import PICTURES, SOON, Watched, picture

pytestmark = pytest.mark.browser
WIDTHS = (390, 720, 1024, 1440)
DESK = (
    "/desk", "/incidents", "/accounts", "/leads", "/reports", "/deliveries", "/findings", "/me", "/search?q=二食堂",
    "/consultations", "/permits", "/submissions", "/own-posts", "/relays", "/statements", "/silences", "/duty",
    "/duty/people", "/duty/handover",
)  # fmt: skip


@pytest.fixture(scope="module")
def story(demo: Standing) -> str:
    """The incident of the scripted wave."""
    return eventually("the wave opens an incident", lambda: demo.incident("二食堂"), 100)


def pages_of(standing: Standing, story: str) -> list[str]:
    """Every page of the desk for the person who may see most."""
    desk = standing.signed_in("ye.chuqing")
    week = desk.page("/reports").css("a[href^='/reports/2']::attr(href)").get("")
    sheet = desk.page("/duty/handover").css("a[href^='/duty/handover/']::attr(href)").get("")
    question = desk.page("/consultations").css("a[href^='/consultations/']::attr(href)").get("")
    of_story = [f"/incidents/{story}", f"/incidents/{story}/peek", f"/statements/{story}"]
    assert all((week, sheet, question)), (week, sheet, question)
    return [*DESK, *of_story, week, sheet, question]


def test_a_new_incident_arrives_without_reload_is_opened_and_confirmed(demo: Standing, window: Watched) -> None:
    page = window.sign_in(demo, "zheng.wanzhou")
    page.goto(f"{demo.url}/desk")
    page.evaluate("window.sameDocument = true")
    demo.matter("实训中心爆炸了，有同学被炸伤，满脸是血，救护车刚到")
    row = page.locator(".row", has_text="实训中心")
    expect(row).to_be_visible(timeout=SOON)
    assert page.evaluate("window.sameDocument") is True
    row.locator(".row__title").click()
    peek = page.locator("#peek")
    expect(peek.locator("h2").first).to_contain_text("实训中心")
    figure = peek.locator(".clock time").first
    shown = figure.inner_text()
    expect(figure).not_to_have_text(shown, timeout=5_000)
    peek.get_by_role("link", name="打开").click()
    expect(page.locator("h1")).to_contain_text("实训中心")
    page.get_by_role("button", name="确认研判").click()
    expect(page.get_by_role("status").first).to_have_text("已确认研判。")
    expect(page.locator(".risk")).to_contain_text("郑晚舟")
    clock = page.locator(".clocks4 .clock time").first
    before = clock.inner_text()
    expect(clock).not_to_have_text(before, timeout=5_000)


def test_a_notice_is_signed_on_a_phone(demo: Standing, story: str, phone: Watched) -> None:
    mail = eventually("the notice", lambda: demo.mails("gu.wenqing", story), 30)[0]
    page = phone.page
    page.goto(demo.url + mail.sign_path)
    picture(page, "sign-390")
    page.get_by_role("button", name="签收").click()
    expect(page.get_by_role("heading", name="已签收")).to_be_visible()
    expect(page.locator("main")).to_contain_text("您的签收时限已停")
    picture(page, "signed-390")
    assert page.request.get(demo.url + mail.sign_path).status == 410, "the link counts once"


def test_a_leader_signs_comments_and_hands_over_on_a_phone_and_the_colleague_hears_of_it(
    demo: Standing, phone: Watched, window: Watched
) -> None:
    demo.lead("北门的广告牌塌了，砸伤两个同学，头上流血骨折，正在叫救护车")
    number = eventually("the matter of the board", lambda: demo.incident("北门"), 45)
    mail = eventually("the leader's notice", lambda: demo.mails("gu.wenqing", number), 60)[0]
    page = phone.page
    page.goto(demo.url + mail.sign_path)
    page.get_by_label("批示内容").fill("先救人，球场即刻停用；半小时内报情况。")
    page.get_by_label("交给谁办理").select_option(label="陈思源（新媒体主管）")
    picture(page, "leader-390")
    page.get_by_role("button", name="签收").click()
    expect(page.get_by_role("heading", name="已签收")).to_be_visible()
    expect(page.locator("blockquote")).to_contain_text("球场即刻停用")
    page.get_by_label("批示内容").fill("家长来电由我答复。")
    page.get_by_role("button", name="送出批示").click()
    expect(page.locator(".saidbar")).to_contain_text("批示已记入事件日志")
    picture(page, "leader-signed-390")

    handed = "顾文清交您办理"
    eventually(
        "the colleague's notice",
        lambda: any(handed in "".join(one.text.split()) for one in demo.mails("chen.siyuan", number)), 60,
    )  # fmt: skip
    desk = window.sign_in(demo, "zheng.wanzhou")
    desk.goto(f"{demo.url}/incidents/{number}")
    log = desk.locator("ol.log")
    for words in ("球场即刻停用", "家长来电由我答复", "交 陈思源"):
        expect(log).to_contain_text(words)


def test_a_lead_typed_in_becomes_an_incident(demo: Standing, window: Watched) -> None:
    page = window.sign_in(demo, "zheng.wanzhou")
    page.goto(f"{demo.url}/leads")
    page.get_by_label("原文").fill("西门的围墙塌了，压住好几个同学，有人骨折流血，正在等救护车")
    page.get_by_role("button", name="录入", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已录入 1 条线索")
    number = eventually("the lead's incident", lambda: demo.incident("西门"), 45)
    page.goto(f"{demo.url}/leads")
    expect(page.get_by_role("link", name=number)).to_be_visible()
    page.goto(f"{demo.url}/incidents/{number}")
    expect(page.locator("article.quote").first).to_contain_text("西门的围墙塌了")


def test_the_queue_is_walked_and_opened_by_keyboard(demo: Standing, story: str, window: Watched) -> None:
    demo.lead("南门有人持刀伤人，一个同学被捅伤流血倒地")
    eventually("a second incident", lambda: demo.incident("南门"), 45)
    page = window.sign_in(demo, "zheng.wanzhou")
    page.goto(f"{demo.url}/desk")
    expect(page.locator(".row").nth(1)).to_be_visible()
    held = "document.activeElement.closest('.row')?.dataset.number || ''"
    page.keyboard.press("j")
    first = page.evaluate(held)
    page.keyboard.press("j")
    second = page.evaluate(held)
    assert first.startswith("FX-")
    page.keyboard.press("k")
    assert page.evaluate(held) != second or first == second
    page.keyboard.press("?")
    expect(page.locator("#keys-help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys-help")).to_be_hidden()
    page.locator(".row .row__title").last.focus()
    wanted = page.evaluate(held)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{demo.url}/incidents/{wanted}")


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_its_window_or_complains(
    demo: Standing, story: str, browser: Browser, width: int
) -> None:
    made = Watched(browser, width, 900)
    page = made.sign_in(demo, "ye.chuqing")
    PICTURES.mkdir(parents=True, exist_ok=True)
    wide = []
    for path in pages_of(demo, story):
        page.goto(demo.url + path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(f"{path}: {page.evaluate('document.documentElement.scrollWidth')}")
        if width in (390, 1440):
            name = re.sub(r"\W+", "-", path.partition("?")[0].strip("/")) or "home"
            page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=width == 390)
    made.context.close()
    assert wide == []
    assert made.complaints == []


def test_the_night_theme_is_dark_by_the_system_and_by_choice(demo: Standing, story: str, browser: Browser) -> None:
    light = "(() => { const c = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);"
    light += " return (c[0] + c[1] + c[2]) / 3; })()"

    def shade() -> float:
        page.wait_for_load_state()
        found: float = page.evaluate(light)
        return found

    by_system = Watched(browser, dark=True)
    page = by_system.sign_in(demo, "chen.siyuan")
    assert shade() < 80
    by_system.context.close()
    by_choice = Watched(browser)
    page = by_choice.sign_in(demo, "chen.siyuan")
    assert shade() > 180
    page.locator(".whobox summary").click()
    page.get_by_role("button", name="夜").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "night")
    assert shade() < 80
    page.goto(f"{demo.url}/incidents/{story}")
    assert shade() < 80
    page.screenshot(path=PICTURES / "incident-night-1440.png")
    page.locator(".whobox summary").click()
    page.get_by_role("button", name="跟随系统").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "night")
    assert shade() > 180
    by_choice.context.close()
    assert by_system.complaints + by_choice.complaints == []
