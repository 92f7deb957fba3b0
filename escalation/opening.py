"""Opening an incident: rows for the matter, its members, its notices and its clocks, in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import trial
from escalation.incident import (
    EntryKind,
    advance,
    incidents,
    join,
    log,
    next_number,
    open_incident,
)
from escalation.incident.state import Event, State
from escalation.notice import NoticeKind, metrics
from escalation.notice.addressee import Round
from escalation.notice.clocking import set_duty_clocks
from escalation.notice.issue import Letterhead
from escalation.procedure import Answer, Pack, Trigger
from escalation.task.setting import set_by_rule
from escalation.telling import round_of, tell
from escalation.voice import hold
from escalation.voice.naming import names
from stream.assessment import Hit
from stream.border import OPEN_AT
from stream.coverage import promised_of, watch_closely
from stream.frame import Frame
from stream.post import Post, Route
from stream.rules import CUES, Category

CARE_THEME = "self_harm"
UNAUTHORISED_THEME = "unauthorised_post"
LATE_AFTER = timedelta(minutes=3)
"""A matter opened so long after its line was fetched is late, and its notices say so (迟报); so is one whose line was
fetched more than twice the promised interval, and so long besides, after it was published."""


CLOSELY_FROM = 2
"""From this level on the account is looked at as often as manners allow, for CLOSELY (research/platforms.md §13)."""
CLOSELY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Matter:
    """What the watch found: enough to open an incident or to add to one. `level` 1..4, 1 the gravest.

    `enough`: it would have opened an incident of its own, so whom its articles name is told also where it joins one.
    """

    title: str
    theme: str
    level: int
    risk: int
    reasons: tuple[dict[str, Any], ...]
    keys: tuple[str, ...]
    grave: bool
    enough: bool
    care: bool
    member_ids: tuple[str, ...]
    first_post_id: str
    unit: str
    account: dict[str, str]
    hits: tuple[Hit, ...] = ()
    facts: tuple[str, ...] = ()
    quote: str = ""
    crisis: bool = False
    alone: bool = False
    """Whether it opens at any border of points."""
    named: tuple[Trigger, ...] = ()
    """What a person said it was; then it is that and nothing else."""
    dangers: tuple[str, ...] = ()
    """The kinds of danger (`stream.danger`) that it is enough for."""
    judged: Mapping[str, Any] = field(default_factory=dict)
    """By what its line was judged: `engine`, `rules` (their edition) and `hits` (rule id to version)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when it came up: the line that opened it, what happened in the rules' terms, how late (words)."""

    school: str
    account_id: str
    thread_id: str
    post_id: str
    detected_at: datetime
    triggers: tuple[Trigger, ...]
    late: str = ""


