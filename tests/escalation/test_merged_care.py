"""Two cries for help that turn out to be one: who can help hears of the level that the merging raised."""

from __future__ import annotations

from datetime import timedelta

from escalation import merging, people
from escalation.notice import notices
from escalation.people import Held, Person, Role
from tests.escalation.office import IN_LEAD, Office
from tests.stream.said import SCHOOL


def helper(office: Office, *, active: bool) -> None:
    one = Person(SCHOOL, "care", "关老师", "", "学工处", "care@x.example", "139", active=active)
    with office.store.write() as conn:
        people.enter(conn, [one], [Held(Role.CARE, "", "care")])


def test_who_can_help_hears_of_the_level_that_a_merging_raised(office: Office) -> None:
    helper(office, active=True)
    one = office.open(care=True, theme="self_harm", keys=("self_harm|thread|a",), level=3, title="A")
    helper(office, active=False)
    other = office.open(
        care=True, theme="self_harm", keys=("self_harm|thread|b",), level=1, title="B", member_ids=("weibo:2",)
    )
    helper(office, active=True)
    office.now += timedelta(minutes=2)
    with office.store.write() as conn:
        merging.merge(conn, office.head, other, office.one(one).number, IN_LEAD, office.now, "同一人")
    assert office.one(one).level == 1
    assert [row.kind for row in office.rows(notices, addressee="care")] == ["first", "raised"]
