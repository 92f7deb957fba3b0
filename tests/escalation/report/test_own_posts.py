"""The chapter on the school's own posts, from rows of a store: each figure with its list, trial and other weeks out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from escalation.report.chapter import Section
from escalation.report.fetch import week_rows
from escalation.report.figures import figures
from escalation.report.page import html
from escalation.report.week import Week
from tests.escalation.papers import FIRE, ask, grant, publish, school
from tests.escalation.station import Station, open_station
from tests.stream.said import SCHOOL

NEWS = "我校在全省职业技能大赛中获得数控赛项一等奖，将代表全省参加国赛"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        school(made)
        yield made


def chapter(station: Station, week: Week) -> tuple[Section, str]:
    with station.office.store.read() as conn:
        made = figures(week_rows(conn, SCHOOL, "青禾职院", week), station.office.now)
    (found,) = (one for one in made.sections if one.name == "own_posts")
    return found, html(made, marks="", stylesheets=())


def test_the_weeks_findings_permits_and_relays_stand_in_it_with_their_lists(station: Station) -> None:
    grant(station, ask(station, FIRE))
    publish(station, FIRE, "p1")
    publish(station, "昨晚我院一名学生坠楼，警方已到现场", "p2")
    publish(station, NEWS, "m1", account="main")
    publish(station, f"//转发：{NEWS}", "p3")
    week = Week.of(station.office.now)
    found, page = chapter(station, week)
    figs = {key: one.value for key, one in found.figs.items()}
    assert (figs["unauthorised"], figs["undecided"], figs["held"], figs["unsubmitted"]) == (1, 1, 0, 0)
    assert (figs["asked"], figs["used"]) == (1, 1)
    assert (figs["relays"], figs["relayed"], figs["unrelayed"]) == (2, 1, 1)
    assert "第十六条" in page
    assert "坠楼" not in page, "a report quotes no post"
    later, _ = chapter(station, Week.of(station.office.now + timedelta(days=7)))
    assert not any(one.value for one in later.figs.values())


def test_where_the_document_asks_no_relay_nothing_is_reckoned(station: Station) -> None:
    school(station, "LG")
    publish(station, "昨晚我院一名学生坠楼，警方已到现场", "p2")
    publish(station, NEWS, "m1", account="main")
    found, page = chapter(station, Week.of(station.office.now))
    assert found.figs["relays"].value == 0
    assert "校规未规定日常转发义务" in page
