"""Who may sign in: locked after failures, a new password ends what went before, nothing says which half was wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from escalation import alert, user
from escalation.audit import audit_log
from escalation.people import Role
from escalation.user import Entry, sessions, users
from tests.escalation.office import Office
from tests.stream.said import SCHOOL

GOOD = "harbour-flags-2026"


def enter(office: Office, password: str = GOOD, name: str = "chen") -> tuple[Entry, str]:
    return user.enter(office.store, SCHOOL, name, password, office.now, "10.0.0.1")


def enrol(office: Office, password: str = GOOD) -> None:
    secret = user.secret(password, "chen")
    with office.store.write() as conn:
        user.enrol(conn, SCHOOL, "chen", "monitor", secret, [Role.MONITOR], office.now)


def known(office: Office, token: str) -> bool:
    with office.store.read() as conn:
        return user.recognise(conn, token, office.now) is not None


def test_a_wrong_name_and_a_wrong_password_are_answered_alike(office: Office) -> None:
    enrol(office)
    assert enter(office, "wrong-password-1") == enter(office, name="nobody") == (Entry.WRONG, "")


def test_five_failures_lock_for_a_quarter_of_an_hour_even_with_the_right_password(office: Office) -> None:
    enrol(office)
    assert [enter(office, "wrong-password-1")[0] for _ in range(5)] == [Entry.WRONG] * 4 + [Entry.LOCKED]
    assert enter(office)[0] is Entry.LOCKED
    office.now += timedelta(minutes=15)
    assert enter(office)[0] is Entry.WELCOME
    assert [row.action for row in office.rows(audit_log)][-2:] == ["sign_in.locked", "sign_in"]


def test_a_session_ends_by_rest_by_age_and_by_leaving(office: Office) -> None:
    enrol(office)
    _, token = enter(office)
    office.now += timedelta(hours=7)
    assert known(office, token)
    office.now += timedelta(hours=1, seconds=1)
    assert not known(office, token), "idle for eight hours"
    _, token = enter(office)
    for _ in range(2):
        office.now += timedelta(hours=6, seconds=1)
        with office.store.write() as conn:
            user.touch(conn, token, office.now)
    assert not known(office, token), "twelve hours old"
    _, token = enter(office)
    with office.store.write() as conn:
        user.leave(conn, token)
    assert not known(office, token)


def test_a_new_password_ends_every_session_of_that_name(office: Office) -> None:
    enrol(office)
    _, token = enter(office)
    enrol(office, "other-flags-2027")
    assert not known(office, token)
    assert enter(office)[0] is Entry.WRONG


def test_neither_password_nor_token_rests_in_the_store(office: Office) -> None:
    enrol(office)
    _, token = enter(office)
    kept = repr([tuple(row) for table in (users, sessions) for row in office.rows(table)])
    assert GOOD not in kept
    assert token not in kept


@pytest.mark.parametrize("bad", ["short", "chen-flags-2026", "aaaaaaaaaaaa", "x" * 129])
def test_a_weak_password_is_refused_with_a_sentence(office: Office, bad: str) -> None:
    with pytest.raises(ValueError, match="口令"):
        enrol(office, bad)
    assert office.rows(users) == []


class Meanwhile:
    """A hasher that lets something happen while it verifies, as slow as the real one seems to others."""

    def __init__(self, happens: Callable[[], object], *, right: bool = True) -> None:
        self.happens, self.right = happens, right

    def verify(self, _stored: str, _given: str) -> bool:
        self.happens()
        return self.right


def test_others_can_write_while_a_password_is_being_verified(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    enrol(office)
    rung = []

    def ring() -> None:
        with office.store.write() as conn:
            rung.append(alert.ring(conn, SCHOOL, "channel:mail", "邮件不通", office.now))

    monkeypatch.setattr(user, "_HASHER", Meanwhile(ring))
    assert enter(office)[0] is Entry.WELCOME
    assert rung == [True]


def test_a_lock_that_falls_while_the_right_password_is_verified_holds(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(office)
    real = user._HASHER

    def five_others() -> None:
        monkeypatch.setattr(user, "_HASHER", real)
        for _ in range(5):
            enter(office, "wrong-password-1")

    monkeypatch.setattr(user, "_HASHER", Meanwhile(five_others))
    assert enter(office) == (Entry.LOCKED, "")
    assert office.rows(sessions) == []


def test_failures_at_the_same_time_are_all_counted(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    enrol(office)

    def another() -> None:
        monkeypatch.setattr(user, "_HASHER", Meanwhile(lambda: None, right=False))
        enter(office)

    monkeypatch.setattr(user, "_HASHER", Meanwhile(another, right=False))
    enter(office)
    assert [row.failures for row in office.rows(users)] == [2]


def test_a_password_that_is_replaced_while_it_is_verified_opens_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(office)
    real = user._HASHER

    def replaced() -> None:
        monkeypatch.setattr(user, "_HASHER", real)
        enrol(office, "other-flags-2027")

    monkeypatch.setattr(user, "_HASHER", Meanwhile(replaced))
    assert enter(office) == (Entry.WRONG, "")
    assert office.rows(sessions) == []


def test_who_holds_no_office_any_more_is_switched_off_once_and_the_audit_says_so(office: Office) -> None:
    enrol(office)
    _, token = enter(office)
    for _ in range(2):
        with office.store.write() as conn:
            user.entitle(conn, SCHOOL, lambda _person: [], office.now)
    assert not known(office, token)
    assert enter(office)[0] is Entry.WRONG
    (row,) = office.rows(audit_log, action="sign_in.off")
    assert (row.object, row.detail["person"], row.detail["before"]) == ("chen", "monitor", [Role.MONITOR])
