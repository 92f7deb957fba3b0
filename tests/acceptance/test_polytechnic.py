"""A school under the NX rules: own posts corrected and removed (NX 18), relaying only in major campaigns (NX 16)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.hands import KEEPER, OFFICE, body, does, part, refusal, signs, task_of
from tests.acceptance.school import shipped_pack, written
from tests.acceptance.standing import Standing, eventually, fengxin, free_ports, words_of

pytestmark = pytest.mark.long  # the next look of the crawlers is a minute away
LIST = "【公示】困难补助拟发放名单：张甲 000000200601010011 手机10000000001 建档立卡"
MENDED = "【公示】困难补助拟发放名单已发放到人，不再公布个人信息"
CAMPAIGN = "#建校七十周年#校庆倒计时一百天，校史馆新展今天开展，欢迎校友和同学们回来看看，展期到明年五月。"
NOTICE = "图书馆今晚停电检修，闭馆一晚"


@pytest.fixture(scope="module")
def polytechnic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The demo's people under the NX pack as it is shipped; two own posts stand there before anybody reads."""
    data, port = tmp_path_factory.mktemp("polytechnic") / "data", free_ports()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    settings = written(data, datetime.now(UTC) - timedelta(minutes=15), shipped_pack("NX"), trial=False)
    text = re.sub(r'\[\[offices\]\]\nrole = "学校相关部门"\nperson = "\w+"\n', "", settings.read_text("utf-8"))
    settings.write_text(text.replace('"学校相关领导"', '"党委宣传统战部"'), "utf-8")
    standing = Standing(data, port, ("run", "--settings", str(settings)))
    standing.start()
    try:
        eventually("the platforms are there", standing.threads, 60, every=0.1)
        for key, words in (("own-list", LIST), ("own-power", NOTICE), ("own-campaign", CAMPAIGN)):
            standing.sandbox("post", account="wb_main", key=key, text=words)
        relay = f"转发 @风林职业技术学院 ：{CAMPAIGN}"
        standing.sandbox("post", account="wb_tw", key="own-campaign-relay", text=relay)
        standing.ready()
        yield standing
    finally:
        standing.stop()


def test_the_article_asks_for_it_the_keeper_says_it_and_before_and_after_stand_there(
    polytechnic: Standing,
) -> None:
    office, keeper = polytechnic.signed_in(OFFICE), polytechnic.signed_in(KEEPER)
    number = eventually("the own post is found", lambda: polytechnic.incident("个人"), 100)
    task = part(office, number, "tasks")
    for words in ("更正或删除", "待办", "陈思源", "第十八条", "第一时间处置"):
        assert words in task, task
    signs(polytechnic, number, KEEPER)
    (row,) = [one for one in keeper.page("/me").css(".mine") if "更正或删除" in words_of(one)]
    path = row.css("a[href^='/t/']::attr(href)").get("")
    for words, did, why in (("困难补助", "corrected", "去掉身份证号和电话"), ("停电检修", "removed", "停电已取消")):
        (choice,) = [one for one in keeper.page(path).css("#correct label") if words in words_of(one)]
        post = choice.css("input::attr(value)").get("")
        said = keeper.client.post(f"{path}/correct", data={"post": post, "did": did, "words": why})
        assert "尚未见到" in said.text
    polytechnic.sandbox("edit", thread="own-list", text=MENDED)
    polytechnic.sandbox("delete", thread="own-power")

    def seen() -> str:
        block = part(office, number, "tasks")
        return block if "已核实" in block else ""

    block = eventually("the crawlers see the correction", seen, 120, 1.0)
    for words in ("之前（", "建档立卡", "之后（", MENDED, "去掉身份证号和电话", NOTICE, "停电已取消", "尚未见到"):
        assert words in block, block
    assert "更正已核实" in body(office, number)
    by_hand(polytechnic, number)


def by_hand(polytechnic: Standing, number: str) -> None:
    """What the crawlers cannot see yet (half an hour without the post) a person vouches for, in words."""
    path = f"tasks/{task_of(polytechnic, number, '更正或删除')}/confirm"
    office = polytechnic.signed_in(OFFICE)
    assert "尚未见到；已人工核实的，请写明怎样核实" in refusal(office, number, path)
    assert "已确认任务办结" in does(office, number, path, note="已打开微博，原帖不在")
    block = part(office, number, "tasks")
    for words in ("已办结", "人工核实", "已打开微博，原帖不在", NOTICE):
        assert words in block, block


def test_relaying_is_asked_for_in_a_named_campaign_only_as_a_quiet_list_without_a_share(polytechnic: Standing) -> None:
    office = polytechnic.signed_in(OFFICE)
    page = office.page("/relays")
    said = words_of(page.css("main")[0])
    for words in ("只限重大宣传活动，不计比例", "第十六条", "请写活动名称"):
        assert words in said, said
    assert page.css("tbody tr") == [], "no everyday duty"

    def rows() -> list[dict[str, str]]:
        lines = office.page("/relays", word="建校七十周年").css("tbody tr")
        cells = [{one.attrib["data-k"]: words_of(one) for one in line.css("td")} for line in lines]
        return [one for one in cells if "风林职院团委" in one.get("已转发", "")]

    (row,) = eventually("the campaign's post and who relayed it", rows, 120)
    assert "校史馆新展" in row["内容"]
    assert "风林后勤服务" in row["未见转发"]
    assert "比例" not in row
    assert office.page("/relays", word="迎新晚会").css("tbody tr") == []
    assert [one.subject for one in polytechnic.mails() if "校史馆" in one.subject + one.text] == []
