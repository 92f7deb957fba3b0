"""On trial nobody but the duty desk is told, whatever the notice is about and whoever caused it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from escalation import assigning, people, recall, trial
from escalation.bulletin import BulletinKind, write
from escalation.deed import incident_of
from escalation.incident import Actor
from escalation.measure import deciding, proposing
from escalation.notice import ERRANDS, NoticeKind, deliveries, notices
from escalation.notice.addressee import TRIAL_REASON, Addressee
from escalation.notice.errand import Errand
from escalation.notice.issue import issue, issue_group
from escalation.people import Role
from escalation.voice import release
from stream import account
from tests.escalation.office import IN_LEAD, ON_DESK, STAFF, UNIT, Office
from tests.escalation.voice import course
from tests.escalation.voice.conftest import ACCOUNTS
from tests.stream.said import SCHOOL

HEAD = Actor("school", "沈澄", frozenset({Role.SCHOOL_LEADER}))


def on_trial(office: Office) -> int:
    """An incident of a school on trial, with registered accounts; its opening is done."""
    with office.store.write() as conn:
        account.enter(conn, ACCOUNTS)
        trial.begin(conn, SCHOOL, office.now)
    made = office.open()
    office.work()
    return made


def do(office: Office, act: Callable[[Connection], Any]) -> Any:
    with office.store.write() as conn:
        return act(conn)


def everybody(office: Office) -> list[Addressee]:
    with office.store.read() as conn:
        found = [people.person(conn, SCHOOL, one) for one in STAFF]
    return [Addressee(one, Role.PUBLICITY, ("宣传部",), (), "", "") for one in found if one is not None]


def heard(office: Office) -> set[str]:
    return {row.addressee for row in office.rows(notices)}


def mailed(office: Office) -> set[str]:
    return {row.address for row in office.rows(deliveries)}


@pytest.mark.parametrize("kind", [one for one in NoticeKind if one is not NoticeKind.LETTER])
def test_a_notice_of_any_kind_goes_to_the_desk_instead(office: Office, kind: NoticeKind) -> None:
    one, whom = on_trial(office), everybody(office)
    errand = Errand("请办理", ("有一件事",), ("请办",), "办理") if kind in ERRANDS else None
    original = office.notice("monitor").id if kind in (NoticeKind.REMINDER, NoticeKind.DISMISSED) else None
    made = do(office, lambda conn: issue(
        conn, office.head, office.one(one), whom, kind, "once", office.now, errand=errand, original=original
    ))  # fmt: skip
    assert [row.addressee for row in office.rows(notices) if row.id in made] == ["monitor"]
    assert mailed(office) == {"monitor@x.example"}


def test_the_desk_reads_why_it_is_told_and_for_whom(office: Office) -> None:
    one = on_trial(office)
    errand = Errand("请确认知悉", ("暂停发声",), ("请确认",), "确认知悉")
    whom = [each for each in everybody(office) if each.person.id == "school"]
    made = do(office, lambda conn: issue(
        conn, office.head, office.one(one), whom, NoticeKind.HOLD, "once", office.now, errand=errand
    ))  # fmt: skip
    (row,) = office.rows(notices, id=made[0])
    assert (row.office, row.reason) == ("值班台", TRIAL_REASON)
    assert TRIAL_REASON in row.view["facts"]


def test_no_group_is_told_of_an_incident_on_trial(office: Office) -> None:
    one = on_trial(office)
    do(office, lambda conn: issue_group(conn, office.head, office.one(one), (), NoticeKind.RAISED, "g", office.now))
    assert heard(office) == {"monitor"}


def test_whoever_was_told_at_the_desk_is_reminded_there_after_the_shift(office: Office) -> None:
    one = on_trial(office)
    shift = {"school": SCHOOL, "person_id": "lead", "starts_at": office.now, "leads": False}
    do(office, lambda conn: conn.execute(insert(people.shifts).values(ends_at=office.now.replace(year=2027), **shift)))
    first = office.notice("monitor")
    whom = [each for each in everybody(office) if each.person.id in ("monitor", "keeper")]
    do(office, lambda conn: issue(
        conn, office.head, office.one(one), whom, NoticeKind.REMINDER, f"remind:{first.id}", office.now,
        original=first.id,
    ))  # fmt: skip
    assert sorted(office.told("reminder")) == ["lead", "monitor"]


def test_a_whole_course_on_trial_reaches_nobody_but_the_desk(office: Office) -> None:
    one = on_trial(office)
    office.later(hours=3)  # the hold lapses, tasks and signatures too
    do(office, lambda conn: write.write(
        conn, office.head, one, IN_LEAD, office.now, write.Draft(BulletinKind.FIRST, "事实", "处置", "下一步", 0), []
    ))  # fmt: skip
    returned = course.checked(office, course.drafted(office, one))
    step = course.submitted(office, returned)
    office.later(hours=2)  # the approval lapses
    course.decide(office, step, approve=False, comment="请补充")
    first = course.released(office, one, text="学校已接诊、停餐、送检。")
    office.later(hours=5)  # the relays lapse
    do(office, lambda conn: release.withdraw(conn, office.head, first, IN_LEAD, office.now, "有误", again=False))
    do(office, lambda conn: assigning.assign(conn, office.head, one, ON_DESK, office.now, UNIT))
    do(office, lambda conn: recall.take_back(conn, office.head, office.one(one), office.now, "是真的"))
    office.later(hours=5)
    assert heard(office) == {"monitor"}
    kinds = {row.kind for row in office.rows(notices)}
    assert kinds >= {"first", "hold", "voice", "approval", "task", "report", "assigned", "reopened"}
    assert {sent.to for sent in office.mail.sent} == {"monitor@x.example"}
    assert not office.robot.sent
    assert set(office.phoned()) <= {"monitor"}


def test_an_order_on_trial_goes_to_the_desk_even_after_the_trial(office: Office) -> None:
    one = on_trial(office)
    with office.store.write() as conn:
        trial.end(conn, SCHOOL, office.now, "admin")
        row = incident_of(conn, one)
        made = proposing.propose_closing(conn, row, IN_LEAD, office.now, reason="屡次发布不实内容")
        deciding.act(conn, office.head, made, "decide", HEAD, office.now, "同意")
    assert [row.kind for row in office.rows(notices, matter=f"order:{made}")] == ["letter"] * 2
    assert heard(office) == {"monitor"}
