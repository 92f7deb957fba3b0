"""Permits, submissions, findings, account changes, statements, tasks, consultations, silences and closing orders walked
over a real store: each deed whole, refused, or cut off."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from escalation import alteration, breach, paper, permit, silence, submission
from escalation.alteration import alterations
from escalation.alteration.compare import Difference, Kind
from escalation.alteration.state import ALTERATION
from escalation.breach import breaches
from escalation.breach.state import BREACH
from escalation.consultation import consultations, course
from escalation.consultation.state import CONSULTATION
from escalation.deed import incident_of
from escalation.incident import Actor
from escalation.measure import measures
from escalation.measure.deciding import act
from escalation.measure.proposing import propose_closing
from escalation.measure.state import ORDER
from escalation.permit import permits
from escalation.permit.state import PERMIT
from escalation.procedure import Trigger, load
from escalation.silence import SILENCE, Quiet, silences
from escalation.state_table import StateTable
from escalation.submission import submissions
from escalation.submission.state import SUBMISSION
from escalation.task import TaskKind, deeds, tasks
from escalation.task.setting import KEEPER as TO_KEEPER
from escalation.task.setting import set_task
from escalation.task.state import TASK
from escalation.voice import approval, release, statement
from escalation.voice.approval import approvals
from escalation.voice.state import STATEMENT
from escalation.voice.statement import Draft, statements
from tests.escalation.office import IN_LEAD, ON_DESK
from tests.escalation.papers import (
    DEPUTY,
    FIRE,
    GIVER,
    KEEPER,
    LEADER,
    PUBLICITY,
    STRANGER,
    WEATHER,
    publish,
    school,
    use_submissions,
)
from tests.escalation.station import Station, open_station
from tests.escalation.voice.course import CARD, TEXT, URL
from tests.escalation.walk import take
from tests.stream.said import SCHOOL

Deed = Callable[[Connection, Station, Actor], object]
SEEDS = [
    pytest.param(seed, marks=[pytest.mark.long] if seed else [], id=f"walk-{seed}") for seed in range(10)
]  # fmt: skip


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


def prepared(station: Station, noun: str) -> None:
    """A school whose offices are filled, and what the noun hangs on."""
    school(station, "ZG" if noun == "submission" else "JY")
    if noun == "submission":
        use_submissions(station)
    elif noun == "finding":
        publish(station, FIRE, "unasked")
        assert station.office.rows(breaches)
    elif noun == "account change":
        office = station.office
        found = Difference(Kind.RENAMED, "旧名", "新名", office.now, office.now)
        week = load("ZG").who((Trigger.ACCOUNT_RENAMED,), 4).deadline
        with office.store.write() as conn:
            alteration.record(conn, paper.place_of(conn, SCHOOL, "canteen"), found, "第十条", week, office.now)
    elif noun == "consultation":
        station.say("请问晚上几点收餐", negative=False)
        assert station.office.rows(consultations)
    elif noun != "permit":
        station.office.open(level=3)


def newest(station: Station, table: Any, name: str = "id") -> Any:
    rows = station.office.rows(table)
    return rows[-1]._mapping[name] if rows else 0


def _ask(conn: Connection, s: Station, by: Actor) -> object:
    place, office = paper.place_of(conn, SCHOOL, "canteen"), s.office
    return permit.ask(conn, office.ground, place, by, office.now, subject="火情", text=FIRE, planned="", why="须告知")


def _decide(*, grant: bool) -> Deed:
    return lambda c, s, by: permit.decide(
        c, s.office.ground, SCHOOL, str(newest(s, permits, "number")), by, s.office.now, grant=grant, why="看过"
    )


def _set(conn: Connection, s: Station, by: Actor) -> object:
    office = s.office
    return set_task(conn, office.head, incident_of(conn, 1), TaskKind.FACTS, TO_KEEPER, by, office.now, "请办理")


def _draft(s: Station) -> Draft:
    return Draft(f"{TEXT}第 {len(s.office.rows(statements)) + 1} 稿。", CARD)


def _check(conn: Connection, s: Station, by: Actor) -> None:
    for item in s.office.ground.pack.voice.check:
        statement.check(conn, newest(s, statements), by, s.office.now, item.key, passed=True)


def _approve(*, yes: bool) -> Deed:
    def decide(conn: Connection, s: Station, by: Actor) -> None:
        asked = s.office.rows(approvals)
        seal = asked[-1].seal if asked else ""
        approval.decide(
            conn, s.office.head, asked[-1].id if asked else 0, by, s.office.now, approve=yes,
            comment="" if yes else "请改", seal=seal, via="desk",
        )  # fmt: skip

    return decide


def _release(conn: Connection, s: Station, by: Actor) -> None:
    seal = newest(s, statements, "text_hash") if s.office.rows(statements) else ""
    release.release(
        conn, s.office.head, newest(s, statements), by, s.office.now, account_id="main", url=URL, text_hash=seal
    )


def _hand_in(conn: Connection, s: Station, by: Actor) -> object:
    place, office = paper.place_of(conn, SCHOOL, "article"), s.office
    return submission.hand_in(conn, office.ground, place, by, office.now, title="一则通知", text=WEATHER)


def _of_submission(deed: Callable[..., object], *words: str, read: bool = True) -> Deed:
    """`read`: it counts for the text that is on the screen."""

    def do(conn: Connection, s: Station, by: Actor) -> object:
        more = {"seen": str(newest(s, submissions, "text_hash"))} if read else {}
        number = str(newest(s, submissions, "number"))
        return deed(conn, s.office.ground, SCHOOL, number, by, s.office.now, *words, **more)

    return do


def _of_finding(deed: Callable[..., object], *words: str, **more: Any) -> Deed:
    return lambda c, s, by: deed(c, SCHOOL, str(newest(s, breaches, "number")), by, s.office.now, *words, **more)


def _of_change(deed: Callable[..., object], *words: str) -> Deed:
    return lambda c, s, by: deed(c, SCHOOL, newest(s, alterations, "number"), by, s.office.now, *words)


def _hush(conn: Connection, s: Station, by: Actor) -> object:
    number, now = incident_of(conn, 1).number, s.office.now
    return silence.begin(conn, SCHOOL, Quiet.INCIDENT, number, by, now, "已当面说", now + timedelta(hours=1))


def _order(event: str) -> Deed:
    return lambda c, s, by: act(c, s.office.head, newest(s, measures), event, by, s.office.now, "已办")


NOUNS: dict[str, tuple[Any, StateTable[Any, Any], tuple[Actor, ...], dict[str, Deed]]] = {
    "permit": (permits, PERMIT, (KEEPER, GIVER, STRANGER), {
        "ask": _ask, "grant": _decide(grant=True), "refuse": _decide(grant=False),
        "withdraw": lambda c, s, by: permit.withdraw(
            c, s.office.ground.pack, SCHOOL, str(newest(s, permits, "number")), by, s.office.now, "不发了"
        ),
    }),
    "submission": (submissions, SUBMISSION, (KEEPER, LEADER, PUBLICITY, STRANGER), {
        "hand_in": _hand_in, "sign": _of_submission(submission.sign), "approve": _of_submission(submission.approve),
        "return": _of_submission(submission.give_back, "请改"),
        "again": _of_submission(submission.hand_in_again, FIRE, read=False),
        "withdraw": lambda c, s, by: submission.withdraw(
            c, s.office.ground.pack, SCHOOL, str(newest(s, submissions, "number")), by, s.office.now, "不发了"
        ),
    }),
    "finding": (breaches, BREACH, (KEEPER, LEADER, PUBLICITY, DEPUTY), {
        "explain": _of_finding(breach.explain, "已口头同意"),
        "confirm": _of_finding(breach.decide, confirm=True, why="属实"),
        "dismiss": _of_finding(breach.decide, confirm=False, why="已有授权"),
        "reconsider": _of_finding(breach.reconsider, "另有材料"),
    }),
    "account change": (alterations, ALTERATION, (KEEPER, LEADER, PUBLICITY, STRANGER), {
        "date": _of_change(alteration.set_date, "2026-11-01"), "settle": _of_change(alteration.settle, "临时改名"),
    }),
    "task": (tasks, TASK, (KEEPER, IN_LEAD, ON_DESK, LEADER), {
        "set": _set, "accept": lambda c, s, by: deeds.accept(c, newest(s, tasks), by, s.office.now),
        "answer": lambda c, s, by: deeds.answer(c, newest(s, tasks), by, s.office.now, "已核实"),
        "confirm": lambda c, s, by: deeds.confirm(c, newest(s, tasks), by, s.office.now),
        "return": lambda c, s, by: deeds.give_back(c, s.office.head, newest(s, tasks), by, s.office.now, "请补充"),
        "withdraw": lambda c, s, by: deeds.withdraw(c, newest(s, tasks), by, s.office.now, "不需要了"),
    }),
    "consultation": (consultations, CONSULTATION, (KEEPER, IN_LEAD, LEADER), {
        "answer": lambda c, s, by: course.answer(c, SCHOOL, 1, by, s.office.now, "已在评论区回复"),
        "promise": lambda c, s, by: course.promise(
            c, SCHOOL, 1, by, s.office.now, s.office.now + timedelta(days=2), "已告知"
        ),
        "dismiss": lambda c, s, by: course.dismiss(c, SCHOOL, 1, by, s.office.now, "不是提问"),
        "reopen": lambda c, s, by: course.reopen(c, SCHOOL, 1, by, s.office.now, "还没有答"),
    }),
    "statement": (statements, STATEMENT, (IN_LEAD, DEPUTY, KEEPER), {
        "draft": lambda c, s, by: statement.draft(c, 1, by, s.office.now, _draft(s)), "check": _check,
        "submit": lambda c, s, by: approval.submit(c, s.office.head, newest(s, statements), by, s.office.now),
        "approve": _approve(yes=True), "return": _approve(yes=False), "release": _release,
        "drop": lambda c, s, by: statement.drop(c, newest(s, statements), by, s.office.now, "不用了"),
        "withdraw": lambda c, s, by: release.withdraw(
            c, s.office.head, newest(s, statements), by, s.office.now, "有误", again=False
        ),
    }),
    "silence": (silences, SILENCE, (ON_DESK, IN_LEAD, KEEPER), {
        "begin": _hush, "lift": lambda c, s, by: silence.lift(c, SCHOOL, newest(s, silences), by, s.office.now),
    }),
    "order": (measures, ORDER, (IN_LEAD, LEADER, GIVER), {
        "propose": lambda c, s, by: propose_closing(c, incident_of(c, 1), by, s.office.now, "屡次发布不实内容"),
        "decide": _order("decide"), "refuse": _order("refuse"), "withdraw": _order("withdraw"),
        "finish": _order("finish"), "lift": _order("lift"),
    }),
}  # fmt: skip


USUAL: dict[str, tuple[tuple[str, Actor], ...]] = {
    "permit": (
        ("ask", STRANGER), ("ask", KEEPER), ("grant", KEEPER), ("grant", STRANGER), ("grant", GIVER), ("refuse", GIVER),
        ("withdraw", GIVER), ("ask", KEEPER), ("refuse", GIVER),
    ),
    "submission": (
        ("hand_in", STRANGER), ("hand_in", KEEPER), ("sign", KEEPER), ("return", LEADER), ("again", LEADER),
        ("again", KEEPER), ("approve", PUBLICITY), ("sign", LEADER), ("approve", LEADER), ("approve", PUBLICITY),
        ("withdraw", STRANGER), ("withdraw", PUBLICITY),
    ),
    "finding": (
        ("explain", STRANGER), ("explain", KEEPER), ("confirm", KEEPER), ("confirm", PUBLICITY), ("explain", LEADER),
        ("reconsider", KEEPER), ("reconsider", PUBLICITY), ("dismiss", PUBLICITY),
    ),
    "account change": (
        ("date", STRANGER), ("date", KEEPER), ("settle", KEEPER), ("date", LEADER), ("settle", PUBLICITY),
        ("settle", PUBLICITY), ("date", KEEPER),
    ),
    "task": (
        ("set", IN_LEAD), ("accept", LEADER), ("accept", KEEPER), ("answer", KEEPER), ("return", IN_LEAD),
        ("answer", KEEPER), ("confirm", KEEPER), ("confirm", IN_LEAD), ("set", IN_LEAD), ("withdraw", IN_LEAD),
    ),
    "consultation": (
        ("promise", KEEPER), ("answer", KEEPER), ("promise", KEEPER), ("reopen", KEEPER), ("dismiss", KEEPER),
        ("answer", KEEPER), ("reopen", IN_LEAD),
    ),
    "statement": (
        ("draft", KEEPER), ("draft", IN_LEAD), ("submit", IN_LEAD), ("check", IN_LEAD), ("submit", IN_LEAD),
        ("return", DEPUTY), ("draft", IN_LEAD), ("check", IN_LEAD), ("submit", IN_LEAD), ("approve", IN_LEAD),
        ("release", IN_LEAD), ("approve", DEPUTY), ("release", KEEPER), ("release", IN_LEAD), ("withdraw", IN_LEAD),
        ("draft", IN_LEAD), ("drop", IN_LEAD),
    ),
    "silence": (
        ("begin", KEEPER), ("begin", ON_DESK), ("begin", IN_LEAD), ("lift", KEEPER), ("lift", IN_LEAD),
        ("lift", ON_DESK), ("begin", IN_LEAD),
    ),
    "order": (
        ("propose", LEADER), ("propose", IN_LEAD), ("finish", IN_LEAD), ("decide", IN_LEAD), ("refuse", GIVER),
        ("propose", IN_LEAD), ("withdraw", GIVER), ("withdraw", IN_LEAD), ("propose", IN_LEAD), ("decide", GIVER),
        ("lift", IN_LEAD), ("finish", IN_LEAD), ("lift", GIVER), ("decide", GIVER),
    ),
}  # fmt: skip
"""The usual course of each, with those who may not among it; in it every deed is done once."""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("noun", NOUNS)
def test_every_deed_is_whole_or_nothing(station: Station, noun: str, seed: int) -> None:
    table, states, actors, given = NOUNS[noun]
    prepared(station, noun)
    chance, done = random.Random(seed), set[str]()
    for what, by in [*USUAL[noun], *((chance.choice([*given, "wait"]), chance.choice(actors)) for _ in range(4))]:
        station.office.now += timedelta(minutes=1)
        before = {row.id: row.state for row in station.office.rows(table)}
        if what == "wait":
            station.office.later(hours=3)
            continue
        if not take(station.office.store, lambda conn, what=what, by=by: given[what](conn, station, by)):  # type: ignore[misc]
            continue
        done.add(what)
        for row in station.office.rows(table):
            was = before.get(row.id, states.start)
            legal = {step.to for step in states.steps[type(states.start)(was)].values()}
            assert row.state == was or row.state in legal, f"{what}: {was} 到 {row.state}"
    assert done == set(given), "what is refused everywhere shows nothing"
