"""A level that changes while the matter is open: its clocks, tasks and hold follow it, whoever changed it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation.opening import Ground
from escalation.procedure import Trigger, load
from escalation.task import tasks
from escalation.timer import timers
from stream.assessment import Hit
from tests.escalation.office import Office

AT_ONE = {
    "first_report": timedelta(minutes=30), "facts": timedelta(hours=2), "first_answer": timedelta(hours=4),
}  # fmt: skip
"""What the pack of JY asks at level Ⅰ."""
BANNED = Hit(
    rule="UP-02", version=2, title="官方帖文含禁止内容", theme="prohibited", category="prohibited", weight=100,
    spans=((0, 2),), words=("博彩",), article="天府新区第十一条第7项、宁夏职业技术学院第十九条第4项",
)  # fmt: skip


def asked(office: Office) -> dict[str, timedelta]:
    """The incident's own clocks that run, and how long each still has."""
    return {row.name: row.due_at - office.now for row in office.rows(timers, kind="duty", state="set")}


def test_an_incident_that_the_machine_raised_has_the_clocks_of_its_new_level(office: Office) -> None:
    one = office.open(level=4)
    assert asked(office) == {}
    office.later(minutes=20)
    office.add(one, level=1, grave=True)
    assert asked(office) == AT_ONE, "each for its whole span from now"


def test_what_nobody_signed_yet_is_due_by_the_level_to_which_the_machine_raised(office: Office) -> None:
    one = office.open(level=4)
    office.work()
    before = {row.notice_id: row.due_at for row in office.rows(timers, kind="sign")}
    office.later(minutes=2)
    office.add(one, level=1, grave=True)
    after = {row.notice_id: row.due_at for row in office.rows(timers, kind="sign") if row.notice_id in before}
    assert all(after[notice] < before[notice] for notice in before)
    assert "时限按新级别重算" in office.headings()


def test_a_further_danger_at_the_same_level_moves_no_clock(office: Office) -> None:
    one = office.open(level=1)
    office.later(minutes=5)
    before = asked(office)
    office.add(one, level=1, grave=True, theme="safety", title="食堂起火")
    assert asked(office) == before


@pytest.mark.parametrize(("code", "item"), [("TF", "TF 第十一条第 7 项"), ("NX", "NX 第十九条第 4 项")])
def test_what_raises_a_matter_sets_the_task_that_its_clause_demands(office: Office, code: str, item: str) -> None:
    office.ground = Ground(load(code), office.head, {"engine": "said"})
    one = office.open(level=4)
    office.add(one, named=(Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT,), level=2, hits=(BANNED,))
    (row,) = office.rows(tasks, kind="correction")
    assert row.article.startswith(item)
