"""The demo's rota: day and night, two monitors in turn, no hole, and a change of shift within the first half hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from deploy import demo_rota, installation
from deploy.settings import load
from escalation.clock_words import SHANGHAI
from escalation.duty.coverage import holes

DAY = datetime(2026, 11, 21, tzinfo=UTC)
STARTS = [DAY + timedelta(minutes=minute) for minute in (0, 29, 700, 711, 719, 720, 725, 1000, 1430)]


@pytest.mark.parametrize("start", STARTS)
def test_whoever_tries_the_demo_meets_a_hand_over_within_half_an_hour_and_no_hole_after_it(start: datetime) -> None:
    serving = [one for one in demo_rota.shifts(start, start) if not one.leads]
    leading = [one for one in demo_rota.shifts(start, start) if one.leads]
    first = serving[0]
    assert first.starts_at <= start
    assert timedelta(minutes=20) <= first.ends_at - start <= timedelta(minutes=30)
    assert {one.person for one in serving} == {"P08", "P11"}
    assert all(one.person != other.person for one, other in pairwise(serving))
    assert {f"{one.ends_at.astimezone(SHANGHAI):%H:%M}" for one in serving[1:]} == {"08:00", "20:00"}
    for line in (serving, leading):
        spans = [(one.starts_at, one.ends_at) for one in line]
        assert holes(spans, start, start + timedelta(days=46)) == []
        assert all(one[1] == other[0] for one, other in pairwise(spans)), "no two at once"


def test_a_restart_within_the_half_month_says_the_same_rota_and_a_late_one_reaches_on() -> None:
    at = [demo_rota.written(DAY, DAY + timedelta(days=days)) for days in (0, 0.5, 1, 15, 15.5, 200)]
    assert at[0] == at[1] == at[2] == at[3] != at[4]
    ends = max(one.ends_at for one in demo_rota.shifts(DAY, DAY + timedelta(days=200)))
    assert ends >= DAY + timedelta(days=246)


def test_the_settings_of_the_demo_take_the_rota_in(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = installation.write_demo(tmp_path_factory.mktemp("demo"), 9100, DAY)
    assert list(load(file).roster.shifts) == demo_rota.shifts(DAY, DAY)
