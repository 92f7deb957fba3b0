"""By hand: a person opens an incident from one kept line that the watch left alone, or puts the line to an open one.

The same opening as the watch's: procedure, recipients, articles, clocks. The line belongs to one incident at most, so a
second click gives the number of the first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from escalation import audit, circumstance
from escalation.incident import LEVELS, Actor, EntryKind, incidents, log, members, open_keys
from escalation.incident.state import OPEN, IllegalStep
from escalation.joining import add_to
from escalation.opening import CARE_THEME, Ground, Hand, Matter, open_matter
from escalation.people import Role
from escalation.place import place_of
from escalation.procedure import Trigger
from stream.account import book
from stream.assessment import Assessment
from stream.evidence import spoken_kinds
from stream.kept import assessments, last_assessment, posts
from stream.matter import Scene, attaching_keys
from stream.post import Kind

DESK = frozenset({Role.MONITOR, Role.PUBLICITY})
TITLE_LIMIT, REASON_LIMIT, QUOTE_LENGTH = 60, 500, 60
URGENT_FROM = 2
"""At this level and graver a person says by the level that it is urgent (JY 14)."""
CARE_TITLE = "疑似心理求助，原文已收起"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person decided: `level` 1..4, a title in the desk's own words, and why."""

    level: int
    title: str
    reason: str
    named: tuple[Trigger, ...] = ()
    """What the person says it is (情形); empty: what the machine sees in the line."""


def line_of(conn: Connection, school: str, post_id: str) -> Assessment:
    """The kept line with what was found in it. Raises IllegalStep where there is none."""
    found = last_assessment(conn, school, post_id)
    if found is None:
        raise IllegalStep("没有这条原文，或它还没有研判完。未作任何更改，请稍后再试。")
    return found


def belongs_to(conn: Connection, school: str, post_id: str) -> Row[Any] | None:
    """The incident that the line is a member of, an open one before an ended one."""
    rows: list[Row[Any]] = list(
        conn.execute(
            select(incidents.c.id, incidents.c.number, incidents.c.state, incidents.c.title, incidents.c.care)
            .join(members, members.c.incident_id == incidents.c.id)
            .where(members.c.school == school, members.c.post_id == post_id)
            .order_by(incidents.c.id.desc())
        )
    )
    return next((row for row in rows if row.state in OPEN), rows[0] if rows else None)


def belonging(conn: Connection, school: str, post_ids: Collection[str]) -> dict[str, Row[Any]]:
    """For each of these lines that is a member of an incident: that incident, an open one before an ended one."""
    found: dict[str, Row[Any]] = {}
    rows: list[Row[Any]] = list(
        conn.execute(
            select(members.c.post_id, incidents.c.number, incidents.c.state)
            .join(incidents, incidents.c.id == members.c.incident_id)
            .where(members.c.school == school, members.c.post_id.in_(sorted(post_ids)))
            .order_by(incidents.c.id.desc())
        )
    )
    for row in sorted(rows, key=lambda row: row.state not in OPEN):
        found.setdefault(row.post_id, row)
    return found


def neighbours(conn: Connection, line: Assessment) -> Sequence[Row[Any]]:
    """Open incidents of the same thread, the newest first; care cases only for a cry for help and the other way."""
    post = line.post
    there = (
        select(members.c.incident_id)
        .join(posts, (posts.c.school == members.c.school) & (posts.c.id == members.c.post_id))
        .where(posts.c.school == post.school, posts.c.thread_id == post.thread_id)
    )
    found: list[Row[Any]] = list(
        conn.execute(
            select(incidents.c.id, incidents.c.number, incidents.c.title, incidents.c.level, incidents.c.opened_at)
            .where(incidents.c.school == post.school, incidents.c.state.in_([state.value for state in OPEN]))
            .where(incidents.c.care.is_(is_care(line)))
            .where(or_(incidents.c.thread_id == post.thread_id, incidents.c.id.in_(there)))
            .order_by(incidents.c.id.desc())
        )
    )
    return found


def is_care(line: Assessment) -> bool:
    """Whether the line is a cry for help, whose words stay folded."""
    return any(hit.theme == CARE_THEME for hit in line.hits)


def open_by_hand(
    conn: Connection, ground: Ground, post_id: str, wish: Wish, actor: Actor, now: datetime, school: str
) -> str:
    """Open an incident from a line; gives its number, or that of the open one the line belongs to already.

    Raises IllegalStep (in words) and MatterTaken where another process was quicker: try again.
    """
    line = _allowed(conn, school, post_id, actor)
    if (known := _known(conn, school, post_id)) is not None:
        return known
    wish = _sound(wish)
    matter = _matter(conn, line, wish, actor)
    hand = Hand(actor.id, actor.name, wish.reason)
    incident_id = open_matter(conn, ground, matter, line.post, now, hand=hand)
    number = str(conn.execute(select(incidents.c.number).where(incidents.c.id == incident_id)).scalar_one())
    detail = {"post": post_id, "level": wish.level, "reason": wish.reason, "named": list(wish.named)}
    audit.record(
        conn, school=school, now=now, actor=actor.id, action="incident.open", subject=number, detail=detail, ip=actor.ip
    )
    return number


