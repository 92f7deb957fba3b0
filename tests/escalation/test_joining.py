"""What more is said of an open matter: who is told of what, once; what was settled is not opened by its old lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row

from escalation import handling
from escalation.handling import FalseAlarm
from escalation.incident import members
from escalation.notice import deliveries, notices
from escalation.opening import lateness
from escalation.procedure import Trigger
from stream.post import Kind, Route
from tests.escalation.office import IN_LEAD
from tests.escalation.station import Station, open_station
from tests.stream.said import PLAIN, POISONED, RAW_CHICKEN, START, WORM, a_post

LEAKED = "教务处把全校学生的身份证号和家庭住址公开在网上了"
BEATEN = "辅导员把女生堵在办公室打人，已经报警"
CRY = "真的活不下去了，活着好累"
LOUD = "关于我院学生受伤一事的情况说明"
FLIES, WIRE, HAIR, SOUR = "汤里有飞虫，恶心的菜", "米饭里吃出钢丝球", "二食堂的菜里吃出头发", "馒头里吃出一只蟑螂"
MILD = (RAW_CHICKEN, WORM, FLIES, WIRE)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


def grumble(station: Station) -> Row[Any]:
    """Four people complain of the food, which is a matter of level Ⅳ."""
    for text in MILD:
        station.say(text)
    (one,) = station.incidents()
    assert (one.level, one.theme) == (4, "canteen")
    return one


def steps(station: Station, step: str) -> list[str]:
    found = station.office.rows(notices, step=step)
    return sorted(row.addressee for row in found if row.addressee != "robot")


def told_by_mail(station: Station, incident_id: int) -> list[str]:
    """Who has a notice of an incident, the groups apart."""
    found = station.office.rows(notices, incident_id=incident_id)
    return sorted({row.addressee for row in found if row.addressee != "robot"})


def mails(station: Station) -> dict[str, int]:
    """How many mails each person has been sent by now."""
    station.office.work()
    found: dict[str, int] = {}
    for one in station.office.mail.sent:
        found[one.to] = found.get(one.to, 0) + 1
    return found


def test_what_was_settled_is_not_opened_again_by_its_old_lines(station: Station) -> None:
    one = grumble(station)
    with station.office.store.write() as conn:
        handling.dismiss(conn, station.office.head, one.id, IN_LEAD, station.office.now, FalseAlarm.MISREAD)
    station.say(HAIR)
    assert len(station.incidents()) == 1, "one more line is one line"
    assert station.office.one(one.id).state == "false_alarm"
    for text in (SOUR, "米饭里吃出虫子", "粥里吃出铁丝"):
        station.say(text)
    first, second = station.incidents()
    joined = {row.post_id for row in station.office.rows(members, incident_id=first.id)}
    assert {row.post_id for row in station.office.rows(members, incident_id=second.id)}.isdisjoint(joined)
    assert second.opened_at > first.opened_at


def test_an_edited_line_of_a_settled_matter_does_not_bring_the_others_back(station: Station) -> None:
    one = grumble(station)
    with station.office.store.write() as conn:
        handling.dismiss(conn, station.office.head, one.id, IN_LEAD, station.office.now, FalseAlarm.MISREAD)
    station.say(RAW_CHICKEN + "，再说一遍", post_id="weibo:1")
    assert len(station.incidents()) == 1


def test_a_graver_article_tells_whom_it_names_once_and_nobody_else_again(station: Station) -> None:
    """A post without leave names no leader (JY 10); damage said under it names two (JY 13 and 14)."""
    station.say(LOUD, post_id="weibo:p1", thread="weibo:p1", by_school=True, kind=Kind.POST)
    assert steps(station, "first") == ["keeper", "publicity"]
    station.say(POISONED, thread="weibo:p1")
    station.say("刚才又有两个同学吃完食堂的饭上吐下泻送急诊了", thread="weibo:p1")
    (one,) = station.incidents()
    assert Trigger.DAMAGING_COMMENT in one.triggers
    found = [row for row in station.office.rows(notices, incident_id=one.id) if row.addressee == "school"]
    assert {row.basis for row in found} == {"第十三条"}
    assert mails(station)["school@x.example"] == 1


def test_ordinary_complaints_that_would_have_opened_tell_whom_their_articles_name_once(station: Station) -> None:
    """Under a post without leave (JY 10); fewer than would open an incident tell nobody more; nor do still more."""
    station.say(LOUD, post_id="weibo:p1", thread="weibo:p1", by_school=True, kind=Kind.POST)
    for text in MILD[:3]:
        station.say(text, thread="weibo:p1")
    (one,) = station.incidents()
    assert one.triggers == [Trigger.UNAUTHORISED_PUBLICATION]
    assert told_by_mail(station, one.id) == ["keeper", "publicity"]
    for text in (*MILD[3:], HAIR, SOUR, "粥里吃出铁丝"):
        station.say(text, thread="weibo:p1")
    (one,) = station.incidents()
    assert one.triggers == [Trigger.UNAUTHORISED_PUBLICATION, Trigger.DAMAGING_COMMENT]
    assert told_by_mail(station, one.id) == ["keeper", "leader", "publicity", "school"]
    assert [station.office.notice(who).basis for who in ("leader", "school")] == ["第十四条", "第十三条"]
    sent = mails(station)
    assert (sent["leader@x.example"], sent["school@x.example"]) == (1, 1)
    assert len([words for words in station.office.headings() if "另有新的情形" in words]) == 1
    assert station.office.one(one.id).level == one.level_by_machine


def test_more_of_the_same_danger_widens_nothing_and_tells_nobody(station: Station) -> None:
    station.say(POISONED)
    before = len(station.office.rows(notices))
    station.say("刚才又有两个同学吃完食堂的饭上吐下泻送急诊了")
    assert len(station.office.rows(notices)) == before


def test_a_cry_for_help_under_mere_complaints_is_a_matter_of_its_own(station: Station) -> None:
    one = grumble(station)
    station.say(CRY)
    assert [(row.theme, row.care) for row in station.incidents()] == [("canteen", False), ("self_harm", True)]
    assert station.office.one(one.id).title == one.title


def test_a_cry_for_help_beside_a_danger_is_a_care_case_and_hides_nothing(station: Station) -> None:
    """Under one post, in one unit, in any order: the danger keeps its words and its people, the cry its quiet."""
    station.say(POISONED)
    station.say(CRY)
    station.say("我也是，不想活了")
    station.say("刚才又有两个同学吃完食堂的饭上吐下泻送急诊了")
    danger, care = station.incidents()
    assert [(one.theme, one.care) for one in (danger, care)] == [("canteen", False), ("self_harm", True)]
    assert "求助" not in danger.title
    assert len(station.office.rows(members, incident_id=danger.id)) == 2
    assert len(station.office.rows(members, incident_id=care.id)) == 2
    assert all(CRY not in mail.text for mail in station.office.mail.sent)


def test_different_dangers_at_one_unit_are_different_matters(station: Station) -> None:
    """Each in its own thread of the same account, as leads are."""
    for number, text in enumerate((POISONED, LEAKED, BEATEN, CRY)):
        station.say(text, post_id=f"weibo:t{number}", thread=f"weibo:t{number}")
    assert len(station.incidents()) == 4
    assert [one.care for one in station.incidents()] == [False, False, False, True]


def test_a_cry_for_help_under_what_an_account_posted_without_leave_reaches_the_units_leader(station: Station) -> None:
    """JY 10 tells no unit leader; the danger that somebody writes under it does (JY 14)."""
    station.say(LOUD, post_id="weibo:p1", thread="weibo:p1", by_school=True, kind=Kind.POST)
    assert steps(station, "first") == ["keeper", "publicity"]
    station.say("走廊着火了，全是浓烟，快来人救救我们", thread="weibo:p1")
    (one,) = station.incidents()
    assert steps(station, f"level:{one.level}+danger:fire") == ["keeper", "leader", "publicity", "school"]
    assert mails(station)["leader@x.example"] == 1


def test_a_second_danger_of_another_kind_is_told_and_a_third_of_a_known_kind_is_not(station: Station) -> None:
    """Two matters under one post are two incidents, each with its own first notices."""
    station.say(POISONED)
    station.say("食堂后厨着火了，全是浓烟，快来人救救我们")
    first, second = station.incidents()
    assert (first.theme, second.theme) == ("canteen", "safety")
    assert sorted({row.addressee for row in station.office.rows(notices, incident_id=second.id, step="first")}) == [
        "keeper", "leader", "publicity", "robot", "school"
    ]  # fmt: skip
    before = len(station.office.rows(deliveries))
    station.say("食堂后厨又着火了，浓烟滚滚，大家快跑")
    assert len(station.office.rows(deliveries)) == before


LATE = timedelta(minutes=3)
EVERY = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("unseen", "waited", "promised", "said"),
    [
        (timedelta(), LATE, EVERY, ""),
        (timedelta(), LATE + timedelta(seconds=1), EVERY, "采到后 3 分钟才立事件"),
        (timedelta(hours=9), timedelta(minutes=61), EVERY, "采到后 61 分钟才立事件"),
        (2 * EVERY + LATE, timedelta(), EVERY, ""),
        (2 * EVERY + LATE + timedelta(seconds=1), timedelta(), EVERY, "发布后 13 分钟才采到，约定每 5 分钟查看一次"),
        (timedelta(hours=9), timedelta(), None, ""),
    ],
)
def test_lateness_is_told_in_figures_of_the_queue_first_and_of_the_looking_next(
    unseen: timedelta, waited: timedelta, promised: timedelta | None, said: str
) -> None:
    post = a_post(POISONED, at=START - unseen, fetched=START)
    assert lateness(post, promised, START + waited) == said


def test_a_lead_typed_in_by_hand_is_not_late_for_having_been_published_long_ago() -> None:
    hours = timedelta(hours=9)
    post = a_post(POISONED, at=START - hours, fetched=START, route=Route.MANUAL)
    assert lateness(post, EVERY, START) == ""
    assert lateness(post, EVERY, START + hours) != ""


def test_an_edited_post_is_late_by_its_fetch_alone() -> None:
    post = a_post(POISONED, at=START - timedelta(hours=9), fetched=START - timedelta(hours=9))
    edited = post.model_copy(update={"fetched_at": START})
    assert lateness(edited, EVERY, START + LATE) == ""
    assert "采到后 4 分钟" in lateness(edited, EVERY, START + timedelta(minutes=4))


def test_what_waited_in_the_queue_is_marked_late_on_incident_log_and_notice(station: Station) -> None:
    station.say(PLAIN)
    station.say(POISONED, at=station.office.now - timedelta(minutes=40))
    (one,) = station.incidents()
    assert one.late
    assert "迟报：采到后 41 分钟才立事件" in station.office.headings()
    station.office.work()
    assert all("迟报" in mail.text for mail in station.office.mail.sent)
