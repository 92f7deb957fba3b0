"""Levels and the ladder: how long a person has, what follows on silence, on which channels. Figures carry a source."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from escalation.procedure.figure import Clock, Strict
from escalation.procedure.words import Act, Channel, Source

LevelNumber = Annotated[int, Field(ge=1, le=4)]


class Level(Strict):
    """One level, 1 the gravest. A level sets clocks and channels; it has no say in who is told by an article.

    `idle`: after a signature that nobody followed up. `follow_up`: between two 情况报告 while the matter is open.
    `report_sign`: by when such a report must be signed; none: it asks no receipt. `final_report`: 终报 before closing.
    """

    number: LevelNumber
    name: str = Field(min_length=1)
    source: Source
    article: str = ""
    channels: tuple[Channel, ...] = Field(min_length=1)
    sign: Clock
    idle: Clock | None = None
    first_report: Clock | None = None
    follow_up: Clock | None = None
    report_sign: Clock | None = None
    final_report: bool = False
    facts: Clock | None = None
    first_answer: Clock | None = None
    watch: Clock
    hold: bool

    @property
    def mark(self) -> str:
        """The numeral that stands for the level on pages: Ⅰ Ⅱ Ⅲ Ⅳ."""
        return "ⅠⅡⅢⅣ"[self.number - 1]


class Step(Strict):
    """What happens to one unsigned notice `clock.after` after it was written. `tell` without role goes up the chain."""

    level: LevelNumber
    act: Act
    clock: Clock
    role: str = ""


class Ladder(Strict):
    """Steps by level, and the chain: whose silence is brought to whom."""

    chain: dict[str, str]
    step: tuple[Step, ...] = Field(min_length=1)

    def steps(self, level: int) -> tuple[Step, ...]:
        """The steps of a level, earliest first; equal times keep the order of the pack.

        A level lighter than the lightest of the ladder has the lightest one's steps: nothing stays without a next step.
        """
        level = min(level, max(one.level for one in self.step))
        return tuple(sorted((one for one in self.step if one.level == level), key=lambda one: one.clock.after))

    def next_role(self, role: str, told: frozenset[str] = frozenset()) -> str | None:
        """The role told when `role` stays silent, skipping roles in `told`; None at the top of the chain."""
        seen, at = {role}, self.chain.get(role)
        while at is not None and at not in seen:
            if at not in told:
                return at
            seen.add(at)
            at = self.chain.get(at)
        return None
