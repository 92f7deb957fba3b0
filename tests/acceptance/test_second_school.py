"""The whole course at a second school (ZG): from a comment to the archive, with all that silence brings about.

Its rules name other people than JY's (not the school's leader), and two approve a statement instead of one.
"""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from tests.acceptance.hands import (
    KEEPER,
    LEADER,
    MONITOR,
    OFFICE,
    TEXT,
    UNIT,
    body,
    does,
    drafted,
    part,
    refusal,
    released,
    reports,
    signs,
    step_of,
    task_of,
)
from tests.acceptance.standing import Person, Standing, eventually, words_of

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]
NAMES = {UNIT: "顾文清", OFFICE: "叶初晴", KEEPER: "陈思源", LEADER: "林知远"}
OURS = "系统默认，非校规"
ASKED = "第十四条要求“及时”；签收时限10秒：系统默认，非校规"
FIRST = [("首报", UNIT), ("首报", OFFICE), ("首报", KEEPER)]
SILENCE = [("催签", UNIT), ("催签", OFFICE), ("催签", KEEPER), ("逐级上报", LEADER), ("逐级上报", UNIT)]
"""What each is told, in order: ZG 14 names the unit's leader and the 党委宣传部; the rest is our default."""
LOG = (
    "通知 3 人：顾文清（单位领导）、叶初晴（党委宣传部）、陈思源（官方新媒体管理人员）",
    "电话通知 顾文清",
    "电话通知 叶初晴",
    "电话通知 陈思源",
    "通知 1 人：林知远（主管校领导）",
    "顾文清 未签收，转告 林知远系统默认，非校规",
    "陈思源 未签收，转告 顾文清系统默认，非校规",
)
"""Steps of the log, the oldest first; what stands between them (mails, the hold) is not in it."""
RECAP = {"cause": "线路老化", "course": "当日断电检修", "well": "送医及时", "badly": "无人巡查", "what": "更换线路",
         "owner": "后勤管理处", "until": "2027-01-31"}  # fmt: skip


def tight(text: str) -> str:
    """Without spaces."""
    return re.sub(r"\s+", "", text)


def told(zhengzhou: Standing, number: str) -> list[tuple[str, str]]:
    """What left by mail about the incident, by the numbers of the notices; the hold's own apart."""
    mails = sorted((one for one in zhengzhou.mails(words=number)), key=lambda one: one.notice)
    kinds = [(re.findall(r"（FX-\S+ (\S+)）", one.subject)[0], one.to.partition("@")[0]) for one in mails]
    return [one for one in kinds if one[0] != "暂停发声"]


def log_of(person: Person, number: str) -> list[str]:
    """The lines of the log that have happened, the oldest first."""
    rows = person.page(f"/incidents/{number}").css("ol.log > li:not(.is-next)")
    return [words_of(one) for one in reversed(rows)]


@pytest.fixture(scope="module")
def alight(zhengzhou: Standing) -> str:
    """The incident that the comment opens, once silence has brought it up to the school's leader."""
    number = eventually("an incident", lambda: zhengzhou.incident("图书馆"), 100)
    eventually("brought up", lambda: told(zhengzhou, number)[:8][7:], 100)
    return number


def test_who_is_told_by_which_article_on_which_channel_and_what_silence_brings_about(
    zhengzhou: Standing, alight: str
) -> None:
    assert told(zhengzhou, alight)[:8] == FIRST + SILENCE
    first = {one.to.partition("@")[0]: tight(one.text) for one in zhengzhou.mails(words=f"{alight} 首报")}
    for name in (UNIT, OFFICE):
        assert "依据《郑州工商学院校园新媒体建设管理实施办法》第十四条：" in first[name]
        assert "应及时向单位领导和党委宣传部报告" in first[name]
    assert "第十四条规定由其报告并与注册网站沟通；向其本人发通知是系统默认，非校规" in first[KEEPER]
    for mail in first.values():
        assert ASKED in mail
        assert "5秒后催签，10秒后电话通知，15秒后报" in mail
    up = {one.to.partition("@")[0]: tight(one.text) for one in zhengzhou.mails(words=f"{alight} 逐级上报")}
    assert OURS in up[LEADER]
    assert [words for words in ("第十四条：", "依据《") if words in up[LEADER]] == [], "no article names the leader"

    office, desk = zhengzhou.signed_in(OFFICE), zhengzhou.signed_in(MONITOR)
    assert len(zhengzhou.robot(f"{alight} 首报")) == 1
    rows = [words_of(one) for one in office.page("/deliveries", q=alight).css("table.cards tbody tr")]
    for name, way in [(NAMES[who], "邮件") for _, who in FIRST] + [("工作群", "企业微信群机器人")]:
        (row,) = [one for one in rows if "首报 · Ⅱ级" in one and name in one]
        assert way in row
        assert "已送出" in row
    lines = log_of(office, alight)
    places = [next(at for at, line in enumerate(lines) if words in line) for words in LOG]
    assert places == sorted(places), [lines[at] for at in places]
    assert "第十四条；系统默认，非校规" in lines[places[0]]
    assert "企业微信群机器人" in lines[places[0]].partition("已送出：")[2], "what left is folded under who was told"
    calls = words_of(desk.page("/me").css("main")[0])
    for name, mobile in (("顾文清", "13900000002"), ("叶初晴", "13900000010"), ("陈思源", "13900000003")):
        assert f"{name} {mobile}{alight}" in calls


