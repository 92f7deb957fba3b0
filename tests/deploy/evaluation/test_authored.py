"""The scenarios authored for judging keep their form, and their README says what stands there. No text is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.evaluation.case import Case, files, read

TESTS = Path(__file__).resolve().parents[2]
FOLDERS = ("scenarios", "blind")


def faults(case: Case) -> Iterator[str]:
    """Where lines do not hang together: ids, roots, parents, accounts, order of time, threads the truth forgot."""
    seen, last = dict[str, str](), case.scenario.lines[0].at
    accounts = {one.key for one in case.scenario.college.accounts}
    for line in case.scenario.lines:
        root = line.id == line.thread
        good = {
            "id twice": line.id not in seen,
            "account": line.account in accounts,
            "kind of root": not root or (line.parent is None and line.kind in {"post", "message"}),
            "root later than its answer": root or line.thread in seen,
            "parent": line.parent is None or seen.get(line.parent) == line.thread,
            "reply to nothing": line.kind != "reply" or line.parent is not None,
            "no text": bool(line.text.strip()),
            "time": line.at >= last,
            "zone": line.at.isoformat().endswith("+08:00"),
        }
        yield from (f"{line.id}: {name}" for name, held in good.items() if not held)
        seen[line.id], last = line.thread, line.at
    named = [thread for wanted in case.wanted for thread in wanted.threads] + list(case.not_incident)
    if len(set(named)) < len(named) or (case.expect != "watch" and set(named) != set(case.thread_of.values())):
        yield "truth: a thread named twice or not at all"


@pytest.mark.parametrize("folder", FOLDERS)
def test_lines_and_truth_hang_together(folder: str) -> None:
    cases = read(files(TESTS / folder))
    assert [f"{case.scenario.name} {fault}" for case in cases for fault in faults(case)] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_readme_counts_and_lists_what_stands_there(folder: str) -> None:
    cases = list(read(files(TESTS / folder)))
    said = (TESTS / folder / "README.md").read_text("utf-8")
    of = {kind: [case for case in cases if case.expect == kind] for kind in ("incident", "watch", "quiet")}
    wanted = [one for case in cases for one in case.wanted]
    grave, lines = sum(one.grave for one in wanted), sum(len(case.scenario.lines) for case in cases)
    count = (
        f"{len(cases)} scenarios, {lines} lines: {len(of['incident'])} `incident` files with {len(wanted)} incidents "
        f"({grave} of them grave), {len(of['watch'])} `watch`, {len(of['quiet'])} `quiet`."
    )
    assert count in " ".join(said.split())
    listed = re.findall(r"h\d+", "".join(row.split("|")[1] for row in said.splitlines() if row.startswith("| h")))
    assert sorted(listed) == sorted(case.scenario.name.partition("_")[0] for case in cases)


def test_no_number_stands_twice() -> None:
    numbers = [file.name.partition("_")[0] for folder in FOLDERS for file in files(TESTS / folder)]
    assert len(numbers) > 100
    assert len(set(numbers)) == len(numbers)
