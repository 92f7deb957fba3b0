"""Danger 险情: the kinds of danger that rules name, and which kinds under one post are two matters.

A rule for a danger of level Ⅰ or Ⅱ names its `kind`; every hit carries its kinds on the wire. An incident keeps the
kinds its people were told of, so a further kind is told and a known one is not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Danger:
    """A kind of danger. `words`: for a reader. `matter`: kinds of two different matters under one post are two.

    An empty `matter` may be a side of any other (somebody falls because of a fire, or of a beating): under one post it
    is told and opens nothing. `hurts`: blood and an ambulance are what it looks like, no further danger. `outcome`:
    only that somebody is hurt, whatever did it.
    """

    words: str
    matter: str = ""
    hurts: bool = False
    outcome: bool = False


DANGERS: Mapping[str, Danger] = {
    "fire": Danger("火情、触电", "accident", hurts=True),
    "blast": Danger("爆炸、泄漏", "accident", hurts=True),
    "structure": Danger("坠物、坍塌", "accident", hurts=True),
    "mishap": Danger("机械、交通等伤害事故", hurts=True),
    "trapped": Danger("人员被困"),
    "violence": Danger("打人、持刀、拘禁", "harm", hurts=True),
    "sexual": Danger("猥亵、偷拍、尾随", "harm"),
    "fall": Danger("坠楼", hurts=True),
    "missing": Danger("人员失联"),
    "emergency": Danger("有人倒地、昏迷", hurts=True),
    "injury": Danger("有人受伤", hurts=True, outcome=True),
    "poisoning": Danger("疑似食物中毒", "poisoning"),
    "leak": Danger("个人信息外泄", "leak"),
    "self_harm": Danger("疑似自伤、轻生", "self_harm"),
}
OUTCOMES = frozenset(kind for kind, danger in DANGERS.items() if danger.outcome)
GRAVE_FROM = 2
"""The mildest level of a danger."""


def words(kind: str) -> str:
    """The Chinese name of a kind; the kind itself where a later program wrote it."""
    return DANGERS[kind].words if kind in DANGERS else kind


def matters(kinds: Collection[str]) -> frozenset[str]:
    """Which matters these kinds are of; a kind that we do not know is one of its own."""
    found = (DANGERS[kind].matter if kind in DANGERS else kind for kind in kinds)
    return frozenset(one for one in found if one)


def are_two(said: Collection[str], known: Collection[str]) -> bool:
    """Whether what is said and what is known, under one post or at one named place, are two matters."""
    here, there = matters(said), matters(known)
    return bool(here and there) and not set(said) & set(known) and not here & there


def fresh(said: Collection[str], known: Collection[str]) -> tuple[str, ...]:
    """The kinds of `said` that are news to whoever was told of `known`, in order.

    That somebody is hurt is none where a danger that hurts is known.
    """
    hurts = any(DANGERS[kind].hurts for kind in known if kind in DANGERS)
    return tuple(kind for kind in dict.fromkeys(said) if kind not in known and not (hurts and kind in OUTCOMES))
