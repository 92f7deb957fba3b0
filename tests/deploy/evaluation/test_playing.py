"""Scenarios through the chain in processes, and the choice of the border on the other scenarios."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploy.evaluation.case import Case, files, read
from deploy.evaluation.playing import GRID, chosen, play, plays, said_in
from deploy.evaluation.support import Said
from deploy.evaluation.tally import Tally
from deploy.rehearsal import House, rehearse
from escalation.procedure import load as load_pack
from stream import rules
from stream.border import OPEN_AT
from stream.rules import Slot
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


TOLD = "晚饭在三号窗口吃的，同桌也一直上吐下泻，在医院挂水"


def house() -> House:
    return House(Weightless(), rules.load(), load_pack("neutral"))


def two(folder: Path) -> list[Case]:
    """A scenario in which somebody falls ill, and a quiet one."""
    lines = [line("p", "p", "今日菜单", 0), line("c1", "p", "好看", 1), line("c2", "p", TOLD, 2)]
    write(folder, "sick", lines, {"expect": "incident"} | wanted(first="c2", latest="c2"))
    write(folder, "calm", [*lines[:2], line("c2", "p", "路过", 2)], {"expect": "quiet"})
    return list(read(files(folder)))


def test_a_scenario_is_judged_by_what_is_known_elsewhere(tmp_path: Path) -> None:
    cases = two(tmp_path)
    steps: list[None] = []
    alone = play(cases, house(), [], lambda: steps.append(None), cross_validate=True)
    assert len(steps) == plays(2, True) == 2 * (len(GRID) + 1)
    assert [(t.scenario, t.of("found"), t.of("quiet_alarms")) for t in alone.plain] == [("calm", 0, 0), ("sick", 1, 0)]
    assert alone.apart[1].of("found") == 0, "nobody but this scenario knows these words"
    sick = alone.folds[1]
    assert {"上吐下泻", "同桌也"} <= set(sick.terms)
    assert sick.rules
    assert {rule for rule, _ in sick.anchors} >= set(sick.rules)
    assert sick.open_at == OPEN_AT
    supported = play(cases, house(), [Said(Slot.COMMENT, TOLD, True)], lambda: None, cross_validate=True)
    assert supported.apart[1].of("found") == 1, "the corpus knows them, too"
    assert (supported.folds[1].terms, supported.folds[1].anchors, supported.folds[1].rules) == ((), (), ())
    assert play(cases, house(), [], lambda: None, cross_validate=False).apart == ()


def test_words_that_stand_elsewhere_in_a_text_of_no_concern_speak_for_no_rule(tmp_path: Path) -> None:
    heard = play(two(tmp_path), house(), [Said(Slot.COMMENT, TOLD, False)], lambda: None, cross_validate=True)
    assert heard.apart[1].of("found") == 0
    assert heard.folds[1].terms == ()
    assert heard.folds[1].rules


def test_what_opens_is_the_same_where_nobody_is_told(tmp_path: Path) -> None:
    sick = two(tmp_path)[1].scenario
    loud, still = (rehearse(sick, replace(house(), tells=tells)) for tells in (True, False))
    assert [one.as_row("sick") for one in still.opened] == [one.as_row("sick") for one in loud.opened] != []
    assert loud.told


def test_a_line_meets_the_rules_as_the_chain_reads_it(tmp_path: Path) -> None:
    lines = [line("p", "p", "今日菜单", 0), line("c1", "p", "好看", 1)]
    answer = line("a1", "p", "感谢关注", 2) | {"author": "school"}
    write(tmp_path, "one", [*lines, answer], {"expect": "watch"})
    (case,) = read(files(tmp_path))
    assert [(one.slot, one.telling) for one in said_in(case)] == [
        (Slot.OWN_POST, True), (Slot.COMMENT, True), (None, True),
    ]  # fmt: skip
    assert {one.telling for one in said_in(replace(case, expect="quiet"))} == {False}
