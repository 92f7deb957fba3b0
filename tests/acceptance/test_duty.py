"""A watch is handed over, a leader on leave has a substitute, a rota with a hole is refused: by pages and command."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from openpyxl import load_workbook

from tests.acceptance.hands import opened
from tests.acceptance.rota import (
    ADMIN,
    DAYS,
    HEAD,
    KEEPER,
    MONITOR,
    PATTERN,
    SHANGHAI,
    STATUTORY,
    alarms,
    book,
    local,
    log_of,
    sheets,
    strip,
    told_of,
    upload,
    watch_is_taken,
)
from tests.acceptance.school import watch_pack, written
from tests.acceptance.standing import Mail, Standing, eventually, fengxin, free_ports, words_of

pytestmark = pytest.mark.long

NEXT = "fang.jingan"
MONITORS = ("P08", "P11")
"""The two who keep watch by turns, as the roster counts them: MONITOR and NEXT."""
BY_THE_STATE = "依国务院办公厅放假安排（程序库 chinesecalendar "


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """An installation of its own, whose people and shifts these tests change; what is late is told in seconds."""
    folder = tmp_path_factory.mktemp("watch")
    data, port = folder / "data", free_ports()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    settings = written(data, datetime.now(UTC) - timedelta(minutes=15), watch_pack(data), trial=False)
    yield from Standing(data, port, ("run", "--settings", str(settings))).running()


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
    assert "当班 陈思源" in words_of(watch.signed_in(MONITOR).page("/desk").css(".watch")[0])


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
            PATTERN,
            (*span, "工作日", "08:00", "20:00", "P08", 1, "否"), (*span, "休息日", "08:00", "20:00", "P03", 1, "否"),
            (*span, "每天", "20:00", "08:00", "P11", 1, "否"),
        ],
        值班=[HEAD, ("P02", local(hours=-1), local(days=20), "是"), ("P09", local(days=22), local(days=60), "是")],
        节假日=[DAYS, *told_of(first.year), (str(off), "休", "校庆"), (str(worked), "班", "校庆调休")],
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


def test_the_state_councils_holidays_stand_in_the_calendar_and_a_person_changes_a_day(watch: Standing) -> None:
    admin = watch.signed_in(ADMIN)
    october = admin.page("/duty", month="2026-10")
    rows = [words_of(row) for row in october.css("#days tbody tr")]
    assert len(rows) == 2, "seven days off and Saturday the 10th, worked"
    assert all(BY_THE_STATE in row for row in rows)
    assert rows[0].startswith("10月1日 至 10月7日放假国庆节依"), rows[0]
    assert rows[-1].startswith("10月10日上班国庆节调休依"), rows[-1]
    assert "国庆节调休（班）" in words_of(october.css("#month")[0])
    day = datetime.now(SHANGHAI).date() + timedelta(days=6)
    month, said = f"{day:%Y-%m}", f"{day.month}月{day.day}日放假校庆日本校登记"

    def listed() -> str:
        return words_of(admin.page("/duty", month=month).css("#days")[0])

    assert "已登记" in admin.send("/duty/days", "/duty", day=str(day), what="off", name="校庆日").text
    assert said in listed()
    settings = str(watch.data / "fengxin.toml")
    assert f"{day} 放假 校庆日，本校登记" in fengxin("roster", "show", "--settings", settings).stdout
    assert "已撤销本校登记" in admin.send("/duty/days", "/duty", day=str(day), what="forget").text
    assert "校庆日" not in listed()
    again = admin.send("/duty/days", "/duty", day=str(day), what="forget")
    assert (again.status_code, "没有本校登记的安排" in again.text) == (409, True)
    assert "未作任何更改" in again.text


def test_a_year_whose_holidays_nobody_knows_is_asked_for_and_no_rota_of_it_is_guessed(watch: Standing) -> None:
    admin = watch.signed_in(ADMIN)
    known = re.search(r"至 (\d{4}) 年已依国务院办公厅", words_of(admin.page("/duty").css("#days")[0]))
    assert known is not None
    year = int(known[1]) + 3
    note = words_of(admin.page("/duty", month=f"{year}-05").css("#untold")[0])
    assert f"{year} 年的放假安排还不知道" in note
    assert f"尚缺{'、'.join(STATUTORY)}" in note
    row = (f"{year}-05-01", f"{year}-05-09", "工作日", "08:00", "20:00", "P08", 1, "否")
    refused = upload(watch, sheets(轮值=[PATTERN, row], 节假日=[DAYS, *told_of(year)[:-1]]))
    assert "有 1 处须改，未录入任何内容" in refused
    assert f"{year} 年的放假安排还不知道" in refused
    assert "尚缺国庆节。请在“节假日”表填写该年的放假与调休" in refused
    assert "值班表已导入" in upload(watch, sheets(节假日=[DAYS, *told_of(year)]))
    assert not admin.page("/duty", month=f"{year}-05").css("#untold")
    assert "值班表已导入" in upload(watch, sheets(轮值=[PATTERN, row])), "now it is known which days are worked"


def test_a_late_hand_over_is_told_to_the_lead_and_a_swap_afterwards_asks_who_is_on_then(watch: Standing) -> None:
    """The next one takes over late; then the shift is given away, and that hand-over counts no more."""
    now, far = local(), local(days=40)
    said = upload(watch, book(
        (MONITORS[0], local(hours=-2), now, "否"), (MONITORS[1], now, far, "否"), ("P09", local(hours=-2), far, "是"),
    ))  # fmt: skip
    assert "值班表已导入" in said, said[:2000]

    def letter(to: str, words: str) -> Mail:
        return eventually(f"{to} is written to: {words}", lambda: watch.mails(to, words), 60)[-1]

    assert "阅读后接班" in letter(NEXT, "还没有接班").text
    late = letter(ADMIN, "还没有接班")
    assert "的交接班还没有人接班（交班 郑晚舟，接班 方静安）" in late.text
    assert "督促接班" in late.text, "the 带班领导 is asked to see to it"
    assert "已报带班领导 许明德" in alarms(watch)
    watch_is_taken(watch, NEXT)
    assert any("方静安接班；逾时已报带班领导" in one for one in log_of(watch))
    assert "还没有人接班" not in alarms(watch)
    assert "当班 方静安" in strip(watch)

    today = watch.signed_in(ADMIN).page("/duty").css(".rota td.is-today details")
    (path,) = {one.css("form::attr(action)").get("") for one in today if "方静安" in words_of(one.css("summary")[0])}
    assert "已换班" in watch.signed_in(ADMIN).send(path, "/duty", what="give", person=MONITORS[0]).text
    assert "当班" not in strip(watch), "who took over is not on any more"
    assert "本班 郑晚舟" in strip(watch)
    (moved,) = [one for one in log_of(watch) if "方静安接班；" in one and "已改班" in one]
    assert "值班表改动，须由在班人员重新接班" in moved
    assert any("方静安郑晚舟待交班因值班表改动重新交接" in one for one in log_of(watch))
    assert "起由您在班，此前由方静安值守" in letter(MONITOR, "值班表已改动，请接班").text
    watch_is_taken(watch, MONITOR)
    assert "当班 郑晚舟" in strip(watch)


def test_a_leave_entered_after_a_notice_has_gone_out_sends_the_next_step_to_the_substitute(watch: Standing) -> None:
    """Sun Jianguo is told, then goes on leave: what is not signed is handed on, and the ladder goes on there."""
    text = f"锅炉房东门的路灯不亮了，晚上走路看不清，第 {random.randrange(10**6)} 次说"
    desk, admin = watch.signed_in(MONITOR), watch.signed_in(ADMIN)
    assert "已录入 1 条线索" in desk.send("/leads", "/leads", text=text, account="wechat:wxsandboxhq00000").text
    number = opened(watch, text, 3)
    eventually("the leader is told first", lambda: watch.mails("sun.jianguo", number), 30)
    stamp, now = "%Y-%m-%dT%H:%M", datetime.now(SHANGHAI)
    entered = admin.send(
        "/duty/leave", "/duty", person="P06", kind="leave", starts=(now - timedelta(hours=1)).strftime(stamp),
        ends=(now + timedelta(days=1)).strftime(stamp), substitute="P12",
    )  # fmt: skip
    assert "已登记" in entered.text
    before = len(watch.mails("sun.jianguo", number))
    handed = eventually("the substitute has it", lambda: watch.mails("su.anning", number), 30)[0]
    assert "孙建国请假，其未签收的" in re.sub(r"\s", "", handed.text)
    log = words_of(desk.page(f"/incidents/{number}").css("ol.log")[0])
    assert re.search(r"孙建国请假，改由 苏安宁（[^）]+） 签收", log), log
    eventually("the substitute is reminded", lambda: len(watch.mails("su.anning", number)) > 1, 30)

    def call() -> str:
        rows = [words_of(one) for one in desk.page("/deliveries").css("#calls .phone")]
        return next((one for one in rows if number in one and "苏安宁" in one), "")

    assert "13900000012" in eventually("the substitute is telephoned", call, 30)
    assert len(watch.mails("sun.jianguo", number)) == before, "nobody writes to who is away"
    row = next(one for one in admin.page("/duty").css("#leave tbody tr") if "孙建国" in words_of(one))
    assert "已销假" in admin.send(row.css("form::attr(action)").get(""), "/duty").text


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
