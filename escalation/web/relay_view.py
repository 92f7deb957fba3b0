"""The relay list of a version as a page shows it, and what is asked once for all of them: accounts and names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation.people import people
from escalation.voice import relay
from escalation.voice.hold_notice import named
from escalation.voice.relay import relay_persons
from escalation.voice.state import OWED, RELAY, RelayState
from stream.account import Account, book


@dataclass(frozen=True, slots=True)
class Known:
    """What every incident of a page speaks of: the accounts, and the names behind ids."""

    accounts: Mapping[str, Account]
    names: Mapping[str, str]

    def account(self, account_id: str) -> str:
        """`微博“青禾后勤”`, else the id."""
        return named(self.accounts[account_id]) if account_id in self.accounts else account_id

    def name(self, person_id: str) -> str:
        """The person's name, else the id."""
        return self.names.get(person_id, person_id)


def knowledge(conn: Connection, school: str) -> Known:
    """Ask once, however many accounts and incidents there are."""
    own = conn.execute(select(people.c.id, people.c.name).where(people.c.school == school))
    return Known(book(conn, school), {row.id: row.name for row in own})


@dataclass(frozen=True, slots=True)
class Relayed:
    """One account of the relay list."""

    id: int
    name: str
    who: str
    state: str
    owed: bool
    overdue: bool
    down: bool
    gone: bool
    due_at: datetime
    done_at: datetime | None
    how: str
    url: str
    words: str
    persons: frozenset[str]


def relayed(conn: Connection, statement_id: int, known: Known) -> Iterator[Relayed]:
    """The relay list of a version."""
    asked = select(relay_persons).where(relay_persons.c.statement_id == statement_id)
    persons: dict[str, set[str]] = {}
    for row in conn.execute(asked):
        persons.setdefault(row.account_id, set()).add(row.person_id)
    for one in relay.relays_of(conn, statement_id):
        yield _relayed(one, persons.get(one.account_id, set()), known)


def _relayed(one: Row[Any], persons: Collection[str], known: Known) -> Relayed:
    state = RelayState(one.state)
    return Relayed(
        one.id, known.account(one.account_id),
        "、".join(map(known.name, sorted(persons))), RELAY.state_words[state],
        state in OWED, state is RelayState.OVERDUE, state is RelayState.RECALLED, state is RelayState.TAKEN_DOWN,
        one.due_at,
        one.done_at if state in (RelayState.DONE, RelayState.TAKEN_DOWN) else None,
        {"crawled": "系统核对", "keeper": "本人登记", "first": "首发"}.get(one.how or "", ""), one.url or "",
        one.words or "",
        frozenset(persons),
    )  # fmt: skip
