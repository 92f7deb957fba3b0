"""Setting a task: by a person of the desk, or by the machine where the frozen pack makes it an automatic duty."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import audit, people
from escalation.deed import DESK, must_be, must_be_open, must_fit
from escalation.duty import proxy
from escalation.incident import MACHINE, Actor, EntryKind, log
from escalation.incident.state import IllegalStep
from escalation.notice import notices
from escalation.notice.addressee import TRIAL_REASON, VACANT_REASON
from escalation.notice.issue import Letterhead
from escalation.people import HANDLER, Person, Role
from escalation.place import is_unplaced
from escalation.procedure import Duty, DutyKind, Pack, Source, Trigger, thaw
from escalation.task import DUTIES, KIND_WORDS, TaskKind, tasks, turns, unheld
from escalation.task.clock import due_of, start
from escalation.task.state import TASK
from escalation.task.telling import BY_PERSON, again, tell_holder
from stream.assessment import Hit
from stream.store import insert_new

WORDS_MOST = 500
LONGEST = timedelta(days=30)
OWN_POST = frozenset({
    Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT, Trigger.INAPPROPRIATE_POST, Trigger.DAMAGING_OWN_ACCOUNT_POST,
})  # fmt: skip
"""What is wrong with a post of the school's own, so that handling it means to correct or to remove it."""


@dataclass(frozen=True, slots=True)
class To:
    """Who is to do it: the leader of a unit, the keeper of the incident's account, or a named person."""

    role: str
    unit: str = ""
    person_id: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a task, under which role and office; `acts_for`: the office for which the duty desk stands in."""

    person: Person
    role: str
    office: str
    acts_for: str = ""


def leader_of(unit: str) -> To:
    """The leader of a unit of the roster."""
    return To(Role.UNIT_LEADER, unit=unit)


KEEPER = To(Role.KEEPER)
"""The keeper of the incident's account."""


def named(person_id: str) -> To:
    """A person of the roster."""
    return To(HANDLER, person_id=person_id)


class Unheld(IllegalStep):
    """Nobody holds the office and nobody of the duty desk can stand in."""

    def __init__(self, office: str) -> None:
        """Name the office that nobody holds."""
        super().__init__(f"“{office}”没有可联系的人员，值班台也无人可代收。未作任何更改。")
        self.office = office


def set_task(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], kind: TaskKind, to: To, actor: Actor, now: datetime,
    words: str, *, within: timedelta | None = None, data: Mapping[str, Any] | None = None, key: str = "",
    article: str | None = None,
) -> int:  # fmt: skip
    """Set a task and tell its holder; gives its id. `incident` is held (`deed.incident_of`) by the caller.

    By the desk, or by whoever takes it on themselves. `within`: a deadline the person chose, else the frozen pack's for
    this kind. `article`: as cited, else what the pack cites for this kind of duty. The same words to the same person in
    one minute, or the same `key`, are one task.
    Raises IllegalStep.
    """
    must_be_open(incident, "布置任务")
    words = must_fit(words, WORDS_MOST, "任务要求")
    if not words:
        raise IllegalStep("请写明任务要求。未作任何更改。")
    if within is not None and not timedelta(minutes=5) <= within <= LONGEST:
        raise IllegalStep("答复期限应在 5 分钟至 30 天之间。未作任何更改。")
    pack = thaw(incident.frozen["pack"])
    held = held_by(conn, letterhead, incident, to, now)
    if actor.id != held.person.id:
        must_be(actor, DESK, "布置任务")
    row = _clock(pack, incident.level, kind, within, now) | {
        "school": incident.school, "incident_id": incident.id, "kind": kind, "words": words,
        "key": key or _key(kind, held.person.id, words, now), "person_id": held.person.id, "role": held.role,
        "office": held.office, "unit": to.unit or incident.unit, "acts_for": held.acts_for, "set_by": actor.id,
        "set_at": now, "state": TASK.start,
        "article": basis(pack, incident, kind) if article is None else article, "round": 1, "overdue_at": None,
        "answered_at": None, "answered_by": None, "ended_at": None, "data": dict(data or {}),
    }  # fmt: skip
    new = insert_new(conn, tasks, [row], key=["incident_id", "key"], returning=["id"])
    if not new:
        known = select(tasks.c.id).where(tasks.c.incident_id == incident.id, tasks.c.key == row["key"])
        return int(conn.execute(known).scalar_one())
    task = again(conn, int(new[0][0]))
    conn.execute(turns.insert().values(
        task_id=task.id, at=now, person_id=actor.id, name=actor.name, event="set", text=words, url="",
    ))  # fmt: skip
    start(conn, incident, task, now)
    by = "系统按条文布置" if actor.roles is None else "自行登记" if actor.id == held.person.id else "布置"
    log(
        conn, incident.id, now, EntryKind.MACHINE if actor.roles is None else EntryKind.PERSON,
        f"{by}任务“{KIND_WORDS[kind]}”给 {held.person.name}（{held.office}）", words, actor=actor.name,
        article=task.article,
    )  # fmt: skip
    if actor.id != held.person.id and not (actor.roles is None and heard_just_now(conn, incident, held.person.id, now)):
        tell_holder(conn, letterhead, incident, task, "set", f"{_who(actor)}请您办理任务“{KIND_WORDS[kind]}”", now)
    audit.record(
        conn, school=incident.school, now=now, actor=actor.id, action="task.set", subject=incident.number,
        detail={"task": task.id, "kind": kind, "to": held.person.id, "words": words}, ip=actor.ip,
    )  # fmt: skip
    return int(task.id)


