"""The SnowNLP engine says what SnowNLP says, bounded, lazily and fast."""

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snownlp import SnowNLP, normal

from sentiment.engine import SILENT, Band, says_something
from sentiment.polarity import Polarity
from sentiment.snow import HEAD, TAIL, Snow, figures
from tests.sentiment.test_segment import COMMON, texts


def stock(text: str) -> float:
    figure: float = SnowNLP(text).sentiments
    return figure


@pytest.mark.parametrize(
    "text",
    [
        "学校食堂吃出老鼠",
        "鼠头鸭脖，谢谢学校",
        "真不错啊，又停水了",
        "通报",
        "[允悲][怒] 老师辛苦了",
        "宿舍wifi太慢 5G都比它快!!",
        "學費又漲價了",
        "这 个 食 堂 不 行",
        "没有别的不要不能不是",
        "满" * (HEAD + TAIL),
    ],
)
def test_figure_equals_that_of_snownlp_itself(text: str) -> None:
    (score,) = Snow().score([text])
    assert score.snow == stock(text)
    assert score.p_negative == 1 - score.snow


def test_varied_texts_get_the_figure_of_snownlp_itself() -> None:
    said = texts(3_000, 7)
    engine = Snow()
    for text, score in zip(said, engine.score(said), strict=True):
        if says_something(text):
            expected = stock(text)
            assert score.snow == pytest.approx(expected, abs=1e-9, rel=0)
            assert score.polarity is engine.band.polarity(expected)
        else:
            assert score == SILENT


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_25_000_texts_get_the_figure_and_the_label_of_snownlp_itself() -> None:
    said = [text for text in texts(27_000, 8) if says_something(text)]
    assert len(said) >= 25_000
    engine = Snow()
    differing = [
        (text, score.snow)
        for text, score in zip(said, engine.score(said), strict=True)
        if abs(score.snow - (expected := stock(text))) > 1e-9 or score.polarity is not engine.band.polarity(expected)
    ]
    assert differing == []


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet=st.one_of(st.sampled_from(COMMON), st.characters(categories=None)), min_size=1))
def test_any_text_gets_the_figure_of_snownlp_itself(text: str) -> None:
    assert figures([text]) == [stock(text)]


@settings(max_examples=100, deadline=None)
@given(words=st.lists(st.sampled_from(sorted(normal.stop | {"好", "差", "bad", "！"})), min_size=1))
def test_stop_words_are_left_out(words: list[str]) -> None:
    assert figures([" ".join(words)]) == [stock(" ".join(words))]


def test_text_without_words_says_nothing() -> None:
    assert Snow().score(["", "\n"]) == [SILENT, SILENT]


def test_long_text_is_read_at_both_ends() -> None:
    head, tail = ("质量很好，老师热情。" * HEAD)[:HEAD], ("太差了，失望。" * TAIL)[-TAIL:]
    plain, stuffed = Snow().score([f"{head}\n{tail}", head + "垃圾" * 5_000 + tail])
    assert plain.snow == stuffed.snow == stock(f"{head}\n{tail}")


@pytest.mark.parametrize(
    "text",
    ["差" * 1_000_000, "龘" * 1_000_000, "好,1" * 300_000, " " * 1_000_000, "😡" * 1_000_000, "\ud800" * 1_000_000],
    ids=["one run", "never seen", "short runs", "blank", "emoji", "surrogates"],
)
def test_megabyte_takes_less_than_50_ms(text: str) -> None:
    engine = Snow()
    engine.score(["好"])
    took = []
    for _ in range(5):
        before = time.process_time()
        engine.score([text])
        took.append(time.process_time() - before)
    assert min(took) < 0.05


def test_band_decides_the_polarity_alone() -> None:
    text = "真不错啊，又停水了"
    figure = stock(text)
    bands = [Band(1.0, 1.0), Band(0.0, 1.0), Band(0.0, 0.0)]
    assert 0 < figure < 1
    assert [Snow(band).score([text])[0].polarity for band in bands] == [
        Polarity.NEGATIVE,
        Polarity.NEUTRAL,
        Polarity.POSITIVE,
    ]


def test_weights_are_loaded_at_the_first_text_that_speaks_and_snownlp_never() -> None:
    script = (
        "import sys; from sentiment.engine import engine_by_name; engine = engine_by_name('snow');"
        "from sentiment.snow_tables import tables;"
        "engine.score(['', '!']); print(tables.cache_info().currsize);"
        "engine.score(['好']); print(tables.cache_info().currsize, 'snownlp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "1", "False"]
