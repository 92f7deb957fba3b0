"""Whom a submission is sent to, and who hears what became of it; by letter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from escalation import paper, paper_letter
from escalation.opening import Ground
from escalation.paper import Noun
from escalation.people import Person


def to_the_unit(conn: Connection, ground: Ground, row: Row[Any], now: datetime) -> None:
    """Ask the unit's signers."""
    signers = paper.holders_of(conn, row.school, ground.pack.role_of(row.unit_office), row.unit, now)
    _ask(conn, ground, row, f"unit:{row.version}", signers, row.unit_office, now)


def reviewers(conn: Connection, ground: Ground, row: Row[Any], signer: str, now: datetime) -> list[Person]:
    """Who may review what this person signed: neither they nor the writer."""
    held = paper.holders_of(conn, row.school, ground.pack.role_of(row.centre_office), "", now)
    return [one for one in held if one.id not in (signer, row.written_by)]


def to_the_centre(conn: Connection, ground: Ground, row: Row[Any], signer: str, now: datetime) -> None:
    """Ask the office that reviews."""
    asked = reviewers(conn, ground, row, signer, now)
    _ask(conn, ground, row, f"centre:{row.version}", asked, row.centre_office, now)


def _ask(
    conn: Connection, ground: Ground, row: Row[Any], step: str, persons: Sequence[Person], office: str, now: datetime
) -> None:
    paper_letter.to(
        conn, ground.letterhead, row, Noun.SUBMISSION, step, [one for one in persons if one.id != row.written_by], now,
        kind="送审", heading=f"请审核：{row.title}", lines=(f"单位 {row.unit}，第 {row.version} 版",),
        asked=("登录后看原文，审核或退回。",), basis=row.article, office=office,
    )  # fmt: skip


def answer(conn: Connection, ground: Ground, row: Row[Any], words: str, why: str, now: datetime) -> None:
    paper_letter.to(
        conn, ground.letterhead, row, Noun.SUBMISSION, f"answer:{row.version}",
        [paper_letter.person(conn, row.school, row.written_by)], now, kind="送审结果", heading=f"{words}：{row.title}",
        lines=(why,) if why else (), basis=row.article,
    )  # fmt: skip
