"""Replay of a decision: rebuilt from what was frozen, and every way in which today would differ is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, update

from escalation import trial
from escalation.incident import incidents
from escalation.people import offices, people
from escalation.procedure import Pack, load
from escalation.replay import NOBODY, NotRebuilt, Replay, replay
from tests.escalation.office import FOUR, Office
from tests.stream.said import SCHOOL

JY = load("JY")
VERSIONS = {"engine": "said"}


def played(office: Office, number: str = "", pack: Pack = JY, versions: dict[str, Any] | None = None) -> Replay:
    number = number or office.rows(incidents)[0].number
    with office.store.read() as conn:
        return replay(conn, SCHOOL, number, pack, VERSIONS if versions is None else versions)


def differences(found: Replay) -> dict[str, tuple[str, str]]:
    return {one.what: (one.then, one.now) for one in found.today}


def test_a_decision_is_rebuilt_as_it_was_frozen_and_nothing_differs_on_the_same_day(office: Office) -> None:
    office.open()
    found = played(office)
    assert {line.person for line in found.lines} == {"谢晓", "罗广平", "何岚", "沈澄"}
    assert len(FOUR) == len(found.lines)
    basis = {line.person: line.basis for line in found.lines}
    assert "第十三条" in basis["沈澄"]
    assert "第十四条" in basis["罗广平"]
    assert found.deadline == "及时（第十三条、第十四条）"
    assert found.faults == ()
    assert found.today == ()
    assert found.since == ()


def test_a_replay_writes_nothing_and_tells_nobody(office: Office) -> None:
    incident_id = office.open()
    office.work()
    sent, before = len(office.mail.sent), office.one(incident_id)
    played(office)
    office.work()
    assert office.one(incident_id) == before
    assert len(office.mail.sent) == sent


def test_another_pack_of_today_is_named_with_offices_and_articles(office: Office) -> None:
    office.open()
    found = differences(played(office, pack=load("neutral")))
    assert found["规程包"] == (JY.label, load("neutral").label)
    assert found["期限"][0] == "及时（第十三条、第十四条）"
    assert any("依据" in what or what.startswith("“") for what in found)
    assert played(office, pack=load("neutral")).faults == (), "what was frozen is rebuilt by what was frozen"


def test_an_office_that_changed_hands_or_is_empty_is_named(office: Office) -> None:
    office.open()
    with office.store.write() as conn:
        conn.execute(update(offices).where(offices.c.role == "publicity").values(person_id="lead"))
        conn.execute(update(people).where(people.c.id == "leader").values(active=False))
    found = differences(played(office))
    changed = {(then, now) for what, (then, now) in found.items() if what.endswith("的人员")}
    assert changed == {("何岚", "梁致远"), ("罗广平", NOBODY)}


def test_an_office_that_was_empty_then_and_is_held_today_is_named(office: Office) -> None:
    with office.store.write() as conn:
        conn.execute(delete(offices).where(offices.c.role == "school_leader"))
    office.open()
    with office.store.write() as conn:
        conn.execute(offices.insert().values(school=SCHOOL, role="school_leader", scope="", person_id="school", rank=0))
    ((what, (then, now)),) = differences(played(office)).items()
    assert "主管校领导" in what
    assert (then, now) == ("陈屿（值班台代收）", "沈澄")


def test_another_edition_of_the_rules_is_named(office: Office) -> None:
    office.ground = replace(office.ground, versions={"engine": "said", "rules": "aaaa", "program": "0.1.0"})
    office.open()
    found = differences(played(office, versions={"engine": "said", "rules": "bbbb", "program": "0.1.0"}))
    assert found == {"研判规则版本": ("aaaa", "bbbb")}


def test_what_the_incident_became_is_told_apart_from_how_it_was_decided(office: Office) -> None:
    incident_id = office.open(level=3)
    office.add(incident_id, level=1, grave=True)
    found = played(office)
    assert found.level == 3
    assert found.faults == ()
    assert found.since[0] == "级别由 Ⅲ级改为 Ⅰ级"
    assert found.since[1].startswith("按所存规程现应通知：")


def test_a_record_that_was_changed_afterwards_is_said_to_disagree(office: Office) -> None:
    incident_id = office.open()
    frozen = dict(office.one(incident_id).frozen)
    frozen["recipients"] = [one for one in frozen["recipients"] if one["person"] != "school"]
    with office.store.write() as conn:
        conn.execute(update(incidents).values(frozen=frozen))
    assert any("主管校领导" in one for one in played(office).faults)


def test_an_unknown_number_and_an_unreadable_procedure_are_sentences(office: Office) -> None:
    with pytest.raises(NotRebuilt, match="没有事件 FX-1"):
        played(office, "FX-1")
    incident_id = office.open()
    frozen = office.one(incident_id).frozen | {"pack": {"format": 99}}
    with office.store.write() as conn:
        conn.execute(update(incidents).values(frozen=frozen))
    with pytest.raises(NotRebuilt, match="规程读不了"):
        played(office)


def test_on_trial_the_decision_is_the_same_and_the_desk_is_named_as_who_was_told(office: Office) -> None:
    with office.store.write() as conn:
        trial.begin(conn, SCHOOL, office.now)
    office.open()
    found = played(office)
    assert found.trial
    assert found.faults == ()
    assert {line.person for line in found.lines} == {"陈屿"}
    assert {then for then, _ in differences(found).values()} == {"陈屿（值班台代收）"}