@dataclass(frozen=True, slots=True)
class Hand:
    """Who opened an incident that the watch left alone, and why: the person's id and name."""

    person: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What an opening needs besides the matter: the pack, the letterhead and the versions of this program.

    `versions`: `program`, `engine`, `rules` (the edition) and `packs` (the edition of each theme's rules). `open_at`:
    points from which several voices open an incident. `frames`: of `stream.frame`; None: those of its file.
    """

    pack: Pack
    letterhead: Letterhead
    versions: dict[str, Any]
    rehearsal: bool = False
    open_at: float = OPEN_AT
    frames: tuple[Frame, ...] | None = None


def told_of(matter: Matter, now: datetime, kinds: Sequence[str] | None = None) -> list[dict[str, str]]:
    """The dangers of a matter (or these of them) as an incident keeps them: kind, words and when it was told."""
    wanted = matter.dangers if kinds is None else kinds
    return [{"kind": kind, "words": matter.title, "at": now.isoformat()} for kind in wanted]


def triggers(post: Post, hits: Sequence[Hit], *, grave: bool, crisis: bool = False) -> tuple[Trigger, ...]:
    """What happened, in the terms of the schools' rules.

    The account's own words are its own post: spoken without leave (JY 10), prohibited (JY 9), or damaging (JY 14). All
    else is a comment; a student's own post on the school's forum, a letter and a lead are treated alike: more is told
    rather than less. A cry for help is urgent and no damage to anybody's reputation. What is grave is urgent (JY 14);
    many voices at once are a crisis (NX 11). What no machine can tell, a person says: see `escalation/circumstance.py`.
    """
    if any(hit.theme == CARE_THEME for hit in hits):
        return (Trigger.MAJOR_EVENT_OR_URGENT,)
    found = list(_own_post(hits) if post.by_school else _comment(hits))
    if crisis:
        found.append(Trigger.CRISIS_OR_NEGATIVE_OPINION)
    if grave:
        found.append(Trigger.MAJOR_EVENT_OR_URGENT)
    return tuple(found)


def _comment(hits: Sequence[Hit]) -> tuple[Trigger, ...]:
    """Unlawful words are told as such (JY 13, LG 14, TF 16: 违法及有损声誉); beside others, or alone."""
    illegal = [hit for hit in hits if hit.category == Category.ILLEGAL]
    others = [hit for hit in hits if hit.category not in (Category.ILLEGAL, *CUES)]
    if not illegal:
        return (Trigger.DAMAGING_COMMENT,)
    return (Trigger.DAMAGING_COMMENT, Trigger.ILLEGAL_COMMENT) if others else (Trigger.ILLEGAL_COMMENT,)


def happened(post: Post, matter: Matter) -> tuple[Trigger, ...]:
    """What the matter is: what a person said, else what the machine sees."""
    return matter.named or triggers(post, matter.hits, grave=matter.grave, crisis=matter.crisis)


def _own_post(hits: Sequence[Hit]) -> tuple[Trigger, ...]:
    kinds = dict.fromkeys(
        Trigger.UNAUTHORISED_PUBLICATION
        if hit.theme == UNAUTHORISED_THEME
        else Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT
        if hit.category == Category.PROHIBITED
        else Trigger.DAMAGING_OWN_ACCOUNT_POST
        for hit in hits
    )
    return tuple(kinds) or (Trigger.DAMAGING_OWN_ACCOUNT_POST,)


def lateness(post: Post, promised: timedelta | None, now: datetime) -> str:
    """How a line came late, in figures and without guessing why; empty where it did not. Pure.

    `promised`: how often the account is looked at, None where it is not. An edited post is dated by its fetch alone.
    """
    waited = now - post.fetched_at
    if waited > LATE_AFTER:
        return f"采到后 {_minutes(waited)} 分钟才立事件"
    unseen = post.fetched_at - post.published_at
    is_new = post.first_seen_at == post.fetched_at
    if promised is not None and post.route is not Route.MANUAL and is_new and unseen > 2 * promised + LATE_AFTER:
        return f"发布后 {_minutes(unseen)} 分钟才采到，约定每 {_minutes(promised)} 分钟查看一次"
    return ""


def _minutes(span: timedelta) -> int:
    return max(1, int(span.total_seconds() // 60))


def open_matter(
    conn: Connection, ground: Ground, matter: Matter, post: Post, now: datetime, *, hand: Hand | None = None
) -> int:
    """Open an incident for a matter that has none. Raises MatterTaken where another process was quicker.

    `hand`: a person opened it, which is a confirmation as well; None: the watch. Who raises it by hand is not called
    late (迟报): no clause sets them a time; the log says how long after.
    """
    found = happened(post, matter)
    late = lateness(post, promised_of(conn, post.school, post.account_id), now)
    stamp = "" if hand else late
    origin = Origin(post.school, post.account_id, post.thread_id, post.id, post.first_seen_at, found, stamp)
    made = open_from(conn, ground, matter, origin, now, hand=hand)
    if hand and late:
        log(conn, made, now, EntryKind.PERSON, f"补录：{late}", actor=hand.name)
    return made


def open_from(
    conn: Connection, ground: Ground, matter: Matter, origin: Origin, now: datetime, *, hand: Hand | None = None
) -> int:
    """The same, where no line opens it now: a part of another incident, or one that follows an ended one."""
    school, found, late_words = origin.school, origin.triggers, origin.late
    answer = ground.pack.who(found, matter.level, care=matter.care)
    on_trial = trial.on_trial(conn, school)
    row = {
        "school": school, "number": next_number(conn, school, now, rehearsal=ground.rehearsal), "title": matter.title,
        "theme": matter.theme, "triggers": list(found), "dangers": told_of(matter, now),
        "state": State.TRIAGED, "level": matter.level,
        "level_by_machine": matter.level, "level_found": matter.level, "level_by_person": None, "risk": matter.risk,
        "reasons": list(matter.reasons), "account_id": origin.account_id, "thread_id": origin.thread_id,
        "first_post_id": matter.first_post_id, "opening_post_id": origin.post_id, "unit": matter.unit,
        "assignee": None, "detected_at": origin.detected_at,
        "opened_at": now, "confirmed_at": now if hand else None, "confirmed_by": hand.person if hand else None,
        "closed_at": None, "late": bool(late_words),
        "trial": on_trial, "rehearsal": ground.rehearsal, "care": matter.care, "frozen": {},
    }  # fmt: skip
    incident_id = open_incident(conn, row, matter.keys)
    join(conn, incident_id, school, matter.member_ids, matter.risk, now)
    told = round_of(conn, ground.letterhead, row_of(conn, incident_id), answer.recipients, now)
    _freeze(conn, incident_id, ground, matter, answer, told, late_words, hand)
    _tell(conn, ground, incident_id, answer, told, matter, late_words, now, hand)
    hurry(conn, matter, school, origin.account_id, now)
    metrics.INCIDENTS.labels(level=matter.level).inc()
    return incident_id


def _freeze(
    conn: Connection, incident_id: int, ground: Ground, matter: Matter, answer: Answer, told: Round, late: str,
    hand: Hand | None,
) -> None:  # fmt: skip
    """Keep with the incident what it was decided by: pack, recipients as persons, keys, versions, how late it came."""
    frozen = {
        "pack": ground.pack.freeze(),
        "recipients": told.frozen(),
        "duties": [duty.model_dump(mode="json") for duty in answer.duties],
        "deadline": answer.deadline.model_dump(mode="json"),
        "keys": list(matter.keys),
        "versions": _versions(ground, matter),
        "account": matter.account,
        "facts": list(matter.facts),
        "quote": matter.quote,
        "late": late,
        "by_hand": hand.name if hand else "",
        "alone": matter.alone,
        "open_at": ground.open_at,
    }  # fmt: skip
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(frozen=frozen))


def _versions(ground: Ground, matter: Matter) -> dict[str, Any]:
    """What judged; the single packs only where they are those of the edition that did (an upgrade may lie between).

    A line names its engine alone; which weights it has, our own settings know.
    """
    known, judged = dict(ground.versions), dict(matter.judged)
    if judged and judged.get("rules") != known.get("rules"):
        known.pop("packs", None)
    if judged.get("engine") == str(known.get("engine", "")).partition(" ")[0]:
        judged.pop("engine")
    return known | judged


def _tell(
    conn: Connection, ground: Ground, incident_id: int, answer: Answer, told: Round, matter: Matter, late: str,
    now: datetime, hand: Hand | None,
) -> None:  # fmt: skip
    incident = row_of(conn, incident_id)
    grade = ground.pack.grade(incident.level)
    cited = "、".join(dict.fromkeys(a for one in answer.recipients for a in one.articles))
    text = "；".join(reason["sentence"] for reason in matter.reasons[:3])
    if hand:
        heading = f"人工立事件，定为 {grade.mark}级（{grade.name}）"
        log(conn, incident_id, now, EntryKind.PERSON, heading, hand.reason, actor=hand.name, article=cited)
    else:
        heading = f"立事件，系统初判 {grade.mark}级（{grade.name}）"
        log(conn, incident_id, now, EntryKind.MACHINE, heading, text, article=cited)
    if late:
        log(conn, incident_id, now, EntryKind.MACHINE, f"迟报：{late}")
    advance(conn, incident_id, Event.NOTIFY, None)
    incident = row_of(conn, incident_id)
    tell(conn, ground.letterhead, incident, told, NoticeKind.FIRST, "first", now)
    set_duty_clocks(conn, incident, now)
    set_by_rule(conn, ground.letterhead, incident, matter.hits, now)
    hold_for(conn, ground.letterhead, incident, matter, now)


def hold_for(conn: Connection, letterhead: Letterhead, incident: Row[Any], matter: Matter, now: datetime) -> None:
    """暂停发声, where the level of the frozen pack demands it."""
    hold.begin(conn, letterhead, incident, matter.keys, names(matter.theme, (hit.rule for hit in matter.hits)), now)


def hurry(conn: Connection, matter: Matter, school: str, account_id: str, now: datetime) -> None:
    """Look at the account of a grave matter as often as manners allow, for `CLOSELY`."""
    if matter.level <= CLOSELY_FROM:
        watch_closely(conn, school, account_id, now + CLOSELY, now)


def row_of(conn: Connection, incident_id: int) -> Row[Any]:
    """The incident as it now is."""
    return conn.execute(select(incidents).where(incidents.c.id == incident_id)).one()
