"""The full cycle (issue 4) through the running product: merged and parted, watched, closed not before its time."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest
from parsel import Selector

from tests.acceptance.hands import KEEPER, LEADER, MONITOR, OFFICE, UNIT, body, does, opened, refusal, told_in
from tests.acceptance.standing import Mail, Standing, eventually, words_of

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def demo(own_demo: Standing) -> Standing:
    """This file's own: its matters would be bundled with those of other files."""
    return own_demo


def test_a_matter_goes_its_course_by_hand_and_nothing_is_closed_before_its_time(demo: Standing) -> None:
    demo.matter("八号楼着火了，浓烟滚滚，有同学受伤流血送医院")
    demo.matter("六号楼的玻璃整块掉下来砸伤同学，满脸是血，送医院了")
    one = eventually("the matter of the fire", lambda: demo.incident("八号楼"), 100)
    other = eventually("the matter of the glass", lambda: demo.incident("六号楼"), 100)
    assert one != other
    lead = demo.signed_in("ye.chuqing")
    told = [told_in(body(lead, number)) for number in (one, other)]
    assert min(told) >= 1

    assert f'已并入<ahref="/incidents/{other}">' in does(lead, one, "merge", into=other, why="同一次断电引起")
    assert one in body(lead, other)
    assert "不能并入" in does(lead, one, "merge", into=other, why="再来一次")
    assert "已撤销并入" in does(lead, one, "unmerge", why="查明是两件事")
    assert [told_in(body(lead, number)) for number in (one, other)] == told, "nobody was told anything twice"

    assert "已记录不公开回应的决定" in does(lead, one, "no-answer", why="已当面说明", approved_by="校领导")
    assert "已转入复燃观察" in does(lead, one, "watch", note="")
    refused = does(lead, one, "close", note="已处置", undone="电话办理")
    for words in ("还不能销号", "复燃观察未满", "还没有写复盘"):
        assert words in refused, words
    written = does(
        lead, one, "recap", cause="电线老化", course="当日断电检修", well="送医及时", badly="无人值守",
        what="逐栋检修线路", owner="后勤处", until="2027-01-31",
    )  # fmt: skip
    assert "逐栋检修线路" in written
    assert "还没有写复盘" not in does(lead, one, "close", note="已处置", undone="电话办理")
    assert "已恢复处置" in does(lead, one, "rekindle", why="家长群再次传播")
    assert told_in(body(lead, one)) == told[0] + 1, "everybody hears of it, once"
    assert "还没有经过复燃观察" in does(lead, one, "close", note="已处置", undone="电话办理")


def lines_of(demo: Standing, number: str) -> str:
    """The lines that an incident has, as its page shows them."""
    return " ".join(words_of(one) for one in demo.signed_in(MONITOR).page(f"/incidents/{number}").css("article.quote"))


def test_a_part_is_taken_out_by_ticking_lines_and_later_lines_join_the_right_one(demo: Standing) -> None:
    desk = demo.signed_in(MONITOR)
    demo.lead("五号楼和七号楼的电动车棚都烧起来了，火苗蹿得老高")
    one = eventually("the matter of the sheds", lambda: demo.incident("五号楼"), 60)
    demo.lead("七号楼楼道里着火，有女生呛到晕倒")
    eventually("the second line joins it", lambda: "呛到晕倒" in lines_of(demo, one), 60)
    form = desk.page(f"/incidents/{one}").css("#split")[0]
    (line,) = [row for row in form.css("label:has(input[name=post])") if "呛到晕倒" in words_of(row)]
    named = [words_of(row) for row in form.css("label:has(input[name=key])")]
    assert "与“七号楼楼道里着火，有女生呛到晕倒”近似的说法" in " ".join(named), named
    assert len(set(named)) == len(named), "a person can tell them apart"
    (key,) = [row for row in form.css("label") if "提到“7栋”" in words_of(row)]
    part = {
        "key": key.css("input::attr(value)").get(""),
        "title": "七号楼楼道起火",
        "level": "2",
        "why": "不是同一处火",
    }
    assert "请从本事件的原文中选择" in refusal(desk, one, "split", **part)
    page = does(desk, one, "split", post=line.css("input::attr(value)").get(""), **part)
    other = re.findall(r"FX-2026-\d+|FX-\d+-\d+", page)[0]
    assert other != one
    assert ("七号楼楼道起火" in page, "拆自" in page) == (True, True)
    assert ("呛到晕倒" in lines_of(demo, other), "呛到晕倒" in lines_of(demo, one)) == (True, False)
    assert told_in(body(desk, other)) == 1, "decided and told anew"
    assert other in body(desk, one)
    demo.lead("七号楼三层还在着火，消防车堵在路口")
    demo.lead("五号楼车棚里还有两辆在着火，电瓶没人敢拔")
    eventually("the later line joins the new one", lambda: "消防车堵在路口" in lines_of(demo, other), 60)
    eventually("the other one stays with the first", lambda: "电瓶没人敢拔" in lines_of(demo, one), 60)
    assert "消防车堵在路口" not in lines_of(demo, one)


def recalled(demo: Standing, number: str, name: str) -> list[Mail]:
    """The mails that call an incident off for somebody."""
    return [one for one in demo.mails(name, number) if "误报" in one.subject]


def again(demo: Standing, number: str, name: str) -> list[Mail]:
    """The mails that tell somebody that an incident is open again."""
    return [one for one in demo.mails(name, number) if "重新打开" in one.subject]


