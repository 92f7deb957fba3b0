"""Playing: scenarios through the whole chain, plainly and with what was chosen without the scenario that is judged.

`plain`: every scenario with the product's rules and its own border of opening. `apart`: every scenario with what
`support` leaves of rules, word lists and frames, and with the border that does best on all the other scenarios. Engines
are trained on no scenario, so nothing of theirs is left out. Nobody is told: what opens is all that is asked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context

from deploy.evaluation.case import Case
from deploy.evaluation.support import Anchor, Known, Said, Support, Written, known, only
from deploy.evaluation.tally import Tally, tally
from deploy.rehearsal import House, post_of, reader_of, rehearse
from deploy.role import end_with
from stream.border import OPEN_AT
from stream.frame import frames
from stream.rules import slot_of

GRID = (0.8, 0.9, 1.0, 1.15, 1.3)
"""Borders of opening that are tried, times the product's."""
PROCESSES = 2
Step = Callable[[], None]
Asked = tuple[Case, float, Written | None]
"""A playing: the scenario, the border of opening, and what is written unless it is the product's own."""


@dataclass(frozen=True, slots=True)
class Fold:
    """How one scenario was judged apart.

    `terms`: words that stand in it and nowhere else; `anchors`: those by which a rule held in it and rightly nowhere
    else; `rules`: those that held in it and were left without an anchor; `open_at`: the border that was chosen.
    """

    scenario: str
    terms: tuple[str, ...]
    anchors: tuple[Anchor, ...]
    rules: tuple[str, ...]
    open_at: float


@dataclass(frozen=True, slots=True)
class Played:
    """The tallies in the order of the scenarios; `apart` and `folds` are empty where none was asked for."""

    plain: tuple[Tally, ...]
    apart: tuple[Tally, ...] = ()
    folds: tuple[Fold, ...] = ()


def plays(cases: int, cross_validate: bool) -> int:
    """How many times a scenario is played, or need not be."""
    return cases * (len(GRID) + 1) if cross_validate else cases


def play(cases: Sequence[Case], house: House, corpus: Sequence[Said], step: Step, *, cross_validate: bool) -> Played:
    """Play all. `corpus`: texts of the training corpus; `step` is called after each playing."""
    with ProcessPoolExecutor(PROCESSES, get_context("fork"), _take_place, (house, os.getpid())) as pool:
        if not cross_validate:
            return Played(tuple(_all(pool, [(case, OPEN_AT, None) for case in cases], step)))
        support = _support(pool, cases, corpus)
        by_scale = _grid(pool, cases, step)
        written = _written(house)
        left = [only(written, support.elsewhere(number)) for number in range(len(cases))]
        folds = [_fold(number, case, support, left[number], by_scale) for number, case in enumerate(cases)]
        apart = [(case, fold.open_at, one) for case, fold, one in zip(cases, folds, left, strict=True)]
        return Played(tuple(by_scale[1.0]), tuple(_all(pool, apart, step)), tuple(folds))


def _grid(pool: ProcessPoolExecutor, cases: Sequence[Case], step: Step) -> dict[float, list[Tally]]:
    """Every scenario at every border; what opens nothing at the lowest opens nothing at any."""
    least, *others = GRID
    found = _all(pool, [(case, OPEN_AT * least, None) for case in cases], step)
    opened = [number for number, one in enumerate(found) if one.of("opened")]
    asked = [(cases[number], OPEN_AT * scale, None) for scale in others for number in opened]
    for _ in range(len(others) * (len(cases) - len(opened))):
        step()
    again = iter(_all(pool, asked, step))
    by_scale = {least: found}
    for scale in others:
        by_scale[scale] = list(found)
        for number in opened:
            by_scale[scale][number] = next(again)
    return by_scale


def chosen(number: int, by_scale: Mapping[float, Sequence[Tally]]) -> float:
    """The scale of the border that does best on all scenarios but this one; on a tie the nearest to the product's."""

    def merit(scale: float) -> tuple[int, float, float]:
        others = [one.merit for at, one in enumerate(by_scale[scale]) if at != number]
        return sum(others), -abs(scale - 1), -scale

    return max(by_scale, key=merit)


def _support(pool: ProcessPoolExecutor, cases: Sequence[Case], corpus: Sequence[Said]) -> Support:
    """What every scenario and the corpus know; read in the processes that play."""
    of_corpus = pool.submit(_known, corpus, ())
    of_cases = [pool.submit(_known, said_in(case), case.scenario.college.names) for case in cases]
    return Support(tuple(future.result() for future in of_cases), of_corpus.result())


def said_in(case: Case) -> list[Said]:
    """The lines of a scenario as rules meet them."""
    telling = case.expect != "quiet"
    posts = (post_of(case.scenario, line) for line in case.scenario.lines)
    return [Said(slot_of(post), post.text, telling) for post in posts]


def _fold(number: int, case: Case, support: Support, left: Written, by_scale: Mapping[float, Sequence[Tally]]) -> Fold:
    here, elsewhere = support.scenarios[number], support.elsewhere(number)
    stand = {rule.id for rule in left.book.rules}
    return Fold(
        case.scenario.name,
        tuple(sorted(here.terms - elsewhere.terms)),
        tuple(sorted(here.held - elsewhere.anchors)),
        tuple(sorted({rule for rule, _ in here.held} - stand)),
        OPEN_AT * chosen(number, by_scale),
    )


_HOUSE: list[House] = []
"""What judges in this process; rulebook and border come with each playing."""


def _take_place(house: House, parent: int) -> None:
    end_with(parent)
    house.engine.score(["好"])
    _HOUSE[:] = [replace(house, tells=False)]


def _all(pool: ProcessPoolExecutor, asked: Sequence[Asked], step: Step) -> list[Tally]:
    futures = [pool.submit(_one, *one) for one in asked]
    for _ in as_completed(futures):
        step()
    return [future.result() for future in futures]


def _one(case: Case, open_at: float, written: Written | None) -> Tally:
    house = replace(_HOUSE[0], open_at=open_at)
    if written is not None:
        house = replace(house, rulebook=written.book, frames=written.frames)
    return tally(case, rehearse(case.scenario, house).opened)


def _known(said: Sequence[Said], names: tuple[str, ...]) -> Known:
    house = _HOUSE[0]
    return known(_written(house), reader_of(house.rulebook, names), said)


def _written(house: House) -> Written:
    return Written(house.rulebook, frames() if house.frames is None else house.frames)
