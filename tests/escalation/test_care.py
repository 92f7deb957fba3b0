"""Care cases 关爱个案: told by telephone to who can help, with nothing in any message, and with no writer anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from escalation import alert, audit, circumstance
from escalation.audit_file import lines, span_of
from escalation.care import CARE_WORDS, reached, state_words
from escalation.channels import Transient
from escalation.channels.phone import OUTCOMES, CallOutcome
from escalation.incident import incidents
from escalation.incident.state import STATE_WORDS, State
from escalation.notice import calls, deliveries, notices
from escalation.opening import Ground
from escalation.people import Held, Person, Role, enter
from escalation.procedure import Clock, DutyKind, Source, Trigger, codes, load, thaw
from escalation.receipt import Signed, sign
from escalation.task import KIND_WORDS, TaskKind, tasks
from escalation.telephone import record_call
from escalation.timer import timers
from stream.store import metadata
from tests.escalation.office import ON_DESK
from tests.escalation.station import Station, open_station
from tests.stream.said import SCHOOL

CRY = "真的活不下去了，活着好累，猫留给室友了"
WRITER = "u-the-writer-of-it"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        with made.office.store.write() as conn:
            helper = Person(SCHOOL, "helper", "温暖", "学生处副处长", "学生工作部", "helper@x.example", "13900000001")
            enter(conn, [helper], [Held(Role.CARE, "", "helper")])
        yield made


def cry(station: Station) -> int:
    station.say(CRY, author=WRITER)
    (row,) = station.incidents()
    assert row.care
    station.office.work()
    return int(row.id)


def test_the_care_role_is_telephoned_at_once_and_those_whom_the_articles_name_are_told_as_well(
    station: Station,
) -> None:
    cry(station)
    office = station.office
    told = {row.addressee: row for row in office.rows(notices, kind="first")}
    assert set(told) >= {"helper", "keeper", "leader", "publicity"}
    assert told["helper"].basis == "系统默认，非校规"
    assert told["helper"].office == "学生工作部（心理健康教育中心）"
    (task,) = office.rows(calls, person_id="helper")
    assert (task.number, task.created_at) == ("13900000001", station.incidents()[0].opened_at)
    assert "12356" in task.words


def test_no_message_on_any_channel_says_what_it_is(station: Station) -> None:
    cry(station)
    station.office.later(hours=2)
    sent = [*station.office.mail.sent, *station.office.robot.sent]
    assert len(sent) > 8
    for message in sent:
        said = f"{message.subject}{message.text}{message.html or ''}"
        assert not any(word in said for word in ("求助", "心理", "自伤", "轻生", "后勤", CRY, CRY[:6], WRITER)), said
        assert message.html is None
    assert "请登录查看" in station.office.robot.sent[0].text
    first = station.office.mail.sent[0]
    assert "有一份须签收的通知 FX-2026-0001-" in first.text
    for said in (first.subject, first.text):
        assert re.search(r"级.*请于 \d\d:\d\d 前签收", said), "how grave and until when is no secret"
    assert "签收后请即致电值班室" in first.text or not station.office.head.duty_phone


def test_a_late_message_says_that_it_is_late_and_still_not_what_it_is(station: Station) -> None:
    station.office.mail.answers = [Transient("连不上")] * 30
    cry(station)
    station.office.later(minutes=30)
    for row in station.office.rows(deliveries):
        assert "求助" not in row.text
    assert all("求助" not in f"{one.subject}{one.text}{one.html}" for one in station.office.mail.sent)


def test_nobody_holds_the_care_role_so_the_desk_gets_it_and_an_alert_rings(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        cry(station)
        rows = station.office.rows(notices, addressee="monitor", kind="first")
        assert "没有可联系的人员，由值班台代收" in rows[0].reason
        with station.office.store.read() as conn:
            assert "vacant:学生工作部（心理健康教育中心）" in {one.cause for one in alert.ringing(conn, SCHOOL)}


def test_no_table_but_the_posts_own_holds_who_wrote_it(station: Station) -> None:
    """Incident, notices, log, audit, docket, timers: the writer's pseudonym stands in none of them."""
    cry(station)
    station.office.later(hours=3)
    kept = {"posts", "lines", "marks"}
    with station.office.store.read() as conn:
        for table in metadata.sorted_tables:
            if table.name in kept:
                continue
            for row in conn.execute(select(table)):
                assert WRITER not in str(row), table.name
        assert all(
            WRITER not in line and CRY not in line
            for line in map(str, lines(conn, span_of(conn, None, None), station.office.now))
        )


@pytest.mark.parametrize("code", codes())
def test_every_pack_has_a_care_office_of_ours_that_no_article_is_cited_for(code: str) -> None:
    pack = load(code)
    plain = pack.who([Trigger.MAJOR_EVENT_OR_URGENT], 1)
    answer = pack.who([Trigger.MAJOR_EVENT_OR_URGENT], 1, care=True)
    more = [one for one in answer.recipients if one not in plain.recipients]
    assert [(one.role, one.source, one.article) for one in more] == [("care", Source.DEFAULT, "")]
    assert {one.role for one in plain.recipients} <= {one.role for one in answer.recipients}
    assert pack.care is not None
    assert "care" in pack.ladder.chain


def test_a_pack_frozen_before_there_was_a_care_role_still_thaws(station: Station) -> None:
    frozen = load("JY").freeze()
    frozen["pack"].pop("care")
    frozen["pack"].pop("consultation")
    old = thaw(frozen)
    assert old.care is None
    assert old.who([Trigger.MAJOR_EVENT_OR_URGENT], 1, care=True) == old.who([Trigger.MAJOR_EVENT_OR_URGENT], 1)
    station.office.ground = Ground(old, station.office.head, {})
    station.watch = station.watcher()
    cry(station)
    assert station.office.rows(notices, addressee="helper") == []


