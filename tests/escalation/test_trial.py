"""The trial: begun once, ended once, by somebody with a name; it concerns one school and is kept as a record."""

from __future__ import annotations

from datetime import timedelta

from escalation import trial
from escalation.alert import alerts
from escalation.audit import audit_log
from escalation.notice import deliveries, notices
from escalation.trial import trials
from tests.escalation.office import FOUR, Office
from tests.stream.said import SCHOOL, START


def begin(office: Office, school: str = SCHOOL, days: int = 0) -> None:
    with office.store.write() as conn:
        trial.begin(conn, school, START + timedelta(days=days))


def end(office: Office, actor: str = "admin", *, school: str = SCHOOL, days: int = 1) -> bool:
    with office.store.write() as conn:
        return trial.end(conn, school, START + timedelta(days=days), actor)


def on_trial(office: Office, school: str = SCHOOL) -> bool:
    with office.store.read() as conn:
        return trial.on_trial(conn, school)


def test_a_school_that_never_had_a_trial_is_on_none_and_can_end_none(office: Office) -> None:
    assert not on_trial(office)
    assert not end(office)
    assert office.rows(audit_log) == []


def test_a_trial_keeps_its_first_day_however_often_the_settings_ask_for_it(office: Office) -> None:
    begin(office)
    begin(office, days=3)
    assert [row.began_at for row in office.rows(trials)] == [START]


def test_who_ended_it_and_when_is_kept_once_and_audited_once(office: Office) -> None:
    begin(office)
    assert [end(office, "admin", days=1), end(office, "other", days=2)] == [True, False]
    (row,) = office.rows(trials)
    assert (row.ended_by, row.ended_at) == ("admin", START + timedelta(days=1))
    assert [(one.actor, one.action, one.object) for one in office.rows(audit_log)] == [("admin", "trial.end", SCHOOL)]


def test_ending_one_schools_trial_leaves_the_others_on_theirs(office: Office) -> None:
    begin(office)
    begin(office, "LG")
    assert end(office)
    assert (on_trial(office), on_trial(office, "LG")) == (False, True)


def test_an_incident_that_was_opened_on_trial_stays_with_the_desk_after_the_trial(office: Office) -> None:
    begin(office)
    one = office.open(level=3)
    end(office)
    office.add(one, level=2)
    assert office.one(one).trial
    assert {row.addressee for row in office.rows(notices, incident_id=one)} == {"monitor"}
    assert {row.channel for row in office.rows(deliveries)} <= {"mail"}, "the group's robot heard nothing"


def test_on_trial_a_vacant_office_is_no_reason_to_ring(office: Office) -> None:
    begin(office)
    for n, rings in enumerate((False, True)):
        office.open(unit="没有人的单位", keys=(str(n),))
        assert any("无可联系人员" in heading for heading in office.headings()) is rings
        assert bool(office.rows(alerts)) is rings
        end(office)


def test_the_first_incident_after_the_trial_tells_everybody(office: Office) -> None:
    begin(office)
    office.open(keys=("a",))
    end(office)
    second = office.open(keys=("b",))
    assert not office.one(second).trial
    assert {row.addressee for row in office.rows(notices, incident_id=second)} == FOUR | {"robot"}
