"""The whole course of a matter on clocks of seconds (issue 4): from a comment to the archive, by forms and people."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from datetime import datetime, timedelta
from functools import partial

import pytest

from tests.acceptance.hands import (
    FOUR,
    KEEPER,
    LEADER,
    MONITOR,
    OFFICE,
    TEXT,
    UNIT,
    body,
    does,
    keeper_path,
    part,
    published,
    refusal,
    reports,
    signs,
    step_of,
    task_of,
    told_in,
)
from tests.acceptance.school import BEIJING
from tests.acceptance.standing import Mail, Standing, eventually, fengxin, words_of

pytestmark = pytest.mark.long
RECAP = {"cause": "电线老化", "course": "当日断电检修", "well": "送医及时", "badly": "无人值守", "what": "逐栋检修线路",
         "owner": "后勤管理处", "until": "2027-01-31"}  # fmt: skip
LEAD = "一号楼着火了，火很大，有同学被困受伤流血送医院"


@pytest.fixture(scope="module")
def matters(brisk: Standing) -> dict[str, str]:
    """The numbers of the incidents by place. The keeper has said that the post of the gymnasium was corrected.

    Not more than three: beyond that mails to one reader leave together (storm).
    """
    brisk.lead(LEAD)
    places = ("三号楼", "体育馆", "一号楼")
    found = {one: eventually(f"the matter of {one}", partial(brisk.incident, one), 100) for one in places}
    corrected(brisk, found["体育馆"])
    return found


def corrected(brisk: Standing, number: str) -> None:
    """The keeper signs, says that the post was corrected, and corrects it."""
    signs(brisk, number, KEEPER)
    path, keeper = keeper_path(brisk, number), brisk.signed_in(KEEPER).client
    chosen = next(
        one for one in brisk.signed_in(KEEPER).page(path).css("#correct label") if "停业三天" in words_of(one)
    )
    post = chosen.css("input::attr(value)").get("")
    said = keeper.post(f"{path}/correct", data={"post": post, "did": "corrected", "words": "停业日期写错"})
    assert "尚未见到" in said.text
    brisk.sandbox("edit", thread="own-gym", text="体育馆今晚停业一天（已更正）")


def test_a_matter_goes_from_a_comment_to_the_archive_by_forms(brisk: Standing, matters: dict[str, str]) -> None:
    number = matters["三号楼"]
    office, monitor = brisk.signed_in(OFFICE), brisk.signed_in(MONITOR)
    signs(brisk, number, *FOUR)
    assert "已确认研判" in does(office, number, "confirm")
    published(brisk, number)
    assert "对外回应" + TEXT in body(office, number)
    assert "已登记办结" in does(office, number, "duties/facts")

    closing = {"note": "已处置", "undone": "电话办理"}
    left = refusal(office, number, "close", **closing)
    for words in ("还没有经过复燃观察", "还没有写复盘", "还没有首报和终报"):
        assert words in left, words
    assert "追责在事件了结后办理" in refusal(office, number, "measures/accountability", grade="0", whom="x", reason="x")
    assert "已转入复燃观察" in does(office, number, "watch")
    assert "系统默认，非校规" in part(office, number, "watching")
    reports(office, number, "first", "三号楼实验室爆炸，两名同学轻伤。")
    reports(office, number, "final", "明火已灭，两名同学出院。", next_step="")
    signs(brisk, number, LEADER, UNIT, KEEPER)
    assert "已保存复盘" in does(office, number, "recap", **RECAP)
    eventually("the watch is over", lambda: "复燃观察期满，未见复燃" in body(office, number), 60)
    assert "不能由唯一的经办人自己销号" in refusal(office, number, "close", **closing)
    does(monitor, number, "note", text="已电话核实，楼栋恢复使用")
    assert "请写明未办原因" in refusal(office, number, "close", note="已处置")
    assert "已销号" in does(office, number, "close", **closing)
    archived(brisk, number)


def archived(brisk: Standing, number: str) -> None:
    """Called to account by persons in the pack's grades, which archiving waits for; then sealed and taken out."""
    office, leader = brisk.signed_in(OFFICE), brisk.signed_in(LEADER)
    offered = part(office, number, "measures")
    for words in (
        "系统不提名任何人",
        "追究相关责任 第十四条",
        "年度新闻宣传工作考核一票否决 第五章第十九条",
        "没有处理措施",
    ):
        assert words in offered, words
    wished = {"grade": "0", "person": "P06", "reason": "检修记录缺失"}
    assert "已提请" in does(office, number, "measures/accountability", **wished)
    step = step_of(brisk, number, "withdraw")
    assert "您的角色不能决定" in refusal(office, number, f"{step}/decide")
    assert "1 项处理措施未办结" in refusal(office, number, "archive")
    assert "已办理" in does(leader, number, f"{step}/decide", words="通报批评")
    assert "孙建国（后勤管理处）：追究相关责任" in part(leader, number, "measures")
    assert part(brisk.signed_in(MONITOR), number, "measures") == "", "only the 宣传部 and leaders see it"
    assert "孙建国" not in words_of(leader.page(f"/incidents/{number}").css("ol.log")[0]), "the log names nobody"
    assert "已归档" in does(office, number, "archive")
    sealed = office.client.get(f"/incidents/{number}/archive.json")
    assert hashlib.sha256(sealed.content).hexdigest() in part(office, number, "archived")
    assert json.loads(sealed.content)["incident"]["number"] == number
    for words in ("浓烟滚滚", "@fenglin.example"):
        assert words not in sealed.text, words
    assert "已归档" in refusal(office, number, "reopen", reason="家长再问")
    assert "记录不再更改" in refusal(office, number, "note", text="补记")


