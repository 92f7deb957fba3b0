"""Who is told of a trigger, as `fengxin policy who` gives it: the answer, its receipts, the table of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from deploy.policy.clause import Clause, clauses
from deploy.policy.words import TRIGGERS, find_trigger
from escalation.circumstance import WORDS as SIGNED
from escalation.procedure import Answer, Deadline, Level, Pack, Recipient, Source, Trigger, say_span

_NUMERALS = {"Ⅰ": 1, "Ⅱ": 2, "Ⅲ": 3, "Ⅳ": 4, "一": 1, "二": 2, "三": 3, "四": 4}


class UnknownWord(ValueError):
    """A trigger or level that the pack has not; `str()` is a Chinese sentence with the choices."""


@dataclass(frozen=True, slots=True)
class Row:
    """One trigger in the table of a pack. `by_default` holds, per office told by default, the levels at which it is.
    `deadlines` holds the clauses' with an empty mark, or our own with the mark of each level."""

    trigger: Trigger
    answer: Answer
    clauses: tuple[Clause, ...]
    deadlines: tuple[tuple[str, Deadline], ...]
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
        for one in answer.recipients if signed(triggers)
    ]  # fmt: skip
    by = deadline(pack, answer, level)
    return {"code": pack.code, **answer.as_json(), "deadline": {**by.model_dump(mode="json"), "note": by.note},
            "level_name": level.name, "receipts": receipts,
            "deadlines": [one.model_dump(mode="json") for one in answer.deadlines]}  # fmt: skip


def signed(triggers: Iterable[Trigger]) -> bool:
    """Whether a notice that must be signed goes out under any of these: only what brings an incident about has one.

    A consultation is a list with a clock of its own, and the register's triggers have no procedure yet.
    """
    return not SIGNED.keys().isdisjoint(triggers)


def deadline(pack: Pack, answer: Answer, level: Level) -> Deadline:
    """By when: the clause's own words; 校规未规定 where the school's document does not say.

    Only a pack without any document (neutral) has our own figure here, labelled: its notice is to be signed within the
    level's time. Nothing of ours ever stands where a school's document could have said something and did not; there
    it stands with the receipts.
    """
    if pack.article or not answer.recipients or not signed(answer.triggers):
        return answer.deadline
    words = f"{say_span(level.sign.after)}内签收"
    return Deadline(value=level.sign.after, words=words, source=level.sign.source, anchor="通知发出")


def rows(pack: Pack) -> tuple[Row, ...]:
    """The table of a pack: every trigger, in the order of the vocabulary."""
    return tuple(_row(pack, trigger) for trigger in Trigger)


def _row(pack: Pack, trigger: Trigger) -> Row:
    levels = sorted(pack.level, key=lambda one: one.number)
    told: dict[str, tuple[Recipient, list[Level]]] = {}
    for level in levels:
        for one in pack.who([trigger], level.number).also_told:
            told.setdefault(one.role, (one, []))[1].append(level)
    answer = pack.who([trigger], levels[0].number)
    ours = [(level.mark, deadline(pack, answer, level)) for level in levels]
    return Row(
        trigger,
        answer,
        clauses(pack, [trigger]),
        tuple(("", one) for one in answer.deadlines)
        or tuple((mark, one) for mark, one in ours if one.source is Source.DEFAULT),
        tuple((one, tuple(at)) for one, at in told.values()),
    )
