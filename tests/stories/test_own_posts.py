"""It must show 1 (issue 4), stories six and seven: a hold that one unit breaks while another has a permit, and a post
that needed leave with no incident open.

The platform's posts come by the log, everything else is real: mail over SMTP, the robot, the desk's pages and forms.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Row

from escalation import people, user
from escalation.breach import breaches
from escalation.incident import entries, incidents
from escalation.notice import notices
from escalation.people import Held, Person, Role
from escalation.permit import permits
from escalation.report.week import Week
from escalation.voice.hold import holds
from escalation.voice.relay import relays
from escalation.voice.statement import statements
from stream import account
from stream.account import Account
from stream.post import Kind
from tests.escalation.web.house import csrf
from tests.stories.town import PASSWORD, PUBLIC, START, UNIT, Town, path_of, secret, words_of
from tests.stream.said import POISONED, a_post

FIRE = "今日上午我院实训楼突发火情，现场师生均已疏散，无人员受伤，原因正在调查"
DENIAL = "网传我院食堂有学生上吐下泻，经了解系谣言，师生用餐一切正常，请勿传播"
ALLOWED = "关于食堂有同学上吐下泻一事，学校已成立工作组，涉事窗口已暂停营业，请以学校通报为准"
TEACHING, LEAGUE, STUDENTS = "教务处", "校团委", "学生工作处"
MORE = {
    "authoriser": ("赵越", "校办主任", "校办"), "league": ("何晓", "团委新媒体管理员", LEAGUE),
    "students": ("苏宁", "学工新媒体管理员", STUDENTS),
}  # fmt: skip
BREAKS, ALLOWED_ONE, MISSES = "wb_jw", "wb_tw", "wb_xg"
"""The sixth story: an account of each of three units."""


@pytest.fixture
def school(town: Town) -> Town:
    """The town with three accounts of units, their keepers, whom the school entered as 学校相关部门, and sign-ins."""
    persons = [
        Person(town.school, key, name, title, unit, f"{key}@fenglin.example", "13800000000")
        for key, (name, title, unit) in MORE.items()
    ]
    held = [
        Held("authoriser", "", "authoriser"), Held(Role.KEEPER, "wb_jw", "other"),
        Held(Role.KEEPER, "wb_tw", "league"), Held(Role.KEEPER, "wb_xg", "students"), Held("duty_lead", "", "lead"),
    ]  # fmt: skip
    early = START - timedelta(days=1)
    roles = {
        "leader": Role.UNIT_LEADER, "other": Role.KEEPER, "league": Role.KEEPER, "publicity": Role.PUBLICITY,
        "authoriser": Role.SCHOOL_LEADER,
    }  # fmt: skip
    with town.store.write() as conn:
        people.enter(conn, persons, held)
        account.enter(conn, [
            Account(town.school, "wb_jw", "weibo", "风林教务", "21", TEACHING, "api", early),
            Account(town.school, "wb_tw", "weibo", "风林职院团委", "22", LEAGUE, "api", early),
            Account(town.school, "wb_xg", "weibo", "风林学工", "23", STUDENTS, "api", early),
        ])  # fmt: skip
        for key, role in roles.items():
            user.enrol(conn, town.school, key, key, secret(PASSWORD, key), [role], town.now())
    return town


def as_user(town: Town, name: str) -> TestClient:
    """The desk as this person sees it."""
    town.desk.cookies.clear()
    town.desk.post("/sign-in", data={"name": name, "password": PASSWORD})
    return town.desk


def send(town: Town, name: str, page: str, path: str, **form: str) -> str:
    """Fill in a form of a page and give the words of the page that follows."""
    desk = as_user(town, name)
    token = csrf(desk.get(page).text)
    answer = desk.post(path, data={"csrf": token, **form}, follow_redirects=True)
    return words_of(answer.text)


def publish(town: Town, text: str, name: str, account_id: str) -> None:
    town.sandbox.clock.advance(60)
    post_id = f"weibo:{name}"
    town.put(
        a_post(
            text, post_id, thread=post_id, school=town.school, account=account_id, at=town.now(), kind=Kind.POST,
            by_school=True,
        )
    )  # fmt: skip
    town.pass_on()


def permit_for(town: Town, text: str, keeper: str, account_id: str) -> str:
    """Asked for on the page by the keeper, granted on the page by whom the school entered."""
    said = send(
        town, keeper, "/permits", "/permits", account=account_id, subject="食堂情况说明", text=text, why="师生询问多"
    )
    assert "已申请" in said, said
    number = str(town.rows(permits)[-1].number)
    assert "已授权" in send(town, "authoriser", f"/permits/{number}", f"/permits/{number}/decide", grant="yes")
    return number


def test_seventh_a_unit_speaks_of_a_fire_without_leave_while_nothing_is_open(school: Town) -> None:
    publish(school, FIRE, "p1", "wb_jw")
    (incident,) = school.rows(incidents)
    (finding,) = school.rows(breaches)
    assert (incident.triggers, incident.unit, finding.basis) == (["unauthorised_publication"], TEACHING, "第十条")

    letters = {one.who: one for one in school.inbox.letters()}
    assert set(letters) == {"other", "publicity"}, "JY 10 names nobody: the keeper and 党委宣传部 by default"
    for one in letters.values():
        assert "系统默认，非校规" in one.text
        assert "火情" not in one.subject
    assert len(school.inbox.said()) == 1

    assert school.desk.post(path_of(letters["publicity"].links[0])).status_code == 200
    school.later(minutes=46)
    kinds = {(row.addressee, row.kind) for row in school.rows(notices) if row.addressee != "robot"}
    assert {("other", "reminder"), ("other", "first"), ("publicity", "first")} <= kinds
    assert ("publicity", "reminder") not in kinds, "who has signed is left in peace"
    assert any(kind == "escalated" for _, kind in kinds), "the silence goes up the ladder"

    page = f"/own-posts/{finding.number}"
    assert "单位说明" in send(school, "other", page, f"{page}/explain", text="值班老师转发群消息，未办授权")
    assert "未作更改" in send(school, "publicity", page, f"{page}/decide", verdict="confirm", why="")
    said = send(school, "publicity", page, f"{page}/decide", verdict="confirm", why="确未授权，已删帖改发学校通报")
    assert "认定属实" in said
    assert "第十条" in said
    (finding,) = school.rows(breaches)
    assert (finding.state, finding.decided_by) == ("confirmed", "publicity")
    headings = [row.heading for row in school.rows(entries)]
    assert f"核对单 {finding.number}：认定属实" in headings
    assert school.rows(incidents)[0].state != "closed", "the verdict closes nothing and punishes nobody by itself"


STATEMENT = (
    "今日中午，有同学在学校食堂就餐后出现身体不适。学校已安排校医院接诊，暂停相关窗口供餐，"
    "封存留样送检，检测结果和处理情况将及时公布。"
)


def newest(town: Town, who: str, words: str) -> str:
    """The path of the newest mail to somebody whose subject has these words."""
    found = [one for one in town.inbox.letters() if one.who == who and words in one.subject]
    assert found, f"{who}: {[one.subject for one in town.inbox.letters() if one.who == who]}"
    return path_of(found[-1].links[0])


def test_sixth_one_unit_breaks_the_hold_another_misses_the_relay_and_a_third_with_a_permit_is_left_alone(
    school: Town,
) -> None:
    """One course in one town: the hold, a post with leave, a post against it, the statement, two relays and none."""
    school.put(a_post(POISONED, "weibo:c1", school=school.school, account="wb_main", at=school.now()))
    school.pass_on()
    first = school.incident()
    assert first.level == 2
    hold_mail = [one for one in school.inbox.letters() if "暂停就" in one.subject]
    assert {one.who for one in hold_mail} == {"keeper", "other", "league", "students"}
    flat = ["".join(one.text.split()) for one in hold_mail]
    assert all("第十条" in one and "系统默认，非校规" in one for one in flat)
    assert all(POISONED[:6] not in one.text for one in hold_mail), "no comment goes to whom it does not concern"
    for who in ("keeper", "league", "students"):
        assert school.desk.post(f"{newest(school, who, '暂停就')}/confirm").status_code == 303
    _allowed(school)
    finding = _broken(school, first)
    school.later(hours=2, minutes=5)
    assert newest(school, "other", "请确认知悉")
    assert newest(school, "publicity", "1 个账号未确认暂停发声")
    _said_by_the_school(school, first.number)
    for nth, account_id in enumerate((ALLOWED_ONE, BREAKS)):
        publish(school, f"转发学校声明：{STATEMENT}", f"r{nth}", account_id)
    school.later(hours=2, minutes=5)
    states = {row.account_id: (row.state, row.how) for row in school.rows(relays)}
    crawled = ("done", "crawled")
    assert states == {ALLOWED_ONE: crawled, BREAKS: crawled, MISSES: ("overdue", None)}
    assert newest(school, "students", "请即转发学校口径")
    listed = [one for one in school.inbox.letters() if one.who == "publicity" and "逾期未转发" in one.subject]
    assert [name in listed[-1].text for name in ("风林学工", "风林教务", "风林职院团委")] == [True, False, False]
    reminded = {one.who for one in school.inbox.letters() if "请即转发" in one.subject}
    assert reminded == {"students"}, "neither who broke the hold and relayed, nor who had a permit"
    assert [(row.number, row.account_id) for row in school.rows(breaches)] == [(finding, BREAKS)], (
        "to relay what was released is no breach, nor is it one not to relay it, nor to speak by a permit"
    )
    assert {row.state for row in school.rows(permits)} == {"used"}

    report = as_user(school, "publicity").get(f"/reports/{Week.of(school.now())}").text
    assert "统一发声" in words_of(report)
    assert "/items/one_voice.relays-late" in report


def _allowed(school: Town) -> None:
    """The league's keeper asks for leave, gets it, and publishes those words while the hold stands."""
    number = permit_for(school, ALLOWED, "league", "wb_tw")
    publish(school, ALLOWED, "p2", "wb_tw")
    assert school.rows(breaches) == [], "a permit for these words: left alone"
    assert len(school.rows(incidents)) == 1
    assert {row.state for row in school.rows(permits)} == {"used"}
    assert ALLOWED in words_of(as_user(school, "league").get(f"/permits/{number}").text)


