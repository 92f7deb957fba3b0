"""The outbox loses nothing: what was not taken waits, goes again under the same number, or is given to a person."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation import alert, handling, receipt
from escalation.channels import Accepted, Fault, Outcome, Partial, Permanent, RateLimited, Transient, Unknown
from escalation.channels.breaker import FAILURES
from escalation.incident import entries
from escalation.notice import DeliveryState, attempts, calls, deliveries, notices
from escalation.notice.lateness import say_minutes
from escalation.notice.outbox import CUT_OFF, judge, settle
from escalation.notice.taking import take
from tests.escalation.office import FOUR, ON_DESK, Office
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
    (cut,) = office.rows(attempts)
    assert (cut.n, cut.at, cut.outcome, cut.reason) == (1, office.now, "unknown", CUT_OFF)
    with office.store.write() as conn:
        late = judge(Transient("断线"), 1, first.give_up_at, office.now, 0)
        assert not settle(conn, first, Transient("断线"), late, office.now), "the slower one decides nothing"
        assert settle(conn, again, Accepted("7"), judge(Accepted("7"), 2, again.give_up_at, office.now, 0), office.now)
    known = [(row.n, row.outcome) for row in office.rows(attempts)]
    assert known == [(1, "transient"), (2, "accepted")], "what the slow try came to stands for its being cut off"


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
        office.now = max(office.now + timedelta(seconds=20), min(left))  # a channel may rest while something is due
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
    down(office)
    office.open()
    for _ in range(4):
        office.work()
        office.now += timedelta(minutes=6)
    with office.store.read() as conn:
        assert [one.cause for one in alert.ringing(conn, SCHOOL)] == ["channel:mail"]
    office.mail.answers, office.mail.sent = [], []
    office.work()
    assert sorted(one.notice for one in office.mail.sent) == sorted(office.notice(who).number for who in FOUR)
    with office.store.read() as conn:
        assert alert.ringing(conn, SCHOOL) == []


def test_a_channel_that_begins_to_rest_rings_whatever_each_message_has_been_tried(office: Office) -> None:
    down(office)
    for key in ("a", "b"):
        office.open(keys=(key,))
    office.work()
    assert [row.n for row in office.rows(attempts) if row.outcome == "transient"] == [1] * FAILURES
    with office.store.read() as conn:
        assert [one.cause for one in alert.ringing(conn, SCHOOL)] == ["channel:mail"]


def test_a_refused_group_message_makes_no_call_to_a_robot(office: Office) -> None:
    office.robot.answers = [Permanent(Fault.CONTACT, "没有这个群")]
    office.open()
    office.work()
    assert "robot" not in office.phoned()
    with office.store.read() as conn:
        assert len(alert.ringing(conn, SCHOOL)) == 1


def down(office: Office) -> None:
    """The mail server does not answer from now on."""
    office.mail.answers = [Transient("断线")] * 500


def up(office: Office) -> list[str]:
    """The mail server is there again; the numbers that leave by it."""
    office.mail.answers, office.mail.sent = [], []
    office.now += timedelta(minutes=6)
    office.work()
    return [one.notice for one in office.mail.sent]


def mails(office: Office) -> dict[str, tuple[str, str]]:
    """What became of each mail, by notice number."""
    number = {row.id: row.number for row in office.rows(notices)}
    return {number[row.notice_id]: (row.state, row.reason) for row in office.rows(deliveries, channel="mail")}


def test_nothing_of_a_false_alarm_leaves_when_the_channel_is_back(office: Office) -> None:
    down(office)
    one = office.open()
    office.work()
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, one, ON_DESK, office.now, handling.FalseAlarm.JOKE)
    assert up(office) == []
    assert set(mails(office).values()) == {("withdrawn", "事件已了结（误报），不再发送")}
    assert {row.sent_at for row in office.rows(notices) if row.addressee != "robot"} == {None}
    number = office.notice("leader").number
    (line,) = office.rows(entries, heading=f"{number} 不再发送")
    assert line.text == "事件已了结（误报），不再发送"


def test_of_a_raised_matter_only_the_later_notice_leaves(office: Office) -> None:
    down(office)
    one = office.open(level=4)
    office.work()
    office.add(one, level=2)
    office.work()
    later = {office.notice(who, "raised").number for who in FOUR}
    assert set(up(office)) == later
    for who in FOUR:
        before, after = office.notice(who).number, office.notice(who, "raised").number
        assert mails(office)[before] == ("withdrawn", f"已由通知 {after} 取代，不再发送")
        assert mails(office)[after][0] == "accepted"


def test_who_signed_at_the_desk_meanwhile_gets_neither_notice_nor_reminder(office: Office) -> None:
    one = office.open()
    office.work()
    down(office)
    with office.store.write() as conn:
        handling.remind(conn, office.head, one, ON_DESK, office.now)
    office.work()
    with office.store.write() as conn:
        receipt.sign(conn, office.notice("leader").id, "leader", office.now, via="link")
    reminders = {who: office.notice(who, "reminder").number for who in FOUR}
    assert set(up(office)) == {number for who, number in reminders.items() if who != "leader"}
    assert mails(office)[reminders["leader"]] == ("withdrawn", "收件人已签收，不必再催")


def test_a_notice_that_was_signed_before_it_left_does_not_leave(office: Office) -> None:
    down(office)
    office.open()
    office.work()
    with office.store.write() as conn:
        receipt.sign(conn, office.notice("leader").id, "leader", office.now, via="desk")
    number = office.notice("leader").number
    assert number not in up(office)
    assert mails(office)[number] == ("withdrawn", "收件人已签收，不再发送")


def test_what_a_killed_sender_may_have_sent_is_said_when_it_is_withdrawn(office: Office) -> None:
    one = office.open()
    with office.store.write() as conn:
        taken = take(conn, office.now, frozenset({"wecom_robot"}))
    assert taken is not None
    with office.store.write() as conn:
        handling.dismiss(conn, office.head, one, ON_DESK, office.now, handling.FalseAlarm.JOKE)
    office.now += timedelta(seconds=31)
    office.work()
    assert ["误报，此事已了结" in message.text for message in office.robot.sent] == [True], "never the alarm itself"
    row, _ = office.rows(deliveries, channel="wecom_robot")
    assert row.state == "withdrawn"
    assert row.reason.endswith("对方可能已收到")


def flat(text: str) -> str:
    return "".join(text.split())


def test_mail_that_leaves_late_says_how_late_in_figures_and_names_no_cause(office: Office) -> None:
    down(office)
    office.open(level=4)
    office.work()
    office.now += timedelta(minutes=48)
    up(office)
    for mail in office.mail.sent:
        assert "【迟发】" in mail.subject
        assert mail.html is not None
        for words in (flat(mail.text), flat(mail.html)):
            assert "于2026年11月3日12:00:00拟发，晚54分钟送出。" in words
            assert not any(cause in words for cause in ("中断", "故障", "网络", "断线"))
    assert [row.text for row in office.rows(entries) if row.heading.startswith("邮件已送出")] == ["晚 54 分钟送出"] * 4


def test_mail_that_leaves_within_three_minutes_is_not_called_late(office: Office) -> None:
    office.mail.answers = [Transient("断线")] * 4
    office.open()
    office.work()
    office.now += timedelta(seconds=150)
    office.work()
    assert len(office.mail.sent) == 8
    written = {row.id: row.text for row in office.rows(deliveries)}
    assert all(mail.text == written[int(mail.delivery_id.rpartition(".")[2])] for mail in office.mail.sent)
    assert not any("迟发" in mail.subject or "送出" in mail.text for mail in office.mail.sent)


def test_a_late_group_message_says_how_late(office: Office) -> None:
    office.robot.answers = [Transient("断线")] * 500
    office.open(level=4)
    office.work()
    office.robot.answers, office.robot.sent = [], []
    office.now += timedelta(hours=2, minutes=5)
    office.work()
    (said,) = office.robot.sent
    assert "迟发：拟发后 2 小时 5 分钟送出" in said.text.splitlines()


def test_what_was_cut_down_to_number_and_link_stays_so_when_it_is_late(office: Office) -> None:
    office.open(level=4)
    refused: list[Outcome] = [Permanent(Fault.CONTENT, "拒收"), Transient("断线")]
    office.mail.answers = refused * 4
    office.work()
    office.mail.sent = []
    office.now += timedelta(minutes=10)
    office.work()
    assert len(office.mail.sent) == 4
    assert all(mail.html is None and mail.subject == mail.notice for mail in office.mail.sent)
    assert all(len(mail.text.splitlines()) == 2 for mail in office.mail.sent)


@given(st.timedeltas(timedelta(minutes=3), timedelta(days=9)))
def test_a_span_is_said_in_whole_units_and_never_longer_than_it_was(span: timedelta) -> None:
    units = {"天": 1440, "小时": 60, "分钟": 1}
    said = say_minutes(span).split()
    minutes = sum(int(count) * units[unit] for count, unit in zip(said[::2], said[1::2], strict=True))
    whole = int(span.total_seconds() // 60)
    assert minutes <= whole
    assert whole - minutes < (60 if whole >= 1440 else 1)
