"""发布核对: the machine points, a person says what it was; nothing follows by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation import audit, breach
from escalation.breach import breaches
from escalation.incident import Actor, entries
from escalation.people import Role
from escalation.state_table import IllegalStep
from tests.escalation.papers import DEPUTY, FIRE, KEEPER, LEADER, PUBLICITY, STRANGER, act, publish, school
from tests.escalation.station import Station, open_station
from tests.stream.said import SCHOOL


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        school(made)
        publish(made, FIRE, "p1")
        yield made


def number_of(station: Station) -> str:
    (row,) = station.office.rows(breaches)
    return str(row.number)


def explain(station: Station, who: Actor, text: str = "分管领导口头同意，未办授权") -> None:
    office = station.office
    act(station, lambda c: breach.explain(c, SCHOOL, number_of(station), who, office.now, text))


def decide(station: Station, who: Actor, *, confirm: bool = True, why: str = "确未授权") -> None:
    office = station.office
    number = number_of(station)
    act(station, lambda c: breach.decide(c, SCHOOL, number, who, office.now, confirm=confirm, why=why))


def test_the_unit_explains_and_the_publicity_office_decides_with_a_reason(station: Station) -> None:
    explain(station, KEEPER)
    with pytest.raises(IllegalStep, match="认定理由"):
        decide(station, PUBLICITY, why="")
    decide(station, PUBLICITY, confirm=False, why="内容为学校统一口径，免予认定")
    (row,) = station.office.rows(breaches)
    assert (row.state, row.explained_by, row.decided_by) == ("dismissed", "keeper", "publicity")
    kept = [one.action for one in station.office.rows(audit.audit_log) if one.object == row.number]
    assert kept == ["breach.explain", "breach.dismiss"]
    (incident,) = station.incidents()
    assert incident.state == "notified", "the incident is closed by a person, not by this"


def test_who_is_neither_of_the_unit_nor_of_the_office_can_do_nothing(station: Station) -> None:
    other = Actor("lead", "梁致远", frozenset({Role.UNIT_LEADER}))
    for who in (STRANGER, other, PUBLICITY):
        with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
            explain(station, who)
    for who in (STRANGER, KEEPER, LEADER):
        with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
            decide(station, who)
    (row,) = station.office.rows(breaches)
    assert row.state == "found"


def test_two_who_decide_at_once_get_one_verdict_and_one_refusal(station: Station) -> None:
    decide(station, PUBLICITY)
    before = station.office.rows(entries)
    with pytest.raises(IllegalStep, match=r"“认定属实”.*重新核对。未作任何更改。$"):
        decide(station, DEPUTY, confirm=False)
    assert station.office.rows(entries) == before


def test_a_verdict_may_be_looked_at_again_and_the_former_one_stays_in_the_course(station: Station) -> None:
    decide(station, PUBLICITY)
    office = station.office
    number = number_of(station)
    act(station, lambda c: breach.reconsider(c, SCHOOL, number, DEPUTY, office.now, "单位补交了授权"))
    decide(station, DEPUTY, confirm=False, why="授权属实")
    headings = [row.heading for row in office.rows(entries) if number in row.heading]
    assert headings == [
        f"擅自发声：没有授权，核对单 {number}", f"核对单 {number}：认定属实", f"核对单 {number}：重新核对",
        f"核对单 {number}：认定不属",
    ]  # fmt: skip


def test_an_open_finding_holds_up_closing_until_somebody_decided(station: Station) -> None:
    (incident,) = station.incidents()
    with station.office.store.read() as conn:
        assert breach.open_of(conn, incident.id) == [f"核对单 {number_of(station)}（擅自发声：没有授权）还没有认定"]
    decide(station, PUBLICITY)
    with station.office.store.read() as conn:
        assert breach.open_of(conn, incident.id) == []


def test_the_same_post_read_again_is_one_finding(station: Station) -> None:
    publish(station, FIRE, "p1")
    station.listen()
    publish(station, FIRE + "！", "p1")
    assert len(station.office.rows(breaches)) == 1, "an edit while it is open is the same finding"
