"""The alert budget: shifts of Shanghai, and the lowest border that keeps it without hiding what opens on one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.verdict.budget import SHIFT_HOURS, Matter, border, load, shift_of
from stream.border import LEAST, MOST

START = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
"""A Monday at 08:00 in Shanghai."""


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def false(hours: float, points: float, *, alone: bool = False) -> Matter:
    return Matter(at(hours), points, opened=True, alone=alone, false=True)


def real(hours: float, points: float) -> Matter:
    return Matter(at(hours), points, opened=True, real=True)


@pytest.mark.parametrize(
    ("hours", "day", "night"), [(0, 2, False), (11.99, 2, False), (12, 2, True), (23.99, 2, True), (24, 3, False)]
)
def test_a_shift_begins_at_eight_and_at_twenty_in_shanghai(hours: float, day: int, night: bool) -> None:
    begun, at_night = shift_of(at(hours))
    assert (begun.day, at_night) == (day, night)


def test_the_load_counts_what_opened_and_what_was_false_by_shift() -> None:
    past = [false(1, 110), false(2, 120), real(3, 130), false(13, 110), Matter(at(14), 90, opened=False)]
    found = load(past, START, at(48), 1)
    assert (found.shifts, found.opened, found.most_opened, found.false, found.most_false, found.over) == (
        4, 4, 3, 3, 2, 1,
    )  # fmt: skip


def test_the_border_rises_just_above_the_false_alarm_that_was_one_too_many() -> None:
    past = [false(1, 104), false(2, 112), real(3, 108), real(30, 125)]
    found = border(past, 1)
    assert (found.open_at, found.kept, found.spared, found.lost) == (105, True, 1, 0)
    strict = border(past, 0)
    assert (strict.open_at, strict.spared, strict.lost) == (113, 2, 1), "it says what silence would cost"


def test_what_opens_on_one_line_keeps_opening_at_any_border() -> None:
    past = [false(1, 190, alone=True), false(2, 190, alone=True), real(3, 200)]
    found = border(past, 1)
    assert (found.open_at, found.kept, found.spared, found.lost) == (MOST, False, 0, 0)


def test_what_nobody_looked_at_counts_as_false_before_the_border_falls_to_it() -> None:
    near = [Matter(at(1), 90, opened=False), Matter(at(2), 91, opened=False)]
    assert border(near, 1).open_at == 91
    assert border(near, 2) == border(near, 3)
    assert (border(near, 2).open_at, border(near, 2).more) == (LEAST, 2)
    raised = [Matter(at(1), 90, opened=False, real=True)]
    assert border(raised, 0).open_at == LEAST, "a person opened it by hand: it was no false alarm"


matters = st.builds(
    Matter,
    st.floats(0, 80).map(at),
    st.floats(20, 200),
    st.booleans(),
    alone=st.booleans(),
    false=st.booleans(),
    real=st.just(False),
)


@given(st.lists(matters, max_size=30), st.integers(0, 3))
def test_the_border_is_the_lowest_that_keeps_the_budget_and_stays_within_its_bounds(
    past: list[Matter], budget: int
) -> None:
    found = border(past, budget)
    assert LEAST <= found.open_at <= MOST

    def most(at_points: float) -> int:
        false_in: dict[object, int] = {}
        for one in past:
            opens = one.alone and one.opened and one.false
            opens = opens or (not one.alone and one.points >= at_points and (one.false or not one.opened))
            if opens:
                false_in[shift_of(one.at)] = false_in.get(shift_of(one.at), 0) + 1
        return max(false_in.values(), default=0)

    assert found.kept == (most(found.open_at) <= budget)
    if not found.kept:
        assert found.open_at == MOST
    assert all(most(lower) > budget for lower in (LEAST, found.open_at - 1.0) if LEAST <= lower < found.open_at - 1)


@given(st.lists(matters, max_size=30), st.integers(0, 3))
def test_a_larger_budget_never_asks_for_a_higher_border(past: list[Matter], budget: int) -> None:
    assert border(past, budget + 1).open_at <= border(past, budget).open_at


def test_shifts_are_half_days() -> None:
    assert SHIFT_HOURS == 12