def test_a_care_case_has_state_words_of_its_own_for_every_state() -> None:
    assert set(CARE_WORDS) == set(State)
    same = {state for state in State if CARE_WORDS[state] == STATE_WORDS[state]}
    assert same == {State.ARCHIVED, State.MERGED}


def test_the_words_follow_the_case(station: Station) -> None:
    number = cry(station)
    row = station.office.one(number)
    assert state_words(row, reached=True) == "已转介，待接收"
    assert state_words(row, reached=False) == "正在转介，待拨/待签"
    with station.office.store.write() as conn:
        conn.execute(incidents.update().where(incidents.c.id == number).values(care=False))
        assert list(audit.faults(conn)) == []
    assert state_words(station.office.one(number), reached=False) == "待签收"


def has_reached(station: Station, number: int) -> bool:
    with station.office.store.read() as conn:
        return number in reached(conn, [number])


def signs(station: Station, who: str) -> None:
    with station.office.store.write() as conn:
        assert sign(conn, station.office.notice(who).id, who, station.office.now, via="desk") is Signed.NOW


def test_the_case_is_handed_over_when_the_care_role_signed_and_not_when_others_did(station: Station) -> None:
    number = cry(station)
    for who in ("keeper", "leader", "publicity"):
        signs(station, who)
        assert not has_reached(station, number)
    signs(station, "helper")
    assert has_reached(station, number)


@pytest.mark.parametrize(("outcome", "there"), [(CallOutcome.TOLD, True), *(
    (one, False) for one in CallOutcome if one is not CallOutcome.TOLD
)])  # fmt: skip
def test_only_a_call_that_got_through_to_the_care_role_hands_the_case_over(
    station: Station, outcome: CallOutcome, there: bool
) -> None:
    number = cry(station)
    (task,) = station.office.rows(calls, person_id="helper")
    with station.office.store.write() as conn:
        record_call(conn, task.id, ON_DESK, station.office.now, OUTCOMES[outcome].title, "记")
    assert has_reached(station, number) is there


def test_the_desk_that_stands_in_for_the_care_role_is_not_the_care_role(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        number = cry(station)
        signs(station, "monitor")
        assert not has_reached(station, number)
        assert state_words(station.office.one(number), reached=False) == "正在转介，待拨/待签"


def test_a_public_answer_is_due_only_where_an_article_of_the_triggers_demands_one(station: Station) -> None:
    number = cry(station)
    row = station.office.one(number)
    assert row.triggers == [Trigger.MAJOR_EVENT_OR_URGENT]
    assert {one.name for one in station.office.rows(timers, kind="duty")} == {"first_report", "facts"}
    with station.office.store.write() as conn:
        found = [Trigger.CRISIS_OR_NEGATIVE_OPINION]
        circumstance.add(conn, station.office.head, number, found, ON_DESK, station.office.now, "多人转发")
    due = {one.name for one in station.office.rows(timers, kind="duty")}
    assert due == {"first_report", "facts", "first_answer"}, "第十四条：发生舆情危机时，应主动予以正面回复"


def test_a_figure_of_the_rules_own_for_the_first_answer_stays(station: Station) -> None:
    pack = load("JY")
    clock = Clock(after=timedelta(hours=3), source=Source.RULE, article="第九条")
    levels = tuple(one.model_copy(update={"first_answer": clock}) for one in pack.level)
    station.office.ground = Ground(pack.model_copy(update={"level": levels}), station.office.head, {})
    station.watch = station.watcher()
    cry(station)
    assert [one.article for one in station.office.rows(timers, name="first_answer")] == ["第九条"]


def test_a_running_matter_that_turns_out_a_cry_for_help_is_asked_for_no_public_answer(station: Station) -> None:
    office = station.office
    number = office.open()
    assert office.rows(timers, name="first_answer", state="set")
    office.add(number, care=True)
    assert not office.rows(timers, name="first_answer", state="set")
    assert "关爱个案，首次回应不再要求" in office.headings()
    assert "与平台沟通" in {KIND_WORDS[one.kind] for one in office.rows(tasks)}, "第十四条 demands it; it stays"


@pytest.mark.parametrize("code", codes())
def test_a_platform_is_spoken_with_where_an_article_demands_it_and_nowhere_else(tmp_path: Path, code: str) -> None:
    pack = load(code)
    demanded = any(one.kind is DutyKind.PLATFORM_CONTACT for one in pack.who([Trigger.MAJOR_EVENT_OR_URGENT], 1).duties)
    with open_station(tmp_path) as station:
        station.office.ground = Ground(pack, station.office.head, {})
        station.watch = station.watcher()
        cry(station)
        asked = [
            ask for row in station.office.rows(notices) for ask in row.view["asks"] if "平台" in ask or "网站" in ask
        ]
        set_ = [one for one in station.office.rows(tasks) if one.kind == TaskKind.PLATFORM_CONTACT]
        assert (bool(asked), bool(set_)) == (demanded, demanded)
        assert demanded == (code in ("JY", "LG", "ZG"))


def test_the_word_of_a_clause_stands_with_whom_it_names_and_not_with_the_care_role(station: Station) -> None:
    cry(station)
    said = {row.addressee: row.view["deadline_source"] for row in station.office.rows(notices, kind="first")}
    assert "要求" not in said["helper"]
    assert said["helper"].startswith("签收时限")
    assert said["leader"].startswith("第十四条要求“及时”；签收时限")
