"""Each channel's own limit of pace and of length, in an installation that nothing else speaks from (long)."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from tests.acceptance.hands import judged, opened
from tests.acceptance.school import with_every_channel
from tests.acceptance.standing import Mail, Standing, eventually, fengxin, free_ports, words_of

pytestmark = pytest.mark.long
DESK, OFFICE = "zheng.wanzhou", "ye.chuqing"
ROBOT = "本机器人一分钟内已发 18 条（为Ⅰ、Ⅱ级留 4 条），稍后自动重发"
MAIL = "本邮箱一分钟内至多发 20 封（本系统设置，非校规；为Ⅰ、Ⅱ级留 5 封），已满，稍后自动重发"
LIMITS = {
    "sms": (5, "发给该号码的短信已近每天 50 条的上限（为Ⅰ、Ⅱ级留有余量），稍后自动重发"),
    "mail": (15, MAIL),
    "wecom_robot": (18, ROBOT),
    "dingtalk_robot": (18, ROBOT),
    "wecom_app": (20, "发给该成员的消息已近每分钟 30 条、每小时 1,000 条的上限（超出会被静默丢弃），稍后自动重发"),
    "webhook": (60, "网络回调一分钟内已发 60 条（为Ⅰ、Ⅱ级留 10 条），稍后自动重发"),
    "feishu_robot": (80, "本机器人已近每分钟、每秒的上限（为Ⅰ、Ⅱ级留有余量），稍后自动重发"),
}
"""How many tests a minute a person may send over each channel, and what is read beyond."""
PLACES = {
    "wecom_app": "app",
    "dingtalk_robot": "dingtalk",
    "feishu_robot": "feishu",
    "webhook": "webhook",
    "sms": "sms",
}
LIGHT, GRAVE = "南门外的路灯不亮，有空看看", "二号教学楼的护栏断了一截，靠着会掉下去"
TITLE = "实验楼门口排水沟盖板松动，行人经过时盖板会翘起来，昨晚有两位同学先后绊倒，幸未受伤，请尽快处理并设警示标志"
LONG = "实验楼门口的排水沟盖板翘起来了，" + "长" * 19_900 + "尾巴上的字"
CUT = "……（已截断）"


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A school with every channel set up, whose mail server takes twenty mails a minute."""
    data, port = tmp_path_factory.mktemp("crowd") / "data", free_ports()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    settings = with_every_channel(data, port, "", datetime.now(UTC), remind="15m")
    text, changed = re.subn(r"(?m)^per_minute = .*$", "per_minute = 20", settings.read_text("utf-8"))
    assert changed == 1
    settings.write_text(text, "utf-8")
    yield from Standing(data, port, ("run", "--settings", str(settings))).running()


def arrived(crowd: Standing, name: str) -> int:
    """How many test messages of a channel arrived."""
    if name == "mail":
        return len(crowd.mails(OFFICE, "【测试】"))
    if name == "wecom_robot":
        return len(crowd.robot("【测试】"))
    words = "code=000000" if name == "sms" else "【测试】"
    return sum(words in one["content"] for one in heard(crowd, PLACES[name]))


def heard(crowd: Standing, way: str) -> list[dict[str, Any]]:
    """What stands in the inbox's folder of a channel."""
    path = crowd.data / "inbox" / "heard.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    return [one for one in rows if one["way"] == way]


def fills(crowd: Standing, name: str) -> str:
    """Press a channel's test button once more than its own limit; what the page says of the last."""
    person, most = crowd.signed_in(OFFICE), LIMITS[name][0]
    token = person.page("/deliveries").css("input[name=csrf]::attr(value)").get("")
    for _ in range(most + 1):
        answer = person.client.post(f"/deliveries/probe/{name}", data={"csrf": token}, follow_redirects=False)
        assert answer.status_code == 303, answer.text[:300]
    return words_of(person.page("/deliveries", tested=name).css("#ways [role=status]")[0])


def filled(crowd: Standing, name: str) -> str:
    """The same until the limit is read: on a machine that is too slow for one minute the presses come again."""

    def said() -> str:
        told = fills(crowd, name)
        return told if LIMITS[name][1] in told else ""

    return eventually(f"{name}: {LIMITS[name][1]}", said, 300, every=0.0)