def test_it_goes_on_to_the_archive_by_forms(zhengzhou: Standing, alight: str) -> None:
    number, office, monitor = alight, zhengzhou.signed_in(OFFICE), zhengzhou.signed_in(MONITOR)
    signs(zhengzhou, number, UNIT, OFFICE, KEEPER, LEADER)
    assert "已确认研判" in does(office, number, "confirm")
    approved(zhengzhou, number)
    released(office, number)
    assert "对外回应" + TEXT in body(office, number)
    assert "已登记办结" in does(office, number, "duties/facts")
    does(office, number, f"tasks/{task_of(zhengzhou, number, '与平台沟通')}/confirm", note="已电话核实")
    closing = {"note": "已处置", "undone": "电话办理"}
    assert "还没有经过复燃观察" in refusal(office, number, "close", **closing)
    assert "已转入复燃观察" in does(office, number, "watch")
    reports(office, number, "first", "图书馆放映室起火，两名同学轻伤。")
    reports(office, number, "final", "明火已灭，两名同学出院。", next_step="")
    signs(zhengzhou, number, LEADER, UNIT, KEEPER)
    assert "已保存复盘" in does(office, number, "recap", **RECAP)
    eventually("the watch is over", lambda: "复燃观察期满，未见复燃" in body(office, number), 60)
    assert "个电话通知未登记结果" in refusal(office, number, "close", **closing)
    telephoned(monitor, number)
    assert "已销号" in does(office, number, "close", **closing)
    archived(zhengzhou, number)


def telephoned(monitor: Person, number: str) -> None:
    """Closing waits for what became of each call; the duty monitor writes it down."""
    calls = [
        one.attrib["action"]
        for one in monitor.page(f"/incidents/{number}").css("#calls form[action*='/calls/']:not([action$='/again'])")
    ]
    assert len(calls) >= 3
    for action in calls:
        assert monitor.send(action, f"/incidents/{number}", outcome="told").status_code == 200
    assert "顾文清：接通并转达" in body(monitor, number)


def approved(zhengzhou: Standing, number: str) -> None:
    """A draft, approved by another of the 党委宣传部 (ZG 11) and then by the school's leader (our default)."""
    path = drafted(zhengzhou.signed_in(OFFICE), number)
    for name, article in ((UNIT, "第十一条"), (LEADER, OURS)):
        person = zhengzhou.signed_in(name)
        form = person.page(path).css("form[action*='/approvals/']")[0]
        seal = form.css("input[name=seal]::attr(value)").get("")
        assert person.send(form.attrib["action"], path, verdict="approve", seal=seal).status_code == 200
        log = log_of(person, number)
        assert [one for one in log if f"同意{NAMES[name]}" in one and article in one], log[-3:]


def archived(zhengzhou: Standing, number: str) -> None:
    """Accountability in this school's one grade, by persons; archiving waits for it; then it is sealed."""
    office, leader = zhengzhou.signed_in(OFFICE), zhengzhou.signed_in(LEADER)
    offered = part(office, number, "measures")
    assert "追究责任 第十四条" in offered, offered
    assert "一票否决" not in offered, "that is another school's"
    assert "已提请" in does(office, number, "measures/accountability", grade="0", person="P06", reason="无人巡查")
    step = step_of(zhengzhou, number, "withdraw")
    assert "1 项处理措施未办结" in refusal(office, number, "archive")
    assert "已办理" in does(leader, number, f"{step}/decide", words="批评教育")
    assert "已归档" in does(office, number, "archive")
    sealed = office.client.get(f"/incidents/{number}/archive.json")
    assert hashlib.sha256(sealed.content).hexdigest() in part(office, number, "archived")
    assert json.loads(sealed.content)["incident"]["number"] == number
    assert "记录不再更改" in refusal(office, number, "note", text="补记")
