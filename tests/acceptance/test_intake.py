"""What goes in and what must not go out (issue 3): leads by file, a comment under an article, a rehearsal beside the
running school.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from openpyxl import Workbook
from parsel import Selector

from tests.acceptance.standing import Standing, eventually, fengxin, words_of

pytestmark = pytest.mark.long

SHANGHAI = ZoneInfo("Asia/Shanghai")
SCENARIOS = Path(__file__).resolve().parent / "scenarios"
REHEARSED = ("后厨", "玉兰", "青岚", "演练·", "YL-2026", "rehearsal.invalid")
"""What nobody but a rehearsal of these scenarios says: their words, its people, numbers and addresses."""


def test_a_rehearsal_beside_the_running_school_reaches_nobody_and_leaves_no_trace(demo: Standing) -> None:
    """What it sent by itself would be in the inbox when it ends, what it left to be sent would stand in the log."""
    done = fengxin("rehearse", SCENARIOS, "--pack", "JY", "--settings", demo.data / "fengxin.toml")
    assert done.returncode == 0, done.stderr
    assert re.search("【演练】gas：6 条，立.*首报", done.stdout, re.DOTALL), "it has opened and told"
    inbox = httpx.get(f"http://127.0.0.1:{demo.port + 2}/messages", timeout=10).text
    desk = demo.signed_in("ye.chuqing")
    pages = [words_of(desk.page(path).css("main")[0]) for path in ("/incidents", "/deliveries", "/findings", "/desk")]
    seen = [*(one.subject + one.text + one.to for one in demo.mails()), *demo.robot(), inbox, *pages]
    assert [(words, text) for text in seen for words in REHEARSED if words in text] == []
    assert desk.found("后厨爆炸") == []


def test_a_neutral_pack_tells_the_four_and_cites_no_article() -> None:
    done = fengxin("rehearse", SCENARIOS, "--pack", "neutral")
    assert done.returncode == 0, done.stderr
    assert "系统默认，非校规" in done.stdout.splitlines()[0]
    first = [line for line in done.stdout.splitlines() if " 首报 " in line and "群机器人 " not in line]
    told = [
        office
        for office in ("账号管理人员", "单位负责人", "宣传部", "主管校领导")
        for line in first
        if f" {office} " in line
    ]
    assert len(first) == len(told) == 4, first
    assert all("系统默认，非校规" in line for line in first)
    assert [word for word in ("催签", "电话通知", "逐级上报") if word not in done.stdout] == [], "silence has its steps"
    assert re.findall(r"第[一二三四五六七八九十]+条", done.stdout) == []


HEADS = ("平台", "账号", "链接", "原文", "发布时间", "看到时间")
GOOD = {"csv": "西操场的单杠松了三颗螺丝", "xlsx": "东操场的双杠掉了一大片漆"}


def file_of(kind: str, *rows: tuple[str, ...]) -> bytes:
    """Leads as a spreadsheet program saves them."""
    if kind == "csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows((HEADS, *rows))
        return text.getvalue().encode("gb18030")
    book, held = Workbook(), io.BytesIO()
    assert book.active is not None
    for row in (HEADS, *rows):
        book.active.append(list(row))
    book.save(held)
    return held.getvalue()


@pytest.mark.parametrize("kind", GOOD)
def test_a_file_of_leads_is_taken_in_whole_or_every_bad_cell_is_named(demo: Standing, kind: str) -> None:
    desk = demo.signed_in("zheng.wanzhou")
    token = desk.page("/leads").css("input[name=csrf]::attr(value)").get("")

    def uploaded(*rows: tuple[str, ...]) -> tuple[int, Selector]:
        files = {"file": (f"线索.{kind}", file_of(kind, *rows))}
        answer = desk.client.post("/leads/file", data={"csrf": token}, files=files)
        return answer.status_code, Selector(answer.text)

    good = ("微博", "", "", GOOD[kind], "2026-11-03 18:02", "")
    other = ("抖音", "", "https://v.example/1", GOOD[kind][::-1], "", "")
    bad = (("人人网", "", "", "平台不认识", "", ""), ("微博", "没有的账号", "javascript:1", "又一行", "昨天", ""))
    status, page = uploaded(good, bad[0], other, bad[1])
    assert status == 422
    assert "有 4 处须改，未录入任何内容，改好后整份重传" in words_of(page.css("#summary")[0])
    named = [tuple(words_of(cell) for cell in row.css("td")) for row in page.css("#summary .bads tbody tr")]
    assert [one[:2] for one in named] == [("3", "平台"), ("5", "账号"), ("5", "链接"), ("5", "发布时间")]
    assert "人人网" in named[0][2]
    status, page = uploaded(good, other)
    assert (status, "已录入 2 条线索" in words_of(page.css(".saidbar")[0])) == (200, True), "nothing of it was there"
    for text in (good[3], other[3]):
        assert len(eventually(f"found: {text}", partial(desk.found, text), 30)) == 1


def test_rows_of_days_long_past_are_found_and_open_nothing_and_what_is_typed_meanwhile_opens(demo: Standing) -> None:
    """The same words, in a file as seen a month ago among hundreds, and typed in now."""
    desk = demo.signed_in("zheng.wanzhou")
    token = desk.page("/leads").css("input[name=csrf]::attr(value)").get("")
    past = f"{datetime.now(SHANGHAI) - timedelta(days=30):%Y-%m-%d %H:%M}"
    old, new = "旧档地质楼着火了，有人被困在四楼", "地质楼着火了，有人被困在四楼，快来人"
    rows = [("微博", "", "", old, "", past)]
    rows += [("微博", "", "", f"旧档第 {number} 条，操场的灯还没有亮", "", past) for number in range(400)]
    answer = desk.client.post("/leads/file", data={"csrf": token}, files={"file": ("旧档.csv", file_of("csv", *rows))})
    assert "其中 401 条是 10 日以前看到的，按历史处理：可以检索，不自动立事件、不发通知" in words_of(
        Selector(answer.text)
    )
    demo.lead(new)

    def shown(words: str) -> list[str]:
        return [words_of(one) for one in desk.page("/search", q=words).css("article.quote")]

    (line,) = eventually("what was typed opens", lambda: [one for one in shown(new) if "FX-" in one], 90)
    assert new in line
    (kept,) = eventually("what is old is found", lambda: [one for one in shown(old) if "未研判" not in one], 90)
    eventually("all of it is worked off", lambda: len(shown("旧档第 399 条")) == 1, 90)
    (kept,) = shown(old)
    assert "FX-" not in kept


def test_a_comment_under_an_article_of_the_wechat_account_comes_to_the_desk(demo: Standing) -> None:
    """The crawler finds the new article in the account's list, asks for its comments, and the desk reads them."""
    desk = demo.signed_in("zheng.wanzhou")
    demo.sandbox("post", account="wx_main", key="own-article", title="实训周安排", text="下周起实训周，请留意课表")
    asked = "课表上的四号车间几点开门呀，门口等了半小时"
    demo.sandbox("comment", thread="own-article", text=asked)

    def rows() -> list[Selector]:
        found = desk.page("/search", q="课表上的四号车间").css("article.quote")
        return [row for row in found if words_of(row.css("bdi")[0]) == asked]

    (row,) = eventually("it is found and judged, so that its words are shown", rows, 110)
    assert "微信公众号" in words_of(row.css("footer")[0])
    (line,) = [
        one
        for one in desk.page("/accounts").css("table.cover__t tr")
        if "主账号" in words_of(one) and "微信" in words_of(one)
    ]
    assert "看不到" not in words_of(line)
    seen, shown = re.findall(r"[\d,]+", words_of(line.css("[data-k='见 / 显']")[0]))
    assert seen == shown, "every comment that the platform counts"