def chased(brisk: Standing, number: str, who: str, words: str) -> list[Mail]:
    """The mails of 催办 to somebody about an incident that say so."""
    said = [one for one in brisk.mails(who, number) if "催办" in one.subject]
    return [one for one in said if words in "".join(one.text.split())]


def test_who_signed_and_then_did_nothing_is_chased_and_brought_up(brisk: Standing, matters: dict[str, str]) -> None:
    number, office = matters["一号楼"], brisk.signed_in(OFFICE)
    signs(brisk, number, *FOUR)
    (mail,) = eventually("the clock opens again", partial(chased, brisk, number, UNIT, "您已签收"), 60)
    assert "3秒内无人办理" in "".join(mail.text.split())
    assert "前签收" not in mail.subject, "nothing is to be signed anew"
    assert "顾文清 签收后3 秒内无人办理，重新计时" in body(office, number)

    eventually("the next above hears of it", lambda: "顾文清 签收后无人办理，" in body(office, number), 60)


def test_first_follow_up_and_final_report_are_written_by_persons_and_their_clocks_run(
    brisk: Standing, matters: dict[str, str]
) -> None:
    number = matters["一号楼"]
    office, monitor = brisk.signed_in(OFFICE), brisk.signed_in(MONITOR)
    eventually("首报 is overdue", lambda: "首报逾期" in body(office, number), 60)
    assert "以送出的情况报告为准" in refusal(monitor, number, "duties/first_report")
    form = monitor.page(f"/incidents/{number}/bulletins/new")
    facts = form.css("#facts::text").get("")
    assert "立事件" in facts, "filled in from the record"
    assert "风险" not in facts, "no figure of the machine's among the facts"
    first = reports(monitor, number, "first", "一号楼二层起火，一人轻伤，已送医。\n起火原因待核实。")
    eventually("首报 left", lambda: "首报已送出，首报时限已停" in body(office, number), 60)
    (mail,) = eventually("the leader has it", lambda: brisk.mails(LEADER, f"{number} 首报（情况报告第 1 号）"), 60)
    for words in ("一号楼二层起火", "起火原因待核实", "郑晚舟", "说到此事1条", "和值班员补录的线索"):
        assert words in "".join(mail.text.split()), words
    assert "林知远（主管校领导）" in words_of(monitor.page(first).css("main")[0])

    def reminded() -> list[Mail]:
        return chased(brisk, number, MONITOR, "请写续报")

    assert "距上一次报告已3秒" in "".join(eventually("续报 is asked for", reminded, 60)[0].text.split())
    assert "续报逾期" in body(office, number)
    late = {"facts": "同上", "done": "同上", "next_step": "同上"}
    assert "刚有人写了情况报告第 1 号" in refusal(office, number, "bulletins", kind="follow", after="0", **late)
    assert "未作任何更改" in refusal(office, number, "bulletins", kind="first", after="1", **late)
    typed = {"kind": "final", "done": "同上", "next_step": "", "after": "1"}
    untouched = office.page(f"/incidents/{number}/bulletins/new").css("#facts::text").get("")
    assert "“事实”还没有写" in refusal(office, number, "bulletins", facts=untouched, read="1", **typed)
    assert "发出后不可修改" in refusal(office, number, "bulletins", facts="原因查明。", **typed)
    reports(office, number, "follow", "明火已灭，正在排查线路。")
    last = reports(office, number, "final", "原因查明，线路已更换。", next_step="")
    ahead = [words_of(one) for one in office.page(f"/incidents/{number}").css("ol.log .is-next")]
    assert not [one for one in ahead if "续报" in one], ahead
    signs(brisk, number, UNIT)
    assert "签收 1 / " in words_of(office.page(last).css("main")[0])
    block = part(office, number, "bulletins")
    for words in (
        "3 份",
        "首报（情况报告第 1 号） 郑晚舟",
        "续报（情况报告第 2 号） 叶初晴",
        "终报（情况报告第 3 号） 叶初晴",
    ):
        assert words in block, block


