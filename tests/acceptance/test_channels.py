"""Every further channel (issue 4) in one installation: each carries a notice, each is refused, the desk reads why."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from parsel import Selector

from tests.acceptance.answers import ANSWERED
from tests.acceptance.hands import opened
from tests.acceptance.school import with_every_channel
from tests.acceptance.standing import Mail, Person, Standing, eventually, fengxin, free_ports, words_of

pytestmark = pytest.mark.long
DESK, OFFICE = "zheng.wanzhou", "ye.chuqing"
MOBILES = {
    "lin.zhiyuan": "13900000001", "gu.wenqing": "13900000002", "chen.siyuan": "13900000003",
    "ye.chuqing": "13900000010",
}  # fmt: skip
FOUR = set(MOBILES)
STORM = tuple(
    f"{where}的{what}，有空看看" for where, what in (
        ("一号楼", "水龙头滴水"), ("二号教学楼", "窗帘掉了一角"), ("操场", "跑道有个小坑"), ("图书馆前", "花坛少了砖"),
        ("行政楼", "电梯按键不灵"),
    )
)  # fmt: skip
WHY = "四人均在现场，已当面说"
REFUSED = {
    "app": ("invaliduser", -1, "部分收件人未收到：.*invaliduser.*答复 0"),
    "sms": ("isv.OUT_OF_SERVICE", 1, "被拒绝：短信额度或余额不足.*答复 isv.OUT_OF_SERVICE"),
    "dingtalk": ("430102", 1, "被拒绝：.*答复 430102"),
    "feishu": ("19021", 1, "被拒绝：.*答复 19021"),
    "robot": ("45009", 1, "发送过频：.*答复 45009"),
    "webhook": ("503", 1, "暂时未送出：.*答复 503"),
    "smtp": ("drop", 1, "结果不明：.*将以同一通知号重发"),
}
"""Of each channel a fault of the inbox, how often, and what the log says of the attempt."""
ANSWERS = {
    "app": r"0 · \w+", "robot": "0", "dingtalk": "0", "feishu": r"0 · \w+", "webhook": "200", "sms": "OK",
    "smtp": "250",
}  # fmt: skip
"""What each vendor answers when it takes a message, with its own number of the request where it gives one."""
GROUPS = {"robot", "dingtalk", "feishu"}
WAYS = {
    "app": "企业微信应用消息", "robot": "企业微信群机器人", "dingtalk": "钉钉群机器人", "feishu": "飞书群机器人",
    "webhook": "网络回调", "sms": "短信", "smtp": "邮件",
}  # fmt: skip
"""The places of the demo's inbox and the names of their channels at the desk."""
NAMES = {
    "app": "wecom_app", "robot": "wecom_robot", "dingtalk": "dingtalk_robot", "feishu": "feishu_robot",
    "webhook": "webhook", "sms": "sms", "smtp": "mail",
}  # fmt: skip
SCENARIOS = Path(__file__).resolve().parent / "scenarios"
CHANNELS_REHEARSED = [word for name in NAMES.values() for word in ("--channel", name)]


class Ear(BaseHTTPRequestHandler):
    """Whoever watches the service from outside: keeps what it is told, answers `status`."""

    heard: list[dict[str, str | int]] = []
    status = 503

    def do_POST(self) -> None:
        """One beat."""
        self.heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the screen."""


@pytest.fixture(scope="module")
def ear() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory, ear: ThreadingHTTPServer) -> Iterator[Standing]:
    """A school with every channel set up, run from its settings file."""
    data, port = tmp_path_factory.mktemp("ways") / "data", free_ports()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    settings = with_every_channel(data, port, f"http://127.0.0.1:{ear.server_port}/beat", datetime.now(UTC))
    yield from Standing(data, port, ("run", "--settings", str(settings))).running()


def heard(ways: Standing, way: str, words: str) -> list[Selector]:
    """What stands on the inbox's page of one channel, with these words."""
    answer = httpx.get(f"http://127.0.0.1:{ways.port + 2}/messages", params={"way": way}, timeout=10)
    return [one for one in Selector(answer.text).css("ol.talk > li") if words in words_of(one)]


def raised(ways: Standing, text: str, level: int) -> str:
    """A lead that opens nothing by itself, opened by the duty monitor; the incident's number."""
    ways.lead(text)
    return opened(ways, text, level)


