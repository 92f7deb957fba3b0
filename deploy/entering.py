"""Entering the roster: what the settings' workbook says becomes rows of the store, in one transaction.

The roster is the whole truth of who holds what: offices and coming shifts that it no longer names are taken out,
people and accounts that it no longer names are switched off, never deleted (incidents still speak of them). Sign-ins
follow the offices: who holds none can no longer sign in, and is signed out at once; so does who is entered as 离任.
Whom the roster names no more leaves by that (`departing.follow_roster`): what waited for them is handed on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import Connection, delete, select, update

from deploy.parts import load_pack, role_words
from deploy.settings import Settings
from escalation import alert, people, trial, user
from escalation.duty import absence, coverage, departing, rota, rota_file
from escalation.duty.coverage import Turn
from escalation.duty.rota import Plan
from escalation.notice import vacancy
from escalation.people import Held, Person, Role
from stream import account
from stream.account import Account

if TYPE_CHECKING:
    from escalation.procedure import Pack
    from escalation.procedure.desk_duty import DeskDuty

ROTA = "rota:file"
NOT_TAKEN = (
    "名册“值班”表未来 30 日有空档：{holes}。{label}要求 24 小时监控，名册里的班次没有录入，仍用以前的；"
    "请补齐“值班”表后重新录入，或导入完整的值班表（“值守”页，或 fengxin roster import）。"
)
KEPT = "名册“值班”表未来 30 日有空档，没有采用；现用的值班表没有空档，继续使用。"


@dataclass(frozen=True, slots=True)
class Untaken:
    """Shifts of the roster that were not entered, and why. `missing`: what stands in their place has a hole, too."""

    words: str
    missing: bool


def enter(conn: Connection, settings: Settings, now: datetime) -> Untaken | None:
    """Bring accounts, people, offices, shifts and sign-ins up to date, and begin the trial of a new installation.

    Shifts that leave a hole where the school's rules demand 24 hours are not taken: those entered before stay, and an
    alert rings where they have a hole, too, for the service must start. Gives what was not taken.
    """
    school, pack = settings.school.code, load_pack(settings)
    _accounts(conn, settings)
    before, acting = _contacts(conn, school), _active(conn, school)
    _people(conn, settings, pack)
    if _contacts(conn, school) != before:
        vacancy.look_again(conn, school, now)
    departing.follow_roster(conn, school, acting, {row.id for row in settings.roster.people}, now)
    departing.keep_out(conn, school)
    untaken = _shifts(conn, settings, pack.desk, now)
    gone, held = absence.gone(conn, school), roles_in(settings, pack)
    user.entitle(conn, school, lambda one: [] if one in gone else held(one), now)
    if settings.trial.on:
        trial.begin(conn, school, now)
    return untaken


def roles_in(settings: Settings, pack: Pack) -> Callable[[str], list[Role]]:
    """Gives the desk's roles that the roster gives a person (by id); the pack's own offices give no sign-in."""
    roster, words = settings.roster, role_words(pack)

    def roles_of(person_id: str) -> list[Role]:
        held = {words[row.role] for row in roster.offices if row.person == person_id}
        held |= {Role.KEEPER.value for row in roster.keepers if row.person == person_id}
        return [role for role in Role if role.value in held]

    return roles_of


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


def _people(conn: Connection, settings: Settings, pack: Pack) -> None:
    school, roster = settings.school.code, settings.roster
    words = role_words(pack)
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


def _contacts(conn: Connection, school: str) -> set[tuple[str, ...]]:
    """Who holds what, and how each can be reached."""
    one, held = people.people.c, people.offices.c
    reached = select(one.id, one.email, one.mobile, one.wecom, one.active).where(one.school == school)
    offices = select(held.role, held.scope, held.person_id, held.rank).where(held.school == school)
    return {tuple(map(str, row)) for query in (reached, offices) for row in conn.execute(query)}


def _active(conn: Connection, school: str) -> set[str]:
    """Who acts now."""
    one = people.people.c
    return set(conn.execute(select(one.id).where(one.school == school, one.active)).scalars())


def _shifts(conn: Connection, settings: Settings, desk: DeskDuty, now: datetime) -> Untaken | None:
    """The roster's shifts, where they are others than those of the last entering: what was changed at the desk since
    then stands until the file speaks of something new."""
    school = settings.school.code
    planned = [Turn(row.person, row.starts_at, row.ends_at, row.leads) for row in settings.roster.shifts]
    said = rota_file.digest(Plan(tuple(planned)))
    before = rota.newest(conn, school, rota.BY_ROSTER)
    if before.digest == said if before is not None else not planned:
        return None
    coming = [one for one in planned if one.ends_at > now]
    left = coverage.holes_ahead(conn, school, now, coming) if coming and desk.around_the_clock else []
    newest = rota.newest(conn, school)
    imported = newest is not None and newest.source != rota.BY_ROSTER
    if left and imported and not coverage.holes_ahead(conn, school, now):
        alert.hush(conn, school, ROTA, now)
        return Untaken(KEPT, missing=False)
    if left:
        words = NOT_TAKEN.format(holes=coverage.say(left, now), label=desk.label)
        alert.ring(conn, school, ROTA, words, now)
        return Untaken(words, missing=True)
    alert.hush(conn, school, ROTA, now)
    table = people.shifts
    conn.execute(delete(table).where(table.c.school == school, table.c.ends_at > now))
    if coming:
        rota.insert_turns(conn, school, coming)
    rota.note_edition(conn, school, rota.BY_ROSTER, "名册“值班”表", said, user.BY_ROSTER, now, len(coming))
    return None
