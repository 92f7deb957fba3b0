"""What the keeper reports is kept as said, by name, in log and audit; what is refused leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from escalation import handling, keeper
from escalation.audit import audit_log, faults
from escalation.incident import Actor, EntryKind, entries, incidents
from escalation.incident.state import IllegalStep
from escalation.keeper import answers, contacts, reports
from escalation.people import Role
from escalation.timer import timers
from tests.escalation.office import KEEPER, ON_DESK, Office

ABROAD = Actor("school", "沈澄", frozenset({Role.SCHOOL_LEADER}))


def do(office: Office, act: Callable[..., None], what: int, **given: Any) -> None:
    with office.store.write() as conn:
        act(conn, what, given.pop("actor", KEEPER), office.now, **given)


def traces(office: Office) -> list[list[tuple[Any, ...]]]:
    tables = (reports, contacts, answers, entries, audit_log, timers, incidents)
    return [[tuple(row) for row in office.rows(table)] for table in tables]


def last(office: Office) -> tuple[str, str, str, str]:
    row = office.rows(entries)[-1]
    return row.kind, row.heading, row.text, row.actor


def test_a_report_is_a_row_a_line_of_the_log_and_an_audit_row(office: Office) -> None:
    one = office.open()
    do(office, keeper.report, one, seen=" 三人说吃坏肚子 ", done="已留样", url=" https://weibo.example/1 ")
    (row,) = office.rows(reports)
    assert (row.person_id, row.seen, row.done, row.url) == (
        "keeper", "三人说吃坏肚子", "已留样", "https://weibo.example/1",
    )  # fmt: skip
    assert last(office) == (EntryKind.PERSON, "上报", "三人说吃坏肚子\n已留样", "谢晓")
    audited = office.rows(audit_log)[-1]
    assert (audited.actor, audited.action, audited.object) == ("keeper", "keeper.report", office.one(one).number)
    with office.store.read() as conn:
        assert list(faults(conn)) == []


def test_a_second_report_stands_beside_the_first(office: Office) -> None:
    one = office.open()
    for seen in ("第一次", "第二次"):
        do(office, keeper.report, one, seen=seen, done="")
    assert [row.seen for row in office.rows(reports)] == ["第一次", "第二次"]
    assert office.one(one).state == "notified", "a report is not an answer"


def test_contact_with_the_platform_keeps_ticket_and_answer_apart(office: Office) -> None:
    one = office.open()
    do(office, keeper.contact, one, platform="微博", way="电话", asked="请求核实账号", ticket="T-9")
    assert last(office) == (EntryKind.PLATFORM, "与平台沟通：微博", "请求核实账号；工单 T-9", "谢晓")
    (row,) = office.rows(contacts)
    assert row.answer is None
    office.now += timedelta(hours=1)
    do(office, keeper.contact_answered, row.id, answer="已受理")
    (row,) = office.rows(contacts)
    assert (row.answer, row.answered_at, row.ticket) == ("已受理", office.now, "T-9")
    assert last(office)[1:3] == ("平台答复：微博", "已受理")


def test_the_platforms_answer_is_written_once_and_never_over(office: Office) -> None:
    one = office.open()
    do(office, keeper.contact, one, platform="微博", way="", asked="请求核实")
    (row,) = office.rows(contacts)
    do(office, keeper.contact_answered, row.id, answer="已受理")
    before = traces(office)
    with pytest.raises(IllegalStep, match="已登记过"):
        do(office, keeper.contact_answered, row.id, answer="改口")
    assert traces(office) == before


def test_a_public_answer_moves_the_incident_and_stops_its_clock_only(office: Office) -> None:
    one = office.open()
    do(office, keeper.answer, one, text="已停售并送检", url="https://weibo.example/2")
    assert office.one(one).state == "responded"
    running = {row.name for row in office.rows(timers, state="set", kind="duty")}
    assert running == {"first_report", "facts"}
    assert [(row.text, row.person_id) for row in office.rows(answers)] == [("已停售并送检", "keeper")]
    assert last(office)[1:] == ("对外回应", "已停售并送检", "谢晓")


def test_who_may_not_answer_for_the_school_changes_nothing(office: Office) -> None:
    one = office.open()
    before = traces(office)
    with pytest.raises(IllegalStep):
        do(office, keeper.answer, one, text="我来回应", actor=ABROAD)
    assert traces(office) == before


@pytest.mark.parametrize("url", ["javascript:alert(1)", "weibo.example/1", "data:text/html,x", "file:///etc/passwd"])
@pytest.mark.parametrize("act", ["report", "answer"])
def test_a_link_that_is_no_web_address_is_refused_and_leaves_no_trace(office: Office, act: str, url: str) -> None:
    one = office.open()
    before = traces(office)
    given = {"seen": "看到", "done": ""} if act == "report" else {"text": "回应"}
    with pytest.raises(IllegalStep, match="http"):
        do(office, getattr(keeper, act), one, url=url, **given)
    assert traces(office) == before


def test_what_must_be_filled_in_is_named_and_nothing_is_written(office: Office) -> None:
    one = office.open()
    do(office, keeper.contact, one, platform="微博", way="", asked="请求核实")
    (row,) = office.rows(contacts)
    before = traces(office)
    for act, what, given, named in (
        (keeper.report, one, {"seen": " \n", "done": "有"}, "看到的情况"),
        (keeper.contact, one, {"platform": "", "way": "", "asked": "有"}, "平台"),
        (keeper.contact, one, {"platform": "微博", "way": "", "asked": " "}, "沟通内容"),
        (keeper.contact_answered, row.id, {"answer": "\t"}, "平台答复"),
        (keeper.answer, one, {"text": ""}, "回应原文"),
    ):
        with pytest.raises(IllegalStep, match=f"请填写“{named}”"):
            do(office, act, what, **given)
    assert traces(office) == before


def first_report(office: Office) -> str:
    return str(office.rows(timers, name="first_report")[-1].state)


def test_the_keepers_report_is_the_first_report_where_the_clause_demands_it_of_the_keeper(office: Office) -> None:
    one = office.open()
    do(office, keeper.report, one, seen="三人说吃坏肚子", done="")
    assert first_report(office) == "stopped"
    assert [row.heading for row in office.rows(entries)][-2:] == ["首报已办", "上报"]
    do(office, keeper.report, one, seen="补充", done="")
    assert len(office.rows(entries, heading="首报已办")) == 1


def test_where_the_clause_demands_the_report_of_another_office_the_keepers_does_not_stand_for_it() -> None:
    others = [{"kind": "report", "role": "publicity"}, {"kind": "platform_contact", "role": "keeper"}]
    assert not keeper.is_first_report({"duties": others})
    assert keeper.is_first_report({"duties": [*others, {"kind": "report", "role": "keeper"}]})
    assert keeper.is_first_report({"duties": []}), "no clause demands a report of anybody"


def test_nothing_is_added_where_the_matter_ended_between_the_look_and_the_press(office: Office) -> None:
    one = office.open()
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, one, ON_DESK, office.now, handling.FalseAlarm.MISREAD)
    before = traces(office)
    for act, given in (
        (keeper.report, {"seen": "三人说吃坏肚子", "done": ""}),
        (keeper.contact, {"platform": "微博", "way": "电话", "asked": "请协助核实"}),
    ):
        with pytest.raises(IllegalStep, match=r"事件已经了结，不能.*未作任何更改。$"):
            do(office, act, one, **given)
    assert traces(office) == before
