"""A station whose accounts ask for leave and hand in: who may do what, and short ways to do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row

from escalation import paper, people, permit, submission
from escalation.breach import breaches
from escalation.incident import Actor
from escalation.opening import Ground
from escalation.people import Held, Person, Role
from escalation.permit import permits
from escalation.procedure import load
from escalation.submission import submissions, use
from stream.account import Account, book
from stream.account import enter as enter_accounts
from stream.post import Kind, Post
from tests.escalation.office import UNIT
from tests.escalation.station import EARLY, Station
from tests.stream.said import SCHOOL

KEEPER = Actor("keeper", "谢晓", frozenset({Role.KEEPER}))
LEADER = Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER}))
PUBLICITY = Actor("publicity", "何岚", frozenset({Role.PUBLICITY}))
DEPUTY = Actor("deputy", "宋微", frozenset({Role.PUBLICITY}))
GIVER = Actor("giver", "赵越", frozenset({Role.SCHOOL_LEADER}))
STRANGER = Actor("monitor", "陈屿", frozenset({Role.MONITOR}))
FIRE = "今日上午我院实训楼突发火情，现场师生均已疏散，无人员受伤，原因正在调查"
WEATHER = "本周末有雨，请同学们记得带伞，注意收好阳台上的衣物"


def school(station: Station, code: str = "JY") -> None:
    """Put the station under a pack, and fill every office on which papers hang."""
    office = station.office
    pack = load(code)
    office.ground = Ground(pack, office.head, {"engine": "said"})
    station.watch.close()
    station.watch = station.watcher()
    more = [Person(SCHOOL, one.id, one.name, "", "校办", f"{one.id}@x.example", "139") for one in (GIVER, DEPUTY)]
    held = [Held(role, "", "giver") for role in {pack.role_of(pack.permit.office)} - {"", "publicity"}]
    held += [
        Held(role, UNIT, "leader")
        for role in {pack.role_of(clause.unit) for clause in pack.submission} - {"", Role.UNIT_LEADER}
    ]
    with office.store.write() as conn:
        people.enter(conn, more, [*held, Held(Role.PUBLICITY, "", "deputy", 1)])
        enter_accounts(conn, [Account(SCHOOL, "article", "wechat", "青禾后勤服务", "3", UNIT, "api", EARLY)])
        people.enter(conn, more, [Held(Role.KEEPER, "article", "keeper")])


def act(station: Station, do: Callable[..., Any], *given: Any, **more: Any) -> Any:
    """One deed, a minute later."""
    from datetime import timedelta

    office = station.office
    office.now += timedelta(minutes=1)
    return office.store.run(lambda conn: do(conn, *given, **more))


def ask(station: Station, text: str, who: Actor = KEEPER, account: str = "canteen", why: str = "须尽快告知师生") -> str:
    def do(conn: Connection) -> str:
        place = paper.place_of(conn, SCHOOL, account)
        office = station.office
        return permit.ask(
            conn, office.ground, place, who, office.now, subject="实训楼火情", text=text, planned="", why=why
        )

    return str(act(station, do))


def grant(station: Station, number: str, who: Actor = GIVER, *, yes: bool = True, why: str = "同意") -> None:
    office = station.office
    act(
        station,
        lambda conn: permit.decide(conn, office.ground, SCHOOL, number, who, office.now, grant=yes, why=why
        ),
    )  # fmt: skip


def hand_in(station: Station, text: str, who: Actor = KEEPER, account: str = "article") -> str:
    def do(conn: Connection) -> str:
        office = station.office
        place = book(conn, SCHOOL)[account]
        return submission.hand_in(conn, office.ground, place, who, office.now, title="一则通知", text=text)

    return str(act(station, do))


def use_submissions(station: Station) -> None:
    office = station.office
    act(station, lambda conn: use.switch(conn, office.ground.pack, SCHOOL, PUBLICITY, office.now, on=True))


def sign(station: Station, number: str, who: Actor = LEADER, *, sealed: bool = False, seen: str = "") -> None:
    """`seen`: the hash of the text on the screen, the present one where none is given; so in the two that follow."""
    office, seen = station.office, seen or submission_row(station, number).text_hash
    act(
        station,
        lambda conn: submission.sign(conn, office.ground, SCHOOL, number, who, office.now, seen=seen, sealed=sealed),
    )


def approve(station: Station, number: str, who: Actor = PUBLICITY, seen: str = "") -> None:
    office, seen = station.office, seen or submission_row(station, number).text_hash
    act(station, lambda conn: submission.approve(conn, office.ground, SCHOOL, number, who, office.now, seen=seen))


def give_back(station: Station, number: str, why: str, who: Actor = PUBLICITY, seen: str = "") -> None:
    office, seen = station.office, seen or submission_row(station, number).text_hash
    act(
        station,
        lambda conn: submission.give_back(conn, office.ground, SCHOOL, number, who, office.now, why, seen=seen),
    )


def publish(station: Station, text: str, name: str, account: str = "canteen", **changes: Any) -> Post:
    """An account publishes something, and it is watched."""
    post_id = f"{'wechat' if account == 'article' else 'weibo'}:{name}"
    return station.say(
        text,
        negative=False,
        post_id=post_id,
        thread=post_id,
        by_school=True,
        kind=Kind.POST,
        account=account,
        **changes,
    )


def permit_row(station: Station, number: str) -> Row[Any]:
    (row,) = station.office.rows(permits, number=number)
    return row


def submission_row(station: Station, number: str) -> Row[Any]:
    (row,) = station.office.rows(submissions, number=number)
    return row


def found(station: Station) -> list[tuple[str, str, str]]:
    """Every finding: kind, account and basis."""
    return [(row.kind, row.account_id, row.basis) for row in station.office.rows(breaches)]
