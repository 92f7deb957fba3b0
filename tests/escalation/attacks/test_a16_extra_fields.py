"""A16 mass assignment: fields that a form does not have are not taken, whoever sends them."""

from __future__ import annotations

from sqlalchemy import select

from escalation import people, user
from escalation.incident import incidents
from escalation.notice import notices
from tests.escalation.web.role_table import NAMES, NOBODY, Premises, rows
from tests.escalation.web.role_things import ABSENT

EXTRA = {
    "role": "administrator", "roles": "administrator", "unit_id": "教务处", "school": "XX", "person_id": "admin",
    "approved_by": "school", "approved_at": "2026-11-20", "state": "closed", "level": "4", "care": "1", "trial": "1",
    "signed_at": "2026-11-20T00:00:00Z", "signed_by": "school", "needs_signature": "0", "closed_at": "2026-01-01",
    "assignee": "教务处", "confirmed_by": "school", "frozen": "{}", "password": "harbour-flags-2027", "actor": "school",
    "now": "2030-01-01T00:00:00Z", "by_school": "1", "id": "1", "number": "FX-2026-0001", "__class__": "x",
}  # fmt: skip
RIGHTS = [user.users.c[name] for name in ("name", "roles", "person_id", "password")]
OWN_FIELDS = {"/raise": {"level"}, "/sign-in": {"password"}}


def held(premises: Premises) -> list[object]:
    """Rights, and of every incident and notice what an act on another incident must not move."""
    with premises.house.store.read() as conn:
        return [
            conn.execute(select(*RIGHTS)).all(),
            conn.execute(select(people.offices)).all(),
            conn.execute(select(people.people)).all(),
            conn.execute(select(incidents).where(incidents.c.number == premises.number)).all(),
            conn.execute(
                select(notices.c.signed_at, notices.c.signed_by, notices.c.needs_signature).where(
                    notices.c.number.startswith(premises.number)
                )
            ).all(),
        ]


def test_no_act_takes_a_field_that_its_form_does_not_have(premises: Premises) -> None:
    """Every act by somebody who may do it, on another incident, with every field of ours that is not its own."""
    premises.things.person = ABSENT  # to write down that somebody left is what that form is for
    before, tried = held(premises), 0
    for (method, path), cells in rows().items():
        if method == "GET" or path == "/trial/end":
            continue
        column = next((column for column, cell in cells.items() if cell.opens and column != NOBODY), "publicity")
        number = premises.incident()
        fields = {key: value for key, value in EXTRA.items() if key not in OWN_FIELDS.get(path, set())}
        where = premises.address(path, number)
        premises.client(column).post(where, data=fields | {"csrf": f"csrf-{NAMES[column]}"}, params=fields)
        assert held(premises) == before, path
        with premises.house.store.read() as conn:
            row = conn.execute(select(incidents).where(incidents.c.number == number)).one()
        assert (row.level, row.care, row.trial, row.unit, row.assignee) == (2, False, False, "后勤服务中心", None), path
        assert row.state != "closed", path
        tried += 1
    assert tried >= 20
