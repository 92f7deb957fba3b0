"""Who is on leave is not asked for tasks, holds, lists and orders: the substitute is. Nobody approves for another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from escalation.deed import incident_of
from escalation.duty.absence import absences
from escalation.incident import MACHINE, entries
from escalation.incident.state import IllegalStep
from escalation.measure import deciding, proposing
from escalation.notice import notices
from escalation.people import Held, Role
from escalation.task import TaskKind, tasks
from escalation.task.setting import leader_of, set_task
from escalation.voice import hold
from escalation.voice.hold import hold_accounts, holds
from escalation.voice.overdue import tell_office
from stream import account
from tests.escalation.office import HELD, IN_LEAD, UNIT, Office
from tests.escalation.voice import course
from tests.escalation.voice.conftest import ACCOUNTS
from tests.stream.said import SCHOOL


@pytest.fixture
def registered(office: Office) -> Office:
    with office.store.write() as conn:
        account.enter(conn, ACCOUNTS)
    return office


def do(office: Office, act: Callable[[Connection], Any]) -> Any:
    with office.store.write() as conn:
        return act(conn)


def leave(office: Office, who: str, substitute: str = "lead") -> None:
    do(office, lambda conn: conn.execute(insert(absences).values(
        school=SCHOOL, person_id=who, kind="leave", starts_at=office.now - timedelta(days=1),
        ends_at=office.now + timedelta(days=5), substitute_id=substitute, note="", entered_by="x",
        entered_at=office.now,
    )))  # fmt: skip


def test_a_task_of_the_rule_goes_to_the_substitute_of_who_is_away(registered: Office) -> None:
    leave(registered, "keeper")
    registered.open()
    (task,) = registered.rows(tasks)
    assert (task.person_id, task.role, task.office) == ("lead", "keeper", "官方新媒体管理人员，代谢晓")
    assert any("谢晓请假至" in row.text for row in registered.rows(entries) if row.heading.startswith("任务交 梁致远"))


def test_a_task_for_a_leader_who_is_away_goes_to_the_substitute(registered: Office) -> None:
    leave(registered, "leader")
    one = registered.open()
    do(registered, lambda conn: set_task(
        conn, registered.head, incident_of(conn, one), TaskKind.HANDLING, leader_of(UNIT), MACHINE, registered.now,
        "请处置", key="k",
    ))  # fmt: skip
    assert registered.rows(tasks)[-1].person_id == "lead"


def test_an_overdue_task_is_told_to_who_acts_for_the_next_role(registered: Office) -> None:
    registered.open()
    leave(registered, "leader", "school")
    registered.later(days=2)
    assert "school" in registered.told("task_overdue")
    assert "leader" not in registered.told("task_overdue")


def test_the_substitute_is_told_of_a_hold_and_may_confirm_it(registered: Office) -> None:
    leave(registered, "keeper")
    registered.open()
    assert "keeper" not in registered.told("hold")
    row = registered.notice("lead", "hold")
    assert "，代谢晓" in row.office
    assert "您管理的账号" in row.reason
    assert "谢晓请假至" in row.reason
    (held,) = registered.rows(holds)
    assert do(registered, lambda conn: hold.confirm(conn, held.id, "lead", IN_LEAD, registered.now, "link")) == 1
    assert "keeper" not in {one.person_id for one in registered.rows(hold_accounts)}


def test_where_nobody_stands_in_the_keeper_is_told_all_the_same(registered: Office) -> None:
    leave(registered, "keeper", "")
    registered.open()
    assert "没有代理人" in registered.notice("keeper", "hold").reason


def test_a_list_for_the_office_goes_to_who_stands_in_there(registered: Office) -> None:
    leave(registered, "publicity")
    one = registered.open()
    do(registered, lambda conn: tell_office(
        conn, registered.head, registered.one(one), "s:list", "清单", ["甲"], registered.now
    ))  # fmt: skip
    (row,) = [each for each in registered.rows(notices, kind="voice") if each.step == "s:list"]
    assert (row.addressee, row.office, row.view["title"]) == ("lead", "党委宣传部，代何岚", "清单")


def test_an_order_goes_to_who_acts_for_the_leader_and_the_keeper(registered: Office) -> None:
    leave(registered, "leader")
    leave(registered, "keeper", "monitor")
    one = registered.open()
    with registered.store.write() as conn:
        row = incident_of(conn, one)
        made = proposing.propose_closing(conn, row, IN_LEAD, registered.now, reason="屡次发布不实内容")
        deciding.act(conn, registered.head, made, "decide", course.HEAD, registered.now, "同意")
    found = {each.addressee: each.office for each in registered.rows(notices, matter=f"order:{made}")}
    assert found == {"lead": "单位领导，代罗广平", "monitor": "官方新媒体管理人员，代谢晓"}


def test_nobody_approves_for_an_approver_who_is_away_and_the_refusal_names_the_absence(registered: Office) -> None:
    one = registered.open(level=2)
    leave(registered, "school")
    made = course.checked(registered, course.drafted(registered, one))
    with pytest.raises(IllegalStep, match=r"沈澄请假至 .*审批不由代理人代行.*未作任何更改。$"):
        course.submitted(registered, made)
    assert course.version(registered, made).state == "draft"
    assert registered.told("approval") == []


def test_another_holder_who_is_there_approves_instead(tmp_path: Path) -> None:
    office = Office.at(tmp_path, (*HELD, Held(Role.SCHOOL_LEADER, "", "leader", 1)))
    one = office.open(level=2)
    leave(office, "school")
    assert course.submitted(office, course.checked(office, course.drafted(office, one))).asked == "leader"
    office.store.close()


def test_an_office_whose_holder_is_away_is_asked_one_up_and_the_log_says_why(registered: Office) -> None:
    one = registered.open(level=3)
    leave(registered, "publicity")
    made = course.checked(registered, course.drafted(registered, one, course.LEADER), course.LEADER)
    assert course.submitted(registered, made).asked == "school"
    (line,) = [row for row in registered.rows(entries) if "改由主管校领导审批" in row.heading]
    assert "何岚请假至" in line.text


def test_who_went_on_leave_after_being_asked_is_not_reminded_and_the_office_hears_why(registered: Office) -> None:
    one = registered.open(level=2)
    course.submitted(registered, course.checked(registered, course.drafted(registered, one)))
    leave(registered, "school")
    registered.later(hours=2)
    assert registered.told("approval") == ["school"], "asked once, before the leave"
    (told,) = [row for row in registered.rows(notices, kind="voice") if "审批逾期" in row.view["title"]]
    assert any("沈澄请假至" in fact for fact in told.view["facts"])