def lines_with(desk: Person, number: str, place: str, pattern: str) -> list[str]:
    """Those of the delivery log's lines that read so."""
    return [one for one in rows_of(desk, number, place) if re.search(pattern, one)]


def alarms_of(ways: Standing) -> str:
    """What rings at the desk."""
    return "".join(words_of(one) for one in ways.signed_in(DESK).page("/desk").css(".alarms"))


def rows_of(desk: Person, number: str, place: str) -> list[str]:
    """The lines of the delivery log about an incident, on one channel."""
    rows = desk.page("/deliveries", q=number, channel=NAMES[place]).css("table.cards tbody tr")
    return [words_of(row) for row in rows]


def first(ways: Standing, number: str) -> list[Mail]:
    """The first notices of an incident that came by mail."""
    return [one for one in ways.mails(words=number) if "首报" in one.subject]


@pytest.fixture(scope="module")
def grave(ways: Standing) -> str:
    """A matter of level Ⅰ."""
    ways.lead("实训中心爆炸了，有同学被炸伤，满脸是血，救护车刚到")
    return eventually("an incident", lambda: ways.incident("实训中心"), 60)


@contextmanager
def nothing_leaves(ways: Standing) -> Iterator[None]:
    """The notify role stands still meanwhile."""
    notify = ways.roles()["notify"]
    os.kill(notify, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(notify, signal.SIGCONT)


def meets(ways: Standing, text: str, level: int, faults: Mapping[str, tuple[str, int]]) -> str:
    """An incident whose own notices, and no reminder of another, meet these faults (name, times) of the inbox."""
    with nothing_leaves(ways):
        number = raised(ways, text, level)
        words = dict.fromkeys(faults, number) | {"sms": f'"code":"{number[-4:]}'}
        ways.break_inbox(
            **{place: {"name": name, "times": times, "words": words[place]}
               for place, (name, times) in faults.items()}
        )  # fmt: skip
    return number


@pytest.fixture(scope="module")
def storm(ways: Standing) -> list[str]:
    """Five matters that were opened while the notify role was away; of the last the reminders are kept quiet."""
    desk = ways.signed_in(DESK)
    with nothing_leaves(ways):
        taken = desk.send("/leads/paste", "/leads", rows="\n".join(("原文", *STORM)))
        assert f"已录入 {len(STORM)} 条线索" in taken.text
        numbers = [opened(ways, text, 3) for text in STORM]
        begun = desk.send("/silences", "/silences", target=f"incident|{numbers[-1]}", reason=WHY, hours="1")
        assert "已静默，到时自动恢复" in begun.text
    return numbers


def digest(ways: Standing, name: str, number: str) -> list[Mail]:
    """The mails that carry the storm to a person."""
    return [one for one in ways.mails(name, f"【{len(STORM)} 起事件，{len(STORM)} 份通知】") if number in one.text]


def test_a_storm_is_one_message_with_a_number_and_every_notice_keeps_its_own(ways: Standing, storm: list[str]) -> None:
    for name in sorted(FOUR):
        (one,) = eventually(f"one mail for all to {name}", partial(digest, ways, name, storm[0]), 150)
        said = re.sub(r"\s", "", one.text)
        assert [number for number in storm if f"（{number}首报" not in said] == []
    assert [one.subject for number in storm for one in first(ways, number)] == [], "and no other beside it"
    for number in storm:
        (line,) = [
            one for one in rows_of(ways.signed_in(DESK), number, "smtp") if "叶初晴 宣传部" in one and "首报" in one
        ]
        assert "已送出" in line
        assert f"{len(STORM)} 份合并为一条发送" in line
    waiting = words_of(ways.signed_in(OFFICE).page("/me").css("main")[0])
    assert [number for number in storm if f"{number}-02 首报" not in waiting] == [], "each is signed for by itself"


def test_a_silence_has_an_owner_a_reason_and_an_end_and_counts_what_it_kept_back(
    ways: Standing, storm: list[str]
) -> None:
    desk, number = ways.signed_in(DESK), storm[-1]

    def row() -> dict[str, str]:
        (one,) = [one for one in desk.page("/silences").css("#running tbody tr") if number in words_of(one)]
        return {cell.attrib.get("data-k", ""): words_of(cell) for cell in one.css("td")}

    shown = row()
    assert (shown["何人"], shown["理由"]) == ("郑晚舟", WHY)
    assert re.search(r"\d\d:\d\d$", shown["到何时"])
    assert "静默 1" in words_of(desk.page("/desk").css(".watch")[0])
    eventually("four reminders are kept back", lambda: row()["已压下"].startswith("4 条"), 150)
    assert row()["已压下"].count("催签") == 4
    eventually("others are reminded", lambda: lines_with(desk, storm[0], "smtp", f"{storm[0]}-\\d+催签"), 60)
    assert lines_with(desk, number, "smtp", f"{number}-\\d+催签") == []
    empty = desk.send("/silences", "/silences", target=f"incident|{storm[0]}", reason=" ", hours="1")
    assert (empty.status_code, "请写明静默的理由" in empty.text) == (409, True)
    lift = desk.page("/silences").css("#running form::attr(action)").get("")
    assert "已提前结束" in ways.signed_in(OFFICE).send(lift, "/silences").text


def test_the_desk_hears_when_the_heartbeat_is_not_answered(ways: Standing) -> None:
    Ear.status = 503
    eventually("the desk hears of it", lambda: "稽核心跳送不到 127.0.0.1：对方回答 503" in alarms_of(ways), 60)
    Ear.status = 204


def test_a_grave_matter_leaves_on_every_channel_and_the_log_has_number_and_answer(ways: Standing, grave: str) -> None:
    """Levels: Ⅳ is quiet in these hours, Ⅰ is not."""
    desk = ways.signed_in(DESK)
    for place in ("dingtalk", "feishu", "webhook"):
        (one,) = eventually(place, partial(heard, ways, place, grave), 30)
        assert f"{ways.url}/incidents/{grave}" in words_of(one)
        assert "/r/" not in words_of(one), "a link to sign belongs to one person, not to a group"
    eventually("four cards", lambda: len(heard(ways, "app", f"{grave} 首报")) == 4, 30)
    cards = [words_of(one) for one in heard(ways, "app", f"{grave} 首报")]
    assert {re.findall(r"收件 (\S+)", one)[0] for one in cards} == FOUR
    assert len({re.findall(r"/r/\S+", one)[0] for one in cards}) == 4, "each has a link of their own"
    eventually("four mails", lambda: len(first(ways, grave)) == 4, 30)
    for mail in first(ways, grave):
        code = f"{grave[-4:]}{mail.notice[-2:]}"
        (short,) = eventually("an SMS", partial(heard, ways, "sms", f"code={code}"), 60)
        assert f"收件 {MOBILES[mail.to.partition('@')[0]]}" in words_of(short)
        assert "http" not in words_of(short)
    for place, answer in ANSWERS.items():
        taken = rf"已送出.*通道已收下 答复 {answer}"
        eventually(f"{place}: {answer}", partial(lines_with, desk, grave, place, taken), 60)


def pressed(ways: Standing, place: str) -> str:
    """What the page says once the channel's test button was pressed."""
    done = ways.signed_in(DESK).send(f"/deliveries/probe/{NAMES[place]}", "/deliveries")
    return words_of(Selector(done.text).css("#ways [role=status], #ways [role=alert]")[0])


def test_an_sms_whose_answer_is_lost_is_looked_up_and_never_sent_again(ways: Standing) -> None:
    number = meets(ways, "四号楼的消防门锁着，推不开", 1, {"sms": ("timeout", 1)})
    try:
        lost = eventually("one is unclear", partial(lines_with, ways.signed_in(DESK), number, "sms", "先查回执"), 60)
        assert len(lost) == 1
    finally:
        ways.break_inbox(sms=None)

    def taken() -> list[str]:
        return lines_with(ways.signed_in(DESK), number, "sms", "首报.*已送出.*通道已收下")

    eventually("all four are taken", lambda: len(taken()) == 4, 150)
    (asked,) = [one for one in taken() if "先查回执" in one]
    assert re.search(r"[23] 次尝试", asked), "the receipt was looked up a minute later"
    for mail in first(ways, number):
        assert len(heard(ways, "sms", f"code={number[-4:]}{mail.notice[-2:]}")) == 1, "one SMS each, and no second"


@pytest.mark.parametrize(("place", "fault", "words"), ANSWERED, ids=lambda one: str(one)[:24])
def test_the_test_button_says_each_answer_of_a_vendor_with_its_cure(
    ways: Standing, place: str, fault: str, words: str
) -> None:
    """A notice may meet the fault first: then the button is pressed again."""

    def said() -> str:
        ways.break_inbox(**{place: {"name": fault, "times": 1}})
        told = pressed(ways, place)
        return told if words in told else ""

    try:
        told = eventually(words, said, 15, every=5.0)
        assert "测试通过" not in told
    finally:
        ways.break_inbox(**{place: None})


@pytest.mark.parametrize("place", WAYS)
def test_the_test_button_proves_each_channel_and_says_what_was_done(ways: Standing, place: str) -> None:
    said = pressed(ways, place)
    assert "测试通过" in said
    assert ("请到群里查看" in said, "请到该系统查看" in said) == (place in GROUPS, place == "webhook")
    if place == "smtp":
        assert ways.mails(DESK, "【测试】")
    elif place == "robot":
        assert ways.robot("【测试】")
    else:
        assert heard(ways, place, "code=000000" if place == "sms" else "【测试】")


def test_each_kind_of_refusal_is_told_with_its_code_and_nobody_is_left_out(ways: Standing) -> None:
    desk, faults = ways.signed_in(DESK), {place: (name, times) for place, (name, times, _) in REFUSED.items()}
    number = meets(ways, "体育馆二层的看台栏杆松了，站上去会晃", 1, faults)
    try:
        for place, (_, _, words) in REFUSED.items():
            eventually(f"{place}: {words}", partial(lines_with, desk, number, place, words), 30)
        told = eventually("all four by mail", lambda: first(ways, number)[3:] and first(ways, number), 60)
        assert {one.to.partition("@")[0] for one in told} == FOUR
    finally:
        ways.break_inbox(**dict.fromkeys(REFUSED))
    for place in ("dingtalk", "webhook"):
        assert len(eventually(f"{place} said it after all", partial(heard, ways, place, number), 60)) == 1
    (refused,) = heard(ways, "dingtalk", number)
    assert "体育馆" not in words_of(refused), "words that were refused are not said again, number and link are"
    assert "飞书群机器人连续送不出：飞书拒收（19021" in alarms_of(ways)
    assert len({one.message_id for one in first(ways, number)}) == 4, "what may have arrived came again as the same"


def test_with_mail_and_robot_down_at_once_nothing_is_lost_and_nobody_is_told_twice(ways: Standing) -> None:
    """Each message about this matter is refused the first time it comes, and taken when it comes again."""
    desk, text = ways.signed_in(DESK), "二食堂门口的台阶缺了一块，差点绊倒人"
    ways.break_inbox(
        smtp={"name": "greylist", "first": True, "words": text[:16]},
        robot={"name": "500", "first": True, "words": text[:16]},
    )
    try:
        number = raised(ways, text, 1)
        again = "首报.*2 次尝试.*暂时未送出.*答复 451.*通道已收下 答复 250"
        eventually("each mail leaves at the second try", lambda: len(lines_with(desk, number, "smtp", again)) == 4, 120)
        again = "首报.*2 次尝试.*暂时未送出.*答复 HTTP 500.*通道已收下 答复 0"
        eventually("so does the robot", partial(lines_with, desk, number, "robot", again), 60)
    finally:
        ways.break_inbox(smtp=None, robot=None)
    assert sorted(one.to.partition("@")[0] for one in first(ways, number)) == sorted(FOUR)
    assert len(ways.robot(f"{number} 首报")) == 1


def test_a_rehearsal_with_the_settings_of_the_school_says_nothing_on_any_channel(ways: Standing) -> None:
    """What is told afterwards in earnest leaves everywhere, and of the rehearsal nothing has."""
    done = fengxin("rehearse", SCENARIOS, "--settings", ways.data / "fengxin.toml", *CHANNELS_REHEARSED)
    assert done.returncode == 0, done.stderr
    assert "首报" in done.stdout
    number = raised(ways, "图书馆二层的书架歪了，靠着墙才没有倒", 1)
    for place in ("robot", "dingtalk", "feishu", "webhook", "app", "sms"):
        words = f"code={number[-4:]}" if place == "sms" else number
        eventually(place, partial(heard, ways, place, words), 60)
    eventually("and by mail", lambda: first(ways, number), 60)
    assert [place for place in WAYS for one in heard(ways, place, "") if "后厨" in words_of(one)] == []
    assert [one.subject for one in ways.mails() if "后厨" in one.text + one.subject or "rehearsal" in one.to] == []
    assert ways.signed_in(DESK).page("/deliveries", q="后厨").css("table.cards tbody tr") == []


def test_nothing_of_the_gravest_level_can_be_silenced(ways: Standing, grave: str) -> None:
    refused = ways.signed_in(DESK).send("/silences", "/silences", target=f"incident|{grave}", reason=WHY, hours="1")
    assert (refused.status_code, "Ⅰ级事件不能静默。未作任何更改" in refused.text) == (409, True)


def test_a_light_matter_waits_for_the_end_of_the_quiet_hours_and_leaves_when_it_is_raised_to_the_gravest(
    ways: Standing,
) -> None:
    desk = ways.signed_in(DESK)
    number = raised(ways, "三号楼热水器漏水，希望早点修", 4)
    waiting = eventually("four mails wait", lambda: rows_of(desk, number, "smtp")[3:] and rows_of(desk, number, "smtp"))
    assert len(waiting) == 4
    assert all("待发送静默时段" in one and "尚未尝试" in one for one in waiting)
    assert "静默时段" in words_of(desk.page(f"/incidents/{number}").css("ol.log")[0]), "the desk has it at once"
    raised_to = desk.send(f"/incidents/{number}/level", f"/incidents/{number}", to="1", why="有人触电")
    assert raised_to.status_code == 200

    def told() -> set[str]:
        return {one.to.partition("@")[0] for one in ways.mails(words=number) if "Ⅰ级" in one.subject}

    eventually("all four hear of it at once", lambda: told() >= FOUR, 60)
    assert first(ways, number) == [], "what waited for the morning stays where it is"


def test_the_heartbeat_calls_an_address_and_tells_how_many_findings_stand(ways: Standing) -> None:
    Ear.status = 204
    eventually("it is answered", lambda: "稽核心跳" not in alarms_of(ways), 60)
    assert set(Ear.heard[-1]) == {"service", "school", "at", "findings"}
    assert (Ear.heard[-1]["service"], Ear.heard[-1]["school"]) == ("fengxin", "fenglin")
    assert str(Ear.heard[0]["at"]) < str(Ear.heard[-1]["at"])


def test_what_a_leader_who_left_has_not_signed_goes_to_the_duty_desk_at_once(ways: Standing, grave: str) -> None:
    """Who left signs in no more. Taken back at the end, the sign-in returns with the next entering of the roster."""
    eventually("four mails", lambda: len(first(ways, grave)) == 4, 30)
    leader, admin = ways.signed_in("gu.wenqing"), ways.signed_in("xu.mingde")
    assert leader.client.get("/me").status_code == 200
    left = admin.send("/duty/people/P02/left", "/duty/people", note="调离")
    assert "已登记离任" in left.text
    log = words_of(ways.signed_in(DESK).page(f"/incidents/{grave}").css("ol.log")[0])
    assert "顾文清离任，改由" in log, log
    assert "/sign-in" in str(leader.client.get("/me").url), "signed out at once"
    (handed,) = eventually("the desk has it instead", partial(ways.mails, DESK, grave), 30)
    assert "顾文清离任，其未签收的" in re.sub(r"\s", "", handed.text)
    again = admin.send("/duty/people/P02/left", "/duty/people")
    assert (again.status_code, "或已离任。未作任何更改" in again.text) == (409, True)
    assert "已撤销离任" in admin.send("/duty/people/P02/back", "/duty/people").text


def test_dingtalks_punishment_is_waited_out_and_the_own_limit_ends_before_the_vendors(ways: Standing) -> None:
    """The last of this file: by the test button these robots say no more for a while; notices are not held up."""
    ways.break_inbox(dingtalk={"name": "130101", "times": 1})
    assert "130101：每分钟 20 条，超出罚停十分钟），十分钟后重发" in pressed(ways, "dingtalk")
    ways.break_inbox(dingtalk=None)
    before = len(heard(ways, "dingtalk", "【测试】"))
    assert "钉钉因发送过快罚停本机器人十分钟，期满自动重发" in pressed(ways, "dingtalk")
    assert len(heard(ways, "dingtalk", "【测试】")) == before, "nothing is said to a vendor who punishes it"

    before = len(ways.robot("【测试】"))
    answers = [pressed(ways, "robot") for _ in range(20)]
    assert "一分钟内已发 18 条（为Ⅰ、Ⅱ级留 4 条），稍后自动重发" in answers[-1]
    assert len(ways.robot("【测试】")) - before <= 18
    assert not [one for one in answers if "45009" in one], "the vendor never had to refuse"
