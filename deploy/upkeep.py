"""Upkeep: what an administrator does from the command line beside the running service."""

from __future__ import annotations

from datetime import UTC, datetime

from deploy import entering
from deploy.entering import Untaken
from deploy.settings import Settings
from deploy.wiring import SEARCH_DAMAGED, opened_search, opened_store
from escalation import alert, people, trial, user
from escalation.audit import Head, faults, head
from escalation.people import Role
from stream.indexing import kept_documents


def enrol(settings: Settings, name: str, person_id: str, password: str) -> list[Role]:
    """Give a person of the roster a sign-in, or a new password; who is not in the store yet is entered with the roster.

    Raises NotAllowed with a sentence.
    """
    school = settings.school.code
    roles = entering.roles_of(settings, person_id)
    if not roles:
        raise NotAllowed(f"工号“{person_id}”在名册里没有可登录的角色；请先在“任职”或“管理员”表填写。")
    try:
        secret = user.secret(password, name)
    except ValueError as error:
        raise NotAllowed(str(error)) from None
    with opened_store(settings) as store, store.write() as conn:
        if people.person(conn, school, person_id) is None:
            entering.enter(conn, settings, datetime.now(UTC))
        user.enrol(conn, school, name, person_id, secret, roles, datetime.now(UTC))
    return roles


def enter_roster(settings: Settings) -> Untaken | None:
    """Bring accounts, people, offices, shifts and sign-ins up to date with the roster; gives the shifts that were not
    taken. Raises StoreUnavailable."""
    with opened_store(settings) as store, store.write() as conn:
        return entering.enter(conn, settings, datetime.now(UTC))


class NotAllowed(Exception):
    """The person named may not do this; the message says who may."""


def rebuild_search(settings: Settings) -> int:
    """Clear the search and fill it from the store; gives the number of documents. Sends nothing, and hushes the alert
    of a damaged search."""
    count = 0
    with opened_store(settings) as store, opened_search(settings) as search:
        search.clear()
        for documents in kept_documents(store, settings.school.code):
            search.index(documents)
            count += len(documents)
        with store.write() as conn:
            alert.hush(conn, settings.school.code, SEARCH_DAMAGED, datetime.now(UTC))
    return count


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
