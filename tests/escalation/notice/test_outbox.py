"""The outbox loses nothing: what was not taken waits, goes again under the same number, or is given to a person."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation import alert
from escalation.channels import Accepted, Fault, Outcome, Partial, Permanent, RateLimited, Transient, Unknown
from escalation.notice import DeliveryState, attempts, calls, deliveries, notices
from escalation.notice.outbox import judge, settle, take
from tests.escalation.office import FOUR, Office
from tests.stream.said import SCHOOL, START

OUTCOMES = st.one_of(
    st.just(Accepted("1")),
    st.just(Partial("1", {"a": "没有这个人"})),
    st.builds(RateLimited, st.timedeltas(timedelta(), timedelta(days=2)), st.just("太快")),
    st.just(Transient("断线")),
    st.just(Unknown("没有回音")),
    st.builds(Permanent, st.sampled_from(Fault), st.just("拒绝")),
)
BOTH = frozenset({"mail", "wecom_robot"})


@given(OUTCOMES, st.integers(1, 500), st.timedeltas(timedelta(days=-1), timedelta(days=1)), st.floats(0, 1))
def test_every_outcome_is_taken_waits_for_a_time_or_is_given_up_with_a_reason(
    outcome: Outcome, attempt: int, left: timedelta, jitter: float
) -> None:
    found = judge(outcome, attempt, START + left, START, jitter)
    taken = isinstance(outcome, Accepted | Partial)
    assert (found.state is DeliveryState.ACCEPTED) == taken
    if found.state is DeliveryState.WAITING:
        assert found.next_at is not None
        assert START <= found.next_at <= max(START, START + left)
    if not taken:
        assert found.reason
        assert found.state in (DeliveryState.WAITING, DeliveryState.DEAD)


@given(st.integers(1, 30), st.floats(0, 1))
def test_a_passing_fault_is_tried_again_within_five_minutes(attempt: int, jitter: float) -> None:
    found = judge(Transient("断线"), attempt, START + timedelta(days=1), START, jitter)
    assert found.next_at is not None
    assert timedelta(seconds=1) <= found.next_at - START <= timedelta(minutes=5)


def test_what_was_in_the_hands_of_a_killed_sender_is_taken_up_with_the_same_number(office: Office) -> None:
    office.open()
    with office.store.write() as conn:
        first = take(conn, office.now, frozenset({"wecom_robot"}))
        assert first is not None
        assert take(conn, office.now, frozenset({"wecom_robot"})) is None
        again = take(conn, office.now + timedelta(seconds=31), frozenset({"wecom_robot"}))
    assert again is not None
    assert again.message == first.message
    assert again.attempt == 2
    with office.store.write() as conn:
        late = judge(Transient("断线"), 1, first.give_up_at, office.now, 0)
        assert not settle(conn, first, Transient("断线"), late, office.now), "the slower one decides nothing"
        assert settle(conn, again, Accepted("7"), judge(Accepted("7"), 2, again.give_up_at, office.now, 0), office.now)
    assert len(office.rows(attempts)) == 2


def test_the_gravest_is_sent_first(office: Office) -> None:
    office.open(keys=("a",), level=4)
    office.open(keys=("b",), level=2)
    with office.store.write() as conn:
        taken = take(conn, office.now, BOTH)
    assert taken is not None
    assert taken.message.level == 2


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OUTCOMES, max_size=12))
def test_whatever_a_channel_answers_each_delivery_ends_taken_or_with_a_person(
    office: Office, script: list[Outcome]
) -> None:
    one = office.open(keys=(f"k{len(office.rows(notices))}",), level=4)
    office.mail.answers, office.mail.sent = list(script), []
    first = {row.id for row in office.rows(notices, incident_id=one)}
    while left := [row.next_at for row in office.rows(deliveries, state="waiting") if row.notice_id in first]:
        office.now = max(office.now, min(left))
        office.work()
    mails = [row for row in office.rows(deliveries) if row.channel == "mail" and row.notice_id in first]
    assert len(mails) == 4
    assert {row.state for row in mails} <= {"accepted", "dead"}
    dead = {row.notice_id for row in mails if row.state == "dead"}
    assert dead <= {row.notice_id for row in office.rows(calls)}
    sent = {row.id for row in office.rows(notices, incident_id=one) if row.sent_at is not None}
    assert {row.notice_id for row in mails if row.state == "accepted"} <= sent
    assert not dead & sent
    numbers: dict[str, str] = {}
    for message in office.mail.sent:
        assert numbers.setdefault(message.delivery_id, message.notice) == message.notice


def test_a_broken_channel_rings_until_it_takes_something_again(office: Office) -> None:
    office.mail.answers = [Transient("断线")] * 16
    office.open()
    for _ in range(4):
        office.work()
        office.now += timedelta(minutes=6)
    with office.store.read() as conn:
        assert "channel:mail" in {one.cause for one in alert.ringing(conn, SCHOOL)}
    office.work()
    with office.store.read() as conn:
        assert alert.ringing(conn, SCHOOL) == []
    assert sorted(m.to.partition("@")[0] for m in office.mail.sent[-4:]) == sorted(FOUR)


def test_a_refused_group_message_makes_no_call_to_a_robot(office: Office) -> None:
    office.robot.answers = [Permanent(Fault.CONTACT, "没有这个群")]
    office.open()
    office.work()
    assert "robot" not in office.phoned()
    with office.store.read() as conn:
        assert len(alert.ringing(conn, SCHOOL)) == 1
