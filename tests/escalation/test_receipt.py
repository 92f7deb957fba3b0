"""A signature stops the clocks of the one who signed and of nobody else."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation import receipt
from escalation.audit import audit_log, faults
from escalation.incident import entries
from escalation.notice import deliveries, notices
from escalation.receipt import Signed, Tally
from escalation.timer import timers
from tests.escalation.office import FOUR, Office


def sign(office: Office, who: str, kind: str = "first", by: str = "") -> Signed:
    with office.store.write() as conn:
        return receipt.sign(conn, office.notice(who, kind).id, by or who, office.now, via="link", remark="知道了")


@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(sorted(FOUR)), st.integers(0, 4))
def test_each_signature_stops_its_own_clocks_and_no_other(office: Office, order: list[str], many: int) -> None:
    key = f"canteen|thread|{len(office.headings())}"
    incident_id = office.open(keys=(key,))
    mine = {row.addressee: row.id for row in office.rows(notices, incident_id=incident_id)}
    for n, who in enumerate(order[:many], 1):
        with office.store.write() as conn:
            assert receipt.sign(conn, mine[who], who, office.now, via="link") is Signed.NOW
            assert receipt.tally(conn, incident_id) == Tally(n, 4)
    running = office.rows(timers, incident_id=incident_id, state="set")
    own = {row.notice_id for row in running if row.kind in ("sign", "rung")}
    assert own == {mine[who] for who in order[many:]}
    assert office.one(incident_id).state == ("acknowledged" if many == 4 else "notified")


def test_nobody_signs_for_another_and_nobody_signs_twice(office: Office) -> None:
    office.open()
    assert sign(office, "leader", by="keeper") is Signed.UNKNOWN
    assert office.notice("leader").signed_at is None
    assert sign(office, "leader") is Signed.NOW
    assert sign(office, "leader") is Signed.ALREADY
    assert [row.detail["late"] for row in office.rows(audit_log, action="notice.sign")] == [False]
    with office.store.read() as conn:
        assert list(faults(conn)) == []


def test_opening_is_not_signing_and_the_first_look_stands(office: Office) -> None:
    office.open()
    seen = office.now
    for _ in range(2):
        with office.store.write() as conn:
            receipt.mark_opened(conn, office.notice("leader").id, office.now)
        office.now += (office.now - seen) or (office.notice("leader").sign_by - seen) / 2
    assert office.notice("leader").opened_at == seen
    assert office.running() == FOUR


def test_a_late_signature_counts_and_says_that_it_is_late(office: Office) -> None:
    office.open()
    office.later(minutes=16)
    assert sign(office, "keeper") is Signed.NOW
    (row,) = office.rows(entries, heading="谢晓 签收")
    assert row.text == "逾期签收；知道了"


@pytest.mark.parametrize("kind", ["first", "raised"])
def test_one_signature_answers_every_notice_of_that_person_and_of_no_other(office: Office, kind: str) -> None:
    incident_id = office.open(level=4)
    office.work()
    office.add(incident_id, level=2)
    office.work()
    assert sign(office, "leader", kind) is Signed.NOW
    assert office.running() == FOUR - {"leader"}
    assert {office.notice("leader", one).signed_at for one in ("first", "raised")} == {office.now}
    office.later(minutes=10)
    assert sorted(office.told("reminder")) == sorted(FOUR - {"leader"})


def test_a_signature_on_what_was_shown_withdraws_no_later_notice_that_was_not(office: Office) -> None:
    incident_id = office.open(level=3)
    office.work()
    before = len(office.mail.sent)
    office.add(incident_id, level=1)
    for who in FOUR:
        assert sign(office, who, "first") is Signed.NOW
    assert office.running() == FOUR
    office.work()
    assert sorted(one.to for one in office.mail.sent[before:]) == sorted(f"{who}@x.example" for who in FOUR)
    assert {row.state for row in office.rows(deliveries) if row.channel == "mail"} == {"accepted"}
    assert office.one(incident_id).state == "notified"
    for who in FOUR:
        assert sign(office, who, "raised") is Signed.NOW
    assert office.one(incident_id).state == "acknowledged"
