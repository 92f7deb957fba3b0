"""Silence 静默: a person has reminders or an alert kept quiet for a while, by name, with a reason and an end.

Silenced are reminders (催签, 催办) of one incident, of an account's or a theme's incidents, and alerts of the service.
Never silenced: a first notice or any other that asks for a signature, a telephone call, what goes upward, anything at
level Ⅰ, and the alert that a notice reached nobody. Every message that did not leave is counted and can be looked at.
A silence ends by itself; whoever works at the desk can end it before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Row, Table, Text, bindparam, func, select, update

from escalation import alert, audit, finding
from escalation.alert import Alert
from escalation.clock_words import moment
from escalation.incident import MACHINE, Actor, EntryKind, incidents, log
from escalation.incident.state import OPEN, State
from escalation.people import Role
from escalation.state_table import IllegalStep, StateTable, Step
from escalation.voice.subject import EVERY_THEME
from stream.account import book
from stream.store import insert_new, metadata
from stream.store.types import Moment, Serial, Word

LONGEST = timedelta(hours=24)
WHY_MOST = 300
NEVER_QUIET = ("delivery:", "vacant:", "unheld:", finding.CAUSE)
"""How the causes of alerts begin that cannot be silenced: a notice or task reached nobody, or the auditor found
something."""


class Quiet(StrEnum):
    """What is silenced."""

    INCIDENT = "incident"
    ACCOUNT = "account"
    THEME = "theme"
    ALERT = "alert"


QUIET_WORDS = {
    Quiet.INCIDENT: "事件催办", Quiet.ACCOUNT: "账号催办", Quiet.THEME: "主题催办", Quiet.ALERT: "系统告警",
}  # fmt: skip


class Silenced(StrEnum):
    """Where a silence stands."""

    RUNNING = "running"
    OVER = "over"
    LIFTED = "lifted"


class Event(StrEnum):
    """What happens to it."""

    EXPIRE = "expire"
    LIFT = "lift"


MAY = frozenset({Role.MONITOR, Role.PUBLICITY, Role.ADMINISTRATOR})
SILENCE: StateTable[Silenced, Event] = StateTable(
    noun="静默",
    start=Silenced.RUNNING,
    steps={
        Silenced.RUNNING: {Event.EXPIRE: Step(Silenced.OVER), Event.LIFT: Step(Silenced.LIFTED, MAY)},
        Silenced.OVER: {},
        Silenced.LIFTED: {},
    },
    state_words={Silenced.RUNNING: "静默中", Silenced.OVER: "已到期", Silenced.LIFTED: "已提前结束"},
    event_words={Event.EXPIRE: "到期", Event.LIFT: "提前结束"},
    ends=frozenset({Silenced.OVER, Silenced.LIFTED}),
)

silences = Table(
    "silences",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("school", Word(32), nullable=False),
    Column("kind", Word(16), nullable=False),
    Column("target", Word(200), nullable=False),
    Column("words", Text, nullable=False),
    Column("owner", Word(64), nullable=False),
    Column("owner_name", Word(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("starts_at", Moment(), nullable=False),
    Column("ends_at", Moment(), nullable=False),
    Column("state", Word(16), nullable=False),
    Column("ended_at", Moment()),
    Column("ended_by", Word(64)),
    Index(None, "school", "state", "ends_at"),
)

kept_quiet = Table(
    "kept_quiet",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("silence_id", ForeignKey("silences.id"), nullable=False),
    Column("what", Word(200), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("words", Text, nullable=False),
    Index("uq_kept_quiet_what", "silence_id", "what", unique=True),
)
"""What did not leave or ring because of a silence; one row for each message or alert."""


def begin(
    conn: Connection, school: str, kind: Quiet, target: str, actor: Actor, now: datetime, reason: str, ends_at: datetime
) -> int:
    """Keep something quiet until `ends_at`; gives its id. Raises IllegalStep with a sentence."""
    if actor.roles is not None and not actor.roles & MAY:
        raise IllegalStep("您的角色不能设置静默，请联系值班台。未作任何更改。")
    reason = reason.strip()
    if not reason:
        raise IllegalStep(f"请写明静默的理由（至多 {WHY_MOST} 字）。未作任何更改。")
    if len(reason) > WHY_MOST:
        raise IllegalStep(f"“理由”至多 {WHY_MOST} 字，现为 {len(reason)} 字。未作任何更改，请删减后再试。")
    if not now < ends_at <= now + LONGEST:
        raise IllegalStep("静默须有结束时间，且不超过 24 小时；到时可以再设。未作任何更改。")
    words = _words(conn, school, kind, target)
    same = (silences.c.school == school) & (silences.c.kind == kind) & (silences.c.target == target)
    if conn.execute(select(silences.c.id).where(same, silences.c.state == Silenced.RUNNING)).first() is not None:
        raise IllegalStep(f"“{words}”已在静默中，请先结束原有的静默再设。未作任何更改。")
    row = {
        "school": school, "kind": kind, "target": target, "words": words, "owner": actor.id, "owner_name": actor.name,
        "reason": reason, "starts_at": now, "ends_at": ends_at, "state": Silenced.RUNNING, "ended_at": None,
        "ended_by": None,
    }  # fmt: skip
    made = int(conn.execute(silences.insert().values(**row).returning(silences.c.id)).scalar_one())
    if kind is Quiet.INCIDENT:
        said = f"{actor.name} 设静默至 {moment(ends_at, now)} 前不催签：{reason}"
        incident = conn.execute(_incident(school, target)).one()
        log(conn, incident.id, now, EntryKind.CHASE, "催签静默", said, actor=actor.name)
    audit.record(
        conn, school=school, now=now, actor=actor.id, action="silence.begin", subject=f"silence:{made}", ip=actor.ip,
        detail={"kind": kind, "target": target, "reason": reason, "ends_at": ends_at.isoformat()},
    )  # fmt: skip
    return made


def _incident(school: str, number: str) -> Any:
    return (
        select(incidents)
        .where(incidents.c.school == school, incidents.c.number == number)
        .with_for_update(key_share=True)
    )


def _words(conn: Connection, school: str, kind: Quiet, target: str) -> str:
    """What is silenced, as pages name it. Raises IllegalStep where there is no such thing, or it may not be quiet."""
    if kind is Quiet.INCIDENT:
        row = conn.execute(_incident(school, target)).first()
        if row is None or State(row.state) not in OPEN:
            raise IllegalStep("没有这一未结事件。未作任何更改。")
        if row.level == 1:
            raise IllegalStep("Ⅰ级事件不能静默。未作任何更改。")
        return f"{row.number} 的催签与催办"
    if kind is Quiet.ACCOUNT:
        known = book(conn, school)
        if target not in known:
            raise IllegalStep("没有这一账号。未作任何更改。")
        return f"“{known[target].name}”各事件的催签与催办"
    if kind is Quiet.THEME:
        mine = select(incidents.c.id).where(incidents.c.school == school, incidents.c.theme == target)
        if conn.execute(mine.limit(1)).first() is None:
            raise IllegalStep("没有这一主题的事件。未作任何更改。")
        return f"主题“{EVERY_THEME.get(target, target)}”各事件的催签与催办"
    found = next((one for one in alert.ringing(conn, school) if one.cause == target), None)
    if found is None:
        raise IllegalStep("这一告警已经消除。未作任何更改。")
    if found.cause.startswith(NEVER_QUIET):
        raise IllegalStep("有人没有收到通知的告警和稽核发现不能静默，请先处理。未作任何更改。")
    return found.words


def lift(conn: Connection, school: str, silence_id: int, actor: Actor, now: datetime) -> None:
    """End a silence before its end. Raises IllegalStep."""
    mine = (silences.c.school == school) & (silences.c.id == silence_id)
    row = conn.execute(select(silences).where(mine).with_for_update()).first()
    if row is None:
        raise IllegalStep("没有这一静默。未作任何更改。")
    after = SILENCE.step(Silenced(row.state), Event.LIFT, actor.roles)
    conn.execute(update(silences).where(mine).values(state=after, ended_at=now, ended_by=actor.id))
    audit.record(
        conn, school=school, now=now, actor=actor.id, action="silence.lift", subject=f"silence:{silence_id}", detail={},
        ip=actor.ip,
    )  # fmt: skip


_COUNT = select(func.count()).where(kept_quiet.c.silence_id == silences.c.id).scalar_subquery()
_COUNTED = select(silences, _COUNT.label("count"))
_RUNNING = _COUNTED.where(
    silences.c.school == bindparam("house"), silences.c.state == Silenced.RUNNING, silences.c.ends_at > bindparam("now")
).order_by(silences.c.ends_at, silences.c.id)


_EXPIRE = (
    update(silences)
    .where(silences.c.school == bindparam("house"), silences.c.state == Silenced.RUNNING)
    .where(silences.c.ends_at <= bindparam("now"))
    .values(state=SILENCE.step(Silenced.RUNNING, Event.EXPIRE, None), ended_at=bindparam("now"), ended_by=MACHINE.id)
    .returning(silences.c.id)
)


def running(conn: Connection, school: str, now: datetime) -> list[Row[Any]]:
    """The silences that run now, the one that ends first first, each with `count`, how much it kept quiet."""
    return list(conn.execute(_RUNNING, {"house": school, "now": now}))


def past(conn: Connection, school: str, limit: int = 50) -> list[Row[Any]]:
    """Silences that are over, the newest first, with `count`."""
    wanted = _COUNTED.where(silences.c.school == school, silences.c.state != Silenced.RUNNING)
    return list(conn.execute(wanted.order_by(silences.c.id.desc()).limit(limit)))


def hushed(conn: Connection, incident: Row[Any], now: datetime) -> Row[Any] | None:
    """The silence that keeps reminders of this incident quiet now; None at level Ⅰ, whatever was silenced."""
    if incident.level == 1:
        return None
    mine = {
        (Quiet.INCIDENT, incident.number), (Quiet.ACCOUNT, incident.account_id), (Quiet.THEME, incident.theme),
    }  # fmt: skip
    return next((row for row in running(conn, incident.school, now) if (row.kind, row.target) in mine), None)


def keep_quiet(conn: Connection, silence: Row[Any], what: str, words: str, now: datetime) -> None:
    """Count one message or alert that a silence kept back."""
    row = {"silence_id": silence.id, "what": what[:200], "at": now, "words": words}
    insert_new(conn, kept_quiet, [row], key=["silence_id", "what"])


def divide(conn: Connection, school: str, ringing: Sequence[Alert], now: datetime) -> tuple[list[Alert], list[Alert]]:
    """Alerts that are to be shown, and those that a silence keeps quiet."""
    quiet = {row.target for row in running(conn, school, now) if row.kind == Quiet.ALERT}
    return [one for one in ringing if one.cause not in quiet], [one for one in ringing if one.cause in quiet]


def look(conn: Connection, school: str, now: datetime) -> None:
    """End what has come to its end, and count the alerts that rang meanwhile; run by notify."""
    over = conn.execute(_EXPIRE, {"house": school, "now": now}).scalars().all()
    for silence_id in over:
        audit.record(
            conn, school=school, now=now, actor=MACHINE.id, action="silence.over", subject=f"silence:{silence_id}",
            detail={},
        )  # fmt: skip
    quiet = {row.target: row for row in running(conn, school, now) if row.kind == Quiet.ALERT}
    for one in alert.ringing(conn, school) if quiet else ():
        if one.cause in quiet:
            keep_quiet(conn, quiet[one.cause], f"{one.cause}@{one.opened_at.isoformat()}", one.words, now)
