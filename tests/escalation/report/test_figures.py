"""The figures of a week: what counts, what does not, and that each figure is the length of its list."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.incident.state import State
from escalation.report.chapters import chapter_items
from escalation.report.figures import Figures, figures
from escalation.report.items import Fig, items
from escalation.report.rows import ClockRow, WeekRows
from escalation.report.week import Week
from tests.escalation.report.sample import NOW, WEEK, at, empty, incident, notice, rich

FROM_POSTS = {"comments", "negative", "messages", "leads"}


def every_figure(found: Figures) -> list[Fig]:
    single = [getattr(found, field.name) for field in fields(found)]
    chapters = [fig for one in found.sections for fig in one.figs.values()]
    return [one for one in single if isinstance(one, Fig)] + [fig for _, fig in found.levels] + chapters


@pytest.mark.parametrize("rows", [empty(), rich()], ids=["empty", "rich"])
def test_every_figure_equals_the_number_of_items_behind_it(rows: WeekRows) -> None:
    checked = 0
    for fig in every_figure(figures(rows, NOW)):
        if fig.what in FROM_POSTS:
            continue
        found = items(rows, fig.what, NOW) or chapter_items(rows, fig.what, NOW)
        assert found is not None, fig.what
        assert found.total == fig.value == len(found.lines), fig.what
        assert all(len(line) == len(found.head) for line in found.lines)
        checked += 1
    assert checked >= 20


def test_a_week_without_events_is_all_zero_and_says_so() -> None:
    found = figures(empty(), NOW)
    assert all(fig.value == 0 for fig in every_figure(found))
    assert found.answer_median is None
    assert found.trend.peak is None
    assert found.unseen == ()


def test_sunday_night_and_monday_morning_belong_to_different_weeks() -> None:
    sunday, monday = incident(1, at(22, 23, 59)), incident(2, at(23, 0, 1))
    rows = replace(empty(), incidents=(sunday, monday))
    assert figures(rows, NOW).opened.value == 1
    assert [case.number for case in figures(rows, NOW).cases] == ["FX-2026-0001"]
    after = figures(replace(rows, week=Week(2026, 48)), NOW)
    assert [case.number for case in after.cases] == ["FX-2026-0002"]


def test_rehearsals_and_trial_incidents_are_shown_and_counted_nowhere() -> None:
    drill = incident(1, at(18, 8), 1, number="YL-2026-0001", rehearsal=True)
    trial = incident(2, at(18, 9), 1, trial=True)
    rows = replace(
        empty(), incidents=(drill, trial), notices=(notice(1, drill, signed=None), notice(2, trial, signed=None))
    )
    found = figures(rows, NOW)
    assert (found.opened.value, found.must_sign.value, found.signed_late.value, found.ongoing.value) == (0, 0, 0, 0)
    assert found.late == ()
    assert found.trend.flags == ()
    assert [(case.number, case.mark) for case in found.apart] == [("YL-2026-0001", "演练"), ("FX-2026-0002", "试运行")]


def test_a_care_case_is_counted_but_its_title_stands_nowhere() -> None:
    found = figures(rich(), NOW)
    assert found.care.value == 1
    assert all(
        "不可外露" not in str(value) for value in (found.cases, found.unfinished, found.trend.flags, found.apart)
    )
    for what in ("care", "opened", "ongoing", "late", "must-sign"):
        assert "不可外露" not in str(items(rich(), what, NOW))
        assert "FX-2026-0003" not in str([cell.href for line in items(rich(), what, NOW).lines for cell in line])  # type: ignore[union-attr]


def test_signatures_fall_into_in_time_late_and_not_due() -> None:
    one = incident(1, at(20, 10))
    given = (
        notice(1, one, signed=16),
        notice(2, one, signed=17),
        notice(3, one, signed=None),
        notice(4, one, minutes=60 * 24, signed=None),
    )
    found = figures(replace(empty(), incidents=(one,), notices=given), at(20, 12))
    got = (found.must_sign.value, found.in_time.value, found.signed_late.value, found.not_due.value)
    assert got == (4, 1, 2, 1)


def test_a_signature_on_sunday_night_counts_in_its_week_though_the_deadline_lies_in_the_next() -> None:
    one = incident(1, at(22, 23, 50))
    given = tuple(notice(key, one, minutes=60, signed=signed) for key, signed in enumerate((5, 40, None), 1))
    rows = replace(empty(), incidents=(one,), notices=given)
    weeks = [figures(replace(rows, week=week), at(23, 2)) for week in (WEEK, Week(2026, 48))]
    found = [(week.must_sign.value, week.in_time.value, week.signed_late.value) for week in weeks]
    assert found == [(1, 1, 0), (2, 1, 1)]


def test_a_notice_whose_incident_ended_before_its_deadline_is_nobodys_fault() -> None:
    one = incident(1, at(20, 10), state=State.FALSE_ALARM, closed_at=at(20, 10, 5))
    found = figures(replace(empty(), incidents=(one,), notices=(notice(1, one, signed=None),)), NOW)
    assert (found.must_sign.value, found.signed_late.value, found.dismissed.value) == (0, 0, 1)


def test_a_duty_is_late_by_what_was_done_for_it_and_defaults_are_marked() -> None:
    one = incident(1, at(20, 10), answered_at=at(20, 12), first_report_at=at(20, 10, 1))
    clocks = (
        ClockRow(1, 1, "first_report", "首报", at(20, 10, 30), None, "第十三条", default=False),
        ClockRow(2, 1, "first_answer", "首次回应", at(20, 11), None, "", default=True),
        ClockRow(3, 1, "facts", "情况说明", at(20, 11), None, "第十五条", default=False),
        ClockRow(4, 1, "facts", "情况说明", at(23, 11), None, "第十五条", default=False),
    )
    found = figures(replace(empty(), incidents=(one,), clocks=clocks), NOW)
    assert [(late.what, late.late, late.default) for late in found.late] == [
        ("情况说明", None, False),
        ("首次回应", timedelta(hours=1), True),
    ]


def test_the_running_week_says_that_it_is_not_over() -> None:
    assert not figures(rich(), at(20, 12)).whole
    assert figures(rich(), WEEK.ends).whole


def test_the_fingerprint_holds_over_time_and_breaks_with_a_figure() -> None:
    rows = rich()
    first = figures(rows, NOW).fingerprint
    assert figures(rows, NOW + timedelta(days=30)).fingerprint == first
    more = replace(rows, incidents=rows.incidents + (incident(70, at(21, 10)),))
    assert figures(more, NOW).fingerprint != first


def test_ten_thousand_incidents_are_counted_and_the_tables_stay_short() -> None:
    cases = tuple(incident(n, WEEK.starts + timedelta(seconds=60 * n), 1 + n % 4) for n in range(10_000))
    rows = replace(empty(), incidents=cases, notices=tuple(notice(n, cases[n], signed=None) for n in range(10_000)))
    found = figures(rows, NOW)
    assert found.opened.value == 10_000
    assert sum(fig.value for _, fig in found.levels) == 10_000
    assert found.signed_late.value == found.late_all.value == 10_000
    assert len(found.cases) <= 30
    assert len(found.late) <= 30
    assert len(found.trend.flags) <= 8


def test_who_still_owes_a_signature_has_not_signed_as_on_the_incidents_page() -> None:
    one = incident(1, at(20, 10), level=2)
    given = (
        notice(1, one, person_id="a"), notice(2, one, person_id="a", signed=None),
        notice(3, one, person_id="b", signed=None, replaced=True), notice(4, one, person_id="b"),
        notice(5, one, person_id="c", signed=None),
    )  # fmt: skip
    (case,) = figures(replace(empty(), incidents=(one,), notices=given), NOW).cases
    assert (case.signed, case.needed) == (1, 3)


@given(st.lists(st.integers(0, 167), max_size=30))
def test_every_line_of_the_week_is_in_the_trend_once(hours: list[int]) -> None:
    rows = rich()
    kept = tuple(rows.hours[2 * n] for n in hours)
    found = figures(replace(rows, hours=kept), NOW)
    assert sum(hour.lines for hour in found.trend.hours) == found.comments.value == sum(row.lines for row in kept)
    assert sum(day.lines for day in found.trend.days) == found.comments.value
    assert sum(part.share for part in found.platforms) == (100 if found.comments.value else 0)
