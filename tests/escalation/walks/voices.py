"""One voice: the statement, the relays of it, and the hold."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from escalation import handling
from escalation.handling import FalseAlarm
from escalation.incident import Actor
from escalation.people import Role
from escalation.state_table import IllegalStep
from escalation.voice import approval, hold, relay, release, statement
from escalation.voice.approval import approvals
from escalation.voice.hold import holds
from escalation.voice.relay import relays
from escalation.voice.state import HOLD, RELAY, STATEMENT, HoldState, RelayState
from escalation.voice.statement import Draft, Kind, statements
from escalation.voice.subject import Subject
from tests.escalation.office import IN_LEAD
from tests.escalation.papers import DEPUTY, KEEPER, LEADER, school
from tests.escalation.station import Station
from tests.escalation.voice.course import CARD, TEXT, URL, released
from tests.escalation.walk import Press
from tests.escalation.walks.matters import with_an_incident
from tests.escalation.walks.noun import NOTHING, Noun, Seen, on, rows_of, wait


def _draft(kind: Kind = Kind.STATEMENT) -> Seen:
    """Both typed the same."""

    def draft(s: Station, row: Any) -> Press:
        del row
        said = Draft(f"{TEXT}第 {len(s.office.rows(statements)) + 1} 稿。", CARD, kind=kind)
        return lambda c, by: statement.draft(c, 1, by, s.office.now, said)

    return draft


def _check(conn: Connection, s: Station, by: Actor, row: Any) -> None:
    for item in s.office.ground.pack.voice.check:
        statement.check(conn, row.id, by, s.office.now, item.key, passed=True)


def _approve(*, yes: bool) -> Seen:
    def seen(s: Station, row: Any) -> Press:
        asked = next(reversed(s.office.rows(approvals, statement_id=row.id)), NOTHING)
        return lambda c, by: approval.decide(
            c, s.office.head, asked.id, by, s.office.now, approve=yes, comment="" if yes else "请改",
            seal=asked.seal, via="desk",
        )  # fmt: skip

    return seen


STATEMENTS = Noun(
    STATEMENT, with_an_incident, rows_of(statements),
    {
        "draft": _draft(), "say nothing": _draft(Kind.SILENCE), "check": on(_check),
        "submit": on(lambda c, s, by, row: approval.submit(c, s.office.head, row.id, by, s.office.now)),
        "approve": _approve(yes=True), "return": _approve(yes=False),
        "release": on(lambda c, s, by, row: release.release(
            c, s.office.head, row.id, by, s.office.now, account_id="main", url=URL, text_hash=row.text_hash
        )),
        "drop": on(lambda c, s, by, row: statement.drop(c, row.id, by, s.office.now, "不用了")),
        "withdraw": on(lambda c, s, by, row: release.withdraw(
            c, s.office.head, row.id, by, s.office.now, "有误", again=False
        )),
    },
    (
        ("draft", KEEPER), ("draft", IN_LEAD), ("submit", IN_LEAD), ("check", IN_LEAD), ("submit", IN_LEAD),
        ("return", DEPUTY), ("draft", IN_LEAD), ("check", IN_LEAD), ("submit", IN_LEAD), ("approve", IN_LEAD),
        ("release", IN_LEAD), ("approve", DEPUTY), ("release", KEEPER), ("release", IN_LEAD), ("draft", IN_LEAD),
        ("check", IN_LEAD), ("submit", IN_LEAD), ("approve", DEPUTY), ("release", IN_LEAD), ("withdraw", IN_LEAD),
        ("say nothing", IN_LEAD), ("submit", IN_LEAD), ("approve", DEPUTY), ("wait", IN_LEAD), ("withdraw", DEPUTY),
        ("draft", IN_LEAD), ("drop", IN_LEAD),
    ),
    {
        "draft": DEPUTY, "say nothing": DEPUTY, "submit": DEPUTY, "return": DEPUTY, "approve": DEPUTY,
        "release": DEPUTY, "withdraw": DEPUTY, "drop": DEPUTY,
    },
)  # fmt: skip
"""Each look at an item of the list counts, whoever looks."""


def _out(s: Station) -> None:
    """A list of the accounts that are to relay what was released."""
    school(s, "JY")
    released(s.office, s.office.open(level=2))
    assert {row.state for row in s.office.rows(relays)} == {RelayState.WAITING}


def _first_in(s: Station, row: Any, *states: RelayState) -> int:
    """The row that is seen; of the usual course, which sees the newest, the first of the list that is in these."""
    return int(next((one.id for one in s.office.rows(relays) if one.state in states), row.id))


OWED = (RelayState.WAITING, RelayState.OVERDUE)


def _register(*states: RelayState) -> Seen:
    def seen(s: Station, row: Any) -> Press:
        one = _first_in(s, row, *states)
        return lambda c, by: relay.register(c, one, by.id, by, s.office.now, URL, "desk")

    return seen


def _excuse(s: Station, row: Any) -> Press:
    one = _first_in(s, row, *OWED)
    return lambda c, by: relay.excuse(c, one, by, s.office.now, "账号停更")


def _take_back(s: Station, row: Any) -> Press:
    del row
    text = s.office.rows(statements)[-1].id
    return lambda c, by: release.withdraw(c, s.office.head, text, by, s.office.now, "数字有误", again=False)


RELAYS = Noun(
    RELAY, _out, rows_of(relays),
    {
        "relay": _register(*OWED), "take_down": _register(RelayState.RECALLED), "excuse": _excuse,
        "withdraw": _take_back,
    },
    (
        ("relay", LEADER), ("relay", KEEPER), ("wait", KEEPER), ("excuse", KEEPER), ("withdraw", KEEPER),
        ("withdraw", IN_LEAD), ("take_down", LEADER), ("take_down", KEEPER), ("excuse", IN_LEAD), ("relay", KEEPER),
    ),
    {"relay": KEEPER, "excuse": DEPUTY, "take_down": KEEPER, "withdraw": DEPUTY},
    also=frozenset({Role.KEEPER}),
)  # fmt: skip


def _holding(s: Station) -> None:
    school(s, "JY")
    s.office.open(level=2)
    assert s.office.rows(holds)


def _words(s: Station, what: str) -> Subject:
    """Other words each time; both typed the same."""
    return Subject(words=(f"{what}{s.office.now:%d%H%M}",))


def _add(s: Station, row: Any) -> Press:
    del row
    what = _words(s, "食堂")
    return lambda c, by: hold.add(c, s.office.head, 1, by, s.office.now, what, "统一口径")


def _change(s: Station, row: Any) -> Press:
    what = _words(s, "窗口")
    return lambda c, by: hold.change(c, s.office.head, row.id, by, s.office.now, what, "范围有变")


def _publish(s: Station) -> None:
    """A statement of the incident is released, which frees what was held; where it is not, nothing happens."""
    with suppress(IllegalStep):
        released(s.office, 1)


def _false_alarm(conn: Connection, s: Station, by: Actor, row: Any) -> None:
    handling.dismiss(conn, s.office.head, 1, by, s.office.now, FalseAlarm.JOKE)


HOLDS = Noun(
    HOLD, _holding, rows_of(holds),
    {
        "hold": _add, "change": _change,
        "confirm": on(lambda c, s, by, row: hold.confirm(c, row.id, by.id, by, s.office.now, "link")),
        "lift": on(lambda c, s, by, row: hold.lift(c, s.office.head, row.id, by, s.office.now, "已当面答复")),
        "dismiss": on(_false_alarm),
        "reopen": on(lambda c, s, by, row: handling.reopen(c, s.office.head, 1, by, s.office.now, "又来了")),
    },
    (
        ("lift", KEEPER), ("change", KEEPER), ("change", IN_LEAD), ("confirm", IN_LEAD), ("confirm", KEEPER),
        ("confirm", KEEPER), ("lift", IN_LEAD), ("lift", IN_LEAD), ("hold", KEEPER), ("hold", IN_LEAD),
        ("dismiss", IN_LEAD), ("hold", IN_LEAD), ("reopen", IN_LEAD), ("hold", IN_LEAD), ("published", IN_LEAD),
        ("change", IN_LEAD), ("wait", KEEPER),
    ),
    {"hold": DEPUTY, "change": DEPUTY, "confirm": KEEPER, "lift": DEPUTY, "dismiss": DEPUTY, "reopen": DEPUTY},
    {"wait": wait(hours=3), "published": _publish},
    clock="hold:{}:", ticks=frozenset({HoldState.STANDING}),
)  # fmt: skip
NOUNS = (STATEMENTS, RELAYS, HOLDS)
