"""The clock jumps an hour or a day, either way: it rings, nobody is chased for it, and nothing stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from escalation.alert import alerts
from escalation.channels import Transient
from escalation.jump import SPANS, Reading, between
from escalation.notice import calls, notices
from escalation.notify import Notify
from escalation.task import tasks
from escalation.timer import claim, timers
from tests.escalation.office import FOUR, Office
from tests.escalation.shaky import Shaky
from tests.stream.said import SCHOOL, START

JUMPS = {
    "hour forward": timedelta(hours=1), "hour back": -timedelta(hours=1), "day forward": timedelta(days=1),
    "day back": -timedelta(days=1),
}  # fmt: skip
each_jump = pytest.mark.parametrize("jump", JUMPS.values(), ids=list(JUMPS))


class Machine(Office):
    """An office whose notify has a clock that nobody sets."""

    ran = timedelta(0)

    def run(self, **by: float) -> None:
        """Real time passes, second by second where something is due."""
        left = timedelta(**by)
        while left > timedelta(0):
            part = min(left, timedelta(seconds=15))
            self.now, self.ran, left = self.now + part, self.ran + part, left - part
            self.work()

    def steady(self) -> float:
        """Seconds of the clock that nobody sets."""
        return self.ran.total_seconds()

    def set_clock(self, jump: timedelta) -> None:
        """Somebody sets the machine's clock."""
        self.now += jump
        self.work()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(Office.at(tmp_path).store)
    made.notify = Notify(
        made.store, made.head, {"mail": made.mail, "wecom_robot": made.robot}, lambda: made.now,
        steady=made.steady,
    )  # fmt: skip
    made.work()
    yield made
    made.store.close()


def ringing(machine: Machine) -> list[str]:
    return [row.words for row in machine.rows(alerts, closed_at=None) if row.cause.startswith("jump:")]


@each_jump
def test_no_mass_escalation_and_no_silence_follows_a_jump(machine: Machine, jump: timedelta) -> None:
    machine.open(level=2)
    machine.work()
    machine.run(minutes=5)
    machine.set_clock(jump)
    assert machine.told("reminder") == []
    assert machine.told("escalated") == []
    assert machine.rows(calls) == []
    assert len(ringing(machine)) == 1
    assert ("快" if jump > timedelta(0) else "慢") in ringing(machine)[0]
    machine.run(minutes=2)
    assert machine.told("reminder") == []
    machine.run(minutes=1)
    assert sorted(machine.told("reminder")) == sorted(FOUR), "half of a quarter of an hour of real time"
    machine.run(minutes=8)
    assert set(machine.phoned()) == FOUR, "and the whole of it"


@each_jump
def test_put_right_again_everything_is_as_it_was(machine: Machine, jump: timedelta) -> None:
    machine.open(level=2)
    machine.work()
    before = {row.id: row.due_at for row in machine.rows(timers)}
    signed_by = {row.id: row.sign_by for row in machine.rows(notices)}
    machine.set_clock(jump)
    machine.set_clock(-jump)
    assert {row.id: row.due_at for row in machine.rows(timers)} == before
    assert {row.id: row.sign_by for row in machine.rows(notices)} == signed_by
    assert len(ringing(machine)) == 1, "the last one rings, the one before is over"


@each_jump
def test_a_page_counts_down_to_the_same_moment_as_the_clock(machine: Machine, jump: timedelta) -> None:
    machine.open(level=2)
    machine.work()
    machine.set_clock(jump)
    for row in machine.rows(timers, kind="sign"):
        (notice,) = machine.rows(notices, id=row.notice_id)
        assert notice.sign_by == row.due_at == machine.now + timedelta(minutes=15)


@each_jump
def test_tasks_holds_and_approvals_keep_their_spans_and_dates_stay(machine: Machine, jump: timedelta) -> None:
    one = machine.open(level=2)
    machine.work()
    rows = {"voice": "approval:1", "letter": "sign:1", "correction": "look:1", "permit": "expire:1", "handover": "x",
            "watch": "w"}  # fmt: skip
    due = {"set_at": machine.now, "due_at": machine.now + timedelta(days=2)}
    common = {"school": SCHOOL, "words": "时限", "source": "default", "article": "", "state": "set", "data": {}} | due
    with machine.store.write() as conn:
        for kind, name in rows.items():
            conn.execute(timers.insert().values(**common, incident_id=one, kind=kind, name=name))
        for name in ("answer:1", "window:x", "promise:1"):
            conn.execute(timers.insert().values(**common, matter="consultation:1", kind="consultation", name=name))
    before = {row.id: row for row in machine.rows(timers, state="set")}
    tasked = {row.id: row.due_at for row in machine.rows(tasks)}
    assert {row.kind for row in before.values()} >= {"task", "sign", "rung"}
    assert any(tasked.values())
    machine.set_clock(jump)
    for number, row in before.items():
        (after,) = machine.rows(timers, id=number)
        stays = row.kind in ("permit", "handover", "watch") or row.name in ("window:x", "promise:1")
        assert after.due_at - row.due_at == (timedelta(0) if stays else jump), row.name
    assert {row.id: row.due_at for row in machine.rows(tasks)} == {
        number: due_at and due_at + jump for number, due_at in tasked.items()
    }


