"""The whole course of a matter on clocks of seconds (issue 4): from a comment to the archive, by forms and people."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from tests.acceptance.hands import FOUR, KEEPER, LEADER, MONITOR, OFFICE, body, does, part, refusal, signs
from tests.acceptance.standing import Person, Standing, eventually, words_of

pytestmark = pytest.mark.timeout(300)
TEXT = "今日三号楼一实验室发生爆炸，两名同学受伤，学校已送医救治并封闭楼栋，正在排查原因，进展以学校通报为准。"
RECAP = {"cause": "电线老化", "course": "当日断电检修", "well": "送医及时", "badly": "无人值守", "what": "逐栋检修线路",
         "owner": "后勤管理处", "until": "2027-01-31"}  # fmt: skip


def published(brisk: Standing, number: str) -> None:
    """A statement, drafted by the 宣传部, approved by the school leader, released: the public answer."""
    office, path = brisk.signed_in(OFFICE), f"/statements/{number}"
    office.send(f"{path}/draft", path, text=TEXT)
    action = office.page(path).css("form[action*='/versions/']::attr(action)").get("")
    version = re.sub(r"(/versions/\d+).*", r"\1", action)
    for item in ("secrecy", "internal", "personal", "prohibited"):
        office.send(f"{version}/check", path, item=item, passed="yes")
    assert "待审批" in office.send(f"{version}/submit", path).text
    leader = brisk.signed_in(LEADER)
    form = leader.page(path).css("form[action*='/approvals/']")[0]
    seal = form.css("input[name=seal]::attr(value)").get("")
    leader.send(form.attrib["action"], path, verdict="approve", seal=seal)
    out = office.page(path).css("form[action$='/release']")[0]
    given = {name: out.css(f"[name={name}] option::attr(value), [name={name}]::attr(value)").get("")
             for name in ("account", "text_hash")}  # fmt: skip
    said = office.send(f"{version}/release", path, url="https://weibo.com/1/fire", listed="yes", **given)
    assert said.status_code == 200, said.text[:300]


def reports(person: Person, number: str, kind: str, facts: str, **more: str) -> str:
    """Write one 情况报告; the path of its page."""
    form = f"/incidents/{number}/bulletins/new"
    after = person.page(form).css("input[name=after]::attr(value)").get("")
    given = {"kind": kind, "facts": facts, "done": "已封闭楼栋", "next_step": "排查线路", "after": after} | more
    answer = person.send(f"/incidents/{number}/bulletins", form, **given)
    assert answer.status_code == 200, answer.text[:300]
    return answer.url.path


def test_a_matter_goes_from_a_comment_to_the_archive_by_forms(brisk: Standing) -> None:
    number = eventually("the matter of the comment", lambda: brisk.incident("三号楼"), 100)
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
    reports(office, number, "first", "三号楼电线起火，两名同学轻伤。")
    reports(office, number, "final", "明火已灭，两名同学出院。", next_step="")
    signs(brisk, number, LEADER, "gu.wenqing", KEEPER)
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
    own = office.page(f"/incidents/{number}").css("#measures form[action$='/withdraw']::attr(action)").get("")
    step = own.removeprefix(f"/incidents/{number}/").removesuffix("/withdraw")
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
