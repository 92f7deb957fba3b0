"""Letters about papers 函: who is asked to decide, who hears what was decided. Never the text of a draft or a post."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from escalation import paper, people
from escalation.notice.addressee import address
from escalation.notice.issue import Letterhead
from escalation.notice.letter import Letter, send
from escalation.opening import Ground
from escalation.paper import Noun
from escalation.people import Person
from escalation.procedure import Trigger
from stream.account import Account


def to(
    conn: Connection, head: Letterhead, row: Row[Any], noun: Noun, step: str, persons: Iterable[Person | None],
    now: datetime, *, kind: str, heading: str, lines: tuple[str, ...] = (), asked: tuple[str, ...] = (),
    basis: str = "", office: str = "",
) -> None:  # fmt: skip
    """Write to persons about a paper, each once per step; nobody who does not exist."""
    letter = Letter(
        matter=paper.matter_of(noun, row.id), step=step, kind=kind, heading=heading,
        lines=(f"编号 {row.number}", *lines),
        path=f"/{paper.PAGE[noun]}/{row.number}", asked=asked, basis=basis, office=office,
    )  # fmt: skip
    for one in persons:
        if one is not None and one.active:
            send(conn, head, one, letter, now)


def person(conn: Connection, school: str, person_id: str) -> Person | None:
    """Somebody of the roster by id."""
    return people.person(conn, school, person_id)


def named(conn: Connection, ground: Ground, account: Account, trigger: Trigger, now: datetime) -> tuple[Person, ...]:
    """Whom the pack names for this trigger, as persons: for a finding that is no incident."""
    recipients = ground.pack.who((trigger,), max(one.number for one in ground.pack.level)).recipients
    told = address(
        conn, account.school, recipients, unit=account.unit, account_id=account.id, trial=False, now=now,
        channels=ground.letterhead.channels,
    )  # fmt: skip
    return tuple(one.person for one in told.addressees)
