"""Entering the roster: what the settings' workbook says becomes rows of the store, in one transaction.

The roster is the whole truth of who holds what: offices and coming shifts that it no longer names are taken out,
people and accounts that it no longer names are switched off, never deleted (incidents still speak of them). Sign-ins
follow the offices: who holds none can no longer sign in, and is signed out at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import Connection, delete, update

from deploy.parts import load_pack, role_words
from deploy.settings import Settings
from escalation import people, trial, user
from escalation.people import Held, Person, Role
from stream import account
from stream.account import Account


def enter(conn: Connection, settings: Settings, now: datetime) -> None:
    """Bring accounts, people, offices, shifts and sign-ins up to date, and begin the trial of a new installation."""
    school = settings.school.code
    _accounts(conn, settings)
    _people(conn, settings)
    _shifts(conn, settings, now)
    user.entitle(conn, school, lambda person_id: roles_of(settings, person_id), now)
    if settings.trial.on:
        trial.begin(conn, school, now)


def roles_of(settings: Settings, person_id: str) -> list[Role]:
    """The desk's roles that the roster gives a person; the pack's own offices give no sign-in."""
    roster, words = settings.roster, role_words(load_pack(settings))
    held = {words[row.role] for row in roster.offices if row.person == person_id}
    held |= {Role.KEEPER.value for row in roster.keepers if row.person == person_id}
    return [role for role in Role if role.value in held]


def _accounts(conn: Connection, settings: Settings) -> None:
    school = settings.school.code
    entries = [
        Account(
            school=school, id=row.key, platform=row.platform, name=row.name, native_id=row.native_id, unit=row.unit,
            route=row.route, watch_from=row.watch_from, main=row.main, active=row.active,
        )
        for row in settings.roster.accounts
    ]  # fmt: skip
    account.enter(conn, entries)
    gone = account.accounts.c.id.not_in([entry.id for entry in entries])
    conn.execute(update(account.accounts).where(account.accounts.c.school == school, gone).values(active=False))


def _people(conn: Connection, settings: Settings) -> None:
    school, roster = settings.school.code, settings.roster
    words = role_words(load_pack(settings))
    persons = [
        Person(school, row.id, row.name, row.title, row.unit, row.email, row.mobile, row.wecom) for row in roster.people
    ]
    held = [Held(cast(Role, words[row.role]), row.scope, row.person, row.rank) for row in roster.offices]
    for row in roster.keepers:
        kept = roster.account(row.account)
        if kept is not None:
            held.append(Held(Role.KEEPER, kept.key, row.person, row.rank))
    conn.execute(delete(people.offices).where(people.offices.c.school == school))
    people.enter(conn, persons, held)
    gone = people.people.c.id.not_in([person.id for person in persons])
    conn.execute(update(people.people).where(people.people.c.school == school, gone).values(active=False))


def _shifts(conn: Connection, settings: Settings, now: datetime) -> None:
    table, school = people.shifts, settings.school.code
    conn.execute(delete(table).where(table.c.school == school, table.c.ends_at > now))
    rows = [
        {
            "school": school, "person_id": row.person, "starts_at": row.starts_at, "ends_at": row.ends_at,
            "leads": row.leads,
        }
        for row in settings.roster.shifts if row.ends_at > now
    ]  # fmt: skip
    if rows:
        conn.execute(table.insert(), rows)
