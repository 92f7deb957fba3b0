"""Tally 计分: the incidents that a scenario opened against those it asks for, and the figures over all scenarios.

An incident belongs to the wanted one that holds most of its lines. One that was opened before the first signal is a
false alarm even on the right thread. Intervals are over whole scenarios.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from deploy.evaluation.case import Case, Wanted
from deploy.evaluation.sheet import Figure
from sentiment.evaluation import median, ratio

LOWEST = 4
"""The mildest level; one such incident is no over-reaction in a scenario to be watched."""
FOREIGN = 0.25
"""Share of lines of another matter, above which two matters have been merged."""


class Opening(Protocol):
    """What is known of an incident that was opened."""

    @property
    def level(self) -> int: ...
    @property
    def opened_at_id(self) -> str: ...
    @property
    def threads(self) -> tuple[str, ...]: ...
    @property
    def members(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Delay:
    """From the first signal to the opening."""

    lines: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What one scenario adds to the figures; a name that is not counted is 0."""

    scenario: str
    expect: str
    counts: Mapping[str, int]
    delays: tuple[Delay, ...] = ()

    def of(self, name: str) -> int:
        """How often."""
        return self.counts.get(name, 0)

    @property
    def merit(self) -> int:
        """Wanted incidents found in time, less everything that should not have been. For choosing between settings."""
        return self.of("found") - sum(self.of(name) for name in FAULTS)


FAULTS = ("quiet_alarms", "forbidden", "stray", "premature", "split", "merged", "watch_over")
"""What should not have been, incident by incident."""


def tally(case: Case, opened: Sequence[Opening]) -> Tally:
    """Count one scenario."""
    counts: Counter[str] = Counter({"lines": len(case.scenario.lines), "opened": len(opened), case.expect: 1})
    delays: list[Delay] = []
    if case.expect == "quiet":
        counts["quiet_alarms"], counts["quiet_rung"] = len(opened), int(bool(opened))
    elif case.expect == "watch":
        mild = len(opened) == 1 and opened[0].level == LOWEST
        counts["watch_lowest"], counts["watch_over"] = int(mild), int(bool(opened) and not mild)
    else:
        held: dict[int, list[Opening]] = {}
        for one in opened:
            place = _placed(case, one, counts)
            if place is not None:
                held.setdefault(place, []).append(one)
        for number, wanted in enumerate(case.wanted):
            delays += _found(case, wanted, held.get(number, []), counts)
    return Tally(case.scenario.name, case.expect, dict(+counts), tuple(delays))


def _placed(case: Case, one: Opening, counts: Counter[str]) -> int | None:
    """The wanted incident that this one is, by its place; None where it is a false alarm, which is counted."""
    parts = Counter(case.thread_of[line] for line in one.members) or Counter(one.threads)
    held = [sum(parts[thread] for thread in wanted.threads) for wanted in case.wanted]
    forbidden = sum(parts[thread] for thread in case.not_incident)
    best = max(range(len(held)), key=lambda number: held[number])
    if not held[best]:
        counts["forbidden" if forbidden else "stray"] += 1
        return None
    if case.place[one.opened_at_id] < case.place[case.wanted[best].first_signal]:
        counts["premature"] += 1
        return None
    others = [*held[:best], *held[best + 1 :], forbidden]
    counts["merged"] += max(others) > FOREIGN * parts.total()
    return best


def _found(case: Case, wanted: Wanted, held: Sequence[Opening], counts: Counter[str]) -> list[Delay]:
    """Whether a wanted incident was opened in time, how graded and how late."""
    counts.update(wanted=1, grave=int(wanted.grave), split=max(0, len(held) - 1), never=int(not held))
    if not held:
        return []
    first = min(held, key=lambda one: case.place[one.opened_at_id])
    began, ended = case.place[wanted.first_signal], case.place[first.opened_at_id]
    if ended > case.place[wanted.latest]:
        counts["late"] += 1
        return []
    fits = wanted.level_ceiling <= first.level <= wanted.level_floor
    counts.update(found=1, grave_found=int(wanted.grave), level_fits=int(fits))
    took = case.scenario.lines[ended].at - case.scenario.lines[began].at
    return [Delay(ended - began, took / timedelta(minutes=1))]


RATIOS = (
    ("recall", "应立的事件及时立了", "found", "wanted", "{found}/{wanted}，迟 {late}，未立 {never}"),
    ("grave_recall", "其中一条即须上报的", "grave_found", "grave", "{grave_found}/{grave}"),
    ("level_fits", "级别在允许范围内", "level_fits", "found", "{level_fits}/{found}"),
    ("quiet_alarm", "平静场景中有误报的", "quiet_rung", "quiet", "{quiet_rung}/{quiet}，误立 {quiet_alarms} 件"),
    ("forbidden", "在不该立的帖下立了", "forbidden", "incident", "{forbidden} 件，另有 {stray} 件在未标注的帖下"),
    ("premature", "早于最初迹象就立了", "premature", "incident", "{premature} 件"),
    ("split", "一事立成多件", "split", "wanted", "{split} 件"),
    ("merged", "多事并成一件", "merged", "wanted", "{merged} 件"),
    ("watch_over", "只须留意而反应过度的", "watch_over", "watch", "{watch_over}/{watch}，立为最轻一级 {watch_lowest}"),
)
"""Key, words, what is counted, out of what, and the counts for a reader."""


def figures(tallies: Sequence[Tally]) -> tuple[Figure, ...]:
    """The figures over all scenarios, each with its interval."""
    total: Counter[str] = Counter()
    for one in tallies:
        total.update(one.counts)
    names = {name: total[name] for name in (*COUNTED, *FAULTS)}
    shares = tuple(
        Figure(
            key, words, ratio([t.of(top) for t in tallies], [t.of(bottom) for t in tallies]), 2, note.format(**names)
        )
        for key, words, top, bottom, note in RATIOS
    )
    lines = median([[float(delay.lines) for delay in one.delays] for one in tallies])
    minutes = median([[delay.minutes for delay in one.delays] for one in tallies])
    timely = f"{sum(len(one.delays) for one in tallies)} 件及时的"
    return (
        *shares,
        Figure("delay_lines", "从最初迹象到立事件，中位条数", lines, 1, timely),
        Figure("delay_minutes", "从最初迹象到立事件，中位分钟", minutes, 1, timely),
    )


COUNTED = (
    *("found", "wanted", "late", "never", "grave_found", "grave", "level_fits", "quiet_rung", "quiet"),
    *("incident", "watch", "watch_lowest", "opened", "lines"),
)
