"""Joining: what more is said of an open matter; graver or of another kind, it is told, timed and asked for at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from escalation import reignition
from escalation.belonging import kinds_told
from escalation.incident import LEVELS, EntryKind, claim_keys, incidents, join, log
from escalation.incident.state import OPEN, State
from escalation.notice import NoticeKind
from escalation.notice.clocking import drop_unasked
from escalation.opening import Ground, Matter, happened, hold_for, hurry, row_of, told_of
from escalation.procedure import Trigger, thaw
from escalation.reset import reset
from escalation.task.setting import set_by_rule
from escalation.telling import not_yet_told, round_of, tell
from stream import danger
from stream.post import Post

WIDENED = "适用条款增加，由此应当通知而尚未通知的人员现予通知"
NEWS = "事件立时未通知过这种险情，条文所列人员现予通知，重新签收"
UNNAMED = "种类未明"
"""Of a danger of which only the theme is known: the model, or a worker of before, saw it."""
STEP_MOST = 50
ALL_TOLD = "适用条款增加，由此应当通知的人员此前均已通知"


_HELD = (
    select(*(column for column in incidents.c if column is not incidents.c.frozen))
    .where(incidents.c.id == bindparam("one"))
    .with_for_update()
)
"""The incident without all that it froze, which a line that only joins never needs; held until the end."""


def add_to(conn: Connection, ground: Ground, incident_id: int, matter: Matter, post: Post, now: datetime) -> bool:
    """Add to an open incident: members, keys, a higher risk, graver level, further triggers. False: it has ended."""
    incident = conn.execute(_HELD, {"one": incident_id}).one()
    if State(incident.state) not in OPEN:
        return False
    join(conn, incident_id, post.school, matter.member_ids, matter.risk, now)
    claim_keys(conn, post.school, matter.keys, incident_id)
    if matter.risk > incident.risk:
        conn.execute(
            update(incidents)
            .where(incidents.c.id == incident_id)
            .values(risk=matter.risk, reasons=list(matter.reasons))
        )
    if matter.care and not incident.care:
        conn.execute(update(incidents).where(incidents.c.id == incident_id).values(care=True))
        drop_unasked(conn, row_of(conn, incident_id), now)
    graver = matter.level < min(incident.level, _found_before(incident))
    if matter.level < _found_before(incident):
        conn.execute(update(incidents).where(incidents.c.id == incident_id).values(level_found=matter.level))
    dangers = _new_dangers(incident, matter)
    if graver or dangers:
        _raise(conn, ground, incident, matter, post, now, graver=graver, dangers=dangers)
    elif matter.enough:
        _widen(conn, ground, incident, matter, post, now)
    reignition.look(conn, ground.letterhead, incident_id, now, danger=matter.grave, told=bool(graver or dangers))
    return True


def _found_before(incident: Row[Any]) -> int:
    """What a person set holds until the machine finds more than it had found by then."""
    if incident.level_by_person is None:
        return int(incident.level)
    return int(incident.level_found or incident.level_by_machine)


def _new_dangers(incident: Row[Any], matter: Matter) -> tuple[str, ...]:
    """The kinds of danger in it that nobody was told of; a grave line of an older worker names none: its theme."""
    known = kinds_told(incident.dangers)
    if matter.grave and not matter.dangers:
        return (matter.theme,) if matter.theme not in (incident.theme, *known) else ()
    return danger.fresh(matter.dangers, known)


def _raise(
    conn: Connection, ground: Ground, incident: Row[Any], matter: Matter, post: Post, now: datetime, *, graver: bool,
    dangers: tuple[str, ...],
) -> None:  # fmt: skip
    """The matter became graver, or a danger of another kind came up in it: one round tells everybody concerned once.

    Both levels stay in the log; the title then names both dangers. The step names what it was for. Graver, the clocks
    follow the new level; what the clauses demand of what happened now is asked for.
    """
    found = _all_triggers(incident, matter, post)
    changed: dict[str, Any] = {"triggers": list(found)}
    steps: list[str] = []
    if graver:
        changed["level"] = matter.level
        steps.append(f"level:{matter.level}")
        words = f"系统建议由 {LEVELS[incident.level]}级升为 {LEVELS[matter.level]}级，已按新级别通知"
        log(conn, incident.id, now, EntryKind.LEVEL, words, "；".join(r["sentence"] for r in matter.reasons[:3]))
        hurry(conn, matter, incident.school, post.account_id, now)
    if dangers:
        changed["title"] = incident.title if matter.title in incident.title else f"{incident.title}；{matter.title}"
        changed["dangers"] = [*incident.dangers, *told_of(matter, now, dangers)]
        steps.append(f"danger:{','.join(dangers)}"[:STEP_MOST])
        words = "、".join(danger.words(kind) for kind in dangers if kind in danger.DANGERS) or UNNAMED
        log(conn, incident.id, now, EntryKind.LEVEL, f"新的险情（{words}）：{matter.title}", NEWS)
    conn.execute(update(incidents).where(incidents.c.id == incident.id).values(changed))
    fresh = row_of(conn, incident.id)
    pack = thaw(fresh.frozen["pack"])
    if graver and (said := reset(conn, fresh, pack, now)):
        log(conn, incident.id, now, EntryKind.MACHINE, "时限按新级别重算", "；".join(said))
    recipients = pack.who(found, fresh.level, care=fresh.care).recipients
    told = round_of(conn, ground.letterhead, fresh, recipients, now)
    kind = NoticeKind.RAISED if graver else NoticeKind.DANGER
    tell(conn, ground.letterhead, fresh, told, kind, "+".join(steps), now)
    set_by_rule(conn, ground.letterhead, fresh, matter.hits, now)
    hold_for(conn, ground.letterhead, fresh, matter, now)


def _widen(conn: Connection, ground: Ground, incident: Row[Any], matter: Matter, post: Post, now: datetime) -> None:
    """Something further happened in the same matter: whom its articles name and nobody told yet, is told now."""
    found = _all_triggers(incident, matter, post)
    if set(found) == {Trigger(one) for one in incident.triggers}:
        return
    conn.execute(update(incidents).where(incidents.c.id == incident.id).values(triggers=list(found)))
    fresh = row_of(conn, incident.id)
    recipients = thaw(fresh.frozen["pack"]).who(found, fresh.level, care=fresh.care).recipients
    told = not_yet_told(conn, incident.id, recipients, round_of(conn, ground.letterhead, fresh, recipients, now))
    cited = "、".join(dict.fromkeys(article for one in recipients for article in one.articles))
    text = WIDENED if told.addressees else ALL_TOLD
    log(conn, incident.id, now, EntryKind.MACHINE, f"同一事件中另有新的情形：{matter.title}", text, article=cited)
    if told.addressees or told.vacant:
        tell(conn, ground.letterhead, fresh, told, NoticeKind.FIRST, f"widen:{len(found)}", now)
    set_by_rule(conn, ground.letterhead, fresh, matter.hits, now)


def _all_triggers(incident: Row[Any], matter: Matter, post: Post) -> tuple[Trigger, ...]:
    before = [Trigger(one) for one in incident.triggers]
    return tuple(dict.fromkeys((*before, *happened(post, matter))))
