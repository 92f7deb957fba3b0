"""The whole course of a matter at a school: who is told, what silence brings about, and on to the archive by forms.

A school says what its document says (`Course`); the functions live it and look at what a user sees.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.acceptance.elsewhere import Elsewhere, settled
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
from tests.acceptance.standing import Person, Standing, eventually, fengxin, free_ports, words_of

TEAM = "su.anning"
NAMES = {UNIT: "顾文清", OFFICE: "叶初晴", KEEPER: "陈思源", LEADER: "林知远", TEAM: "苏安宁"}
MOBILES = {UNIT: "13900000002", OFFICE: "13900000010", KEEPER: "13900000003", TEAM: "13900000012"}
OURS = "系统默认，非校规"
LADDER = "5秒后催签，10秒后电话通知，15秒后报"
ALIGHT = ("图书馆周五放电影", "图书馆放映室着火了，火很大，两个同学被烧伤，满脸是血，救护车刚到")
"""A post of the main account and a comment under it; both stand there before anybody reads."""
RECAP = {"cause": "线路老化", "course": "当日断电检修", "well": "送医及时", "badly": "无人巡查", "what": "更换线路",
         "owner": "后勤管理处", "until": "2027-01-31"}  # fmt: skip


@dataclass(frozen=True)
class Course:
    """What a school's document says of a grave comment under the main account.

    `first`: who is told, in this order, as what, and what the mail says: by which article or that it is ours, and the
    clock. `articles`: how the log says by what they were told. `above`: to whom the silence is brought, as what, and
    whose silence. `approvals`: who approves a statement in which order, by which article. `task`: what the keeper is
    asked, in whose words, by which article. `reported_to`: who signs the reports. `grade`: the first grade of
    accountability; `not_here`: what other schools have.
    """

    document: str
    first: tuple[tuple[str, str, tuple[str, ...]], ...]
    articles: str
    above: tuple[tuple[str, str, str], ...]
    approvals: tuple[tuple[str, str], ...]
    task: tuple[str, str, str]
    reported_to: tuple[str, ...]
    grade: str
    not_here: tuple[str, ...]

    @property
    def told(self) -> tuple[str, ...]:
        """Who is told at once."""
        return tuple(who for who, _, _ in self.first)

    @property
    def mails(self) -> list[tuple[str, str]]:
        """Every mail until the silence was brought up, in order: kind and sign-in."""
        kinds = [(kind, who) for kind in ("首报", "催签") for who in self.told]
        return kinds + [("逐级上报", who) for who, _, _ in self.above]

    @property
    def log(self) -> list[str]:
        """Steps of the log, the oldest first; what stands between them (mails, the hold) is not in it."""
        named = "、".join(f"{NAMES[who]}（{office}）" for who, office, _ in self.first)
        calls = [f"电话通知 {NAMES[who]}" for who in self.told]
        up = [f"通知 1 人：{NAMES[who]}（{office}）" for who, office, _ in self.above]
        silent = [f"{NAMES[silent]} 未签收，转告 {NAMES[who]}{OURS}" for who, _, silent in self.above]
        pairs = [line for pair in zip(up, silent, strict=True) for line in pair]
        return [f"通知 {len(self.first)} 人：{named}", *calls, *pairs]


@contextmanager
def alight(folder: Path, school: Elsewhere) -> Iterator[Standing]:
    """The school, started and stopped by the real command; ALIGHT stands there before anybody reads."""
    data, port = folder / "data", free_ports()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    settings = settled(data, datetime.now(UTC) - timedelta(minutes=15), school)
    standing = Standing(data, port, ("run", "--settings", str(settings)))
    standing.start()
    try:
        eventually("the platforms are there", standing.threads, 120, every=0.1)
        standing.matter(ALIGHT[1], ALIGHT[0], "own-hall")
        standing.ready(150)
        yield standing
    finally:
        standing.stop()


def tight(text: str) -> str:
    """Without spaces."""
    return re.sub(r"\s+", "", text)


def told(standing: Standing, number: str) -> list[tuple[str, str]]:
    """What left by mail about the incident, by the numbers of the notices; the hold's own apart."""
    mails = sorted((one for one in standing.mails(words=number)), key=lambda one: one.notice)
    kinds = [(re.findall(r"（FX-\S+ (\S+)）", one.subject)[0], one.to.partition("@")[0]) for one in mails]
    return [one for one in kinds if one[0] != "暂停发声"]