def test_a_false_alarm_of_level_one_takes_two_persons_and_everybody_told_hears_so(demo: Standing) -> None:
    demo.lead("东门的气瓶爆炸了，玻璃全碎，两个学生送医院")
    number = eventually("the matter of the boiler", lambda: demo.incident("东门"), 60)
    office, monitor = demo.signed_in(OFFICE), demo.signed_in(MONITOR)
    wrong = {"reason": "演练或测试", "note": "保卫处演练"}
    assert "须由两人" in refusal(office, number, "dismiss", **wrong)
    does(monitor, number, "confirm")
    assert "须由两人" in refusal(monitor, number, "dismiss", **wrong), "who confirmed it is one, not two"
    assert "请选择误报的理由" in refusal(office, number, "dismiss", note="保卫处演练")
    assert "已记为误报" in does(office, number, "dismiss", **wrong)
    page = body(office, number)
    for words in (
        "记为误报：演练或测试",
        "保卫处演练",
        "首报、情况说明、首次回应 误报时未办，时限已停",
        "暂停发声结束",
    ):
        assert words in page, words
    for name in (LEADER, UNIT, KEEPER):
        (mail,) = eventually(f"{name} hears so", partial(recalled, demo, number, name), 60)
        assert "演练或测试" in mail.text
        assert "前签收" not in mail.subject
    (letter,) = [one for one in demo.mails(LEADER, number) if "首报" in one.subject]
    spent = httpx.get(f"{demo.url}{letter.sign_path}", timeout=20)
    assert (spent.status_code, "东门" in spent.text) == (410, False), "a link ends with its incident and tells nothing"

    assert "重新打开须写明理由" in refusal(office, number, "reopen", reason=" ")
    assert "已重新打开，已通知首报人员" in does(office, number, "reopen", reason="校医院来电：确有两人受伤")
    for name in (LEADER, UNIT, KEEPER):
        (mail,) = eventually(f"{name} hears that it is open again", partial(again, demo, number, name), 60)
        assert "事件重新打开：校医院来电：确有两人受伤" in re.sub(r"\s", "", mail.text)
        assert httpx.get(f"{demo.url}{mail.sign_path}", timeout=20).status_code == 200
    assert "重新打开校医院来电：确有两人受伤" in body(office, number)


def test_a_level_is_lowered_by_two_and_raised_again_with_both_values_kept(demo: Standing) -> None:
    demo.lead("九号楼实验室的硫酸瓶打翻泄漏，一个女生手被灼伤")
    number = eventually("the matter of the boiler", lambda: demo.incident("9栋"), 60)
    office, monitor = demo.signed_in(OFFICE), demo.signed_in(MONITOR)
    told = told_in(body(office, number))
    lower = {"to": "2", "why": "核实为设备冒烟，无人员重伤"}
    assert "须由两人" in refusal(office, number, "level", **lower)
    does(monitor, number, "confirm")
    assert "您的角色不能降低级别" in refusal(monitor, number, "level", **lower)
    assert "须写明理由" in refusal(office, number, "level", to="2")
    assert "已改变级别" in does(office, number, "level", **lower)
    page = body(office, number)
    for words in ("系统初判Ⅰ级，现为Ⅱ级（人工）", "Ⅰ级降为 Ⅱ级（系统初判 Ⅰ级）核实为设备冒烟", "时限按新级别重算"):
        assert words in page, words
    assert told_in(page) == told, "lowered, nobody is told anew and nobody is taken off"
    assert "已改变级别" in does(monitor, number, "level", to="1", why="伤者病情加重")
    page = body(office, number)
    for words in ("Ⅱ级升为 Ⅰ级（系统初判 Ⅰ级）伤者病情加重", "现为Ⅰ级（人工）", "Ⅰ级降为 Ⅱ级（系统初判 Ⅰ级）"):
        assert words in page, words
    assert told_in(page) == told + 1, "raised, everybody named hears so"


def test_two_who_press_the_same_button_at_once_get_one_result_and_one_polite_refusal(demo: Standing) -> None:
    demo.lead("十一号楼的门禁坏了三天一直没有人来修，晚上谁都能进")
    number = opened(demo, "十一号楼的门禁坏了三天一直没有人来修", 3)
    both = [demo.signed_in(name) for name in (OFFICE, MONITOR)]
    path = f"/incidents/{number}"
    units = both[0].page(path).css("select[name=unit] option::attr(value)").getall()
    unit = next(one for one in units if one)
    recap = {
        "cause": "酒精未入柜", "course": "当日处置", "well": "送医及时", "badly": "无人看管", "what": "逐柜清点",
        "owner": "后勤处", "until": "2027-01-31",
    }  # fmt: skip
    acts: tuple[tuple[str, dict[str, str], str], ...] = (
        ("level", {"to": "2", "why": "家长到校"}, "Ⅲ级升为 Ⅱ级"),
        ("assign", {"unit": unit, "note": "17 点前报"}, f"交办 {unit}"),
        ("recap", recap, "写复盘"),
    )
    for act, form, line in acts:
        tokens = [one.page(path).css("input[name=csrf]::attr(value)").get("") for one in both]
        with ThreadPoolExecutor(2) as pool:
            sent = [
                pool.submit(one.client.post, f"{path}/{act}", data={"csrf": token, **form})
                for one, token in zip(both, tokens, strict=True)
            ]
        answers = sorted((one.result() for one in sent), key=lambda answer: answer.status_code)
        assert [one.status_code for one in answers] == [200, 409], act
        assert "未作任何更改" in words_of(Selector(answers[1].text).css("#refused")[0]), act
        log = words_of(both[0].page(path).css("ol.log")[0])
        assert log.count(line) == 1, f"{act}: {log}"