def test_closing_an_account_and_handing_material_over_are_proposed_and_decided_by_two_persons(
    brisk: Standing, matters: dict[str, str]
) -> None:
    number = matters["体育馆"]
    office, leader = brisk.signed_in(OFFICE), brisk.signed_in(LEADER)
    assert "没有处理措施" in part(office, number, "measures"), "the machine proposes nothing, not even at level Ⅰ"
    assert (
        brisk.signed_in(MONITOR)
        .send(f"/incidents/{number}/measures/closing", f"/incidents/{number}", reason="x")
        .status_code
        == 403
    )
    assert "请写明理由" in refusal(office, number, "measures/closing")
    does(office, number, "measures/closing", reason="屡次发布不实内容")
    block = part(office, number, "measures")
    for words in ("责令关闭账号 待批准 微博 风林职业技术学院", "第十四条", "学校有权责令其关闭", "叶初晴"):
        assert words in block, block
    order = step_of(brisk, number, "withdraw")
    assert "您的角色不能" in refusal(office, number, f"{order}/decide")
    does(leader, number, f"{order}/decide", words="同意")
    letter = eventually("the keeper's letter", lambda: brisk.mails(KEEPER, "责令关闭"), 60)[0]
    assert "学校责令关闭该账号" in letter.text
    assert brisk.signed_in(KEEPER).client.post(letter.sign_path).status_code == 200
    assert brisk.mails(UNIT, "责令关闭"), "the unit's leader, too"
    assert "已责令，待关闭" in part(office, number, "measures")
    all_four = "4 个在册账号，4 个看得全"
    eventually(
        "nothing is done to the account by the machine",
        lambda: all_four in words_of(office.page("/accounts").css("main")[0]),
    )
    does(office, number, f"{order}/finish", words="账号已由管理人员关闭")
    assert "账号已关闭" in part(office, number, "measures")
    does(leader, number, f"{order}/lift", words="已整改")
    assert "已解除" in part(office, number, "measures")
    handed_over(brisk, number)


