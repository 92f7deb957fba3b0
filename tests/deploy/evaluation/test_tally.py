"""Counting opened incidents against wanted ones, each way to be right or wrong once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.evaluation.case import Case, read
from deploy.evaluation.tally import Tally, figures, tally
from tests.deploy.evaluation.small import Opened, line, wanted, write

LINES = [
    line("p", "p", "食堂开放", 0),
    line("q", "q", "图书馆开放", 1),
    *(line(f"c{no}", "p", f"第 {no} 条", 1 + no) for no in range(1, 6)),
    *(line(f"d{no}", "q", f"另 {no} 条", 10 + no) for no in range(1, 6)),
]


def case(folder: Path, **truth: Any) -> Case:
    """A scenario with two threads."""
    (found,) = read([write(folder, "s", LINES, truth)])
    return found


def counted(folder: Path, *opened: Opened, **truth: Any) -> Tally:
    """The tally where an incident is wanted in p, from c2 to c4, and none in q."""
    given = {"expect": "incident", "not_incident": ["q"]} | wanted() | truth
    return tally(case(folder, **given), opened)


def test_in_time_within_levels_with_its_delay(tmp_path: Path) -> None:
    one = counted(tmp_path, Opened("c3", ("c2", "c3")))
    assert dict(one.counts) == {
        "lines": 12, "opened": 1, "incident": 1, "wanted": 1, "grave": 1, "found": 1, "grave_found": 1, "level_fits": 1,
    }  # fmt: skip
    assert [(delay.lines, delay.minutes) for delay in one.delays] == [(1, 1.0)]


@pytest.mark.parametrize(
    ("opened", "said"),
    [
        ([], {"never": 1}),
        ([Opened("c5", ("c2", "c5"))], {"late": 1}),
        ([Opened("c1", ("c1",))], {"premature": 1, "never": 1}),
        ([Opened("d1", ("d1",))], {"forbidden": 1, "never": 1}),
        ([Opened("c3", ("c2", "c3"), level=1)], {"found": 1, "grave_found": 1}),
        ([Opened("c2", ("c2",)), Opened("c3", ("c3",))], {"found": 1, "grave_found": 1, "level_fits": 1, "split": 1}),
        (
            [Opened("c3", ("c2", "c3", "d1", "d2"))],
            {"found": 1, "grave_found": 1, "level_fits": 1, "merged": 1},
        ),
        ([Opened("c3", ("c1", "c2", "c3", "d1"))], {"found": 1, "grave_found": 1, "level_fits": 1}),
        ([Opened("c3", (), threads=("p",))], {"found": 1, "grave_found": 1, "level_fits": 1}),
    ],
)
def test_each_way_to_be_wrong_is_counted(tmp_path: Path, opened: Sequence[Opened], said: dict[str, int]) -> None:
    always = {"lines", "opened", "incident", "wanted", "grave"}
    assert {name: count for name, count in counted(tmp_path, *opened).counts.items() if name not in always} == said


def test_a_thread_that_the_truth_does_not_name_is_stray(tmp_path: Path) -> None:
    assert counted(tmp_path, Opened("d1", ("d1",)), not_incident=[]).of("stray") == 1


def test_one_incident_over_two_matters_is_a_merge_and_leaves_one_never_opened(tmp_path: Path) -> None:
    also = [wanted("q", "d1", "d4")]
    both = counted(tmp_path, Opened("d1", ("c2", "c3", "d1")), also=also, not_incident=[])
    assert (both.of("wanted"), both.of("merged"), both.of("never"), both.of("late")) == (2, 1, 1, 1)
    apart = counted(tmp_path, Opened("c2", ("c2",)), Opened("d1", ("d1",)), also=also, not_incident=[])
    assert (apart.of("found"), apart.of("merged"), apart.of("split")) == (2, 0, 0)


def test_quiet_and_watch(tmp_path: Path) -> None:
    quiet, watch = case(tmp_path, expect="quiet"), case(tmp_path, expect="watch")
    assert tally(quiet, []).of("quiet_alarms") == 0
    assert tally(quiet, [Opened("c1"), Opened("c2")]).of("quiet_alarms") == 2
    assert tally(quiet, [Opened("c1"), Opened("c2")]).of("quiet_rung") == 1
    assert tally(watch, [Opened("c1", level=4)]).of("watch_lowest") == 1
    assert tally(watch, [Opened("c1", level=3)]).of("watch_over") == 1
    assert tally(watch, [Opened("c1", level=4), Opened("c2", level=4)]).of("watch_over") == 1


def test_the_figures_over_scenarios(tmp_path: Path) -> None:
    found = counted(tmp_path, Opened("c4", ("c2", "c4")))
    missed = counted(tmp_path)
    quiet = tally(case(tmp_path, expect="quiet"), [])
    by_key = {one.key: one for one in figures([found, missed, quiet])}
    assert by_key["recall"].at.value == 0.5
    assert by_key["recall"].note == "1/2，迟 0，未立 1"
    assert (by_key["recall"].at.low, by_key["recall"].at.high) == (0.0, 1.0)
    assert by_key["quiet_alarm"].at.value == 0.0
    assert by_key["watch_over"].at.value is None, "there is no such scenario"
    assert by_key["delay_lines"].at.value == 2.0
    assert by_key["delay_minutes"].at.value == 2.0


def test_merit_is_what_was_found_less_what_should_not_have_been(tmp_path: Path) -> None:
    assert counted(tmp_path, Opened("c3", ("c3",)), Opened("d1", ("d1",)), Opened("d2", ("d2",))).merit == 1 - 2
