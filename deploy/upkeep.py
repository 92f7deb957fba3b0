"""Upkeep: what an administrator does from the command line beside the running service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from deploy import entering
from deploy.entering import Untaken
from deploy.parts import load_pack
from deploy.settings import Settings
from deploy.wiring import opened_store
from escalation import people, trial, user
from escalation.audit import Head, faults, head
from escalation.people import Role


def enrol(settings: Settings, name: str, person_id: str, password: str) -> list[Role]:
    """Give a person of the roster a sign-in, or a new password; who is not in the store yet is entered with the roster.

    Raises NotAllowed with a sentence.
    """
    return enrol_all(settings, {name: person_id}, password)[name]


def enrol_all(settings: Settings, persons: Mapping[str, str], password: str) -> dict[str, list[Role]]:
    """The same for several, by sign-in name: one password, hashed once, as that takes a sixth of a second.

    Gives the roles of each. Raises NotAllowed with a sentence; then nobody has one.
    """
    school, held = settings.school.code, entering.roles_in(settings, load_pack(settings))
    roles = {name: held(person_id) for name, person_id in persons.items()}
    for name, person_id in persons.items():
        if not roles[name]:
            raise NotAllowed(f"工号“{person_id}”在名册里没有可登录的角色；请先在“任职”或“管理员”表填写。")
        if weak := user.weakness(password, name):
            raise NotAllowed(weak)
    secret = user.secret(password, "")
    with opened_store(settings) as store, store.write() as conn:
        if any(people.person(conn, school, one) is None for one in persons.values()):
            entering.enter(conn, settings, datetime.now(UTC))
        for name, person_id in persons.items():
            user.enrol(conn, school, name, person_id, secret, roles[name], datetime.now(UTC))
    return roles


def enter_roster(settings: Settings) -> Untaken | None:
    """Bring accounts, people, offices, shifts and sign-ins up to date with the roster; gives the shifts that were not
    taken. Raises StoreUnavailable."""
    with opened_store(settings) as store, store.write() as conn:
        return entering.enter(conn, settings, datetime.now(UTC))


class NotAllowed(Exception):
    """The person named may not do this; the message says who may."""


def audit_faults(settings: Settings, printed: str = "") -> tuple[list[str], Head]:
    """Every broken link of the audit, as sentences, and the head of the chain. `printed`: a head known from before."""
    with opened_store(settings) as store, store.read() as conn:
        return list(faults(conn, printed)), head(conn)


def end_trial(settings: Settings, person_id: str) -> bool:
    """End the trial in the name of an administrator of the roster. False: there was none. Raises NotAllowed."""
    school = settings.school.code
    with opened_store(settings) as store, store.write() as conn:
        if people.person(conn, school, person_id) is None:
            entering.enter(conn, settings, datetime.now(UTC))
        administrators = people.holders(conn, school, Role.ADMINISTRATOR)
        if person_id not in [one.id for one in administrators]:
            known = "、".join(f"{one.name}（{one.id}）" for one in administrators) or "尚无，请在“任职”表填写"
            raise NotAllowed(f"工号“{person_id}”不是系统管理员；可以结束试运行的人：{known}。")
        return trial.end(conn, school, datetime.now(UTC), person_id)
