"""Measures 处理措施: what the rules leave to persons after or beside the handling of an incident.

责令关闭 closes an account, 追责 calls to account, 移交材料 hands a matter to an authority. One person of the 宣传部
proposes, another decides; nobody decides about himself; the machine neither proposes nor names anybody. Where a
document does not give the power, the measure is refused (校规未规定); no document demands a package for an
authority, so none is cited for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from stream.store import metadata
from stream.store.types import Json, Moment, Serial, Word


class MeasureKind(StrEnum):
    """What is proposed."""

    CLOSING = "closing"
    ACCOUNTABILITY = "accountability"
    REFERRAL = "referral"


KIND_WORDS: Mapping[MeasureKind, str] = {
    MeasureKind.CLOSING: "责令关闭账号",
    MeasureKind.ACCOUNTABILITY: "追责",
    MeasureKind.REFERRAL: "移交材料",
}

measures = Table(
    "measures",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("kind", Word(24), nullable=False),
    Column("subject", Word(200), nullable=False),
    Column("subject_words", Text, nullable=False),
    Column("grade", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("quote", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Word(16), nullable=False),
    Column("proposed_by", Word(64), nullable=False),
    Column("proposed_at", Moment(), nullable=False),
    Column("decided_by", Word(64)),
    Column("decided_at", Moment()),
    Column("decision", Text),
    Column("ended_by", Word(64)),
    Column("ended_at", Moment()),
    Column("ending", Text),
    Column("data", Json, nullable=False),
    Index(None, "incident_id"),
    Index(None, "school", "kind", "state"),
)
"""`subject`: an account's id, a person's id, or an authority; `decision` and `ending` are the words of who did it."""
