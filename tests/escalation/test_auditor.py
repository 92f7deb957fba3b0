"""The auditor on a real store, with a clock that only the test moves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from escalation import alert, audit, auditor, finding, standing
from escalation.auditor import LOOK_EVERY, ROLE, SETTLE, SILENT, Auditor
from escalation.finding import findings
from escalation.heartbeat import FILE, URL, Heartbeat, Outside
from escalation.incident import incidents
from escalation.inspection import Finding, What, inspect
from escalation.notice import calls, notices
from escalation.people import offices
from escalation.timer import timers
from stream import pulse
from stream.log import Log, LogUnavailable
from stream.log.sqlite import SqliteLog
from stream.position import positions
from stream.store import Store, StoreUnavailable, metadata, put
from stream.topic import ASSESSED, partitions
from tests.escalation.office import Office
from tests.stream.said import SCHOOL

CHANNELS = frozenset({"mail", "wecom_robot"})


class Watchman:
    """An office with one auditor; the machine's own clock goes with the office's unless a test lets it jump."""

    def __init__(self, office: Office, log: Log) -> None:
        self.office, self.log, self.jumped = office, log, 0.0
        self.auditor = self.another()

    def seconds(self) -> float:
        return self.office.now.timestamp() - self.jumped

    def another(self, clock: Callable[[], datetime] | None = None, heartbeat: Heartbeat | None = None) -> Auditor:
        return Auditor(
            self.office.store, lambda: self.log, SCHOOL, CHANNELS, clock or (lambda: self.office.now),
            heartbeat=heartbeat, monotonic=self.seconds,
        )  # fmt: skip

    def jump(self, **by: float) -> None:
        """The wall clock alone is set, forward or back."""
        self.office.now += timedelta(**by)
        self.jumped += timedelta(**by).total_seconds()

    def look(self, *, minutes: float = 0, notify: bool = True) -> list[tuple[str, str]]:
        """Let time pass in the auditor's own steps; gives what stands at the end as (kind, incident)."""
        end = self.office.now + timedelta(minutes=minutes)
        while True:
            if notify:
                self.office.work()
            self.auditor.step()
            if self.office.now >= end:
                return self.standing()
            self.office.now = min(end, self.office.now + timedelta(seconds=2 * LOOK_EVERY))

    def standing(self) -> list[tuple[str, str]]:
        with self.office.store.read() as conn:
            return [(row.what, row.incident) for row in finding.standing(conn, SCHOOL)]

    def ringing(self) -> dict[str, str]:
        with self.office.store.read() as conn:
            return {one.cause: one.words for one in alert.ringing(conn, SCHOOL)}

    def deeds(self) -> list[str]:
        return [row.action for row in self.office.rows(audit.audit_log, actor=finding.ACTOR)]


@pytest.fixture
def man(office: Office, tmp_path: Path) -> Iterator[Watchman]:
    """An auditor that has looked for longer than it needs to settle."""
    log = SqliteLog(tmp_path / "log.db")
    log.ensure(partitions(2))
    made = Watchman(office, log)
    made.look(minutes=SETTLE / 60 + 1)
    yield made
    made.auditor.close()
    log.close()


def test_an_incident_that_goes_its_way_gives_no_finding_from_opening_to_the_end_of_its_ladder(man: Watchman) -> None:
    man.office.open()
    assert man.look(minutes=25) == []
    assert man.office.rows(findings) == []
    assert man.deeds() == []


def test_notify_is_killed_and_the_due_clock_and_the_unsent_mail_are_found_until_it_is_back(man: Watchman) -> None:
    incident_id = man.office.open()
    man.look(minutes=1)
    number = man.office.one(incident_id).number
    due = min(row.due_at for row in man.office.rows(timers, state="set"))
    man.look(minutes=(due - man.office.now).total_seconds() / 60 + 1, notify=False)
    assert man.standing() == [], "a clock may be two minutes late"
    assert ("clock", number) in man.look(minutes=3, notify=False)
    assert "通知进程（notify）" in man.ringing()["auditor:clock"]
    assert man.deeds() == ["auditor.found"]
    assert man.look(minutes=1) == []
    assert "auditor:clock" not in man.ringing()
    assert man.deeds() == ["auditor.found", "auditor.ended"]
    (row,) = man.office.rows(findings)
    assert row.first_seen < row.ended
    assert row.last_seen > row.first_seen


