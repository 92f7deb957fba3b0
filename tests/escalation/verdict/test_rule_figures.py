"""Figures of the rules: by verdicts alone, with the interval that few verdicts deserve."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.verdict import FalseAlarm, Verdict
from escalation.verdict.rule_figures import FEWEST, Case, figures, wilson


def test_each_rule_is_counted_over_the_incidents_that_it_helped_to_open() -> None:
    cases = [
        Case("1", ("CA-01", "CA-02"), Verdict.CONFIRMED), Case("2", ("CA-01",), Verdict.FALSE_ALARM, FalseAlarm.JOKE),
        Case("3", ("CA-01",), Verdict.WRONG_LEVEL), Case("4", ("CA-01",)),
        Case("5", ("CA-01",), Verdict.FALSE_ALARM, FalseAlarm.DRILL), Case("6", ("CA-01",), Verdict.WITHDRAWN),
    ]  # fmt: skip
    first, second, third = figures(cases, {"CA-01": 9, "DO-05": 4})
    assert (first.rule, first.hits, first.incidents, first.judged) == ("CA-01", 9, 6, 3)
    assert (first.confirmed, first.wrong_level, first.false_alarms) == (1, 1, 1)
    assert first.precision == pytest.approx(2 / 3)
    assert first.reasons == {"玩笑或夸张": 1}, "a drill says nothing about a rule"
    assert (second.rule, second.precision) == ("CA-02", 1.0)
    assert (third.rule, third.hits, third.incidents, third.precision, third.interval) == ("DO-05", 4, 0, None, None)


def test_a_rule_is_called_poor_only_when_the_verdicts_are_enough_to_say_so() -> None:
    wrong = [Case(str(n), ("CA-01",), Verdict.FALSE_ALARM, FalseAlarm.MISREAD) for n in range(FEWEST)]
    assert figures(wrong, {})[0].is_poor
    assert not figures(wrong[:-1], {})[0].is_poor
    right = [Case(f"r{n}", ("CA-01",), Verdict.CONFIRMED) for n in range(3)]
    assert not figures(wrong + right, {})[0].is_poor, "3 of 8 may as well be one in two"


@given(st.integers(1, 500), st.data())
def test_the_interval_holds_the_share_and_narrows_with_more_verdicts(of: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, of))
    low, high = wilson(right, of)
    assert 0 <= low <= right / of + 1e-12
    assert right / of - 1e-12 <= high <= 1
    wider = wilson(right * 2, of * 2)
    assert wider[1] - wider[0] < high - low


def test_the_interval_is_wilsons() -> None:
    assert wilson(1, 10) == pytest.approx((0.0179, 0.4042), abs=1e-4)
