"""涉事单位: whose account it was is one thing, which unit the matter concerns a person says; both are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation import audit, concerned, people
from escalation.assigning import assign
from escalation.incident import Actor, entries, incidents
from escalation.incident.state import IllegalStep, State
from escalation.notice import notices
from escalation.people import Held, Person, Role
from escalation.record import package
from escalation.replay import replay
from tests.escalation.office import IN_LEAD, KEEPER, ON_DESK, UNIT, Office
from tests.stream.said import SCHOOL

OTHER = "学生宿舍管理中心"
WHY = "停水的是三号宿舍楼"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office.at(tmp_path)
    with made.store.write() as conn:
        warden = Person(SCHOOL, "warden", "吴楼长", "主任", OTHER, "warden@x.example", "139")
        people.enter(conn, [warden], [Held(Role.UNIT_LEADER, OTHER, "warden")])
    yield made
    made.store.close()


def correct(office: Office, unit: str = OTHER, why: str = WHY, by: Actor = ON_DESK) -> None:
    with office.store.write() as conn:
        concerned.correct(conn, 1, by, office.now, unit, why)


def test_both_units_stay_and_the_deed_stands_in_log_and_audit_with_its_reason(office: Office) -> None:
    office.open()
    row = office.one(1)
    assert (concerned.kind_of(row), concerned.unit_of(row)) == ("账号主办单位", UNIT)
    correct(office)
    row = office.one(1)
    assert (row.unit, row.concerned) == (UNIT, OTHER)
    assert (concerned.kind_of(row), concerned.unit_of(row)) == ("涉事单位", OTHER)
    (line,) = [one for one in office.rows(entries) if one.heading.startswith("涉事单位")]
    assert line.heading == f"涉事单位更正为“{OTHER}”（原为账号主办单位“{UNIT}”）"
    assert (line.text, line.actor) == (WHY, ON_DESK.name)
    (kept,) = office.rows(audit.audit_log, action="incident.concerned")
    assert kept.detail == {"before": "", "host": UNIT, "after": OTHER, "why": WHY}
    correct(office, UNIT, "核实后是后勤处", IN_LEAD)
    assert office.one(1).concerned == UNIT, "that it is the account's own unit can be said as well"
    assert office.headings()[-1] == f"涉事单位更正为“{UNIT}”（原为涉事单位“{OTHER}”）"


def test_it_tells_nobody_and_takes_nobody_off_and_handing_over_tells_the_leader(office: Office) -> None:
    office.open()
    before = office.rows(notices)
    correct(office)
    assert office.rows(notices) == before
    with office.store.write() as conn:
        assign(conn, office.head, 1, ON_DESK, office.now, OTHER, "请核实")
    assert office.told("assigned") == ["warden"]
    (told,) = office.rows(notices, addressee="warden")
    assert told.view["concerned"] == OTHER
    assert told.view["deadline_source"].startswith("签收时限"), "no article names whom a person chose"


def test_the_decision_is_rebuilt_as_it_was_and_the_correction_is_told_beside(office: Office) -> None:
    office.open()

    def again() -> tuple[tuple[str, ...], tuple[object, ...], tuple[str, ...]]:
        with office.store.read() as conn:
            found = replay(conn, SCHOOL, office.one(1).number, office.ground.pack, office.ground.versions)
        return found.faults, found.today, found.since

    faults, today, _ = again()
    correct(office)
    assert again()[:2] == (faults, today)
    assert faults == ()
    assert f"涉事单位由人工写明为“{OTHER}”（账号主办单位“{UNIT}”），不改变当时的决定" in again()[2]


@pytest.mark.parametrize(
    ("unit", "why", "by", "said"),
    [
        ("", WHY, ON_DESK, "请选择涉事单位。"),
        ("没有的处", WHY, ON_DESK, "名册中没有单位“没有的处”。"),
        (OTHER, "  ", ON_DESK, "更正涉事单位须写明理由。"),
        (OTHER, "长" * 301, ON_DESK, "“理由”至多 300 字"),
        (OTHER, WHY, KEEPER, "您的角色不能更正涉事单位"),
    ],
)
def test_what_is_missing_unknown_or_not_theirs_is_refused_and_changes_nothing(
    office: Office, unit: str, why: str, by: Actor, said: str
) -> None:
    office.open()
    before = len(office.rows(entries))
    with pytest.raises(IllegalStep, match=said) as refused:
        correct(office, unit, why, by)
    assert "未作任何更改" in str(refused.value)
    assert (office.one(1).concerned, len(office.rows(entries))) == (None, before)


def test_the_same_unit_twice_is_refused(office: Office) -> None:
    office.open()
    correct(office)
    with pytest.raises(IllegalStep, match=f"涉事单位已是“{OTHER}”，不必更正"):
        correct(office)


@pytest.mark.parametrize("state", sorted(State))
def test_after_the_end_it_is_corrected_until_the_record_is_sealed(office: Office, state: State) -> None:
    office.open()
    with office.store.write() as conn:
        conn.execute(incidents.update().values(state=state))
    if state in concerned.FINAL:
        with pytest.raises(IllegalStep, match="不能更正涉事单位。未作任何更改"):
            correct(office)
    else:
        correct(office)
    assert office.one(1).concerned == (None if state in concerned.FINAL else OTHER)


def test_the_record_holds_both_and_of_a_care_case_neither(office: Office) -> None:
    office.open()
    correct(office)
    with office.store.write() as conn:
        kept = package(conn, office.one(1))["incident"]
        assert (kept["unit"], kept["concerned"]) == (UNIT, OTHER)
        conn.execute(incidents.update().values(care=True))
    with office.store.read() as conn:
        whole = str(package(conn, office.one(1)))
    assert OTHER not in whole
    assert UNIT not in whole
