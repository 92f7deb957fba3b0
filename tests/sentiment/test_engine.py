"""The contract of the sentiment port; another engine is one more line in ENGINES and is tested here by itself."""

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.engine import ENGINES, SILENT, Band, Engine, Score, engine_by_name, says_something
from sentiment.polarity import Polarity

ORDINARY = [
    "食堂的菜很好吃，老师也好",
    "太差了，又停水了",
    "请问几点开门",
    "[允悲]",
    "good",
    "1",
    "学\u200b费太貴",
    "食\ud800堂",
]
SILENTS = ["", " ", "\n\t", "😡", "！！！……", "\u200b\u202e", "\ud800", "❤️👨‍👩‍👧", "[]", "?" * 1_000_000]


@pytest.fixture(scope="module", params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    return engine_by_name(request.param)


def test_engine_carries_the_name_it_is_asked_by(engine: Engine) -> None:
    assert ENGINES[engine.name](None, None).name == engine.name


def test_no_texts_give_no_scores(engine: Engine) -> None:
    assert engine.score([]) == []


def test_scores_come_in_the_order_of_texts(engine: Engine) -> None:
    together = engine.score([*ORDINARY, *reversed(ORDINARY)])
    alone = [engine.score([text])[0] for text in ORDINARY]
    assert together == [*alone, *reversed(alone)]


def test_a_text_that_says_the_same_over_and_over_sounds_as_it_does_once(engine: Engine) -> None:
    for said in ("二食堂的饭难吃得要命", "老师热情，环境优美"):
        once, often, always = engine.score([said, said * 30, said * 3_000])
        assert once.polarity is often.polarity is always.polarity, said


def test_clear_praise_and_clear_anger_lie_apart(engine: Engine) -> None:
    praise, anger = engine.score(["太开心了，非常喜欢，老师热情，环境优美", "太差了，服务恶劣，再也不来了，失望"])
    assert praise.p_negative < 0.1 < 0.9 < anger.p_negative
    assert anger.p_positive < 0.1 < 0.9 < praise.p_positive
    assert praise.leaning < 0.1 < 0.9 < anger.leaning
    assert (praise.polarity, anger.polarity) == (Polarity.POSITIVE, Polarity.NEGATIVE)


@pytest.mark.parametrize("text", SILENTS, ids=[f"silent-{place}" for place in range(len(SILENTS))])
def test_text_that_says_nothing_is_neutral_in_any_band(engine: Engine, text: str) -> None:
    for band in (None, Band(0.9, 1.0), Band(0.0, 0.1)):
        assert engine_by_name(engine.name, band).score([text]) == [SILENT]


@pytest.mark.parametrize("text", ["差" * 1_000_000, "a" * 1_000_000, "[怒]" * 300_000, "好,1" * 300_000])
def test_megabyte_text_cannot_stall_a_worker(engine: Engine, text: str) -> None:
    engine.score(["好"])
    before = time.process_time()
    engine.score([text])
    assert time.process_time() - before < 1


@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet=st.characters(categories=None), max_size=60))
def test_any_text_gets_figures_between_zero_and_one(engine: Engine, text: str) -> None:
    (score,) = engine.score([text])
    assert 0 <= score.p_negative <= 1
    assert 0 <= score.p_positive <= 1
    assert 0 <= score.snow <= 1
    assert 0 <= score.leaning <= 1
    assert not math.isnan(score.p_negative)
    assert score.p_negative + score.p_positive <= 1 + 1e-9
    assert all(figure is None or 0 <= figure <= 1 for figure in (score.p_abuse, score.p_concern))
    assert score in (SILENT, *engine.score([text]))
    assert says_something(text) or score == SILENT


def test_wider_band_makes_more_texts_neutral(engine: Engine) -> None:
    everything = engine_by_name(engine.name, Band(0.0, 1.0)).score(ORDINARY)
    nothing = engine_by_name(engine.name, Band(0.5, 0.5)).score(ORDINARY)
    assert {score.polarity for score in everything} == {Polarity.NEUTRAL}
    assert {score.polarity for score in nothing} >= {Polarity.NEGATIVE, Polarity.POSITIVE}
    assert [score.p_negative for score in everything] == [score.p_negative for score in nothing]


@given(st.text(alphabet=st.characters(categories=None), max_size=30))
def test_a_letter_or_digit_is_what_python_calls_one(text: str) -> None:
    assert says_something(text) == any(char.isalnum() for char in text)


def test_what_leans_nowhere_is_halfway() -> None:
    assert Score(Polarity.NEUTRAL, p_negative=0.0, p_positive=0.0, snow=0.5).leaning == 0.5
    assert Score(Polarity.NEUTRAL, p_negative=0.3, p_positive=0.1, snow=0.5).leaning == pytest.approx(0.75)


def test_band_includes_both_its_borders() -> None:
    band = Band(0.4, 0.6)
    said = [band.polarity(figure) for figure in (0.39, 0.4, 0.6, 0.61)]
    assert said == [Polarity.NEGATIVE, Polarity.NEUTRAL, Polarity.NEUTRAL, Polarity.POSITIVE]


@pytest.mark.parametrize(
    ("low", "high"), [(0.6, 0.4), (-0.1, 0.5), (0.5, 1.1), (float("nan"), 0.5), (0.5, float("nan"))]
)
def test_impossible_band_is_refused_in_chinese(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="情感分界不成立"):
        Band(low, high)


def test_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="没有名为“bert”的情感引擎，可用的有：snow、linear、blend"):
        engine_by_name("bert")
