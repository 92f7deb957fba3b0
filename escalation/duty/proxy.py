"""Proxy 代理: who acts for an office now, where its holder is away. Pure over persons and absences.

The first holder who is there and can be reached acts; an absent one whose substitute is there is acted for by that
one, before a holder of lower rank. Where everybody is away and nobody stands in, the first whom anything reaches is
told all the same (the article names them), and it is said that they are away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from escalation.clock_words import moment
from escalation.duty.absence import Absence

if TYPE_CHECKING:
    from escalation.people import Person

Find = Callable[[str], "Person | None"]
INSTEAD = "{name}{word}至 {until}，由代理人代收"
STANDS_IN = "，代"
"""Stands in the words of an office between the office and the name of whoever is away: 后勤处负责人，代罗广平."""
ALONE = "{name}{word}至 {until}，没有代理人，仍发本人，请值班员电话核实"


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts. `absent` is the holder who is away; the same person where nobody stands in."""

    person: Person
    absent: Person | None = None
    why: str = ""

    @property
    def alone(self) -> bool:
        """Whether the person is away and nobody stands in."""
        return self.absent is not None and self.absent.id == self.person.id


def standing_in(office: str, absent: str) -> str:
    """The words of an office for whoever stands in for the absent one of this name."""
    return f"{office}{STANDS_IN}{absent}"


def office_of(words: str) -> str:
    """The office alone, of words that may name whom somebody stands in for."""
    return words.partition(STANDS_IN)[0]


def acting(
    held: Sequence[Person], away: Mapping[str, Absence], find: Find, channels: Collection[str], now: datetime
) -> Acting | None:
    """Who acts for an office of which `held` are the holders, asked first first; None where nothing reaches anybody."""
    for holder in held:
        one = away.get(holder.id)
        if one is None:
            if holder.reachable_by(channels):
                return Acting(holder)
            continue
        substitute = stand_in(holder.id, away, find, channels)
        if substitute is not None:
            return Acting(substitute, holder, _say(INSTEAD, holder, one, now))
    for holder in held:
        if holder.reachable_by(channels):
            return Acting(holder, holder, _say(ALONE, holder, away[holder.id], now))
    return None


def everybody(
    held: Sequence[Person], away: Mapping[str, Absence], find: Find, channels: Collection[str], now: datetime
) -> list[Acting]:
    """Who acts where every holder is to be told, once each: holders who are there, substitutes of those who are away.

    Where nobody is there and nobody stands in, all whom anything reaches are told all the same.
    """
    each = [one for holder in held if (one := acting([holder], away, find, channels, now)) is not None]
    there = [one for one in each if not one.alone] or each
    return list({one.person.id: one for one in reversed(there)}.values())[::-1]


def stand_in(person_id: str, away: Mapping[str, Absence], find: Find, channels: Collection[str]) -> Person | None:
    """The substitute of somebody who is away, or the substitute's own; None where none of them is there."""
    seen = {person_id}
    at = away[person_id].substitute
    while at and at not in seen:
        seen.add(at)
        found = find(at)
        if at not in away:
            return found if found is not None and found.reachable_by(channels) else None
        at = away[at].substitute
    return None


def _say(words: str, holder: Person, one: Absence, now: datetime) -> str:
    return words.format(name=holder.name, word=one.word, until=moment(one.ends_at, now))
