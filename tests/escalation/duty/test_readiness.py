"""What is wrong ahead is found before an incident meets it, shown as a finding, and ends when it is mended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from escalation import alert, finding, people
from escalation.auditor import Auditor
from escalation.channels import Fault, Permanent
from escalation.duty import contact, leave, readiness
from escalation.inspection import What
from escalation.people import Held, Person, Role
from escalation.procedure import Pack, load
from stream import account
from stream.log.sqlite import SqliteLog
from stream.store import put
from stream.topic import partitions
from tests.escalation.duty.test_proxy import ADMIN, departs, goes, office
from tests.escalation.duty.test_rota import LG, around, save
from tests.escalation.office import IN_LEAD, UNIT, Office
from tests.escalation.station import ACCOUNTS
from tests.stream.said import SCHOOL

__all__ = ["office"]
JY = load("JY")
DAY = timedelta(days=1)


def staffed(office: Office) -> None:
    """Every office of JY is held, and the desk is served around the clock."""
    with office.store.write() as conn:
        account.enter(conn, ACCOUNTS[:1])
        people.enter(conn, [Person(SCHOOL, "school", "沈澄", "", UNIT, "school@x.example", "138")],
                     [Held("related_leaders", "", "school"), Held(Role.CARE, "", "publicity")])  # fmt: skip
    save(office, around(office))


def wanting(office: Office, pack: Pack = JY) -> list[str]:
    channels = frozenset({"mail", "wecom_robot"})
    with office.store.read() as conn:
        seen = readiness.ahead(conn, SCHOOL, pack, channels, office.now)
    return [one.words for one in readiness.wanting(seen, office.now)]


def test_where_every_office_is_held_and_the_desk_served_nothing_is_wrong(office: Office) -> None:
    staffed(office)
    assert wanting(office) == []


def test_a_leader_who_will_be_on_leave_without_substitute_is_found_now(office: Office) -> None:
    staffed(office)
    goes(office, "leader", starts=office.now + 5 * DAY, hours=24)
    (words,) = wanting(office)
    assert "后勤处的单位领导" in words
    assert "罗广平请假，没有代理人" in words
    assert "请在“值守”页登记代理人" in words
    office.store.run(lambda conn: leave.cancel(conn, SCHOOL, IN_LEAD, office.now, 1))
    goes(office, "leader", "deputy", starts=office.now + 5 * DAY, hours=24)
    assert wanting(office) == []


def test_a_substitute_who_leaves_before_the_leave_ends_is_found(office: Office) -> None:
    staffed(office)
    goes(office, "leader", "deputy", starts=office.now + 5 * DAY, hours=48)
    departs(office, "deputy", office.now + 6 * DAY)
    (words,) = wanting(office)
    assert "罗广平请假，没有代理人" in words


def test_a_leader_who_leaves_next_week_is_found_this_week(office: Office) -> None:
    staffed(office)
    departs(office, "leader", office.now + 7 * DAY)
    (words,) = wanting(office)
    assert "罗广平离任" in words
    with office.store.write() as conn:
        people.enter(conn, [], [])
        conn.execute(people.offices.insert().values(
            school=SCHOOL, role=Role.UNIT_LEADER, scope=UNIT, person_id="deputy", rank=1
        ))  # fmt: skip
    assert wanting(office) == []


def test_an_office_nobody_holds_and_one_whom_nothing_reaches_are_found(office: Office) -> None:
    staffed(office)
    table = people.people
    with office.store.write() as conn:
        conn.execute(people.offices.delete().where(people.offices.c.role == Role.KEEPER))
        conn.execute(update(table).where(table.c.id == "publicity").values(email="", mobile="", wecom="hl"))
    said = wanting(office)
    assert any("没有人担任账号“青禾后勤”的管理员" in one for one in said)
    assert any("何岚没有可用的联系方式" in one for one in said), (
        "a contact of a channel that is not set up reaches nobody"
    )


def test_a_hole_that_comes_later_is_found_by_clause_or_as_ours(office: Office) -> None:
    staffed(office)
    departs(office, "keeper", office.now + 2 * DAY)
    (hole,) = [one for one in wanting(office) if "空档" in one]
    assert "第十三条要求 24 小时监控" in hole
    with office.store.read() as conn:
        seen = readiness.ahead(conn, SCHOOL, load("LG"), frozenset({"mail"}), office.now)
    (ours,) = list(readiness.uncovered(seen, office.now))
    assert "系统默认，非校规" in ours.words
    assert not LG.around_the_clock


def test_a_school_without_clause_and_without_rota_is_left_alone_and_one_with_it_is_not(office: Office) -> None:
    assert not [one for one in wanting(office, load("LG")) if "值班表" in one]
    assert [one for one in wanting(office) if "没有值班表" in one and "第十三条" in one]


def test_a_contact_refused_for_good_is_found_until_the_roster_is_corrected(office: Office) -> None:
    staffed(office)
    office.mail.answers = [Permanent(Fault.CONTACT, "收件人不存在")]
    office.open()
    office.work()
    with office.store.read() as conn:
        (refused,) = contact.refused(conn, SCHOOL)
    (words,) = wanting(office)
    assert "联系方式已被拒收" in words
    assert "收件人不存在" in words
    table = people.people
    with office.store.write() as conn:
        conn.execute(update(table).where(table.c.id == refused.person).values(email="new@x.example"))
    assert wanting(office) == []


@contextmanager
def counted(office: Office) -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    run: list[str] = []

    def note(*given: Any) -> None:
        run.append(given[2])

    engine = office.store.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield run
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_three_hundred_accounts_and_absences_are_read_in_as_many_reads_as_one(office: Office) -> None:
    staffed(office)
    with counted(office) as few:
        wanting(office)
    units = [f"单位{n}" for n in range(60)]
    with office.store.write() as conn:
        account.enter(conn, [
            replace(ACCOUNTS[0], id=f"k{n}", name=f"号{n}", native_id=f"n{n}", unit=units[n % 60], main=False)
            for n in range(300)
        ])  # fmt: skip
        people.enter(conn, [
            Person(SCHOOL, f"p{n}", f"人{n}", "", units[n % 60], f"p{n}@x.example", "138") for n in range(300)
        ], [Held(Role.KEEPER, f"k{n}", f"p{n}") for n in range(300)]
            + [Held(Role.UNIT_LEADER, units[n], f"p{n}") for n in range(1, 60)])  # fmt: skip
    for n in range(20):
        goes(office, f"p{n + 100}", f"p{n}", starts=office.now + DAY, hours=24)
    with counted(office) as many:
        (words,) = wanting(office)
    assert "没有人担任单位0的单位领导" in words
    assert len(few) <= len(many) <= len(few) + 2 < 20


def test_the_holders_read_at_once_are_those_read_one_by_one(office: Office) -> None:
    staffed(office)
    with office.store.write() as conn:
        put(conn, people.offices, [
            {"school": SCHOOL, "role": Role.UNIT_LEADER, "scope": UNIT, "person_id": "deputy", "rank": 1}
        ])  # fmt: skip
        conn.execute(update(people.people).where(people.people.c.id == "keeper").values(active=False))
        held = people.all_holders(conn, SCHOOL)
        offices = conn.execute(select(people.offices.c.role, people.offices.c.scope).distinct()).all()
        assert {tuple(one) for one in offices} > held.keys() > set()
        for role, scope in offices:
            assert held.get((role, scope), []) == people.holders(conn, SCHOOL, role, unit=scope, account_id=scope)


def test_an_outlook_is_worked_out_anew_after_five_minutes_or_when_what_it_is_made_of_changes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    staffed(office)
    outlook = readiness.Outlook(SCHOOL, JY, frozenset({"mail", "wecom_robot"}))
    worked = 0
    check = readiness.wanting

    def counting(*given: Any) -> list[readiness.Wanting]:
        nonlocal worked
        worked += 1
        return check(*given)

    monkeypatch.setattr(readiness, "wanting", counting)

    def look() -> int:
        with office.store.read() as conn:
            found = outlook.look(conn, office.now)
        assert [one.words for one in found] == wanting(office)
        return worked

    def change(table: Any, who: str, **values: Any) -> None:
        with office.store.write() as conn:
            conn.execute(update(table).where(table.c.id == who).values(**values))

    assert look() == 2
    office.now += timedelta(seconds=15)
    assert look() == 3, "only the look of this test itself"
    change(people.people, "leader", email="other@x.example")
    assert look() == 5
    goes(office, "leader", starts=office.now + DAY, hours=24)
    assert look() == 7
    with office.store.write() as conn:
        conn.execute(people.shifts.delete().where(people.shifts.c.starts_at > office.now + 2 * DAY))
    assert look() == 9
    change(account.accounts, ACCOUNTS[0].id, active=False)
    assert look() == 11
    assert look() == 12
    office.now += readiness.AGAIN
    assert look() == 14


@pytest.fixture
def auditor(office: Office, tmp_path: Path) -> Auditor:
    log = SqliteLog(tmp_path / "log.db")
    log.ensure(partitions(1))
    ticks = iter(range(0, 100_000, 60))
    return Auditor(
        office.store, lambda: log, SCHOOL, frozenset({"mail", "wecom_robot"}), lambda: office.now, pack=JY,
        monotonic=lambda: float(next(ticks)),
    )  # fmt: skip


def test_the_auditor_says_it_with_an_alert_and_ends_it_when_it_is_mended(office: Office, auditor: Auditor) -> None:
    staffed(office)
    number = goes(office, "leader", starts=office.now + DAY, hours=24, by=ADMIN)

    def look() -> list[tuple[str, str]]:
        for _ in range(3):
            auditor.look()
            office.now += timedelta(seconds=60)
        with office.store.read() as conn:
            return [(row.what, row.words) for row in finding.standing(conn, SCHOOL)]

    (found,) = look()
    assert found[0] == What.OFFICE
    with office.store.read() as conn:
        assert [one.cause for one in alert.ringing(conn, SCHOOL)] == ["auditor:office"]
    office.store.run(lambda conn: leave.cancel(conn, SCHOOL, IN_LEAD, office.now, number))
    assert look() == []
    with office.store.read() as conn:
        assert alert.ringing(conn, SCHOOL) == []


@pytest.mark.parametrize("code", ["JY", "LG", "TF", "ZG", "NX", "neutral"])
def test_that_nobody_answers_a_cry_for_help_is_found_ahead(office: Office, code: str) -> None:
    pack = load(code)
    name = pack.offices[Role.CARE].words[0]
    assert any(f"没有人担任{name}，" in words for words in wanting(office, pack))
    with office.store.write() as conn:
        people.enter(conn, [Person(SCHOOL, "publicity", "何岚", "", UNIT, "he@x.example", "138")],
                     [Held(Role.CARE, "", "publicity")])  # fmt: skip
    assert not any(name in words for words in wanting(office, pack))