def _broken(school: Town, first: Row[Any]) -> str:
    """Another account speaks of the held subject in other words; gives the number of the finding."""
    before = len(school.inbox.letters())
    publish(school, DENIAL, "p1", "wb_jw")
    (finding,) = school.rows(breaches)
    own = school.rows(incidents)[-1]
    assert (finding.kind, finding.held_incident_id, finding.incident_id) == ("held", first.id, own.id)
    assert (own.theme, own.unit) == ("unauthorised_post", TEACHING)
    told = [one for one in school.inbox.letters()[before:] if own.number in one.subject]
    assert {one.who for one in told} == {"other", "publicity"}
    at_first = [row.heading for row in school.rows(entries) if row.incident_id == first.id]
    assert f"擅自发声：暂停发声的事项，核对单 {finding.number}" in at_first
    page = words_of(as_user(school, "publicity").get(f"/incidents/{first.number}").text)
    assert finding.number in page
    assert "违反本事件的暂停发声" in page
    assert as_user(school, "league").get(f"/own-posts/{finding.number}").status_code == 404, "another unit's matter"
    assert PUBLIC in told[0].links[0]
    assert first.unit == UNIT
    return str(finding.number)


def _said_by_the_school(school: Town, number: str) -> None:
    """The statement from the draft to its release by the school's own account, which ends the hold."""
    page = f"/statements/{number}"
    said = send(school, "publicity", page, f"{page}/draft", text=STATEMENT, may_say="接诊、停餐", may_not_say="人数")
    assert "起草核稿中" in said
    for item in ("secrecy", "internal", "personal", "prohibited"):
        send(school, "publicity", page, f"{page}/versions/1/check", item=item, passed="yes")
    assert "待审批" in send(school, "publicity", page, f"{page}/versions/1/submit")
    school.later(minutes=1)
    link = newest(school, "school", "前审批口径第 1 版")
    (version,) = school.rows(statements)
    answer = school.desk.post(f"{link}/decide", data={"verdict": "approve", "seal": version.seal})
    assert answer.status_code == 303

    publish(school, STATEMENT, "s1", "wb_main")
    form = {"account": "wb_main", "url": "https://weibo.example/s1", "text_hash": version.text_hash}
    said = send(school, "publicity", page, f"{page}/versions/1/release", **form)
    assert "已核对" in said, "the crawled post is the approved text"
    (held,) = school.rows(holds)
    assert held.state == "released"
    assert school.rows(incidents)[0].state == "responded"
