"""Verdict 研判结论: what a person says of an incident that the machine opened: right, at a wrong level, or none at all.

It follows from deeds that the desk does anyway: 确认研判 says that it is one, 误报 that it is none, a change of level
says so where its reason is that the machine's was wrong, and reopening a false alarm takes that back. Where no deed
says it (an incident closed and thought over, a level that only somebody else may lower) the page offers `judge`. Each
is a row; the newest holds, and rows are never edited. With it stand the rules and lines that had opened the incident,
so that it counts when their words are gone. It changes no level, no state and no clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, Row, Table, Text, func, insert, select

from escalation.deed import DESK, incident_of, must_be, must_fit, write_down
from escalation.incident import LEVELS, Actor, EntryKind, log, members
from escalation.incident.state import OPEN, IllegalStep, State
from stream.kept import assessments, posts
from stream.store import metadata
from stream.store.types import Json, Moment, Serial, Word

WHY_MOST = 300
MISJUDGED, DEVELOPED = "misjudged", "developed"
"""Why a level was changed: the machine's was wrong, or the matter is no longer what it was then."""


class Verdict(StrEnum):
    """What holds of an incident. `WITHDRAWN`: a false alarm that was opened again; nothing holds."""

    CONFIRMED = "confirmed"
    WRONG_LEVEL = "wrong_level"
    FALSE_ALARM = "false_alarm"
    WITHDRAWN = "withdrawn"


class FalseAlarm(StrEnum):
    """Why an incident is no incident; the digit on the keyboard is its place in this list."""

    JOKE = "玩笑或夸张"
    ELSEWHERE = "与本校无关"
    PAST = "旧事或已办结"
    MISREAD = "规则误判"
    ADVERT = "广告或刷屏"
    DRILL = "演练或测试"


verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("person_id", Word(64), nullable=False),
    Column("verdict", Word(16), nullable=False),
    Column("right_level", Integer),
    Column("reason", Text, nullable=False),
    Column("rules", Json, nullable=False),  # rule id to version, of those that had opened it
    Column("lines", Json, nullable=False),  # ids of the posts that had
    Index(None, "incident_id", "id"),
    Index(None, "school", "at"),
)


def opened_by(conn: Connection, row: Row[Any]) -> tuple[dict[str, str], list[str]]:
    """The rules (id to version) and the lines by which an incident opened: what of its theme was said in the lines that
    it opened with; where their words are gone or went along with a merging, what was frozen of the last of them."""
    lines = conn.execute(
        select(members.c.post_id)
        .where(members.c.incident_id == row.id, members.c.joined_at == row.opened_at)
        .order_by(members.c.post_id)
    ).scalars().all()  # fmt: skip
    said = (
        select(assessments.c.hits)
        .join(posts, (posts.c.school == assessments.c.school) & (posts.c.id == assessments.c.post_id))
        .where(posts.c.revision == assessments.c.revision, posts.c.school == row.school, posts.c.id.in_(lines))
    )
    themes = {row.theme, "any", *(str(key).partition("|")[0] for key in row.frozen.get("keys", []))}
    hits = [hit for found in conn.execute(said).scalars() for hit in found if hit["theme"] in themes]
    rules = {str(hit["rule"]): str(hit["version"]) for hit in hits}
    kept = {str(rule): str(of) for rule, of in row.frozen.get("versions", {}).get("hits", {}).items()}
    return rules or kept, list(lines) or [row.opening_post_id]


def record(
    conn: Connection, row: Row[Any], actor: Actor, now: datetime, said: Verdict, reason: str = "",
    right_level: int | None = None,
) -> None:  # fmt: skip
    """Write down what a deed says. Of a right level that is the machine's own: that it was right after all."""
    before = newest(conn, [row.id]).get(row.id)
    if said is Verdict.WRONG_LEVEL and right_level == row.level_by_machine:
        said, right_level = Verdict.CONFIRMED, None
    rules, lines = opened_by(conn, row)
    if before is not None and len(before.rules) > len(rules):
        rules, lines = before.rules, before.lines
    conn.execute(
        insert(verdicts).values(
            school=row.school, incident_id=row.id, at=now, person_id=actor.id, verdict=said, right_level=right_level,
            reason=reason, rules=rules, lines=lines,
        )
    )  # fmt: skip


