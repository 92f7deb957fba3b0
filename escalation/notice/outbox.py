"""The outbox: deliveries wait as rows, are sent after the commit, retried with back-off and never lost.

A delivery is marked accepted only when the channel took it. One that was in a sender's hands when the process died is
taken up again when its lease ends, and carries the same notice number and the same delivery id. One whose reason is
gone before it left (false alarm, superseded, signed) does not leave: it ends as withdrawn.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, insert, select, update

from escalation.channels import Accepted, Fault, Message, Outcome, Partial, Permanent, RateLimited, Transient, Unknown
from escalation.incident import incidents
from escalation.notice import DeliveryState, attempts, deliveries, notices
from escalation.notice.docket import dockets
from escalation.notice.wording import render_neutral
from stream.store import insert_new

BACK_OFF = (2, 4, 8, 16, 30, 60, 120, 300)
"""Seconds before the next attempt; the last figure repeats."""
GIVE_UP_AFTER = timedelta(hours=24)
MENDED_BY_A_PERSON = timedelta(minutes=5)
CHANNEL_FAULTS = frozenset({Fault.CREDENTIAL, Fault.QUOTA})
"""Faults of the channel and not of the message: they wait for a person to mend it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a delivery after an attempt. `reason` is a Chinese sentence, empty where it was accepted.

    `neutral`: the words were refused; it goes out again with number and link only.
    """

    state: DeliveryState
    next_at: datetime | None
    vendor_id: str = ""
    reason: str = ""
    fault: Fault | None = None
    neutral: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery in our hands for the time of its lease. `late`: how long after writing it leaves, empty if in time.

    `joint`: the one message that leaves for this and for all that it `carries`, instead of its own.
    """

    id: int
    notice_id: int
    channel: str
    attempt: int
    give_up_at: datetime
    message: Message
    late: str = ""
    carries: tuple[Taken, ...] = ()
    joint: Message | None = None

    @property
    def everything(self) -> tuple[Taken, ...]:
        """This delivery and those that leave with it."""
        return self, *self.carries


def judge(
    outcome: Outcome, attempt: int, give_up_at: datetime, now: datetime, jitter: float, *, is_neutral: bool = False,
    to: str = "",
) -> Verdict:  # fmt: skip
    """The retry decision: pure. `attempt` counts from 1, `jitter` lies in 0..1 and shortens the pause by up to half.

    Wrong credentials and a used-up allowance are mended by a person: the delivery waits for that. A refused contact is
    final. Refused words are sent once more without them (`is_neutral` says that this was done). Taken for others but
    not for `to`, the addressee of this delivery, is a refused contact.
    """
    if isinstance(outcome, Accepted):
        return Verdict(DeliveryState.ACCEPTED, None, outcome.vendor_id)
    if isinstance(outcome, Partial):
        bad = "；".join(f"{who}：{why}" for who, why in outcome.bad.items())
        if to and to in outcome.bad:
            return Verdict(DeliveryState.DEAD, None, outcome.vendor_id, outcome.bad[to], Fault.CONTACT)
        return Verdict(DeliveryState.ACCEPTED, None, outcome.vendor_id, f"部分收件人未收到：{bad}", Fault.CONTACT)
    if isinstance(outcome, Permanent) and outcome.kind is Fault.CONTENT and not is_neutral:
        return Verdict(DeliveryState.WAITING, now, reason=outcome.reason, fault=outcome.kind, neutral=True)
    if isinstance(outcome, Permanent) and outcome.kind not in CHANNEL_FAULTS:
        return Verdict(DeliveryState.DEAD, None, reason=outcome.reason, fault=outcome.kind)
    fault = outcome.kind if isinstance(outcome, Permanent) else None
    if fault is not None:
        pause = MENDED_BY_A_PERSON
    elif isinstance(outcome, RateLimited):
        pause = outcome.retry_after
    else:
        seconds = BACK_OFF[min(attempt, len(BACK_OFF)) - 1]
        pause = timedelta(seconds=seconds * (1 - jitter / 2))
    if now + pause > give_up_at:
        return Verdict(DeliveryState.DEAD, None, reason=f"{outcome.reason}；已重试 {attempt} 次，不再重试", fault=fault)
    return Verdict(DeliveryState.WAITING, now + pause, reason=outcome.reason, fault=fault)


