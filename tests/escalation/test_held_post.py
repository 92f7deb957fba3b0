"""A unit speaks of what is held: found in other words, left alone with a permit, told by the school's rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from escalation import handling
from escalation.breach import breaches
from escalation.handling import FalseAlarm
from escalation.incident import Actor, entries
from escalation.notice import notices
from escalation.procedure import load
from escalation.state_table import IllegalStep
from escalation.voice import hold, statement
from escalation.voice.approval import approvals
from escalation.voice.hold import holds
from escalation.voice.relay import relays
from tests.escalation.office import IN_LEAD, ON_DESK
from tests.escalation.papers import ask, found, grant, permit_row, publish, school
from tests.escalation.station import Station, open_station
from tests.escalation.voice import course
from tests.escalation.voice.course import TEXT
from tests.stream.said import POISONED

OTHER_WORDS = "网传我院食堂有学生上吐下泻，经了解系谣言，师生用餐一切正常，请勿传播"
LONELY = "近日网络上有关我院的消息纯属子虚乌有，我院将追究造谣者法律责任"
MENU = "【一周菜谱】本周食堂新增砂锅米线窗口，欢迎品尝"


PLAIN_SPEECH = (
    TEXT,
    "昨晚几位同学在食堂吃完饭上吐下泻，目前情况稳定，涉事窗口已停业整顿",
    "昨日有同学反映身体不适一事，经医院检查系普通感冒，与就餐无关",
    "关于网上流传的我校就餐视频，经核实系摆拍，请广大师生不信谣不传谣",
    "我院学生均健康平安，网传送医内容为旧闻拼接，请勿转发",
    "有同学在食堂吃坏肚子的说法不实。我院下一步将加强食品安全培训",
)
EVERYDAY = (
    MENU,
    "二食堂今日正常供应午餐晚餐，卫生状况良好，欢迎监督",
    "【提示】二食堂明日停水检修，午餐请到一食堂就餐",
    "后厨探访：二食堂的阿姨们凌晨四点的故事",
    "健康讲座：夏季如何预防食物中毒，主讲人校医院王医生，欢迎师生到食堂二楼参加",
    "近期流感多发，同学们如有身体不适请及时到校医院就诊，就餐时保持距离",
    "【反诈提醒】网传食堂饭卡充值返现系诈骗，请勿相信谣言",
    "今日运动会，校医院医生现场救治身体不适的同学",
    "校医院搬迁至食堂东侧，今日起接诊",
    "食堂二楼因检修暂停营业一天，给您带来不便敬请谅解",
)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


@pytest.mark.parametrize("code", ["JY", "NX"])
def test_who_speaks_of_what_is_held_is_found_beside_the_incident_and_in_one_of_its_own(
    station: Station, code: str
) -> None:
    school(station, code)
    station.say(POISONED)
    (first,) = station.incidents()
    publish(station, OTHER_WORDS, "p1")
    ((kind, account, basis),) = found(station)
    (row,) = station.office.rows(breaches)
    own = station.incidents()[-1]
    assert (kind, account) == ("held", "canteen")
    assert "第" in basis, "the school's article on one voice or on speaking without leave"
    assert (row.held_incident_id, row.incident_id) == (first.id, own.id)
    assert (own.theme, own.triggers) == ("unauthorised_post", ["unauthorised_publication"])
    assert f"核对单 {row.number}" in "".join(
        one.heading for one in station.office.rows(entries) if one.incident_id == first.id
    )
    assert {one.addressee for one in station.office.rows(notices) if one.incident_id == own.id} == {
        "keeper", "publicity", "robot"
    }  # fmt: skip


def test_a_denial_that_shares_no_word_with_the_hold_is_found_by_what_it_is_about(station: Station) -> None:
    school(station, "NX")
    station.say(POISONED)
    publish(station, "【辟谣】网传我院餐厅食物中毒系谣言，学生不信谣不传谣", "p1")
    ((kind, _, _),) = found(station)
    assert kind == "held"
    publish(station, "【辟谣】网传我院学生可免试入党系谣言，请以学校通知为准", "p2")
    assert len(found(station)) == 1, "another matter; Ningxia has no standing ban"


@pytest.mark.parametrize("code", ["JY", "NX"])
def test_plain_speech_and_plain_denials_of_what_is_held_are_found(station: Station, code: str) -> None:
    school(station, code)
    station.say(POISONED)
    for nth, text in enumerate(PLAIN_SPEECH):
        publish(station, text, f"p{nth}")
        assert [kind for kind, _, _ in found(station)] == ["held"] * (nth + 1), text


@pytest.mark.parametrize("code", ["JY", "NX"])
def test_everyday_posts_lessons_and_advice_are_left_alone_while_it_is_held(station: Station, code: str) -> None:
    school(station, code)
    station.say(POISONED)
    for nth, text in enumerate(EVERYDAY):
        publish(station, text, f"p{nth}")
        assert found(station) == [], text


def test_a_denial_without_a_word_of_what_is_shown_to_a_person_and_accuses_nobody(station: Station) -> None:
    school(station, "NX")
    publish(station, LONELY, "p0")
    station.say(POISONED)
    publish(station, LONELY, "p1")
    publish(station, "讲座预告：网络谣言的识别与应对，欢迎我校师生报名", "p2")
    assert found(station) == []
    seen = [one.heading for one in station.office.rows(entries) if "可能涉及暂停发声" in one.heading]
    assert seen == ["微博“青禾后勤” 发布了否认的说法，可能涉及暂停发声的事项，请核对"]


def test_an_ordinary_post_of_the_same_account_meanwhile_is_left_alone(station: Station) -> None:
    school(station)
    station.say(POISONED)
    publish(station, MENU, "p1")
    assert found(station) == []


def test_with_a_permit_for_these_words_the_hold_is_not_broken(station: Station) -> None:
    school(station)
    station.say(POISONED)
    number = ask(station, OTHER_WORDS)
    grant(station, number)
    publish(station, OTHER_WORDS, "p1")
    assert (permit_row(station, number).state, found(station)) == ("used", [])
    assert len(station.incidents()) == 1


def test_the_schools_own_account_and_what_was_said_before_the_hold_break_nothing(station: Station) -> None:
    school(station)
    before = station.office.now
    station.say(POISONED)
    publish(station, OTHER_WORDS, "m1", account="main")
    publish(station, OTHER_WORDS, "p0", at=before, fetched=station.office.now)
    assert [kind for kind, _, _ in found(station) if kind == "held"] == []


def test_what_was_published_while_it_was_held_is_found_also_where_it_is_read_after_the_end(station: Station) -> None:
    school(station, "NX")
    station.say(POISONED)
    during = station.office.now = station.office.now + timedelta(minutes=1)
    station.office.now += timedelta(minutes=20)
    (held,) = station.office.rows(holds)
    with station.office.store.write() as conn:
        hold.lift(conn, station.office.head, held.id, IN_LEAD, station.office.now, "检测合格")
    publish(station, OTHER_WORDS, "p2")
    assert found(station) == [], "after the end everybody may speak"
    publish(station, OTHER_WORDS, "p1", at=during, fetched=station.office.now)
    assert [kind for kind, _, _ in found(station)] == ["held"]


def test_what_was_published_during_a_hold_that_fell_with_a_false_alarm_is_nothing(station: Station) -> None:
    school(station)
    station.say(POISONED)
    (one,) = station.incidents()
    during = station.office.now = station.office.now + timedelta(minutes=1)
    station.office.now += timedelta(minutes=20)
    with station.office.store.write() as conn:
        handling.dismiss(conn, station.office.head, one.id, ON_DESK, station.office.now, FalseAlarm.JOKE)
    publish(station, OTHER_WORDS, "p1", at=during, fetched=station.office.now)
    assert [kind for kind, _, _ in found(station) if kind == "held"] == []


def during_a_hold(station: Station, code: str = "JY", text: str = TEXT) -> int:
    """A statement of the held incident, approved and not yet out."""
    school(station, code)
    station.say(POISONED)
    (one,) = station.incidents()
    station.office.now += timedelta(minutes=5)
    made = course.drafted(station.office, one.id, text=text)
    for item in load(code).voice.check:
        with station.office.store.write() as conn:
            statement.check(conn, made, IN_LEAD, station.office.now, item.key, passed=True)
    course.submitted(station.office, made)
    while waiting := [row for row in station.office.rows(approvals, statement_id=made) if row.decision is None]:
        course.decide(station.office, waiting[0], Actor(waiting[0].asked, "审批人", frozenset()))
    assert course.version(station.office, made).state == "approved"
    return made


def relay_of(station: Station, account: str) -> str:
    (row,) = station.office.rows(relays, account_id=account)
    return str(row.state)


@pytest.mark.parametrize("code", ["JY", "NX"])
def test_a_statement_that_a_unit_puts_out_before_the_school_is_found_also_where_it_is_read_later(
    station: Station, code: str
) -> None:
    made = during_a_hold(station, code)
    leak = station.office.now = station.office.now + timedelta(minutes=1)
    station.office.now += timedelta(minutes=30)
    course.put_out(station.office, made)
    publish(station, TEXT, "p1", at=leak, fetched=station.office.now)
    assert [kind for kind, _, _ in found(station)] == ["held"]
    assert relay_of(station, "canteen") == "waiting", "what stood there before is no relay"
    publish(station, f"转发学校通报：{TEXT}", "p2")
    assert (len(found(station)), relay_of(station, "canteen")) == (1, "done")


def test_who_passes_on_what_the_school_has_put_out_before_it_was_recorded_breaks_nothing(station: Station) -> None:
    made = during_a_hold(station)
    station.office.now += timedelta(minutes=1)
    publish(station, TEXT, "m1", account="main")
    station.office.now += timedelta(minutes=1)
    publish(station, TEXT, "p1")
    assert found(station) == []
    station.office.now += timedelta(minutes=10)
    course.put_out(station.office, made)
    assert relay_of(station, "canteen") == "done"


def test_what_a_unit_adds_to_the_schools_statement_is_judged_as_its_own_post(station: Station) -> None:
    course.put_out(station.office, during_a_hold(station))
    station.office.now += timedelta(minutes=5)
    publish(station, f"{TEXT}\n{OTHER_WORDS}。实际送医十五人，学校瞒报", "p1")
    assert found(station) == [("unauthorised", "canteen", "第十条")]
    assert relay_of(station, "canteen") == "waiting"
    headings = [row.heading for row in station.office.rows(entries)]
    assert "微博“青禾后勤” 转发口径时另加了内容，不计为转发，请核对" in headings
    publish(station, f"转发学校情况通报：{TEXT} 请以学校通报为准，不信谣、不传谣", "p2")
    assert (len(found(station)), relay_of(station, "canteen")) == (1, "done")


def test_a_release_cannot_be_dated_before_its_approval(station: Station) -> None:
    made = during_a_hold(station)
    approved = station.office.now
    station.office.now += timedelta(minutes=30)
    with pytest.raises(IllegalStep, match=r"发布时间早于审批.*未作任何更改。$"):
        course.put_out(station.office, made, posted_at=approved - timedelta(minutes=2))
    course.put_out(station.office, made, posted_at=approved.replace(second=0))
    assert course.version(station.office, made).state == "released"
