"""The hand-over: written by the outgoing, read and taken over by the incoming, reminded and told on when late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row

from escalation import alert, audit, handling, receipt
from escalation.bulletin import BulletinKind
from escalation.bulletin.write import Draft
from escalation.bulletin.write import write as write_bulletin
from escalation.consultation import consultations
from escalation.duty import handover, handover_sheet
from escalation.duty.coverage import Turn
from escalation.duty.handover import handovers
from escalation.duty.handover_opening import changes
from escalation.incident import Actor
from escalation.notice import deliveries, notices
from escalation.notice.docket import dockets
from escalation.people import Role, shifts
from escalation.procedure import load
from escalation.state_table import IllegalStep
from escalation.timer import timers
from stream import account
from stream.account import Account
from tests.escalation.duty.test_proxy import departs, goes, office
from tests.escalation.office import IN_LEAD, Office
from tests.stream.said import SCHOOL, START

__all__ = ["office"]
HOUR = timedelta(hours=1)
DESK = load("JY").desk
OUT = Actor("monitor", "陈屿", frozenset({Role.MONITOR}))
OUTSIDER = Actor("x", "外人", frozenset({Role.KEEPER}))
IN = Actor("keeper", "谢晓", frozenset({Role.KEEPER}))


def rota(office: Office, *turns: tuple[str, float, float]) -> None:
    with office.store.write() as conn:
        for who, begins, ends in turns:
            conn.execute(shifts.insert().values(
                school=SCHOOL, person_id=who, leads=False, starts_at=office.now + begins * HOUR,
                ends_at=office.now + ends * HOUR,
            ))  # fmt: skip


def night(office: Office) -> None:
    """The monitor until eight, then the keeper."""
    rota(office, ("monitor", -4, 8), ("keeper", 8, 20))


def the_one(office: Office) -> Row[Any]:
    (row,) = office.rows(handovers)
    return row


def write(office: Office, words: str = "一切正常", by: Actor = OUT) -> None:
    row = the_one(office)
    seen = handover.seal_of(row)
    office.store.run(lambda conn: handover.write(conn, SCHOOL, by, office.now, row.id, words, seen))


def read(office: Office, by: Actor = IN) -> str:
    number = the_one(office).id
    row = office.store.run(lambda conn: handover.read(conn, SCHOOL, by, office.now, number))
    return handover_sheet.digest(row.sheet, row.words)


def take(office: Office, seen: str, by: Actor = IN) -> None:
    number = the_one(office).id
    office.store.run(lambda conn: handover.take(conn, SCHOOL, by, office.now, number, seen))


def test_a_change_of_shift_is_where_somebody_leaves_the_desk_to_others() -> None:
    def turn(who: str, begins: float, ends: float, leads: bool = False) -> Turn:
        return Turn(who, START + begins * HOUR, START + ends * HOUR, leads)

    def found(*turns: Turn) -> list[tuple[float, tuple[str, ...], tuple[str, ...]]]:
        all_of = changes(turns, START, START + 48 * HOUR)
        return [((one.at - START) / HOUR, one.outgoing, one.incoming) for one in all_of]

    assert found(turn("a", 0, 8), turn("b", 8, 16)) == [(8, ("a",), ("b",)), (16, ("b",), ())]
    assert found(turn("a", 0, 8), turn("a", 8, 16), turn("c", 0, 49, leads=True)) == [(16, ("a",), ())]
    assert found(turn("a", 0, 8), turn("b", 0, 16)) == [(8, ("a",), ("b",)), (16, ("b",), ())]
    assert found(turn("a", 1, 60)) == [], "coming to an empty desk nobody hands over"


def test_the_sheet_is_opened_before_the_change_and_its_clocks_are_rows(office: Office) -> None:
    night(office)
    office.later(hours=7, minutes=29)
    assert office.rows(handovers) == []
    office.later(minutes=2)
    row = the_one(office)
    assert (row.outgoing, row.incoming, row.state) == (["monitor"], ["keeper"], "open")
    clocks = office.rows(timers, matter=f"handover:{row.id}")
    assert [(one.name, (one.due_at - row.at) / timedelta(minutes=1)) for one in clocks] == [
        ("take_over", 15), ("tell_lead", 30)
    ]  # fmt: skip
    assert {one.source for one in clocks} == {"default"}


def test_what_stands_open_is_in_the_sheet_and_a_cry_for_help_without_its_title(office: Office) -> None:
    night(office)
    office.open()
    office.open(title="某生的求助", keys=("self|1",), care=True, first_post_id="weibo:2", member_ids=("weibo:2",))
    office.later(hours=7, minutes=40)
    write(office, "二食堂的事等后勤回话")
    sheet = the_one(office).sheet
    assert [(one["title"], one["care"]) for one in sheet["incidents"]] == [("二食堂：饭菜有异物", False), ("", True)]
    assert {one["name"] for one in sheet["unsigned"]} >= {"沈澄", "何岚"}
    assert any(one["words"] == "首报" for one in sheet["clocks"])
    assert sheet["calls"]
    assert set(handover_sheet.PARTS) < set(sheet)
    assert "求助" not in str(sheet)


def test_the_next_report_and_what_leaders_wrote_are_in_the_sheet(office: Office) -> None:
    night(office)
    one = office.open(level=2)
    office.work()
    with office.store.write() as conn:
        draft = Draft(BulletinKind.FIRST, "三人不适。", "已送医。", "等检验。", 0)
        write_bulletin(conn, office.head, one, IN_LEAD, office.now, draft, ())
    with office.store.write() as conn:
        told = office.notice("school").id
        receipt.sign(conn, told, "school", office.now, via="link", remark="8点前报我书面情况")
    with office.store.write() as conn:
        head = Actor("school", "沈澄", frozenset({Role.SCHOOL_LEADER}))
        handling.note(conn, one, head, office.now, "批示：请当面报告")
    office.later(hours=7, minutes=40)
    write(office)
    sheet = the_one(office).sheet
    (number,) = [row["number"] for row in sheet["incidents"]]
    assert (number, "续报") in {(row["incident"], row["words"]) for row in sheet["clocks"]}
    assert [(row["incident"], row["words"]) for row in sheet["orders"]] == [
        (number, "8点前报我书面情况"), (number, "请当面报告"),
    ]  # fmt: skip
    assert sheet["orders"][0]["name"].startswith("沈澄（")


def question(office: Office, number: str, hours: float) -> None:
    """A question that waits, due so many hours after the sheet is written."""
    with office.store.write() as conn:
        made = conn.execute(consultations.insert().values(
            school=SCHOOL, thread=number, post_id=number, account_id="weibo:1", platform="weibo", unit="后勤服务中心",
            private=False, state="open", round=1, asked_at=office.now, first_asked_at=office.now, found_at=office.now,
            article="第十一条", clause="", source="default", due_at=office.now + hours * HOUR, promise="",
            answer_url="", answer="",
        ).returning(consultations.c.id)).scalar_one()  # fmt: skip
        conn.execute(dockets.insert().values(
            school=SCHOOL, matter=f"consultation:{made}", number=number, path="", opened_at=office.now
        ))  # fmt: skip


def test_open_tasks_holds_and_questions_due_in_the_coming_shift_are_in_the_sheet(office: Office) -> None:
    night(office)
    with office.store.write() as conn:
        account.enter(conn, [Account(SCHOOL, "canteen", "weibo", "青禾后勤", "2", "后勤服务中心", "api", START)])
    office.open(level=2)
    office.later(hours=7, minutes=40)
    question(office, "HF-2026-0007", hours=11)
    question(office, "HF-2026-0008", hours=13)
    write(office)
    sheet = the_one(office).sheet
    (number,) = [one["number"] for one in sheet["incidents"]]
    assert [(one["incident"], one["words"], one["name"], one["late"]) for one in sheet["tasks"]] == [
        (number, "与平台沟通", "谢晓", False)
    ]
    assert [(one["incident"], one["left"]) for one in sheet["holds"]] == [(number, 1)]
    assert sheet["holds"][0]["words"].startswith("“")
    assert [(one["number"], one["unit"]) for one in sheet["questions"]] == [("HF-2026-0007", "后勤服务中心")]


def test_the_incoming_read_it_and_take_it_over_and_both_are_named(office: Office) -> None:
    night(office)
    office.later(hours=7, minutes=40)
    write(office)
    seen = read(office)
    office.later(minutes=21)
    take(office, seen)
    row = the_one(office)
    assert (row.state, row.written_by, row.read_by, row.taken_by) == ("taken", "monitor", "keeper", "keeper")
    with office.store.read() as conn:
        assert handover.has_desk(conn, SCHOOL, office.now) == ("keeper", office.now)
    office.later(hours=1)
    assert office.rows(notices, kind="letter") == []
    assert not [one for one in office.rows(timers) if one.kind == "handover" and one.state == "fired"]
    done = [one.action for one in office.rows(audit.audit_log) if one.action.startswith("duty.handover")]
    assert done == ["duty.handover.write", "duty.handover.take"]


def test_two_take_over_at_once_and_the_second_is_told_who_was_first(office: Office) -> None:
    night(office)
    office.later(hours=8)
    seen = read(office)
    take(office, seen)
    with pytest.raises(IllegalStep, match=r"谢晓已于 .* 接班。未作任何更改"):
        take(office, seen, IN_LEAD)
    assert the_one(office).taken_by == "keeper"


def test_who_read_another_sheet_reads_again_first(office: Office) -> None:
    night(office)
    office.later(hours=7, minutes=40)
    write(office, "第一稿")
    seen = read(office)
    write(office, "第二稿：另有一件")
    with pytest.raises(IllegalStep, match="在您阅读之后有更新"):
        take(office, seen)
    assert the_one(office).state == "written"
    take(office, read(office))


@pytest.mark.parametrize(
    ("minutes", "by", "words"),
    [
        (7 * 60 + 40, IN, "交班人还没有写交接单"),
        (8 * 60, Actor("x", "外人", frozenset({Role.KEEPER})), "您的角色不能接班"),
    ],
)
def test_nobody_takes_over_too_early_or_from_elsewhere(office: Office, minutes: float, by: Actor, words: str) -> None:
    night(office)
    office.later(minutes=minutes)
    with pytest.raises(IllegalStep, match=words):
        take(office, "", by)


def test_who_wrote_the_sheet_does_not_take_it_over(office: Office) -> None:
    night(office)
    office.later(hours=7, minutes=40)
    write(office)
    with pytest.raises(IllegalStep, match="不能由写交接单的本人接班"):
        take(office, read(office, OUT), OUT)


def test_a_sheet_nobody_wrote_is_filled_for_the_incoming_and_can_be_taken_over(office: Office) -> None:
    night(office)
    office.later(hours=8)
    take(office, read(office))
    row = the_one(office)
    assert (row.state, row.written_by) == ("taken", None)
    assert row.sheet["filled_at"]


def test_what_nobody_takes_over_is_reminded_then_told_to_the_duty_lead_and_blocks_nothing(office: Office) -> None:
    night(office)
    office.later(hours=8, minutes=16)
    assert [row.addressee for row in office.rows(notices, kind="letter")] == ["keeper"]
    with office.store.read() as conn:
        (ringing,) = [one for one in alert.ringing(conn, SCHOOL) if one.cause.startswith("handover:")]
    assert "还没有人接班" in ringing.words
    assert "交班人也没有写交接单" in ringing.words
    office.later(minutes=15)
    assert [row.addressee for row in office.rows(notices, kind="letter")] == ["keeper", "lead"]
    assert the_one(office).told_at is not None
    office.open(level=1)
    assert "school" in office.told("first"), "an alarm waits for no hand-over"
    take(office, read(office))
    with office.store.read() as conn:
        assert not [one for one in alert.ringing(conn, SCHOOL) if one.cause.startswith("handover:")]
    assert all(row.state == "accepted" for row in office.rows(deliveries, channel="mail") if "交接班" in row.subject)


def test_after_an_outage_over_the_change_both_are_told_once(office: Office) -> None:
    night(office)
    office.now += 9 * HOUR
    office.work()
    office.later(minutes=2)
    assert sorted(row.addressee for row in office.rows(notices, kind="letter")) == ["keeper", "lead"]
    office.now -= 2 * HOUR
    office.work()
    office.now += 3 * HOUR
    office.work()
    assert len(office.rows(handovers)) == 1, "a clock that jumps opens nothing twice"
    assert len(office.rows(notices, kind="letter")) == 2


def test_a_change_that_is_gone_from_the_rota_is_void(office: Office) -> None:
    night(office)
    office.later(hours=7, minutes=40)
    with office.store.write() as conn:
        conn.execute(shifts.delete().where(shifts.c.person_id == "keeper"))
        conn.execute(shifts.update().values(ends_at=office.now + 10 * HOUR))
    office.later(minutes=1)
    assert the_one(office).state == "void"
    office.later(hours=2)
    assert office.rows(notices, kind="letter") == []


def test_the_open_sheet_follows_the_rota_where_somebody_leaves(office: Office) -> None:
    night(office)
    rota(office, ("lead", 8, 20))
    office.later(hours=7, minutes=40)
    assert sorted(the_one(office).incoming) == ["keeper", "lead"]
    departs(office, "keeper", office.now)
    office.later(minutes=1)
    assert the_one(office).incoming == ["lead"]


def test_a_hand_over_note_that_is_too_long_is_refused_whole(office: Office) -> None:
    night(office)
    office.later(hours=7, minutes=40)
    with pytest.raises(IllegalStep, match="至多 2000 字，现为 2001 字"):
        write(office, "长" * 2001)
    assert the_one(office).state == "open"


def test_the_substitute_of_an_absent_monitor_hands_over_and_of_an_absent_successor_takes_over(office: Office) -> None:
    night(office)
    goes(office, "monitor", "deputy", hours=8)
    goes(office, "keeper", "leader", starts=office.now + 8 * HOUR, hours=4)
    office.later(hours=7, minutes=40)
    row = the_one(office)
    assert (row.outgoing, row.incoming) == (["deputy"], ["leader"])
    write(office, by=Actor("deputy", "曹卫东", frozenset()))
    office.later(minutes=21)
    successor = Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER}))
    take(office, read(office, by=successor), by=successor)
    row = the_one(office)
    assert (row.state, row.written_by, row.taken_by) == ("taken", "deputy", "leader")


def test_who_falls_ill_after_the_sheet_was_written_is_stood_in_for_and_the_reminder_goes_there(office: Office) -> None:
    night(office)
    office.later(hours=7, minutes=40)
    write(office)
    office.later(minutes=21)
    goes(office, "keeper", "deputy", hours=8)
    office.later(minutes=15)
    assert the_one(office).incoming == ["keeper"], "a written sheet stands"
    (letter,) = office.rows(notices, kind="letter")
    assert letter.addressee == "deputy"
    instead = Actor("deputy", "曹卫东", frozenset())
    take(office, read(office, by=instead), by=instead)
    assert the_one(office).taken_by == "deputy"


def test_a_substitute_who_serves_on_hands_over_to_nobody(office: Office) -> None:
    night(office)
    goes(office, "monitor", "keeper", hours=8)
    office.later(hours=7, minutes=40)
    assert office.rows(handovers) == [], "the keeper stood in and goes on serving"


def test_an_absent_monitor_without_substitute_stays_named(office: Office) -> None:
    night(office)
    goes(office, "monitor", hours=8)
    office.later(hours=7, minutes=40)
    assert the_one(office).outgoing == ["monitor"]


def test_of_two_who_write_at_once_the_second_reads_the_first_before_and_nothing_is_lost(office: Office) -> None:
    """Before, whoever pressed last replaced what the other had written, and nobody was told."""
    night(office)
    office.later(hours=7, minutes=40)
    empty = handover.seal_of(the_one(office))
    write(office, "二食堂的事等后勤回话")
    with pytest.raises(IllegalStep, match=r"陈屿已于 .*写过交接单，请先看过再写.*未作任何更改。$"):
        office.store.run(lambda c: handover.write(c, SCHOOL, IN, office.now, the_one(office).id, "一切正常", empty))
    assert the_one(office).words == "二食堂的事等后勤回话"
    write(office, "二食堂的事等后勤回话；其余正常", IN)
    assert (the_one(office).written_by, the_one(office).words) == ("keeper", "二食堂的事等后勤回话；其余正常")