def handed_over(brisk: Standing, number: str) -> None:
    """A package for an authority: by no clause, approved by another, and only then made."""
    office, leader = brisk.signed_in(OFFICE), brisk.signed_in(LEADER)
    assert "没有文件要求提供材料包" in part(office, number, "measures")
    does(office, number, "measures/referral", authority="市公安局", reason="调查组来函索取")
    block = part(office, number, "measures")
    assert "移交材料 待批准 市公安局 没有条文要求，由人决定" in block, block
    step = step_of(brisk, number, "withdraw")
    assert "须经另一人批准后才能导出" in refusal(office, number, f"{step}/package")
    assert "提出人不能自己批准" in refusal(office, number, f"{step}/decide")
    does(leader, number, f"{step}/decide")
    got = office.send(f"/incidents/{number}/{step}/package", f"/incidents/{number}")
    assert got.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(got.content)) as package:
        texts = {name: package.read(name).decode() for name in package.namelist()}
    for name in ("说明.txt", "材料.html", "材料.json"):
        assert "由 叶初晴 于" in texts[name], name
        assert f"{hashlib.sha256(texts[name].encode()).hexdigest()}  {name}" in texts["指纹.txt"]
    does(office, number, f"{step}/finish", words="已当面移交")
    assert "移交材料 已移交 市公安局" in part(office, number, "measures")
    assert "已移送" in words_of(office.page("/incidents").css("main")[0])


def test_the_keeper_clarifies_after_reminders_and_answers_in_public(brisk: Standing, matters: dict[str, str]) -> None:
    number = matters["体育馆"]
    office, keeper = brisk.signed_in(OFFICE), brisk.signed_in(KEEPER)
    wished = {"kind": "clarification", "to": "keeper", "words": "网传三人死亡不实，请在评论区澄清"}
    assert "已布置任务" in does(office, number, "tasks", **wished)
    block = part(office, number, "tasks")
    assert "澄清 待办 陈思源" in block, block
    asked = eventually("it is asked for again and again", lambda: brisk.mails(KEEPER, "任务“澄清”")[2:], 60)
    assert "尚未答复（第 2 次提醒）" in asked[0].text
    log = words_of(office.page(f"/incidents/{number}").css("ol.log")[0])
    assert "任务“澄清”提醒" in log
    row = next(one for one in keeper.page("/me").css(".mine") if "网传三人死亡" in words_of(one))
    path = row.css("a[href^='/t/']::attr(href)").get("")
    said = keeper.client.post(f"{path}/answer", data={"text": "已在评论区置顶澄清", "url": "https://weibo.com/1/c"})
    assert "已答复" in said.text
    log = words_of(office.page(f"/incidents/{number}").css("ol.log")[0])
    assert "任务“澄清”提醒" not in log, "answered, it is asked for no more"
    path = keeper_path(brisk, number)
    said = keeper.client.post(f"{path}/answer", data={"text": "器材室爆燃，三人轻伤。", "url": "https://weibo.com/1/d"})
    assert "已登记对外回应" in said.text
    page = body(office, number)
    for words in ("澄清 已答复，待确认", "已在评论区置顶澄清", "对外回应 陈思源", "器材室爆燃，三人轻伤。"):
        assert words in page, words
    assert "已回应" in words_of(office.page("/incidents").css("main")[0])
    does(office, number, f"tasks/{task_of(brisk, number, '澄清')}/confirm")
    assert "澄清 已办结" in part(office, number, "tasks")


