"""A watch is handed over, a leader on leave has a substitute, a rota with a hole is refused: by pages and command."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook, load_workbook

from tests.acceptance.standing import Mail, Standing, eventually, fengxin, free_ports, words_of

pytestmark = pytest.mark.long

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEAD = ("工号", "开始", "结束", "带班领导")
MONITOR, KEEPER, PUBLICITY, ADMIN = "zheng.wanzhou", "chen.siyuan", "ye.chuqing", "xu.mingde"
UPLOAD = "/duty/import"


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A demo of its own, whose people and shifts these tests change."""
    folder, port = tmp_path_factory.mktemp("watch"), free_ports()
    standing = Standing(folder / "demo", port, ("demo", "--port", str(port), "--data", str(folder / "demo")))
    standing.start()
    try:
        standing.ready()
        yield standing
    finally:
        standing.stop()


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


def upload(standing: Standing, data: bytes) -> str:
    person = standing.signed_in(ADMIN)
    token = person.page("/duty").css("input[name=csrf]::attr(value)").get("")
    answer = person.client.post(UPLOAD, data={"csrf": token}, files={"file": ("值班表.xlsx", data)})
    return answer.text


def test_the_template_is_downloaded_and_every_mistake_of_a_file_is_named_at_once(watch: Standing) -> None:
    body = watch.signed_in(ADMIN).client.get("/duty/template.xlsx").content
    assert load_workbook(io.BytesIO(body)).sheetnames == ["值班", "轮值", "节假日", "填写说明"]
    before = words_of(watch.signed_in(ADMIN).page("/duty").css("#month")[0])
    said = upload(watch, book(("P99", "明天", "=NOW()", "也许"), ("P08", local(hours=2), local(hours=1), "否")))
    for words in ("有 5 处须改，未录入任何内容", "P99", "明天", "是公式", "也许", "不晚于开始"):
        assert words in said, words
    assert words_of(watch.signed_in(ADMIN).page("/duty").css("#month")[0]) == before


def test_a_watch_is_handed_over_by_name_and_the_desk_says_who_has_it(watch: Standing) -> None:
    day, night = ("P08", local(hours=-1), local(minutes=5), "否"), ("P03", local(minutes=5), local(days=40), "否")
    holed = upload(watch, book(day, (*night[:2], local(days=25), "否")))
    assert "还有空档" in holed
    assert "第十三条要求 24 小时监控，未作任何更改" in holed
    assert "值班表已导入" in upload(watch, book(day, night))

    def open_sheet() -> str:
        page = watch.signed_in(MONITOR).page("/duty/handover")
        return page.css(".hold__act a[href^='/duty/handover/']::attr(href)").get("")

    path = eventually("a hand-over is open", open_sheet, 60)
    outgoing, incoming = watch.signed_in(MONITOR), watch.signed_in(KEEPER)
    note = f"留意二食堂的评论 {random.randrange(10**6)}"
    written = outgoing.send(f"{path}/write", path, words=note)
    assert "交接单已写好" in written.text
    page = incoming.page(path)
    assert note in page.get()
    seen = page.css("input[name=seen]::attr(value)").get("")
    assert outgoing.send(f"{path}/take", path, seen=seen).status_code == 409, "not by who wrote it"
    assert incoming.send(f"{path}/take", path, seen="0" * 64).status_code == 409, "not what was read"
    assert "已接班" in incoming.send(f"{path}/take", path, seen=seen).text
    late = watch.signed_in(ADMIN).send(f"{path}/take", path, seen=seen)
    assert late.status_code == 409
    assert "陈思源已于" in late.text
    assert "掌班 陈思源" in words_of(watch.signed_in(MONITOR).page("/desk").css(".watch")[0])


