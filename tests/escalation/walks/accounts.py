"""What is asked, handed in and found of an account: permits, submissions, findings, account changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from escalation import alteration, breach, paper, people, permit, submission
from escalation.alteration import alterations
from escalation.alteration.compare import Difference, Kind
from escalation.alteration.state import ALTERATION
from escalation.alteration.state import State as ChangeState
from escalation.breach import breaches
from escalation.breach.state import BREACH
from escalation.incident import Actor
from escalation.notice.docket import docket_lines
from escalation.people import Held, Person, Role
from escalation.permit import permits
from escalation.permit.state import PERMIT
from escalation.permit.state import State as PermitState
from escalation.procedure import Trigger, load
from escalation.submission import submissions
from escalation.submission.state import SUBMISSION
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
from tests.escalation.station import Station
from tests.escalation.walk import Press
from tests.escalation.walks.noun import Noun, Seen, on, rows_of, wait
from tests.stream.said import SCHOOL

GIVER_TOO = Actor("giver2", "田力", frozenset({Role.SCHOOL_LEADER}))


def with_two_givers(s: Station) -> None:
    """A school where two persons may grant."""
    school(s, "JY")
    role = s.office.ground.pack.role_of(s.office.ground.pack.permit.office)
    person = Person(SCHOOL, "giver2", GIVER_TOO.name, "", "校办", "giver2@x.example", "139")
    with s.office.store.write() as conn:
        people.enter(conn, [person], [Held(role, "", "giver"), Held(role, "", "giver2", 1)])


def _ask(s: Station, row: Any) -> Press:
    given = {"subject": "火情", "text": FIRE, "planned": "", "why": "须告知"}
    return lambda c, by: permit.ask(c, s.office.ground, paper.place_of(c, SCHOOL, "canteen"), by, s.office.now, **given)


def _decide(*, grant: bool) -> Seen:
    return on(lambda c, s, by, row: permit.decide(
        c, s.office.ground, SCHOOL, row.number, by, s.office.now, grant=grant, why="看过"
    ))  # fmt: skip


PERMITS = Noun(
    PERMIT, with_two_givers, rows_of(permits),
    {
        "ask": _ask, "grant": _decide(grant=True), "refuse": _decide(grant=False),
        "withdraw": on(lambda c, s, by, row: permit.withdraw(
            c, s.office.ground.pack, SCHOOL, row.number, by, s.office.now, "不发了"
        )),
    },
    (
        ("ask", STRANGER), ("ask", KEEPER), ("grant", KEEPER), ("grant", STRANGER), ("grant", GIVER), ("refuse", GIVER),
        ("withdraw", GIVER), ("ask", KEEPER), ("refuse", GIVER), ("ask", KEEPER), ("grant", GIVER),
        ("published", KEEPER), ("ask", KEEPER), ("grant", GIVER), ("three weeks", KEEPER), ("withdraw", KEEPER),
    ),
    {"ask": LEADER, "grant": GIVER_TOO, "refuse": GIVER_TOO, "withdraw": KEEPER},
    {
        "wait": wait(hours=3), "three weeks": wait(days=21),
        "published": lambda s: publish(s, FIRE, f"out-{s.office.now:%d%H%M}"),
    },
    log=docket_lines,
    clock="permit:{}", ticks=frozenset({PermitState.GRANTED}),
)  # fmt: skip


def _zigong(s: Station) -> None:
    school(s, "ZG")
    use_submissions(s)


def _hand_in(s: Station, row: Any) -> Press:
    return lambda c, by: submission.hand_in(
        c, s.office.ground, paper.place_of(c, SCHOOL, "article"), by, s.office.now, title="一则通知", text=WEATHER
    )


def _of_submission(deed: Callable[..., object], *words: str, read: bool = True) -> Seen:
    """`read`: it counts for the text that is on the screen."""

    def do(conn: Connection, s: Station, by: Actor, row: Any) -> object:
        more = {"seen": row.text_hash} if read else {}
        return deed(conn, s.office.ground, SCHOOL, row.number, by, s.office.now, *words, **more)

    return on(do)


SUBMISSIONS = Noun(
    SUBMISSION, _zigong, rows_of(submissions),
    {
        "hand_in": _hand_in, "sign": _of_submission(submission.sign), "approve": _of_submission(submission.approve),
        "return": _of_submission(submission.give_back, "请改"),
        "again": _of_submission(submission.hand_in_again, FIRE, read=False),
        "withdraw": on(lambda c, s, by, row: submission.withdraw(
            c, s.office.ground.pack, SCHOOL, row.number, by, s.office.now, "不发了"
        )),
    },
    (
        ("hand_in", STRANGER), ("hand_in", KEEPER), ("sign", KEEPER), ("return", LEADER), ("again", LEADER),
        ("again", KEEPER), ("approve", PUBLICITY), ("sign", LEADER), ("approve", LEADER), ("approve", PUBLICITY),
        ("withdraw", STRANGER), ("withdraw", PUBLICITY), ("hand_in", KEEPER), ("sign", LEADER), ("approve", PUBLICITY),
        ("published", KEEPER), ("withdraw", KEEPER),
    ),
    {
        "hand_in": PUBLICITY, "sign": LEADER, "return": LEADER, "again": KEEPER, "approve": DEPUTY, "withdraw": KEEPER,
    },
    {
        "wait": wait(hours=3),
        "published": lambda s: publish(s, WEATHER, f"out-{s.office.now:%d%H%M}", "article"),
    },
    log=docket_lines,
)  # fmt: skip


def _found(s: Station) -> None:
    school(s, "JY")
    publish(s, FIRE, "unasked")
    assert s.office.rows(breaches)


def _of_finding(deed: Callable[..., object], *words: str, **more: Any) -> Seen:
    return on(lambda c, s, by, row: deed(c, SCHOOL, row.number, by, s.office.now, *words, **more))


FINDINGS = Noun(
    BREACH, _found, rows_of(breaches),
    {
        "explain": _of_finding(breach.explain, "已口头同意"),
        "confirm": _of_finding(breach.decide, confirm=True, why="属实"),
        "dismiss": _of_finding(breach.decide, confirm=False, why="已有授权"),
        "reconsider": _of_finding(breach.reconsider, "另有材料"),
    },
    (
        ("explain", STRANGER), ("explain", KEEPER), ("confirm", KEEPER), ("confirm", PUBLICITY), ("explain", LEADER),
        ("reconsider", KEEPER), ("reconsider", PUBLICITY), ("dismiss", PUBLICITY),
    ),
    {"explain": LEADER, "confirm": DEPUTY, "dismiss": DEPUTY, "reconsider": DEPUTY},
    {"wait": wait(hours=3), "another": lambda s: publish(s, FIRE, f"unasked-{s.office.now:%d%H%M}")},
    log=docket_lines,
)  # fmt: skip


def _renamed(s: Station) -> None:
    """The platform shows another name than the book, and it is written down."""
    school(s, "JY")
    found = Difference(Kind.RENAMED, "旧名", "新名", s.office.now, s.office.now)
    week = load("ZG").who((Trigger.ACCOUNT_RENAMED,), 4).deadline
    with s.office.store.write() as conn:
        alteration.record(conn, paper.place_of(conn, SCHOOL, "canteen"), found, "第十条", week, s.office.now)


def _agrees(s: Station) -> None:
    """The platform's name was looked at again: it agrees with the book."""
    row = s.office.rows(alterations)[-1]
    s.office.store.run(lambda conn: alteration.agree(conn, row, "恢复一致", s.office.now))


def _shown_again(s: Station) -> None:
    """What had just ended is shown once more."""
    row = s.office.rows(alterations)[-1]
    s.office.store.run(lambda conn: alteration.again(conn, row, s.office.now))


CHANGES = Noun(
    ALTERATION, _renamed, rows_of(alterations),
    {
        "date": on(lambda c, s, by, row: alteration.set_date(c, SCHOOL, row.number, by, s.office.now, "2026-11-01")),
        "settle": on(lambda c, s, by, row: alteration.settle(c, SCHOOL, row.number, by, s.office.now, "临时改名")),
    },
    (
        ("date", STRANGER), ("date", KEEPER), ("settle", KEEPER), ("agrees", KEEPER), ("settle", PUBLICITY),
        ("shown again", KEEPER), ("date", LEADER), ("settle", PUBLICITY), ("settle", PUBLICITY), ("date", KEEPER),
    ),
    {"date": LEADER, "settle": PUBLICITY},
    {"wait": wait(hours=3), "agrees": _agrees, "shown again": _shown_again},
    log=docket_lines,
    clock="alteration:{}", ticks=frozenset({ChangeState.SEEN}),
)  # fmt: skip
NOUNS = (PERMITS, SUBMISSIONS, FINDINGS, CHANGES)
