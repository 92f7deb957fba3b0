"""Playing: scenarios through the whole chain, plainly and without what each of them alone taught.

`plain`: every scenario with the product's rulebook and its own border of opening. `apart`: every scenario with the
rulebook that `support` leaves, and with the border that does best on all the other scenarios. Engines are trained on no
scenario, so nothing of theirs is left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context

from deploy.evaluation.case import Case
from deploy.evaluation.support import Support, occurring, terms_of, without
from deploy.evaluation.tally import Tally, tally
from deploy.rehearsal import House, rehearse
from deploy.role import end_with
from stream.border import OPEN_AT
from stream.rules import Rulebook

GRID = (0.8, 0.9, 1.0, 1.15, 1.3)
"""Borders of opening that are tried, times the product's."""
PROCESSES = 2
Step = Callable[[], None]
Asked = tuple[Case, float, Rulebook | None]
"""A playing: the scenario, the border of opening, and the rulebook unless it is the product's own."""


@dataclass(frozen=True, slots=True)
class Fold:
    """How one scenario was judged apart: terms left out, rules that fell with them, the border that was chosen."""

    scenario: str
    terms: tuple[str, ...]
    rules: tuple[str, ...]
    open_at: float


@dataclass(frozen=True, slots=True)
class Played:
    """The tallies in the order of the scenarios; `apart` and `folds` are empty where none was asked for."""

    plain: tuple[Tally, ...]
    apart: tuple[Tally, ...] = ()
    folds: tuple[Fold, ...] = ()


def plays(cases: int, cross_validate: bool) -> int:
    """How many times a scenario is played."""
    return cases * (len(GRID) + 1) if cross_validate else cases


def play(
    cases: Sequence[Case], house: House, corpus: Sequence[str], step: Step, *, cross_validate: bool = False
) -> Played:
    """Play all. `corpus`: texts of the training corpus; `step` is called after each playing."""
    grid = GRID if cross_validate else (1.0,)
    with ProcessPoolExecutor(PROCESSES, get_context("fork"), _take_place, (house, os.getpid())) as pool:
        found = _all(pool, [(case, OPEN_AT * scale, None) for scale in grid for case in cases], step)
        by_scale = {scale: found[at * len(cases) : (at + 1) * len(cases)] for at, scale in enumerate(grid)}
        plain = tuple(by_scale[1.0])
        if not cross_validate:
            return Played(plain)
        support = _support(cases, house, corpus)
        folds = [_fold(number, case, house, support, by_scale) for number, case in enumerate(cases)]
        books = [without(house.rulebook, fold.terms) for fold in folds]
        apart = [(case, fold.open_at, book) for case, fold, book in zip(cases, folds, books, strict=True)]
        return Played(plain, tuple(_all(pool, apart, step)), tuple(folds))


def chosen(number: int, by_scale: Mapping[float, Sequence[Tally]]) -> float:
    """The scale of the border that does best on all scenarios but this one; on a tie the nearest to the product's."""

    def merit(scale: float) -> tuple[int, float, float]:
        others = [one.merit for at, one in enumerate(by_scale[scale]) if at != number]
        return sum(others), -abs(scale - 1), -scale

    return max(by_scale, key=merit)


def _support(cases: Sequence[Case], house: House, corpus: Sequence[str]) -> Support:
    terms = terms_of(house.rulebook)
    by_scenario = {case.scenario.name: occurring(terms, (line.text for line in case.scenario.lines)) for case in cases}
    return Support(by_scenario, occurring(terms, corpus))


def _fold(number: int, case: Case, house: House, support: Support, by_scale: Mapping[float, Sequence[Tally]]) -> Fold:
    terms = support.only_in(case.scenario.name)
    left = {rule.id for rule in without(house.rulebook, terms).rules}
    gone = tuple(rule.id for rule in house.rulebook.rules if rule.id not in left)
    return Fold(case.scenario.name, tuple(sorted(terms)), gone, OPEN_AT * chosen(number, by_scale))


_HOUSE: list[House] = []
"""What judges in this process; rulebook and border come with each playing."""


def _take_place(house: House, parent: int) -> None:
    end_with(parent)
    house.engine.score(["好"])
    _HOUSE[:] = [house]


def _all(pool: ProcessPoolExecutor, asked: Sequence[Asked], step: Step) -> list[Tally]:
    futures = [pool.submit(_one, *one) for one in asked]
    for _ in as_completed(futures):
        step()
    return [future.result() for future in futures]


def _one(case: Case, open_at: float, book: Rulebook | None) -> Tally:
    house = replace(_HOUSE[0], open_at=open_at, rulebook=book or _HOUSE[0].rulebook)
    return tally(case, rehearse(case.scenario, house).opened)
