"""Taking what leaves next always comes to an end: whatever was in a sender's hands when the process died."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation.channels import Message
from escalation.notice import deliveries, digest
from escalation.notice.taking import LEASE, take
from tests.escalation.office import Office

PAST = LEASE + timedelta(seconds=1)
ALL = frozenset({"mail", "wecom_robot"})


def one_more(office: Office, n: int) -> None:
    office.open(level=3, keys=(f"canteen|thread|t{n}",), member_ids=(f"w:{n}",), first_post_id=f"w:{n}")


def mails(office: Office, who: str) -> list[Message]:
    return [one for one in office.mail.sent if one.to == f"{who}@x.example"]


def killed_in_mid_send(office: Office, channel: str = "mail") -> Message:
    """The message that a sender had in hand when it died."""
    with office.store.write() as conn:
        taken = take(conn, office.now, frozenset({channel}), letterhead=office.head)
    assert taken is not None
    return taken.message


def come(office: Office, *numbers: int) -> None:
    """Matters that come one after another, each told at once."""
    for n in numbers:
        one_more(office, n)
        office.work()


@pytest.mark.timeout(30)
def test_what_a_killed_sender_held_leaves_again_alone_when_a_storm_comes_meanwhile(office: Office) -> None:
    come(office, 0, 1)
    one_more(office, 2)
    held = killed_in_mid_send(office)
    come(office, 3, 4)
    office.now += PAST
    office.work()
    again = [one for one in office.mail.sent if one.delivery_id == held.delivery_id]
    assert [(one.notice, one.subject, one.text) for one in again] == [(held.notice, held.subject, held.text)]
    assert not office.rows(deliveries, state="sending")
    office.now += timedelta(minutes=3)
    office.work()
    assert {row.state for row in office.rows(deliveries)} == {"accepted"}


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("before", "after", "channel"), [(0, 3, "mail"), (3, 1, "mail"), (5, 2, "wecom_robot")])
def test_every_notice_leaves_though_a_sender_was_killed_in_a_storm(
    office: Office, before: int, after: int, channel: str
) -> None:
    come(office, *range(before))
    one_more(office, before)
    office.now += timedelta(minutes=3)
    held = killed_in_mid_send(office, channel)
    come(office, *range(before + 1, before + 1 + after))
    for _ in range(8):
        office.now += PAST
        office.work()
    assert {row.state for row in office.rows(deliveries)} == {"accepted"}
    sent = office.mail.sent if channel == "mail" else office.robot.sent
    assert held.notice in {one.notice for one in sent}, "it keeps its number"


@pytest.mark.timeout(30)
def test_one_call_looks_at_no_delivery_twice_even_if_it_stays_ready(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    come(office, 0, 1, 2)
    one_more(office, 3)

    def stays(*_: object) -> None:
        """Nothing is put off."""

    monkeypatch.setattr(digest, "hold", stays)
    with office.store.write() as conn:
        assert take(conn, office.now, ALL, letterhead=office.head) is None
