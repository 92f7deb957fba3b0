"""The desk in a real browser: live, by hand and by keyboard, on a phone, at every width."""

from __future__ import annotations

import dataclasses
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from escalation import alert
from escalation.report.week import Week
from escalation.web.app import build
from escalation.web.serve import Harbour
from tests.acceptance.patient import patient
from tests.escalation.web.house import PASSWORD, SCHOOL, UNIT, House
from tests.escalation.web.records import sent, watched

pytestmark = pytest.mark.browser
WIDTHS = (390, 720, 1024, 1440)
FAKE_AUDIO = """
window.tones = 0;
const quiet = { setValueAtTime() {}, exponentialRampToValueAtTime() {}, value: 0 };
window.AudioContext = class {
  currentTime = 0;
  createOscillator() { return { frequency: quiet, connect: (to) => to, start() { window.tones += 1; }, stop() {} }; }
  createGain() { return { gain: quiet, connect: (to) => to }; }
};
"""
"""A sound card that counts: machines that run tests have none."""


@pytest.fixture(autouse=True)
def tidy(browser: Browser) -> Iterator[None]:
    """Close the windows of each test."""
    yield
    for context in browser.contexts:
        context.close()


@pytest.fixture
def served(mould: Path, tmp_path: Path) -> Iterator[House]:
    """A school whose desk answers on a port of its own."""
    shutil.copy(mould, tmp_path / "store.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    house = House.at(tmp_path, f"http://127.0.0.1:{port}", enrolled=True)
    house.now = datetime.now(UTC)
    desk = dataclasses.replace(house.desk(), clock=lambda: datetime.now(UTC))
    server = Harbour(build(desk), "127.0.0.1", port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    yield house
    server.should_exit = True
    thread.join(5)
    assert not thread.is_alive()


def opened(browser: Browser, house: House, width: int = 1440, height: int = 900, **more: Any) -> Page:
    """A window whose console must stay quiet."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN", **more)
    context.set_default_timeout(30_000)
    page = patient(context.new_page())
    page.on("pageerror", lambda error: pytest.fail(f"script failed: {error}"))
    page.on("console", lambda line: _quiet(line.type, line.text))
    return page


def _quiet(kind: str, text: str) -> None:
    if "Content Security Policy" in text or "Refused to" in text:
        pytest.fail(f"{kind}: {text}")


def sign_in(page: Page, house: House, name: str = "monitor") -> Page:
    page.goto(f"{house.letterhead.public_url}/sign-in")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/desk" if name in ("monitor", "publicity") else "**/*")
    return page


def test_sign_in_open_confirm_with_a_running_countdown(browser: Browser, served: House) -> None:
    number = served.incident()
    page = sign_in(opened(browser, served), served)
    figure = page.locator(f"#row-{number} .clock__v time")
    first = figure.inner_text()
    assert re.fullmatch(r"14:\d\d", first)
    expect(figure).not_to_have_text(first, timeout=3000)
    expect(page).to_have_title(re.compile(r"\(1\) 剩 14:\d\d · 风信"))
    page.get_by_role("link", name="打开", exact=False).last.click()
    page.wait_for_url(f"**/incidents/{number}")
    page.get_by_role("button", name="确认研判").click()
    expect(page.get_by_role("status")).to_have_text("已确认研判。")
    expect(page.locator(".log")).to_contain_text("确认研判")


def test_a_grave_incident_arrives_without_a_reload_and_a_small_one_waits(browser: Browser, served: House) -> None:
    first = served.incident("第一件事", level=2)
    page = sign_in(opened(browser, served), served)
    expect(page.locator(f"#row-{first}")).to_be_visible()
    page.evaluate("window.untouched = true")
    page.wait_for_timeout(800)
    served.now = datetime.now(UTC)
    small = served.incident("一件小事", level=4)
    expect(page.locator("#newbar")).to_have_text("1 件新事件，按 . 显示")
    expect(page.locator(f"#row-{small}")).to_have_count(0)
    grave = served.incident("一件大事", level=1)
    expect(page.locator(f"#row-{grave}")).to_be_visible()
    expect(page.locator("#assertive")).to_contain_text("一件大事")
    page.keyboard.press(".")
    expect(page.locator(f"#row-{small}")).to_be_visible()
    expect(page.locator("#newbar")).to_be_hidden()
    assert page.evaluate("window.untouched") is True


def test_news_between_a_page_and_its_line_is_not_missed(browser: Browser, served: House) -> None:
    page = sign_in(opened(browser, served), served)
    came: list[str] = []

    def before_the_line(route: Route) -> None:
        served.now = datetime.now(UTC)
        came.append(served.incident("页面读完、连线之前的事", level=1))
        route.continue_()

    page.route("**/events?*", before_the_line, times=1)
    page.reload()
    expect(page.locator("#assertive")).to_contain_text("页面读完、连线之前的事")
    expect(page.locator(f"#row-{came[0]}")).to_be_visible()


def test_the_row_under_the_hand_does_not_move(browser: Browser, served: House) -> None:
    numbers = [served.incident(f"第 {n} 件事", level=3, minutes=n) for n in range(12)]
    page = sign_in(opened(browser, served, height=620), served)
    held = page.locator(f"#row-{numbers[4]}")
    held.scroll_into_view_if_needed()
    held.hover()
    before = held.bounding_box()
    page.wait_for_timeout(800)
    served.now = datetime.now(UTC)
    grave = served.incident("网传起火", level=1)
    expect(page.locator(f"#row-{grave}")).to_have_count(1)
    after = held.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 2


def test_a_cut_line_is_said_and_mends_itself(browser: Browser, served: House) -> None:
    served.incident()
    page = opened(browser, served)
    page.add_init_script(
        "window.realNow = Date.now; Date.now = () => realNow() + (window.skew || 0);"
        "class Silent extends EventTarget { constructor() { super(); this.readyState = 1; } close() {} };"
        "Silent.CLOSED = 2; window.EventSource = Silent;"
    )
    sign_in(page, served)
    expect(page.locator("#stale")).to_be_hidden()
    page.evaluate("window.skew = 31000")
    expect(page.locator("#stale")).to_contain_text("连接中断，数据停在")
    expect(page.locator("#stale")).to_contain_text("正在重连，第 1 次")
    second = served.incident("断线时的大事", level=1)
    page.evaluate("window.skew = 42000")
    expect(page.locator(f"#row-{second}")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_notice_is_signed_on_a_phone_with_and_without_scripts(browser: Browser, served: House, scripts: bool) -> None:
    number = served.incident()
    page = opened(browser, served, 390, 844, java_script_enabled=scripts)
    page.goto(served.letterhead.public_url + served.link(number, "leader"))
    bar = page.locator(".slip__bar .btn--go")
    box = bar.bounding_box()
    assert box is not None
    assert box["height"] >= 48
    assert box["y"] + box["height"] <= 844
    page.fill("textarea[name=remark]", "先救治、再查因")
    bar.click()
    expect(page.get_by_role("heading", name="已签收")).to_be_visible()
    expect(page.locator("main")).to_contain_text("先救治、再查因")
    page.goto(served.letterhead.public_url + served.link(number, "leader"))
    expect(page.locator("main")).to_contain_text("该通知已签收")


@pytest.mark.parametrize(("width", "shown"), [(1440, True), (390, False)])
def test_a_phone_shows_no_half_words_beside_the_flags_of_the_tide(
    browser: Browser, served: House, width: int, shown: bool
) -> None:
    served.incident()
    page = sign_in(opened(browser, served, width, 844), served)
    expect(page.locator("#tide .mast")).to_have_count(1)
    words = page.locator("#tide text.t-flag")
    expect(words).to_be_visible() if shown else expect(words).to_be_hidden()


def test_a_phone_shows_the_clock_and_every_lamp_that_is_not_green(browser: Browser, served: House) -> None:
    with served.store.write() as conn:
        alert.ring(conn, SCHOOL, "channel:mail", "邮件通道没有送出。", served.now)
    page = sign_in(opened(browser, served, 390, 844), served)
    strip = page.locator(".watch")
    clock = strip.locator("#clock")
    expect(clock).to_be_visible()
    box = clock.bounding_box()
    assert box is not None
    assert 0 < box["x"] < box["x"] + box["width"] <= 390
    expect(strip.get_by_text("通道 1/2")).to_be_visible()
    expect(strip.get_by_text("研判就绪")).to_be_hidden()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_its_window(browser: Browser, served: House, width: int) -> None:
    number = served.incident("多名学生反映二食堂就餐后腹泻，四十分钟增至二百一十三条并有人称已就医")
    care = served.incident("求助", care=True)
    served.on_trial()
    page = sign_in(opened(browser, served, width, 844), served)
    paths = ["/desk", "/desk?large=1", "/incidents", f"/incidents/{number}", f"/incidents/{care}",
             f"/incidents/{number}/peek", "/me", "/search?q=x"]  # fmt: skip
    paths += [served.link(number, "leader"), served.link(care, "leader"), "/r/forged"]
    for path in paths:
        page.goto(served.letterhead.public_url + path)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, path
    page.goto(served.letterhead.public_url + f"/incidents/{number}")
    page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_the_desk_is_worked_with_the_keyboard_alone(browser: Browser, served: House) -> None:
    first = served.incident("第一件", level=2, minutes=5)
    second = served.incident("第二件", level=2)
    page = sign_in(opened(browser, served), served)
    expect(page.locator(f"#row-{first}")).to_have_class(re.compile("is-open"))
    page.keyboard.press("j")
    expect(page.locator(f"#row-{second}")).to_have_class(re.compile("is-open"))
    expect(page.locator(f"#row-{second} .row__title")).to_be_focused()
    expect(page.locator("#peek")).to_contain_text(second)
    page.keyboard.press("?")
    expect(page.locator("#keys-help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("jk")
    expect(page.locator(".find input")).to_have_value("jk")
    page.keyboard.press("Escape")
    page.locator(f"#row-{second} .row__title").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/incidents/{second}")
    page.keyboard.press("n")
    expect(page.locator("#n")).to_be_focused()
    page.keyboard.type("已电话告知后勤")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.keyboard.press("3")
    expect(page.get_by_label("旧事或已办结")).to_be_checked()
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url("**/desk")


def test_acts_that_tell_people_are_asked_about_first(browser: Browser, served: House) -> None:
    number = served.incident()
    page = sign_in(opened(browser, served), served)
    page.goto(f"{served.letterhead.public_url}/incidents/{number}")
    page.locator(".masthead").get_by_role("button", name="催签").click()
    asked = page.locator("dialog[open]")
    expect(asked).to_contain_text("现在催签？")
    expect(asked.get_by_role("button", name="返回")).to_be_focused()
    asked.get_by_role("button", name="催签").click()
    expect(page.get_by_role("status")).to_have_text("已催签。")


def test_the_workspace_says_that_there_is_news_and_keeps_what_is_being_typed(browser: Browser, served: House) -> None:
    number = served.incident()
    page = sign_in(opened(browser, served), served)
    page.goto(f"{served.letterhead.public_url}/incidents/{number}")
    page.fill("#n", "写到一半")
    page.wait_for_timeout(800)
    served.client("publicity").post(f"/incidents/{number}/assign", data={"csrf": "csrf-publicity", "unit": UNIT})
    expect(page.locator("#stirred")).to_be_visible()
    expect(page.locator("#n")).to_have_value("写到一半")


def test_a_note_written_as_the_session_ran_out_is_there_again_after_signing_in(browser: Browser, served: House) -> None:
    number = served.incident()
    page = sign_in(opened(browser, served), served)
    page.goto(f"{served.letterhead.public_url}/incidents/{number}")
    page.fill("#n", "已电话核实，三人送医")
    page.context.clear_cookies()
    page.locator("#note button").click()
    expect(page.get_by_role("heading", name="尚未登录")).to_be_visible()
    page.get_by_role("link", name="登录，回到原页").click()
    page.fill("#name", "monitor")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(f"**/incidents/{number}")
    expect(page.locator("#n")).to_have_value("已电话核实，三人送医")
    page.locator("#note button").click()
    expect(page.locator(".log")).to_contain_text("已电话核实，三人送医")
    page.goto(f"{served.letterhead.public_url}/incidents/{number}")
    expect(page.locator("#n")).to_have_value("")


def test_somebody_else_at_the_same_window_finds_nothing_of_what_was_typed(browser: Browser, served: House) -> None:
    page = sign_in(opened(browser, served), served)
    page.goto(f"{served.letterhead.public_url}/leads")
    page.fill("#f-text", "值班员写的话")
    page.context.clear_cookies()
    page.get_by_role("button", name="录入", exact=True).click()
    page.get_by_role("link", name="登录，回到原页").click()
    page.fill("#name", "publicity")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/leads")
    expect(page.locator("#f-text")).to_have_value("")


def test_a_lead_that_is_too_large_is_not_sent_and_stays_in_its_field(browser: Browser, served: House) -> None:
    page = sign_in(opened(browser, served), served)
    page.goto(f"{served.letterhead.public_url}/leads")
    page.fill("#f-text", "字" * 60_000)
    page.get_by_role("button", name="录入", exact=True).click()
    expect(page.locator("[data-kept]")).to_contain_text("内容过大，没有送出")
    assert len(page.locator("#f-text").input_value()) == 60_000
    assert served.box.taken == []


def test_focus_is_seen_and_night_follows_the_system(browser: Browser, served: House) -> None:
    served.incident()
    page = sign_in(opened(browser, served, color_scheme="dark"), served)
    expect(page.locator("html")).to_have_attribute("data-theme", "night")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    assert page.locator(".skip").evaluate("e => e.getBoundingClientRect().top") >= 0
    outline = page.locator(".row__title").first
    outline.focus()
    row = page.locator(".row").first
    assert row.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


FAULTS = (Path(__file__).with_name("faults.js")).read_text("utf-8")
"""Names what a page lacks for keyboards, screen readers and weak eyes; an empty list where it lacks nothing."""


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1440, "light")])
def test_every_page_can_be_read_heard_and_worked_by_everybody(
    browser: Browser, served: House, width: int, theme: Any
) -> None:
    number = served.incident("多名学生反映二食堂就餐后腹泻")
    care = served.incident("求助", care=True, level=1)
    sent(served, number)
    watched(served)
    served.on_trial()
    page = opened(browser, served, width, 844, color_scheme=theme)
    site = served.letterhead.public_url
    week = Week.of(served.now)
    outside = ["/sign-in", served.link(number, "leader"), served.link(care, "leader"), "/r/forged", "/nowhere"]
    inside = ["/desk", "/desk?large=1&level=2", "/desk?view=done", f"/incidents/{number}", f"/incidents/{care}",
              f"/incidents/{number}/peek", "/incidents", "/accounts", "/deliveries", "/leads", "/reports",
              f"/reports/{week}", f"/reports/{week}/items/accounts", "/me", "/search?q=x",
              "/incidents/FX-0"]  # fmt: skip
    found = {path: _faults(page, site + path) for path in outside}
    sign_in(page, served)
    found |= {path: _faults(page, site + path) for path in inside}
    assert {path: faults for path, faults in found.items() if faults} == {}


def _faults(page: Page, address: str) -> list[str]:
    page.goto(address)
    page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
    faults: list[str] = page.evaluate(FAULTS)
    return faults


SPOILT = """
const spoilt = "<h4>深</h4><button></button><table><tr><td>1</td></tr></table><p id='pale'>淡</p>";
document.querySelector("main").insertAdjacentHTML("beforeend", spoilt);
document.getElementById("pale").style.setProperty("color", "#bbbbbb");
document.querySelector(".btn").style.setProperty("outline", "none", "important");
"""


def test_an_unreadable_page_is_found_out(browser: Browser, served: House) -> None:
    page = opened(browser, served)
    page.goto(f"{served.letterhead.public_url}/nowhere")
    page.evaluate(SPOILT)
    said = " ".join(page.evaluate(FAULTS))
    for fault in ("标题", "无名", "表头", "对比度", "焦点"):
        assert fault in said, fault


def test_the_tone_is_made_by_one_press_and_repeats_until_somebody_signs(browser: Browser, served: House) -> None:
    number = served.incident(level=1)
    page = opened(browser, served)
    page.add_init_script(FAKE_AUDIO)
    sign_in(page, served)
    page.wait_for_timeout(1200)
    assert page.evaluate("window.tones") == 0
    page.get_by_role("button", name="启用提示音").click()
    until = time.monotonic() + 30
    while page.evaluate("window.tones") < 5 and time.monotonic() < until:
        page.wait_for_timeout(100)
    assert page.evaluate("window.tones") == 5  # two to try the sound, three for level 1
    served.client().post(served.link(number, "leader"))
    expect(page.locator(f"#row-{number}")).not_to_have_attribute("data-silent", "")


def test_an_overdue_clock_counts_up_by_itself(browser: Browser, served: House) -> None:
    served.now = datetime.now(UTC) - timedelta(minutes=14, seconds=57)
    number = served.incident()
    page = sign_in(opened(browser, served), served)
    clock = page.locator(f"#row-{number} .clock")
    expect(clock).to_have_class(re.compile("clock--late"), timeout=6000)
    expect(clock.locator("small")).to_have_text("逾期")