def test_what_began_and_ended_is_in_the_logbook_by_the_incidents_number_and_without_names(
    man: Watchman, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "escalation.auditor")
    number = man.office.one(man.office.open()).number
    assert ("untried", number) in man.look(minutes=8, notify=False)
    assert man.look(minutes=8) == []
    said = [record for record in caplog.records if record.name == "escalation.auditor"]
    told = [(record.getMessage(), record.__dict__["incident"]) for record in said]
    assert ("稽核发现：通知未尝试送达", number) in told
    assert ("稽核了结：通知未尝试送达", number) in told
    assert len(told) == len(set(told)), "once, however often it is looked at"
    assert "谢晓" not in caplog.text


def test_mails_that_nobody_sends_are_found_with_their_notices(man: Watchman) -> None:
    man.office.open()
    kinds = {what for what, _ in man.look(minutes=7, notify=False)}
    assert kinds == {What.UNTRIED, What.WAITING, What.UNREACHED}
    assert man.look(minutes=1) == []


def test_a_named_person_whose_notice_is_gone_is_found_by_name(man: Watchman) -> None:
    man.office.open()
    man.look(minutes=6)
    school = man.office.notice("school")
    with man.office.store.write() as conn:
        conn.execute(update(notices).where(notices.c.id == school.id).values(addressee="monitor", role="monitor"))
    assert {what for what, _ in man.look(minutes=1)} == {What.UNREACHED}
    assert "沈澄" in man.ringing()["auditor:unreached"]


def test_an_incident_whose_clocks_were_lost_is_found_until_nobody_owes_a_signature(man: Watchman) -> None:
    incident_id = man.office.open()
    man.look(minutes=1)
    with man.office.store.write() as conn:
        conn.execute(delete(timers).where(timers.c.incident_id == incident_id))
        conn.execute(update(calls).values(outcome="已告知本人"))
    number = man.office.one(incident_id).number
    assert man.look(minutes=7) == [("idle", number)]
    with man.office.store.write() as conn:
        conn.execute(update(incidents).values(assignee="罗广平", state="handling"))
    assert man.look(minutes=1) == [("idle", number)], "to assign it asks nobody for the signatures"
    with man.office.store.write() as conn:
        conn.execute(update(notices).values(signed_at=man.office.now))
    assert man.look(minutes=1) == []


def test_nobody_left_to_act_and_a_strange_state_are_found(man: Watchman) -> None:
    first, second = man.office.open(), man.office.open(keys=("canteen|thread|weibo:t2",), member_ids=("weibo:2",))
    man.look(minutes=1)
    with man.office.store.write() as conn:
        conn.execute(delete(offices).where(offices.c.role.in_(["monitor", "publicity", "keeper"])))
        conn.execute(update(incidents).where(incidents.c.id == second).values(state="lost"))
    stuck = {number for what, number in man.look(minutes=1) if what == What.STUCK}
    assert stuck == {man.office.one(first).number, man.office.one(second).number}


def test_a_watch_that_stands_while_lines_wait_is_found_and_ends_when_it_moves(man: Watchman) -> None:
    man.log.append(ASSESSED, [(SCHOOL, b"{}")] * 3)
    with man.office.store.write() as conn:
        for reader in ("watch", "index"):
            conn.execute(insert(positions).values(reader=reader, partition=0, next=1))
    assert man.look(minutes=2) == []
    assert {what for what, _ in man.look(minutes=2)} == {What.READER}
    assert len(man.standing()) == 2
    with man.office.store.write() as conn:
        conn.execute(update(positions).where(positions.c.reader == "watch").values(next=2))
    man.look(minutes=1)
    assert [row.about for row in man.office.rows(findings, ended=None)] == ["index"]
    with man.office.store.write() as conn:
        conn.execute(update(positions).values(next=3))
    assert man.look(minutes=1) == []


def test_a_log_that_is_away_is_said_and_ends_no_finding_about_its_readers(man: Watchman) -> None:
    man.log.append(ASSESSED, [(SCHOOL, b"{}")] * 3)
    assert man.look(minutes=5) == [("reader", ""), ("reader", "")]

    def away() -> Log:
        raise LogUnavailable("日志流连不上")

    man.auditor.close()
    man.auditor._open_log = away
    man.look(minutes=1)
    assert "日志流连不上" in man.auditor.trouble
    assert man.standing() == [("reader", ""), ("reader", "")]


