"""Tasks as shown: on the incident's page, on 我的, on the keeper's page and on a task's own. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation.incident import Actor, incidents
from escalation.incident.state import OPEN, State
from escalation.keeper import contacts
from escalation.notice.issue import Letterhead
from escalation.people import Role, holders, people, stood_in_for
from escalation.procedure import DutyKind
from escalation.task import KIND_WORDS, TaskKind, tasks
from escalation.task.correction import ACT_WORDS, STATE_WORDS, candidates, corrections_of, unseen
from escalation.task.deeds import may, turns_of, undone
from escalation.task.handing import MOVED
from escalation.task.platform import routes_of
from escalation.task.state import DESK, OPEN_TASKS, TaskEvent, TaskState
from escalation.task.state import STATE_WORDS as TASK_WORDS
from escalation.task.telling import clock_label, name_of, page_path
from escalation.web.face import Face, face
from escalation.web.words import CARE_TITLE

TURN_WORDS: Mapping[str, str] = {
    "set": "布置", TaskEvent.ACCEPT: "接受", TaskEvent.ANSWER: "答复", TaskEvent.CONFIRM: "确认办结",
    TaskEvent.GIVE_BACK: "退回", TaskEvent.WITHDRAW: "撤销",
    MOVED: "改由他人办理", TaskEvent.RESUME: "随事件重新打开",
}  # fmt: skip
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Errand:
    """One task with what a page needs of it; `may_*` are the buttons for this visitor."""

    row: Row[Any]
    name: str
    state: str
    who: str
    clock: Face | None
    label: str
    turns: Sequence[Row[Any]]
    corrections: Sequence[Row[Any]]
    contacts: Sequence[Row[Any]]
    unseen: bool
    over: bool
    may_accept: bool
    may_answer: bool
    may_confirm: bool
    may_return: bool
    may_withdraw: bool

    @property
    def is_contact(self) -> bool:
        """与平台沟通 is answered by what the platform said."""
        return str(self.row.kind) == TaskKind.PLATFORM_CONTACT

    @property
    def is_correction(self) -> bool:
        """更正或删除 is answered by naming the post and the act."""
        return str(self.row.kind) == TaskKind.CORRECTION


@dataclass(frozen=True, slots=True)
class Mine:
    """One task that waits for a person, with a fresh link to its page."""

    errand: Errand
    title: str
    level: int
    number: str
    path: str
    stead: str = ""
    """The holder's name, where they are away and this person stands in."""


def errand_of(conn: Connection, incident: Row[Any], task: Row[Any], actor: Actor, now: datetime) -> Errand:
    """One task for one visitor."""
    is_open = State(incident.state) in OPEN
    who = conn.execute(select(people.c.name).where(people.c.school == task.school, people.c.id == task.person_id))

    def button(event: TaskEvent) -> bool:
        return is_open and may(task, event, actor)

    return Errand(
        row=task, name=KIND_WORDS[TaskKind(task.kind)], state=TASK_WORDS[TaskState(task.state)],
        who=who.scalar() or task.person_id, clock=_clock(task, now), label=clock_label(task),
        turns=turns_of(conn, task.id), corrections=corrections_of(conn, task.id),
        contacts=conn.execute(select(contacts).where(contacts.c.task_id == task.id).order_by(contacts.c.id)).all(),
        unseen=bool(unseen(conn, task.id)), over=task.state not in OPEN_TASKS,
        may_accept=button(TaskEvent.ACCEPT), may_answer=button(TaskEvent.ANSWER),
        may_confirm=button(TaskEvent.CONFIRM) and actor.id != task.answered_by,
        may_return=button(TaskEvent.GIVE_BACK), may_withdraw=may(task, TaskEvent.WITHDRAW, actor),
    )  # fmt: skip


def _clock(task: Row[Any], now: datetime) -> Face | None:
    if task.due_at is None:
        return None
    done = task.answered_at if task.state in (TaskState.ANSWERED, TaskState.CONFIRMED) else task.ended_at
    word = "已撤" if task.state == TaskState.WITHDRAWN else "已答"
    begun = task.due_at if task.span is None else min(task.set_at, task.due_at)
    return face("答复", begun, task.due_at, now, done_at=done, done_word=word)


