"""The keeper's own page: what the rules ask of the person who runs the account (JY 13, 14).

上报: what the keeper saw and did. 平台沟通: contact with the platform, with ticket and answer. 回应: the answer given
in public. Each is a row, a log line and an audit row; none is edited later.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, Row, Table, Text, select, update

from escalation import audit, timer
from escalation.bulletin.clock import start_follow_up
from escalation.clock_words import second
from escalation.deed import incident_of, must_be_open, must_not_be_archived
from escalation.incident import Actor, EntryKind, advance, log
from escalation.incident.state import Event, IllegalStep, State
from escalation.people import Role
from escalation.procedure import DutyKind
from escalation.task import platform as platform_contact
from stream.store import metadata
from stream.store.types import Moment, Serial, Word

reports = Table(
    "keeper_reports",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("person_id", Word(64), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("seen", Text, nullable=False),
    Column("done", Text, nullable=False),
    Column("url", Text, nullable=False),
    Index(None, "incident_id"),
)

contacts = Table(
    "platform_contacts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("person_id", Word(64), nullable=False),
    Column("platform", Word(64), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("way", Word(64), nullable=False),
    Column("asked", Text, nullable=False),
    Column("ticket", Word(100), nullable=False),
    Column("answer", Text),
    Column("answered_at", Moment()),
    Column("task_id", Integer),
    Index(None, "incident_id"),
)

answers = Table(
    "answers",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("person_id", Word(64), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("text", Text, nullable=False),
    Column("url", Text, nullable=False),
    Index(None, "incident_id"),
)


def _web_address(url: str) -> str:
    """An http or https address, or nothing. Raises IllegalStep with a sentence for anything else."""
    url = url.strip()
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise IllegalStep("链接须以 http:// 或 https:// 开头。未作任何更改。")
    return url


def _need(text: str, what: str) -> str:
    if not text.strip():
        raise IllegalStep(f"请填写“{what}”。未作任何更改。")
    return text.strip()


def _incident(conn: Connection, incident_id: int) -> Row[Any]:
    """The incident's row, held: the first statement of each deed."""
    return incident_of(conn, incident_id)


def _audit(conn: Connection, row: Row[Any], actor: Actor, action: str, now: datetime, detail: dict[str, Any]) -> None:
    must_not_be_archived(row)
    audit.record(
        conn, school=row.school, now=now, actor=actor.id, action=action, subject=row.number, detail=detail, ip=actor.ip
    )


def report(
    conn: Connection, incident_id: int, actor: Actor, now: datetime, *, seen: str, done: str, url: str = ""
) -> None:
    """上报: what was seen and what was done; the first one stops 首报 where the pack means it by that."""
    values = {"seen": _need(seen, "看到的情况"), "done": done.strip(), "url": _web_address(url)}
    row = _incident(conn, incident_id)
    must_be_open(row, "上报")
    if is_first_report(row.frozen) and timer.fulfil(conn, incident_id, "first_report", now):
        log(conn, incident_id, now, EntryKind.PERSON, "首报已办", "账号管理人员已上报", actor=actor.name)
        start_follow_up(conn, row, now)
    conn.execute(reports.insert().values(incident_id=incident_id, person_id=actor.id, at=now, **values))
    log(
        conn,
        incident_id,
        now,
        EntryKind.PERSON,
        "上报",
        f"{values['seen']}\n{values['done']}".strip(),
        actor=actor.name,
    )
    _audit(conn, row, actor, "keeper.report", now, values)


def is_first_report(frozen: Mapping[str, Any]) -> bool:
    """Whether the keeper's 上报 is what the frozen pack means by 首报.

    It is where a clause demands the report of the keeper (JY 14: 官方新媒体管理人员应及时…汇报), or where no clause
    demands a report of anybody; where clauses demand it of others alone (JY 15: 党委宣传部), theirs is the 首报.
    """
    asked = {str(duty.get("role", "")) for duty in frozen.get("duties", ()) if duty.get("kind") == DutyKind.REPORT}
    return not asked or Role.KEEPER in asked


def contact(
    conn: Connection, incident_id: int, actor: Actor, now: datetime, *, platform: str, way: str, asked: str,
    ticket: str = "",
) -> None:  # fmt: skip
    """平台沟通: with whom, how, what was asked, which ticket."""
    values = {
        "platform": _need(platform, "平台"),
        "way": way.strip(),
        "asked": _need(asked, "沟通内容"),
        "ticket": ticket.strip(),
    }
    row = _incident(conn, incident_id)
    must_be_open(row, "登记平台沟通")
    task_id = platform_contact.contacted(conn, incident_id, actor, now)
    conn.execute(
        contacts.insert().values(incident_id=incident_id, person_id=actor.id, at=now, task_id=task_id, **values)
    )
    ticket_words = f"工单 {values['ticket']}" if values["ticket"] else ""
    log(
        conn, incident_id, now, EntryKind.PLATFORM, f"与平台沟通：{values['platform']}",
        "；".join(part for part in (values["asked"], ticket_words) if part), actor=actor.name,
    )  # fmt: skip
    _audit(conn, row, actor, "keeper.contact", now, values)


def contact_answered(conn: Connection, contact_id: int, actor: Actor, now: datetime, answer: str) -> None:
    """The platform's answer to one contact; written once."""
    text = _need(answer, "平台答复")
    found = conn.execute(select(contacts).where(contacts.c.id == contact_id)).one()
    row = _incident(conn, found.incident_id)
    moved = conn.execute(
        update(contacts)
        .where(contacts.c.id == contact_id, contacts.c.answer.is_(None))
        .values(answer=text, answered_at=now)
    )
    if moved.rowcount != 1:
        raise IllegalStep("这次沟通的答复已登记过。未作任何更改。")
    if found.task_id is not None:
        platform_contact.platform_answered(conn, found.task_id, actor, now, f"{found.platform}答复：{text}")
    log(conn, found.incident_id, now, EntryKind.PLATFORM, f"平台答复：{found.platform}", text, actor=actor.name)
    _audit(conn, row, actor, "keeper.contact_answered", now, {"answer": text})


def answer(conn: Connection, incident_id: int, actor: Actor, now: datetime, *, text: str, url: str = "") -> None:
    """回应: the words that were posted in public, and where. A care case is not answered in public."""
    values = {"text": _need(text, "回应原文"), "url": _web_address(url)}
    row = _incident(conn, incident_id)
    if row.care:
        raise IllegalStep("求助事件不公开回应；确需公开回应的，由宣传部决定。未作任何更改。")
    _not_said_already(conn, row, actor, values)
    advance(conn, incident_id, Event.ANSWER, actor.roles)
    conn.execute(answers.insert().values(incident_id=incident_id, person_id=actor.id, at=now, **values))
    timer.fulfil(conn, incident_id, "first_answer", now)
    log(conn, incident_id, now, EntryKind.PERSON, "对外回应", values["text"], actor=actor.name)
    _audit(conn, row, actor, "keeper.answer", now, values)


def _not_said_already(conn: Connection, row: Row[Any], actor: Actor, values: Mapping[str, str]) -> None:
    """Two who enter the same answer: it stands once, as long as the matter was not on again since."""
    if State(row.state) not in (State.RESPONDED, State.WATCHING):
        return
    last = conn.execute(
        select(answers).where(answers.c.incident_id == row.id).order_by(answers.c.id.desc()).limit(1)
    ).first()
    if last is not None and last.person_id != actor.id and all(last._mapping[key] == values[key] for key in values):
        raise IllegalStep(f"同一回应已由他人于 {second(last.at)} 登记。未作任何更改。")
