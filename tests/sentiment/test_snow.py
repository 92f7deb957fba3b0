"""The SnowNLP engine says what SnowNLP says, bounded and lazily."""

import subprocess
import sys

import pytest
from snownlp import SnowNLP

from sentiment.engine import Band
from sentiment.polarity import Polarity
from sentiment.snow import HEAD, TAIL, Snow


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
        "满" * (HEAD + TAIL),
    ],
)
def test_figure_equals_that_of_snownlp_itself(text: str) -> None:
    (score,) = Snow().score([text])
    assert score.snow == SnowNLP(text).sentiments
    assert score.p_negative == 1 - score.snow


def test_long_text_is_read_at_both_ends() -> None:
    head, tail = ("质量很好，老师热情。" * 20)[:HEAD], ("太差了，失望。" * 20)[-TAIL:]
    plain, stuffed = Snow().score([f"{head}\n{tail}", head + "垃圾" * 5_000 + tail])
    assert plain.snow == stuffed.snow == SnowNLP(f"{head}\n{tail}").sentiments


def test_band_decides_the_polarity_alone() -> None:
    text = "真不错啊，又停水了"
    figure = SnowNLP(text).sentiments
    bands = [Band(1.0, 1.0), Band(0.0, 1.0), Band(0.0, 0.0)]
    assert 0 < figure < 1
    assert [Snow(band).score([text])[0].polarity for band in bands] == [
        Polarity.NEGATIVE,
        Polarity.NEUTRAL,
        Polarity.POSITIVE,
    ]


def test_weights_are_loaded_at_the_first_text_that_speaks() -> None:
    script = (
        "import sys; from sentiment.engine import engine_by_name; engine = engine_by_name('snow');"
        "engine.score(['', '!']); print('snownlp' in sys.modules);"
        "engine.score(['好']); print('snownlp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