def set_by_rule(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], hits: Sequence[Hit], now: datetime
) -> None:
    """Set what the frozen pack demands as an automatic duty under the incident's triggers, once each, with the article.

    Words of which nobody knows where they stand can neither be handled nor spoken of with a platform. `hits`: what was
    found in the line at hand; of a prohibited own post they name the item of the school's list.
    """
    if is_unplaced(incident.frozen.get("account", {})):
        return
    pack = thaw(incident.frozen["pack"])
    found = {Trigger(one) for one in incident.triggers}
    duties = [one for one in pack.who(found, incident.level).duties if one.kind.automatic]
    contact = [one for one in duties if one.kind is DutyKind.PLATFORM_CONTACT]
    handling = [one for one in duties if one.kind is DutyKind.HANDLING]
    own = bool(found & OWN_POST)
    if contact:
        _by_rule(conn, letterhead, incident, TaskKind.PLATFORM_CONTACT, [*contact, *handling], now)
    if own and (handling or Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT in found):
        banned = [one for one in duties if one.kind in (DutyKind.BAN, DutyKind.SECRECY)]
        _by_rule(conn, letterhead, incident, TaskKind.CORRECTION, [*handling, *banned], now, items_of(pack, hits))
    elif handling and not contact:
        _by_rule(conn, letterhead, incident, TaskKind.HANDLING, handling, now)


def _by_rule(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], kind: TaskKind, duties: Sequence[Duty],
    now: datetime, items: tuple[str, ...] = (),
) -> None:  # fmt: skip
    cited = "、".join(dict.fromkeys([*items, *(_cited(one) for one in duties)]))
    words = "；".join(dict.fromkeys(one.what for one in duties))
    data: dict[str, Any] = {}
    if kind is TaskKind.CORRECTION:
        data = {"post": incident.opening_post_id}
        listed = f"可能属于 {'、'.join(items)} 禁止发布的内容，" if items else ""
        asked = "；".join(dict.fromkeys(one.what for one in duties if one.kind is DutyKind.HANDLING))
        words = f"本账号的帖文{listed}请核实；确属不当的，更正或删除，并登记前后情况。"
        words += f"条文要求：{asked}。" if asked else ""
    try:
        set_task(
            conn, letterhead, incident, kind, KEEPER, MACHINE, now, words, key=f"rule:{kind}", article=cited, data=data
        )
    except Unheld as nobody:  # the matter opens all the same
        unheld.ring(conn, incident, kind, nobody.office, cited, now)


def items_of(pack: Pack, hits: Sequence[Hit]) -> tuple[str, ...]:
    """Items of the school's own numbered list that its rules of matching cite: pack, article and number.

    A rule cites several schools' lists (`天府新区第十一条第7项`); only what bears this school's name counts.
    """
    parts = [part for hit in hits for part in hit.article.split("、")]
    rows = [
        one for one in pack.prohibited
        if any(
            part.endswith(f"{one.article}第{one.no}项") and part.split("第")[0] in pack.school and part.split("第")[0]
            for part in parts
        )
    ]  # fmt: skip
    return tuple(dict.fromkeys(pack.cite_item(one.article, one.no) for one in rows))


