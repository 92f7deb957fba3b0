"""What was said decides what happened in the terms of the school's rules, and so who is told by which article."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation.notice import notices
from escalation.opening import triggers
from escalation.procedure import Trigger
from stream.post import Kind
from tests.escalation.station import Station, open_station
from tests.stream.said import POISONED, RAW_CHICKEN, a_post, assessed

CRY = "真的活不下去了，活着好累"
LOUD = "关于我院学生受伤一事的情况说明"
GAMBLING = "真人百家乐在线，首充送888"
LEAK = "【转】内部资料 注意保存：工作会议纪要"
LIST = "【公示】资助名单：张甲 〔身份证号〕 〔手机号〕；李乙 〔身份证号〕 〔手机号〕"
COMMENT, OWN, URGENT = Trigger.DAMAGING_COMMENT, Trigger.DAMAGING_OWN_ACCOUNT_POST, Trigger.MAJOR_EVENT_OR_URGENT
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


def told(station: Station) -> dict[str, str]:
    return {row.addressee: row.basis for row in station.office.rows(notices) if row.addressee != "robot"}


def test_a_comment_is_told_by_the_articles_on_comments(station: Station) -> None:
    station.say(POISONED)
    assert told(station) == {
        "school": "第十三条", "publicity": "第十三条、第十四条", "leader": "第十四条", "keeper": "系统默认，非校规"
    }  # fmt: skip


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
    assert told(station) == {"publicity": "第十四条", "leader": "第十四条", "keeper": "系统默认，非校规"}


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
    rows = [row for row in station.office.rows(notices) if row.addressee != "robot"]
    assert sorted((row.addressee, row.step) for row in rows) == [
        ("keeper", "first"), ("leader", "first"), ("publicity", "first"), ("school", "widen:3"),
    ]  # fmt: skip
