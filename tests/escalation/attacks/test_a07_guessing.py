"""A7 brute force, stuffing and finding out who has a sign-in: the same answer, the same lock, the same work."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from escalation import user
from escalation.audit import audit_log
from escalation.people import Role
from escalation.user import FAILURES_TO_LOCK, Entry, Strangers
from tests.escalation.web.house import NOW, PASSWORD, SCHOOL, House


def answers(house: House, name: str, tries: int, client: TestClient | None = None) -> list[tuple[int, str]]:
    client = client or house.client()
    found = [client.post("/sign-in", data={"name": name, "password": f"wrong-{n}-password"}) for n in range(tries)]
    return [(one.status_code, one.text.replace(name, "?")) for one in found]


def test_a_name_that_nobody_has_locks_like_one_that_somebody_has(house: House) -> None:
    tries = FAILURES_TO_LOCK + 2
    assert answers(house, "monitor", tries) == answers(house, "nobody-of-us", tries)


def test_a_lock_of_a_name_nobody_has_ends_at_the_same_time(house: House) -> None:
    for name in ("monitor", "nobody-of-us"):
        answers(house, name, FAILURES_TO_LOCK)
    house.now += timedelta(minutes=16)
    known, unknown = answers(house, "monitor", 1), answers(house, "nobody-of-us", 1)
    assert known == unknown
    assert "口令不对" in known[0][1]


def test_as_much_work_is_done_for_a_name_that_nobody_has(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes time is the same: one password is verified, one row is written; none while it is locked."""
    verified: list[str] = []
    real = user._matches

    def counted(stored: str, given: str) -> bool:
        verified.append(stored)
        return real(stored, given)

    monkeypatch.setattr(user, "_matches", counted)
    client = house.client()

    def work(name: str) -> tuple[int, int]:
        with house.store.read() as conn:
            rows = len(conn.execute(select(audit_log.c.seq)).all())
        verified.clear()
        answers(house, name, 1, client)
        with house.store.read() as conn:
            return len(verified), len(conn.execute(select(audit_log.c.seq)).all()) - rows

    for _ in range(FAILURES_TO_LOCK + 2):
        assert work("monitor") == work("nobody-of-us")


def test_many_strangers_do_not_fill_the_memory() -> None:
    strangers = Strangers()
    for n in range(30_000):
        strangers.fail(SCHOOL, f"n{n}", NOW)
    assert len(strangers) <= Strangers.MOST


def test_one_address_is_stopped_after_twenty_tries_whatever_the_names(house: House) -> None:
    client = house.client()
    codes = [client.post("/sign-in", data={"name": f"n{n}", "password": PASSWORD}).status_code for n in range(25)]
    assert codes == [401] * 20 + [429] * 5


def test_tries_for_a_name_that_nobody_has_stand_in_the_audit_too(house: House) -> None:
    answers(house, "nobody-of-us", 1)
    with house.store.read() as conn:
        row = conn.execute(select(audit_log).order_by(audit_log.c.seq.desc()).limit(1)).one()
    assert (row.action, row.object, row.school) == ("sign_in.failed", "nobody-of-us", SCHOOL)


def test_the_name_of_a_stranger_who_is_enrolled_later_is_not_locked_for_them(house: House) -> None:
    answers(house, "newcomer", FAILURES_TO_LOCK)
    with house.store.write() as conn:
        user.enrol(conn, SCHOOL, "newcomer", "mate", user.secret(PASSWORD, "newcomer"), [Role.MONITOR], house.now)
    became, _ = user.enter(house.store, SCHOOL, "newcomer", PASSWORD, house.now, "10.0.0.1")
    assert became is Entry.WELCOME
