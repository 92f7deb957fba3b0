"""Who acts for an office while its holder is away, and what becomes of what waits for somebody who leaves."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from escalation import people, user
from escalation.duty import absence, departing, leave
from escalation.incident import Actor, incidents
from escalation.notice import notices
from escalation.people import Held, Person, Role
from escalation.procedure import load
from escalation.replay import replay
from escalation.state_table import IllegalStep
from tests.escalation.office import HELD, IN_LEAD, ON_DESK, UNIT, Office
from tests.stream.said import SCHOOL, START

ADMIN = Actor("admin", "周敏", frozenset({Role.ADMINISTRATOR}))
HOUR = timedelta(hours=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """The office with a deputy, who holds nothing."""
    made = Office.at(tmp_path, (*HELD, Held(Role.ADMINISTRATOR, "", "admin")))
    with made.store.write() as conn:
        people.enter(conn, [
            Person(SCHOOL, "deputy", "曹卫东", "", UNIT, "deputy@x.example", "139"),
            Person(SCHOOL, "admin", "周敏", "", UNIT, "admin@x.example", "137"),
        ], [])  # fmt: skip
    return made


def goes(
    office: Office,
    who: str,
    substitute: str = "",
    *,
    hours: float = 8,
    by: Actor = IN_LEAD,
    starts: datetime | None = None,
) -> int:
    begin = starts or office.now
    with office.store.write() as conn:
        return leave.enter(
            conn, SCHOOL, by, office.now, who, "leave", begin, begin + timedelta(hours=hours), substitute
        )


def effect(office: Office) -> int:
    return office.store.run(lambda conn: departing.take_effect(conn, office.head, office.now))


def test_the_substitute_is_told_instead_and_both_names_are_shown(office: Office) -> None:
    goes(office, "leader", "deputy")
    office.open()
    assert "leader" not in office.told("first")
    notice = office.notice("deputy")
    assert notice.role == Role.UNIT_LEADER
    assert notice.office == "单位领导，代罗广平"
    assert any("罗广平" in fact and "代理人代收" in fact for fact in notice.view["facts"])
    assert notice.basis, "the substitute is told by the same articles"


def test_when_the_leave_is_over_the_holder_is_told_again(office: Office) -> None:
    goes(office, "leader", "deputy", hours=8)
    office.now += 8 * HOUR
    office.open()
    assert "leader" in office.told("first")
    assert "deputy" not in office.told("first")


def test_a_substitute_who_is_away_is_stood_in_for_by_their_own(office: Office) -> None:
    goes(office, "deputy", "lead", starts=office.now + HOUR)
    with pytest.raises(IllegalStep, match="本人请假，不能作代理人"):
        goes(office, "leader", "deputy")
    goes(office, "leader", "deputy", hours=1)
    with office.store.write() as conn:
        conn.execute(update(absence.absences).values(ends_at=office.now + 9 * HOUR))
    office.now += 2 * HOUR
    office.open()
    assert office.notice("lead").office == "单位领导，代罗广平"


def test_without_a_substitute_the_absent_holder_is_told_and_it_is_said(office: Office) -> None:
    goes(office, "leader")
    office.open()
    notice = office.notice("leader")
    assert notice.office == "单位领导"
    assert "没有代理人，仍发本人" in notice.reason


def test_a_holder_of_lower_rank_acts_for_one_who_is_away_without_substitute(office: Office) -> None:
    with office.store.write() as conn:
        conn.execute(people.offices.insert().values(
            school=SCHOOL, role=Role.UNIT_LEADER, scope=UNIT, person_id="deputy", rank=1
        ))  # fmt: skip
    goes(office, "leader")
    office.open()
    assert "leader" not in office.told("first")
    assert office.notice("deputy").office == "单位领导"


def test_the_ladder_and_the_desk_know_who_is_away(office: Office) -> None:
    goes(office, "publicity", "deputy")
    goes(office, "monitor", "lead")
    with office.store.read() as conn:
        assert [one.id for one in people.desk(conn, SCHOOL, office.now)] == ["lead"]
    office.open(level=1)
    office.later(hours=3)
    silent = [row for row in office.rows(notices, kind="escalated") if row.role == Role.PUBLICITY]
    assert {row.addressee for row in silent} <= {"deputy"}


def test_being_away_excuses_nobody_where_everybody_of_the_desk_is_away(office: Office) -> None:
    for who in ("monitor", "publicity", "admin"):
        goes(office, who, by=ADMIN)
    with office.store.read() as conn:
        assert [one.id for one in people.desk(conn, SCHOOL, office.now)] == ["monitor"]


@pytest.mark.parametrize(
    ("who", "substitute", "starts", "hours", "by", "words"),
    [
        ("leader", "leader", 0, 8, IN_LEAD, "代理人不能是本人"),
        ("leader", "nobody", 0, 8, IN_LEAD, "名册中没有此人"),
        ("nobody", "", 0, 8, IN_LEAD, "名册中没有此人"),
        ("leader", "", 0, 0, IN_LEAD, "结束不晚于开始"),
        ("leader", "", -9, 8, IN_LEAD, "已经过去"),
        ("leader", "", 0, 24 * 500, IN_LEAD, "至多 400 天"),
        ("leader", "", 0, 8, ON_DESK, "由本人、系统管理员或宣传部登记"),
    ],
)
def test_an_absence_that_cannot_be_is_refused_and_nothing_kept(
    office: Office, who: str, substitute: str, starts: float, hours: float, by: Actor, words: str
) -> None:
    with pytest.raises(IllegalStep, match=f"{words}.*未作任何更改|未作任何更改.*"):
        goes(office, who, substitute, starts=office.now + starts * HOUR, hours=hours, by=by)
    assert office.rows(absence.absences) == []


def test_two_absences_of_one_person_do_not_overlap(office: Office) -> None:
    goes(office, "leader", "deputy")
    with pytest.raises(IllegalStep, match="已登记请假，与本次重叠"):
        goes(office, "leader", starts=office.now + HOUR)
    goes(office, "leader", starts=office.now + 8 * HOUR)


def test_back_from_leave_early_one_is_told_at_once(office: Office) -> None:
    number = goes(office, "leader", "deputy", by=Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER})))
    office.now += HOUR
    with office.store.write() as conn:
        leave.cancel(conn, SCHOOL, IN_LEAD, office.now, number)
    office.open()
    assert "leader" in office.told("first")
    with pytest.raises(IllegalStep, match="已经销假"), office.store.write() as conn:
        leave.cancel(conn, SCHOOL, IN_LEAD, office.now, number)


def test_what_waits_for_somebody_who_goes_on_leave_is_handed_to_the_substitute(office: Office) -> None:
    office.open()
    goes(office, "leader", "deputy", starts=office.now + HOUR)
    office.now += HOUR
    assert effect(office) == 1
    assert effect(office) == 0, "once"
    first = office.notice("leader")
    assert first.signed_at is None
    assert "罗广平请假，改由 曹卫东" in first.settled_why
    handed = office.notice("deputy", "handed_on")
    assert handed.needs_signature
    assert handed.office == "单位领导，代罗广平"
    assert handed.basis == first.basis, "by the same articles"
    assert "leader" not in office.running()
    assert "deputy" in office.running()


def departs(office: Office, who: str, at: datetime | None = None, by: Actor = IN_LEAD) -> None:
    with office.store.write() as conn:
        departing.enter(conn, SCHOOL, by, office.now, who, at or office.now)


def test_a_leader_who_left_in_the_middle_of_an_incident_is_replaced_and_nobody_waits_for_them(office: Office) -> None:
    one = office.open()
    with office.store.write() as conn:
        conn.execute(people.offices.insert().values(
            school=SCHOOL, role=Role.UNIT_LEADER, scope=UNIT, person_id="deputy", rank=1
        ))  # fmt: skip
        user.enrol(conn, SCHOOL, "luo", "leader", user.secret("harbour-flags-2026", "luo"), [Role.UNIT_LEADER], START)
    departs(office, "leader")
    assert effect(office) == 1
    assert office.notice("deputy", "handed_on").role == Role.UNIT_LEADER
    assert "离任" in office.notice("leader").settled_why
    assert "leader" not in office.running()
    with office.store.read() as conn:
        assert [one.id for one in people.holders(conn, SCHOOL, Role.UNIT_LEADER, unit=UNIT)] == ["deputy"]
    assert office.rows(user.users, person_id="leader")[0].roles == []
    assert any("罗广平离任，改由 曹卫东" in heading for heading in office.headings())
    assert office.one(one).state == "notified"


def test_a_leader_who_left_without_successor_leaves_their_notice_to_the_duty_desk(office: Office) -> None:
    office.open()
    departs(office, "leader")
    effect(office)
    handed = office.notice("monitor", "handed_on")
    assert "本应通知：单位领导 罗广平" in "".join(handed.view["facts"])
    assert "没有可联系的人员" in handed.reason


def test_a_departure_in_the_future_takes_effect_at_its_moment_through_notify(office: Office) -> None:
    office.open()
    departs(office, "leader", office.now + HOUR)
    office.work()
    with office.store.read() as conn:
        assert people.person(conn, SCHOOL, "leader").active  # type: ignore[union-attr]
    office.later(hours=1, minutes=1)
    with office.store.read() as conn:
        assert not people.person(conn, SCHOOL, "leader").active  # type: ignore[union-attr]
    assert office.rows(notices, kind="handed_on")


def test_nobody_enters_their_own_departure_and_no_monitor_anybodys(office: Office) -> None:
    for by, who, words in ((IN_LEAD, "publicity", "本人的离任"), (ON_DESK, "leader", "系统管理员或宣传部")):
        with pytest.raises(IllegalStep, match=words):
            departs(office, who, by=by)
    departs(office, "leader")
    with pytest.raises(IllegalStep, match="已经登记"):
        departs(office, "leader")


def test_a_roster_that_still_names_who_left_brings_nobody_back(office: Office) -> None:
    departs(office, "leader")
    effect(office)
    with office.store.write() as conn:
        people.enter(conn, [Person(SCHOOL, "leader", "罗广平", "", UNIT, "l@x.example")], [])
        departing.keep_out(conn, SCHOOL)
        assert not people.person(conn, SCHOOL, "leader").active  # type: ignore[union-attr]
        departing.take_back(conn, SCHOOL, IN_LEAD, office.now, "leader")
        assert people.person(conn, SCHOOL, "leader").active  # type: ignore[union-attr]


def test_the_replay_does_not_take_a_substitute_for_the_duty_desk(office: Office) -> None:
    goes(office, "leader", "deputy")
    office.open()
    number = office.rows(incidents)[0].number
    with office.store.read() as conn:
        found = replay(conn, SCHOOL, number, load("JY"), {"engine": "said"})
        assert not [one for one in found.today if "的人员" in one.what]
    with office.store.write() as conn:
        conn.execute(people.offices.delete().where(people.offices.c.role == Role.UNIT_LEADER))
    with office.store.read() as conn:
        (gone,) = [
            one for one in replay(conn, SCHOOL, number, load("JY"), {"engine": "said"}).today if "的人员" in one.what
        ]
    assert gone.then == "曹卫东（代理）"
