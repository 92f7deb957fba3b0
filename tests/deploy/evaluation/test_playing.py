"""Scenarios through the chain in processes, and the choice of the border on the other scenarios."""

from __future__ import annotations

from pathlib import Path

from deploy.evaluation.case import files, read
from deploy.evaluation.playing import GRID, chosen, play, plays
from deploy.evaluation.tally import Tally
from deploy.rehearsal import House
from escalation.procedure import load as load_pack
from stream import rules
from stream.border import OPEN_AT
from tests.bench.weightless import Weightless
from tests.deploy.evaluation.small import line, wanted, write


def one(name: str, **counts: int) -> Tally:
    return Tally(name, "incident", counts)


def test_the_border_is_chosen_without_the_scenario_that_is_judged() -> None:
    by_scale = {
        1.0: [one("a", found=1), one("b"), one("c")],
        0.8: [one("a", stray=5), one("b", found=1), one("c", found=1)],
    }
    assert chosen(0, by_scale) == 0.8, "what happens in a itself plays no part"
    assert chosen(1, by_scale) == 1.0


def test_on_a_tie_the_border_stays_the_products() -> None:
    same = [one("a", found=1), one("b", found=1)]
    assert chosen(0, dict.fromkeys(GRID, same)) == 1.0


def test_words_that_stand_in_one_scenario_only_are_left_out_when_it_is_judged(tmp_path: Path) -> None:
    told = "晚饭在三号窗口吃的，同桌也一直上吐下泻，在医院挂水"
    lines = [line("p", "p", "今日菜单", 0), line("c1", "p", "好看", 1), line("c2", "p", told, 2)]
    write(tmp_path, "sick", lines, {"expect": "incident"} | wanted(first="c2", latest="c2"))
    write(tmp_path, "calm", [*lines[:2], line("c2", "p", "路过", 2)], {"expect": "quiet"})
    house = House(Weightless(), rules.load(), load_pack("neutral"))
    cases = list(read(files(tmp_path)))
    steps: list[None] = []
    alone = play(cases, house, [], lambda: steps.append(None), cross_validate=True)
    assert len(steps) == plays(2, True) == 2 * (len(GRID) + 1)
    assert [(t.scenario, t.of("found"), t.of("quiet_alarms")) for t in alone.plain] == [("calm", 0, 0), ("sick", 1, 0)]
    assert alone.apart[1].of("found") == 0, "nobody but this scenario knows these words"
    assert {"上吐下泻", "同桌也"} <= set(alone.folds[1].terms)
    assert alone.folds[1].open_at == OPEN_AT
    supported = play(cases, house, [told], lambda: None, cross_validate=True)
    assert supported.apart[1].of("found") == 1, "the corpus knows them, too"
    assert supported.folds[1].terms == ()
    assert play(cases, house, [], lambda: None).apart == ()
