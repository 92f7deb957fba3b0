"""Who holds which office, who is on duty, and alerts that ring once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from escalation import alert, keeper, people
from escalation.incident import entries
from escalation.incident.state import IllegalStep
from escalation.notice import ways
from escalation.people import Role, shifts
from escalation.timer import timers
from tests.escalation.office import KEEPER, UNIT, Office
from tests.stream.said import SCHOOL, START


def shift(office: Office, who: str, start: float, end: float, *, leads: bool = False) -> None:
    with office.store.write() as conn:
        hours = {"starts_at": START + timedelta(hours=start), "ends_at": START + timedelta(hours=end)}
        conn.execute(shifts.insert().values(school=SCHOOL, person_id=who, leads=leads, **hours))


def desk(office: Office, at: datetime) -> list[str]:
    with office.store.read() as conn:
        return [one.id for one in people.desk(conn, SCHOOL, at)]


def test_the_desk_is_who_is_on_duty_else_the_monitors(office: Office) -> None:
    shift(office, "keeper", 0, 8)
    shift(office, "lead", 0, 8, leads=True)
    assert desk(office, START) == ["keeper"]
    assert desk(office, START + timedelta(hours=8)) == ["monitor"], "a shift ends at its last moment"
    assert desk(office, START - timedelta(seconds=1)) == ["monitor"]


def test_an_office_is_held_for_its_unit_and_its_account_only(office: Office) -> None:
    with office.store.read() as conn:
        found = [
            people.holders(conn, SCHOOL, Role.UNIT_LEADER, unit=UNIT),
            people.holders(conn, SCHOOL, Role.UNIT_LEADER, unit="教务处"),
            people.holders(conn, SCHOOL, Role.KEEPER, unit=UNIT, account_id="canteen"),
            people.holders(conn, SCHOOL, Role.KEEPER, unit=UNIT, account_id="other"),
            people.holders(conn, "LG", Role.PUBLICITY),
        ]
    assert [[one.id for one in held] for held in found] == [["leader"], [], ["keeper"], [], []]


def test_an_alert_rings_once_per_cause_and_again_after_it_was_mended(office: Office) -> None:
    with office.store.write() as conn:
        assert alert.ring(conn, SCHOOL, "channel:mail", "邮件不通", START)
        assert not alert.ring(conn, SCHOOL, "channel:mail", "邮件不通", START + timedelta(hours=1))
        alert.hush(conn, "LG", "channel:mail", START)
        assert [one.opened_at for one in alert.ringing(conn, SCHOOL)] == [START]
        alert.hush(conn, SCHOOL, "channel:mail", START)
        assert alert.ringing(conn, SCHOOL) == []
        assert alert.ring(conn, SCHOOL, "channel:mail", "邮件不通", START + timedelta(hours=2))


def test_what_the_keeper_reports_and_answers_is_written_down(office: Office) -> None:
    one = office.open()
    with office.store.write() as conn:
        keeper.report(conn, one, KEEPER, office.now, seen="三条评论", done="已截图", url="https://weibo.com/1")
        keeper.contact(conn, one, KEEPER, office.now, platform="微博", way="电话", asked="核实", ticket="T1")
        (row,) = conn.execute(keeper.contacts.select()).all()
        keeper.contact_answered(conn, row.id, KEEPER, office.now, "已受理")
        keeper.answer(conn, one, KEEPER, office.now, text="学校正在核实")
    for heading in ("上报", "与平台沟通：微博", "平台答复：微博", "对外回应"):
        assert [entry.actor for entry in office.rows(entries, heading=heading)] == ["谢晓"]
    assert office.one(one).state == "responded"
    assert "first_answer" not in {clock.name for clock in office.rows(timers, kind="duty", state="set")}


def test_an_address_that_is_no_web_address_is_refused_and_nothing_kept(office: Office) -> None:
    one = office.open()
    for url in ("javascript:alert(1)", "file:///etc/passwd"):
        with pytest.raises(IllegalStep, match="http"), office.store.write() as conn:
            keeper.report(conn, one, KEEPER, office.now, seen="看到", done="", url=url)
    assert office.rows(keeper.reports) == []


@pytest.mark.parametrize(
    ("contact", "channels", "reachable"),
    [
        ({"wecom": "luo"}, {"mail"}, False),
        ({"wecom": "luo"}, {"mail", "wecom_app"}, True),
        ({"email": "l@x.example"}, {"wecom_app"}, False),
        ({"email": "l@x.example"}, {"mail"}, True),
        ({"mobile": "138"}, set(), True),
        ({"mobile": "138", "active": False}, {"sms"}, False),
        ({}, {"mail", "wecom_app", "sms"}, False),
    ],
)
def test_reachable_is_who_has_a_telephone_or_a_contact_of_a_channel_that_is_set_up(
    contact: dict[str, Any], channels: set[str], reachable: bool
) -> None:
    luo = people.Person(SCHOOL, "luo", "罗广平", "", UNIT, **contact)
    assert luo.reachable_by(channels) is reachable
    assert luo.reachable_by(channels) or not luo.active or not ways.has_way(luo, channels)


def test_the_desk_passes_over_whom_no_channel_that_is_set_up_reaches(office: Office) -> None:
    with office.store.write() as conn:
        conn.execute(
            people.people.update().where(people.people.c.id == "monitor").values(email="", mobile="", wecom="m")
        )
    with office.store.read() as conn:
        assert [one.id for one in people.desk(conn, SCHOOL, START, {"wecom_app"})] == ["monitor"]
        assert [one.id for one in people.desk(conn, SCHOOL, START, {"mail"})] == ["publicity"]
