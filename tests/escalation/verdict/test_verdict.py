"""研判结论: it follows from the deeds that say it, the newest holds, and it changes nothing but itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from escalation import audit, handling, level, verdict
from escalation.incident import Actor, entries, incidents
from escalation.incident.state import IllegalStep, State
from escalation.notice import notices
from escalation.people import Role
from escalation.record import package
from escalation.timer import timers
from escalation.verdict import FalseAlarm, Verdict, verdicts
from tests.escalation.office import IN_LEAD, KEEPER, ON_DESK, Office

JUDGED = {"engine": "said", "rules": "e1", "hits": {"CA-01": "3"}}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office.at(tmp_path)
    yield made
    made.store.close()


def confirm(office: Office, number: int = 1) -> None:
    with office.store.write() as conn:
        handling.confirm(conn, number, ON_DESK, office.now)


def change(office: Office, to: int, *, misjudged: bool, by: Actor = IN_LEAD) -> None:
    with office.store.write() as conn:
        level.change(conn, office.head, 1, by, office.now, to, "核实后调整", misjudged=misjudged)


def dismiss(office: Office, reason: FalseAlarm = FalseAlarm.MISREAD) -> None:
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, 1, ON_DESK, office.now, reason)


def judge(office: Office, said: Verdict, by: Actor = ON_DESK, **given: object) -> None:
    with office.store.write() as conn:
        verdict.judge(conn, 1, by, office.now, said, **given)  # type: ignore[arg-type]


def holds(office: Office) -> tuple[str, int | None, str] | None:
    with office.store.read() as conn:
        found = verdict.newest(conn, [1]).get(1)
    return (found.verdict, found.right_level, found.reason) if found else None


def closed(office: Office) -> None:
    with office.store.write() as conn:
        conn.execute(update(incidents).values(state=State.CLOSED, closed_at=office.now))


def test_confirming_says_that_it_is_one_and_keeps_what_had_opened_it(office: Office) -> None:
    office.open(judged=JUDGED, member_ids=("weibo:1", "weibo:2"), keys=("canteen|thread|weibo:t1",))
    assert holds(office) is None
    confirm(office)
    (row,) = office.rows(verdicts)
    assert (row.verdict, row.right_level, row.person_id, row.at) == ("confirmed", None, "monitor", office.now)
    assert (row.rules, row.lines) == ({"CA-01": "3"}, ["weibo:1", "weibo:2"])


def test_a_false_alarm_says_so_with_its_reason_and_reopening_takes_it_back(office: Office) -> None:
    office.open()
    dismiss(office)
    assert holds(office) == ("false_alarm", None, "规则误判")
    with office.store.write() as conn:
        handling.reopen(conn, office.head, 1, ON_DESK, office.now, "又有人反映")
    assert holds(office) == ("withdrawn", None, "又有人反映")
    assert [row.verdict for row in office.rows(verdicts)] == ["false_alarm", "withdrawn"], "no row is edited"


def test_a_level_is_called_wrong_only_where_the_person_says_that_it_was(office: Office) -> None:
    office.open()
    confirm(office)
    change(office, 1, misjudged=False)
    assert holds(office) == ("confirmed", None, ""), "the matter grew; the machine was right"
    change(office, 3, misjudged=True)
    assert holds(office) == ("wrong_level", 3, "核实后调整")
    change(office, 2, misjudged=True)
    assert holds(office) == ("confirmed", None, "核实后调整"), "the machine's own was right after all"


def test_confirming_after_a_wrong_level_leaves_what_was_said_of_the_level(office: Office) -> None:
    office.open()
    change(office, 1, misjudged=True)
    confirm(office)
    assert holds(office) == ("wrong_level", 1, "核实后调整")


def test_a_refused_deed_says_nothing(office: Office) -> None:
    office.open(level=1)
    with pytest.raises(IllegalStep):
        dismiss(office)
    with pytest.raises(IllegalStep):
        change(office, 3, misjudged=True, by=ON_DESK)
    assert holds(office) is None


def test_judging_changes_neither_level_nor_state_nor_clock_and_tells_nobody(office: Office) -> None:
    office.open()
    confirm(office)
    before = (office.one(1), office.rows(notices), office.rows(timers))
    judge(office, Verdict.WRONG_LEVEL, right_level=3, why="只是一个人抱怨")
    assert (office.one(1), office.rows(notices), office.rows(timers)) == before
    assert holds(office) == ("wrong_level", 3, "只是一个人抱怨")
    (line,) = [one for one in office.rows(entries) if one.heading.startswith("研判结论")]
    assert line.heading == "研判结论：属实，级别应为 Ⅲ级（系统初判 Ⅱ级）"
    assert (line.text, line.actor) == ("只是一个人抱怨", ON_DESK.name)
    (kept,) = office.rows(audit.audit_log, action="incident.verdict")
    assert kept.detail["right_level"] == 3
    judge(office, Verdict.CONFIRMED)
    assert holds(office) == ("confirmed", None, "")


def test_a_closed_incident_is_judged_once_more_and_its_record_holds_every_verdict(office: Office) -> None:
    office.open()
    confirm(office)
    closed(office)
    judge(office, Verdict.FALSE_ALARM, reason=FalseAlarm.ELSEWHERE, why="说的是另一所学校")
    assert holds(office) == ("false_alarm", None, "与本校无关")
    assert office.one(1).state == State.CLOSED
    with office.store.read() as conn:
        kept = package(conn, office.one(1))["verdicts"]
    assert [one["verdict"] for one in kept] == ["confirmed", "false_alarm"]


@pytest.mark.parametrize(
    ("said", "given", "by", "words"),
    [
        (Verdict.FALSE_ALARM, {"reason": FalseAlarm.JOKE, "why": "玩笑"}, ON_DESK, "属误报的请记为误报"),
        (Verdict.WRONG_LEVEL, {"why": "偏高"}, ON_DESK, "请选择应为的级别"),
        (Verdict.WRONG_LEVEL, {"right_level": 2, "why": "偏高"}, ON_DESK, "系统初判就是 Ⅱ级"),
        (Verdict.WRONG_LEVEL, {"right_level": 3}, ON_DESK, "须写明理由"),
        (Verdict.WRONG_LEVEL, {"right_level": 3, "why": "长" * 301}, ON_DESK, "至多 300 字"),
        (Verdict.CONFIRMED, {}, KEEPER, "您的角色不能写研判结论"),
        (Verdict.CONFIRMED, {}, Actor("school", "沈澄", frozenset({Role.SCHOOL_LEADER})), "您的角色不能"),
    ],
)
def test_what_cannot_be_said_is_refused_with_a_sentence(
    office: Office, said: Verdict, given: dict[str, object], by: Actor, words: str
) -> None:
    office.open()
    confirm(office)
    with pytest.raises(IllegalStep, match=words):
        judge(office, said, by, **given)
    assert len(office.rows(verdicts)) == 1


def test_nothing_is_judged_before_it_is_confirmed_nor_after_it_ended_otherwise(office: Office) -> None:
    office.open()
    with pytest.raises(IllegalStep, match="请先确认研判"):
        judge(office, Verdict.CONFIRMED)
    dismiss(office)
    with pytest.raises(IllegalStep, match="误报有误的，请重新打开"):
        judge(office, Verdict.CONFIRMED)
