"""What the search page says of how its finds are spread, over a real search, and where each of its links leads."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from escalation.web.app import build
from escalation.web.facets_view import BARS, Choice, chosen_of, spread_of
from stream.account import Account
from stream.search import Document, Facets, Search, open_search
from stream.search.facets import DAY
from tests.escalation.web.house import SCHOOL, House

MONDAY = datetime(2026, 11, 1, 16, tzinfo=UTC)
"""Midnight in Beijing."""


def document(number: int, *, hour: int, tone: str = "neutral", risk: int = 0, account: str = "wx-hq") -> Document:
    at = MONDAY + timedelta(hours=hour)
    platform = {"wx-hq": "wechat", "wb-jw": "weibo"}.get(account, "other")
    return Document(SCHOOL, f"x:{number}", "comment", platform, account, "t", f"食堂的第{number}条", tone, risk, at, at)


FOUND = [
    *(document(number, hour=number % 5, tone="negative", risk=30 + number) for number in range(6)),
    *(document(10 + number, hour=24 * 3 + 9, account="wb-jw", risk=12) for number in range(3)),
    document(20, hour=24 * 3 + 11, account="somebody"),
]


@pytest.fixture
def found(house: House, tmp_path: Path) -> Iterator[TestClient]:
    with closing(open_search(f"sqlite:///{tmp_path}/search.db")) as search:
        search.index(FOUND)
        yield visitor(house, search)


def visitor(house: House, search: Search) -> TestClient:
    client = TestClient(build(replace(house.desk(), search=search.find, facets=search.facets)), follow_redirects=False)
    client.cookies.set("fengxin", house.session("monitor"))
    return client


def links(page: str) -> dict[str, str]:
    """Of the facets and bars: what is read, and where it leads."""
    shown = re.findall(r'<li><a[^>]*?href="([^"]*)"[^>]*>(.*?)</a></li>', page)
    return {" ".join(re.sub(r"<[^>]+>", " ", words).split()): html.unescape(to) for to, words in shown}


def said(page: str) -> str:
    match = re.search(r'<h2>原文</h2><span class="end">(.*?)</span>', page)
    assert match
    return match[1]


def test_each_facet_leads_to_just_what_it_counted_and_back(found: TestClient) -> None:
    page = found.get("/search?q=食堂").text
    shown = links(page)
    assert said(page) == "10 条"
    for words in (
        "微信公众号 6", "微博 3", "风林后勤 · 后勤服务中心 6", "风林教务 · 教务处 3", "负面 6", "中性 4", "30–59 6",
        "1–29 3", "0 1", "11月2日 周一 6 条", "11月5日 周四 4 条",
    ):  # fmt: skip
        narrowed = found.get(shown[words]).text
        number = re.findall(r"\d+", words.removesuffix(" 条"))[-1]
        assert said(narrowed) == f"{number} 条", words
        back = [
            to
            for name, to in links(narrowed).items()
            if name and "取消" in narrowed and name.removeprefix("本条风险 ") in words
        ]
        assert back
        assert said(found.get(back[0]).text) == "10 条"
    assert "其他来源" in page
    assert "somebody" not in page


def test_a_day_is_counted_by_the_hour_and_an_hour_is_one_more_link(found: TestClient) -> None:
    day = found.get(links(found.get("/search?q=食堂").text)["11月5日 周四 4 条"]).text
    assert "逐时看数，最多 09 时 3 条" in day
    hour = found.get(links(day)["09 时 3 条"]).text
    assert said(hour) == "3 条"
    assert said(found.get(links(hour)["11月5日 周四"]).text) == "10 条", "without its day an hour says nothing"


def test_facets_that_are_chosen_together_narrow_together(found: TestClient) -> None:
    weibo = found.get(links(found.get("/search?q=食堂").text)["微博 3"]).text
    assert said(weibo) == "3 条"
    none = found.get("/search?q=食堂&platform=weibo&tone=negative").text
    assert said(none) == "0 条"
    assert "可在“已选”中取消一项再看" in none


@pytest.mark.parametrize(
    "bad", ["day=2026-13-40", "day=x", "hour=09", "risk=7", "tone=angry", "day=0001-01-01", "risk=-1"]
)
def test_what_nobody_can_have_chosen_narrows_nothing(found: TestClient, bad: str) -> None:
    page = found.get(f"/search?q=食堂&{bad}")
    assert page.status_code == 200
    assert said(page.text) == "10 条"


@given(
    st.dictionaries(st.sampled_from(["q", "platform", "account", "tone", "risk", "day", "hour"]), st.text(max_size=80))
)
def test_any_address_is_a_question_that_the_search_takes(given_: dict[str, str]) -> None:
    choice = chosen_of(given_)
    assert choice.query(SCHOOL, 50).school == SCHOOL
    assert chosen_of({name: value for name, value in _pairs(choice).items() if value}) == choice


def _pairs(choice: Choice) -> dict[str, str]:
    return {name: getattr(choice, name) for name in Choice.__slots__}


@given(st.dictionaries(st.integers(0, 90), st.integers(1, 5000), min_size=1))
def test_bars_and_what_lies_before_them_are_all_that_was_found(days: dict[int, int]) -> None:
    times = {MONDAY + DAY * number: count for number, count in days.items()}
    spread = spread_of(Facets(sum(days.values()), DAY, times, {}, {}, {}, {}), Choice("食堂"), {})
    if len(days) == 1:
        assert not spread.bars
        return
    assert sum(bar.number for bar in spread.bars) + spread.earlier == sum(days.values())
    assert len(spread.bars) <= BARS
    assert all((bar.height > 0) == (bar.number > 0) == bool(bar.address) for bar in spread.bars)
    assert max(bar.height for bar in spread.bars) == 40


def test_accounts_of_one_name_are_told_apart_by_their_platform() -> None:
    one = Account("JY", "weibo:1", "weibo", "风林学院", "1", "宣传部", "sandbox", MONDAY)
    accounts = {"weibo:1": one, "wechat:1": replace(one, id="wechat:1", platform="wechat")}
    accounts["weibo:2"] = replace(one, id="weibo:2", name="风林后勤", unit="")
    facets = Facets(6, DAY, {}, {}, {"weibo:1": 3, "wechat:1": 2, "weibo:2": 1}, {}, {})
    (group,) = spread_of(facets, Choice("食堂"), accounts).groups
    assert [option.name for option in group.options] == [
        "风林学院 · 微博 · 宣传部", "风林学院 · 微信公众号 · 宣传部", "风林后勤",
    ]  # fmt: skip
