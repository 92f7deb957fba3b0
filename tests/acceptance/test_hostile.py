"""It must show 4 (issue 3): what a platform sends is text and nothing else, cut with a mark, and harms nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Dialog

from tests.acceptance.conftest import AFTER_IT, MARKUP
from tests.acceptance.standing import Standing, eventually, words_of

OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
CUT = "……（已截断，原文超过 20000 字）"


@pytest.fixture(scope="module")
def hostile(demo: Standing) -> str:
    """The incident that the hostile comment opens, once its notices are out."""
    number = eventually("the hostile comment is judged like any other", lambda: demo.incident("图书馆"), 90)
    eventually("its notices", lambda: len(demo.mails(words=number)) >= 4 and demo.robot(number), 30)
    return number


def test_markup_in_a_comment_is_shown_as_text(demo: Standing, hostile: str) -> None:
    desk = demo.signed_in("zheng.wanzhou")
    raw = desk.client.get(f"/incidents/{hostile}").text
    assert "<script>window.harmed" not in raw
    assert "<svg onload" not in raw
    assert "&lt;script&gt;window.harmed=1&lt;/script&gt;" in raw
    assert "{{7*7}}" in raw
    quote = words_of(desk.page(f"/incidents/{hostile}").css("article.quote bdi")[0])
    assert MARKUP.replace(" ", "") in quote.replace(" ", "")


def test_characters_that_turn_the_writing_round_reach_no_page_and_no_notice(demo: Standing, hostile: str) -> None:
    desk = demo.signed_in("zheng.wanzhou")
    for path in (f"/incidents/{hostile}", "/desk", "/desk/feed", "/search?q=图书馆电梯"):
        raw = desk.client.get(path).text
        assert not OVERRIDES.search(raw), path
    for mail in demo.mails(words=hostile):
        assert not OVERRIDES.search(mail.subject + mail.text + mail.html)
    assert not OVERRIDES.search("".join(demo.robot()))


def test_a_hostile_quote_in_a_mail_is_escaped(demo: Standing, hostile: str) -> None:
    mail = demo.mails(words=hostile)[0]
    assert "<script" not in mail.html
    assert "<svg" not in mail.html, "what the page's own pictures are is no part of a mail"
    assert "&lt;script&gt;" in mail.html
    assert "图书馆" in mail.subject
    assert "\n" not in mail.subject
    assert "<script" not in mail.subject


@pytest.mark.browser
def test_nothing_of_a_hostile_comment_runs_in_the_browser(demo: Standing, hostile: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    for cookie, value in demo.signed_in("zheng.wanzhou").client.cookies.items():
        context.add_cookies([{"name": cookie, "value": value, "url": demo.url}])
    page = context.new_page()
    asked: list[str] = []

    def note(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    sign = demo.mails("lin.zhiyuan", hostile)[0].sign_path
    inbox = f"http://127.0.0.1:{demo.port + 2}"
    for address in (f"{demo.url}/incidents/{hostile}", f"{demo.url}/desk", demo.url + sign, f"{inbox}/robot"):
        answer = page.goto(address)
        assert answer is not None
        assert "default-src '" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert page.evaluate("typeof window.harmed") == "undefined", address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    assert asked == []
    context.close()


def test_a_comment_of_a_megabyte_is_cut_with_a_mark_and_stops_nothing(demo: Standing) -> None:
    desk = demo.signed_in("zheng.wanzhou")
    eventually("the comment after it", lambda: desk.found(AFTER_IT[-12:]), 90)
    (shown,) = eventually("the long one", lambda: desk.found("清真餐厅的饭里有玻璃渣"), 60)
    assert shown.endswith(CUT)
    assert len(shown) < 300
    assert len(desk.client.get("/search", params={"q": "清真餐厅的饭里有玻璃渣"}).content) < 200_000
    number = eventually("it opens an incident like any grave line", lambda: demo.incident("清真餐厅"), 60)
    quote = words_of(desk.page(f"/incidents/{number}").css("article.quote bdi")[0])
    assert quote.endswith(CUT)
    assert len(quote) < 1000
    eventually("its notices", lambda: len(demo.mails(words=number)) >= 4, 30)
    assert all(len(one.html) < 100_000 for one in demo.mails(words=number))
    assert demo.health()[1]["failing"] == []
