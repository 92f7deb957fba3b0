"""What was said decides what happened in the terms of the school's rules, and so who is told by which article."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row

from escalation import circumstance, people
from escalation.notice import notices
from escalation.opening import triggers
from escalation.people import Held, Person
from escalation.procedure import Trigger
from stream.post import Kind
from tests.escalation.papers import school
from tests.escalation.station import Station, open_station
from tests.stream.said import POISONED, RAW_CHICKEN, SCHOOL, a_post, assessed

CRY = "真的活不下去了，活着好累"
LOUD = "关于我院学生受伤一事的情况说明"
GAMBLING = "真人百家乐在线，首充送888"
LEAK = "【转】内部资料 注意保存：工作会议纪要"
PRIZES = "真人百家乐在线，注册就送"
CARDS = "长期高价收卡，学生优先"
LIST = "【公示】资助名单：张甲 〔身份证号〕 〔手机号〕；李乙 〔身份证号〕 〔手机号〕"
COMMENT, OWN, URGENT = Trigger.DAMAGING_COMMENT, Trigger.DAMAGING_OWN_ACCOUNT_POST, Trigger.MAJOR_EVENT_OR_URGENT
ILLEGAL, CRISIS, SUDDEN = Trigger.ILLEGAL_COMMENT, Trigger.CRISIS_OR_NEGATIVE_OPINION, Trigger.SUDDEN_EVENT
BANNED, UNASKED = Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT, Trigger.UNAUTHORISED_PUBLICATION


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


def own_post(station: Station, text: str, number: int, account: str) -> None:
    name = f"weibo:p{number}"
    station.say(text, post_id=name, thread=name, by_school=True, kind=Kind.POST, account=account)


@pytest.mark.parametrize(
    ("text", "own", "expected"),
    [
        (RAW_CHICKEN, False, (COMMENT,)),
        (POISONED, False, (COMMENT, URGENT)),
        (CRY, False, (URGENT,)),
        (CARDS, False, (ILLEGAL,)),
        (f"{POISONED}。{CARDS}", False, (COMMENT, ILLEGAL, URGENT)),
        (LOUD, True, (UNASKED,)),
        (GAMBLING, True, (BANNED,)),
        (LEAK, True, (BANNED,)),
        (LOUD + GAMBLING, True, (UNASKED, BANNED)),
        (LIST, True, (OWN, URGENT)),
    ],
)
def test_the_trigger_follows_what_was_said_and_by_whom(text: str, own: bool, expected: tuple[Trigger, ...]) -> None:
    one = assessed(a_post(text, by_school=own, kind=Kind.POST if own else Kind.COMMENT))
    assert one.hits
    assert set(triggers(one.post, one.hits, grave=any(hit.grave for hit in one.hits))) == set(expected)


def of_the_matter(station: Station) -> list[Row[Any]]:
    """What tells of the matter itself: neither the group's message nor that of a hold (暂停发声)."""
    rows = station.office.rows(notices)
    return [row for row in rows if row.addressee != "robot" and not row.step.startswith("hold:")]


def told(station: Station) -> dict[str, str]:
    return {row.addressee: row.basis for row in of_the_matter(station)}


def test_a_comment_is_told_by_the_articles_on_comments(station: Station) -> None:
    station.say(POISONED)
    assert told(station) == {
        "school": "第十三条", "publicity": "第十三条、第十四条", "leader": "第十四条", "keeper": "系统默认，非校规"
    }  # fmt: skip


def test_two_who_offer_what_the_law_forbids_open_one_that_is_told_as_illegal(station: Station) -> None:
    """JY 13 names 主管校领导 and 宣传部 for 违法 as well; one such line is somebody's spam, two are a matter."""
    station.say(CARDS)
    assert station.incidents() == []
    station.say(PRIZES)
    (one,) = station.incidents()
    assert (one.triggers, one.level) == ([ILLEGAL], 4)
    assert told(station) == {"school": "第十三条", "publicity": "第十三条", "keeper": "系统默认，非校规"}


