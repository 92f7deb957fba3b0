"""Who may do what: every route and every role, cell by cell against the running application."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from escalation import people, user
from escalation.people import Role
from tests.escalation.web.house import ROLES, House
from tests.escalation.web.role_cases import CASES, printed
from tests.escalation.web.role_table import (
    DECIDED,
    DUTY_LEAD,
    NAMES,
    NOBODY,
    SIGNED_IN,
    TABLE,
    Premises,
    plain,
    routes,
    rows,
    verdict,
)
from tests.escalation.web.role_world import World

NEW_SESSION = {"/sign-in", "/sign-out"}
"""After these the browser is somebody else's, or nobody's."""


@pytest.fixture
def premises(house: House) -> Premises:
    return Premises(house)


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert set(rows()) == set(routes())


@pytest.mark.parametrize("column", [NOBODY, *NAMES])
def test_every_cell_of_a_role_is_as_the_table_says_and_a_refusal_changes_nothing(
    premises: Premises, column: str
) -> None:
    wrong, client = [], premises.client(column)
    for (method, path), cells in plain().items():
        cell = cells[column]
        acts = cell.opens and method == "POST"
        number = premises.untouched() if acts and "{number}" in path else premises.number
        premises.address(path, number)  # whatever it names is made now
        before = premises.trace()
        answer = premises.ask(client, method, path, number, f"csrf-{NAMES.get(column, '')}")
        if path in NEW_SESSION:
            client = premises.client(column)
        if verdict(answer) != cell.said:
            wrong.append(f"{method} {path}: {verdict(answer)}, not {cell.said}")
        if not cell.opens and premises.trace() != before:
            wrong.append(f"{method} {path}: refused, and something changed")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("how", ["left", "too old", "person gone"])
def test_a_session_that_ended_opens_nothing_that_asks_for_one(premises: Premises, how: str) -> None:
    house, wrong = premises.house, []
    client = premises.client("publicity")
    with house.store.write() as conn:
        if how == "left":
            user.leave(conn, client.cookies["fengxin"])
        elif how == "person gone":
            conn.execute(update(people.people).where(people.people.c.id == "publicity").values(active=False))
    if how == "too old":
        house.now += timedelta(hours=12, minutes=1)
    before = premises.trace()
    for (method, path), cells in rows().items():
        if cells[NOBODY].said != "sign-in":
            continue
        answer = premises.ask(client, method, path, premises.number, "csrf-publicity")
        if verdict(answer) != "sign-in":
            wrong.append(f"{method} {path}: {verdict(answer)}")
    assert not wrong, "\n".join(wrong)
    assert premises.trace() == before


def test_the_table_knows_every_role_of_the_house() -> None:
    assert {({**ROLES, **SIGNED_IN})[name] for name in NAMES.values()} == set(Role)
    assert DUTY_LEAD in NAMES


def test_where_persons_decide_every_cell_was_tried_on_a_real_paper_in_each_of_its_states(house: House) -> None:
    """`roles.md` is printed from this: `python -m tests.escalation.web.role_cases`."""
    world = World(house)
    seen = printed(world)
    world.close()
    assert TABLE.read_text("utf-8").partition(f"{DECIDED}\n")[2].endswith(f"\n\n{seen}")
    assert {(case.method, case.path) for case in CASES} == set(rows()) - set(plain())