def log_of(person: Person, number: str) -> list[str]:
    """The lines of the log that have happened, the oldest first."""
    rows = person.page(f"/incidents/{number}").css("ol.log > li:not(.is-next)")
    return [words_of(one) for one in reversed(rows)]


def brought_up(standing: Standing, course: Course) -> str:
    """The incident that the comment opens, once silence has brought it up."""
    number = eventually("an incident", lambda: standing.incident("图书馆"), 150)
    many = len(course.mails)
    eventually("brought up", lambda: told(standing, number)[:many][many - 1 :], 150)
    return number


def lived_in_silence(standing: Standing, number: str, course: Course) -> None:
    """Who was told in which order, by which article, on which channel, and what silence brought about."""
    assert told(standing, number)[: len(course.mails)] == course.mails
    first = {one.to.partition("@")[0]: tight(one.text) for one in standing.mails(words=f"{number} 首报")}
    assert set(first) == set(course.told)
    for who, _, words in course.first:
        assert [one for one in (*words, LADDER) if one not in first[who]] == [], first[who]
        if not words[0].startswith("依据"):
            assert f"依据《{course.document}》" not in first[who], "no article names the keeper"
    up = {one.to.partition("@")[0]: tight(one.text) for one in standing.mails(words=f"{number} 逐级上报")}
    for who, _, _ in course.above:
        assert OURS in up[who]
    assert "依据《" not in up[LEADER], "no article names the leader"

    office, desk = standing.signed_in(OFFICE), standing.signed_in(MONITOR)
    assert len(standing.robot(f"{number} 首报")) == 1
    rows = [words_of(one) for one in office.page("/deliveries", q=number).css("table.cards tbody tr")]
    for name, way in [(NAMES[who], "邮件") for who in course.told] + [("工作群", "企业微信群机器人")]:
        (row,) = [one for one in rows if "首报 · Ⅱ级" in one and name in one]
        assert way in row
        assert "已送出" in row
    lines = log_of(office, number)
    places = [next(at for at, line in enumerate(lines) if words in line) for words in course.log]
    assert places == sorted(places), [lines[at] for at in places]
    assert course.articles in lines[places[0]], lines[places[0]]
    assert "企业微信群机器人" in lines[places[0]].partition("已送出：")[2], "what left is folded under who was told"
    calls = words_of(desk.page("/me").css("main")[0])
    for who in course.told:
        assert f"{NAMES[who]} {MOBILES[who]}{number}" in calls


def to_the_archive(standing: Standing, number: str, course: Course) -> None:
    """Signed, confirmed, answered in public, watched, reported on, recapped, closed, accounted for, sealed."""
    office, monitor = standing.signed_in(OFFICE), standing.signed_in(MONITOR)
    signs(standing, number, *dict.fromkeys((*course.told, *(who for who, _, _ in course.above))))
    assert "已确认研判" in does(office, number, "confirm")
    _approved(standing, number, course)
    released(office, number)
    assert "对外回应" + TEXT in body(office, number)
    assert "已登记办结" in does(office, number, "duties/facts")
    block = part(office, number, "tasks")
    assert [one for one in course.task if one not in block] == [], block
    does(office, number, f"tasks/{task_of(standing, number, course.task[0])}/confirm", note="已电话核实")
    closing = {"note": "已处置", "undone": "电话办理"}
    assert "还没有经过复燃观察" in refusal(office, number, "close", **closing)
    assert "已转入复燃观察" in does(office, number, "watch")
    reports(office, number, "first", "图书馆放映室起火，两名同学轻伤。")
    reports(office, number, "final", "明火已灭，两名同学出院。", next_step="")
    signs(standing, number, *course.reported_to)
    assert "已保存复盘" in does(office, number, "recap", **RECAP)
    eventually("the watch is over", lambda: "复燃观察期满，未见复燃" in body(office, number), 90)
    assert "个电话通知未登记结果" in refusal(office, number, "close", **closing)
    _telephoned(monitor, number, course)
    assert "已销号" in does(office, number, "close", **closing)
    _archived(standing, number, course)
    _counted(standing, number, course)


