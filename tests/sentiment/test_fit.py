"""Fit: two models in one, and weights that do not depend on how a processor adds."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info

from sentiment.fit import EXACT, Floats, Model, by_rarity, by_sides, features_of, mean_of, scale_of, settled

GOOD = ("窗口阿姨手艺真好", "这次讲座很精彩", "新操场太漂亮了", "谢谢辅导员帮忙")
BAD = ("窗口又涨价了", "热水器坏了没人修", "选课系统又崩了", "排队排到怀疑人生")
TEXTS = [f"{text}{n}" for n in range(6) for text in (*GOOD, *BAD)]
TRUTH = np.array([text.rstrip("012345") in GOOD for text in TEXTS])
EVEN = np.ones(len(TEXTS))


@pytest.fixture(scope="module")
def both() -> tuple[Model, Model]:
    features = features_of(TEXTS)
    return by_sides(features, TRUTH, EVEN, 8.0), by_rarity(features, TRUTH, EVEN)


def test_the_mean_of_two_models_says_what_both_say_of_equal_spread(both: tuple[Model, Model]) -> None:
    features = features_of(TEXTS)
    whole = mean_of(both, features).sums(features)
    each = [model.sums(features) for model in both]
    assert whole == pytest.approx(sum(sums / sums.std() for sums in each) / 2, abs=1e-4)
    assert ((whole > 0) == TRUTH).all()


def test_a_fit_goes_on_until_its_slope_is_next_to_nothing() -> None:
    """Fits that stop early stop elsewhere where sums are added in another order, as they are on another processor."""
    lot = np.random.default_rng(7)
    features = sparse.random_array((400, 900), density=0.02, rng=lot, format="csr")
    truth, counted = lot.random(400) < 0.3, lot.choice([0.1, 1.0, 2.0], 400)
    weights, constant = settled(features, truth, counted, 8.0)

    def slope(at: Floats, constant: float) -> Floats:
        wrong = 1 / (1 + np.exp(-(features @ at + constant))) - truth
        return np.append(at + features.T @ (8.0 * counted * wrong), constant + (8.0 * counted * wrong).sum())

    assert np.linalg.norm(slope(weights, constant)) <= EXACT * np.linalg.norm(slope(np.zeros(900), 0.0))


def test_the_order_of_the_rows_leaves_no_mark_on_what_is_written(both: tuple[Model, Model]) -> None:
    other = np.argsort([text[::-1] for text in TEXTS])
    again = by_sides(features_of([TEXTS[at] for at in other]), TRUTH[other], EVEN, 8.0)
    scale = scale_of(both[0].weights)
    assert scale == scale_of(again.weights)
    assert (np.rint(both[0].weights / scale) == np.rint(again.weights / scale)).all()
    assert both[0].constant == pytest.approx(again.constant, abs=1e-6)


def test_one_thread_adds_however_many_cores_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    fit = LogisticRegression.fit

    def watched(self: LogisticRegression, *args: object, **more: object) -> LogisticRegression:
        seen.extend(library["num_threads"] for library in threadpool_info())
        return fit(self, *args, **more)

    monkeypatch.setattr(LogisticRegression, "fit", watched)
    by_sides(features_of(TEXTS), TRUTH, EVEN, 8.0)
    assert seen
    assert set(seen) == {1}


def test_one_step_is_written_in_six_digits() -> None:
    assert scale_of(np.array([-127 * 0.012345678, 0.5])) == 0.0123457
    assert scale_of(np.array([127e-9])) == pytest.approx(1e-9)
