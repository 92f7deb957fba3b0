"""It must show 6 (issue 4): a month with three hundred incidents in under a minute, and everything adds up."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from escalation import audit
from escalation.finding import findings
from escalation.incident import incidents
from escalation.incident.state import State
from escalation.notice import DeliveryState, NoticeKind, deliveries, notices
from escalation.report.fetch import week_rows
from escalation.report.figures import Figures, figures
from escalation.report.week import Week
from tests.stories.month import DAYS, MATTERS, Month
from tests.stream.said import SCHOOL, START

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
SOON = timedelta(minutes=12)
"""When the desk has made its round after something happened."""
END = START + timedelta(days=DAYS)


@dataclass
class Lived:
    """A month that was lived through, and how many seconds it took."""

    month: Month
    seconds: float
    """Of this process alone; where others work beside it, they slow it down all the same."""
    quiet: bool

    def weeks(self) -> Iterator[tuple[Week, Figures]]:
        week = Week.of(START)
        while week.starts < self.month.office.now:
            with self.month.office.store.read() as conn:
                yield week, figures(week_rows(conn, SCHOOL, "青禾", week), self.month.office.now)
            week = Week.of(week.ends + timedelta(hours=1))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    month = Month(tmp_path_factory.mktemp("month"))
    began, wall = time.process_time(), time.perf_counter()
    gap = timedelta(days=DAYS) / (MATTERS + 24)  # a few are of one matter with an earlier one
    while month.office.now < END:
        month.happen()
        month.until(month.office.now + SOON)
        month.work()
        month.until(month.office.now + gap - SOON)
    seconds, wall = time.process_time() - began, time.perf_counter() - wall
    count = len(month.station.incidents())
    print(f"\na month with {count} incidents in {seconds:.1f} s ({wall:.1f} s on the clock): {dict(month.done)}")
    yield Lived(month, seconds, os.getloadavg()[0] < 1.5)
    month.close()


def held(at: datetime | None, week: Week) -> bool:
    return at is not None and week.starts <= at < week.ends


def test_three_hundred_incidents_take_less_than_a_minute(lived: Lived) -> None:
    assert len(lived.month.station.incidents()) >= MATTERS
    assert lived.seconds < (60 if lived.quiet else 120), lived.seconds


def test_the_month_knew_every_kind_of_ending(lived: Lived) -> None:
    states = Counter(State(row.state) for row in lived.month.station.incidents())
    for state in (State.CLOSED, State.ARCHIVED, State.FALSE_ALARM, State.WATCHING, State.NOTIFIED):
        assert states[state] >= 5, states
    assert lived.month.done["reopened"] >= 5
    assert lived.month.done["settled"] >= 5


def test_the_figures_of_the_reports_are_those_that_the_rows_give(lived: Lived) -> None:
    """Counted a second time by other means: plain loops over the tables."""
    office = lived.month.office
    cases = {row.id: row for row in office.rows(incidents)}
    told = [row for row in office.rows(notices) if row.addressee != "robot"]
    seen = 0
    for week, found in lived.weeks():
        opened = [row for row in cases.values() if held(row.opened_at, week)]
        seen += len(opened)
        assert found.opened.value == len(opened)
        assert {level: fig.value for level, fig in found.levels} == {
            level: sum(row.level == level for row in opened) for level in range(1, 5)
        }
        (chapter,) = (one for one in found.sections if one.name == "handling")
        kinds = Counter(row.kind for row in told if held(row.created_at, week))
        wanted = {NoticeKind.FIRST, NoticeKind.RAISED, NoticeKind.REOPENED, NoticeKind.ASSIGNED, NoticeKind.DANGER}
        assert chapter.figs["told"].value == sum(kinds[one] for one in wanted)
        assert chapter.figs["reminded"].value == kinds[NoticeKind.REMINDER]
        assert chapter.figs["escalated"].value == kinds[NoticeKind.ESCALATED]
        assert chapter.figs["reached"].value + chapter.figs["unreached"].value == chapter.figs["told"].value
        assert found.in_time.value + found.signed_late.value + found.not_due.value == found.must_sign.value
        roles = [one.key for one in chapter.said["roles"]]
        for total, part in (("told", "told-"), ("reminded", "reminded-"), ("escalated", "escalated-")):
            assert sum(chapter.figs[part + key].value for key in roles) == chapter.figs[total].value, total
        assert sum(chapter.figs[f"must-{key}"].value for key in roles) == found.must_sign.value
        assert sum(chapter.figs[f"late-{key}"].value for key in roles) == found.signed_late.value
    assert seen == len(cases)


def test_every_signature_of_the_month_is_in_time_or_late_as_its_own_row_says(lived: Lived) -> None:
    office = lived.month.office
    cases = {row.id: row for row in office.rows(incidents)}
    owed = [row for row in office.rows(notices) if row.needs_signature and row.sign_by is not None]
    by_number = {row.number: row for row in owed}
    in_time = late = 0
    for row in owed:
        after = by_number.get(row.superseded_by)
        if after is not None and after.created_at <= row.sign_by:
            continue
        closed = cases[row.incident_id].closed_at
        if row.signed_at is None and closed is not None and closed <= row.sign_by:
            continue
        if row.sign_by >= office.now and row.signed_at is None:
            continue
        done = row.signed_at or office.now
        in_time, late = in_time + (done <= row.sign_by), late + (done > row.sign_by)
    weeks = [found for _, found in lived.weeks()]
    assert sum(found.in_time.value for found in weeks) == in_time > 0
    assert sum(found.signed_late.value for found in weeks) == late > 0


def test_nobody_was_told_twice_on_one_channel_of_one_thing(lived: Lived) -> None:
    office = lived.month.office
    sent = Counter((message.notice, message.to) for channel in (office.mail, office.robot) for message in channel.sent)
    assert sent
    assert max(sent.values()) == 1
    states = Counter(row.state for row in office.rows(deliveries))
    assert states[DeliveryState.WAITING] == states[DeliveryState.SENDING] == states[DeliveryState.DEAD] == 0, states


def test_the_chain_of_the_audit_is_whole_and_its_head_stands_in_the_report(lived: Lived) -> None:
    with lived.month.office.store.read() as conn:
        assert list(audit.faults(conn)) == []
        head = audit.head(conn)
    *_, (_, last) = lived.weeks()
    assert last.head == head
    assert head.seq > MATTERS


def test_the_auditor_found_nothing_in_the_whole_month(lived: Lived) -> None:
    assert [(row.what, row.incident, row.words) for row in lived.month.office.rows(findings)] == []