def test_holidays_swapped_days_and_the_leads_of_a_file_stand_in_the_month_and_a_hole_of_theirs_is_said(
    watch: Standing,
) -> None:
    first = (datetime.now(SHANGHAI) + timedelta(days=50)).date().replace(day=8)
    days = [first + timedelta(days=n) for n in range(14)]
    off = next(one for one in days if one.weekday() == 2)
    worked = next(one for one in days if one.weekday() == 5)
    span = (str(days[0]), str(days[-1]))
    said = upload(watch, sheets(
        轮值=[
            ("从", "至", "适用", "开始", "结束", "轮值人员", "每人连值", "带班领导"),
            (*span, "工作日", "08:00", "20:00", "P08", 1, "否"), (*span, "休息日", "08:00", "20:00", "P03", 1, "否"),
            (*span, "每天", "20:00", "08:00", "P11", 1, "否"),
        ],
        值班=[HEAD, ("P02", local(hours=-1), local(days=20), "是"), ("P09", local(days=22), local(days=60), "是")],
        节假日=[("日期", "安排", "名称"), (str(off), "休", "校庆"), (str(worked), "班", "校庆调休")],
    ))  # fmt: skip
    assert "值班表已导入" in said, said[:2000]
    month = watch.signed_in(ADMIN).page("/duty", month=f"{first:%Y-%m}")
    cells = {words_of(one.css(".rota__d span")[0]): words_of(one) for one in month.css(".rota td:not(.is-out)")}
    assert "校庆" in cells[str(off.day)]
    assert "08:00–20:00 陈思源" in cells[str(off.day)], "a holiday is served by who serves days off"
    assert "校庆调休（班）" in cells[str(worked.day)]
    assert "08:00–20:00 郑晚舟" in cells[str(worked.day)], "a swapped day is served by who serves working days"
    now = watch.signed_in(MONITOR).page("/duty")
    lead = r"带班 顾文清 (\d+月\d+日 )?\d\d:\d\d 至 "
    assert re.search(lead, words_of(now.css(".watch")[0])), "nobody beside who leads now"
    assert "带班领导的值班表有 1 处空档" in words_of(now.css("#leadgaps")[0])


def test_the_substitute_of_a_leader_on_leave_is_told_instead_and_the_command_says_who_is_away(watch: Standing) -> None:
    admin, stamp = watch.signed_in(ADMIN), "%Y-%m-%dT%H:%M"
    now = datetime.now(SHANGHAI)
    entered = admin.send(
        "/duty/leave", "/duty", person="P02", kind="leave", starts=(now - timedelta(hours=1)).strftime(stamp),
        ends=(now + timedelta(days=2)).strftime(stamp), substitute="P04",
    )  # fmt: skip
    assert "已登记" in entered.text
    watch.matter("图书馆的吊扇掉下来砸到人了，满头是血，救护车来了")

    def told() -> list[Mail]:
        return [one for one in watch.mails(to="he.xiaolan", words="图书馆") if "顾文清" in one.text]

    letter = eventually("the substitute is written to", told, 90)[0]
    assert "本应通知：单位领导 顾文清" in letter.text
    assert "顾文清请假至" in letter.text
    assert not [one for one in watch.mails(to="gu.wenqing") if letter.notice.rpartition("-")[0] in one.notice]
    settings = str(watch.data / "fengxin.toml")
    shown = fengxin("roster", "show", "--settings", settings)
    assert "顾文清请假" in shown.stdout
    assert "代理人 何晓岚" in shown.stdout


def test_a_leave_without_substitute_is_a_finding_within_minutes_and_check_names_the_cure(watch: Standing) -> None:
    """So is whoever will have left, and a contact that was refused."""
    admin, stamp = watch.signed_in(ADMIN), "%Y-%m-%dT%H:%M"
    then = datetime.now(SHANGHAI) + timedelta(days=3)
    admin.send(
        "/duty/leave", "/duty", person="P06", kind="trip", starts=then.strftime(stamp),
        ends=(then + timedelta(days=1)).strftime(stamp),
    )  # fmt: skip
    left = admin.send("/duty/people/P01/left", "/duty/people", at=(then + timedelta(days=2)).strftime(stamp))
    assert "已登记离任" in left.text
    watch.break_inbox(smtp={"name": "refuse", "address": "lin.zhiyuan@fenglin.example"})
    try:
        watch.lead("实训中心爆炸了，有同学被炸伤，满脸是血，救护车刚到")
        number = eventually("an incident", lambda: watch.incident("实训中心"), 60)
        log = {"channel": "mail", "q": number, "state": "dead"}
        desk = watch.signed_in(MONITOR)
        (refused,) = eventually(
            "it is refused", lambda: desk.page("/deliveries", **log).css("table.cards tbody tr"), 30
        )
        assert "答复 550" in words_of(refused)
        assert "林知远" in words_of(desk.page(f"/incidents/{number}").css("#calls")[0]), (
            "who cannot be written to is rung"
        )
    finally:
        watch.break_inbox(smtp=None)

    def found() -> str:
        text = words_of(watch.signed_in(MONITOR).page("/findings").css("main")[0])
        return text if all(one in text for one in ("孙建国", "林知远离任", "已被拒收")) else ""

    page = eventually("the auditor found it", found, 120, 3.0)
    assert "没有代理人" in page
    assert re.search(r"主管校领导\d+月\d+日 \d\d:\d\d 起没有可以通知的人：林知远离任", page), page
    assert "林知远的邮件联系方式已被拒收" in page
    checked = fengxin("check", "--settings", str(watch.data / "fengxin.toml"))
    assert checked.returncode == 1
    assert "孙建国出差，没有代理人" in checked.stdout
    assert "请在“值守”页登记代理人" in checked.stdout
    assert "林知远离任" in checked.stdout
