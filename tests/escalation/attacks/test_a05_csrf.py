"""A5 CSRF: no act without a form of our own page, for every route that changes something."""

from __future__ import annotations

import pytest

from tests.escalation.web.role_table import NAMES, NOBODY, Cell, Premises, rows

SITES = ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.test"})
TOKENS = ("", "csrf-nobody", "字", "csrf-monitor\n")


def acts() -> list[tuple[str, dict[str, Cell]]]:
    """Every route that changes something."""
    return [(path, cells) for (method, path), cells in rows().items() if method != "GET"]


def actor(cells: dict[str, Cell]) -> str:
    """A column for which the route opens."""
    return next((column for column, cell in cells.items() if cell.opens and column != NOBODY), "publicity")


def test_no_act_of_any_route_works_without_the_sessions_own_token(premises: Premises) -> None:
    before, tried = premises.trace(), 0
    for path, cells in acts():
        if cells[NOBODY].said != "sign-in":  # its signed link, or the password, is the proof
            continue
        client = premises.client(actor(cells))
        for token in TOKENS:
            answer = premises.ask(client, "POST", path, premises.number, token)
            assert answer.status_code == 403, (path, token)
            assert "未作任何更改" in answer.text, path
            tried += 1
    assert tried >= 60
    assert premises.trace() == before


@pytest.mark.parametrize("headers", SITES)
def test_no_act_of_any_route_is_taken_from_another_site(premises: Premises, headers: dict[str, str]) -> None:
    before = premises.trace()
    for path, cells in acts():
        column = actor(cells)
        client = premises.client(column)
        client.headers.update(headers)
        answer = premises.ask(client, "POST", path, premises.number, f"csrf-{NAMES[column]}")
        assert answer.status_code == 403, path
    assert premises.trace() == before


def test_no_route_changes_anything_when_it_is_only_looked_at(premises: Premises) -> None:
    """A page that was opened leaves at most the row of the view (and the note that a link was opened)."""
    for method in ("GET", "HEAD"):
        for (_, path), cells in rows().items():
            client = premises.client("publicity")
            lines = premises.trace()[2]
            client.request(method, premises.address(path, premises.number), headers={"x-purpose": "none"})
            assert premises.trace()[2] == lines, path
            assert cells
