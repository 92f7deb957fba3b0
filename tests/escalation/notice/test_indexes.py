"""Telling and sending look notices and deliveries up by an index: a school keeps tens of thousands of both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert

from escalation.notice import notices
from tests.escalation.office import Office

GROWING = ("notices", "deliveries", "attempts", "timers")


@contextmanager
def explained(office: Office) -> Iterator[list[str]]:
    """The plans of all statements that run meanwhile, as SQLite makes them: `SCAN x` reads every row of x."""
    plans: list[str] = []

    def explain(_conn: Any, cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values[0] if many else values)
            plans.extend(f"{row[3]}  <- {statement}" for row in rows)

    event.listen(office.store.engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(office.store.engine, "before_cursor_execute", explain)


def test_opening_and_sending_read_no_growing_table_from_end_to_end(tmp_path: Path) -> None:
    office = Office.at(tmp_path)
    with explained(office) as plans:
        office.open()
        office.work()
    assert office.mail.sent
    scanned = [one for one in plans if one.split()[0] == "SCAN" and one.split()[1] in GROWING]
    assert scanned == []
    assert any(one.startswith("SEARCH notices USING COVERING INDEX uq_notices_number (school=? AND") for one in plans)
    assert any(one.startswith("SEARCH deliveries USING INDEX ix_deliveries_address_accepted_at") for one in plans)
    office.store.close()


def test_notices_are_numbered_on_past_a_hundred_and_beside_a_like_number(tmp_path: Path) -> None:
    office = Office.at(tmp_path)
    one = office.one(office.open(level=3))
    template = dict(office.rows(notices)[0]._mapping)
    del template["id"]
    known = len(office.rows(notices))
    with office.store.write() as conn:
        for n in range(known + 1, 121):
            row = template | {"number": f"{one.number}-{n:02d}", "step": f"s{n}", "needs_signature": False}
            conn.execute(insert(notices).values(**row))
        conn.execute(insert(notices).values(**template | {"number": f"{one.number}0-01", "step": "other"}))
    office.add(one.id, level=1, grave=True)
    written = [row.number for row in office.rows(notices) if row.kind == "raised"]
    assert written == [f"{one.number}-{n}" for n in range(121, 121 + len(written))] != []
    office.store.close()
