"""A rota that is changed after somebody took over: whoever is on by the new one is asked, and the log says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from escalation import audit
from escalation.duty import handover, handover_sheet, rota
from escalation.duty.coverage import Turn
from escalation.duty.handover import handovers
from escalation.incident import Actor
from escalation.notice import notices
from escalation.people import Role, shifts
from escalation.procedure import load
from tests.escalation.duty.test_handover import DESK, HOUR, IN, OUT, night, read, take, write
from tests.escalation.duty.test_proxy import goes, office
from tests.escalation.office import IN_LEAD, Office
from tests.stream.said import SCHOOL

__all__ = ["office"]
LEAD = Actor("lead", "梁致远", frozenset({Role.PUBLICITY}))
FREE = load("LG").desk
"""No clause demands 24 hours: a rota of one night is taken."""


def log(office: Office) -> list[tuple[float, int, str, list[str], list[str], str | None]]:
    """Every hand-over: hours from now on, which of this moment, state, who leaves, who comes, who took over."""
    return [
        (round((one.at - office.now) / HOUR, 2), one.nth, one.state, one.outgoing, one.incoming, one.taken_by)
        for one in sorted(office.rows(handovers), key=lambda one: (one.at, one.nth))
    ]


def has_desk(office: Office) -> str | None:
    with office.store.read() as conn:
        found = handover.has_desk(conn, SCHOOL, office.now)
    return found[0] if found else None


def current(office: Office) -> Row[Any]:
    with office.store.read() as conn:
        found = handover.current(conn, SCHOOL, office.now)
    assert found is not None
    return found


def takes(office: Office, by: Actor) -> None:
    number = current(office).id
    row = office.store.run(lambda conn: handover.read(conn, SCHOOL, by, office.now, number))
    seen = handover_sheet.digest(row.sheet, row.words)
    office.store.run(lambda conn: handover.take(conn, SCHOOL, by, office.now, number, seen))


def imports(office: Office, *turns: tuple[str, float, float]) -> None:
    """Save a rota; hours from now on."""
    plan = rota.Plan(tuple(Turn(who, office.now + a * HOUR, office.now + b * HOUR) for who, a, b in turns))
    office.store.run(lambda conn: rota.save(conn, SCHOOL, FREE, IN_LEAD, office.now, plan, "新表.xlsx"))


def gives(office: Office, who: str, to: str) -> None:
    (row,) = office.rows(shifts, person_id=who)
    office.store.run(lambda conn: rota.give(conn, SCHOOL, FREE, IN_LEAD, office.now, row.id, to))


def letters(office: Office) -> list[str]:
    return [row.addressee for row in office.rows(notices, kind="letter")]


def taken_early(office: Office) -> None:
    """Twenty minutes before eight the sheet is written, and the keeper takes over at once."""
    night(office)
    office.later(hours=7, minutes=40)
    write(office)
    take(office, read(office))
    assert has_desk(office) == "keeper"


def test_a_hand_over_taken_early_gives_way_to_a_rota_that_names_another(office: Office) -> None:
    taken_early(office)
    imports(office, ("monitor", 0, 3), ("lead", 3, 12))
    office.later(minutes=1)
    assert has_desk(office) is None, "who took over early is not on any more"
    assert log(office) == [
        (0.0, 0, "open", ["keeper"], ["monitor"], None),
        (0.32, 0, "moved", ["monitor"], ["keeper"], "keeper"),
    ]
    assert letters(office) == ["monitor"], "asked at once, not only when it is late"
    (letter,) = office.rows(notices, kind="letter")
    assert "起由您在班，此前由谢晓值守" in str(letter.view)
    takes(office, OUT)
    assert has_desk(office) == "monitor"
    done = [row.action for row in office.rows(audit.audit_log) if row.action.startswith("duty.handover")]
    assert done[2:] == ["duty.handover.moved", "duty.handover.asked", "duty.handover.take"]
    office.later(hours=2, minutes=40)
    assert log(office)[-1][2:5] == ("open", ["monitor"], ["lead"]), "and the new change of shift comes as planned"
    assert letters(office) == ["monitor"]


def test_who_is_given_a_shift_that_runs_is_asked_to_take_over(office: Office) -> None:
    night(office)
    office.later(hours=8)
    take(office, read(office))
    office.later(hours=1)
    gives(office, "keeper", "lead")
    office.later(minutes=1)
    assert has_desk(office) is None
    assert log(office) == [
        (-1.02, 0, "moved", ["monitor"], ["keeper"], "keeper"),
        (0.0, 0, "open", ["keeper"], ["lead"], None),
    ]
    takes(office, LEAD)
    office.later(hours=1)
    assert has_desk(office) == "lead"
    assert len(office.rows(handovers)) == 2, "repeating opens nothing"


def test_the_same_change_of_shift_with_another_successor_is_handed_over_again(office: Office) -> None:
    taken_early(office)
    gives(office, "keeper", "lead")
    office.later(minutes=1)
    assert [one[1:5] for one in log(office)[1:]] == [
        (0, "moved", ["monitor"], ["keeper"]), (1, "open", ["monitor"], ["lead"])
    ]  # fmt: skip
    office.later(minutes=20)
    takes(office, LEAD)
    assert has_desk(office) == "lead"


def test_a_rota_that_is_changed_elsewhere_leaves_a_hand_over_alone(office: Office) -> None:
    taken_early(office)
    imports(office, ("lead", 40, 48))
    office.later(minutes=1)
    assert has_desk(office) == "keeper"
    goes(office, "keeper", "deputy", hours=8)
    office.later(minutes=30)
    assert has_desk(office) == "keeper", "a substitute is no change of the rota"
    assert [one[2] for one in log(office)] == ["taken"]


def test_a_swap_that_is_swapped_back_asks_who_is_on_after_all(office: Office) -> None:
    night(office)
    office.later(hours=8)
    take(office, read(office))
    office.later(hours=1)
    gives(office, "keeper", "lead")
    office.later(minutes=1)
    gives(office, "lead", "keeper")
    office.later(minutes=1)
    assert current(office).incoming == ["keeper"]
    takes(office, IN)
    assert has_desk(office) == "keeper"


def test_a_written_sheet_goes_to_whom_the_changed_rota_names_and_stays_in_the_log_where_the_change_is_gone(
    office: Office,
) -> None:
    night(office)
    office.later(hours=7, minutes=40)
    write(office, "留意二食堂")
    gives(office, "keeper", "lead")
    office.later(minutes=1)
    assert current(office).incoming == ["lead"]
    assert current(office).words == "留意二食堂"
    imports(office, ("monitor", 0, 12))
    office.later(minutes=1)
    assert [one[2] for one in log(office)] == ["void"]
    with office.store.read() as conn:
        assert [row.words for row in handover.newest(conn, SCHOOL)] == ["留意二食堂"]
    office.later(hours=2)
    assert letters(office) == [], "nobody is reminded of what will not be"


def test_who_took_over_without_being_named_keeps_the_desk_until_the_named_change(office: Office) -> None:
    night(office)
    office.later(hours=8)
    takes(office, LEAD)
    imports(office, ("monitor", 60, 70))
    office.later(minutes=1)
    assert has_desk(office) == "lead"
    gives(office, "keeper", "monitor")  # the only shift of the keeper
    office.later(minutes=1)
    assert has_desk(office) is None
    assert current(office).incoming == ["monitor"]


def test_an_import_that_begins_now_asks_whom_it_names_once_and_at_once(office: Office) -> None:
    night(office)
    office.later(hours=8)
    take(office, read(office))
    office.later(hours=1)
    imports(office, ("lead", 0, 12))
    office.later(minutes=1)
    assert [one[2:5] for one in log(office)] == [
        ("taken", ["monitor"], ["keeper"]), ("open", ["keeper"], ["lead"])
    ]  # fmt: skip
    assert letters(office) == ["lead"]
    takes(office, LEAD)
    assert has_desk(office) == "lead"


def test_the_pack_says_by_when_it_is_to_be_taken_over_again(office: Office) -> None:
    taken_early(office)
    imports(office, ("lead", 0, 12))
    office.later(minutes=1)
    row = current(office)
    assert row.due_at - row.at == DESK.take_over.after
    office.later(minutes=15)
    assert letters(office) == ["lead", "lead"], "asked, and reminded"
    office.later(minutes=15)
    assert current(office).told_at is not None
    assert row.at > office.now - timedelta(hours=1)
