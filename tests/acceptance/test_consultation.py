"""Issue 4, consultations: a question under an account is found, given to who answers, answered or promised by date."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone

import pytest

from tests.acceptance.standing import Person, Standing, eventually, words_of

pytestmark = pytest.mark.long

BEIJING = timezone(timedelta(hours=8))


def listed(person: Person, words: str, tab: str = "all") -> str:
    """The page of the consultation in whose line these words stand; empty where there is none."""
    for row in person.page("/consultations", tab=tab).css("table.asks-t tbody tr"):
        if words in words_of(row):
            return str(row.css("a.btn::attr(href)").get(""))
    return ""


def test_a_question_becomes_a_consultation_and_the_accounts_own_reply_answers_it(demo: Standing) -> None:
    key = f"ask-{time.monotonic_ns()}"
    demo.sandbox("post", account="wb_main", key=key, text="图书馆新开了自习区")
    asked = demo.sandbox("comment", thread=key, text="请问图书馆周末几点关门呀，紫藤自习区要预约吗")
    office = demo.signed_in("ye.chuqing")
    path = eventually("the consultation", lambda: listed(office, "紫藤自习区", "waiting"), 60)
    page = office.page(path)
    assert "第十一条要求“及时”答复；时限数字为系统默认，非校规" in words_of(page.css("main")[0])
    assert "紫藤" not in words_of(office.page("/incidents").css("main")[0])
    demo.sandbox(
        "comment", thread=key, text="周末晚上九点半关门，自习区不用预约。", author=-1, answers=str(asked["comment"])
    )

    def answered() -> bool:
        return "采集见到官方已在原处回复" in words_of(office.page(path).css("main")[0])

    eventually("the reply is seen", answered, 60)
    assert listed(office, "紫藤自习区", "waiting") == ""


def test_a_private_message_is_folded_promised_by_date_and_stands_in_the_report(demo: Standing) -> None:
    office = demo.signed_in("ye.chuqing")
    form = office.page("/consultations").css("#typed")
    account = form.css("select[name=account] option::attr(value)").get("")
    sent = office.send(
        "/consultations", "/consultations", account=account, text="请问紫荆助学金什么时候发，13812345678"
    )
    assert "私信已登记" in sent.text

    def typed() -> str:
        rows = office.page("/consultations", tab="waiting").css("table.asks-t tbody tr")
        found = [one.css("a.btn::attr(href)").get("") for one in rows if "私信" in words_of(one)]
        return str(found[0]) if found else ""

    path = eventually("the message in the list", typed, 45)
    assert "紫荆" not in words_of(office.page(path).css("main")[0])
    shown = office.send(f"{path}/reveal", path)
    assert "紫荆助学金" in shown.text
    assert "13812345678" not in shown.text
    until = (datetime.now(BEIJING) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    done = office.send(f"{path}/promise", path, until=until, words="已回复：两日内答复")
    assert "已登记承诺的期限" in done.text
    assert "已承诺：已回复：两日内答复" in done.text
    link = next(
        one
        for one in office.page("/reports").css("a::attr(href)").getall()
        if re.fullmatch(r"/reports/\d{4}-W\d\d", one)
    )
    said = words_of(office.page(link).css("body")[0])
    assert "、咨询" in said
    assert "已承诺期限" in said


def test_the_window_of_wechat_is_shown_and_an_overdue_promise_is_reminded_and_reported(demo: Standing) -> None:
    office = demo.signed_in("ye.chuqing")
    accounts = office.page("/consultations").css("#typed select[name=account] option")
    wechat = next(one for one in accounts if "风林后勤服务（微信公众号）" in words_of(one))
    said = office.send(
        "/consultations", "/consultations", account=wechat.attrib["value"], text="请问校园卡丢了去哪里补办，急"
    )
    assert "私信已登记" in said.text

    def typed() -> str:
        rows = office.page("/consultations", tab="waiting").css("table.asks-t tbody tr")
        mine = [row for row in rows if "风林后勤服务" in words_of(row) and "私信" in words_of(row)]
        return str(mine[0].css("a.btn::attr(href)").get("")) if mine else ""

    path = eventually("the message in the list", typed, 45)
    page = words_of(office.page(path).css("main")[0])
    closes = (datetime.now(BEIJING) + timedelta(hours=48)).strftime("%-m月%-d日")
    assert re.search(rf"私信回复窗口.{{0,20}}{closes}", page), page
    until = (datetime.now(BEIJING) + timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%S")
    assert "已登记承诺的期限" in office.send(f"{path}/promise", path, until=until, words="马上答复").text

    def overdue() -> bool:
        return "承诺的答复期限已过，仍未答复" in words_of(office.page(path).css("main")[0])

    eventually("the promise is overdue", overdue, 30)
    letters = eventually(
        "the keeper is reminded",
        lambda: [one for one in demo.mails(to="wu.xiaoyu") if "承诺的期限已过" in one.subject + one.text], 30,
    )  # fmt: skip
    assert "校园卡" not in letters[0].subject + letters[0].text, "no words of a private message leave"
    weeks = [one for one in office.page("/reports").css("a::attr(href)").getall() if re.search(r"/\d{4}-W\d\d$", one)]
    items = words_of(office.page(f"{max(weeks)}/items/consultations.overdue").css("main")[0])
    assert "风林后勤服务" in items