def test_an_altered_row_of_the_audit_is_found(man: Watchman) -> None:
    with man.office.store.write() as conn:
        for n in range(3):
            audit.record(conn, school=SCHOOL, now=man.office.now, actor="何岚", action="note", subject=f"FX-{n}")
    assert man.look(minutes=1) == []
    with man.office.store.write() as conn:
        conn.execute(update(audit.audit_log).where(audit.audit_log.c.seq == 2).values(actor="别人"))
    assert man.look(minutes=1) == [("chain", "")]
    assert "第 2 行内容与其指纹不符" in man.ringing()["auditor:chain"]


def test_two_auditors_write_one_row_one_alert_and_one_line_of_the_audit(man: Watchman) -> None:
    other = man.another()
    man.office.open()
    for _ in range(40):
        man.office.now += timedelta(seconds=LOOK_EVERY)
        man.auditor.step()
        other.step()
    rows = man.office.rows(findings)
    assert len({(row.what, row.about) for row in rows}) == len(rows) > 0
    assert man.deeds() == ["auditor.found"] * len(rows)
    man.office.work()
    man.office.now += timedelta(seconds=LOOK_EVERY)
    other.step()
    man.auditor.step()
    assert man.standing() == []
    assert man.deeds().count("auditor.ended") == len(rows)


def test_an_auditor_that_saw_less_does_not_write_over_one_that_ends_the_same_row(man: Watchman) -> None:
    """What one read before the other wrote is looked at again inside the transaction that writes."""
    man.office.open()
    man.look(minutes=8, notify=False)
    (before, *_) = man.office.rows(findings)
    with man.office.store.write() as conn:
        finding.keep(conn, SCHOOL, [], man.office.now)
        finding.keep(conn, SCHOOL, [], man.office.now)
    ended = [row for row in man.office.rows(findings) if row.ended]
    assert before.id in {row.id for row in ended}
    assert man.deeds().count("auditor.ended") == len(ended)


@pytest.mark.parametrize("hours", [3.0, -3.0])
def test_a_clock_that_jumps_finds_nothing_that_does_not_end_by_itself(man: Watchman, hours: float) -> None:
    man.office.open()
    man.look(minutes=3)
    man.jump(hours=hours)
    man.auditor.step()
    man.look(minutes=5)
    man.jump(hours=-hours)
    man.auditor.step()
    assert man.look(minutes=5) == []
    assert all(row.ended and row.ended >= row.first_seen for row in man.office.rows(findings))
    assert len(man.office.rows(findings)) <= 1


def test_after_a_start_nothing_new_is_found_until_it_has_settled(man: Watchman) -> None:
    man.office.open()
    man.office.now += timedelta(hours=5)
    fresh = man.another()
    fresh.step()
    assert man.standing() == [], "the notify role has just begun as well"
    for _ in range(6):
        man.office.now += timedelta(seconds=LOOK_EVERY)
        fresh.step()
    assert man.standing() != []


