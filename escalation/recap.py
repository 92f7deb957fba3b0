"""Recap 复盘: what caused a matter, how it went, what went well and badly, and which measures follow by whom and when.

Required before a matter of level Ⅰ or Ⅱ may be closed (系统默认，非校规: no school's document demands a form). A new
version is a new row; the newest counts, the older ones stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Row, Table, Text, select

from escalation.deed import DESK, incident_of, must_be, must_fit, write_down
from escalation.incident import LEVELS, Actor, EntryKind, incidents, log
from escalation.incident.state import OPEN, IllegalStep, State
from stream.store import metadata
from stream.store.types import Json, Moment, Serial, Word

REQUIRED_TO = 2
"""Levels up to this one are not closed without a recap."""
LONGEST, MEASURES_MOST, WHAT_MOST, OWNER_MOST = 2000, 12, 200, 60
FIELDS = {"cause": "起因", "course": "经过", "well": "做得好的", "badly": "做得不够的"}

recaps = Table(
    "recaps",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("written_by", Word(64), nullable=False),
    Column("cause", Text, nullable=False),
    Column("course", Text, nullable=False),
    Column("well", Text, nullable=False),
    Column("badly", Text, nullable=False),
    Column("measures", Json, nullable=False),
    Index(None, "incident_id"),
)


@dataclass(frozen=True, slots=True)
class Measure:
    """What is to be done, by whom, until which day (school's calendar)."""

    what: str
    owner: str
    until: date


@dataclass(frozen=True, slots=True)
class Recap:
    """One recap as it was typed in."""

    cause: str
    course: str
    well: str
    badly: str
    measures: tuple[Measure, ...] = ()


def write(conn: Connection, incident_id: int, actor: Actor, now: datetime, given: Recap) -> None:
    """Write the recap, or a new version of it; possible until the matter is archived."""
    row = incident_of(conn, incident_id)
    must_be(actor, DESK, "写复盘")
    if State(row.state) not in OPEN | {State.CLOSED}:
        raise IllegalStep("事件已归档或不再单独处置，复盘不能再改。未作任何更改。")
    said = {key: _said(getattr(given, key), words) for key, words in FIELDS.items()}
    measures = [asdict(_sound(one)) | {"until": one.until.isoformat()} for one in given.measures]
    if len(measures) > MEASURES_MOST:
        raise IllegalStep(f"整改措施至多 {MEASURES_MOST} 项。未作任何更改。")
    if not measures and row.level <= REQUIRED_TO:
        raise IllegalStep(f"{LEVELS[row.level]}级事件的复盘至少写一项整改措施，注明责任人与期限。未作任何更改。")
    last = newest(conn, incident_id)
    if last is not None and last.written_by != actor.id and _says(last, said, measures):
        raise IllegalStep("他人刚写了同样的复盘，不必再写。未作任何更改。")
    values = {"incident_id": incident_id, "at": now, "written_by": actor.id, "measures": measures}
    conn.execute(recaps.insert().values(**values, **said))
    listed = "；".join(f"{one['what']}（{one['owner']}，{one['until']} 前）" for one in measures)
    log(
        conn, incident_id, now, EntryKind.PERSON, "修改复盘" if last is not None else "写复盘",
        f"起因：{said['cause']}" + (f"\n措施：{listed}" if listed else ""), actor=actor.name,
    )  # fmt: skip
    write_down(conn, row, actor, "recap", now, **said, measures=measures)


def _says(last: Row[Any], said: dict[str, str], measures: list[dict[str, str]]) -> bool:
    return {key: last._mapping[key] for key in FIELDS} == said and last.measures == measures


def _said(text: str, words: str) -> str:
    text = must_fit(text, LONGEST, words)
    if not text:
        raise IllegalStep(f"复盘请写明“{words}”，没有的写“无”。未作任何更改。")
    return text


def _sound(one: Measure) -> Measure:
    what, owner = must_fit(one.what, WHAT_MOST, "整改措施"), must_fit(one.owner, OWNER_MOST, "责任人")
    if not what or not owner:
        raise IllegalStep("每项整改措施都要写明做什么、谁负责、何时前完成。未作任何更改。")
    return Measure(what, owner, one.until)


def newest(conn: Connection, incident_id: int) -> Row[Any] | None:
    """The recap that counts; None where none was written."""
    return conn.execute(
        select(recaps).where(recaps.c.incident_id == incident_id).order_by(recaps.c.id.desc()).limit(1)
    ).first()


def versions(conn: Connection, incident_id: int) -> Sequence[Row[Any]]:
    """Every version, the oldest first."""
    return conn.execute(select(recaps).where(recaps.c.incident_id == incident_id).order_by(recaps.c.id)).all()


def open_of(conn: Connection, incident_id: int) -> list[str]:
    """A missing recap holds up closing at the two gravest levels."""
    level = conn.execute(select(incidents.c.level).where(incidents.c.id == incident_id)).scalar_one()
    if level > REQUIRED_TO or newest(conn, incident_id) is not None:
        return []
    return [f"{LEVELS[level]}级事件还没有写复盘"]
