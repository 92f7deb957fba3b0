"""The watch strip: who is on, whether the machine is watching, what is not green. Read from the store only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, exists, func, select

from escalation import alert, finding, people, silence, trial
from escalation.alert import Alert
from escalation.duty import handover
from escalation.duty.handover_state import DONE, HANDOVER, State
from escalation.incident import incidents
from escalation.incident.state import OPEN
from escalation.people import Shift, shifts
from escalation.web.call_tasks import count_open
from escalation.web.desk import Desk
from escalation.web.duty_view import at_desk
from escalation.web.face import ago
from escalation.web.scope import Scope
from escalation.web.words import CLOCKS, process
from stream import pulse
from stream.coverage import Lamp, sights
from stream.dead_letter import kept
from stream.kept import assessments, posts

SLOW = timedelta(seconds=30)
"""From fetched to judged: slower than this and the lamp is half (ours; alarms within 60 s, research 4.3)."""


@dataclass(frozen=True, slots=True)
class Light:
    """One lamp with its words; `why` is a sentence for whoever points at it."""

    lamp: Lamp
    words: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """What the strip and the banners show."""

    on_duty: tuple[str, ...]
    leads: tuple[str, ...]
    hours: tuple[datetime, datetime] | None
    after: tuple[str, datetime] | None
    lights: tuple[tuple[Light, ...], ...]
    open_incidents: int
    on_trial: bool
    alerts: tuple[Alert, ...] = field(default=())
    silences: int = 0
    open_calls: int = 0
    findings: int = 0
    holder: tuple[str, datetime] | None = None
    turn: tuple[int, str] | None = None


def strip_of(conn: Connection, desk: Desk, now: datetime, scope: Scope, *, inside: bool) -> Strip:
    """The strip as it is now. Who does not work `inside` is given lamps without names, and no alerts."""
    serving = people.on_duty(conn, desk.school, now)
    ringing = tuple(alert.ringing(conn, desk.school))
    loud, _ = silence.divide(conn, desk.school, ringing, now)
    pulses = pulse.freshest(conn, now)
    lights = (
        _coverage(conn, desk, now), _judging(conn, desk, pulses, now), _channels(desk, ringing),
        _troubles(desk, pulses, now), _buried(conn),
    )  # fmt: skip
    return Strip(
        on_duty=tuple(at_desk(conn, desk.school, serving, now, leads=False)),
        leads=tuple(at_desk(conn, desk.school, serving, now, leads=True)),
        hours=_hours(serving),
        after=_after(conn, desk.school, now),
        lights=tuple(group if inside else tuple(map(_nameless, group)) for group in lights if group),
        open_incidents=_open(conn, desk.school, scope),
        on_trial=trial.on_trial(conn, desk.school),
        alerts=tuple(loud) if inside else (),
        silences=len(silence.running(conn, desk.school, now)) if inside else 0,
        open_calls=count_open(conn, desk.school) if inside else 0,
        findings=finding.count(conn, desk.school) if inside else 0,
        holder=_holder(conn, desk.school, now) if inside else None,
        turn=_turn(conn, desk.school, now) if inside else None,
    )


def _hours(serving: Sequence[Shift]) -> tuple[datetime, datetime] | None:
    """From when to when the desk is served: the monitors' turn; the 带班领导's where nobody else is on."""
    turns = [one for one in serving if not one.leads] or serving
    return (min(one.starts_at for one in turns), max(one.ends_at for one in turns)) if turns else None


def _holder(conn: Connection, school: str, now: datetime) -> tuple[str, datetime] | None:
    """Who took the desk over last, by name."""
    found = handover.has_desk(conn, school, now)
    if found is None:
        return None
    who = people.person(conn, school, found[0])
    return (who.name if who else found[0], found[1])


def _turn(conn: Connection, school: str, now: datetime) -> tuple[int, str] | None:
    """The hand-over that is to be dealt with, and what it waits for."""
    row = handover.current(conn, school, now)
    if row is None or State(row.state) in DONE:
        return None
    return row.id, "逾时未接班" if row.reminded_at else HANDOVER.state_words[State(row.state)]


def _nameless(light: Light) -> Light:
    return Light(light.lamp, light.words)


def _open(conn: Connection, school: str, scope: Scope) -> int:
    which = and_(incidents.c.school == school, incidents.c.state.in_(list(OPEN)), scope.clause())
    return int(conn.execute(select(func.count()).select_from(incidents).where(which)).scalar_one())


def _after(conn: Connection, school: str, now: datetime) -> tuple[str, datetime] | None:
    row = conn.execute(
        select(shifts.c.person_id, shifts.c.starts_at)
        .where(shifts.c.school == school, shifts.c.starts_at > now, shifts.c.leads.is_(False))
        .order_by(shifts.c.starts_at)
        .limit(1)
    ).first()
    if row is None:
        return None
    found = people.person(conn, school, row.person_id)
    return (found.name if found else row.person_id, row.starts_at)


def _coverage(conn: Connection, desk: Desk, now: datetime) -> tuple[Light, ...]:
    found = sights(conn, desk.school, now)
    count = Counter(sight.lamp for sight in found)
    lights = [Light(Lamp.ON, f"采集 {count[Lamp.ON]}")] if count[Lamp.ON] or not found else []
    for lamp, word in ((Lamp.LATE, "迟"), (Lamp.BLIND, "盲")):
        if count[lamp]:
            why = "；".join(f"{one.account_id} {one.reason}".strip() for one in found if one.lamp is lamp)
            lights.append(Light(lamp, f"{word} {count[lamp]}", why))
    return tuple(lights)


def _judging(conn: Connection, desk: Desk, pulses: dict[str, pulse.Pulse], now: datetime) -> tuple[Light, ...]:
    dead = next((role for role in ("assess", "watch") if role in desk.roles and not _alive(pulses, role, now)), None)
    if dead:
        return (Light(Lamp.BLIND, "研判停", f"{process(dead)}进程没有回应；新评论暂存在日志里，恢复后会补判。"),)
    judged = and_(assessments.c.school == posts.c.school, assessments.c.post_id == posts.c.id)
    newest = (
        select(posts.c.row)
        .where(posts.c.school == desk.school, exists().where(judged))
        .order_by(posts.c.row.desc())
        .limit(1)
        .scalar_subquery()
    )
    row = conn.execute(
        select(assessments.c.watched_at, posts.c.fetched_at).join(posts, judged).where(posts.c.row == newest)
    ).first()
    if row is None:
        return (Light(Lamp.ON, "研判就绪"),)
    lag = max(timedelta(0), row.watched_at - row.fetched_at)
    return (Light(Lamp.LATE if lag > SLOW else Lamp.ON, f"研判 {ago(lag)}", "最近一条从采到到判完所用的时间"),)


def _alive(pulses: dict[str, pulse.Pulse], role: str, now: datetime) -> bool:
    return role in pulses and pulses[role].alive(now)


def _channels(desk: Desk, ringing: tuple[Alert, ...]) -> tuple[Light, ...]:
    broken = {one.cause.partition(":")[2]: one.words for one in ringing if one.cause.startswith("channel:")}
    good = [name for name in desk.channels if name not in broken]
    lamp = Lamp.ON if len(good) == len(desk.channels) else Lamp.BLIND
    return (Light(lamp, f"通道 {len(good)}/{len(desk.channels)}", "；".join(broken.values())),)


def _troubles(desk: Desk, pulses: dict[str, pulse.Pulse], now: datetime) -> tuple[Light, ...]:
    lights = []
    for role in desk.roles:
        name, found = process(role), pulses.get(role)
        if found is None:
            lights.append(Light(Lamp.BLIND, f"{name}未启动", f"{name}进程从未报到。"))
        elif found.ahead(now):
            lights.append(Light(Lamp.BLIND, f"{name}时钟不一致", CLOCKS.format(name=name)))
        elif not found.alive(now):
            lights.append(
                Light(Lamp.BLIND, f"{name}停 {ago(now - found.at)}", f"{name}进程没有回应，监督进程会重启它。")
            )
        elif found.trouble:
            lights.append(Light(Lamp.LATE, f"{name}受阻", found.trouble))
    return tuple(lights)


def _buried(conn: Connection) -> tuple[Light, ...]:
    found = kept(conn)
    if not found.letters:
        return ()
    lost = f"另有 {found.not_kept} 条因死信已满没有留存。" if found.not_kept else ""
    words = f"读不懂的记录已整条留存。{lost}请系统管理员执行 fengxin dead list 查看，再重试或了结。"
    return (Light(Lamp.BLIND if lost else Lamp.LATE, f"死信 {found.letters}", words),)
