"""An incident opened under the TF, NX and three-level packs tells whom the pack names, then climbs the ladder."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation.incident import incidents
from escalation.notice import notices
from escalation.notice.addressee import address
from escalation.opening import Ground
from escalation.people import Held
from escalation.procedure import Trigger, load
from tests.escalation.office import HELD, UNIT, Office
from tests.stream.said import SCHOOL


def office(folder: Path, code: str) -> Office:
    held = (*HELD, Held("opinion_office", "", "lead"), Held("united_front", "", "lead"))
    opened = Office.at(folder, held)
    opened.ground = Ground(load(code), opened.head, {"engine": "said"})
    return opened


OPINION = ("学院网络舆情工作组办公室(学生事务部网络管理处)", "第十六条")
FIRST = {
    "TF": ({OPINION}, {"opinion_office", "keeper", "robot"}),
    "NX": ({("党委宣传部", "第十八条")}, {"publicity", "keeper", "robot"}),
    "neutral3": (set(), {"keeper", "unit_leader", "publicity", "robot"}),
}


@pytest.mark.parametrize("code", FIRST)
@pytest.mark.parametrize("level", [3, 4])
def test_a_damaging_comment_tells_whom_the_pack_names_and_then_climbs(tmp_path: Path, code: str, level: int) -> None:
    named, first = FIRST[code]
    here = office(tmp_path, code)
    one = here.open(level=level)
    (row,) = here.rows(incidents, id=one)
    grounds = [ground for told in row.frozen["recipients"] for ground in told["grounds"]]
    assert {(ground["office"], ground["cited"]) for ground in grounds if ground["source"] == "rule"} == named
    assert {notice.role for notice in here.rows(notices)} == first
    here.later(hours=40)
    assert "school_leader" in {notice.role for notice in here.rows(notices)}
    here.store.close()


def test_a_crisis_at_ningxia_tells_one_person_once_where_both_departments_are_confirmed_as_one(tmp_path: Path) -> None:
    here = Office.at(tmp_path)
    pack = load("NX").merged(["united_front"])
    answer = pack.who([Trigger.DAMAGING_COMMENT, Trigger.CRISIS_OR_NEGATIVE_OPINION], 1)
    with here.store.read() as conn:
        told = address(conn, SCHOOL, answer.recipients, unit=UNIT, account_id="canteen", trial=False, now=here.now)
    assert sorted(one.person.id for one in told.addressees) == ["keeper", "leader", "publicity"]
    assert [one.basis for one in told.addressees if one.person.id == "publicity"] == ["第十八条、第十一条"]
    here.store.close()
