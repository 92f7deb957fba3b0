"""Replay 复盘推演: the routing decision rebuilt from what the incident froze, and where it would differ today.

Nothing is written and nobody is told. The decision is rebuilt by today's program from the frozen pack, triggers and
level, so a difference to what was frozen would be a fault of the program or a change of the record, and is said first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation.incident import LEVELS, incidents
from escalation.people import Person, Role, holders
from escalation.procedure import Answer, Pack, Recipient, Trigger, thaw

VERSIONS = {"program": "程序版本", "engine": "情感引擎", "rules": "研判规则版本"}
NOBODY = "无可联系人员（改发值班台）"
UNKNOWN = "未记录"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that would be otherwise today, in Chinese."""

    what: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class Line:
    """One office of the rebuilt decision: by which articles, and who was told for it then."""

    office: str
    basis: str
    person: str


@dataclass(frozen=True, slots=True)
class Today:
    """What holds now: the school's pack, the versions of the program, and who holds a role (reachable, asked first)."""

    pack: Pack
    versions: Mapping[str, Any]
    holder: Callable[[str], Person | None]


@dataclass(frozen=True, slots=True)
class Replay:
    """A decision rebuilt. `faults`: where it does not match what was frozen; `since`: what the incident became."""

    number: str
    title: str
    opened_at: datetime
    level: int
    triggers: tuple[Trigger, ...]
    pack: str
    by_hand: str
    trial: bool
    deadline: str
    lines: tuple[Line, ...]
    duties: tuple[str, ...]
    faults: tuple[str, ...]
    today: tuple[Difference, ...]
    since: tuple[str, ...]


class NotRebuilt(Exception):
    """There is no such incident, or what it froze cannot be read; the message says why."""


def replay(conn: Connection, school: str, number: str, pack: Pack, versions: Mapping[str, Any]) -> Replay:
    """Rebuild the decision of an incident by its number. Reads only. Raises NotRebuilt."""
    row = conn.execute(select(incidents).where(incidents.c.school == school, incidents.c.number == number)).first()
    if row is None:
        raise NotRebuilt(f"没有事件 {number}；请核对编号，例如 FX-2026-0001。")

    def holder(role: str) -> Person | None:
        found = holders(conn, school, role, unit=row.unit, account_id=row.account_id)
        return next((one for one in found if one.reachable), None)

    return rebuild(row, Today(pack, versions, holder))


def rebuild(row: Row[Any], today: Today) -> Replay:
    """The decision of an incident's row, and how it would be today. Pure but for `today.holder`. Raises NotRebuilt."""
    frozen = row.frozen
    try:
        pack = thaw(frozen["pack"])
        triggers = _triggers(row, frozen)
        level = _level(row, frozen)
        then = pack.who(triggers, level, care=row.care)
    except (KeyError, ValueError) as error:
        raise NotRebuilt(
            f"{row.number} 所存的规程读不了（{type(error).__name__}），无法重建；请联系系统管理员。"
        ) from None
    told = frozen.get("recipients", [])
    return Replay(
        number=row.number, title=row.title, opened_at=row.opened_at, level=level, triggers=triggers,
        pack=f"{pack.school}（{pack.label}）", by_hand=frozen.get("by_hand", ""), trial=row.trial,
        deadline=then.deadline.shown,
        lines=tuple(Line("／".join(one.names), one.basis, _names(one, told)) for one in then.recipients),
        duties=tuple(dict.fromkeys(f"{duty.what}（{duty.cited}）" for duty in then.duties)),
        faults=tuple(_faults(then, frozen, told)),
        today=tuple(decision_differences(row, pack, told, today, then.triggers, level)),
        since=tuple(_since(row, pack, triggers, level)),
    )  # fmt: skip


def _level(row: Row[Any], frozen: Mapping[str, Any]) -> int:
    """At which level it was decided: the machine's, unless a person had it decided anew since."""
    return int(frozen.get("decided", {}).get("level", row.level_by_machine))


def _triggers(row: Row[Any], frozen: Mapping[str, Any]) -> tuple[Trigger, ...]:
    """With which triggers it was opened: those that came later have no ground among the persons named then."""
    asked = {ground["trigger"] for one in frozen.get("recipients", []) for ground in one["grounds"]}
    return tuple(Trigger(one) for one in row.triggers if one in asked) or tuple(Trigger(one) for one in row.triggers)


def _grounds(recipients: Sequence[Recipient]) -> set[tuple[str, str, str]]:
    return {(g.trigger.value, g.office, g.cited) for one in recipients for g in one.grounds}