OUTCOME_WORDS: Mapping[type, str] = {
    Accepted: "accepted",
    Partial: "partial",
    RateLimited: "rate_limited",
    Transient: "transient",
    Permanent: "permanent",
    Unknown: "unknown",
}


def post(
    conn: Connection, rows: list[dict[str, object]], now: datetime, not_before: datetime | None = None, why: str = ""
) -> None:
    """Put rendered messages into the outbox; one that is there already (same notice, channel, address) stays.

    `not_before`: it leaves then and not earlier (quiet hours), and its row says `why`.
    """
    leaves = not_before or now
    defaults: dict[str, object] = {
        "state": DeliveryState.WAITING, "attempts": 0, "next_at": leaves, "give_up_at": leaves + GIVE_UP_AFTER,
        "taken_until": None, "vendor_id": "", "reason": why, "created_at": now, "accepted_at": None,
        "carried_by": None,
    }  # fmt: skip
    insert_new(conn, deliveries, [defaults | row for row in rows], key=["notice_id", "channel", "address"])


@cache
def with_notice() -> Select[Any]:
    """Deliveries with what the outbox must know of their notice, and of its incident or docket."""
    notice = notices.c
    return (
        select(
            deliveries, notice.number, notice.view, notice.kind, notice.step, notice.addressee, notice.incident_id,
            notice.matter, notice.created_at.label("written_at"), notice.superseded_by, notice.signed_at,
            notice.settled_at,
            incidents.c.state.label("incident_state"), dockets.c.ended_at.label("docket_ended_at"),
        )
        .join(notices, notice.id == deliveries.c.notice_id)
        .outerjoin(incidents, incidents.c.id == notice.incident_id)
        .outerjoin(dockets, and_(dockets.c.school == notice.school, dockets.c.matter == notice.matter))
    )  # fmt: skip


def first_due(row: Row[Any]) -> datetime:
    """When a delivery was to leave first: when it was written, or the end of the quiet hours."""
    due: datetime = row.give_up_at - GIVE_UP_AFTER
    return due


CUT_OFF = "发送时进程中断，对方可能已收到；以同一通知号重发"
"""Of a try whose sender died in mid-send."""
_ATTEMPT = insert(attempts)
_NOT_CUT_OFF = delete(attempts).where(
    attempts.c.delivery_id == bindparam("one"), attempts.c.n == bindparam("nth"), attempts.c.reason == CUT_OFF
)
_SENT = (
    update(notices)
    .where(notices.c.id == bindparam("one"), notices.c.sent_at.is_(None))
    .values(sent_at=bindparam("now"))
)


_SETTLE = update(deliveries).where(
    deliveries.c.id == bindparam("one"), deliveries.c.attempts == bindparam("nth"),
    deliveries.c.state == DeliveryState.SENDING,
)  # fmt: skip
"""Sets the columns that it is executed with."""


def settle(conn: Connection, taken: Taken, outcome: Outcome, verdict: Verdict, now: datetime) -> bool:
    """Record an attempt and its verdict; False where somebody else had taken the delivery up meanwhile (what this try
    came to is known all the same, and stands in the place of its being cut off).
    """
    conn.execute(_ATTEMPT, {
        "delivery_id": taken.id, "n": taken.attempt, "at": now, "outcome": OUTCOME_WORDS[type(outcome)],
        "reason": verdict.reason, "vendor_id": verdict.vendor_id, "answer": outcome.answer,
    })  # fmt: skip
    accepted = verdict.state is DeliveryState.ACCEPTED
    values: dict[str, object] = {
        "state": verdict.state, "reason": verdict.reason, "vendor_id": verdict.vendor_id, "taken_until": None,
        "accepted_at": now if accepted else None,
    }  # fmt: skip
    if verdict.next_at is not None:
        values["next_at"] = verdict.next_at
    if verdict.neutral:
        values |= {"subject": taken.message.notice, "text": neutral_text(taken), "html": None, "carried_by": None}
    moved = conn.execute(_SETTLE, values | {"one": taken.id, "nth": taken.attempt})
    if accepted:
        conn.execute(_SENT, {"one": taken.notice_id, "now": now})
    if moved.rowcount != 1:
        conn.execute(_NOT_CUT_OFF, {"one": taken.id, "nth": taken.attempt})
    return moved.rowcount == 1


def neutral_text(taken: Taken) -> str:
    """The message with number and link only."""
    return render_neutral(taken.message.notice, taken.message.url)


def jitter() -> float:
    """A number in 0..1 that keeps senders apart."""
    return random.random()