def test_a_delivery_that_waits_is_not_given_up_by_a_day_forward(machine: Machine) -> None:
    machine.mail.answers += [Transient("邮件服务器没有答复")] * 4
    machine.open(level=2)
    machine.work()
    machine.set_clock(timedelta(days=1))
    machine.run(minutes=2)
    assert {row.sent_at is not None for row in machine.rows(notices)} == {True}


def test_it_is_written_into_every_open_matter_and_rings_for_an_hour(machine: Machine) -> None:
    machine.open(level=3)
    machine.set_clock(timedelta(hours=1))
    assert "本机时钟拨快了 1 小时，时限顺延" in machine.headings()
    machine.run(hours=1, minutes=2)
    assert ringing(machine) == []


def test_dates_wait_ten_minutes_in_case_the_clock_is_wrong(machine: Machine) -> None:
    one = machine.open(level=3)
    with machine.store.write() as conn:
        conn.execute(timers.insert().values(
            school="JY", incident_id=one, kind="archive", name="x", words="归档", source="default", article="",
            set_at=machine.now, due_at=machine.now + timedelta(minutes=30), state="set", data={},
        ))  # fmt: skip
    machine.set_clock(timedelta(hours=1))
    machine.run(minutes=9)
    assert machine.rows(timers, kind="archive")[0].state == "set"
    machine.run(minutes=2)
    assert machine.rows(timers, kind="archive")[0].state == "fired"


def test_dates_that_wait_leave_room_for_the_signatures_that_are_overdue(machine: Machine) -> None:
    one = machine.open(level=1)
    machine.work()
    with machine.store.write() as conn:
        for n in range(60):
            conn.execute(timers.insert().values(
                school="JY", incident_id=one, kind="archive", name=f"x:{n}", words="归档", source="default", article="",
                set_at=machine.now, due_at=machine.now + timedelta(minutes=30), state="set", data={},
            ))  # fmt: skip
    machine.set_clock(timedelta(hours=1))
    machine.run(minutes=6)
    assert {row.state for row in machine.rows(timers, kind="sign")} == {"fired"}
    assert {row.state for row in machine.rows(timers, kind="archive")} == {"set"}


def test_a_second_jump_as_large_as_the_first_is_absorbed_as_well(machine: Machine) -> None:
    machine.open(level=2)
    machine.work()
    machine.set_clock(timedelta(hours=1))
    machine.run(minutes=3)
    machine.set_clock(timedelta(hours=1))
    assert machine.told("reminder") == []
    assert machine.rows(calls) == []
    assert len(ringing(machine)) == 1


def test_a_clock_that_was_set_later_since_it_was_read_does_not_fire(machine: Machine) -> None:
    machine.open(level=2)
    (clock, *_) = machine.rows(timers, kind="sign")
    with machine.store.write() as conn:
        assert not claim(conn, clock.id, clock.due_at - timedelta(seconds=1))
        assert claim(conn, clock.id, clock.due_at)


@pytest.mark.parametrize("seconds", [-30, -1, 0, 1, 30])
def test_a_clock_that_is_slewed_by_half_a_minute_rings_nothing(seconds: int) -> None:
    before = Reading(START, 100.0)
    after = Reading(START + timedelta(seconds=60 + seconds), 160.0)
    assert between(before, after) is None
    later = Reading(START + timedelta(seconds=60 + (31 if seconds >= 0 else -31)), 160.0)
    assert between(before, later) is not None


def test_of_two_workers_one_moves_the_clocks_once(machine: Machine) -> None:
    other = Notify(
        machine.store, machine.head, {"mail": machine.mail, "wecom_robot": machine.robot}, lambda: machine.now,
        steady=machine.steady,
    )  # fmt: skip
    other.step()
    machine.open(level=2)
    machine.work()
    before = {row.id: row.due_at for row in machine.rows(timers) if row.kind in SPANS}
    machine.now += timedelta(hours=1)
    machine.notify.step()
    other.step()
    after = {row.id: row.due_at - timedelta(hours=1) for row in machine.rows(timers) if row.kind in SPANS}
    assert after == before


@pytest.mark.parametrize("away", [1, 3])
def test_a_jump_that_is_seen_while_the_store_is_away_is_absorbed_when_it_is_back(tmp_path: Path, away: int) -> None:
    store = Shaky(str(Office.at(tmp_path).store.engine.url))
    machine = Machine(store)
    machine.notify = Notify(store, machine.head, {"mail": machine.mail}, lambda: machine.now, steady=machine.steady)
    machine.work()
    machine.open(level=2)
    machine.work()
    sent = len(machine.mail.sent)
    store.away = away
    machine.now += timedelta(hours=3)
    for _ in range(away):
        machine.notify.step()
        assert "database is locked" in machine.notify.trouble
        machine.now, machine.ran = machine.now + timedelta(seconds=1), machine.ran + timedelta(seconds=1)
    machine.work()
    assert len(ringing(machine)) == 1
    assert (machine.told("reminder"), machine.told("escalated")) == ([], [])
    assert len(machine.mail.sent) == sent
    store.close()
