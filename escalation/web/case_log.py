"""The log of an incident as its page shows it: what was sent lies folded under the notice it belongs to. Reads only.

The store keeps a line for each message that left. Here those of one notice are one sentence under it that names people;
what did not get through stays a line of its own, under the name of whom it should have reached.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from escalation.incident import EntryKind, entries
from escalation.notice import ERRANDS, GROUP, KIND_WORDS, NoticeKind, notices
from escalation.people import people
from escalation.web.face import took

ENTRIES_SHOWN = 300
ICONS: Mapping[str, str] = {
    EntryKind.MACHINE: "fx", EntryKind.PERSON: "i-person", EntryKind.NOTICE: "i-bell", EntryKind.RECEIPT: "i-check",
    EntryKind.PLATFORM: "i-link", EntryKind.LEVEL: "i-warn", EntryKind.DEADLINE: "i-clock", EntryKind.DELIVERY: "i-doc",
    EntryKind.CHASE: "i-bell",
}  # fmt: skip
SECOND = timedelta(seconds=1)
TOLD, ASKED = ("通知 ", "告知 ", "催签 ", "催办 "), "：告知 "
LEFT = "已送出 "
UNTOLD = frozenset({EntryKind.LEVEL, EntryKind.RECEIPT})
"""Lines under which nothing that was sent is looked for."""
NUMBER = re.compile(r"[A-Z]{2}-\d{4}-\d+-\d+")
GROUP_NAME = "工作群"


@dataclass(frozen=True, slots=True)
class Sending:
    """One message that left: when, by which channel, to whom, and what was said of it (late, not certain)."""

    at: datetime
    channel: str
    who: str
    number: str
    said: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the log; `ahead`: it has not happened yet; `sent`: what left because of it, the oldest first."""

    at: datetime
    icon: str
    heading: str
    text: str
    actor: str
    article: str
    grave: bool = False
    ahead: bool = False
    default: bool = False
    sent: tuple[Sending, ...] = field(default=())

    @property
    def sent_words(self) -> str:
        """By which channel to how many, and how long the last of them took; empty where nothing left."""
        if not self.sent:
            return ""
        ways: dict[str, set[str]] = {}
        for one in self.sent:
            ways.setdefault(one.channel, set()).add(one.who)
        parts = [f"{way} {len(whom)} 人" if whom != {GROUP_NAME} else way for way, whom in ways.items()]
        last = max(one.at for one in self.sent) - self.at
        return f"已送出：{'、'.join(parts)}，{took(last)}内" if last >= SECOND else f"已送出：{'、'.join(parts)}"


def log_of(conn: Connection, row: Row[Any]) -> list[Step]:
    """What happened, the newest first."""
    found = conn.execute(
        select(entries).where(entries.c.incident_id == row.id).order_by(entries.c.id.desc()).limit(ENTRIES_SHOWN)
    ).all()
    about = _notices(conn, row.school, found)
    steps: list[Step] = []
    kinds: list[str] = []
    left: list[tuple[Row[Any], Row[Any]]] = []
    for one in found:
        notice = about.get(_number(one))
        if notice is not None and LEFT in one.heading:
            left.append((one, notice))
            continue
        steps.append(_line(row, one) if notice is None else _trouble(one, notice))
        kinds.append(one.kind)
    places: dict[datetime, list[int]] = {}
    for place, step in enumerate(steps):
        if kinds[place] != EntryKind.DELIVERY:
            places.setdefault(step.at, []).append(place)
    under: dict[int, list[Sending]] = {}
    alone: dict[tuple[datetime, str], list[Sending]] = {}
    for one, notice in reversed(left):
        told = [place for place in places.get(notice.created_at, ()) if kinds[place] not in UNTOLD]
        into = max(told, key=lambda place: _fits(steps[place], kinds[place], notice), default=None)
        if into is None:
            alone.setdefault((notice.created_at, notice.kind), []).append(_sending(one, notice))
        else:
            under.setdefault(into, []).append(_sending(one, notice))
    for place, sent in under.items():
        steps[place] = replace(steps[place], sent=tuple(sent))
    steps += [_alone(KIND_WORDS[NoticeKind(kind)], tuple(sent)) for (_, kind), sent in alone.items()]
    return sorted(steps, key=lambda step: step.at, reverse=True) if alone else steps


def _line(row: Row[Any], one: Row[Any]) -> Step:
    return Step(
        one.at, ICONS.get(one.kind, "fx"), one.heading, _said(row, one), one.actor, one.article,
        grave=one.kind == EntryKind.LEVEL or (one.kind == EntryKind.DEADLINE and "逾期" in one.heading),
    )  # fmt: skip


def _fits(step: Step, kind: str, notice: Row[Any]) -> tuple[bool, bool, bool]:
    """How well a line of the same instant fits a notice: it tells of such notices, names the person, tells of any."""
    named = _name(notice) in step.heading
    if NoticeKind(notice.kind) in ERRANDS:
        return KIND_WORDS[notice.kind] in step.heading, named, kind == EntryKind.NOTICE
    told = step.heading.startswith(TOLD)
    return told and (named or notice.addressee == GROUP), told, named and ASKED not in step.heading


def _number(one: Row[Any]) -> str:
    found = NUMBER.search(one.heading) if one.kind == EntryKind.DELIVERY else None
    return found[0] if found else ""


def _notices(conn: Connection, school: str, found: Sequence[Row[Any]]) -> dict[str, Any]:
    """The notices that lines of the log speak of, by number."""
    numbers = sorted({_number(one) for one in found} - {""})
    rows = conn.execute(
        select(notices.c.number, notices.c.created_at, notices.c.kind, notices.c.addressee, people.c.name)
        .outerjoin(people, and_(people.c.school == notices.c.school, people.c.id == notices.c.addressee))
        .where(notices.c.school == school, notices.c.number.in_(numbers))
    )
    return {str(row.number): row for row in rows.all()}


def _name(notice: Row[Any]) -> str:
    return GROUP_NAME if notice.addressee == GROUP else str(notice.name or notice.addressee)


def _sending(one: Row[Any], notice: Row[Any]) -> Sending:
    return Sending(one.at, one.heading.partition(LEFT)[0], _name(notice), notice.number, one.text)


def _trouble(one: Row[Any], notice: Row[Any]) -> Step:
    """A line about a message that did not get through, under the person's name; the number stands below."""
    words = one.heading.replace(notice.number, "").strip().replace(" ，", "，")
    return Step(
        one.at,
        ICONS[EntryKind.DELIVERY],
        f"{_name(notice)}：{words}",
        one.text,
        f"{one.actor} · {notice.number}",
        one.article,
    )


def _alone(kind: str, sent: tuple[Sending, ...]) -> Step:
    """What left by itself: the line that told of it is not among those shown, or stands in another incident."""
    names = "、".join(dict.fromkeys(one.who for one in sent))
    return Step(sent[0].at, ICONS[EntryKind.DELIVERY], f"{kind}已送出：{names}", "", "系统", "", sent=sent)


def _said(row: Row[Any], one: Row[Any]) -> str:
    """What a line says besides its heading; the machine's reasons quote the text, which a care case keeps folded."""
    return "" if row.care and one.kind in (EntryKind.MACHINE, EntryKind.LEVEL) else str(one.text)