@pytest.mark.parametrize("name", LIMITS)
def test_a_person_who_presses_too_often_reads_the_limit_and_the_vendor_is_not_asked(crowd: Standing, name: str) -> None:
    before, began = arrived(crowd, name), time.monotonic()
    assert "测试未通过" in filled(crowd, name)
    minutes = 1 + int((time.monotonic() - began) // 60)
    assert 0 < arrived(crowd, name) - before <= LIMITS[name][0] * minutes


def lines(crowd: Standing, number: str, channel: str, pattern: str) -> list[str]:
    """Those of the delivery log's lines of an incident's first notices that read so."""
    rows = crowd.signed_in(DESK).page("/deliveries", q=number, channel=channel).css("table.cards tbody tr")
    return [said for row in rows if "首报" in (said := words_of(row)) and re.search(pattern, said)]


@pytest.fixture(scope="module")
def full(crowd: Standing) -> tuple[str, str]:
    """A matter of level Ⅲ and one of level Ⅰ, told when robot and mailbox have said all that a minute takes."""
    notify = crowd.roles()["notify"]
    for text in (LIGHT, GRAVE):
        crowd.lead(text)
        eventually("it is judged", partial(judged, crowd, text), 90)
    os.kill(notify, signal.SIGSTOP)
    try:
        numbers = opened(crowd, LIGHT, 3), opened(crowd, GRAVE, 1)
        filled(crowd, "wecom_robot")
        filled(crowd, "mail")
    finally:
        os.kill(notify, signal.SIGCONT)
    return numbers


def test_what_is_over_the_limit_waits_with_its_time_and_leaves_by_itself_the_gravest_first(
    crowd: Standing, full: tuple[str, str]
) -> None:
    light, grave = full
    waits = r"等待重试.*下次 .*\d\d:\d\d.*"
    eventually("of level Ⅲ four mails wait", lambda: len(lines(crowd, light, "mail", waits + MAIL)) == 4, 60)
    eventually("four of level Ⅰ have left", lambda: len(lines(crowd, grave, "mail", "已送出")) == 4, 60)
    for number in full:
        eventually(
            "the group hears neither", partial(lines, crowd, number, "wecom_robot", waits + re.escape(ROBOT)), 60
        )
    left = "已送出.*[2-9] 次尝试.*发送过频.*稍后自动重发.*通道已收下 答复 "
    for number in full:
        eventually("then it does", partial(lines, crowd, number, "wecom_robot", left + "0"), 240)
    eventually("and the mails leave", lambda: len(lines(crowd, light, "mail", left + "250")) == 4, 240)
    said = [number for one in crowd.robot("首报") for number in full if number in one]
    assert said == [grave, light], "each once, the gravest first"
    for number in full:
        told = [one.to for one in crowd.mails(words=number) if "首报" in one.subject]
        assert len(told) == len(set(told)) == 4, "nothing is lost and nothing comes twice"


@pytest.fixture(scope="module")
def long(crowd: Standing) -> str:
    """A matter of level Ⅰ from a lead of twenty thousand characters, with a title that is longer than a card's."""
    assert len(LONG) <= 20_000
    crowd.lead(LONG)
    return opened(crowd, LONG, 1, TITLE)


def of(crowd: Standing, way: str, words: str) -> list[dict[str, Any]]:
    """The messages of a channel with these words."""
    return [one for one in heard(crowd, way) if words in one["content"] + one["title"]]


def test_a_lead_of_twenty_thousand_characters_is_longer_than_no_vendor_allows_and_what_was_cut_has_a_mark(
    crowd: Standing, long: str
) -> None:
    """Only a mail carries its beginning, as an excerpt. A card's title is cut; all else that goes out is whole."""

    def firsts() -> list[Mail]:
        return [one for one in crowd.mails(OFFICE, long) if "首报" in one.subject]

    mail = eventually("a mail", firsts, 120)[0]
    plain = re.sub(r"\s", "", mail.text)
    assert 20 < plain.count("长") < 400
    for words in (plain, re.sub(r"\s", "", mail.html)):
        assert re.search("摘录：?“[^”]*长…”", words), "an excerpt that says so, with its mark"
    assert TITLE in re.sub(r"\s", "", mail.subject)
    card = eventually("a card", partial(of, crowd, "app", long), 120)[0]
    assert (len(card["title"].encode()) <= 128, card["title"].endswith(CUT)) == (True, True)
    assert re.search(r"/r/\S+$", card["url"]), "the link is never cut off"
    robot = eventually("the robot", partial(crowd.robot, long), 120)[0]
    said = {"app": (card["content"], 512), "robot": (robot, 2_048)}
    for way, most in (("dingtalk", 20_000), ("feishu", 20_480), ("webhook", 9_000)):
        said[way] = (eventually(way, partial(of, crowd, way, long), 120)[0]["content"], most)
    for way, (words, most) in said.items():
        assert len(words.encode()) <= most, way
        assert TITLE in words, f"{way}: what fits is whole"
        assert way == "app" or f"{crowd.url}/incidents/{long}" in words, f"{way}: the link is never cut off"
        assert "长长" not in words, f"{way}: it carries no words of a comment"
    (short,) = eventually("an SMS", partial(of, crowd, "sms", f"code={long[-4:]}{mail.notice[-2:]}"), 120)
    assert (len(short["content"]) < 70, "长" in short["content"]) == (True, False)
    assert [one.to for one in crowd.mails(words=long) if "尾巴上的字" in one.text + one.html] == []
