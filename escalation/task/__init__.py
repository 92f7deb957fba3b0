"""Task 任务: something one person is asked to do in an incident, by a deadline, and to answer for.

A person of the desk sets it, or the machine where a clause of the frozen pack demands it as an automatic duty
(与平台沟通, 处置, 更正或删除), with the article. Whoever holds it gets a link and is reminded until it is answered,
past the deadline so often as the pack says; where it is late the next role of the chain hears so once. Every turn is
a row and none is edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from escalation.procedure import DutyKind
from stream.store import metadata
from stream.store.types import Json, Moment, Serial, Word


class TaskKind(StrEnum):
    """What is asked for."""

    FACTS = "facts"
    PUBLIC_ANSWER = "public_answer"
    PLATFORM_CONTACT = "platform_contact"
    CLARIFICATION = "clarification"
    HANDLING = "handling"
    CORRECTION = "correction"
    OTHER = "other"


KIND_WORDS: Mapping[TaskKind, str] = {
    TaskKind.FACTS: "情况说明",
    TaskKind.PUBLIC_ANSWER: "公开答复",
    TaskKind.PLATFORM_CONTACT: "与平台沟通",
    TaskKind.CLARIFICATION: "澄清",
    TaskKind.HANDLING: "处置",
    TaskKind.CORRECTION: "更正或删除",
    TaskKind.OTHER: "其他",
}
DUTIES: Mapping[TaskKind, DutyKind] = {
    TaskKind.FACTS: DutyKind.COOPERATION,
    TaskKind.PUBLIC_ANSWER: DutyKind.POSITIVE_RESPONSE,
    TaskKind.PLATFORM_CONTACT: DutyKind.PLATFORM_CONTACT,
    TaskKind.HANDLING: DutyKind.HANDLING,
    TaskKind.CORRECTION: DutyKind.HANDLING,
}
"""The kind of duty whose article a task of this kind cites, where the pack has one; else 校规未规定."""

OF = "of"
"""Where a task that went over by a merging keeps, in its data, the account and post it is about."""

tasks = Table(
    "tasks",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("key", Word(100), nullable=False),
    Column("kind", Word(24), nullable=False),
    Column("words", Text, nullable=False),
    Column("person_id", Word(64), nullable=False),
    Column("role", Word(32), nullable=False),
    Column("office", Text, nullable=False),
    Column("unit", Word(100), nullable=False),
    Column("acts_for", Text, nullable=False),
    Column("set_by", Word(64), nullable=False),
    Column("set_at", Moment(), nullable=False),
    Column("due_at", Moment()),
    Column("span", Integer),
    Column("source", Word(16), nullable=False),
    Column("clock_article", Text, nullable=False),
    Column("article", Text, nullable=False),
    Column("state", Word(16), nullable=False),
    Column("round", Integer, nullable=False),
    Column("overdue_at", Moment()),
    Column("answered_at", Moment()),
    Column("answered_by", Word(64)),
    Column("ended_at", Moment()),
    Column("data", Json, nullable=False),
    Index("uq_tasks_key", "incident_id", "key", unique=True),
    Index(None, "school", "person_id", "state"),
)
"""`span` in seconds is how long an answer may take, counted anew when the task is returned; None: no deadline.
`source` is rule, default, none, or `person` where whoever set it chose the deadline. `key` makes a double click one."""

turns = Table(
    "task_turns",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("task_id", ForeignKey("tasks.id"), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("person_id", Word(64), nullable=False),
    Column("name", Word(100), nullable=False),
    Column("event", Word(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("url", Text, nullable=False),
    Index(None, "task_id"),
)
"""What happened to a task, turn by turn: its answers, returns and end, each with who and the words."""

corrections = Table(
    "corrections",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("task_id", ForeignKey("tasks.id"), nullable=False),
    Column("post_id", Word(200), nullable=False),
    Column("act", Word(16), nullable=False),
    Column("words", Text, nullable=False),
    Column("person_id", Word(64), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("before_revision", Word(16), nullable=False),
    Column("before_hash", Word(64), nullable=False),
    Column("before_text", Text, nullable=False),
    Column("before_seen_at", Moment(), nullable=False),
    Column("state", Word(16), nullable=False),
    Column("after_revision", Word(16)),
    Column("after_hash", Word(64)),
    Column("after_text", Text),
    Column("after_seen_at", Moment()),
    Index(None, "task_id"),
)
"""An own post corrected or removed (NX 18): how it was as last kept before, and how the crawlers saw it afterwards."""
