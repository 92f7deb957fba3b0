"""The notice: what one person was told of one incident, why, by which article and by when it must be signed.

A letter 函 is a notice that belongs to no incident: its `incident_id` is NULL and `matter` says what it is about
(`consultation:17`; `docket.py`, `letter.py`). Either one or the other is set, the store sees to that.

A notice is unique by (incident, addressee, step): told once per step, however often the machine was killed. What is
sent was rendered when the notice was written; only a copy that leaves late says besides how late. Receipts 送 阅 签
stand on the notice.

A notice that tells a person anew (raised, reopened, rekindled) supersedes what that person has not signed of the same
incident: `superseded_by` is the number of the later one, whose clocks run alone. Where somebody cannot sign (ill,
abroad) a person of the 宣传部 or the duty lead settles for them 代为了结: the notice stays unsigned and says who, when
and why.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    and_,
)

from stream.store import metadata
from stream.store.types import Json, Moment, Serial, Word

GROUP = "robot"
"""The addressee of the group robot's message: nobody's own, so nobody signs it."""


class NoticeKind(StrEnum):
    """Why a notice was written."""

    FIRST = "first"
    RAISED = "raised"
    DANGER = "danger"
    REMINDER = "reminder"
    ESCALATED = "escalated"
    REOPENED = "reopened"
    REKINDLED = "rekindled"
    ASSIGNED = "assigned"
    HANDED_ON = "handed_on"
    DISMISSED = "dismissed"
    LETTER = "letter"
    HOLD = "hold"
    APPROVAL = "approval"
    RELAY = "relay"
    VOICE = "voice"
    TASK = "task"
    TASK_OVERDUE = "task_overdue"
    REPORT = "report"
    CHASED = "chased"


KIND_WORDS = {
    NoticeKind.FIRST: "首报",
    NoticeKind.RAISED: "升级",
    NoticeKind.DANGER: "新的险情",
    NoticeKind.REMINDER: "催签",
    NoticeKind.ESCALATED: "逐级上报",
    NoticeKind.REOPENED: "重新打开",
    NoticeKind.REKINDLED: "复燃",
    NoticeKind.ASSIGNED: "交办",
    NoticeKind.HANDED_ON: "接替",
    NoticeKind.DISMISSED: "误报",
    NoticeKind.LETTER: "函",
    NoticeKind.HOLD: "暂停发声",
    NoticeKind.APPROVAL: "口径送审",
    NoticeKind.RELAY: "转发口径",
    NoticeKind.VOICE: "统一发声",
    NoticeKind.TASK: "任务",
    NoticeKind.TASK_OVERDUE: "任务逾期",
    NoticeKind.REPORT: "情况报告",
    NoticeKind.CHASED: "催办",
}
ERRANDS = frozenset({
    NoticeKind.HOLD, NoticeKind.APPROVAL, NoticeKind.RELAY, NoticeKind.VOICE, NoticeKind.TASK, NoticeKind.TASK_OVERDUE,
})  # fmt: skip
"""Kinds that ask one thing on a page of its own (`errand.py`): nobody signs them, and they open no incident."""

notices = Table(
    "notices",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("incident_id", ForeignKey("incidents.id")),
    Column("matter", Word(100)),
    Column("number", Word(40), nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("step", Word(64), nullable=False),
    Column("addressee", Word(64), nullable=False),
    Column("role", Word(32), nullable=False),
    Column("office", Text, nullable=False),
    Column("grounds", Json, nullable=False),
    Column("basis", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("needs_signature", Boolean, nullable=False),
    Column("sign_by", Moment()),
    Column("created_at", Moment(), nullable=False),
    Column("late", Boolean, nullable=False),
    Column("view", Json, nullable=False),
    Column("sent_at", Moment()),
    Column("opened_at", Moment()),
    Column("signed_at", Moment()),
    Column("signed_by", Word(64)),
    Column("signed_via", Word(32)),
    Column("remark", Text),
    Column("superseded_by", Word(40)),
    Column("settled_at", Moment()),
    Column("settled_by", Word(64)),
    Column("settled_why", Text),
    Column("bulletin_id", Integer),
    CheckConstraint("(incident_id IS NULL) <> (matter IS NULL)", name="ck_notices_matter"),
    Index("uq_notices_step", "incident_id", "addressee", "step", unique=True),
    Index("uq_notices_letter", "school", "matter", "addressee", "step", unique=True),
    Index("uq_notices_number", "school", "number", unique=True),
    Index(None, "bulletin_id"),
)
"""`bulletin_id`: the bulletin that a `report` carries, wherever a merging takes either of them."""


def is_owed() -> ColumnElement[bool]:
    """The condition on `notices` for a signature that is still waited for."""
    return and_(
        notices.c.needs_signature, notices.c.signed_at.is_(None), notices.c.superseded_by.is_(None),
        notices.c.settled_at.is_(None),
    )  # fmt: skip


def same_matter(notice: Row[Any]) -> ColumnElement[bool]:
    """The condition on `notices` for all that belongs to the incident, or the docket, of this one.

    `notice`: a row with `incident_id`, `school` and `matter`.
    """
    if notice.incident_id is not None:
        return and_(notices.c.incident_id == notice.incident_id)
    return and_(notices.c.school == notice.school, notices.c.matter == notice.matter)


class DeliveryState(StrEnum):
    """A delivery in the outbox: waiting, in a sender's hands, taken by the channel, given up, or needed no more."""

    WAITING = "waiting"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"


deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("notice_id", ForeignKey("notices.id"), nullable=False),
    Column("channel", Word(32), nullable=False),
    Column("address", Word(254), nullable=False),
    Column("level", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text),
    Column("url", Text, nullable=False),
    Column("state", Word(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment(), nullable=False),
    Column("give_up_at", Moment(), nullable=False),
    Column("taken_until", Moment()),
    Column("vendor_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Moment(), nullable=False),
    Column("accepted_at", Moment()),
    Column("carried_by", Integer),
    Index("uq_deliveries_way", "notice_id", "channel", "address", unique=True),
    Index(None, "state", "next_at"),
    Index(None, "address", "accepted_at"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("delivery_id", ForeignKey("deliveries.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("at", Moment(), nullable=False),
    Column("outcome", Word(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("vendor_id", Text, nullable=False),
    Column("answer", Text, nullable=False, default=""),
    Index(None, "delivery_id"),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("notice_id", ForeignKey("notices.id"), nullable=False),
    Column("step", Word(64), nullable=False),
    Column("person_id", Word(64), nullable=False),
    Column("number", Word(32), nullable=False),
    Column("words", Text, nullable=False),
    Column("created_at", Moment(), nullable=False),
    Column("outcome", Word(32)),
    Column("remark", Text),
    Column("recorded_by", Word(64)),
    Column("recorded_at", Moment()),
    Index("uq_calls_step", "notice_id", "step", unique=True),
)
"""电话通知: tasks for a named person, who records the outcome (`escalation/channels/phone.py` names the outcomes)."""