def errands_of(conn: Connection, incident: Row[Any], actor: Actor, now: datetime, *, holder: str = "") -> list[Errand]:
    """The tasks of an incident, the open ones first; only one person's where `holder` names them."""
    mine = tasks.c.incident_id == incident.id
    if holder:
        mine &= tasks.c.person_id == holder
    rows = conn.execute(select(tasks).where(mine).order_by(tasks.c.ended_at.is_not(None), tasks.c.id)).all()
    return [errand_of(conn, incident, row, actor, now) for row in rows]


def mine_of(conn: Connection, school: str, actor: Actor, letterhead: Letterhead, now: datetime) -> list[Mine]:
    """The tasks that wait for this person, or for whom they stand in, in open incidents, nearest deadline first."""
    whose = [actor.id, *stood_in_for(conn, school, actor.id, now, letterhead.channels)]
    rows = conn.execute(
        select(tasks)
        .join(incidents, incidents.c.id == tasks.c.incident_id)
        .where(tasks.c.school == school, tasks.c.person_id.in_(whose), tasks.c.state.in_(sorted(OPEN_TASKS)))
        .where(incidents.c.state.in_(sorted(OPEN)))
        .order_by(tasks.c.state == TaskState.ANSWERED, tasks.c.due_at.nulls_last(), tasks.c.id)
        .limit(SHOWN)
    ).all()
    found = []
    for row in rows:
        incident = conn.execute(select(incidents).where(incidents.c.id == row.incident_id)).one()
        path = page_path(letterhead, row.id, actor.id, now)
        title = CARE_TITLE if incident.care else incident.title
        errand = errand_of(conn, incident, row, actor, now)
        stead = errand.who if row.person_id != actor.id else ""
        found.append(Mine(errand, title, incident.level, incident.number, path, stead))
    return found


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form for a new task offers: values of `to` with their words."""

    kinds: Sequence[tuple[str, str]]
    units: Sequence[str]
    persons: Sequence[tuple[str, str]]
    keeper: str


def choices_of(conn: Connection, incident: Row[Any], units: Sequence[str]) -> Choices:
    """Whom a task may be set to: leaders of units, the account's keeper, any active person."""
    rows = conn.execute(
        select(people.c.id, people.c.name, people.c.title, people.c.unit)
        .where(people.c.school == incident.school, people.c.active)
        .order_by(people.c.unit, people.c.name)
    )
    keepers = holders(conn, incident.school, Role.KEEPER, account_id=incident.account_id)
    return Choices(
        kinds=[(kind.value, words) for kind, words in KIND_WORDS.items() if kind not in _not_asked(incident)],
        units=units,
        persons=[(row.id, f"{row.name}（{'，'.join(p for p in (row.unit, row.title) if p)}）") for row in rows],
        keeper="、".join(one.name for one in keepers),
    )


def _not_asked(incident: Row[Any]) -> frozenset[TaskKind]:
    """What is not offered for a care case: words in public, and contact with the platform that no article demands."""
    if not incident.care:
        return frozenset()
    demanded = {one.get("kind") for one in incident.frozen.get("duties", ())}
    contact = {TaskKind.PLATFORM_CONTACT} if DutyKind.PLATFORM_CONTACT not in demanded else set()
    return frozenset({TaskKind.PUBLIC_ANSWER, TaskKind.CLARIFICATION} | contact)


def shared(conn: Connection, incident: Row[Any], task: Row[Any] | None = None) -> dict[str, Any]:
    """What the forms of a task need besides: the account's own posts and the words for acts and states."""
    return {
        "posts": candidates(conn, incident, task), "act_words": ACT_WORDS, "seen_words": STATE_WORDS,
        "turn_words": TURN_WORDS, "routes_of": routes_of,
    }  # fmt: skip


def block(conn: Connection, incident: Row[Any], actor: Actor, now: datetime, units: Sequence[str]) -> dict[str, Any]:
    """What the block of the incident's page shows."""
    may_set = State(incident.state) in OPEN and bool(actor.roles and actor.roles & DESK)
    return shared(conn, incident) | {
        "errands": errands_of(conn, incident, actor, now), "may_set": may_set,
        "demanded": [name_of(one) for one in undone(conn, incident.id)],
        "choices": choices_of(conn, incident, units) if may_set else None,
    }  # fmt: skip
