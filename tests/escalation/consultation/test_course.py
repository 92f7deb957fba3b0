"""Consultations from the question to the answer, as the watch, the clocks and the keeper make them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row

from escalation import audit, people
from escalation.consultation import consultations, course, matter_of
from escalation.consultation.state import CONSULTATION
from escalation.duty import leave
from escalation.incident import incidents
from escalation.notice import docket, notices
from escalation.opening import Ground
from escalation.people import Person
from escalation.procedure import load
from escalation.report.chapters import consultations as chapter
from escalation.report.week import Week
from escalation.state_table import IllegalStep
from escalation.timer import timers
from stream import account
from stream.account import Account
from stream.post import Kind, Post
from tests.escalation.office import IN_LEAD, KEEPER, ON_DESK, UNIT
from tests.escalation.report.sample import empty
from tests.escalation.station import EARLY, Station, open_station
from tests.stream.said import SCHOOL, assessed

ASKED = "请问晚上几点收餐"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        with made.office.store.write() as conn:
            account.enter(conn, [Account(SCHOOL, "wx", "wechat", "青禾后勤号", "gh", UNIT, "wechat", EARLY)])
        yield made


def ask(station: Station, text: str = ASKED, **changes: Any) -> Post:
    return station.say(text, negative=False, **changes)


def reply(station: Station, to: Post, text: str = "晚上七点半收餐。", **changes: Any) -> None:
    values: dict[str, Any] = {"kind": Kind.REPLY, "by_school": True, "parent": to.id, "thread": to.thread_id}
    station.say(text, negative=False, **values | changes)


def rows(station: Station) -> list[Row[Any]]:
    return station.office.rows(consultations)


def the_one(station: Station) -> Row[Any]:
    (row,) = rows(station)
    return row


def log(station: Station, number: int = 1) -> list[str]:
    with station.office.store.read() as conn:
        return [row.heading for row in docket.lines_of(conn, SCHOOL, matter_of(number))]


def letters(station: Station, who: str = "keeper") -> list[str]:
    return [row.view["title"] for row in station.office.rows(notices, addressee=who, kind="letter")]


def test_a_question_becomes_a_consultation_with_the_clauses_word_and_a_labelled_figure(station: Station) -> None:
    ask(station)
    row = the_one(station)
    assert (row.state, row.article, row.clause, row.source) == ("open", "第十一条", "及时", "default")
    assert row.due_at - row.found_at == timedelta(hours=24)
    assert (row.account_id, row.unit, row.private, row.window_until) == ("canteen", UNIT, False, None)
    assert station.office.rows(incidents) == []
    assert log(station) == ["见到评论区提问"]


def test_the_same_question_read_again_changes_nothing(station: Station) -> None:
    post = ask(station)
    for _ in range(2):
        station.append(assessed(post))
        station.listen()
    assert len(rows(station)) == 1
    assert len(station.office.rows(timers, kind="consultation")) == 2


def test_the_schools_own_reply_under_it_answers_it_with_the_place(station: Station) -> None:
    reply(station, ask(station))
    row = the_one(station)
    assert (row.state, row.answer_post_id, row.ended_by) == ("answered", "weibo:2", "machine")
    station.office.later(days=3)
    assert log(station) == ["见到评论区提问", "官方已在原处回复"]
    assert letters(station) == []


def test_somebody_elses_reply_and_a_reply_elsewhere_answer_nothing(station: Station) -> None:
    post = ask(station)
    reply(station, post, by_school=False)
    reply(station, post, parent="weibo:t1", kind=Kind.COMMENT)
    assert the_one(station).state == "open"


def test_asked_again_after_the_answer_it_is_open_once_more_with_a_whole_clock(station: Station) -> None:
    post = ask(station)
    reply(station, post)
    station.office.now += timedelta(hours=30)
    ask(station, "那周末呢，食堂几点收", kind=Kind.REPLY, parent=post.id)
    row = the_one(station)
    assert (row.state, row.round, row.due_at - row.found_at) == ("open", 2, timedelta(hours=24))
    station.office.later(hours=24)
    assert the_one(station).overdue_at is not None


def test_unanswered_it_is_overdue_and_the_keeper_is_told_once_a_day_for_the_account(station: Station) -> None:
    ask(station)
    ask(station, "请问教工卡也能用吗")
    station.office.later(hours=24, minutes=2)
    assert [row.overdue_at is not None for row in rows(station)] == [True, True]
    assert letters(station).count("青禾后勤 有咨询逾期未答复") == 1
    assert log(station)[-1] == "逾期未答复"


def test_a_leave_entered_later_sends_both_letters_to_the_substitute(station: Station) -> None:
    office = station.office
    ask(station)
    ends = office.now + timedelta(days=3)
    with office.store.write() as conn:
        people.enter(conn, [Person(SCHOOL, "deputy", "曹卫东", "", UNIT, "deputy@x.example", "139")], [])
        leave.enter(conn, SCHOOL, IN_LEAD, office.now, "keeper", "leave", office.now, ends, "deputy")
    office.later(hours=24, minutes=2)
    assert letters(station) == []
    assert letters(station, "deputy") == ["2026-11-04 待答咨询", "青禾后勤 有咨询逾期未答复"]
    assert all("谢晓请假至" in str(row.view["facts"]) for row in office.rows(notices, addressee="deputy"))


def test_every_morning_one_letter_to_the_keeper_and_one_to_the_publicity_office(station: Station) -> None:
    ask(station)
    ask(station, "请问教工卡也能用吗")
    station.office.later(hours=24)
    assert letters(station)[0] == "2026-11-04 待答咨询"
    view = station.office.rows(notices, addressee="publicity", kind="letter")[0].view
    assert view["facts"] == ["青禾后勤：待答 2 件，其中24 小时内到期 2 件"]
    assert view["basis"] == "第十一条要求“及时”答复；时限数字为系统默认，非校规"
    assert ASKED not in str(view)


def test_when_nothing_waits_any_more_the_morning_letter_rests_and_wakes_again(station: Station) -> None:
    reply(station, ask(station))
    station.office.later(days=3)
    assert letters(station) == []
    ask(station, "请问清真窗口有吗", post_id="weibo:90")
    station.office.later(hours=23)
    assert len(letters(station)) == 1


def act(station: Station, name: str, actor: Any = KEEPER, **given: Any) -> None:
    with station.office.store.write() as conn:
        getattr(course, name)(conn, SCHOOL, 1, actor, station.office.now, **given)


def test_the_keeper_promises_a_time_and_the_promise_has_a_clock_of_its_own(station: Station) -> None:
    ask(station)
    until = station.office.now + timedelta(days=3)
    act(station, "promise", until=until, words="已在评论区回复：周五前答复")
    station.office.later(days=2)
    row = the_one(station)
    assert (row.state, row.promised_for, row.overdue_at) == ("promised", until, None)
    station.office.later(days=1)
    assert the_one(station).overdue_at == until
    assert "青禾后勤 有咨询承诺的期限已过" in letters(station)
    act(station, "answer", how="已电话答复")
    row = the_one(station)
    assert (row.state, row.answer) == ("answered", "已电话答复")
    assert log(station)[-1] == "登记答复（逾期）"


def test_a_further_promise_moves_the_time_and_the_first_stays_in_the_log(station: Station) -> None:
    ask(station)
    for days in (1, 3):
        act(station, "promise", until=station.office.now + timedelta(days=days), words="已告知")
    station.office.later(days=2)
    assert the_one(station).overdue_at is None
    station.office.later(days=1)
    assert the_one(station).overdue_at is not None
    assert [line for line in log(station) if line.startswith("承诺 ")] == [
        "承诺 11月4日 12:01 前答复", "承诺 11月6日 12:01 前答复",
    ]  # fmt: skip


def test_a_promise_after_the_deadline_does_not_make_the_answer_timely(station: Station) -> None:
    ask(station)
    station.office.later(days=5)
    assert the_one(station).overdue_at is not None
    act(station, "promise", until=station.office.now + timedelta(days=2), words="已告知")
    assert the_one(station).overdue_at is None, "the promise runs"
    station.office.later(days=1)
    act(station, "answer", how="已电话答复")
    assert log(station)[-1] == "登记答复（逾期）"
    with station.office.store.read() as conn:
        asked = chapter.fetch(conn, SCHOOL, Week.of(station.office.now - timedelta(days=6)))
    lists = chapter.write(asked, empty(), station.office.now).lists
    assert (lists["in-time"].total, lists["late"].total) == (0, 1)


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("answer", {"how": " "}, "怎样答复"), ("answer", {"how": "已答", "link": "javascript:1"}, "http"),
        ("promise", {"until": timedelta(hours=-1), "words": "x"}, "此刻之后"),
        ("promise", {"until": timedelta(days=31), "words": "x"}, "最迟为 30 日后"),
        ("promise", {"until": timedelta(hours=1), "words": ""}, "怎样告知"), ("dismiss", {"why": ""}, "为什么"),
        ("reopen", {"why": "没答"}, "待答复"),
    ],
)  # fmt: skip
def test_what_is_incomplete_or_out_of_turn_is_refused_and_changes_nothing(
    station: Station, name: str, given: dict[str, Any], why: str
) -> None:
    ask(station)
    before = (the_one(station), log(station))
    if "until" in given:
        given = given | {"until": station.office.now + given["until"]}
    with pytest.raises(IllegalStep, match=rf"{why}.*未作任何更改。"):
        act(station, name, **given)
    assert (the_one(station), log(station)) == before


def test_a_monitor_sorts_but_does_not_answer_and_two_at_once_get_one_result(station: Station) -> None:
    ask(station)
    with pytest.raises(IllegalStep, match="您的角色不能登记答复"):
        act(station, "answer", ON_DESK, how="已答")
    act(station, "dismiss", ON_DESK, why="同学之间的闲聊")
    with pytest.raises(IllegalStep, match="咨询处于“不是咨询”"):
        act(station, "answer", IN_LEAD, how="已答")
    assert the_one(station).state == "not_one"
    act(station, "reopen", IN_LEAD, why="确是提问")
    assert (the_one(station).state, the_one(station).round) == ("open", 2)
    with station.office.store.read() as conn:
        assert list(audit.faults(conn)) == []


def message(station: Station, text: str = "请问转专业需要什么条件", **changes: Any) -> Post:
    values: dict[str, Any] = {"kind": Kind.MESSAGE, "account": "wx", "post_id": "wechat:m1", "thread": "wechat:m1"}
    return ask(station, text, **values | changes)


def test_a_private_message_has_the_platforms_window_and_lapses_when_it_closes(station: Station) -> None:
    message(station)
    row = the_one(station)
    assert (row.private, row.window_until - row.asked_at) == (True, timedelta(hours=48))
    station.office.later(hours=49)
    row = the_one(station)
    assert (row.state, row.overdue_at is not None) == ("lapsed", True)
    assert log(station)[-1] == "私信回复窗口已关闭，未能答复"
    act(station, "answer", IN_LEAD, how="已电话答复")
    assert the_one(station).state == "answered"


def test_a_further_message_opens_the_window_anew_and_a_reply_answers_the_conversation(station: Station) -> None:
    message(station)
    station.office.later(hours=20)
    message(station, "老师在吗？", post_id="wechat:m2")
    row = the_one(station)
    assert row.window_until - row.asked_at == timedelta(hours=48)
    assert row.asked_at == station.office.now
    station.office.later(hours=47)
    assert the_one(station).state == "open"
    message(station, "您好，见学生手册第四章。", post_id="wechat:m3", by_school=True)
    assert the_one(station).state == "answered"


def test_what_was_promised_outlives_the_window(station: Station) -> None:
    message(station)
    act(station, "promise", until=station.office.now + timedelta(days=5), words="已回复：下周一前答复")
    station.office.later(hours=49)
    assert the_one(station).state == "promised"
    assert "私信回复窗口已关闭" in log(station)


@pytest.mark.parametrize("pack", ["TF", "ZG", "NX", "neutral", "neutral3"])
def test_where_the_document_has_no_clause_it_stands_in_the_list_and_nothing_is_owed(
    station: Station, pack: str
) -> None:
    office = station.office
    office.ground = Ground(load(pack), office.head, {})
    station.watch = station.watcher()
    ask(station)
    row = the_one(station)
    assert (row.state, row.due_at, row.article, row.source) == ("open", None, "", "none")
    office.later(days=10)
    assert the_one(station).overdue_at is None
    assert letters(station)[0] == "2026-11-04 待答咨询"
    assert office.rows(notices, addressee="keeper")[0].view["basis"] == "校规未规定"


def test_after_ninety_days_the_words_are_gone_and_nobody_waits_any_more(station: Station) -> None:
    office = station.office
    office.ground = Ground(load("TF"), office.head, {})
    station.watch = station.watcher()
    ask(station)
    office.now += timedelta(days=90)
    office.work()
    assert the_one(station).state == "lapsed"
    office.later(days=2)
    assert [row.name for row in office.rows(timers, state="set")] == []


def test_the_documented_diagram_is_the_table() -> None:
    readme = Path(__file__).parents[3] / "escalation" / "consultation" / "README.md"
    assert "\n".join(CONSULTATION.diagram()) in readme.read_text("utf-8")