def _telephoned(monitor: Person, number: str, course: Course) -> None:
    """Closing waits for what became of each call; the duty monitor writes it down."""
    page = monitor.page(f"/incidents/{number}")
    calls = page.css("#calls form[action*='/calls/']:not([action$='/again'])::attr(action)").getall()
    assert len(calls) >= len(course.told)
    for action in calls:
        assert monitor.send(action, f"/incidents/{number}", outcome="told").status_code == 200
    said = body(monitor, number)
    assert [who for who in course.told if f"{NAMES[who]}：接通并转达" not in said] == []


def _approved(standing: Standing, number: str, course: Course) -> None:
    """A draft, approved by whom the document names and then by the school's leader (our default)."""
    path = drafted(standing.signed_in(OFFICE), number)
    for name, article in course.approvals:
        person = standing.signed_in(name)
        form = person.page(path).css("form[action*='/approvals/']")[0]
        seal = form.css("input[name=seal]::attr(value)").get("")
        assert person.send(form.attrib["action"], path, verdict="approve", seal=seal).status_code == 200
        log = log_of(person, number)
        assert [one for one in log if f"同意{NAMES[name]}" in one and article in one], log[-3:]


def _archived(standing: Standing, number: str, course: Course) -> None:
    """Accountability in this school's own grade, by persons; archiving waits for it; then it is sealed."""
    office, leader = standing.signed_in(OFFICE), standing.signed_in(LEADER)
    offered = part(office, number, "measures")
    assert course.grade in offered, offered
    assert [one for one in course.not_here if one in offered] == [], "that is another school's"
    assert "已提请" in does(office, number, "measures/accountability", grade="0", person="P06", reason="无人巡查")
    step = step_of(standing, number, "withdraw")
    assert "1 项处理措施未办结" in refusal(office, number, "archive")
    assert "已办理" in does(leader, number, f"{step}/decide", words="批评教育")
    assert "已归档" in does(office, number, "archive")
    sealed = office.client.get(f"/incidents/{number}/archive.json")
    assert hashlib.sha256(sealed.content).hexdigest() in part(office, number, "archived")
    assert json.loads(sealed.content)["incident"]["number"] == number
    assert "记录不再更改" in refusal(office, number, "note", text="补记")


def _counted(standing: Standing, number: str, course: Course) -> None:
    """The weekly report has it by role: who let the first notice pass is 逾期, who signed the report in time 按时."""
    titles = {who: title for who, title, _ in course.first}
    for place, who in enumerate(course.told, 1):
        late, items = _handled(standing, titles[who], "late-")
        assert f"{number}-{place:02d}{NAMES[who]}" in items, items
        assert late >= 1, "on a slow machine a later notice, too, is signed some seconds after its minute"
    in_time, items = _handled(standing, titles[KEEPER], "in-time-")
    assert (in_time, len(re.findall(rf"{number}-\d+{NAMES[KEEPER]}", items))) == (1, 1), items
    assert _handled(standing, titles[OFFICE], "in-time-")[0] == 0, "who writes the reports signs none"
    for who, title, _ in course.above:
        assert f"{number}-" in _handled(standing, title, "in-time-")[1], who


def _handled(standing: Standing, role: str, figure: str) -> tuple[int, str]:
    """A role's figure in the chapter on handling, and the items it opens; of the week in which there are any."""
    office = standing.signed_in(OFFICE)
    weeks = office.page("/reports").css("a::attr(href)").re(r"/reports/\d{4}-W\d\d$")
    links = [link for week in weeks for link in office.page(week).css(f"a[href*='/items/handling.{figure}']")]
    own = [one for one in links if words_of(one.xpath("ancestor::tr/td")[0]) == role and words_of(one) != "0"]
    pages = [(int(words_of(one)), words_of(office.page(one.attrib["href"]).css("main")[0])) for one in own]
    return max(pages, default=(0, ""))