def test_a_store_that_is_away_is_a_trouble_and_no_end(man: Watchman, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> object:
        raise StoreUnavailable("存储暂不可用：磁盘已满")

    with monkeypatch.context() as patched:
        patched.setattr(man.office.store, "read", away)
        man.office.now += timedelta(minutes=1)
        man.auditor.step()
        assert "磁盘已满" in man.auditor.trouble
    man.look(minutes=1)
    assert man.auditor.trouble == ""


def test_a_heartbeat_that_fails_rings_and_is_quiet_when_it_beats_again(man: Watchman) -> None:
    answers = ["没有接通（ConnectError）"] * 3
    heartbeat = Heartbeat(
        Outside(url="https://monitor.example/ping/secret", every_s=30), lambda *_: answers.pop() if answers else "",
        man.seconds,
    )  # fmt: skip
    man.auditor = man.another(heartbeat=heartbeat)
    for _ in range(5):
        man.look(minutes=0.25)
        heartbeat.wait(5)
    words = man.ringing()[URL]
    assert "monitor.example" in words
    assert "secret" not in words
    for _ in range(10):
        man.look(minutes=0.25)
        heartbeat.wait(5)
    assert URL not in man.ringing()


def test_a_heartbeat_that_fails_on_another_machine_rings_until_that_one_mends_it_or_lives_no_more(
    man: Watchman, tmp_path: Path
) -> None:
    def beside(file: Path) -> Auditor:
        return man.another(heartbeat=Heartbeat(Outside(file=file, every_s=15), monotonic=man.seconds))

    def step(*auditors: Auditor, elsewhere_lives: bool = True) -> str:
        """A quarter of a minute passes for these, and a machine elsewhere beats or not; why it rings."""
        man.office.now += timedelta(seconds=15)
        there = {"role": ROLE, "instance": "elsewhere:1", "at": man.office.now, "trouble": ""}
        with man.office.store.write() as conn:
            if elsewhere_lives:
                put(conn, pulse.pulses, [there])
        for one in auditors:
            one.step()
        return man.ringing().get(FILE, "")

    missing = tmp_path / "missing"
    here, there = beside(tmp_path / "heartbeat.json"), beside(missing / "heartbeat.json")
    for _ in range(4):
        assert "稽核心跳写不进文件" in step(here, there)
    assert step(here) != "", "whoever can write does not hush whoever cannot"
    assert len(man.office.rows(alert.alerts, cause=FILE)) == 1, "it rings once and not with every look"
    missing.mkdir()
    assert step(here, there) == ""
    missing.joinpath("heartbeat.json").unlink()
    missing.rmdir()
    assert step(here, there) != ""
    for _ in range(5):
        words = step(here, elsewhere_lives=False)
    assert words == "", "the machine that could not is gone"


def test_another_role_rings_when_the_auditor_is_silent_and_hushes_when_it_is_heard(man: Watchman) -> None:
    def listens(**by: float) -> bool:
        with man.office.store.write() as conn:
            auditor.listen(conn, SCHOOL, man.office.now + timedelta(**by))
        return SILENT in man.ringing()

    assert not listens(), "an installation without an auditor is not told of one"
    with man.office.store.write() as conn:
        pulse.beat(conn, ROLE, man.office.now)
    assert not listens(seconds=59)
    assert listens(seconds=61)
    assert not listens(seconds=1)


def test_the_notify_role_notices_the_death_of_the_auditor(man: Watchman) -> None:
    man.office.work()
    with man.office.store.write() as conn:
        pulse.beat(conn, ROLE, man.office.now)
    for _ in range(4):
        man.office.now += timedelta(seconds=40)
        man.office.work()
    assert "稽核进程（audit）" in man.ringing()[SILENT]


def test_a_flood_of_findings_begins_in_portions_and_ends_at_once(man: Watchman) -> None:
    many = [Finding(What.IDLE, f"FX-{n}", f"FX-{n}", "没有下一步") for n in range(finding.NEW_AT_ONCE + 5)]

    def kept(found: list[Finding]) -> int:
        with man.office.store.write() as conn:
            finding.keep(conn, SCHOOL, found, man.office.now)
            return finding.count(conn, SCHOOL)

    assert kept(many) == finding.NEW_AT_ONCE
    assert kept(many) == len(many)
    assert f"{len(many)} 项" in man.ringing()["auditor:idle"]
    assert kept([]) == 0


@pytest.mark.live
def test_on_postgresql_auditors_that_write_at_the_same_moment_write_one_row(postgres: Any) -> None:
    store = Store(postgres.database())
    metadata.create_all(store.engine)
    now = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
    found = [Finding(What.CLOCK, f"FX-{n}", f"FX-{n}", "到期没有处理") for n in range(5)]

    def keep(given: list[Finding]) -> None:
        with store.write() as conn:
            finding.keep(conn, SCHOOL, given, now)
            standing.note_positions(conn, {"watch": {0: 3}}, now)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(keep, [found] * 4))
        with store.read() as conn:
            assert finding.count(conn, SCHOOL) == 5
            assert inspect(standing.facts(conn, SCHOOL, CHANNELS, {"watch": {0: 3}}, standing.Frozen(), now), now) == []
        list(pool.map(keep, [[]] * 4))
    with store.read() as conn:
        assert list(audit.faults(conn)) == []
        assert audit.head(conn).seq == 10
    store.close()
