"""与平台沟通: the ways a platform publishes, the words prepared from the incident, and how contact moves the task.

The task is open until the platform answered and the keeper wrote it down; reminders go on meanwhile.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import Connection, Row, select

from escalation.clock_words import moment
from escalation.incident import Actor
from escalation.notice.issue import Letterhead
from escalation.place import is_unplaced
from escalation.procedure import thaw
from escalation.task import TaskKind, deeds, tasks
from escalation.task.state import TASK, UNANSWERED, TaskEvent, TaskState
from stream.kept import posts
from stream.platform import NAMES

ROUTES = Path(__file__).with_name("routes.toml")
TEMPLATES = Path(__file__).with_name("templates")
UNKNOWN = "other"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the form of a contact begins with. `routes` are suggestions of ours and no demand of a document."""

    platform: str
    routes: tuple[str, ...]
    words: str
    hint: str
    """What the platform's form wants to be told; for who fills it in, no part of the words."""


@dataclass(frozen=True, slots=True)
class Platform:
    """The public ways to a platform, and its part of the words: where what we speak of stands (`under`), by what it is
    asked to look at it (`rules`), and what its form wants to be told (`state`)."""

    routes: tuple[str, ...]
    under: str
    rules: str
    state: str


@cache
def _platforms() -> dict[str, Platform]:
    tables = tomllib.loads(ROUTES.read_text("utf-8"))
    return {code: Platform(**table | {"routes": tuple(table["routes"])}) for code, table in tables.items()}


def _platform(code: str) -> Platform:
    return _platforms().get(code, _platforms()[UNKNOWN])


def routes_of(platform: str) -> tuple[str, ...]:
    """The public ways to a platform, by its code; of one that is not listed, what every platform has."""
    return _platform(platform).routes


def prepare(conn: Connection, letterhead: Letterhead, incident: Row[Any], now: datetime) -> Prepared:
    """The platform, its ways and the text, from the incident: never the comment's text, never its author."""
    post = conn.execute(
        select(posts.c.platform, posts.c.url, posts.c.published_at, posts.c.by_school)
        .where(posts.c.school == incident.school, posts.c.id == incident.opening_post_id)
    ).first()  # fmt: skip
    pack = thaw(incident.frozen["pack"])
    account = incident.frozen.get("account", {})
    code = post.platform if post else UNKNOWN
    url = post.url if post and post.url.startswith(("https://", "http://")) and not incident.care else ""
    words = _environment().get_template("contact.txt").render(
        school=letterhead.school_name, account=account.get("name", ""), care=incident.care, what=incident.title,
        own=bool(post and post.by_school), at=moment(post.published_at if post else incident.opened_at, now), url=url,
        article=_cited(conn, incident), title=pack.title, phone=letterhead.duty_phone, number=incident.number,
        on=_platform(code),
    )  # fmt: skip
    name = (
        ""
        if is_unplaced(account)
        else account.get("platform") or (NAMES[code] if code != UNKNOWN and code in NAMES else "")
    )
    return Prepared(name, routes_of(code), words.strip(), _platform(code).state)


def _cited(conn: Connection, incident: Row[Any]) -> str:
    mine = (tasks.c.incident_id == incident.id) & (tasks.c.kind == TaskKind.PLATFORM_CONTACT)
    return str(conn.execute(select(tasks.c.article).where(mine).order_by(tasks.c.id).limit(1)).scalar() or "")


def contacted(conn: Connection, incident_id: int, actor: Actor, now: datetime) -> int | None:
    """The task that a contact belongs to, which its holder has now in hand; None where no task asks for one."""
    task = next(iter(_open(conn, incident_id)), None)
    if task is None:
        return None
    if deeds.may(task, TaskEvent.ACCEPT, actor):
        deeds.accept(conn, task.id, actor, now)
    return int(task.id)


def platform_answered(conn: Connection, task_id: int, actor: Actor, now: datetime, words: str) -> None:
    """The platform's answer is the task's answer, where its holder (or the desk) wrote it down."""
    task = conn.execute(select(tasks).where(tasks.c.id == task_id)).one()
    if task.state in TASK.ends or not deeds.may(task, TaskEvent.ANSWER, actor):
        return
    deeds.answer(conn, task_id, actor, now, words)


def _open(conn: Connection, incident_id: int) -> Sequence[Row[Any]]:
    mine = (tasks.c.incident_id == incident_id) & (tasks.c.kind == TaskKind.PLATFORM_CONTACT)
    wanted = [*sorted(UNANSWERED), TaskState.ANSWERED]
    return conn.execute(select(tasks).where(mine, tasks.c.state.in_(wanted)).order_by(tasks.c.id)).all()


@cache
def _environment() -> Environment:
    """Plain text that a person copies into a form: nothing is escaped, and pages escape it where they show it."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=select_autoescape(enabled_extensions=(), default=False),
    )  # fmt: skip
