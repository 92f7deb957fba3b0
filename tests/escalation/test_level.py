"""A level that changes while the matter is open: its clocks, tasks and hold follow it, whoever changed it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation import assigning, handling, level, people, timer
from escalation.bulletin import BulletinKind
from escalation.bulletin.write import Draft, write
from escalation.incident import entries
from escalation.opening import Ground
from escalation.people import Held, Person, Role
from escalation.procedure import Trigger, load
from escalation.report.fetch import week_rows
from escalation.report.rows import ClockRow
from escalation.report.week import Week
from escalation.reset import reset
from escalation.task import tasks
from escalation.timer import timers
from escalation.web.clocks import Running, clocks_of
from stream.assessment import Hit
from tests.escalation.office import IN_LEAD, ON_DESK, Office
from tests.stream.said import SCHOOL

AT_ONE = {
    "first_report": timedelta(minutes=30), "facts": timedelta(hours=2), "first_answer": timedelta(hours=4),
}  # fmt: skip
"""What the pack of JY asks at level Ⅰ."""
BANNED = Hit(
    rule="UP-02", version=2, title="官方帖文含禁止内容", theme="prohibited", category="prohibited", weight=100,
    spans=((0, 2),), words=("博彩",), article="天府新区第十一条第7项、宁夏职业技术学院第十九条第4项",
)  # fmt: skip


def asked(office: Office) -> dict[str, timedelta]:
    """The incident's own clocks that run, and how long each still has."""
    return {row.name: row.due_at - office.now for row in office.rows(timers, kind="duty", state="set")}


def changed(office: Office, incident_id: int, to: int) -> None:
    """A person of the 宣传部 sets the level."""
    with office.store.write() as conn:
        level.change(conn, office.head, incident_id, IN_LEAD, office.now, to, "据最新核实情况")


def reported(office: Office, incident_id: int, kind: BulletinKind = BulletinKind.FIRST, after: int = 0) -> None:
    """The 宣传部 writes a bulletin, and it leaves."""
    with office.store.write() as conn:
        draft = Draft(kind, "事实已核实", "已处置", "继续处置", after)
        write(conn, office.head, incident_id, IN_LEAD, office.now, draft, [])
    office.work()


def follow_up(office: Office) -> list[timedelta]:
    """How long the clocks to the next 续报 that run still have."""
    return [row.due_at - office.now for row in office.rows(timers, kind="follow", state="set")]


def in_report(office: Office) -> dict[str, ClockRow]:
    """The duties that the weekly report knows of."""
    with office.store.read() as conn:
        return {one.name: one for one in week_rows(conn, SCHOOL, "青禾职院", Week.of(office.now)).clocks}


def on_page(office: Office, incident_id: int) -> dict[str, Running]:
    """The duties as the incident's page shows them."""
    with office.store.read() as conn:
        found = clocks_of(conn, [office.one(incident_id)], office.now, {})
    return {one.name: one for one in found.get(incident_id, []) if one.kind == "duty"}


def test_an_incident_that_the_machine_raised_has_the_clocks_of_its_new_level(office: Office) -> None:
    one = office.open(level=4)
    assert asked(office) == {}
    office.later(minutes=20)
    office.add(one, level=1, grave=True)
    assert asked(office) == AT_ONE, "each for its whole span from now"


def test_what_nobody_signed_yet_is_due_by_the_level_to_which_the_machine_raised(office: Office) -> None:
    one = office.open(level=4)
    office.work()
    before = {row.notice_id: row.due_at for row in office.rows(timers, kind="sign")}
    office.later(minutes=2)
    office.add(one, level=1, grave=True)
    after = {row.notice_id: row.due_at for row in office.rows(timers, kind="sign") if row.notice_id in before}
    assert all(after[notice] < before[notice] for notice in before)
    assert "时限按新级别重算" in office.headings()


def test_a_further_danger_at_the_same_level_moves_no_clock(office: Office) -> None:
    one = office.open(level=1)
    office.later(minutes=5)
    before = asked(office)
    office.add(one, level=1, grave=True, theme="safety", title="食堂起火")
    assert asked(office) == before


@pytest.mark.parametrize(("code", "item"), [("TF", "TF 第十一条第 7 项"), ("NX", "NX 第十九条第 4 项")])
def test_what_raises_a_matter_sets_the_task_that_its_clause_demands(office: Office, code: str, item: str) -> None:
    office.ground = Ground(load(code), office.head, {"engine": "said"})
    one = office.open(level=4)
    office.add(one, named=(Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT,), level=2, hits=(BANNED,))
    (row,) = office.rows(tasks, kind="correction")
    assert row.article.startswith(item)


