"""The report's chapter on duty: changes of shift add up, a gap is a list, nobody's hand-over is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from escalation.duty import handover_opening
from escalation.people import people, shifts
from escalation.procedure import load
from escalation.report.chapters import duty
from escalation.report.chapters.duty import Duty
from escalation.report.figures import figures
from escalation.report.page import html
from escalation.report.rows import WeekRows
from escalation.report.week import Week
from tests.escalation.office import Office
from tests.escalation.report.sample import NOW, empty, rich
from tests.stream.said import SCHOOL


def said(rows: WeekRows) -> dict[str, int]:
    (found,) = (one for one in figures(rows, NOW).sections if one.name == "duty")
    return {key: fig.value for key, fig in found.figs.items()}


def test_the_changes_of_shift_of_the_sample_add_up() -> None:
    found = said(rich())
    assert found == {
        "changes": 4, "in-time": 2, "late": 1, "waiting": 1, "unwritten": 1, "told": 1, "gaps": 1, "gone": 2,
        "alone": 1,
    }  # fmt: skip
    assert found["in-time"] + found["late"] + found["waiting"] == found["changes"]


def test_a_week_without_rota_says_so_and_names_no_gap() -> None:
    rows = replace(empty(), chapters={"duty": Duty()})
    page = html(figures(rows, NOW), marks="", stylesheets=())
    assert "本周没有值班表，通知由全体值班员接收" in page
    assert "没有换班记录" in page


def test_the_rows_are_those_of_the_week_also_of_who_left_since(tmp_path: Path) -> None:
    office = Office.at(tmp_path)
    week = Week.of(office.now)
    hour = timedelta(hours=1)
    with office.store.write() as conn:
        for who, begins, ends in (("monitor", 0, 60), ("keeper", 60, 150)):
            conn.execute(shifts.insert().values(
                school=SCHOOL, person_id=who, leads=False, starts_at=week.starts + begins * hour,
                ends_at=week.starts + ends * hour,
            ))  # fmt: skip
        handover_opening.open_due(conn, SCHOOL, load("JY").desk, week.starts + 60 * hour)
    with office.store.write() as conn:
        conn.execute(people.update().where(people.c.id == "monitor").values(active=False))
    with office.store.read() as conn:
        found = duty.fetch(conn, SCHOOL, week)
        assert duty.fetch(conn, SCHOOL, week.before) == Duty()
    assert [(one.outgoing, one.incoming) for one in found.hand_overs] == [("陈屿", "谢晓")]
    assert found.gaps == ((week.starts + 150 * hour, week.ends),)