def test_a_leave_entered_after_a_task_was_set_sends_its_reminders_to_the_substitute_who_does_it(
    brisk: Standing, matters: dict[str, str]
) -> None:
    number, stamp, now = matters["一号楼"], "%Y-%m-%dT%H:%M", datetime.now(BEIJING)
    office, away, deputy = brisk.signed_in(OFFICE), brisk.signed_in("sun.jianguo"), brisk.signed_in("su.anning")
    wished = {"kind": "clarification", "to": "person:P06", "words": "火势不大，请在后勤群里澄清"}
    assert "已布置任务" in does(office, number, "tasks", **wished)
    eventually("the holder is reminded", lambda: brisk.mails("sun.jianguo", "任务“澄清”")[1:], 60)
    entered = away.send(
        "/duty/leave", "/duty", person="P06", kind="leave", starts=(now - timedelta(hours=1)).strftime(stamp),
        ends=(now + timedelta(days=1)).strftime(stamp), substitute="P12",
    )  # fmt: skip
    assert "已登记" in entered.text
    (mail, *_) = eventually("the substitute is reminded", lambda: brisk.mails("su.anning", "任务“澄清”"), 60)
    assert re.search("孙建国请假至.*由代理人代收", "".join(mail.text.split())), mail.text
    assert "提醒 苏安宁（代孙建国） 办理“澄清”" in words_of(office.page(f"/incidents/{number}").css("ol.log")[0])
    mine = [words_of(one) for one in away.page("/me").css(".mine") if "后勤群" in words_of(one)]
    assert len(mine) == 1, "the holder has it on their own page all the same"
    (row,) = [one for one in deputy.page("/me").css(".mine") if "后勤群" in words_of(one)]
    assert "代孙建国" in words_of(row)
    path = row.css("a[href^='/t/']::attr(href)").get("")
    assert "孙建国现不在岗，由您代办" in deputy.client.get(path).text
    assert "已答复" in deputy.client.post(f"{path}/answer", data={"text": "已在群里澄清"}).text
    log = words_of(office.page(f"/incidents/{number}").css("ol.log")[0])
    assert "答复任务“澄清”（代孙建国）" in log
    block = part(office, number, "tasks")
    assert "澄清 已答复，待确认 孙建国" in block, block


@pytest.mark.long  # the next look of the crawler is a minute away
def test_after_a_correction_the_post_is_seen_by_the_crawlers_as_it_now_reads(
    brisk: Standing, matters: dict[str, str]
) -> None:
    number, office = matters["体育馆"], brisk.signed_in(OFFICE)
    block = eventually(
        "the crawlers see it", lambda: said if "已核实" in (said := part(office, number, "tasks")) else "", 120
    )
    for words in ("之前（", "体育馆今晚停业三天", "之后（", "体育馆今晚停业一天（已更正）"):
        assert words in block, block
    assert "更正已核实" in body(office, number)


@pytest.mark.long  # the installation is stopped and started again
def test_the_procedure_of_today_is_applied_by_a_person_with_its_differences_shown_and_is_written_down(
    brisk: Standing, matters: dict[str, str]
) -> None:
    number = matters["一号楼"]
    assert part(brisk.signed_in(OFFICE), number, "renew") == "", "the procedure is the one it was decided by"
    brisk.stop()
    file = brisk.data / "JY-brisk" / "pack.toml"
    text = file.read_text("utf-8")
    head, level, tail = text.partition("number = 2\n")
    file.write_text(head + level + tail.replace('watch = { after = "14d"', 'watch = { after = "20d"', 1), "utf-8")
    brisk.start()
    brisk.ready()
    office = brisk.signed_in(OFFICE)
    offered = part(office, number, "renew")
    assert "时限·复燃观察14 天（系统默认，非校规） → 20 天（系统默认，非校规）" in offered, offered
    version = office.page(f"/incidents/{number}").css("#renew input[name=version]::attr(value)").get("")
    told = told_in(body(office, number))
    assert "须写明理由" in refusal(office, number, "renew", version=version)
    assert "刚刚更换" in refusal(office, number, "renew", version="0" * 64, why="学校延长观察期")
    assert "已改用现行规程" in does(office, number, "renew", version=version, why="学校延长观察期")
    page = body(office, number)
    for words in ("改用现行规程 JY@", "学校延长观察期", "时限·复燃观察：14 天（系统默认，非校规） 改为 20 天"):
        assert words in page, words
    assert told_in(page) == told, "whoever was told is not told twice"
    assert part(office, number, "renew") == ""
    out = brisk.data / "audit.jsonl"
    fengxin("audit", "export", "--settings", brisk.command[-1], "--out", out)
    assert [one for one in out.read_text("utf-8").splitlines() if "incident.renew" in one and "学校延长观察期" in one]