def join_by_hand(
    conn: Connection, ground: Ground, post_id: str, number: str, reason: str, actor: Actor, now: datetime, school: str
) -> str:
    """Put a line to an open incident of its thread; gives the number of the incident it then belongs to."""
    line = _allowed(conn, school, post_id, actor)
    if (known := _known(conn, school, post_id)) is not None:
        return known
    chosen = next((row for row in neighbours(conn, line) if row.number == number), None)
    if chosen is None:
        raise IllegalStep(f"{number[:32]} 不是同一原帖下的未结事件，不能并入。未作任何更改，请刷新后再选。")
    wish = _sound(Wish(4, next((hit.title for hit in line.hits), "并入一条原文"), reason))
    matter = _matter(conn, line, wish, actor)
    if not add_to(conn, ground, chosen.id, matter, line.post, now):
        raise IllegalStep(f"{number} 刚刚了结，不能并入。未作任何更改。")
    log(conn, chosen.id, now, EntryKind.PERSON, "并入一条原文", wish.reason, actor=actor.name)
    detail = {"post": post_id, "reason": wish.reason}
    audit.record(
        conn, school=school, now=now, actor=actor.id, action="incident.join", subject=number, detail=detail, ip=actor.ip
    )
    return number


def _allowed(conn: Connection, school: str, post_id: str, actor: Actor) -> Assessment:
    if actor.roles is not None and not actor.roles & DESK:
        raise IllegalStep("您的角色不能立事件，请联系值班员。未作任何更改。")
    return line_of(conn, school, post_id)


def _known(conn: Connection, school: str, post_id: str) -> str | None:
    """The number of the open incident the line belongs to. Raises IllegalStep where that incident has ended."""
    row = belongs_to(conn, school, post_id)
    if row is None:
        return None
    if row.state not in OPEN:
        raise IllegalStep(f"这条原文属于已了结的 {row.number}。要再处理，请打开该事件并“重新打开”。未作任何更改。")
    return str(row.number)


def _sound(wish: Wish) -> Wish:
    title, reason = " ".join(wish.title.split()), wish.reason.strip()
    if wish.level not in LEVELS:
        raise IllegalStep("请选择级别。未作任何更改。")
    if not title or len(title) > TITLE_LIMIT:
        raise IllegalStep(f"请写标题，至多 {TITLE_LIMIT} 字。未作任何更改。")
    if not reason or len(reason) > REASON_LIMIT:
        raise IllegalStep(f"请写明理由，至多 {REASON_LIMIT} 字。未作任何更改。")
    return Wish(wish.level, title, reason, wish.named)


def _matter(conn: Connection, line: Assessment, wish: Wish, actor: Actor) -> Matter:
    """The matter as the person sees it; its keys are those of the line's thread that nobody owns yet."""
    post, care = line.post, is_care(line)
    account = book(conn, post.school).get(post.account_id)
    risk = conn.execute(
        select(assessments.c.risk)
        .where(assessments.c.school == post.school, assessments.c.post_id == post.id)
        .where(assessments.c.revision == post.revision)
    ).scalar()
    heaviest = max(line.hits, key=lambda hit: (hit.theme != "any", hit.grave, hit.weight), default=None)
    themes = [hit.theme for hit in line.hits if hit.theme != "any"]
    kinds = spoken_kinds(line.hits)
    cut = "" if care or post.kind is Kind.MESSAGE else " ".join(post.text.split())
    urgent = wish.level <= URGENT_FROM or any(hit.grave for hit in line.hits)
    return Matter(
        title=CARE_TITLE if care else wish.title,
        theme=CARE_THEME if care else heaviest.theme if heaviest else "any",
        level=wish.level,
        risk=int(risk or 0),
        reasons=({"name": "人工立事件", "share": 100, "sentence": f"{actor.name}：{wish.reason}", "article": ""},),
        keys=_free(conn, post.school, (f"hand|{post.id}", *attaching_keys(themes, Scene(post.thread_id), kinds))),
        dangers=kinds if urgent else (),
        grave=urgent,
        enough=urgent,
        care=care,
        member_ids=(post.id,),
        first_post_id=post.id,
        unit=account.unit if account else "",
        account=place_of(post, account),
        hits=line.hits,
        named=() if care else circumstance.read(wish.named, circumstance.choices(post)),
        quote=cut if len(cut) <= QUOTE_LENGTH else cut[:QUOTE_LENGTH] + "…",
    )


def _free(conn: Connection, school: str, keys: Sequence[str]) -> tuple[str, ...]:
    owned = set(
        conn.execute(
            select(open_keys.c.key).where(open_keys.c.school == school, open_keys.c.key.in_(list(keys)))
        ).scalars()
    )
    return tuple(key for key in keys if key not in owned)
