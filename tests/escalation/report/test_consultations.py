"""The report's chapter on consultations: every figure a list, what is owed told apart from what is not, no words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from escalation.channels import Fault, Permanent
from escalation.consultation import course
from escalation.notice import letter
from escalation.notice.letter import Letter
from escalation.people import person
from escalation.report.chapters import consultations
from escalation.report.fetch import week_rows
from escalation.report.figures import figures
from escalation.report.page import html
from escalation.report.picks import failed
from escalation.report.rows import WeekRows
from escalation.report.week import Week
from tests.escalation.office import IN_LEAD, ON_DESK
from tests.escalation.report.sample import ASKED, NOW, empty, rich
from tests.escalation.station import open_station
from tests.stream.said import SCHOOL


def said(rows: WeekRows) -> dict[str, int]:
    (found,) = (one for one in figures(rows, NOW).sections if one.name == "consultations")
    return {key: fig.value for key, fig in found.figs.items()}


def test_the_figures_of_the_sample_add_up() -> None:
    found = said(rich())
    assert {key: found[key] for key in ("asked", "answered", "in-time", "late", "overdue", "promised", "lapsed")} == {
        "asked": 5, "answered": 2, "in-time": 1, "late": 1, "overdue": 1, "promised": 1, "lapsed": 1,
    }  # fmt: skip
    assert found["answered"] + found["waiting"] + found["lapsed"] == found["asked"]
    assert found["asked-1"] + found["asked-2"] == found["asked"]


def test_where_nothing_is_owed_nothing_is_late_and_the_page_says_why() -> None:
    free = tuple(replace(one, due_at=None, late_at=None, article="", promised_for=None) for one in ASKED)
    rows = replace(rich(), chapters={**rich().chapters, "consultations": free})
    found = said(rows)
    assert (found["in-time"], found["late"], found["overdue"]) == (0, 0, 0)
    assert "校规未规定咨询答复，不计时限" in html(figures(rows, NOW), marks="", stylesheets=())


def test_a_week_without_consultations_says_so() -> None:
    rows = replace(empty(), chapters={"consultations": ()})
    assert "本周官方账号下没有见到业务咨询。" in html(figures(rows, NOW), marks="", stylesheets=())


def test_the_rows_come_from_what_was_asked_in_the_week_and_is_a_consultation(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        for text in ("请问几点收餐", "请问教工卡也能用吗", "请问清真窗口有吗"):
            station.say(text, negative=False)
        office = station.office
        with office.store.write() as conn:
            course.dismiss(conn, SCHOOL, 2, ON_DESK, office.now, "闲聊")
            course.answer(conn, SCHOOL, 3, IN_LEAD, office.now, "已答")
        week = Week.of(office.now)
        with office.store.read() as conn:
            found = consultations.fetch(conn, SCHOOL, week)
            assert consultations.fetch(conn, SCHOOL, week.before) == ()
        assert [(one.number, one.state, one.unit) for one in found] == [
            ("HF-2026-0001", "open", "后勤处"), ("HF-2026-0003", "answered", "后勤处"),
        ]  # fmt: skip
        assert "几点" not in str(found)


def test_a_letter_that_reached_nobody_stands_among_the_failed_deliveries(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        office = station.office
        office.mail.answers = [Permanent(Fault.CONTACT, "邮箱不存在")]
        with office.store.write() as conn:
            to = person(conn, SCHOOL, "keeper")
            assert to is not None
            letter.send(conn, office.head, to, Letter("a:1", "s", "函", "某事", (), "/a/1"), office.now)
        office.work()
        with office.store.read() as conn:
            rows = week_rows(conn, SCHOOL, "青禾职院", Week.of(office.now))
    assert [(one.notice, one.incident_id) for one in failed(rows)] == [("HF-2026-0001-01", None)]
