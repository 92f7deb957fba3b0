"""The figures of judging: checked by hand, against scikit-learn where it has the same, and by what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import evaluation as e

ANSWERS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)
RANKED = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40)


def test_the_figures_of_a_table_agree_with_a_hand_calculation() -> None:
    counts = e.table([0, 0, 1, 2], [0, 1, 1, 1], 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]
    assert e.accuracy(counts) == 0.5
    assert e.f1_by_class(counts).tolist() == [pytest.approx(2 / 3), 0.5, 0.0]
    assert e.macro_f1(counts) == pytest.approx(7 / 18)


def test_precision_and_recall_are_of_the_last_class() -> None:
    counts = e.table([1, 1, 1, 0, 0], [1, 0, 1, 1, 0], 2)
    assert e.precision(counts) == pytest.approx(2 / 3)
    assert e.recall(counts) == pytest.approx(2 / 3)
    assert e.f1(counts) == pytest.approx(2 / 3)


def test_what_is_not_defined_is_none_and_never_a_number() -> None:
    nothing_said = e.table([1, 1], [0, 0], 2)
    assert e.estimate(nothing_said, e.precision) == e.Estimate(None)
    assert e.estimate(np.zeros((2, 2), np.int64), e.accuracy) == e.Estimate(None)
    assert e.auc_estimate([True, True], [0.1, 0.2]) == e.Estimate(None)
    assert e.ratio([0, 0], [0, 0]) == e.Estimate(None)
    assert e.median([[], []]) == e.Estimate(None)
    assert e.proportion(0, 0) == e.Estimate(None)


def test_tables_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 truths and 1 answers"):
        e.table([0, 1], [0], 2)


@given(ANSWERS)
def test_shares_lie_within_their_intervals_and_these_within_0_and_1(answers: list[tuple[int, int]]) -> None:
    counts = e.table([true for true, _ in answers], [said for _, said in answers], 3)
    for share in (e.accuracy, e.macro_f1):
        at = e.estimate(counts, share, draws=200)
        assert at.value is not None
        assert at.low is not None
        assert at.high is not None
        assert 0 <= at.low <= at.high <= 1
    assert e.estimate(counts, e.accuracy).value == sum(true == said for true, said in answers) / len(answers)


@given(ANSWERS)
def test_the_same_answers_give_the_same_digits(answers: list[tuple[int, int]]) -> None:
    counts = e.table([true for true, _ in answers], [said for _, said in answers], 3)
    assert e.estimate(counts, e.macro_f1) == e.estimate(counts, e.macro_f1)


def test_the_interval_is_that_of_drawing_rows_one_by_one() -> None:
    right = np.array([1] * 70 + [0] * 30)
    source = np.random.default_rng(7)
    drawn = right[source.integers(0, 100, size=(4000, 100))].mean(1)
    at = e.proportion(70, 100)
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert at.value == 0.7
    assert at.low == pytest.approx(low, abs=0.015)
    assert at.high == pytest.approx(high, abs=0.015)


def test_none_found_in_few_rows_is_not_never() -> None:
    none, every = e.proportion(0, 10, 1000), e.proportion(10, 10)
    assert (none.value, none.low, every.value, every.high) == (0.0, 0.0, 1.0, 1.0)
    assert none.high == pytest.approx(1000 * (1 - 0.025**0.1))
    assert every.low == pytest.approx(0.025**0.1)
    assert e.proportion(0, 0) == e.Estimate(None)


def test_more_rows_make_a_narrower_interval() -> None:
    few, many = e.proportion(7, 10), e.proportion(700, 1000)
    assert few.low is not None
    assert few.high is not None
    assert many.low is not None
    assert many.high is not None
    assert many.high - many.low < (few.high - few.low) / 5


@given(RANKED)
def test_auc_counts_pairs(rows: list[tuple[bool, int]]) -> None:
    high = [score for true, score in rows if true]
    low = [score for true, score in rows if not true]
    found = float(e.auc([true for true, _ in rows], [score for _, score in rows]))
    if not high or not low:
        assert np.isnan(found)
    else:
        pairs = sum((a > b) + 0.5 * (a == b) for a in high for b in low)
        assert found == pytest.approx(pairs / (len(high) * len(low)))


@given(RANKED, st.lists(st.integers(0, 3), min_size=40, max_size=40))
def test_a_weight_is_so_many_rows(rows: list[tuple[bool, int]], weights: list[int]) -> None:
    times = weights[: len(rows)]
    written_out = [row for row, count in zip(rows, times, strict=True) for _ in range(count)]
    weighted = e.auc([t for t, _ in rows], [s for _, s in rows], np.array(times))
    plain = e.auc([t for t, _ in written_out], [s for _, s in written_out])
    assert np.isnan(weighted) == np.isnan(plain)
    assert np.isnan(plain) or float(weighted) == pytest.approx(float(plain))


def test_an_interval_of_auc_holds_it_and_is_the_same_however_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    source = np.random.default_rng(3)
    truth = source.random(200) < 0.4
    score = source.random(200) + 0.5 * truth
    whole = e.auc_estimate(truth, score)
    monkeypatch.setattr(e, "AT_ONCE", 200 * 100)
    assert e.auc_estimate(truth, score) == whole
    assert whole.value is not None
    assert whole.low is not None
    assert whole.high is not None
    assert whole.low < whole.value < whole.high


def test_reliability_says_what_was_said_and_what_was_true() -> None:
    first, last = e.reliability([False, False, True, True], [0.05, 0.05, 0.05, 1.0])
    assert (first.low, first.high, first.rows) == (0.0, 0.1, 3)
    assert first.said == pytest.approx(0.05)
    assert first.true == pytest.approx(1 / 3)
    assert (last.low, last.high, last.rows, last.true) == (0.9, 1.0, 1, 1.0)
    assert e.calibration_error((first, last)) == pytest.approx((3 * (1 / 3 - 0.05) + 0) / 4)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=50))
def test_every_text_stands_in_one_part(rows: list[tuple[bool, float]]) -> None:
    bins = e.reliability([true for true, _ in rows], [said for _, said in rows])
    assert sum(one.rows for one in bins) == len(rows)
    assert all(one.low - 1e-9 <= one.said <= one.high + 1e-9 for one in bins)
    assert 0 <= e.calibration_error(bins) <= 1


def test_groups_are_drawn_whole() -> None:
    at = e.ratio([2, 0], [2, 2])
    assert (at.value, at.low, at.high) == (0.5, 0.0, 1.0), "either scenario may be the only one drawn"


def test_the_median_over_groups() -> None:
    assert e.median([[1.0], [3.0, 5.0], []]).value == 3.0
    assert e.median([[1.0, 2.0]]) == e.Estimate(1.5, 1.5, 1.5)


@given(st.lists(st.lists(st.floats(0, 100), max_size=4), min_size=1, max_size=8))
def test_the_median_is_numpys_and_lies_among_the_values(groups: list[list[float]]) -> None:
    values = [value for group in groups for value in group]
    at = e.median(groups, draws=100)
    if not values:
        assert at.value is None
    else:
        assert at.value == pytest.approx(float(np.median(values)))
        assert at.low is not None
        assert at.high is not None
        assert min(values) <= at.low <= at.high <= max(values)
