"""情形: a person says what a line or an open incident is, and whom its articles name is told then, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation import audit, by_hand, circumstance, people, replay
from escalation.by_hand import Wish
from escalation.notice import notices
from escalation.opening import Ground
from escalation.people import Held, Person
from escalation.procedure import Trigger, load
from escalation.state_table import IllegalStep
from escalation.task import tasks
from stream.post import Kind
from tests.escalation.office import IN_LEAD, KEEPER, ON_DESK, Office
from tests.escalation.papers import act
from tests.escalation.station import Station, open_station
from tests.stream.said import PLAIN, POISONED, SCHOOL

LEADERS = Person(SCHOOL, "chief", "郑重", "", "学校", "chief@x.example", "136")


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        with made.office.store.write() as conn:
            people.enter(conn, [LEADERS], [Held("related_leaders", "", "chief")])
        yield made


def told(station: Station) -> dict[str, str]:
    rows = [row for row in station.office.rows(notices) if not row.step.startswith("hold:")]
    return {row.addressee: row.basis for row in rows if row.addressee != "robot"}


def add(station: Station, *found: Trigger, why: str = "经核实确有其事") -> int:
    office = station.office
    (one,) = station.incidents()
    return int(act(station, lambda c: circumstance.add(c, office.head, one.id, found, ON_DESK, office.now, why)))


def test_a_sudden_event_that_a_person_confirms_tells_whom_its_article_names_and_nobody_again(station: Station) -> None:
    station.say(POISONED)
    before = told(station)
    assert "chief" not in before
    assert add(station, Trigger.SUDDEN_EVENT) == 1
    assert told(station) == before | {"chief": "第十五条"}
    (one,) = station.incidents()
    assert one.triggers[-1] == Trigger.SUDDEN_EVENT
    assert "统一发声" in "".join(duty["what"] + duty["quote"] for duty in one.frozen["duties"])
    assert station.office.rows(audit.audit_log)[-1].action == "incident.circumstance"


def test_nothing_new_no_reason_or_the_wrong_person_changes_nothing(station: Station) -> None:
    station.say(POISONED)
    (one,) = station.incidents()
    office = station.office
    for found, why in (((Trigger.DAMAGING_COMMENT,), "理由"), ((Trigger.SUDDEN_EVENT,), " "), ((), "理由")):
        with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
            add(station, *found, why=why)
    with pytest.raises(IllegalStep, match="不能补充情形"):
        act(
            station,
            lambda c: circumstance.add(
                c, office.head, one.id, (Trigger.SUDDEN_EVENT,), KEEPER, office.now, "理由"
            ),
        )  # fmt: skip
    assert station.incidents() == [one]
    with pytest.raises(IllegalStep, match="不是这里可选的情形"):
        circumstance.read(["monitoring"], tuple(circumstance.WORDS))


@pytest.mark.parametrize("named", [one for one in circumstance.WORDS if "account" not in one or "own" in one])
def test_what_a_person_opens_is_told_exactly_as_the_pack_answers_for_that_circumstance(
    station: Station, named: Trigger
) -> None:
    own = named not in circumstance.choices(station.office.post())
    post = station.say(PLAIN, negative=False, by_school=own, kind=Kind.POST if own else Kind.COMMENT)
    office = station.office
    wish = Wish(3, "图书馆：一件事", "值班员认定", (named,))
    act(station, lambda c: by_hand.open_by_hand(c, office.ground, post.id, wish, ON_DESK, office.now, SCHOOL))
    answer = load("JY").who((named,), 3)
    person = {
        "school_leader": "school", "publicity": "publicity", "unit_leader": "leader", "keeper": "keeper",
        "related_leaders": "chief",
    }  # fmt: skip
    assert told(station) == {person[one.role]: one.basis for one in answer.recipients}


@pytest.mark.parametrize("named", [Trigger.ACCOUNT_RENAMED, Trigger.ACCOUNT_UNVERIFIED, Trigger.ACCOUNT_GONE])
def test_what_patrolling_people_see_of_an_account_is_opened_from_their_lead(station: Station, named: Trigger) -> None:
    """No crawler reads an account's name or badge: a person types in what they saw, and says what it is."""
    post = station.say("巡查发现该账号名称已变", negative=False, kind=Kind.LEAD, post_id="lead:at:1")
    office = station.office
    wish = Wish(3, "青禾后勤：账号有变", "值班员巡查发现", (named,))
    act(station, lambda c: by_hand.open_by_hand(c, office.ground, post.id, wish, ON_DESK, office.now, SCHOOL))
    answer = load("JY").who((named,), 3)
    assert set(told(station)) == {"keeper", "publicity"}
    assert {one.role for one in answer.recipients} == {"keeper", "publicity"}
    (one,) = station.incidents()
    assert one.triggers == [named]


def test_a_comment_cannot_be_called_the_accounts_own_post(station: Station) -> None:
    post = station.say(PLAIN, negative=False)
    office = station.office
    wish = Wish(3, "图书馆：一件事", "值班员认定", (Trigger.UNAUTHORISED_PUBLICATION,))
    with pytest.raises(IllegalStep, match="不是这里可选的情形"):
        act(station, lambda c: by_hand.open_by_hand(c, office.ground, post.id, wish, ON_DESK, office.now, SCHOOL))
    assert station.incidents() == []


def test_what_a_circumstance_demands_is_asked_as_at_an_opening_and_the_replay_accuses_nobody(tmp_path: Path) -> None:
    """NX 18: an own post that a person calls improper is corrected or removed, whenever that is said."""
    first, second = Trigger.UNAUTHORISED_PUBLICATION, Trigger.INAPPROPRIATE_POST
    office = Office.at(tmp_path)
    office.ground = Ground(load("NX"), office.head, {"engine": "said"})
    one = office.open(office.post(by_school=True, kind="post"), theme="unauthorised_post", named=(first,))
    assert not office.rows(tasks, kind="correction")
    with office.store.write() as conn:
        circumstance.add(conn, office.head, one, [second], IN_LEAD, office.now, "内容不当")
    (asked,) = office.rows(tasks, kind="correction")
    assert "第十八条" in asked.article
    with office.store.read() as conn:
        found = replay.replay(conn, SCHOOL, office.one(one).number, office.ground.pack, office.ground.versions)
    assert found.faults == ()
    office.store.close()