MANY = (
    "食堂的鸡腿没熟，骨头里还有血水，学校管不管", "我在青菜里吃出虫子，太恶心了", "昨天的饭里也吃出虫子",
    "我也吃到没熟的鸡腿，都是血水", "汤里有飞虫，恶心的菜，食堂能不能管管", "面里吃出虫子，已经打12345投诉了",
    "今天的肉也没熟，血水一盘", "青菜里又有虫子，拍照了", "米饭里吃出虫子，我们寝室都看到了",
    "鸡腿骨头里全是血水，没熟吧", "豆腐里有虫子，学校管不管", "凉菜里吃出虫子，已经投诉",
)  # fmt: skip


def test_many_voices_are_a_crisis_and_ningxia_then_tells_the_unit_and_the_other_office(station: Station) -> None:
    """NX 18 tells 党委宣传部 of damage; NX 11 adds 单位领导 and 党委宣传统战部 once it is a crisis, and not before."""
    school(station, "NX")
    with station.office.store.write() as conn:
        people.enter(conn, [Person(SCHOOL, "front", "顾实", "", "统战部", "front@x.example", "137")],
                     [Held("united_front", "", "front")])  # fmt: skip
    seen: list[tuple[tuple[str, ...], set[str]]] = []
    for text in MANY:
        station.say(text)
        seen += [(tuple(one.triggers), set(told(station))) for one in station.incidents()]
    assert seen[0] == ((COMMENT,), {"publicity", "keeper"}), "damage alone"
    assert seen[-1] == ((COMMENT, CRISIS), {"publicity", "keeper", "leader", "front"})
    assert told(station)["leader"] == told(station)["front"] == "第十一条"


def test_every_circumstance_is_seen_by_the_machine_or_left_to_a_person_with_the_reason() -> None:
    by_machine = {COMMENT, ILLEGAL, OWN, BANNED, CRISIS, URGENT, UNASKED}
    assert by_machine | set(circumstance.BY_PERSON) == set(circumstance.WORDS)
    assert not by_machine & set(circumstance.BY_PERSON)
    assert all(circumstance.BY_PERSON.values())


def test_an_accounts_own_post_is_told_by_the_article_on_own_posts(station: Station) -> None:
    own_post(station, LIST, 1, "canteen")
    assert told(station) == {"publicity": "第十四条", "leader": "第十四条", "keeper": "系统默认，非校规"}


def test_a_main_account_that_posts_what_is_forbidden_is_told_though_it_may_speak(station: Station) -> None:
    own_post(station, LOUD, 1, "main")
    assert station.incidents() == [], "the school's main account needs nobody's leave"
    own_post(station, GAMBLING, 2, "main")
    (one,) = station.incidents()
    assert (one.theme, one.level, one.triggers) == ("prohibited", 2, [BANNED])
    own_post(station, LOUD, 3, "canteen")
    assert [row.triggers for row in station.incidents()] == [[BANNED], [UNASKED]]


def test_a_cry_for_help_damages_nobody_and_brings_no_school_leader_by_article_13(station: Station) -> None:
    station.say(CRY)
    (one,) = station.incidents()
    assert (one.care, one.triggers) == (True, [URGENT])
    assert told(station) == {
        "publicity": "第十四条", "leader": "第十四条", "keeper": "系统默认，非校规", "monitor": "系统默认，非校规"
    }, "the desk stands in for the care office, which nobody holds here"  # fmt: skip


def test_a_further_article_tells_whom_it_names_once_and_nobody_else_again(station: Station) -> None:
    """What an account itself posted names no school leader (JY 14); what others say under it does (JY 13)."""
    own_post(station, LIST, 1, "canteen")
    (one,) = station.incidents()
    for text in ("等下，身份证号和电话就这么贴出来了？一位没遮", "公众号发的名单没打码，身份证号全都能看到"):
        station.say(text, thread="weibo:p1")
    (after,) = station.incidents()
    assert (after.level, after.title) == (one.level, one.title), "neither graver nor another danger"
    assert after.triggers == [OWN, URGENT, COMMENT]
    assert told(station)["school"] == "第十三条"
    assert sorted((row.addressee, row.step) for row in of_the_matter(station)) == [
        ("keeper", "first"), ("leader", "first"), ("publicity", "first"), ("school", "widen:3"),
    ]  # fmt: skip
