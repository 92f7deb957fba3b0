"""Who is told of a trigger, as `fengxin policy who` gives it: the answer, its receipts, the table of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deploy.policy.clause import Clause, clauses
from deploy.policy.words import TRIGGERS, find_trigger
from escalation.procedure import Answer, Level, Pack, Recipient, Trigger

_NUMERALS = {"Ⅰ": 1, "Ⅱ": 2, "Ⅲ": 3, "Ⅳ": 4, "一": 1, "二": 2, "三": 3, "四": 4}


class UnknownWord(ValueError):
    """A trigger or level that the pack has not; `str()` is a Chinese sentence with the choices."""


@dataclass(frozen=True, slots=True)
class Row:
    """One trigger in the table of a pack. `by_default` holds, per office told by default, the levels at which it is."""

    trigger: Trigger
    answer: Answer
    clauses: tuple[Clause, ...]
    by_default: tuple[tuple[Recipient, tuple[Level, ...]], ...]


def read_triggers(said: list[str]) -> tuple[Trigger, ...]:
    """The triggers by code or Chinese word. Raises UnknownWord with all choices, one a line."""
    found = [(one, find_trigger(one)) for one in said]
    unknown = [one for one, trigger in found if trigger is None]
    if unknown or not said:
        head = (
            f"没有“{'”“'.join(unknown)}”这种情形"
            if unknown
            else "请用 --trigger 写明情形（可写几次），或用 --table 看全部"
        )
        choices = "\n".join(f"  {trigger.value}  {TRIGGERS[trigger]}" for trigger in Trigger)
        raise UnknownWord(f"{head}；英文、中文都可以写，可写：\n{choices}")
    return tuple(trigger for _, trigger in found if trigger is not None)


def read_level(pack: Pack, said: str) -> Level:
    """The level by number or numeral; the gravest where nothing was said. Raises UnknownWord with the choices."""
    plain = said.strip().removesuffix("级")
    number = _NUMERALS.get(plain) or (int(plain) if plain.isdecimal() and plain.isascii() else 0)
    known = sorted(pack.level, key=lambda one: one.number)
    if not plain:
        return known[0]
    for one in known:
        if one.number == number or one.name == said.strip():
            return one
    choices = "、".join(f"{one.number}（{one.mark} {one.name}）" for one in known)
    raise UnknownWord(f"规程包 {pack.code} 没有“{said}”这一级；可写：{choices}")


def as_json(pack: Pack, triggers: tuple[Trigger, ...], level: Level) -> dict[str, Any]:
    """The answer for machines: the keys that the issue names, and beside them code, level name and receipts."""
    answer = pack.who(triggers, level.number)
    receipts = [
        {"role": one.role, "office": one.office, "receipt": "签收", "by_rule": one in answer.named,
         "within": level.sign.model_dump(mode="json"), "label": level.sign.label}
        for one in answer.recipients
    ]  # fmt: skip
    return {"code": pack.code, **answer.as_json(), "level_name": level.name, "receipts": receipts,
            "deadlines": [one.model_dump(mode="json") for one in answer.deadlines]}  # fmt: skip


def rows(pack: Pack) -> tuple[Row, ...]:
    """The table of a pack: every trigger, in the order of the vocabulary."""
    return tuple(_row(pack, trigger) for trigger in Trigger)


def _row(pack: Pack, trigger: Trigger) -> Row:
    levels = sorted(pack.level, key=lambda one: one.number)
    told: dict[str, tuple[Recipient, list[Level]]] = {}
    for level in levels:
        for one in pack.who([trigger], level.number).also_told:
            told.setdefault(one.role, (one, []))[1].append(level)
    return Row(
        trigger,
        pack.who([trigger], levels[0].number),
        clauses(pack, [trigger]),
        tuple((one, tuple(at)) for one, at in told.values()),
    )
