"""The record 案卷 of an incident: every row that belongs to it, as canonical JSON. It is what an archive seals.

It holds no comment text and no contact (of a care case also not where it was found): of every notice as it was written
it holds the fingerprint. What the school itself wrote (statements, answers, its own post before and after a correction)
it holds as written. The record of an incident that stands merged into this one lies in it whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, or_, select

from escalation import recap, tie
from escalation.breach import breaches
from escalation.bulletin import bulletins
from escalation.by_hand import CARE_TITLE
from escalation.care import placeless
from escalation.incident import EntryKind, entries, incidents, members
from escalation.keeper import answers, contacts, reports
from escalation.measure import measures
from escalation.notice import attempts, calls, deliveries, notices
from escalation.procedure import thaw
from escalation.task import corrections, tasks, turns
from escalation.timer import timers
from escalation.verdict import verdicts
from escalation.voice.approval import approvals
from escalation.voice.fact import facts
from escalation.voice.hold import hold_accounts, hold_confirmations, hold_subjects, holds
from escalation.voice.reading import readings
from escalation.voice.relay import relay_persons, relays
from escalation.voice.release import releases
from escalation.voice.statement import checks, statements

FORMAT = 1


def canonical(document: Mapping[str, Any]) -> str:
    """One text for one document: keys sorted, no blanks, UTF-8."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def fingerprint(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def package(conn: Connection, row: Row[Any]) -> dict[str, Any]:
    """Everything that is kept of an incident, as plain JSON; instants in UTC; a care case names no unit and account."""
    head = {name: _plain(row._mapping[name]) for name in HEAD} | ({"title": CARE_TITLE} if row.care else {})
    frozen = row.frozen
    head |= {
        "pack": thaw(frozen["pack"]).label, "keys": frozen.get("keys_at_end", []),
        "recipients": frozen.get("recipients", []), "versions": frozen.get("versions", {}),
    }  # fmt: skip
    parts = {name: part(conn, row) for name, part in PARTS.items()}
    whole = {"format": FORMAT, "incident": head} | parts
    return (_unplaced(row, whole) if row.care else whole) | {"merged": _merged(conn, row)}


