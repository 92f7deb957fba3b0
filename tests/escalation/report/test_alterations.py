"""Account changes in the part on accounts and coverage: figures with their lists, defaults starred, other weeks out."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from escalation import alteration
from escalation.alteration.compare import Difference, Kind
from escalation.alteration.state import State
from escalation.procedure import Deadline
from escalation.report.chapters.alterations import fetch
from escalation.report.figures import figures
from escalation.report.page import html
from escalation.report.week import Week
from tests.escalation.alteration.test_look import BOOK
from tests.escalation.office import IN_LEAD, Office
from tests.escalation.report.sample import NOW, empty, rich
from tests.stream.said import SCHOOL


def _coverage(page: str) -> str:
    """The part on accounts and coverage, without marks and blanks."""
    part = next(one for one in page.split("<section>") if "、账号与覆盖</h2>" in one)
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", part))


def test_the_part_on_coverage_counts_and_lists_the_changes_of_the_week() -> None:
    said = _coverage(html(figures(rich(), NOW), marks="", stylesheets=()))
    assert "本周看到账号变动2件（账号已改名1、账号不见了1），尚待处理2件。" in said
    assert "风林职院（微博）账号已改名风林职院风林资讯" in said
    assert "风林机电（微博）账号不见了*" in said
    assert "有*的，校规未规定" in said


def test_a_week_without_changes_says_so_in_a_sentence() -> None:
    rows = empty()
    rows.chapters["alterations"] = ()  # type: ignore[index]
    assert "本周没有看到账号改名、失去认证或不见了" in _coverage(html(figures(rows, NOW), marks="", stylesheets=()))


def test_it_is_printed_once_and_in_no_section_of_its_own() -> None:
    page = html(figures(rich(), NOW), marks="", stylesheets=())
    assert page.count("尚待处理") == 1


@pytest.mark.parametrize("settled", [False, True])
def test_what_waits_since_an_earlier_week_is_listed_until_somebody_explains_it(tmp_path: Path, settled: bool) -> None:
    office = Office.at(tmp_path)
    found = Difference(Kind.UNVERIFIED, "已认证", "未认证", office.now, office.now)
    with office.store.write() as conn:
        row = alteration.record(conn, BOOK, found, "系统默认，非校规", Deadline(), office.now)
        assert row is not None
        if settled:
            alteration.settle(conn, SCHOOL, row.number, IN_LEAD, office.now, "认证年审中")
    weeks = [Week.of(office.now + timedelta(days=by)) for by in (-7, 0, 7)]
    with office.store.read() as conn:
        seen = [[(one.inside, one.state) for one in fetch(conn, SCHOOL, week)] for week in weeks]
    state = State.SETTLED if settled else State.SEEN
    assert seen == [[], [(True, state)], [] if settled else [(False, state)]]
