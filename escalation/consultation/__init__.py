"""Consultation 咨询: a question to an official account, one for each question thread, answered or promised by date.

It is never an incident by itself. The clause (JY, LG 第十一条: 及时回复，不能即时回复的承诺期限) makes it a duty with a
clock; where a school's document has none (TF, ZG, NX) it stands in a service list, 校规未规定, and nothing is owed.
Rows hold no text and no writer: the question's text is read from the post, as long as that is kept, and each view of a
private message is written down.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, Integer, Row, Table, Text, bindparam, select

from escalation.notice import docket
from escalation.state_table import IllegalStep
from stream.store import metadata
from stream.store.types import Moment, Serial, Word

WINDOW = timedelta(hours=48)
"""After a user's private message a WeChat account may answer for so long (platform rule, research of 2026-11)."""
WINDOWED = frozenset({"wechat"})

consultations = Table(
    "consultations",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("thread", Word(200), nullable=False),
    Column("post_id", Word(200), nullable=False),
    Column("account_id", Word(100), nullable=False),
    Column("platform", Word(32), nullable=False),
    Column("unit", Word(100), nullable=False),
    Column("private", Boolean, nullable=False),
    Column("state", Word(16), nullable=False),
    Column("round", Integer, nullable=False),
    Column("asked_at", Moment(), nullable=False),
    Column("first_asked_at", Moment(), nullable=False),
    Column("found_at", Moment(), nullable=False),
    Column("article", Text, nullable=False),
    Column("clause", Text, nullable=False),
    Column("source", Word(16), nullable=False),
    Column("span_s", Integer),
    Column("due_at", Moment()),
    Column("window_until", Moment()),
    Column("promised_at", Moment()),
    Column("promised_for", Moment()),
    Column("promise", Text, nullable=False),
    Column("overdue_at", Moment()),
    Column("late_at", Moment()),
    Column("ended_at", Moment()),
    Column("ended_by", Word(64)),
    Column("answered_at", Moment()),
    Column("answer_post_id", Word(200)),
    Column("answer_url", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Index("uq_consultations_thread", "school", "thread", unique=True),
    Index(None, "school", "state", "asked_at"),
    Index(None, "school", "account_id", "asked_at"),
    Index(None, "school", "first_asked_at"),
)


_ONE = select(consultations).where(consultations.c.school == bindparam("owner"), consultations.c.id == bindparam("one"))


def matter_of(consultation_id: int) -> str:
    """By which its docket, letters and clocks are known."""
    return f"consultation:{consultation_id}"


def id_of(matter: str) -> int:
    """The consultation that a docket or a clock is about."""
    return int(matter.partition(":")[2])


def held(conn: Connection, school: str, consultation_id: int) -> Row[Any]:
    """The consultation's row, its docket held until the transaction ends: first statement of every deed. Raises
    IllegalStep where there is none."""
    docket.hold(conn, school, matter_of(consultation_id))
    row = conn.execute(_ONE, {"owner": school, "one": consultation_id}).first()
    if row is None:
        raise IllegalStep("没有这一咨询，可能链接有误。未作任何更改。")
    return row
