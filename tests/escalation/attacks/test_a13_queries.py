"""A13 injection into questions to the store and the search, wild cards, deep pages: every parameter of every page."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from escalation.incident import incidents
from escalation.web.app import ROUTERS
from tests.escalation.web.house import House
from tests.escalation.web.role_table import NOBODY, Premises, rows

EVIL = (
    "' OR '1'='1",
    "'; DROP TABLE incidents; --",
    '" OR ""="',
    "1; SELECT pg_sleep(5)",
    "\\'; --",
    "%' UNION SELECT password FROM users --",
    "%",
    "_",
    "%" * 500,
    "*" * 500,
    "(" * 300,
    '"' * 301,
    "NEAR(a b, 9999999)",
    "text:* OR account:*",
    "a" * 20_000,
    "-1",
    "0",
    "99999999999999999999",
    "1e309",
    "NaN",
    "\x00",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "../../../etc/passwd",
    "${7*7}{{7*7}}",
    "٣",
    "Ⅰ",
    "\u202e",
    "2026-W99",
    "true",
    "[]",
    "{}",
)


def parameters() -> Iterator[tuple[str, str]]:
    """Every page and the name of each thing that it reads from the address."""
    for router in ROUTERS:
        for route in router.routes:
            dependant = getattr(route, "dependant", None)
            if dependant is None or "GET" not in (getattr(route, "methods", None) or ()):
                continue
            for field in dependant.query_params:
                yield str(getattr(route, "path", "")), field.alias
    for page, names in BY_HAND.items():
        for name in names:
            yield page, name


BY_HAND = {
    "/desk": ("level", "unit", "platform", "view", "q", "large", "open"),
    "/incidents": ("level", "unit", "platform", "view", "q", "page", "done", "state"),
    "/incidents/{number}": ("done", "open"),
    "/reports/{week}": ("done",),
    "/accounts": ("done", "page"),
    "/leads": ("done", "n"),
}
"""What pages read from the address without naming it among their arguments."""


def _incidents(premises: Premises) -> int:
    with premises.house.store.read() as conn:
        return conn.execute(select(func.count()).select_from(incidents)).scalar_one()


@pytest.mark.long
@pytest.mark.timeout(400)
def test_every_parameter_takes_every_odd_value_without_breaking(premises: Premises) -> None:
    known, before = rows(), _incidents(premises)
    tried, slowest = 0, 0.0
    for path, name in sorted(set(parameters())):
        cells = known["GET", path]
        column = next((column for column, cell in cells.items() if cell.opens and column != NOBODY), "publicity")
        client = premises.client(column)
        where = premises.address(path, premises.number)
        for value in EVIL:
            began = time.process_time()
            answer = client.get(where, params={name: value})
            slowest = max(slowest, time.process_time() - began)
            assert answer.status_code < 500, (path, name, value[:40])
            assert "sqlite" not in answer.text.lower(), (path, name)
            assert "Traceback" not in answer.text, (path, name)
            tried += 1
    assert tried > 500
    assert slowest < 3
    assert _incidents(premises) == before


def test_a_wild_card_is_a_letter_like_any_other(house: House) -> None:
    house.incident("食堂腹泻")
    house.incident("宿舍 100% 停电")
    client = house.client("monitor")
    for words, there, absent in (("100%", "停电", "腹泻"), ("%", "停电", "腹泻"), ("_", "没有", "腹泻")):
        said = client.get("/incidents", params={"q": words, "view": "all"}).text
        assert absent not in said, words
        assert there in said or there == "没有", words


@pytest.mark.parametrize("page", [0, -5, 10**6, 10**12])
def test_a_page_far_beyond_the_end_is_empty_and_quick(house: House, page: int) -> None:
    house.incident()
    client = house.client("admin")
    for path in ("/deliveries", "/reports/2026-W47/items/comments", "/incidents"):
        began = time.process_time()
        assert client.get(path, params={"page": page}).status_code in (200, 403, 422), path
        assert time.process_time() - began < 2