def _cited(duty: Duty) -> str:
    return f"{duty.cited}（推断）" if duty.inferred else duty.cited


def basis(pack: Pack, incident: Row[Any], kind: TaskKind) -> str:
    """The articles that demand this kind of thing of this incident, or in general; empty: 校规未规定."""
    wanted = DUTIES.get(kind)
    asked = {Trigger(one) for one in incident.triggers}
    found = [one for one in pack.who(asked, incident.level).duties if one.kind is wanted]
    if not found and kind is TaskKind.PLATFORM_CONTACT:
        found = [one for one in pack.who({Trigger.PLATFORM_CONTACT}, incident.level).duties if one.kind is wanted]
    return "、".join(dict.fromkeys(_cited(one) for one in found))


def _clock(pack: Pack, level: int, kind: TaskKind, within: timedelta | None, now: datetime) -> dict[str, Any]:
    clock = due_of(pack, level, kind)
    span = within or (clock.after if clock else None)
    source = BY_PERSON if within else clock.source if clock else Source.NONE
    return {
        "due_at": now + span if span else None, "span": int(span.total_seconds()) if span else None,
        "source": source, "clock_article": clock.article if clock and not within else "",
    }  # fmt: skip


def held_by(conn: Connection, letterhead: Letterhead, incident: Row[Any], to: To, now: datetime) -> Held:
    """The person behind it: who acts for the office now, or for a named person who is away; on trial, or where nothing
    reaches anybody, the duty desk instead."""
    if to.person_id:
        person = people.person(conn, incident.school, to.person_id)
        if person is None or not person.active:
            raise IllegalStep("名册中没有这个人，或已停用。未作任何更改。")
        found, role, office = [person], to.role, person.title or people.title_of(to.role)
    else:
        unit = to.unit or incident.unit
        if to.unit and to.unit not in people.units(conn, incident.school):
            raise IllegalStep(f"名册中没有单位“{to.unit[:40]}”。未作任何更改。")
        found = people.holders(conn, incident.school, to.role, unit=unit, account_id=incident.account_id)
        role, office = to.role, people.office_in(thaw(incident.frozen["pack"]), to.role)
        if to.role == Role.UNIT_LEADER:
            office = f"{unit}负责人"
    serving = people.desk(conn, incident.school, now, letterhead.channels)
    who = people.acting(conn, incident.school, found, now, letterhead.channels)
    if who is not None and not incident.trial:
        if who.absent is not None:
            log(conn, incident.id, now, EntryKind.NOTICE, f"任务交 {who.person.name} 办理", who.why)
        if who.absent is None or who.alone:
            return Held(who.person, role, office)
        return Held(who.person, role, proxy.standing_in(office, who.absent.name))
    if not serving:
        if not found:
            raise Unheld(office)
        return Held(found[0], role, office)
    why = TRIAL_REASON if incident.trial else VACANT_REASON.format(office=office)
    log(conn, incident.id, now, EntryKind.NOTICE, f"任务由值班台代收：{office}", why)
    return Held(serving[0], Role.MONITOR, "值班台", acts_for=office)


def heard_just_now(conn: Connection, incident: Row[Any], person_id: str, now: datetime) -> bool:
    """Whether this transaction told the person of the incident: that notice asks for the same, and once is enough."""
    mine = (notices.c.incident_id == incident.id) & (notices.c.addressee == person_id)
    told = select(notices.c.id).where(mine, notices.c.created_at == now, notices.c.needs_signature)
    return conn.execute(told.limit(1)).first() is not None


def _key(kind: TaskKind, person_id: str, words: str, now: datetime) -> str:
    made = hashlib.sha256(f"{person_id}\0{words}".encode()).hexdigest()[:16]
    return f"{kind}:{made}:{now:%Y%m%d%H%M}"


def _who(actor: Actor) -> str:
    return "" if actor.roles is None else f"{actor.name}"
