"""A rota from outside: the files that keep it, their import at the desk, and what the desk says of the watch."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from openpyxl import Workbook

from tests.acceptance.standing import Standing, words_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEAD = ("工号", "开始", "结束", "带班领导")
UPLOAD = "/duty/import"
DAYS = ("日期", "安排", "名称")
PATTERN = ("从", "至", "适用", "开始", "结束", "轮值人员", "每人连值", "带班领导")
STATUTORY = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
MONITOR, KEEPER, PUBLICITY, ADMIN = "zheng.wanzhou", "chen.siyuan", "ye.chuqing", "xu.mingde"


def local(**by: float) -> str:
    return (datetime.now(UTC) + timedelta(**by)).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def book(*rows: tuple[object, ...]) -> bytes:
    made = Workbook()
    assert made.active is not None
    made.active.title = "值班"
    for row in (HEAD, *rows):
        made.active.append(list(row))
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def sheets(**rows: list[tuple[object, ...]]) -> bytes:
    """A file of several sheets, each with its heading first."""
    made = Workbook()
    made.remove(made.worksheets[0])
    for title, some in rows.items():
        sheet = made.create_sheet(title)
        for row in some:
            sheet.append(list(row))
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def told_of(year: int) -> list[tuple[str, str, str]]:
    """The statutory holidays of a year as a school enters them, all in its last week."""
    return [(f"{year}-12-{n}", "休", name) for n, name in enumerate(STATUTORY, 25)]


def upload(standing: Standing, data: bytes) -> str:
    person = standing.signed_in(ADMIN)
    token = person.page("/duty").css("input[name=csrf]::attr(value)").get("")
    answer = person.client.post(UPLOAD, data={"csrf": token}, files={"file": ("值班表.xlsx", data)})
    return answer.text


def alarms(watch: Standing) -> str:
    return "".join(words_of(one) for one in watch.signed_in(MONITOR).page("/desk").css(".alarms"))


def strip(watch: Standing) -> str:
    return words_of(watch.signed_in(MONITOR).page("/desk").css(".watch")[0])


def log_of(watch: Standing) -> list[str]:
    return [words_of(one) for one in watch.signed_in(MONITOR).page("/duty/handover").css("tbody tr")]


def watch_is_taken(watch: Standing, name: str) -> None:
    """Open the sheet that waits, read it, take over."""
    person = watch.signed_in(name)
    path = person.page("/duty").css(".hold__act a[href^='/duty/handover/']::attr(href)").get("")
    seen = person.page(path).css("input[name=seen]::attr(value)").get("")
    assert "已接班" in person.send(f"{path}/take", path, seen=seen).text