def test_a_duty_that_a_lower_level_no_longer_asks_for_is_done_by_nobody(office: Office) -> None:
    one = office.open(level=2)
    office.later(minutes=5)
    changed(office, one, 4)
    assert asked(office) == {}
    assert in_report(office) == {}, "no report says that it was done, nor that it was due"
    assert {name: shown.face.word for name, shown in on_page(office, one).items()} == dict.fromkeys(AT_ONE, "不再要求")
    with office.store.read() as conn:
        assert timer.undone(conn, one) == []


def test_a_duty_asked_for_again_runs_for_its_whole_span(office: Office) -> None:
    one = office.open(level=2)
    changed(office, one, 4)
    office.later(minutes=10)
    changed(office, one, 2)
    assert asked(office) == AT_ONE | {"first_report": timedelta(hours=1)}
    assert all(row.data == {} for row in office.rows(timers, kind="duty"))
    assert in_report(office).keys() == AT_ONE.keys()


def test_a_duty_that_was_done_does_not_run_again_when_the_level_comes_back(office: Office) -> None:
    one = office.open(level=3)
    with office.store.write() as conn:
        handling.fulfil(conn, one, ON_DESK, office.now, "facts")
    changed(office, one, 4)
    changed(office, one, 3)
    assert set(asked(office)) == {"first_answer"}


def test_a_duty_that_had_lapsed_before_the_level_fell_stands_in_the_report_as_undone(office: Office) -> None:
    one = office.open(level=3)
    office.later(hours=3)
    changed(office, one, 4)
    (row,) = in_report(office).values()
    assert (row.name, row.stopped_at) == ("facts", None)


def test_raised_after_the_first_report_the_clock_to_the_next_one_begins(office: Office) -> None:
    one = office.open(level=3)
    reported(office, one)
    assert follow_up(office) == [], "level Ⅲ asks for none"
    office.later(minutes=10)
    changed(office, one, 1)
    assert follow_up(office) == [timedelta(hours=2)]


def test_raised_before_anything_was_reported_no_further_report_is_asked_for(office: Office) -> None:
    one = office.open(level=3)
    changed(office, one, 1)
    assert follow_up(office) == []


def test_raised_after_the_final_report_no_further_report_is_asked_for(office: Office) -> None:
    one = office.open(level=3)
    reported(office, one)
    reported(office, one, BulletinKind.FINAL, after=1)
    changed(office, one, 1)
    assert follow_up(office) == []


def test_the_next_report_comes_due_sooner_at_a_graver_level_and_never_at_a_light_one(office: Office) -> None:
    one = office.open(level=2)
    reported(office, one)
    office.later(minutes=30)
    assert follow_up(office) == [timedelta(hours=3, minutes=30)]
    office.add(one, level=1, grave=True)
    assert follow_up(office) == [timedelta(hours=2)]
    with office.store.write() as conn:
        handling.confirm(conn, one, ON_DESK, office.now)
    changed(office, one, 3)
    assert follow_up(office) == []


def test_a_first_report_that_left_before_the_level_asked_for_one_is_not_asked_for_again(office: Office) -> None:
    one = office.open(level=3)
    reported(office, one)
    changed(office, one, 2)
    assert set(asked(office)) == {"facts", "first_answer"}
    (line,) = [row for row in office.rows(entries) if row.heading == "时限按新级别重算"]
    assert "首报此前已送出" in line.text


def ladder(office: Office, notice_id: int) -> list[tuple[str, str, timedelta]]:
    """What follows on a person's silence, and when."""
    rungs = office.rows(timers, notice_id=notice_id, kind="rung", state="set")
    return sorted((row.data["act"], row.data["role"], row.due_at - office.now) for row in rungs)


@pytest.mark.parametrize("levels", [(3, 2), (3, 2, 3), (3, 4, 3, 2)])
def test_levels_that_change_at_one_moment_leave_the_ladder_of_the_last(office: Office, levels: tuple[int, ...]) -> None:
    """Two lines of one batch of the watch have one moment. Set anew twice is set anew once."""
    other = Person(SCHOOL, "other", "王五", "", "学工处", "other@x.example", "139")
    with office.store.write() as conn:
        people.enter(conn, [other], [Held(Role.UNIT_LEADER, "学工处", "other")])
    incident = office.open(level=4)
    office.work()
    with office.store.write() as conn:
        assigning.assign(conn, office.head, incident, ON_DESK, office.now, "学工处")
    office.work()
    office.now += timedelta(minutes=1)
    own = office.notice("other", "assigned").id
    for to in levels:
        changed(office, incident, to)
    at_once = ladder(office, own)
    assert {act for act, _, _ in at_once} == {"remind", "phone", "tell"}
    with office.store.write() as conn:
        reset(conn, office.one(incident), office.ground.pack, office.now)
    assert ladder(office, own) == at_once
    office.later(days=1)
    assert "other" in office.told("reminder")
    assert "other" in office.phoned()
