"""A leave entered after somebody was asked: reminders, results and ends go to the substitute, who may then act."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row

from escalation import people
from escalation.duty import leave
from escalation.incident import Actor
from escalation.notice import notices
from escalation.people import Person, Role
from escalation.voice import hold, relay
from escalation.voice.hold import hold_confirmations, holds
from escalation.voice.relay import relays
from tests.escalation.office import IN_LEAD, UNIT, Office
from tests.escalation.voice.course import checked, decide, do, drafted, released, submitted
from tests.stream.said import SCHOOL

DEPUTY = Actor("deputy", "曹卫东", frozenset({Role.KEEPER}))


@pytest.fixture
def staffed(office: Office) -> Office:
    """The office with a deputy, who holds nothing."""
    with office.store.write() as conn:
        people.enter(conn, [Person(SCHOOL, "deputy", "曹卫东", "", UNIT, "deputy@x.example", "139")], [])
    return office


def goes(office: Office, who: str, substitute: str = "deputy") -> None:
    ends = office.now + timedelta(days=2)
    do(office, lambda conn: leave.enter(conn, SCHOOL, IN_LEAD, office.now, who, "leave", office.now, ends, substitute))


def told(office: Office, kind: str, step: str = "") -> list[Row[Any]]:
    return [row for row in office.rows(notices, kind=kind) if row.step.startswith(step)]


def test_the_reminder_of_a_hold_goes_to_the_substitute_who_then_confirms(staffed: Office) -> None:
    staffed.open(level=2)
    hold_id = staffed.rows(holds)[-1].id
    staffed.later(minutes=30)
    goes(staffed, "keeper")
    staffed.later(hours=3)
    asked = {row.addressee: row.step for row in told(staffed, "hold") if row.created_at == max(
        one.created_at for one in told(staffed, "hold")
    )}  # fmt: skip
    assert asked == {
        "deputy": f"hold:{hold_id}:1", "leader": f"remind:hold:{hold_id}:1", "monitor": f"remind:hold:{hold_id}:1",
    }  # fmt: skip
    notice = staffed.notice("deputy", "hold")
    assert notice.office == "官方新媒体管理人员，代谢晓"
    assert any("谢晓请假至" in fact for fact in notice.view["facts"])
    assert do(staffed, lambda conn: hold.confirm(conn, hold_id, "deputy", DEPUTY, staffed.now, "link")) == 1
    assert [(row.account_id, row.person_id) for row in staffed.rows(hold_confirmations)] == [("canteen", "deputy")]


def test_the_end_of_a_hold_is_told_to_the_substitute_of_who_is_away(staffed: Office) -> None:
    staffed.open(level=2)
    goes(staffed, "keeper")
    hold_id = staffed.rows(holds)[-1].id
    do(staffed, lambda conn: hold.lift(conn, staffed.head, hold_id, IN_LEAD, staffed.now, "检测合格"))
    assert sorted(row.addressee for row in told(staffed, "voice", "hold_end")) == ["deputy", "leader", "monitor"]


def test_the_reminder_of_a_relay_goes_to_the_substitute_who_then_registers_it(staffed: Office) -> None:
    released(staffed, staffed.open(level=2))
    assert {row.addressee for row in told(staffed, "relay")} == {"keeper", "leader"}
    goes(staffed, "keeper")
    staffed.later(hours=3)
    late = {row.addressee: row.step.partition(":")[0] for row in told(staffed, "relay")[2:]}
    assert late == {"deputy": "relay", "leader": "remind"}
    one = next(row.id for row in staffed.rows(relays) if row.account_id == "canteen")
    do(
        staffed,
        lambda conn: relay.register(conn, one, "deputy", DEPUTY, staffed.now, "https://weibo.example/9", "link"),
    )
    assert next(row.state for row in staffed.rows(relays) if row.account_id == "canteen") == "done"


def test_what_became_of_a_draft_is_told_to_the_substitute_of_its_drafter(staffed: Office) -> None:
    step = submitted(staffed, checked(staffed, drafted(staffed, staffed.open(level=2))))
    goes(staffed, "publicity")
    decide(staffed, step, approve=False, comment="人数不要写")
    (row,) = told(staffed, "voice", "returned:")
    assert (row.addressee, row.office) == ("deputy", "党委宣传部，代何岚")


def test_the_card_goes_to_the_substitute_of_who_was_told_of_the_incident(staffed: Office) -> None:
    incident_id = staffed.open(level=2)
    goes(staffed, "leader")
    released(staffed, incident_id)
    readers = {row.addressee: row.office for row in told(staffed, "voice", "card:")}
    assert "leader" not in readers
    assert readers["deputy"] == "单位领导，代罗广平"


def grounds(row: Row[Any]) -> list[str]:
    """What stands under 依据: articles or whose figure it is, and the source of the deadline."""
    return [one["article"] or one["source"] for one in row.view["articles"]] + [row.view["deadline_source"]]


def test_every_reminder_of_one_voice_says_by_what_it_reminds(staffed: Office) -> None:
    incident_id = staffed.open(level=2)
    staffed.later(hours=3)
    late = told(staffed, "hold", "remind:")
    assert late
    cited = grounds(told(staffed, "hold", "hold:")[0])[:-1]
    assert cited[0].endswith("第十条")
    assert {row.basis for row in late} == {told(staffed, "hold", "hold:")[0].basis}
    for row in late:
        assert grounds(row) == [*cited, "确认时限 2 小时：系统默认，非校规"]
    (office_list,) = [row for row in told(staffed, "voice") if "未确认暂停发声" in row.view["title"]]
    assert grounds(office_list) == ["系统默认，非校规", ""], "a list is ours and says so"

    submitted(staffed, checked(staffed, drafted(staffed, incident_id)))
    staffed.later(hours=1)
    (late_approval,) = told(staffed, "approval", "remind:")
    assert grounds(late_approval) == grounds(told(staffed, "approval", "approval:")[0])
    assert grounds(late_approval)[-1] == "审批时限 30 分钟：系统默认，非校规"


def test_a_reminder_of_a_relay_cites_the_article_of_the_relay(staffed: Office) -> None:
    released(staffed, staffed.open(level=2))
    asked = told(staffed, "relay", "relay:")[0]
    staffed.later(hours=3)
    for row in told(staffed, "relay", "remind:"):
        assert grounds(row) == grounds(asked)
        assert grounds(row)[0].endswith("第十六条")