def _frozen_grounds(told: Sequence[Mapping[str, Any]]) -> set[tuple[str, str, str]]:
    return {(g["trigger"], g["office"], g["cited"]) for one in told for g in one["grounds"]}


def _names(recipient: Recipient, told: Sequence[Mapping[str, Any]]) -> str:
    return "、".join(dict.fromkeys(one["name"] for one in _told_for(recipient, told))) or "无"


def _told_for(recipient: Recipient, told: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    wanted = _grounds([recipient])
    return [one for one in told if _frozen_grounds([one]) & wanted]


def _faults(then: Answer, frozen: Mapping[str, Any], told: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rebuilt, kept = _grounds(then.recipients), _frozen_grounds(told)
    for _, office, cited in sorted(rebuilt - kept):
        yield f"重建的结果通知“{office}”（{cited or '系统默认'}），所存的决定中没有"
    for _, office, cited in sorted(kept - rebuilt):
        yield f"所存的决定通知“{office}”（{cited or '系统默认'}），重建的结果中没有"
    if frozen.get("deadline") != then.deadline.model_dump(mode="json"):
        yield f"所存的期限与重建的期限“{then.deadline.shown}”不同"
    if frozen.get("duties_decided", frozen.get("duties")) != [duty.model_dump(mode="json") for duty in then.duties]:
        yield "所存的其他要求与重建的不同"


def decision_differences(
    row: Row[Any], pack: Pack, told: Sequence[Mapping[str, Any]], today: Today, triggers: Sequence[Trigger], level: int
) -> Iterator[Difference]:
    """Where a decision by this frozen pack (`told`: the persons frozen with it) would be otherwise today."""
    then, now = (one.who(triggers, level, care=row.care) for one in (pack, today.pack))
    if pack.version != today.pack.version:
        yield Difference("规程包", pack.label, today.pack.label)
    before, after = ({one.role: one for one in answer.recipients} for answer in (then, now))
    for role in dict.fromkeys((*before, *after)):
        old, new = before.get(role), after.get(role)
        if old is not None and new is None:
            yield Difference(f"“{old.office}”", "通知", "不通知")
        elif old is None and new is not None:
            yield Difference(f"“{new.office}”", "不通知", "通知")
        elif old is not None and new is not None and old.basis != new.basis:
            yield Difference(f"“{old.office}”的依据", old.basis, new.basis)
    if then.deadline.shown != now.deadline.shown:
        yield Difference("期限", then.deadline.shown, now.deadline.shown)
    yield from _persons(now, told, today)
    known = row.frozen.get("versions", {})
    for key, words in VERSIONS.items():
        old_version, new_version = str(known.get(key) or UNKNOWN), str(today.versions.get(key) or UNKNOWN)
        if old_version != new_version:
            yield Difference(words, old_version, new_version)


def _persons(now: Answer, told: Sequence[Mapping[str, Any]], today: Today) -> Iterator[Difference]:
    for one in now.recipients:
        theirs = _told_for(one, told)
        if not theirs:
            continue
        holder = today.holder(one.role)
        acted = [each for each in theirs if each.get("acts_for")]
        stood_in = any(each["role"] == Role.MONITOR for each in acted)
        names = "、".join(dict.fromkeys(each["name"] for each in theirs))
        names += "（值班台代收）" if stood_in else "（代理）" if acted else ""
        if holder is not None and not stood_in and any(holder.name in each["acts_for"] for each in acted):
            continue  # a substitute was told for the same holder, who was away
        if holder is None and not stood_in:
            yield Difference(f"“{one.office}”的人员", names, NOBODY)
        elif holder is not None and (stood_in or holder.id not in {each["person"] for each in theirs}):
            yield Difference(f"“{one.office}”的人员", names, holder.name)


def _since(row: Row[Any], pack: Pack, triggers: Sequence[Trigger], level: int) -> Iterator[str]:
    """What became of the matter after the decision, and whom the frozen procedure names for that."""
    for old in row.frozen.get("before", []):
        yield f"此前依据规程 {thaw(old['pack']).label}，经人工改用 {pack.label}"
    if row.concerned:
        yield f"涉事单位由人工写明为“{row.concerned}”（账号主办单位“{row.unit}”），不改变当时的决定"
    if row.level != level:
        yield f"级别由 {LEVELS[level]}级改为 {LEVELS[row.level]}级"
    later = [Trigger(one) for one in row.triggers if Trigger(one) not in triggers]
    if later or row.level != level:
        answer = pack.who([Trigger(one) for one in row.triggers], row.level, care=row.care)
        yield "按所存规程现应通知：" + "、".join(one.office for one in answer.recipients)
