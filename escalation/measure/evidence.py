"""The package of evidence: HTML, JSON and a list of hashes in one zip, watermarked with who exported it and when.

What goes in is fixed when it is proposed (posts by revision and hash); the words are read at each export, so that text
that was deleted by its term of keeping stays deleted. Redaction stays, no author stands anywhere; a care case stays
folded and names neither unit nor account, a private message stays folded. Each export is a row of the audit.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import Connection, Row, and_, select

from escalation.by_hand import CARE_TITLE
from escalation.care import placeless
from escalation.clock_words import SHANGHAI, second
from escalation.concerned import CONCERNED, HOST
from escalation.deed import must_be, write_down
from escalation.incident import Actor, EntryKind, entries, log, members
from escalation.incident.state import STATE_WORDS, IllegalStep, State
from escalation.keeper import contacts
from escalation.measure import MeasureKind
from escalation.measure.deciding import held
from escalation.measure.state import SECOND, ReferralState
from escalation.notice.issue import Letterhead
from stream.kept import posts, revisions
from stream.post import Kind

TEMPLATES = Path(__file__).with_name("templates")
READY = frozenset({ReferralState.DECIDED, ReferralState.HANDED})
GONE = "（原文已按保存期限删除）"
FOLDED = "（求助内容，原文已收起）"
PRIVATE = "（私信，原文已收起）"
KINDS = {"post": "帖文", "comment": "评论", "reply": "回复", "message": "私信", "lead": "线索"}


def manifest_of(conn: Connection, incident: Row[Any]) -> list[dict[str, Any]]:
    """Which posts go in: id, revision and hash of the text, as they stand now."""
    current = and_(
        revisions.c.school == posts.c.school, revisions.c.post_id == posts.c.id,
        revisions.c.revision == posts.c.revision,
    )  # fmt: skip
    rows = conn.execute(
        select(posts.c.id, posts.c.revision, revisions.c.text_hash)
        .select_from(members)
        .join(posts, and_(posts.c.school == members.c.school, posts.c.id == members.c.post_id))
        .join(revisions, current)
        .where(members.c.incident_id == incident.id)
        .order_by(posts.c.published_at, posts.c.id)
    )
    return [{"post": row.id, "revision": row.revision, "text_hash": row.text_hash} for row in rows]


def export(conn: Connection, letterhead: Letterhead, measure_id: int, actor: Actor, now: datetime) -> tuple[str, bytes]:
    """The file's name and the zip. Raises IllegalStep before it is approved, or for who may not."""
    incident, row = held(conn, measure_id)
    must_be(actor, SECOND, "导出材料")
    if row.kind != MeasureKind.REFERRAL or row.state not in READY:
        raise IllegalStep("材料包须经另一人批准后才能导出。未作任何更改。")
    who = f"由 {actor.name} 于 {second(now)} 导出"
    watermark = f"{letterhead.school_name}　{incident.number}　{who}　仅供{row.subject_words}办理使用"
    content = _content(conn, incident, row, letterhead, watermark)
    files = {
        "说明.txt": _environment().get_template("evidence.txt").render(**content).encode(),
        "材料.html": _environment().get_template("evidence.html").render(**content).encode(),
        "材料.json": json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode(),
    }
    hashes = {name: hashlib.sha256(body).hexdigest() for name, body in files.items()}
    files["指纹.txt"] = "".join(f"{digest}  {name}\n" for name, digest in hashes.items()).encode()
    body = _zip(files, now)
    log(conn, incident.id, now, EntryKind.PERSON, "导出移交材料", f"接收机关 {row.subject_words}", actor=actor.name)
    write_down(
        conn, incident, actor, "referral.export", now, measure=row.id, authority=row.subject_words, files=hashes,
        sha256=hashlib.sha256(body).hexdigest(),
    )  # fmt: skip
    return f"{incident.number}-材料.zip", body


def _content(
    conn: Connection, incident: Row[Any], row: Row[Any], letterhead: Letterhead, watermark: str
) -> dict[str, Any]:
    account = incident.frozen.get("account", {})
    title = CARE_TITLE if incident.care else incident.title
    placed = [] if incident.care else [
        ("平台", account.get("platform", "")), ("账号", account.get("name", "")),
        (HOST, incident.unit), (CONCERNED, incident.concerned or ""),
    ]  # fmt: skip
    facts = [
        ("编号", incident.number), ("情况", title), ("状态", STATE_WORDS[State(incident.state)]),
        ("发现", second(incident.detected_at)), ("立事件", second(incident.opened_at)),
        *placed,
    ]  # fmt: skip
    return {
        "watermark": watermark, "school": letterhead.school_name, "number": incident.number,
        "authority": row.subject_words, "reason": row.reason,
        "incident": {"number": incident.number, "title": title},
        "facts": [[key, value] for key, value in facts if value],
        "posts": [_post(conn, incident, one) for one in row.data.get("manifest", [])],
        "log": _log(conn, incident), "contacts": _contacts(conn, incident),
    }  # fmt: skip


def _post(conn: Connection, incident: Row[Any], one: Mapping[str, Any]) -> dict[str, Any]:
    found = conn.execute(
        select(posts, revisions.c.text, revisions.c.text_hash.label("hash"))
        .join(revisions, and_(revisions.c.school == posts.c.school, revisions.c.post_id == posts.c.id))
        .where(posts.c.school == incident.school, posts.c.id == one["post"], revisions.c.revision == one["revision"])
    ).first()
    if found is None:
        gone = dict.fromkeys(("published_at", "fetched_at", "kind", "url"), "")
        return gone | {"text": GONE, "text_hash": one["text_hash"]}
    text = FOLDED if incident.care and not found.by_school else found.text or GONE
    text = PRIVATE if found.kind == Kind.MESSAGE and not incident.care else text
    web = found.url if found.url.startswith(("https://", "http://")) and not incident.care else ""
    return {
        "published_at": second(found.published_at), "fetched_at": second(found.fetched_at),
        "kind": "本校账号帖文" if found.by_school else KINDS.get(found.kind, found.kind), "text": text, "url": web,
        "text_hash": one["text_hash"],
    }  # fmt: skip


def _log(conn: Connection, incident: Row[Any]) -> list[dict[str, str]]:
    """What happened; what the machine quoted of a care case stays folded."""
    rows = conn.execute(select(entries).where(entries.c.incident_id == incident.id).order_by(entries.c.id))
    quoting = (EntryKind.MACHINE, EntryKind.LEVEL)
    return [
        {
            "at": second(row.at), "heading": placeless(incident, row.heading), "actor": row.actor,
            "text": "" if incident.care and row.kind in quoting else placeless(incident, row.text),
        }
        for row in rows
        if row.kind != EntryKind.DELIVERY
    ]  # fmt: skip


def _contacts(conn: Connection, incident: Row[Any]) -> list[dict[str, str]]:
    rows = conn.execute(select(contacts).where(contacts.c.incident_id == incident.id).order_by(contacts.c.id))
    return [
        {"at": second(row.at), "platform": row.platform, "way": row.way, "ticket": row.ticket,
         "answer": row.answer or "未登记答复"}
        for row in rows
    ]  # fmt: skip


def _zip(files: Mapping[str, bytes], now: datetime) -> bytes:
    local = now.astimezone(SHANGHAI)
    stamp = (local.year, local.month, local.day, local.hour, local.minute, local.second)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in files.items():
            made.writestr(zipfile.ZipInfo(name, stamp), body, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
    )  # fmt: skip
