"""What stands in the form before anybody types: what is known, what was done, what is still to do. Reads only.

Facts are those that persons registered, each with its source and whether it was verified; handling is what a leader
reads a report for (that there is a 批示, 交办, tasks and their answers, 平台沟通, 口径), without the desk's own checks,
links and fingerprints. Every line is taken from the incident's own rows; the writer changes what they know better.
Nothing here is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from escalation import timer
from escalation.bulletin import Figure, bulletins_of, last_number, since_last
from escalation.bulletin.state import Series, series_after
from escalation.clock_words import moment
from escalation.incident import EntryKind, entries
from escalation.incident.acting import ACTS
from escalation.keeper import contacts
from escalation.place import found_words
from escalation.receipt import tally
from escalation.remark import LATE, ORDER, REMARK, SIGNED
from escalation.voice.fact import facts_of

LINES = 12
"""So many acts are listed; the newest ones where there are more."""
COUNTED = re.compile(r"涉及 \d+ 条")
"""What the machine counted at the opening; the report has figures of its own, counted when it leaves."""
OWN_AFFAIRS = re.compile(
    r"登记事实|事实已核实|事实撤销|口径第 \d+ 版(核对|送审|作废|由第)|起草|管控范围|补录：|写复盘|修改复盘"
    r"|改用现行规程|首报已办|.*免于转发|接受任务|.*情况报告第|导出移交材料"
)
"""Lines about the desk's own work: facts stand under 事实, the others say nothing of the handling."""
LINK = re.compile(r"https?://\S*?(?=[；，。\s]|$)|指纹 [0-9a-f]+")
NOTED = "记录"
PRIVATE = (ORDER, REMARK)
"""What a signer wrote to the desk and the 宣传部 alone: the report goes further, so it says only that there is some."""
UNSAID = "已作{what}（见事件日志）"


@dataclass(frozen=True, slots=True)
class Prefilled:
    """The form's first content; `last` is the number of the newest bulletin, `series` how far they are."""

    facts: str
    done: str
    next_step: str
    last: int
    series: Series


def prefilled(conn: Connection, incident: Row[Any], now: datetime) -> Prefilled:
    """Facts from what was found (first) and what persons registered since the last report; handling from the log."""
    before = bulletins_of(conn, incident.id)
    since = before[-1].written_at if before else incident.opened_at
    facts = [since_last(before[-1].number)] if before else _found(incident, now)
    facts += [] if incident.care else _registered(conn, incident.id, since if before else None)
    return Prefilled(
        "\n".join(facts), "\n".join(_acts(conn, incident, since, now)), "\n".join(_ahead(conn, incident, now)),
        last_number(before), series_after([one.kind for one in before]),
    )  # fmt: skip


def _found(incident: Row[Any], now: datetime) -> list[str]:
    """When and where it was found, and what it was opened for; a care case says no more than the first."""
    kept = [one for one in incident.frozen.get("facts", []) if not COUNTED.match(one)]
    said = [] if incident.care else [f"情形：{incident.title}（待核实）", *kept]
    return [f"{one.rstrip('。')}。" for one in (*found_words(incident, now), *said)]


def _registered(conn: Connection, incident_id: int, since: datetime | None) -> list[str]:
    """The facts that stand, each with its source; after a report those that were entered or verified since."""
    rows = [one for one in facts_of(conn, incident_id) if one.retracted_at is None]
    fresh = [one for one in rows if since is None or max(one.at, one.confirmed_at or one.at) >= since]
    return [f"{one.text.rstrip('。')}（来源：{one.source}；{_standing(one)}）。" for one in fresh]


def _standing(one: Row[Any]) -> str:
    return f"{one.confirmed_by} 核实" if one.confirmed_at else "待核实"


def _acts(conn: Connection, incident: Row[Any], since: datetime, now: datetime) -> list[str]:
    rows = conn.execute(
        select(entries)
        .where(entries.c.incident_id == incident.id, entries.c.at >= since)
        .where(entries.c.kind.in_(sorted({*ACTS, EntryKind.RECEIPT} - {EntryKind.LEVEL})))
        .order_by(entries.c.id.desc())
    ).all()
    wanted = [deed for row in rows if (deed := _deed(row))]
    return [f"{moment(at, now)} {words}" for at, words in reversed(wanted[:LINES])]


def _deed(row: Row[Any]) -> tuple[datetime, str] | None:
    """One deed as a leader reads it; None where the line is nothing to them."""
    text, heading = str(row.text), str(row.heading)
    if row.kind == EntryKind.RECEIPT:
        remark = text.removeprefix(LATE).removeprefix("；")
        said = UNSAID.format(what=f"{ORDER}或{REMARK}")
        return (row.at, f"{row.actor} {said}") if heading.endswith(SIGNED) and remark else None
    if OWN_AFFAIRS.match(heading):
        return None
    if heading == NOTED:
        private = next((one for one in PRIVATE if text.startswith(f"{one}：")), "")
        said = f" {UNSAID.format(what=private)}" if private else f"：{_short(text)}"
        return row.at, f"{row.actor}{said}"
    said = _short(LINK.sub("", text)).strip("；， ")
    return row.at, f"{row.actor} {heading}{'：' if said else ''}{said}"


def _short(text: str) -> str:
    """At most 80 letters of one line."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"


def _ahead(conn: Connection, incident: Row[Any], now: datetime) -> list[str]:
    found = [f"由{incident.assignee}办理" if incident.assignee else ""]
    found += [
        f"{row.words}（{moment(row.due_at, now)} 到期）" for row in timer.undone(conn, incident.id)
        if row.name != "first_report"
    ]  # fmt: skip
    return [one for one in found if one]


def own_figures(conn: Connection, incident: Row[Any], now: datetime) -> list[Figure]:
    """Signatures and contacts with the platform, as the service recorded them."""
    signed = tally(conn, incident.id)
    asked = select(func.count(), func.count(contacts.c.answer)).where(contacts.c.incident_id == incident.id)
    all_contacts, answered = conn.execute(asked).one()
    source = f"本系统记录，截至 {moment(now, now)}"
    found = [Figure("签收", f"{signed.signed} / {signed.needed} 人", f"{source}，须签收的通知全部签完才计")]
    if all_contacts:
        found.append(Figure("与平台沟通", f"{all_contacts} 次，已答复 {answered} 次", source))
    return found