def agree(conn: Connection, row: Row[Any], actor: Actor, now: datetime) -> None:
    """Somebody confirmed that it is an incident; what was said of its level stands."""
    before = newest(conn, [row.id]).get(row.id)
    if before is None or before.verdict != Verdict.WRONG_LEVEL:
        record(conn, row, actor, now, Verdict.CONFIRMED)


def newest(conn: Connection, incident_ids: Collection[int]) -> dict[int, Row[Any]]:
    """What holds of each of these incidents; those of which nothing was said are missing."""
    last = (
        select(func.max(verdicts.c.id)).where(verdicts.c.incident_id.in_(incident_ids)).group_by(verdicts.c.incident_id)
    )
    return {row.incident_id: row for row in conn.execute(select(verdicts).where(verdicts.c.id.in_(last)))}


def may_judge(row: Row[Any]) -> Sequence[Verdict]:
    """What `judge` takes of this incident now: of one that a person opened, or that is sealed or ended otherwise,
    nothing."""
    if row.frozen.get("by_hand"):
        return ()
    state = State(row.state)
    if state is State.CLOSED:
        return (Verdict.CONFIRMED, Verdict.WRONG_LEVEL, Verdict.FALSE_ALARM)
    return (Verdict.CONFIRMED, Verdict.WRONG_LEVEL) if state in OPEN and row.confirmed_at is not None else ()


def words(said: Verdict, level_by_machine: int, right_level: int | None = None, reason: str = "") -> str:
    """A verdict for a person."""
    if said is Verdict.WRONG_LEVEL and right_level:
        return f"属实，级别应为 {LEVELS[right_level]}级（系统初判 {LEVELS[level_by_machine]}级）"
    plain: Mapping[Verdict, str] = {
        Verdict.CONFIRMED: "属实，级别恰当", Verdict.FALSE_ALARM: f"误报：{reason}" if reason else "误报",
        Verdict.WITHDRAWN: "误报结论已收回，待重新研判",
    }  # fmt: skip
    return plain[said]


def judge(
    conn: Connection, incident_id: int, actor: Actor, now: datetime, said: Verdict, *, right_level: int | None = None,
    reason: FalseAlarm | None = None, why: str = "",
) -> None:  # fmt: skip
    """Say or correct what holds of an incident, where no other deed says it. Raises IllegalStep."""
    row = incident_of(conn, incident_id)
    must_be(actor, DESK, "写研判结论")
    why = must_fit(why, WHY_MOST, "理由")
    if said not in may_judge(row):
        raise IllegalStep(_why_not(row, said))
    if said is Verdict.WRONG_LEVEL:
        from escalation.procedure import thaw  # the settings read this folder's figures, and few processes a pack

        pack = thaw(row.frozen["pack"])
        if right_level not in LEVELS or pack.grade(right_level).number != right_level:
            raise IllegalStep("请选择应为的级别。未作任何更改。")
        if right_level == row.level_by_machine:
            raise IllegalStep(f"系统初判就是 {LEVELS[right_level]}级；级别恰当的，请选“属实，级别恰当”。未作任何更改。")
    if said is Verdict.FALSE_ALARM and reason is None:
        raise IllegalStep("请选择误报的理由。未作任何更改。")
    if said is not Verdict.CONFIRMED and not why:
        raise IllegalStep("研判结论须写明理由。未作任何更改。")
    level = right_level if said is Verdict.WRONG_LEVEL else None
    kind = reason.value if reason is not None and said is Verdict.FALSE_ALARM else ""
    record(conn, row, actor, now, said, kind or why, level)
    heading = f"研判结论：{words(said, row.level_by_machine, level, kind)}"
    log(conn, incident_id, now, EntryKind.PERSON, heading, why, actor=actor.name)
    write_down(conn, row, actor, "verdict", now, verdict=said, right_level=level, reason=kind, why=why)


def _why_not(row: Row[Any], said: Verdict) -> str:
    if row.frozen.get("by_hand"):
        return "这一事件由人工立，不作系统研判的结论。未作任何更改。"
    if State(row.state) in OPEN and said is Verdict.FALSE_ALARM:
        return "事件尚未了结，属误报的请记为误报。未作任何更改。"
    if State(row.state) in OPEN:
        return "请先确认研判。未作任何更改。"
    return "事件在此状态下不能写研判结论；误报有误的，请重新打开。未作任何更改。"
