"""A task: who may set it and to whom, what its holder is told, the turns it takes, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from escalation import handling, trial
from escalation.audit import audit_log, faults
from escalation.deed import incident_of
from escalation.handling import FalseAlarm
from escalation.incident import Actor, entries
from escalation.incident.state import IllegalStep
from escalation.notice import deliveries, notices
from escalation.people import Held, Role
from escalation.task import KIND_WORDS, TaskKind, deeds, tasks, turns
from escalation.task.setting import KEEPER, To, leader_of, named, set_task
from escalation.timer import timers
from tests.escalation.office import HELD, IN_LEAD, ON_DESK, UNIT, Office

LEADER = Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER}))
HOLDS = Actor("keeper", "谢晓", frozenset({Role.KEEPER}))
SECOND = Actor("publicity", "何岚", frozenset({Role.PUBLICITY}))


def give(
    office: Office, incident: int, kind: TaskKind = TaskKind.FACTS, to: To | None = None, actor: Actor = IN_LEAD,
    words: str = "说明留样和就餐人数", **more: Any,
) -> int:  # fmt: skip
    with office.store.write() as conn:
        row = incident_of(conn, incident)
        return set_task(conn, office.head, row, kind, to or leader_of(UNIT), actor, office.now, words, **more)


def do(office: Office, act: Any, *given: Any, **more: Any) -> None:
    with office.store.write() as conn:
        act(conn, *given, **more)


def task(office: Office, task_id: int) -> Any:
    (row,) = office.rows(tasks, id=task_id)
    return row


def traces(office: Office) -> list[list[tuple[Any, ...]]]:
    return [[tuple(row) for row in office.rows(one)] for one in (tasks, turns, entries, audit_log, timers, notices)]


def told(office: Office, task_id: int) -> list[Any]:
    with office.store.read() as conn:
        return list(
            conn.execute(
                select(notices).where(notices.c.step.startswith(f"task:{task_id}:")).order_by(notices.c.id)
            ).all()
        )


def test_a_task_is_told_with_a_link_and_runs_its_own_clocks(office: Office) -> None:
    one = office.open()
    office.work()
    office.mail.sent.clear()
    made = give(office, one)
    office.work()
    (mail,) = office.mail.sent
    assert mail.to == "leader@x.example"
    assert "/t/" in mail.url
    assert "任务“情况说明”" in mail.subject
    assert "说明留样和就餐人数" in mail.text
    assert "系统默认，非校规" in mail.text
    assert "打开不等于答复" in mail.text
    row = task(office, made)
    assert (row.person_id, row.state, row.due_at) == ("leader", "set", office.now + timedelta(hours=2))
    names = {one.name for one in office.rows(timers, kind="task", state="set") if f":{made}:" in one.name}
    assert names == {f"task:{made}:due:1", f"task:{made}:remind:1:1"}


def test_the_holder_is_reminded_until_the_answer_and_never_after(office: Office) -> None:
    made = give(office, office.open())
    office.later(hours=3, minutes=30)
    kinds = [row.step.split(":", 2)[2] for row in told(office, made) if row.addressee == "leader"]
    assert kinds == ["set", "remind:1:1", "remind:1:2", "remind:1:3"]
    do(office, deeds.answer, made, LEADER, office.now, "已封存留样")
    office.later(hours=20)
    assert len(told(office, made)) == len(kinds) + 1, "three reminders, one word upward"
    assert not [one for one in office.rows(timers, kind="task", state="set") if f":{made}:" in one.name]


@pytest.mark.parametrize("kind", TaskKind)
def test_a_task_of_every_kind_is_told_by_its_name_reminded_until_answered_and_confirmed(
    office: Office, kind: TaskKind
) -> None:
    made = give(office, office.open(), kind, words="请办理此事")
    (first,) = told(office, made)
    assert f"“{KIND_WORDS[kind]}”" in first.view["facts"][0]
    due = task(office, made).due_at
    assert due is not None, "the pack has a deadline for it"
    assert first.view["deadline_source"].endswith("系统默认，非校规")
    office.later(seconds=(due - office.now).total_seconds())
    assert [row.step for row in told(office, made) if row.addressee == "leader"][1] == f"task:{made}:remind:1:1"
    do(office, deeds.answer, made, LEADER, office.now, "已办妥")
    left = [one.name for one in office.rows(timers, kind="task", state="set") if f":{made}:" in one.name]
    assert left == [], "nobody is reminded of what is answered"
    do(office, deeds.confirm, made, ON_DESK, office.now)
    assert task(office, made).state == "confirmed"


def test_an_overdue_task_is_told_upward_once_and_stays_a_flag(office: Office) -> None:
    made = give(office, office.open())
    office.later(hours=9)
    above = [(row.addressee, row.step) for row in told(office, made) if row.step.endswith(":overdue")]
    assert above == [("school", f"task:{made}:overdue")], "JY's chain goes from the unit's leader to the school leader"
    row = task(office, made)
    assert row.overdue_at == row.due_at
    assert row.state == "set"
    assert any("逾期未答复" in heading for heading in office.headings())


def reminders(office: Office, made: int) -> list[str]:
    """The rounds and numbers of the reminders that left."""
    steps = [row.step.split(":", 2)[2] for row in told(office, made) if row.addressee == "leader"]
    return [step.removeprefix("remind:") for step in steps if step.startswith("remind:")]


def unanswered(office: Office, made: int) -> list[tuple[str, str]]:
    """Who heard that a task is not asked for any more, and in which round."""
    found = [(row.addressee, row.step.partition(":unanswered:")[2]) for row in told(office, made)]
    return [(who, turn) for who, turn in found if turn]


def test_after_the_packs_number_of_reminders_the_desk_hears_once_and_nobody_is_nagged_for_ever(office: Office) -> None:
    made = give(office, office.open())  # two hours to answer, asked for every hour
    office.later(hours=6, minutes=59)
    assert (reminders(office, made)[-1], unanswered(office, made)) == ("1:6", [])
    office.later(days=30)
    assert reminders(office, made) == [f"1:{n}" for n in range(1, 8)], "one before the deadline, six from it on"
    assert unanswered(office, made) == [("monitor", "1")]
    assert [one for one in office.headings() if "情况说明" in one and "不再自动提醒" in one] == [
        "罗广平 的任务“情况说明”提醒 7 次仍未答复，不再自动提醒，告知 陈屿"
    ]
    last, word = [row for row in told(office, made) if ":remind:1:7" in row.step or ":unanswered:" in row.step]
    assert "此后不再自动提醒" in last.view["facts"][0]
    assert "请电话督办" in word.view["asks"][0]
    assert task(office, made).state == "set", "it stays to be done"
    assert not [one for one in office.rows(timers, kind="task", state="set") if f":{made}:" in one.name]


def test_a_long_deadline_is_reminded_of_up_to_its_end_and_a_returned_task_anew(office: Office) -> None:
    made = give(office, office.open(), within=timedelta(hours=9))
    office.later(hours=9)
    assert len(reminders(office, made)) == 9
    assert unanswered(office, made) == []
    do(office, deeds.answer, made, LEADER, office.now, "没有情况")
    do(office, deeds.give_back, office.head, made, ON_DESK, office.now, "请写明人数")
    office.later(days=3)
    assert [one for one in reminders(office, made) if one.startswith("2:")] == [f"2:{n}" for n in range(1, 15)]
    assert unanswered(office, made) == [("monitor", "2")]


def test_where_no_deadline_told_anybody_the_next_role_hears_that_reminders_are_used_up(office: Office) -> None:
    one = office.open()
    made = give(office, one)
    with office.store.write() as conn:
        conn.execute(tasks.update().where(tasks.c.id == made).values(due_at=None, span=None))
        conn.execute(timers.delete().where(timers.c.name == f"task:{made}:due:1"))
    office.later(days=2)
    assert len(reminders(office, made)) == 6
    assert unanswered(office, made) == [("school", "1")]


def test_the_answer_stands_with_words_and_link_and_stops_the_facts_clock(office: Office) -> None:
    one = office.open()
    made = give(office, one)
    do(office, deeds.accept, made, LEADER, office.now)
    do(office, deeds.answer, made, LEADER, office.now, "三人就诊，已留样", "https://x.example/1")
    row = task(office, made)
    assert (row.state, row.answered_by) == ("answered", "leader")
    said = office.rows(turns, task_id=made)
    assert [(turn.event, turn.text) for turn in said][1:] == [("accept", ""), ("answer", "三人就诊，已留样")]
    assert said[-1].url == "https://x.example/1"
    (facts,) = office.rows(timers, kind="duty", name="facts")
    assert facts.state == "stopped"
    with office.store.read() as conn:
        assert list(faults(conn)) == []
    assert [row.action for row in office.rows(audit_log) if row.action.startswith("task.")][-2:] == [
        "task.accept", "task.answer",
    ]  # fmt: skip


def test_a_returned_answer_says_why_and_counts_the_whole_span_anew(office: Office) -> None:
    made = give(office, office.open())
    do(office, deeds.answer, made, LEADER, office.now, "没有情况")
    office.later(hours=1)
    do(office, deeds.give_back, office.head, made, ON_DESK, office.now, "请写明人数")
    row = task(office, made)
    assert (row.state, row.round, row.due_at) == ("returned", 2, office.now + timedelta(hours=2))
    assert "请写明人数" in told(office, made)[-1].view["facts"][0]
    do(office, deeds.answer, made, LEADER, office.now, "三人")
    do(office, deeds.confirm, made, ON_DESK, office.now)
    assert task(office, made).state == "confirmed"


def test_whoever_wrote_the_answer_does_not_confirm_it(office: Office) -> None:
    made = give(office, office.open())
    do(office, deeds.answer, made, ON_DESK, office.now, "电话里说：已留样")
    before = traces(office)
    with pytest.raises(IllegalStep, match="另一名"):
        do(office, deeds.confirm, made, ON_DESK, office.now)
    assert traces(office) == before
    do(office, deeds.confirm, made, SECOND, office.now)
    assert task(office, made).state == "confirmed"


@pytest.mark.parametrize("act", ["accept", "answer", "confirm", "give_back", "withdraw"])
def test_a_stranger_can_do_nothing_to_a_task_and_leaves_no_trace(office: Office, act: str) -> None:
    made = give(office, office.open())
    do(office, deeds.answer, made, LEADER, office.now, "已答") if act in ("confirm", "give_back") else None
    stranger = Actor("keeper", "谢晓", frozenset({Role.KEEPER}))
    given: dict[str, tuple[Any, ...]] = {
        "accept": (deeds.accept, made, stranger, office.now),
        "answer": (deeds.answer, made, stranger, office.now, "我来答"),
        "confirm": (deeds.confirm, made, stranger, office.now),
        "give_back": (deeds.give_back, office.head, made, stranger, office.now, "不行"),
        "withdraw": (deeds.withdraw, made, stranger, office.now, "不要了"),
    }
    before = traces(office)
    with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
        do(office, *given[act])
    assert traces(office) == before


def test_two_answers_of_one_moment_are_two_turns_and_a_second_confirmation_is_refused(office: Office) -> None:
    made = give(office, office.open())
    do(office, deeds.answer, made, LEADER, office.now, "一")
    do(office, deeds.answer, made, LEADER, office.now, "二")
    assert [turn.text for turn in office.rows(turns, event="answer")] == ["一", "二"]
    do(office, deeds.confirm, made, ON_DESK, office.now)
    before = traces(office)
    with pytest.raises(IllegalStep, match="已办结"):
        do(office, deeds.confirm, made, SECOND, office.now)
    with pytest.raises(IllegalStep, match="已办结"):
        do(office, deeds.withdraw, made, SECOND, office.now, "晚了")
    assert traces(office) == before


def test_a_withdrawn_task_sends_nothing_that_has_not_left(office: Office) -> None:
    one = office.open()
    office.work()
    made = give(office, one)
    do(office, deeds.withdraw, made, IN_LEAD, office.now, "已由电话问清")
    office.mail.sent.clear()
    office.later(hours=12)
    assert [mail for mail in office.mail.sent if "/t/" in mail.url and mail.to.startswith("leader")] == []
    (row,) = [d for d in office.rows(deliveries) if d.notice_id == told(office, made)[0].id]
    assert (row.state, row.reason) == ("withdrawn", "任务已撤销，不再发送")


def test_the_same_task_pressed_twice_is_one(office: Office) -> None:
    one = office.open()
    assert give(office, one) == give(office, one)
    assert len(office.rows(tasks, kind="facts")) == 1


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"words": "  "}, "写明任务要求"),
        ({"words": "长" * 501}, "至多 500 字"),
        ({"to": leader_of("没有这个单位")}, "没有单位"),
        ({"to": named("nobody")}, "没有这个人"),
        ({"actor": LEADER, "to": KEEPER}, "您的角色"),
        ({"within": timedelta(minutes=1)}, "5 分钟"),
    ],
)
def test_what_cannot_be_set_is_refused_with_a_sentence(office: Office, given: dict[str, Any], why: str) -> None:
    one = office.open()
    before = traces(office)
    with pytest.raises(IllegalStep, match=why) as refused:
        give(office, one, **given)
    assert "未作任何更改" in str(refused.value)
    assert traces(office) == before


def test_a_deadline_that_a_person_chose_says_so(office: Office) -> None:
    made = give(office, office.open(), within=timedelta(hours=6))
    row = task(office, made)
    assert (row.due_at, row.source) == (office.now + timedelta(hours=6), "person")
    assert told(office, made)[0].view["deadline_source"] == "答复期限：由布置人设定"


def test_where_nobody_of_the_office_can_be_reached_the_desk_takes_it(tmp_path: Path) -> None:
    office = Office.at(tmp_path, held=[held for held in HELD if held.role != Role.UNIT_LEADER])
    made = give(office, office.open())
    row = task(office, made)
    assert (row.person_id, row.acts_for) == ("monitor", f"{UNIT}负责人")
    office.store.close()


def test_on_trial_a_task_goes_to_the_desk_alone(office: Office) -> None:
    with office.store.write() as conn:
        trial.begin(conn, "JY", office.now)
    made = give(office, office.open())
    assert task(office, made).person_id == "monitor"
    office.later(hours=12)
    assert {row.addressee for row in office.rows(notices)} == {"monitor"}


def test_a_false_alarm_withdraws_its_tasks_and_asks_nobody_any_more(office: Office) -> None:
    one = office.open()
    made = give(office, one)
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, one, ON_DESK, office.now, FalseAlarm.MISREAD)
    assert {row.state for row in office.rows(tasks)} == {"withdrawn"}
    office.later(hours=24)
    assert [row.step for row in told(office, made)] == [f"task:{made}:set"]


def test_a_task_holds_up_closing_until_it_is_confirmed(office: Office) -> None:
    one = office.open()
    made = give(office, one)
    with office.store.read() as conn:
        assert any("情况说明" in words for words in deeds.open_of(conn, one))
    do(office, deeds.answer, made, LEADER, office.now, "已答")
    for row in office.rows(tasks, state="set"):
        do(office, deeds.withdraw, row.id, IN_LEAD, office.now, "不需要")
    do(office, deeds.confirm, made, IN_LEAD, office.now)
    with office.store.read() as conn:
        assert deeds.open_of(conn, one) == []


def test_nobody_is_set_a_task_in_an_incident_that_ended(office: Office) -> None:
    one = office.open()
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, one, ON_DESK, office.now, FalseAlarm.MISREAD)
    before = traces(office)
    with pytest.raises(IllegalStep, match="已经了结"):
        give(office, one)
    assert traces(office) == before


def test_a_later_notice_does_not_take_a_tasks_place(office: Office) -> None:
    one = office.open()
    made = give(office, one, to=KEEPER)
    office.add(one, level=1, grave=True)
    (row,) = [row for row in told(office, made) if row.addressee == "keeper"]
    assert row.superseded_by is None
    office.work()
    assert any("/t/" in mail.url and mail.to.startswith("keeper") for mail in office.mail.sent)


def test_a_second_keeper_of_the_account_is_asked_where_the_first_cannot_be_reached(tmp_path: Path) -> None:
    held = (*HELD, Held(Role.KEEPER, "canteen", "lead", 1))
    office = Office.at(tmp_path, held=held, keeper={"email": "", "mobile": ""})
    made = give(office, office.open(), to=KEEPER)
    assert task(office, made).person_id == "lead"
    office.store.close()
