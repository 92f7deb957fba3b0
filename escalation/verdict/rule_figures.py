"""Figures of the rules from the verdicts: how often each was right about what it helped to open. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from escalation.verdict import FalseAlarm, Verdict

Z = 1.96
"""For an interval of 95 %."""
FEWEST, LOW = 5, 0.5
"""From so many verdicts on a rule is to be tightened where even the upper end of its precision is below LOW."""


@dataclass(frozen=True, slots=True)
class Case:
    """One incident that the machine opened: by which rules, and what a person said of it (None: nothing yet)."""

    number: str
    rules: Collection[str]
    verdict: Verdict | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """One rule. `hits`: lines; `incidents`: that it helped to open, of which `confirmed`, `wrong_level` and
    `false_alarms` were judged; `precision` with its interval (Wilson, 95 %) is None before anything was."""

    rule: str
    hits: int
    incidents: int
    confirmed: int
    wrong_level: int
    false_alarms: int
    reasons: Mapping[str, int]

    @property
    def judged(self) -> int:
        """Incidents of which a person said something."""
        return self.confirmed + self.wrong_level + self.false_alarms

    @property
    def precision(self) -> float | None:
        """The share of those that were real; at a wrong level they were real too."""
        return (self.confirmed + self.wrong_level) / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the precision."""
        return wilson(self.confirmed + self.wrong_level, self.judged) if self.judged else None

    @property
    def is_poor(self) -> bool:
        """Whether the verdicts are enough to say that it is more often wrong than right."""
        return self.judged >= FEWEST and self.interval is not None and self.interval[1] < LOW


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share; `of` at least 1."""
    share = right / of
    middle = (share + Z * Z / (2 * of)) / (1 + Z * Z / of)
    half = Z * math.sqrt(share * (1 - share) / of + Z * Z / (4 * of * of)) / (1 + Z * Z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def figures(cases: Iterable[Case], hits: Mapping[str, int]) -> list[RuleFigures]:
    """Every rule that hit a line or helped to open an incident: those that helped most first, then by name.

    A drill says nothing about a rule, nor does a false alarm that was opened again.
    """
    opened: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        for rule in set(case.rules):
            opened[rule].append(case)
    found = [_of(rule, hits.get(rule, 0), opened[rule]) for rule in {*hits, *opened}]
    return sorted(found, key=lambda one: (-one.incidents, -one.hits, one.rule))


def _of(rule: str, hits: int, cases: Sequence[Case]) -> RuleFigures:
    said = Counter(case.verdict for case in cases if case.reason != FalseAlarm.DRILL)
    reasons = Counter(
        case.reason for case in cases if case.verdict is Verdict.FALSE_ALARM and case.reason != FalseAlarm.DRILL
    )
    return RuleFigures(
        rule, hits, len(cases), said[Verdict.CONFIRMED], said[Verdict.WRONG_LEVEL], said[Verdict.FALSE_ALARM],
        dict(reasons.most_common()),
    )  # fmt: skip
