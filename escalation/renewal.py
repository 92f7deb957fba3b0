"""Renewal 改用现行规程: an open incident is decided anew by the pack of today, as an act of a person, with a reason.

A running incident keeps the procedure it froze; this is the only way to another one. What differs is shown before.
Whom the new procedure names besides is told; nobody is told twice and nobody is taken off. The old decision stays with
the incident (`before`), so that a replay can still say what was decided when.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, update

from escalation.deed import incident_of, must_be, must_be_open, must_fit, write_down
from escalation.incident import Actor, EntryKind, incidents, log
from escalation.incident.state import LEAD, IllegalStep
from escalation.notice import NoticeKind
from escalation.notice.addressee import Round
from escalation.notice.clocking import duties_of
from escalation.notice.issue import Letterhead
from escalation.people import Person, holders
from escalation.procedure import Answer, Clock, Pack, Trigger, say_span, thaw
from escalation.replay import Difference, Today, decision_differences
from escalation.reset import reset
from escalation.telling import not_yet_told, round_of, tell
from escalation.voice.demand import begin_demanded

WHY_MOST = 300
NONE = "无"
DECIDED = ("pack", "recipients", "duties", "duties_decided", "deadline", "decided")
"""What of the frozen record belongs to one decision."""


def differences(conn: Connection, row: Row[Any], today: Pack, versions: Mapping[str, Any]) -> list[Difference]:
    """What would be otherwise by the pack of today, at the incident's level now: told, articles, persons, clocks."""
    frozen = thaw(row.frozen["pack"])

    def holder(role: str) -> Person | None:
        found = holders(conn, row.school, role, unit=row.unit, account_id=row.account_id)
        return next((one for one in found if one.reachable), None)

    triggers = tuple(Trigger(one) for one in row.triggers)
    told = row.frozen.get("recipients", [])
    found = decision_differences(row, frozen, told, Today(today, versions, holder), triggers, row.level)
    return [*found, *_clocks(frozen, today, row)]


def _clocks(frozen: Pack, today: Pack, row: Row[Any]) -> Iterator[Difference]:
    """Each clock of the level that has another figure now, the ladder in one line."""
    then, now = (dict(_figures(pack, row)) for pack in (frozen, today))
    for words in dict.fromkeys((*then, *now)):
        if then.get(words, NONE) != now.get(words, NONE):
            yield Difference(words, then.get(words, NONE), now.get(words, NONE))


def _figures(pack: Pack, row: Row[Any]) -> Iterator[tuple[str, str]]:
    grade = pack.grade(row.level)
    named: list[tuple[str, Clock]] = [("签收", grade.sign), ("复燃观察", grade.watch)]
    for words, clock in [*named, *((words, clock) for _, words, clock in duties_of(pack, row))]:
        yield f"时限·{words}", f"{say_span(clock.after)}（{clock.label}）"
    steps = pack.ladder.steps(row.level)
    yield "逾期上报", " → ".join(f"{say_span(one.clock.after)} {one.act}{one.role}" for one in steps)


def renew(
    conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime, today: Pack,
    versions: Mapping[str, Any], why: str,
) -> None:  # fmt: skip
    """Decide the incident anew by this pack; tell whom it names and nobody told yet; set clocks and hold by it."""
    row = incident_of(conn, incident_id)
    must_be(actor, LEAD, "改用现行规程")
    must_be_open(row, "改用现行规程")
    why = must_fit(why, WHY_MOST, "改用现行规程的理由")
    if not why:
        raise IllegalStep("改用现行规程须写明理由。未作任何更改。")
    frozen = thaw(row.frozen["pack"])
    if frozen.version == today.version:
        raise IllegalStep(f"事件所依的就是现行规程（{today.label}）。未作任何更改。")
    said = differences(conn, row, today, versions)
    answer = today.who([Trigger(one) for one in row.triggers], row.level, care=row.care)
    told = round_of(conn, letterhead, row, answer.recipients, now)
    _keep(conn, row, today, answer, told, now)
    cited = "、".join(dict.fromkeys(article for one in answer.recipients for article in one.articles))
    words = "；".join(f"{one.what}：{one.then or NONE} 改为 {one.now or NONE}" for one in said) or "决定没有不同"
    log(
        conn, incident_id, now, EntryKind.PERSON, f"改用现行规程 {today.label}（原依 {frozen.label}）",
        f"{why}\n{words}", actor=actor.name, article=cited,
    )  # fmt: skip
    fresh = incident_of(conn, incident_id)
    if changed := reset(conn, fresh, today, now):
        log(conn, incident_id, now, EntryKind.MACHINE, "时限按现行规程重算", "；".join(changed))
    new = not_yet_told(conn, incident_id, answer.recipients, told)
    if new.addressees or new.vacant:
        tell(conn, letterhead, fresh, new, NoticeKind.FIRST, f"renewal:{today.version[:12]}", now)
    begin_demanded(conn, letterhead, fresh, now)
    detail = {"before": frozen.label, "after": today.label, "version": today.version, "why": why}
    write_down(conn, row, actor, "renew", now, **detail)


def _keep(conn: Connection, row: Row[Any], today: Pack, answer: Answer, told: Round, now: datetime) -> None:
    """Freeze the new decision, and put the old one beside it."""
    old = {key: row.frozen[key] for key in DECIDED if key in row.frozen} | {"until": now.isoformat()}
    frozen = {key: value for key, value in row.frozen.items() if key != "duties_decided"} | {
        "pack": today.freeze(),
        "recipients": told.frozen(),
        "duties": [duty.model_dump(mode="json") for duty in answer.duties],
        "deadline": answer.deadline.model_dump(mode="json"),
        "decided": {"level": row.level, "triggers": list(row.triggers), "at": now.isoformat()},
        "before": [*row.frozen.get("before", []), old],
    }
    conn.execute(update(incidents).where(incidents.c.id == row.id).values(frozen=frozen, renewed_at=now))
