"""Receipts as shown: 送 阅 签 per person and role, with what happened on the way. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation.clock_words import moment
from escalation.notice import ERRANDS, GROUP, DeliveryState, NoticeKind, deliveries, notices
from escalation.people import people, title_of

WAITING, DONE, SEALED, FAILED = "wait", "y", "seal", "bad"
WORDS = {WAITING: "等待", DONE: "已", SEALED: "已", FAILED: "失败"}
CHANNELS = {
    "mail": "邮件", "wecom_app": "企业微信应用消息", "sms": "短信", "wecom_robot": "企业微信群", "phone": "电话",
}  # fmt: skip
REPEATS = (NoticeKind.REMINDER, NoticeKind.CHASED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """One person's receipt of one incident: the three seals and a line of words."""

    person_id: str
    name: str
    title: str
    office: str
    sent: str
    opened: str
    signed: str
    words: str
    remark: str
    must_sign: bool
    basis: str
    reason: str
    settled: bool = False

    @property
    def spoken(self) -> str:
        """The seals in words, for a screen reader."""
        signed = ("未签，由他人代为了结" if self.settled else WORDS[self.signed]) if self.must_sign else "不需要"
        return f"送达{WORDS[self.sent]}，查阅{WORDS[self.opened]}，签收{signed}"


def receipts_of(conn: Connection, incident_id: int, now: datetime) -> list[Receipt]:
    """The receipts of an incident, in the order in which people were told; a reminder belongs to its notice."""
    rows = conn.execute(
        select(notices, people.c.name.label("person_name"), people.c.title.label("person_title"))
        .outerjoin(people, (people.c.school == notices.c.school) & (people.c.id == notices.c.addressee))
        .where(notices.c.incident_id == incident_id, notices.c.addressee != GROUP)
        .where(notices.c.kind.not_in(sorted(ERRANDS)))
        .order_by(notices.c.id)
    ).all()
    ways = conn.execute(
        select(deliveries).join(notices, notices.c.id == deliveries.c.notice_id)
        .where(notices.c.incident_id == incident_id).order_by(deliveries.c.id)
    ).all()  # fmt: skip
    by_person: dict[str, list[Row[Any]]] = {}
    for row in rows:
        by_person.setdefault(row.addressee, []).append(row)
    settlers = {row.settled_by for row in rows if row.settled_by}
    found = conn.execute(select(people.c.id, people.c.name).where(people.c.id.in_(sorted(settlers)))).all()
    names = {one.id: one.name for one in found}
    return [_receipt(own, ways, names, now) for own in by_person.values()]


def _first(rows: Iterable[Any], name: str) -> datetime | None:
    return min((value for value in (getattr(row, name) for row in rows) if value is not None), default=None)


def _receipt(own: Sequence[Row[Any]], ways: Sequence[Row[Any]], names: Mapping[str, str], now: datetime) -> Receipt:
    """What stands now: while a later notice waits for the person it alone counts, whatever was signed before."""
    owed = [row for row in own if _is_owed(row)]
    told = [row for row in own if row.kind != NoticeKind.DISMISSED] or own
    current = [row for row in told if row.id >= owed[0].id] if owed else told
    first = owed[-1] if owed else next((row for row in told if row.kind not in REPEATS), told[0])
    numbers = {row.id for row in current}
    sent, opened = _first(current, "sent_at"), _first(current, "opened_at")
    signed, before = (None, _first(own, "signed_at")) if owed else (_first(own, "signed_at"), None)
    settled = next((row for row in reversed(own) if row.settled_at and row.signed_at is None), None)
    ways = [way for way in ways if way.notice_id in numbers]
    failed = sent is None and opened is None and any(way.state == DeliveryState.DEAD for way in ways)
    if settled is not None and not owed:
        signed = None
    said = [_words(sent, opened, signed, ways, now)]
    if before is not None:
        said.append(f"此前 {moment(before, now)} 已签，又有 {first.number} 待签")
    if settled is not None and not owed:
        who = names.get(settled.settled_by, settled.settled_by)
        said.append(f"未签，{moment(settled.settled_at, now)} {who} 代为了结：{settled.settled_why}")
    return Receipt(
        person_id=first.addressee,
        name=first.person_name or first.addressee,
        title=first.person_title or title_of(first.role),
        office=first.office,
        sent=FAILED if failed else DONE if sent or opened else WAITING,
        opened=DONE if opened else WAITING,
        signed=SEALED if signed else WAITING,
        words=" · ".join((*said, *_replaced(own))),
        remark=next((row.remark for row in own if row.remark), ""),
        must_sign=any(row.needs_signature for row in own),
        basis=first.basis,
        reason=first.reason,
        settled=settled is not None and not owed,
    )


def _is_owed(row: Row[Any]) -> bool:
    return bool(row.needs_signature) and row.signed_at is None and row.superseded_by is None and row.settled_at is None


def _words(
    sent: datetime | None, opened: datetime | None, signed: datetime | None, ways: Sequence[Row[Any]], now: datetime
) -> str:
    dead = next((way for way in ways if way.state == DeliveryState.DEAD), None)
    trying = next((way for way in ways if way.state == DeliveryState.WAITING and way.attempts), None)
    held = next((way for way in ways if way.state == DeliveryState.WAITING and not way.attempts and way.reason), None)
    parts = []
    if sent:
        name = next((CHANNELS.get(way.channel, way.channel) for way in ways if way.accepted_at), "")
        parts.append(f"{name} {moment(sent, now)} 送".strip())
    elif dead:
        parts.append(f"{CHANNELS.get(dead.channel, dead.channel)}送不到（{dead.reason}），已转电话通知")
    elif trying:
        parts.append(f"{CHANNELS.get(trying.channel, trying.channel)}第 {trying.attempts} 次未送出，将重试")
    elif held:
        parts.append(held.reason)
    elif ways and all(way.state == DeliveryState.WITHDRAWN for way in ways):
        parts.append(f"未发：{ways[-1].reason}")
    else:
        parts.append("待发" if ways else "无可用通道，由值班台转告")
    if opened:
        parts.append(f"{moment(opened, now)} 阅")
    if signed:
        parts.append(f"{moment(signed, now)} 签")
    return " · ".join(parts)


def _replaced(own: Sequence[Row[Any]]) -> list[str]:
    """Which unsigned notice gave its place to which later one."""
    return [
        f"{row.number} 已由 {row.superseded_by} 取代"
        for row in own
        if row.superseded_by and row.needs_signature and row.signed_at is None
    ]


def notice_ids(conn: Connection, incident_id: int, person_id: str) -> list[int]:
    """My notices of one incident, the first one first."""
    rows = conn.execute(
        select(notices.c.id)
        .where(notices.c.incident_id == incident_id, notices.c.addressee == person_id, notices.c.needs_signature)
        .order_by(notices.c.id)
    )
    return [row.id for row in rows]
