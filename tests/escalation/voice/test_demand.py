"""The hold that a level demands, where a person raised the matter, opened it again or gave it today's procedure."""

from __future__ import annotations

import pytest

from escalation import handling, level, renewal
from escalation.handling import FalseAlarm
from escalation.notice import notices
from escalation.procedure import Pack
from escalation.voice import hold
from escalation.voice.hold import current, holds
from escalation.voice.naming import names
from escalation.voice.subject import Subject, read
from stream.kept import keep, keep_assessment
from tests.escalation.office import IN_LEAD, ON_DESK, Office
from tests.stream.said import POISONED, a_post, assessed

PLACE = "canteen|place|2食堂"
KEYS = ("canteen|thread|weibo:t1", PLACE)


def said(office: Office) -> Subject:
    """The subject of the newest hold."""
    with office.store.read() as conn:
        return read(current(conn, office.rows(holds)[-1].id).subject)


def changed(office: Office, incident_id: int, to: int) -> None:
    with office.store.write() as conn:
        level.change(conn, office.head, incident_id, IN_LEAD, office.now, to, "据最新核实情况")


def dismissed(office: Office, incident_id: int) -> None:
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, incident_id, ON_DESK, office.now, FalseAlarm.JOKE)


def opened_again(office: Office, incident_id: int) -> None:
    with office.store.write() as conn:
        handling.reopen(conn, office.head, incident_id, IN_LEAD, office.now, "是真的")


def test_raised_by_a_person_to_a_level_that_holds_every_keeper_is_told_once(office: Office) -> None:
    with office.store.write() as conn:
        post = a_post(POISONED, at=office.now)
        keep(conn, post)
        keep_assessment(conn, assessed(post), 60, [], office.now)
    one = office.open(level=3, keys=KEYS)
    changed(office, one, 2)
    (held,) = office.rows(holds)
    assert (held.state, held.level) == ("standing", 2)
    subject = said(office)
    assert (subject.themes, subject.places, subject.threads) == (("canteen",), ("2食堂",), ("weibo:t1",))
    assert subject.cues == names("canteen", ["FD-01", "FD-07"]), "what the rule calls it, not what the comment said"
    assert sorted(office.told("hold")) == ["keeper", "leader", "monitor"]
    changed(office, one, 3)
    changed(office, one, 1)
    assert len(office.rows(holds)) == 1


def test_lowered_or_raised_to_a_level_that_holds_nothing_begins_no_hold(office: Office) -> None:
    one = office.open(level=4)
    changed(office, one, 3)
    changed(office, one, 4)
    assert office.rows(holds) == []


def test_a_hold_that_fell_with_a_false_alarm_begins_anew_when_it_was_none(office: Office) -> None:
    one = office.open(level=2, keys=KEYS)
    dismissed(office, one)
    assert [row.state for row in office.rows(holds)] == ["fallen"]
    opened_again(office, one)
    assert [row.state for row in office.rows(holds)] == ["fallen", "standing"]
    assert said(office).places == ("2食堂",)
    assert len([row for row in office.rows(notices, kind="hold") if row.step == "hold:2:1"]) == 3


def test_a_hold_that_a_person_lifted_does_not_come_back_by_reopening(office: Office) -> None:
    one = office.open(level=2)
    with office.store.write() as conn:
        hold.lift(conn, office.head, 1, IN_LEAD, office.now, "检测合格")
    dismissed(office, one)
    opened_again(office, one)
    changed(office, one, 1)
    assert [row.state for row in office.rows(holds)] == ["lifted"]


def holding_from_three(pack: Pack) -> Pack:
    """The pack of tomorrow: level Ⅲ holds as well."""
    levels = tuple(one.model_copy(update={"hold": True}) if one.number == 3 else one for one in pack.level)
    return pack.model_copy(update={"level": levels, "version": "f" * 64})


@pytest.mark.parametrize(("grade", "stands"), [(3, 1), (4, 0)])
def test_the_procedure_of_today_begins_the_hold_that_it_demands(office: Office, grade: int, stands: int) -> None:
    one = office.open(level=grade)
    today = holding_from_three(office.ground.pack)
    with office.store.write() as conn:
        renewal.renew(conn, office.head, one, IN_LEAD, office.now, today, {}, "新办法施行")
    assert len(office.rows(holds, state="standing")) == stands


def test_a_cry_for_help_that_a_person_raises_begins_no_hold(office: Office) -> None:
    one = office.open(level=3, care=True, theme="self_harm", keys=("self_harm|thread|weibo:t2",))
    changed(office, one, 1)
    assert office.rows(holds) == []
    assert "求助事件不自动暂停发声" in office.headings()
