"""Silences: reminders and alerts kept quiet by name, with a reason and an end; never a first notice, never level Ⅰ."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation import alert, receipt, silence
from escalation.audit import audit_log
from escalation.duty import handover_sheet
from escalation.incident import Actor
from escalation.notice import notices
from escalation.silence import Quiet, Silenced, kept_quiet, silences
from escalation.state_table import IllegalStep
from stream import account
from tests.escalation.office import FOUR, IN_LEAD, KEEPER, ON_DESK, Office
from tests.escalation.station import ACCOUNTS
from tests.stream.said import SCHOOL


def quiet(office: Office, kind: Quiet, target: str, hours: float = 2, actor: Actor = ON_DESK) -> int:
    with office.store.write() as conn:
        ends = office.now + timedelta(hours=hours)
        return silence.begin(conn, SCHOOL, kind, target, actor, office.now, "平台停机维护", ends)


def number(office: Office, one: int) -> str:
    return str(office.one(one).number)


@pytest.mark.parametrize("kind", [Quiet.INCIDENT, Quiet.ACCOUNT, Quiet.THEME])
def test_reminders_are_kept_back_and_counted_and_everything_else_goes_on(office: Office, kind: Quiet) -> None:
    one = office.open(level=2)
    office.work()
    target = {Quiet.INCIDENT: number(office, one), Quiet.ACCOUNT: "canteen", Quiet.THEME: "canteen"}[kind]
    if kind is Quiet.ACCOUNT:
        with office.store.write() as conn:
            account.enter(conn, ACCOUNTS)
    made = quiet(office, kind, target)
    office.later(minutes=31)
    assert office.told("reminder") == []
    assert set(office.phoned()) >= FOUR, "the telephone is not silenced"
    assert office.told("escalated") != [], "nor is what goes upward"
    kept = office.rows(kept_quiet, silence_id=made)
    assert len(kept) >= len(FOUR)
    assert all("因静默未发" in row.words for row in kept)
    assert sum("因静默未发" in heading for heading in office.headings()) == len(kept)


def test_a_first_notice_is_never_silenced(office: Office) -> None:
    office.open(level=2)
    office.work()
    quiet(office, Quiet.THEME, "canteen")
    before = len(office.mail.sent)
    office.open(level=2, keys=("another",))
    office.work()
    assert len(office.mail.sent) == before + len(FOUR)


def test_level_one_is_never_silenced_even_where_it_rose_meanwhile(office: Office) -> None:
    grave = office.open(level=1)
    with pytest.raises(IllegalStep, match="Ⅰ级事件不能静默"):
        quiet(office, Quiet.INCIDENT, number(office, grave))
    light = office.open(level=3, keys=("other",))
    office.work()
    quiet(office, Quiet.INCIDENT, number(office, light))
    office.add(light, level=1, risk=95)
    office.work()
    office.later(minutes=3)
    assert {row.incident_id for row in office.rows(notices, kind="reminder")} == {grave, light}


def test_it_ends_by_itself_and_reminders_go_on(office: Office) -> None:
    one = office.open(level=4)
    office.work()
    made = quiet(office, Quiet.INCIDENT, number(office, one), hours=1)
    office.later(hours=1, minutes=1)
    (row,) = office.rows(silences)
    assert (row.state, row.ended_by) == (Silenced.OVER, "machine")
    assert office.rows(audit_log, action="silence.over")[0].object == f"silence:{made}"
    office.later(hours=1)
    assert sorted(office.told("reminder")) == sorted(FOUR)


def test_whoever_works_at_the_desk_ends_it_before_and_once(office: Office) -> None:
    one = office.open(level=2)
    made = quiet(office, Quiet.INCIDENT, number(office, one))
    with office.store.write() as conn:
        silence.lift(conn, SCHOOL, made, ON_DESK, office.now)
    with office.store.write() as conn, pytest.raises(IllegalStep, match=r"已提前结束.*未作任何更改"):
        silence.lift(conn, SCHOOL, made, ON_DESK, office.now)
    with office.store.read() as conn:
        assert silence.running(conn, SCHOOL, office.now) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"hours": 25}, "不超过 24 小时"), ({"hours": 0}, "须有结束时间"), ({"actor": KEEPER}, "角色不能设置静默"),
        ({"target": "FX-2026-9999"}, "没有这一未结事件"),
    ],
)  # fmt: skip
def test_without_end_role_or_target_nothing_is_silenced(office: Office, changes: dict[str, object], why: str) -> None:
    one = office.open(level=2)
    given: dict[str, object] = {"kind": Quiet.INCIDENT, "target": number(office, one)} | changes
    with pytest.raises(IllegalStep, match=why):
        quiet(office, **given)  # type: ignore[arg-type]
    assert office.rows(silences) == []


def test_of_two_who_silence_the_same_one_is_refused_politely(office: Office) -> None:
    one = office.open(level=2)
    quiet(office, Quiet.INCIDENT, number(office, one))
    with pytest.raises(IllegalStep, match=r"已在静默中.*未作任何更改"):
        quiet(office, Quiet.INCIDENT, number(office, one), actor=IN_LEAD)


def test_an_alert_is_folded_away_counted_and_comes_back(office: Office) -> None:
    with office.store.write() as conn:
        alert.ring(conn, SCHOOL, "blind:canteen", "“后勤”已看不见。", office.now)
        alert.ring(conn, SCHOOL, "delivery:7", "通知送不到。", office.now)
    made = quiet(office, Quiet.ALERT, "blind:canteen", hours=1)
    with pytest.raises(IllegalStep, match="有人没有收到通知"):
        quiet(office, Quiet.ALERT, "delivery:7")
    with office.store.read() as conn:
        loud, folded = silence.divide(conn, SCHOOL, alert.ringing(conn, SCHOOL), office.now)
    assert ([one.cause for one in loud], [one.cause for one in folded]) == (["delivery:7"], ["blind:canteen"])
    office.later(seconds=31)
    with office.store.write() as conn:
        alert.ring(conn, SCHOOL, "blind:canteen", "“后勤”已看不见。", office.now)
        silence.look(conn, SCHOOL, office.now)
        silence.look(conn, SCHOOL, office.now)
    assert len(office.rows(kept_quiet, silence_id=made)) >= 1
    office.later(hours=1)
    with office.store.write() as conn:
        alert.ring(conn, SCHOOL, "blind:canteen", "“后勤”已看不见。", office.now)
    with office.store.read() as conn:
        loud, _ = silence.divide(conn, SCHOOL, alert.ringing(conn, SCHOOL), office.now)
    assert "blind:canteen" in [one.cause for one in loud]


def test_what_is_silenced_stands_in_the_hand_over(office: Office) -> None:
    one = office.open(level=2)
    quiet(office, Quiet.INCIDENT, number(office, one))
    with office.store.read() as conn:
        (row,) = handover_sheet.fill(conn, SCHOOL, office.now)["silences"]
    assert (row["owner"], row["reason"], row["count"]) == ("陈屿", "平台停机维护", 0)


def test_signing_is_not_kept_from_anybody(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    quiet(office, Quiet.INCIDENT, number(office, one))
    with office.store.write() as conn:
        assert receipt.sign(conn, office.notice("leader").id, "leader", office.now, via="link") == "now"
