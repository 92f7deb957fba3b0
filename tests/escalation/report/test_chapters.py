"""Chapters: each has rows, a template and figures; the one on handling adds up and says who was silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation.incident.state import State
from escalation.notice import NoticeKind
from escalation.people import Role
from escalation.report import page
from escalation.report.chapter import Section
from escalation.report.chapters import CHAPTERS, chapter_items
from escalation.report.chapters.handling import RoleLine, Telling
from escalation.report.figures import figures
from escalation.report.page import html
from escalation.report.rows import ClockRow, NoticeRow, WeekRows
from tests.escalation.report.sample import NOW, WEEK, at, empty, incident, notice, rich

SAMPLE = ("chapter", [one.name for one in CHAPTERS])


def telling(of: NoticeRow, role: str = Role.KEEPER, kind: NoticeKind = NoticeKind.FIRST, **more: object) -> Telling:
    made = Telling(
        of.id, of.incident_id, of.number, kind, role, of.person, of.office, of.created_at,
        of.created_at + timedelta(minutes=2),
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def handling(rows: WeekRows) -> Section:
    (found,) = (one for one in figures(rows, NOW).sections if one.name == "handling")
    return found


def values(found: Section) -> dict[str, int]:
    return {key: fig.value for key, fig in found.figs.items()}


def lines(found: Section) -> dict[str, RoleLine]:
    return {one.key: one for one in found.said["roles"]}


@pytest.mark.parametrize(*SAMPLE)
def test_every_chapter_has_rows_in_the_sample_and_a_template_of_its_own(chapter: str) -> None:
    assert chapter in rich().chapters
    assert (page.HERE / "templates" / f"chapter-{chapter}.html").is_file()
    said = html(figures(rich(), NOW), marks="", stylesheets=())
    assert f"/reports/{WEEK}/items/{chapter}." in said


@pytest.mark.parametrize(*SAMPLE)
def test_a_signature_of_a_finished_week_is_not_voided_by_a_chapter_that_waits(chapter: str) -> None:
    (early,) = (one for one in figures(rich(), WEEK.ends).sections if one.name == chapter)
    (later,) = (one for one in figures(rich(), WEEK.ends + timedelta(days=40)).sections if one.name == chapter)
    assert early.signed_for == later.signed_for


def test_sections_are_numbered_without_gaps_with_and_without_what_is_set_apart() -> None:
    for rows in (rich(), empty(), replace(rich(), chapters={})):
        said = html(figures(rows, NOW), marks="", stylesheets=())
        heads = [text.split("、", 1)[0] for text in said.split("<h2>")[1:]]
        assert heads == list(page.NUMERALS[1 : len(heads) + 1])
        assert len(heads) >= 6


def test_an_address_of_no_chapter_and_of_no_figure_has_no_list() -> None:
    for what in ("handling.nothing", "nothing.told", "handling", "handling.", ".told", "told"):
        assert chapter_items(rich(), what, NOW) is None


def test_the_lines_by_role_add_up_to_the_figures_of_the_week() -> None:
    made = figures(rich(), NOW)
    found = handling(rich())
    counted = values(found)
    keys = list(lines(found))
    assert sum(counted[f"told-{key}"] for key in keys) == counted["told"] == counted["reached"] + counted["unreached"]
    assert sum(counted[f"must-{key}"] for key in keys) == made.must_sign.value
    assert sum(counted[f"in-time-{key}"] for key in keys) == made.in_time.value
    assert sum(counted[f"late-{key}"] for key in keys) == made.signed_late.value
    assert sum(counted[f"reminded-{key}"] for key in keys) == counted["reminded"] == 1
    assert sum(counted[f"escalated-{key}"] for key in keys) == counted["escalated"] == 1
    assert "an_office_of_the_pack" in keys


def test_a_silence_is_counted_at_the_role_that_was_silent_and_not_at_who_heard_of_it() -> None:
    one = incident(1, at(20, 10))
    first = notice(1, one, signed=None)
    told = telling(first, Role.UNIT_LEADER)
    heard = telling(first, Role.SCHOOL_LEADER, NoticeKind.ESCALATED, id=2, silent=Role.UNIT_LEADER)
    rows = replace(empty(), incidents=(one,), notices=(first,), chapters={"handling": (told, heard)})
    counted = values(handling(rows))
    assert (counted["escalated-unit_leader"], counted["late-unit_leader"], counted["told"]) == (1, 1, 1)
    assert "told-school_leader" not in counted


def test_a_role_stands_under_the_schools_own_name_for_it() -> None:
    one = incident(1, at(20, 10))
    given = [notice(key, one) for key in (1, 2, 3, 4, 5, 6)]
    names = ("单位领导", "单位领导，代罗广平", "主办单位负责人", "承办单位负责人", "承办单位负责人", "承办单位负责人")
    kinds = [NoticeKind.FIRST] * 3 + [NoticeKind.ASSIGNED] * 3
    told = tuple(
        telling(each, Role.UNIT_LEADER, kind, office=name) for each, name, kind in zip(given, names, kinds, strict=True)
    )
    rows = replace(empty(), incidents=(one,), notices=tuple(given), chapters={"handling": told})
    assert lines(handling(rows))["unit_leader"].title == "单位领导"
    unnamed = replace(rows, chapters={"handling": tuple(replace(one, office="") for one in told)})
    assert lines(handling(unnamed))["unit_leader"].title == "单位党政主要负责人"


def test_an_office_that_only_the_document_has_stands_under_its_own_name_and_who_has_none_in_the_rest() -> None:
    one = incident(1, at(20, 10))
    office, nobody, heard = (notice(key, one) for key in (1, 2, 3))
    told = (
        telling(office, "opinion_office", office="学院网络舆情工作组办公室"),
        telling(nobody, "", office="某科室"),
        telling(heard, Role.UNIT_LEADER, NoticeKind.ESCALATED, office="单位领导", silent="opinion_office"),
    )
    rows = replace(empty(), incidents=(one,), notices=(office, nobody, heard), chapters={"handling": told})
    made = handling(rows)
    titles = {key: line.title for key, line in lines(made).items()}
    assert titles == {
        "unit_leader": "单位领导",
        "opinion_office": "学院网络舆情工作组办公室",
        "others": "其他职务",
    }, "also who was told by the ladder alone"
    assert values(made)["escalated-opinion_office"] == 1


def test_a_share_in_time_leaves_out_what_is_not_due_yet() -> None:
    one = incident(1, at(20, 10))
    given = (notice(1, one), notice(2, one, minutes=60 * 48, signed=None), notice(3, one, signed=40))
    chapters = {"handling": tuple(telling(each) for each in given)}
    rows = replace(empty(), incidents=(one,), notices=given, chapters=chapters)
    (found,) = (each for each in figures(rows, at(21, 0)).sections if each.name == "handling")
    line = lines(found)[Role.KEEPER]
    assert (found.figs["must-keeper"].value, line.in_time, line.signed) == (3, 1, 2)
    assert line.took == timedelta(minutes=23)


def test_reports_are_timed_from_the_opening_and_a_default_is_starred() -> None:
    one = incident(1, at(20, 10), answered_at=at(20, 12))
    clocks = (
        ClockRow(1, 1, "first_answer", "首次回应", at(20, 11), None, "", default=True),
        ClockRow(2, 1, "facts", "情况说明", at(21, 11), at(20, 11), "第十五条", default=False),
        ClockRow(3, 1, "facts", "情况说明", at(24, 11), None, "第十五条", default=False),
    )
    rows = replace(empty(), incidents=(one,), clocks=clocks, chapters={"handling": ()})
    found = handling(rows)
    assert [(each.title, each.took, each.default) for each in found.said["reports"]] == [
        ("首次回应", timedelta(hours=2), True),
        ("情况说明", timedelta(hours=1), False),
    ]
    assert [values(found)[key] for key in ("due-1", "done-1", "overdue-1", "due-2", "done-2", "overdue-2")] == [
        1, 0, 1, 1, 1, 0,
    ]  # fmt: skip


def test_trial_and_care_stay_out_of_the_chapter_on_handling() -> None:
    trial = incident(1, at(20, 10), trial=True)
    care = incident(2, at(20, 10), care=True, title="不可外露")
    closed = incident(3, at(20, 10), state=State.CLOSED, closed_at=at(21, 10))
    told = tuple(telling(notice(each.id, each)) for each in (trial, care, closed))
    rows = replace(empty(), incidents=(trial, care, closed), chapters={"handling": told})
    assert values(handling(rows))["told"] == 2
    listed = chapter_items(rows, "handling.told", NOW)
    assert listed is not None
    assert "不可外露" not in str(listed)
    assert [line[0].href for line in listed.lines] == ["", "/incidents/FX-2026-0003"]
