"""Quiet hours: who waits until when, never Ⅰ, the desk at once, and a clock that begins when the message leaves."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from escalation.clock_words import SHANGHAI
from escalation.duty.calendar import SpecialDay
from escalation.notice import deliveries
from escalation.people import people
from escalation.procedure import Pack, load, thaw
from escalation.quiet_hours import quiet_until
from escalation.timer import timers
from tests.escalation.office import Office
from tests.stream.said import START

JY, NX, THREE = load("JY"), load("NX"), load("neutral3")
SPECIAL = {date(2026, 11, 23): SpecialDay(date(2026, 11, 23), False, "校庆"),
           date(2026, 11, 22): SpecialDay(date(2026, 11, 22), True, "调休")}  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("pack", "level", "now", "group", "until"),
    [
        (JY, 4, "2026-11-20 21:59", False, None),
        (JY, 4, "2026-11-20 22:00", False, "2026-11-21 07:00"),
        (JY, 4, "2026-11-21 06:59", False, "2026-11-21 07:00"),
        (JY, 4, "2026-11-21 07:00", False, None),
        (JY, 3, "2026-11-20 23:00", False, None),
        (JY, 1, "2026-11-20 23:00", True, None),
        (THREE, 3, "2026-11-20 23:00", False, "2026-11-21 07:00"),
        (THREE, 4, "2026-11-20 23:00", False, "2026-11-21 07:00"),
        (NX, 3, "2026-11-19 19:00", False, None),
        (NX, 3, "2026-11-19 19:00", True, "2026-11-20 08:00"),
        (NX, 3, "2026-11-20 19:00", True, "2026-11-22 08:00"),
        (NX, 3, "2026-11-21 12:00", True, "2026-11-22 08:00"),
        (NX, 3, "2026-11-22 20:00", True, "2026-11-24 08:00"),
        (NX, 2, "2026-11-21 12:00", True, None),
        (NX, 4, "2026-11-20 23:00", True, "2026-11-22 08:00"),
    ],
)
def test_a_message_waits_for_the_end_of_the_hours_of_its_level(
    pack: Pack, level: int, now: str, group: bool, until: str | None
) -> None:
    found = quiet_until(pack, level, at(now), group=group, special=SPECIAL)
    assert found == (at(until) if until else None)


@pytest.mark.parametrize("code", ["JY", "LG", "TF", "ZG", "NX", "neutral", "neutral3"])
def test_no_pack_is_quiet_on_level_one_and_every_figure_is_labelled_ours(code: str) -> None:
    pack = load(code)
    night = at("2026-11-21 02:00")
    assert quiet_until(pack, 1, night) is None
    assert quiet_until(pack, 1, night, group=True) is None
    assert pack.quiet
    assert all(one.label.startswith("系统默认，非校规") for one in pack.quiet)


def test_a_pack_frozen_before_there_were_quiet_hours_has_none() -> None:
    frozen = JY.freeze()
    del frozen["pack"]["quiet"], frozen["pack"]["desk"]
    old = thaw(frozen)
    assert quiet_until(old, 4, at("2026-11-21 02:00")) is None
    assert not old.desk.around_the_clock


def at_night(office: Office, level: int) -> int:
    """An incident at two in the morning."""
    office.now = START.astimezone(SHANGHAI).replace(hour=2, minute=0).astimezone(START.tzinfo)
    return office.open(level=level)


def test_at_night_the_lightest_waits_on_every_channel_and_its_clock_begins_in_the_morning(office: Office) -> None:
    at_night(office, 4)
    office.work()
    assert office.mail.sent == []
    assert office.robot.sent == []
    morning = office.now + timedelta(hours=5)
    notice = office.notice("school" if "school" in office.told("first") else "leader")
    assert notice.sign_by > morning
    assert "静默时段（22:00 至 07:00，系统默认，非校规）" in "".join(notice.view["facts"])
    assert all(row.reason == "静默时段，07:00 发出" for row in office.rows(deliveries))
    assert {row.due_at > morning for row in office.rows(timers) if row.notice_id} == {True}
    office.later(hours=4, minutes=59)
    assert office.mail.sent == []
    office.later(minutes=2)
    assert {message.to for message in office.mail.sent} == {f"{who}@x.example" for who in office.told("first")}
    assert "晚" not in office.mail.sent[0].text, "it is not late: it left when it was due"
    assert office.phoned() == []


def test_level_one_at_night_leaves_at_once(office: Office) -> None:
    at_night(office, 1)
    office.work()
    assert {message.to for message in office.mail.sent} >= {f"{who}@x.example" for who in office.told("first")}


def test_the_duty_desk_is_told_at_once_also_at_night(office: Office) -> None:
    with office.store.write() as conn:
        conn.execute(people.update().where(people.c.id == "leader").values(email="", mobile=""))
    at_night(office, 4)
    office.work()
    assert {message.to for message in office.mail.sent} == {"monitor@x.example"}


def test_raised_in_the_night_it_leaves_at_once_and_what_waited_is_withdrawn(office: Office) -> None:
    one = at_night(office, 4)
    office.add(one, level=1, risk=95, reasons=({"name": "涌量", "share": 100, "sentence": "许多人", "article": ""},))
    office.work()
    told = {message.to for message in office.mail.sent}
    assert told >= {"leader@x.example", "publicity@x.example"}
    first = [row for row in office.rows(deliveries, channel="mail") if row.level == 4]
    assert {row.state for row in first} == {"waiting"}
    office.later(hours=6)
    assert {row.state for row in office.rows(deliveries, channel="mail") if row.level == 4} == {"withdrawn"}