def _unplaced(row: Row[Any], part: Any) -> Any:
    """A part of a care case's record in which nothing says where it was found: words are masked, account ids empty."""
    if isinstance(part, dict):
        return {key: "" if key == "account_id" else _unplaced(row, value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_unplaced(row, one) for one in part]
    return placeless(row, part) if isinstance(part, str) else part


def _merged(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    """The records of the incidents that stand merged into this one, the oldest tie first."""
    asked = (
        select(incidents)
        .join(tie.ties, tie.ties.c.incident_id == incidents.c.id)
        .where(tie.ties.c.other_id == row.id, tie.ties.c.kind == tie.TieKind.MERGED, tie.ties.c.undone_at.is_(None))
        .order_by(tie.ties.c.id)
    )
    return [package(conn, one) for one in conn.execute(asked).all()]


HEAD = (
    "school", "number", "title", "theme", "triggers", "state", "level", "level_by_machine", "level_by_person", "risk",
    "account_id", "unit", "concerned", "assignee", "detected_at", "opened_at", "confirmed_at", "confirmed_by",
    "closed_at", "late", "trial", "rehearsal", "care",
)  # fmt: skip


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def _listed(rows: Any, *left_out: str) -> list[dict[str, Any]]:
    return [{key: _plain(value) for key, value in row._mapping.items() if key not in left_out} for row in rows]


def _log(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    """Every line; of a care case the machine's reasons quote the text, which stays folded."""
    found = _listed(conn.execute(select(entries).where(entries.c.incident_id == row.id).order_by(entries.c.id)))
    quoting = (EntryKind.MACHINE, EntryKind.LEVEL)
    return [one | {"text": ""} if row.care and one["kind"] in quoting else one for one in found]


def _notices(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    """Who was told by what and when, with the receipts; of the words as written the fingerprint."""
    found = conn.execute(select(notices).where(notices.c.incident_id == row.id).order_by(notices.c.id)).all()
    return [
        one | {"written": fingerprint(canonical(each.view))}
        for each, one in zip(found, _listed(found, "view", "grounds"), strict=True)
    ]


def _deliveries(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    asked = select(
        notices.c.number, deliveries.c.channel, deliveries.c.state, deliveries.c.attempts, deliveries.c.vendor_id,
        deliveries.c.reason, deliveries.c.created_at, deliveries.c.accepted_at,
    )  # fmt: skip
    mine = asked.join(notices, notices.c.id == deliveries.c.notice_id).where(notices.c.incident_id == row.id)
    return _listed(conn.execute(mine.order_by(deliveries.c.id)))


def _attempts(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    """Every try of every delivery; what the vendor answered in its own words may hold a contact and stays out."""
    asked = select(
        notices.c.number.label("notice"), deliveries.c.channel, attempts.c.n, attempts.c.at, attempts.c.outcome,
        attempts.c.reason, attempts.c.vendor_id,
    )  # fmt: skip
    mine = asked.join(deliveries, deliveries.c.id == attempts.c.delivery_id)
    mine = mine.join(notices, notices.c.id == deliveries.c.notice_id).where(notices.c.incident_id == row.id)
    return _listed(conn.execute(mine.order_by(attempts.c.id)))


def _breaches(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    """Posts without a permit or against a hold that were found in this incident or while its hold stood."""
    mine = or_(breaches.c.incident_id == row.id, breaches.c.held_incident_id == row.id)
    return _listed(conn.execute(select(breaches).where(mine).order_by(breaches.c.id)), "school")


def _calls(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    asked = select(
        notices.c.number.label("notice"), calls.c.person_id, calls.c.created_at, calls.c.outcome, calls.c.remark,
        calls.c.recorded_by, calls.c.recorded_at,
    )  # fmt: skip
    mine = asked.join(notices, notices.c.id == calls.c.notice_id).where(notices.c.incident_id == row.id)
    return _listed(conn.execute(mine.order_by(calls.c.id)))


def _deadlines(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    return _listed(conn.execute(select(timers).where(timers.c.incident_id == row.id).order_by(timers.c.id)), "school")


def _recaps(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    return _listed(recap.versions(conn, row.id))


def _ties(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    return _listed(tie.ties_of(conn, row.id), "data", "title")


def _members(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    found = select(members).where(members.c.incident_id == row.id).order_by(members.c.joined_at, members.c.post_id)
    return _listed(conn.execute(found), "incident_id")


def _of(table: Table, *left_out: str) -> Part:
    """Every row of a table that names its incident, the oldest first."""

    def part(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
        found = select(table).where(table.c.incident_id == row.id).order_by(table.c.id)
        return _listed(conn.execute(found), "school", "incident_id", *left_out)

    return part


def _under(table: Table, key: str, parent: Table) -> Part:
    """Every row of a table that hangs by `key` on a row of `parent`, which names the incident."""

    def part(conn: Connection, row: Row[Any]) -> list[dict[str, Any]]:
        found = select(table).join(parent, parent.c.id == table.c[key]).where(parent.c.incident_id == row.id)
        return _listed(conn.execute(found.order_by(*table.primary_key.columns)))

    return part


Part = Callable[[Connection, Row[Any]], list[dict[str, Any]]]
PARTS: Mapping[str, Part] = {
    "log": _log, "notices": _notices, "deliveries": _deliveries, "attempts": _attempts, "calls": _calls,
    "deadlines": _deadlines, "reports": _of(reports), "answers": _of(answers), "platform": _of(contacts),
    "tasks": _of(tasks), "task_turns": _under(turns, "task_id", tasks), "corrections": _of(corrections),
    "bulletins": _of(bulletins), "holds": _of(holds), "hold_subjects": _under(hold_subjects, "hold_id", holds),
    "hold_accounts": _under(hold_accounts, "hold_id", holds),
    "hold_confirmations": _under(hold_confirmations, "hold_id", holds), "facts": _of(facts),
    "statements": _of(statements), "checks": _under(checks, "statement_id", statements),
    "approvals": _under(approvals, "statement_id", statements),
    "releases": _under(releases, "statement_id", statements), "relays": _under(relays, "statement_id", statements),
    "relay_persons": _under(relay_persons, "statement_id", statements),
    "readings": _under(readings, "statement_id", statements), "breaches": _breaches, "measures": _of(measures),
    "recaps": _recaps, "verdicts": _of(verdicts), "ties": _ties, "members": _members,
}  # fmt: skip
"""What a record holds besides its head. A noun with rows of its own adds them here: no comment text, no contacts."""
LEFT_OUT: Mapping[str, str] = {
    "archives": "the sealed record itself",
    "open_keys": "what the watch sorts by; those of the end stand in the head",
}
"""Tables that lead to an incident and are not in its record, each with the reason."""
