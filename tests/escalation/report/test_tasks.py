"""The chapter on tasks: what is open at the week's end, what is overdue, and that no trial or rehearsal is counted."""

from __future__ import annotations

from dataclasses import replace

from escalation.report.chapters import tasks
from escalation.task.state import TaskState
from tests.escalation.report.sample import WEEK, at, empty, rich, task

NOW = WEEK.ends


def figures(*found: tasks.Set) -> dict[str, int]:
    written = tasks.write(found, replace(rich(), chapters={}), NOW)
    return {key: one.total for key, one in written.lists.items()}


def test_open_waiting_and_overdue_are_told_apart_at_the_weeks_end() -> None:
    found = figures(
        task(1, at(20, 16)),
        task(2, at(20, 16), TaskState.ANSWERED, answered_at=at(20, 17)),
        task(3, at(20, 16), TaskState.RETURNED, answered_at=at(20, 17)),
        task(4, at(20, 16), due_at=None),
        task(5, at(20, 16), TaskState.CONFIRMED, answered_at=at(20, 17), ended_at=at(20, 18)),
        task(6, at(20, 16), TaskState.WITHDRAWN, ended_at=at(20, 18)),
    )
    assert {key: found[key] for key in ("set", "done", "withdrawn", "open", "waiting", "overdue")} == {
        "set": 6, "done": 1, "withdrawn": 1, "open": 4, "waiting": 1, "overdue": 2,
    }  # fmt: skip
    assert found["open-facts"] == 4


def test_what_ended_after_the_week_was_open_in_it() -> None:
    later = WEEK.ends
    assert figures(task(1, at(20, 16), TaskState.CONFIRMED, answered_at=at(20, 17), ended_at=later))["open"] == 1


def test_a_rehearsals_task_is_counted_nowhere() -> None:
    assert figures(task(1, at(19, 9), incident_id=8))["set"] == 0


def test_an_empty_week_has_no_lines() -> None:
    written = tasks.write((), empty(), NOW)
    assert written.said["kinds"] == []
    assert all(one.total == 0 for one in written.lists.values())
