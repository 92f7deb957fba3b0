"""Articles name offices; persons are told: once each, with every article, and never nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation import people
from escalation.notice.addressee import Round, address
from escalation.people import Held, Person, Role
from escalation.procedure import Trigger, load
from tests.escalation.office import FOUR, HELD, UNIT, Office
from tests.stream.said import SCHOOL


def told(office: Office, *, trial: bool = False, level: int = 2) -> Round:
    answer = load("JY").who((Trigger.DAMAGING_COMMENT,), level)
    with office.store.read() as conn:
        return address(
            conn, SCHOOL, answer.recipients, unit=UNIT, account_id="canteen", trial=trial, now=office.now
        )  # fmt: skip


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_no_level_takes_away_whom_an_article_names(office: Office, level: int) -> None:
    assert {one.person.id for one in told(office, level=level).addressees} == FOUR


def test_who_holds_two_offices_is_told_once_with_both_articles(tmp_path: Path) -> None:
    held = [h for h in HELD if h.person_id != "leader"] + [Held(Role.UNIT_LEADER, UNIT, "school")]
    office = Office.at(tmp_path, held)
    (both,) = [one for one in told(office).addressees if one.person.id == "school"]
    assert both.offices == ("主管校领导", "单位领导")
    assert both.basis == "第十三条；第十四条"
    office.open()
    assert sorted(office.told("first")) == ["keeper", "publicity", "school"]
    office.store.close()


def test_the_first_reachable_holder_is_told_and_who_left_is_not(tmp_path: Path) -> None:
    held = [*HELD, Held(Role.UNIT_LEADER, UNIT, "lead", 1)]
    office = Office.at(tmp_path, held, leader={"email": "", "mobile": ""})
    assert "lead" in {one.person.id for one in told(office).addressees}
    with office.store.write() as conn:
        people.enter(conn, [Person(SCHOOL, "lead", "梁致远", "", UNIT, "l@x.example", active=False)], [])
    assert told(office).vacant == ("单位领导",)
    office.store.close()


def test_a_stand_in_without_any_contact_is_passed_over(tmp_path: Path) -> None:
    held = [h for h in HELD if h.person_id != "school"]
    office = Office.at(tmp_path, held, monitor={"email": "", "mobile": ""})
    assert {one.person.id for one in told(office).addressees} == FOUR - {"school"}
    (publicity,) = [one for one in told(office).addressees if one.person.id == "publicity"]
    assert publicity.acts_for == "主管校领导"
    office.store.close()


def test_on_trial_one_desk_stands_in_for_all(office: Office) -> None:
    (desk,) = told(office, trial=True).addressees
    assert (desk.person.id, desk.offices) == ("monitor", ("值班台",))
    assert {"主管校领导", "单位领导"} <= set(desk.acts_for.split("、"))


def test_somebody_with_a_telephone_only_is_telephoned_at_once(tmp_path: Path) -> None:
    office = Office.at(tmp_path, leader={"email": ""})
    office.open()
    assert office.phoned() == ["leader"]
    office.store.close()


def test_a_contact_of_a_channel_that_is_not_set_up_makes_nobody_reachable(tmp_path: Path) -> None:
    office = Office.at(tmp_path, [*HELD, Held(Role.UNIT_LEADER, UNIT, "lead", 1)], leader={"email": "", "mobile": ""})
    with office.store.write() as conn:
        conn.execute(people.people.update().where(people.people.c.id == "leader").values(wecom="luo"))
    answer = load("JY").who((Trigger.DAMAGING_COMMENT,), 2)
    with office.store.read() as conn:
        for channels, who in (({"mail"}, "lead"), ({"mail", "wecom_app"}, "leader")):
            found = address(
                conn, SCHOOL, answer.recipients, unit=UNIT, account_id="canteen", trial=False, now=office.now,
                channels=channels,
            )  # fmt: skip
            assert who in {one.person.id for one in found.addressees if "单位领导" in one.offices}
    office.store.close()
