"""The full cycle (issue 4) through the running product: merged and parted, watched, closed not before its time."""

from __future__ import annotations

from tests.acceptance.hands import body, does, told_in
from tests.acceptance.standing import Standing, eventually


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
